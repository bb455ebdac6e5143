"""What a host sees: provided names, the sources of values in their order, prompts, and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import VariableError, evaluate, render
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.report import report, required_state
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.entries import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import (
    Host,
    HostVariables,
    Secrets,
    host_variables,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Catalog

HOST = Host(
    name="web1",
    environment="Staging EU",
    address="192.0.2.1",
    groups=("all", "web", "eu", "ungrouped"),
    project="elk",
    release="1.2.3",
    members={"all": ("web1", "web2"), "web": ("web1", "web2"), "ungrouped": ()},
)
DETAILED = replace(
    HOST,
    project={"name": "elk", "id": "Projects-1"},
    release={"number": "1.2.3", "id": "Releases-7", "notes": "More #{Speed}", "previous": "1.2.2",
             "previous_for_environment": "1.2.1", "current_for_environment": "1.2.0"},
    deployment={"id": "Deployments-9", "name": "Deploy", "created": "2026-01-02", "created_by": "mel",
                "trigger": "nightly", "task": "ServerTasks-3"},
    step="Configure", step_roles=("web",), channel="Stable", tenant="Acme Ltd.", tenant_tags=("Tier/Gold", "Region/EU"),
)  # fmt: skip
BARE = Host("web1", "staging")
RUNBOOK = replace(DETAILED, process="Reindex")


def files(text: str) -> Catalog:
    return Catalog([("f.yml", parse_entries(text, "f.yml"))])


PROVIDED = [
    (HOST, "Octopus.Environment.Name", "Staging EU"),
    (HOST, "Octopus.Environment.Id", "staging-eu"),
    (HOST, "Octopus.Environment.MachinesInRole[web]", "web1,web2"),
    (HOST, "octopus.environment.machinesinrole[#{Role}]", "web1,web2"),
    (HOST, "Octopus.Environment.MachinesInRole[all]", None),
    (HOST, "Octopus.Machine.Name", "web1"),
    (HOST, "Octopus.Machine.Id", "web1"),
    (HOST, "Octopus.Machine.Hostname", "192.0.2.1"),
    (BARE, "Octopus.Machine.Hostname", "web1"),
    (HOST, "Octopus.Machine.Roles", "web,eu"),
    (BARE, "Octopus.Machine.Roles", ""),
    (HOST, "Octopus.Project.Name", "elk"),
    (HOST, "Octopus.Project.Id", "elk"),
    (DETAILED, "Octopus.Project.Id", "Projects-1"),
    (BARE, "Octopus.Project.Name", None),
    (BARE, "Octopus.Project.Id", None),
    (HOST, "Octopus.Release.Number", "1.2.3"),
    (DETAILED, "Octopus.Release.Number", "1.2.3"),
    (DETAILED, "Octopus.Release.Id", "Releases-7"),
    (HOST, "Octopus.Release.Id", None),
    (DETAILED, "Octopus.Release.Previous.Number", "1.2.2"),
    (DETAILED, "Octopus.Release.PreviousForEnvironment.Number", "1.2.1"),
    (DETAILED, "Octopus.Release.CurrentForEnvironment.Number", "1.2.0"),
    (DETAILED, "Octopus.Release.Channel.Name", "Stable"),
    (RUNBOOK, "Octopus.Release.Channel.Name", None),
    (DETAILED, "Octopus.Deployment.Id", "Deployments-9"),
    (DETAILED, "Octopus.Deployment.Name", "Deploy"),
    (DETAILED, "Octopus.Deployment.Created", "2026-01-02"),
    (HOST, "Octopus.Deployment.Created", None),
    (DETAILED, "Octopus.Deployment.CreatedBy.Username", "mel"),
    (DETAILED, "Octopus.Deployment.Trigger.Name", "nightly"),
    (DETAILED, "Octopus.Deployment.Tenant.Name", "Acme Ltd."),
    (DETAILED, "Octopus.Deployment.Tenant.Id", "acme-ltd"),
    (DETAILED, "Octopus.Deployment.Tenant.Tags", "Tier/Gold,Region/EU"),
    (HOST, "Octopus.Deployment.Tenant.Name", None),
    (HOST, "Octopus.Deployment.Tenant.Tags", None),
    (DETAILED, "Octopus.Step.Name", "Configure"),
    (DETAILED, "Octopus.Action.Name", "Configure"),
    (HOST, "Octopus.Step.Name", None),
    (DETAILED, "Octopus.Task.Id", "ServerTasks-3"),
]


@pytest.mark.parametrize(
    ("host", "token", "value"), PROVIDED, ids=[f"D3.5 {token} {value}" for _, token, value in PROVIDED]
)
def test_provided_names(host: Host, token: str, value: str | None) -> None:
    variables = host_variables(host, Catalog(), {"Role": "WEB"}).variables
    expected = f"#{{{token}}}" if value is None else value
    assert evaluate(f"#{{{token}}}", variables).text == expected


def test_release_notes_are_provided_as_any_value() -> None:
    assert host_variables(DETAILED, Catalog()).variables["Octopus.Release.Notes"] == "More #{Speed}"


def test_precedence_of_sources() -> None:
    catalog = files(
        "- {name: Octopus.Project.Name, value: file}\n"
        + "".join(f"- {{name: {name}, value: file, prompt: true}}\n" for name in "ABCD")
    )
    inventory = {"b": "inventory", "C": "inventory", "D": "inventory"}
    host = host_variables(HOST, catalog, inventory, {"D": "task"}, prompted={"C": "prompted", "d": "prompted"})
    names = ("Octopus.Project.Name", "A", "B", "C", "D")
    assert [host.variables[name] for name in names] == ["file", "file", "inventory", "prompted", "task"]
    assert [(layer.source, layer.value) for layer in host.layers["d"]] == [
        ("variable files", "file"),
        ("octopus_variables", "inventory"),
        ("octopus_prompted", "prompted"),
        ("variables", "task"),
    ]
    assert [layer.source for layer in host.layers["octopus.project.name"]] == ["provided", "variable files"]


def test_a_composite_value_picks_up_scoped_parts() -> None:
    """D6.5: the choice by name comes before substitution."""
    catalog = files(
        "- {name: Url, value: 'https://#{Name}'}\n- {name: Name, value: a}\n"
        "- {name: Name, value: b, scope: {environment: staging}}"
    )
    assert evaluate("#{Url}", host_variables(BARE, catalog).variables).text == "https://b"


@pytest.mark.parametrize("value", [["a"], {"a": "b"}, {"value": ["a"]}, {"value": "a", "extra": "b"}])
def test_inventory_values_of_another_form_are_refused(value: object) -> None:
    with pytest.raises(VariableError, match=r"octopus_variables: V is a .*, expected text or a number"):
        host_variables(HOST, Catalog(), {"V": value})


def test_all_values_of_another_form_are_named_at_once() -> None:
    with pytest.raises(VariableError) as raised:
        host_variables(HOST, Catalog(), {"A": ["hidden"]}, {"B": ["hidden"]}, prompted={"C": "hidden"})
    assert [line.split(" is ")[0] for line in str(raised.value).splitlines()] == [
        "octopus_variables: A",
        "octopus_prompted: C",
        "variables: B",
    ]
    assert "hidden" not in str(raised.value)


GIVE = 'give one: -e \'{"octopus_prompted": {"V": "…"}}\''
NONE = f"; f.yml:1 asks for a value at deployment, and none was given; {GIVE}"
BLANK = f"; f.yml:1 asks for a value at deployment, and the one that was given is blank; {GIVE}"
PROMPTS = {
    # entry without its name, what is given, the value or why it is missing
    "D6.6 a given value outranks a stored one": ("value: stored, prompt: true", {"v": "given"}, "given"),
    "D6.6 also where required": ("value: stored, prompt: {required: true}", {"V": "given"}, "given"),
    "D6.6 a given number is text": ("prompt: true", {"V": 7}, "7"),
    "D6.6 the stored value is the default": ("value: stored, prompt: {required: true}", {}, "stored"),
    "D6.6 not required: empty without a value": ("prompt: true", {}, ""),
    "D6.6 not required: may be blank": ("value: stored, prompt: true", {"V": " "}, " "),
    "D6.6 required: missing without a value": ("prompt: {required: true}", {}, NONE),
    "D6.6 required: a blank default is none": ("value: ' ', prompt: {required: true}", {}, NONE),
    "D6.6 required: must not be given blank": ("value: stored, prompt: {required: true}", {"V": " "}, BLANK),
    "D6.6 required: nothing is blank": ("value: stored, prompt: {required: true}", {"V": None}, BLANK),
    "D6.6 limited by its scope: given elsewhere": (
        "value: stored, prompt: true, scope: {process: Reindex}",
        {"V": "given"},
        "; it has values for: process Reindex (f.yml:1)",
    ),
    "D6.6 limited by its scope: asked for here": (
        "prompt: {required: true}, scope: {process: deployment}",
        {"V": "given"},
        "given",
    ),
    "D6.6 the label is told": (
        "prompt: {label: Which, required: true}",
        {},
        f"; f.yml:1 asks for a value at deployment (Which), and none was given; {GIVE}",
    ),
}


@pytest.mark.parametrize(("entry", "given", "outcome"), PROMPTS.values(), ids=PROMPTS)
def test_prompts(entry: str, given: Mapping[str, object], outcome: str) -> None:
    host = host_variables(BARE, files(f"- {{name: V, {entry}}}"), prompted=given)
    if outcome.startswith(";"):
        assert "V" not in host.variables
        assert host.why_missing("v") == outcome
        assert required_state("V", host) == "not defined"
    else:
        assert (host.variables["V"] or "") == outcome
        assert "v" not in host.unfilled


def test_the_inventory_and_the_task_can_give_what_is_asked_for() -> None:
    catalog = files("- {name: V, prompt: {required: true}}")
    for given in ({"inventory": {"V": "x"}}, {"given": {"V": "x"}}):
        host = host_variables(BARE, catalog, **given)
        assert host.variables["V"] == "x"
        assert not host.unfilled


def test_a_prompt_holds_although_a_more_specific_value_has_none() -> None:
    catalog = files("- {name: V, value: a, prompt: true}\n- {name: V, value: b, scope: {environment: staging}}")
    assert host_variables(BARE, catalog).variables["V"] == "b"
    assert host_variables(BARE, catalog, prompted={"V": "given"}).variables["V"] == "given"


def test_what_nothing_asks_for_is_refused_but_what_is_asked_for_elsewhere_is_not() -> None:
    catalog = files("- {name: V, value: a, prompt: true, scope: {environment: production}}\n- {name: W, value: b}")
    host_variables(BARE, catalog, prompted={"v": "x"})
    with pytest.raises(VariableError) as raised:
        host_variables(BARE, catalog, prompted={"v": "x", "W": "y", "Unknown": "z"})
    assert str(raised.value).splitlines() == [
        f"octopus_prompted: {name} is given, but no entry of that name in the variable files has `prompt`"
        for name in ("W", "Unknown")
    ]


def test_a_report_says_how_to_give_what_is_asked_for() -> None:
    host = host_variables(BARE, files("- {name: V, prompt: {required: true}}"))
    (line,) = report([("a.txt", render("#{V | ToUpper}", host.variables).problems)], host).splitlines()[1:]
    assert line == f"a.txt:1:1: #{{V | ToUpper}}: variable V is not defined{NONE}"
    lines = report([("a.txt", render("#{V}#{W}", host.variables).problems)], host).splitlines()
    assert lines[-1] == host.hint


# What secrets come from, in place of Ansible.
CIPHERTEXT = {"$ANSIBLE_VAULT;a": "first secret", "$ANSIBLE_VAULT;b": "second secret"}
ANSIBLE = {"text": "third secret", "number": 5000, "list": ["hidden"]}
ENCRYPTED = """
- {name: A, value: !vault $ANSIBLE_VAULT;a}
- {name: A, value: !vault $ANSIBLE_VAULT;b, scope: {environment: production}}
- {name: B, value: !ansible text}
- {name: C, value: !ansible number, sensitive: false}
"""


class Asked(list):
    """What was asked for, in order; gives it."""

    def secrets(self) -> Secrets:
        def decrypt(ciphertext: str) -> str:
            self.append(ciphertext)
            if ciphertext not in CIPHERTEXT:
                raise VariableError("nothing fits")
            return CIPHERTEXT[ciphertext]

        return Secrets(decrypt, lambda name: self.append(name) or ANSIBLE.get(name))


def with_secrets(text: str, **given: object) -> HostVariables:
    return host_variables(BARE, files(text), secrets=Asked().secrets(), **given)


def test_values_that_win_are_decrypted_and_others_are_not() -> None:
    asked = Asked()
    host = host_variables(BARE, files(ENCRYPTED), secrets=asked.secrets())
    assert [host.variables[name] for name in "ABC"] == ["first secret", "third secret", "5000"]
    assert [host.variables.is_sensitive(name) for name in "ABC"] == [True, True, False]
    assert host.masked("first secret, second secret, third secret, 5000") == "*****, second secret, *****, 5000"
    assert asked == ["$ANSIBLE_VAULT;a", "text", "number"]
    assert "secret" not in repr(host) + repr(host.layers)


def test_an_ansible_variable_that_is_not_defined_leaves_the_variable_missing() -> None:
    text = "- {name: V, value: !ansible none}\n- {name: W, value: 'x#{V}'}\n- {name: v, value: y, scope: {role: db}}"
    host = with_secrets(text)
    reason = (
        "; f.yml:1 takes it from the Ansible variable none, which is not defined; define none in the inventory, "
        "encrypted by ansible-vault or as a lookup"
    )
    assert "V" not in host.variables
    assert host.why_missing("V") == reason
    message = report([("a.txt", render("#{W}", host.variables).problems)], host)
    assert f"a.txt:1:1: #{{V}}: variable V is not defined (in the value of W){reason}" in message
    assert with_secrets(text, inventory={"V": "given"}).why_missing("W") == "; it has values for: no scope (f.yml:2)"


def test_all_values_that_cannot_be_had_are_named_with_their_places() -> None:
    text = (
        "- {name: A, value: !vault $ANSIBLE_VAULT;damaged}\n- {name: B, value: !ansible list}\n"
        "- {name: C, value: !vault $ANSIBLE_VAULT;other}"
    )
    with pytest.raises(VariableError) as raised:
        with_secrets(text)
    assert str(raised.value).splitlines() == [
        "f.yml:1: variable A cannot be decrypted: nothing fits",
        "f.yml:2: variable B takes the Ansible variable list, which is a list, expected text or a number "
        "(quote it to pass it as text)",
        "f.yml:3: variable C cannot be decrypted: nothing fits",
    ]


def test_without_a_vault_ciphertext_is_an_error_and_never_a_value() -> None:
    with pytest.raises(VariableError, match=r"f.yml:2: variable A cannot be decrypted: there is no Ansible Vault here"):
        host_variables(BARE, files(ENCRYPTED))


def test_sensitive_values_are_masked_and_overriding_ends_it() -> None:
    catalog = files("- {name: Password, value: hunter22, sensitive: true}\n- {name: Pin, value: 123, sensitive: true}")
    host = host_variables(HOST, catalog, {"Token": {"value": "hunter2", "sensitive": True}})
    assert host.masked("hunter22 hunter2 123") == "***** ***** 123"
    assert "hunter2" not in repr(host)
    assert not host_variables(HOST, catalog, {"Password": "x"}).variables.is_sensitive("Password")


def test_what_is_given_for_a_sensitive_variable_is_sensitive() -> None:
    catalog = files("- {name: Password, sensitive: true, prompt: true}")
    host = host_variables(HOST, catalog, prompted={"Password": "hunter22"})
    assert host.variables.is_sensitive("Password")
    assert host.masked("hunter22") == "*****"
