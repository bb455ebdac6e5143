"""docs/octopus.md, Variable files, Which value wins, Names that are provided, Secrets and prompts."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import (
    VariableError,
    VariableFileError,
    evaluate,
    render,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.report import report
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.entries import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import (
    Host,
    HostVariables,
    Secrets,
    host_variables,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Catalog
from octopus_page import PAGE, says

HOST = Host(
    "web1", "ci", groups=("all", "ungrouped", "web", "eu"), step="Deploy", step_roles=("web",), tenant="Acme",
    tenant_tags=("Region/EU",), channel="Stable", project="Big Shop", release="1.2.3",
    members={"web": ("web1", "web2")},
)  # fmt: skip
SECRETS = Secrets(decrypt=lambda text: "decrypted", ansible={"vault_password": "hunter22"}.get)


def seen(*texts: str, libraries: tuple[str, ...] = (), host: Host = HOST, **sources: dict) -> HostVariables:
    """What the host sees of variable files, library sets first."""
    files = [(f"l{n}.yml", parse_entries(text, f"l{n}.yml", f"l{n}")) for n, text in enumerate(libraries)]
    files += [(f"f{n}.yml", parse_entries(text, f"f{n}.yml")) for n, text in enumerate(texts)]
    return host_variables(
        host, Catalog(files), sources.get("inventory"), sources.get("given"), prompted=sources.get("prompted"),
        secrets=SECRETS,
    )  # fmt: skip


def value(name: str, *texts: str, **options: object) -> str | None:
    return evaluate(f"#{{{name}}}", seen(*texts, **options).variables).text


@says(
    "YAML: a list of entries, or a mapping with that list under `variables`.",
    "arrives as 0600: values are text, exactly as written",
)
def test_the_example_of_the_page() -> None:
    example = re.search(r"## Variable files.*?```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    for text in (example, "variables:\n" + re.sub("^", "  ", example, flags=re.MULTILINE)):
        chosen = seen(text, prompted={"Ticket": "CHG-4711"})
        assert evaluate("#{LogHost} #{Mode} #{Password} #{Ticket}", chosen.variables).text == (
            "logs.ci.example.com 0600 hunter22 CHG-4711"
        )
        assert chosen.masked("hunter22 0600") == "***** 0600"


@says(
    (
        "`value: null`, or `value:` with nothing after it, declares a variable without a value: it "
        "counts as empty, not as missing."
    ),
    "An entry without `value` is an error, unless it has a `prompt`.",
    "All errors in all files are reported at once, with file and line.",
)
def test_a_variable_without_value() -> None:
    for entry in ("- {name: A, value: null}", "- {name: A, value: ~}", "- name: A\n  value:\n"):
        result = evaluate("<#{A}>", seen(entry).variables)
        assert (result.text, result.missing) == ("<>", ())
    with pytest.raises(VariableFileError) as error:
        parse_entries("- {name: A}\n- {name: B}\n- {name: C, prompt: true}\n", "f.yml")
    assert [line.partition(": ")[0] for line in str(error.value).splitlines()] == ["f.yml:1", "f.yml:2"]
    assert value("C", "- {name: C, prompt: true}") == ""


MATCHES = [
    ("| `step` | `octopus_step` |", "step: deploy", True),
    ("| `machine` | `inventory_hostname` |", "machine: web1", True),
    ("each of the host's groups, except `all` and `ungrouped`", "role: EU", True),
    ("each of the host's groups, except `all` and `ungrouped`", "role: all", False),
    ("each of the host's groups, except `all` and `ungrouped`", "role: ungrouped", False),
    ("`octopus_tenant`; each of `octopus_tenant_tags`, which are written `Set/Tag`", "tenant: acme", True),
    ("`octopus_tenant`; each of `octopus_tenant_tags`, which are written `Set/Tag`", "tenant_tag: region/eu", True),
    ("| `environment` | `octopus_environment` |", "environment: CI", True),
    ("| `channel` | `octopus_channel`; a runbook run has none |", "channel: stable", True),
    ("the word `deployment` (the default) or the name of a runbook", "process: deployment", True),
    ("Names are case-insensitive.", "machine: WEB1", True),
    ("The values that one dimension lists are alternatives;", "environment: [staging, ci]", True),
    ("all dimensions of a scope must match", "{environment: ci, machine: other}", False),
]


@pytest.mark.parametrize(("quote", "scope", "matches"), MATCHES, ids=[row[1] for row in MATCHES])
def test_what_a_scope_is_compared_with(quote: str, scope: str, matches: bool) -> None:
    says(quote)
    scope = scope if scope.startswith("{") else f"{{{scope}}}"
    found = value("V", f"- {{name: V, value: no scope}}\n- {{name: V, value: scoped, scope: {scope}}}")
    assert found == ("scoped" if matches else "no scope")


@says("a dimension that the run does not have (such as a tenant) never matches", "a runbook run has none")
def test_a_dimension_that_the_run_does_not_have() -> None:
    bare = Host("web1", "ci")
    for scope in ("tenant: acme", "tenant_tag: region/eu", "step: deploy", "channel: stable", "role: web"):
        assert value("V", f"- {{name: V, value: x, scope: {{{scope}}}}}", host=bare) == "#{V}"
    runbook = Host("web1", "ci", channel="Stable", process="Reindex")
    assert value("V", "- {name: V, value: x, scope: {channel: stable}}", host=runbook) == "#{V}"
    assert value("V", "- {name: V, value: x, scope: {process: reindex}}", host=runbook) == "x"


@says(
    "The order is: step, machine, a role that the current step targets too (`octopus_step_roles`), "
    "role, tenant, tenant tag, "
    "environment, channel, process.",
    "Of two scopes, the one that has the first of these dimensions in which they differ is more specific, so "
    "`machine` wins over `role` with `environment`.",
    "How many values a dimension lists does not matter.",
)
def test_the_most_specific_scope_wins() -> None:
    order = [
        "step: deploy",
        "machine: web1",
        "role: web",
        "role: eu",
        "tenant: acme",
        "tenant_tag: region/eu",
        "environment: ci",
        "channel: stable",
        "process: deployment",
    ]
    for more, less in pairwise(order):
        entries = [f"- {{name: V, value: '{scope}', scope: {{{scope}}}}}\n" for scope in (less, more)]
        assert value("V", "".join(entries)) == more
    both = "- {name: V, value: both, scope: {role: eu, environment: ci}}\n"
    both += "- {name: V, value: machine, scope: {machine: web1}}"
    assert value("V", both) == "machine"
    several = "- {name: V, value: a, scope: {role: [eu, us]}}\n- {name: V, value: b, scope: {role: eu}}"
    assert len(seen(several).warnings) == 1


@says(
    "Among equally specific values, the project's own wins over a library set's.",
    "warns, once per run, and names both places: the later file wins; in the same file the first entry wins.",
    "Two entries with the same name and the same scope in one file are an error.",
    "Ties are resolved with a warning",
)
def test_ties() -> None:
    entry = "- {name: V, value: %s}\n"
    own = seen(entry % "own", libraries=(entry % "library",))
    assert (own.variables["V"], own.warnings) == ("own", ())
    later = seen(entry % "a", entry % "b")
    assert later.variables["V"] == "b"
    assert "f0.yml:1 (no scope) is as specific as f1.yml:1 (no scope)" in later.warnings[0]
    first = seen(
        "- {name: V, value: a, scope: {role: web}}\n- {name: V, value: b, scope: {role: eu}}",
        host=Host("web1", "ci", groups=("web", "eu")),
    )
    assert first.variables["V"] == "a"
    assert "f0.yml:2 (role eu) is as specific as f0.yml:1 (role web)" in first.warnings[0]
    with pytest.raises(VariableFileError, match=r"is already declared at f\.yml:1"):
        parse_entries(entry % "a" * 2, "f.yml")


@says(
    "`octopus_variables` win over all files, `octopus_prompted` over those, and a task's `variables` over everything.",
    "The choice is made by name before anything is substituted: an unscoped value picks up scoped parts.",
    "Of the sources, provided names have the lowest precedence, so that a file or the inventory can override them.",
)
def test_the_sources_in_their_order() -> None:
    file = "- {name: V, value: file, prompt: true}\n- {name: Octopus.Machine.Name, value: named}\n"
    sources = {"inventory": {"V": "inventory"}, "prompted": {"V": "prompted"}, "given": {"V": "task"}}
    found = [value("V", file, **dict(list(sources.items())[:count])) for count in range(4)]
    assert found == ["file", "inventory", "prompted", "task"]
    assert value("Octopus.Machine.Name", file) == "named"
    parts = "- {name: V, value: 'to #{Part}'}\n- {name: Part, value: all}\n"
    parts += "- {name: Part, value: ci, scope: {environment: ci}}"
    assert value("V", parts) == "to ci"


@says(
    "Errors, each with its line: `channel` together with runbooks only; `step` or `channel` in a "
    "library set; a tenant tag that is not a `Set/Tag`."
)
@pytest.mark.parametrize(
    ("scope", "library"),
    [("{channel: a, process: Reindex}", ""), ("{step: a}", "set"), ("{channel: a}", "set"), ("{tenant_tag: EU}", "")],
)
def test_faults_of_scopes(scope: str, library: str) -> None:
    with pytest.raises(VariableFileError, match=r"^f\.yml:2: "):
        parse_entries(f"- name: V\n  scope: {scope}\n  value: x\n", "f.yml", library)


@says(
    (
        "These have the lowest precedence, so that a file or the inventory can override them, and exist (except "
        "`.Roles`) only if they have a value:"
    ),
    (
        "the given one, or the name in lower case with dashes; and an `.Id` of the release and the deployment if it "
        "is given."
    ),
    "`.Hostname` (`ansible_host`, or the name) and `.Roles` (separated by commas)",
)
def test_names_that_are_provided() -> None:
    names = seen().variables
    assert {name: names[name] for name in names}.items() >= {
        "Octopus.Environment.Name": "ci", "Octopus.Machine.Name": "web1", "Octopus.Machine.Hostname": "web1",
        "Octopus.Machine.Roles": "web,eu", "Octopus.Environment.MachinesInRole[web]": "web1,web2",
        "Octopus.Project.Name": "Big Shop", "Octopus.Project.Id": "big-shop", "Octopus.Step.Name": "Deploy",
        "Octopus.Action.Name": "Deploy", "Octopus.Release.Number": "1.2.3", "Octopus.Release.Channel.Name": "Stable",
        "Octopus.Deployment.Tenant.Name": "Acme", "Octopus.Deployment.Tenant.Tags": "Region/EU",
        "Octopus.Deployment.Tenant.Id": "acme", "Octopus.Machine.Id": "web1", "Octopus.Environment.Id": "ci",
    }.items()  # fmt: skip
    bare = seen(host=Host("web1", "ci")).variables
    assert "Octopus.Project.Name" not in bare
    assert "Octopus.Release.Id" not in names
    assert bare["Octopus.Machine.Roles"] == ""


@says(
    "A value is secret if its entry says `sensitive: true`, if it or its file is encrypted, or if it comes from "
    "Ansible by `!ansible` (in the last two cases, unless it says `sensitive: false`).",
    "A secret of fewer than four characters is the exception: it is not masked inside other text",
    "If it is not defined, a run that needs the value stops, and says which variable to define.",
)
def test_secrets() -> None:
    text = (
        "- {name: A, value: plain1, sensitive: true}\n"
        "- {name: B, value: !ansible vault_password}\n"
        "- {name: C, value: !vault $ANSIBLE_VAULT;1.1;AES256}\n"
        "- {name: D, value: !ansible nowhere}\n"
        "- {name: E, value: abc, sensitive: true}\n"
        "- {name: F, value: shown1}\n"
    )
    host = seen(text)
    assert host.masked("plain1 hunter22 decrypted abc shown1") == "***** ***** ***** abc shown1"
    assert seen("- {name: B, value: !ansible vault_password, sensitive: false}").masked("hunter22") == "hunter22"
    message = report([("a.conf", render("#{D}", host.variables).problems)], host)
    assert (
        "takes it from the Ansible variable nowhere, which is not defined; define nowhere in the inventory" in message
    )
    (whole,) = parse_entries("- {name: A, value: x}", "f.yml", sensitive=True)
    assert whole.sensitive


@says(
    "It wins over stored values if the entry with the prompt matches.",
    "A `required` one that is missing or blank stops a run that needs it; one that is not required counts as empty.",
    "A name in `octopus_prompted` that no prompt asks for is an error.",
    "An empty `octopus_variables` value or a default in the file satisfies a required prompt only if it is not blank.",
)
def test_prompts() -> None:
    asked = "- {name: T, value: default, prompt: true, scope: {environment: %s}}\n- {name: T, value: other}\n"
    assert value("T", asked % "ci", prompted={"T": "given"}) == "given"
    assert value("T", asked % "staging", prompted={"T": "given"}) == "other"
    required = "- {name: T, prompt: {required: true}%s}\n"
    for prompted in ({}, {"T": " "}):
        host = seen(required % "", prompted=prompted)
        assert "give one: -e '" in report([("a", render("#{T}", host.variables).problems)], host)
    assert value("T", required % ", value: ' '") == "#{T}"
    assert value("T", required % ", value: x") == "x"
    assert value("T", required % "", inventory={"T": ""}) == "#{T}"
    assert value("T", "- {name: T, prompt: true}") == ""
    with pytest.raises(VariableError, match="Nobody is given, but no entry"):
        seen("- {name: T, value: x}", prompted={"Nobody": "x"})
