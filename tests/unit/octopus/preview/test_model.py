"""What is shown of each variable, environment and host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.preview import (
    Column,
    Preview,
    Target,
    Text,
    legible,
    preview,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.preview.build import EACH_HOSTS_OWN
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.preview.model import Row, in_words
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.preview.usage import named
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import Host, host_variables
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.loader import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Catalog
from hypothesis import given, settings
from hypothesis import strategies as st

# Host to its groups.
HOSTS = {"web1": ("web", "eu"), "web2": ("web",), "db1": ("db",)}


def column(  # noqa: PLR0913 - each test needs another few of them
    variables: str,
    environment: str = "staging",
    *,
    hosts: Mapping[str, Sequence[str]] = HOSTS,
    texts: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    required: tuple[str, ...] = (),
    inventory: Mapping[str, object] | None = None,
    prompted: Mapping[str, object] | None = None,
) -> Column:
    """An environment whose hosts (``only`` some of them) get ``texts``; ``variables`` are in a file of its name."""
    path = f"{environment}.yml"
    catalog = Catalog([(path, parse_entries(variables, path))])
    found = tuple(Text(label, text) for label, text in (texts or {}).items())
    return Column(
        environment,
        f"inventories/{environment}",
        tuple(
            Target(
                host_variables(Host(name, environment, groups=("all", *groups)), catalog, inventory, prompted=prompted),
                found if only is None or name in only else (),
                required,
            )
            for name, groups in (hosts or {"": ()}).items()
        ),
        bool(hosts),
    )


def row(shown: Preview, name: str) -> Row:
    return next(row for row in shown.rows if row.name == name)


def cells(shown: Preview, name: str) -> list[list[str]]:
    """Of each environment the values, each with the hosts if it is not that of all."""
    return [
        [f"{one.value} @ {one.where.label}" if one.where.label else one.value for one in cell.variants]
        or ["missing" if cell.missing else "gap" if cell.is_gap else "nothing"]
        for cell in row(shown, name).cells
    ]


VALUES = {
    "one value everywhere": ("- {name: V, value: a}", ["a"]),
    "no value is empty text": ("- {name: V, value: null}", [""]),
    "evaluated": ("- {name: V, value: '<#{Part}>'}\n- {name: Part, value: a}", ["<a>"]),
    "a more specific one for a whole group": (
        "- {name: V, value: a}\n- {name: V, value: b, scope: {role: web}}",
        ["b @ web", "a @ db"],
    ),
    "a machine that is no whole group": (
        "- {name: V, value: a}\n- {name: V, value: b, scope: {machine: web2}}",
        ["a @ db, eu", "b @ web2"],
    ),
    "only on some hosts": ("- {name: V, value: a, scope: {role: db}}", ["a @ db"]),
    "the same text by evaluation on all hosts": (
        "- {name: V, value: '#{Part}'}\n- {name: Part, value: a}\n- {name: Part, value: a, scope: {role: db}}",
        ["a"],
    ),
    "a missing part stays": ("- {name: V, value: 'x #{Nope}'}", ["x #{Nope}"]),
    "a value that is no template": ("- {name: V, value: 'x #{ y'}", ["x #{ y"]),
    "a value that leads back to itself": ("- {name: V, value: '#{V}'}", ["#{V}"]),
    "for another environment": ("- {name: V, value: a, scope: {environment: production}}", ["nothing"]),
}


@pytest.mark.parametrize(("variables", "expected"), VALUES.values(), ids=VALUES)
def test_values_of_an_environment(variables: str, expected: list[str]) -> None:
    assert cells(preview([column(variables)]), "V") == [expected]


def test_hosts_and_label_of_a_variant() -> None:
    (cell,) = row(preview([column("- {name: V, value: a, scope: {role: web}}")]), "V").cells
    assert cell.variants[0].where.hosts == ("web1", "web2")
    assert in_words([cell.variants[0].where]) == "staging (web)"


PROBLEMS = {
    "missing": ("x #{Nope}", "V:1:3: #{Nope}: variable Nope is not defined"),
    "syntax": ("x #{ y", "V:1:3: #{ y: expected"),
    "circular": ("#{V}", "V:1:1: #{V}: a variable refers to itself (V -> V)"),
}


@pytest.mark.parametrize(("value", "said"), PROBLEMS.values(), ids=PROBLEMS)
def test_why_a_value_is_not_fully_evaluated(value: str, said: str) -> None:
    shown = row(preview([column(f"- {{name: V, value: '{value}'}}")]), "V")
    assert shown.cells[0].variants[0].problems[0].startswith(said)
    assert shown.evaluated


SCOPED = """
- {name: V, value: a, description: What it is for}
- {name: V, value: b, scope: {environment: staging}}
- {name: V, value: c, scope: {machine: web1}}
- {name: V, value: d, scope: {environment: production}}
"""


def declarations(shown: Preview, name: str) -> list[tuple[str | None, str, str, str, str]]:
    return [
        (one.value, one.place, one.scope, in_words(one.wins), in_words(one.shadowed))
        for one in row(shown, name).declarations
    ]


def test_every_declaration_says_where_it_wins_and_is_shadowed() -> None:
    shown = preview([column(SCOPED)])
    assert sorted(declarations(shown, "V")) == [
        ("a", "staging.yml:2", "", "", "staging"),
        ("b", "staging.yml:3", "environment staging", "staging (db, web2)", "staging (eu)"),
        ("c", "staging.yml:4", "machine web1", "staging (eu)", ""),
        ("d", "staging.yml:5", "environment production", "", ""),
    ]
    assert row(shown, "V").description == "What it is for"


def test_values_from_outside_of_files_shadow_those_of_files() -> None:
    asking = "- {name: V, value: a, prompt: {label: Which}}\n- {name: Octopus.Machine.Name, value: mine}"
    shown = preview([column(asking, inventory={"V": "b"}, prompted={"V": "c"})])
    assert declarations(shown, "V") == [
        ("c", "octopus_prompted of inventories/staging", "", "staging", ""),
        ("b", "octopus_variables of inventories/staging", "", "", "staging"),
        ("a", "staging.yml:1", "", "", "staging"),
    ]
    assert [one[1:] for one in declarations(shown, "Octopus.Machine.Name")] == [
        ("provided", "", "", "staging"),
        ("staging.yml:2", "", "staging", ""),
    ]


def test_provided_names_are_one_declaration_however_many_hosts() -> None:
    shown = row(preview([column("")]), "Octopus.Machine.Name")
    assert shown.is_provided
    assert [(one.value, one.place) for one in shown.declarations] == [(EACH_HOSTS_OWN, "provided")]
    assert [one.value for one in shown.cells[0].variants] == ["web1", "web2", "db1"]


def test_a_library_set_is_named() -> None:
    entries = parse_entries("- {name: V, value: a}", "shared.yml")
    catalog = Catalog([("shared.yml", [entry._replace(library="Common") for entry in entries])])
    target = Target(host_variables(Host("web1", "staging"), catalog))
    shown = preview([Column("staging", "inventories/staging", (target,))])
    assert declarations(shown, "V")[0][1] == "shared.yml:1 (library set Common)"


def test_a_value_that_is_asked_for_and_not_given_is_missing() -> None:
    asking = "- {name: V, value: null, prompt: {label: Which, required: true}}"
    shown = preview([column(asking, texts={"a.conf": "#{V}"})])
    assert cells(shown, "V") == [["missing"]]
    assert "asks for a value at deployment (Which), and none was given" in shown.faults[0].message
    assert declarations(shown, "V")[0][3:] == ("", "")


# -- environments side by side ---------------------------------------------------------------------------------


BESIDE = {
    "the same": ("- {name: V, value: a}", "- {name: V, value: a}", [["a"], ["a"]], False),
    "different": ("- {name: V, value: a}", "- {name: V, value: b}", [["a"], ["b"]], True),
    "a gap": ("- {name: V, value: a}", "[]", [["a"], ["gap"]], True),
    "the other way round": ("[]", "- {name: V, value: a}", [["gap"], ["a"]], True),
    "an empty value is no gap": ("- {name: V, value: a}", "- {name: V, value: ''}", [["a"], [""]], True),
    "on other groups": (
        "- {name: V, value: a, scope: {role: web}}",
        "- {name: V, value: a, scope: {role: db}}",
        [["a @ web"], ["a @ db"]],
        True,
    ),
}


@pytest.mark.parametrize(("first", "second", "expected", "differs"), BESIDE.values(), ids=BESIDE)
def test_environments_beside_each_other(first: str, second: str, expected: list[list[str]], differs: bool) -> None:
    shown = preview([column(first), column(second, "production")])
    assert cells(shown, "V") == expected
    assert row(shown, "V").differs is differs
    assert row(shown, "V").has_gap is (["gap"] in expected)


def test_a_gap_that_a_text_needs_is_missing() -> None:
    shown = preview(
        [
            column("- {name: V, value: a}", texts={"a.conf": "\n #{V}"}),
            column("[]", "production", texts={"a.conf": "\n #{V}"}, only=["web1", "web2"]),
        ]
    )
    assert cells(shown, "V") == [["a"], ["missing"]]
    assert in_words(row(shown, "V").cells[1].missing) == "production (web)"
    assert not row(shown, "V").has_gap, "told apart"
    assert [(one.message, in_words(one.where)) for one in shown.faults] == [
        ("a.conf:2:2: #{V}: variable V is not defined", "production (web)")
    ]
    assert (shown.values, shown.missing, shown.unused) == (1 + count_provided(shown), 1, 0)


def count_provided(shown: Preview) -> int:
    return sum(row.is_provided for row in shown.rows)


def test_a_name_that_no_file_has_gets_a_row_of_its_own() -> None:
    shown = preview([column("[]", texts={"a.conf": "#{Nowhere}"})])
    assert cells(shown, "Nowhere") == [["missing"]]
    assert not row(shown, "Nowhere").is_unused


def test_variables_of_other_environments_are_elsewhere_and_not_unused() -> None:
    shown = row(preview([column("- {name: V, value: a, scope: {environment: ci}}", texts={"a.conf": "text"})]), "V")
    assert shown.is_elsewhere
    assert not shown.is_unused


def test_an_environment_without_hosts_is_shown_from_its_files() -> None:
    variables = "- {name: V, value: a, scope: {environment: staging}}\n- {name: W, value: b, scope: {role: web}}"
    shown = preview([column(variables, hosts={})])
    assert cells(shown, "V") == [["a"]]
    assert cells(shown, "W") == [["nothing"]]
    assert (shown.environments[0].has_hosts, shown.environments[0].hosts) == (False, ())
    assert row(shown, "V").cells[0].variants[0].where.hosts == ()
    assert not row(shown, "V").is_unused, "nothing is known about its texts"


# -- used and unused -------------------------------------------------------------------------------------------


USED = {
    "by a text": ("#{V}", "[]", True),
    "by no text": ("#{X}", "[]", False),
    "in text that is no token": ("V ##{V}", "[]", False),
    "through another variable": ("#{X}", "- {name: X, value: '#{V}'}", True),
    "through two": ("#{X}", "- {name: X, value: '#{Y}'}\n- {name: Y, value: '#{V}'}", True),
    "through a variable that is not used": ("text", "- {name: X, value: '#{V}'}", False),
    "in a branch that is not taken": ("#{if No}#{V}#{/if}", "[]", True),
    "in such a branch of a value": ("#{X}", "- {name: X, value: '#{if No}#{V}#{/if}'}", True),
    "as a condition": ("#{if V}x#{/if}", "[]", True),
    "as a filter's argument": ("#{X | Append #{V}}", "- {name: X, value: x}", True),
    "as an index": ("#{L[#{V}]}", "[]", True),
    "in a loop": ("#{each x in V}#{x}#{/each}", "[]", True),
    "only in a value for another environment": (
        "#{X}",
        "- {name: X, value: x}\n- {name: X, value: '#{V}', scope: {environment: ci}}",
        True,
    ),
}


@pytest.mark.parametrize(("text", "more", "is_used"), USED.values(), ids=USED)
def test_what_is_used(text: str, more: str, is_used: bool) -> None:
    variables = "- {name: V, value: v}\n" + ("" if more == "[]" else more)
    shown = preview([column(variables, texts={"a.conf": text})])
    assert row(shown, "V").is_unused is not is_used


NEVER_UNUSED = ["Json:Path:0", "/xml/path", "Octopus.Machine.Name"]


@pytest.mark.parametrize("name", NEVER_UNUSED)
def test_names_that_something_else_may_read_are_never_unused(name: str) -> None:
    assert not row(preview([column(f"- {{name: '{name}', value: v}}", texts={"a": "text"})]), name).is_unused


def test_required_variables_are_never_unused() -> None:
    shown = preview(
        [column("- {name: V, value: v}\n- {name: W, value: ''}", texts={"a": "x"}, required=("v", "W", "N"))]
    )
    assert not row(shown, "V").is_unused
    assert row(shown, "V").is_required
    assert [one.message for one in shown.faults] == [
        "required variable W is empty; it has values for: no scope (staging.yml:2)",
        "required variable N is not defined",
    ]
    assert cells(shown, "N") == [["missing"]]


def test_without_any_text_nothing_is_called_unused() -> None:
    assert preview([column("- {name: V, value: v}")]).unused == 0


def test_uses_say_which_text_on_which_hosts() -> None:
    shown = preview(
        [
            column("- {name: V, value: '#{W}'}\n- {name: W, value: w}", texts={"a": "#{V}", "b": "#{W}"}, only=["db1"]),
            column("- {name: V, value: v}", "ci", texts={"a": "#{v}"}),
        ]
    )
    found = {name: [f"{one.label}: {in_words(one.where)}" for one in row(shown, name).uses] for name in ("V", "W")}
    assert found == {"V": ["a: staging (db); ci"], "W": ["a: staging (db)", "b: staging (db)"]}


def test_unchecked_texts_use_variables_but_have_no_problems() -> None:
    source = column("- {name: V, value: v}")
    target = Target(source.targets[0].variables, (Text("Ansible variable x", "#{V} #{Nope} #{", checked=False),))
    shown = preview([Column("staging", "inventories/staging", (target,))])
    assert shown.faults == ()
    assert not row(shown, "V").is_unused


NAMED = {
    "a path below names the value that it walks into": ("#{Config.Port.x}", {"config.port"}),
    "a path names what is below it": ("#{each s in Servers}#{/each}", {"servers[a].port", "servers[b]"}),
    "an index of another variable": (
        "#{Servers[#{Config.Port}].Port}",
        {"config.port", "servers[a].port", "servers[b]"},
    ),
    "the first index": ("#{Servers[*]}", {"servers[a].port", "servers[b]"}),
    "no part of a name": ("#{Con} #{Config.P}", set()),
}


@pytest.mark.parametrize(("text", "expected"), NAMED.values(), ids=NAMED)
def test_names_in_a_text(text: str, expected: set[str]) -> None:
    assert named([text], {"config.port": [], "servers[a].port": [], "servers[b]": [], "not a path!": []}) == expected


# -- secrets ---------------------------------------------------------------------------------------------------

SECRET = "correct-horse"  # noqa: S105 - of no one
SECRETS = f"""
- {{name: Password, value: {SECRET}, sensitive: true}}
- {{name: Password, value: shadowed-secret, sensitive: true, scope: {{environment: ci}}}}
- {{name: Short, value: abc, sensitive: true}}
- {{name: Url, value: "https://me:#{{Password}}@host/#{{Short}}"}}
- {{name: Shouted, value: "#{{Password | ToUpper}} #{{Short | Append x}}"}}
- {{name: Copied, value: "see {SECRET} and shadowed-secret"}}
- {{name: Leaking, value: "corr#{{ect}}", sensitive: true}}
"""


def test_secrets_are_nowhere() -> None:
    shown = preview(
        [
            column(
                SECRETS,
                texts={"a": '#{Url} #{Leaking} #{Password | Nope} #{Nope | Append "correct-horse"}'},
                inventory={"Given": {"value": "given-secret", "sensitive": True}, "Plain": "given-secret!"},
            ),
            column(f"- {{name: Open, value: 'the same {SECRET} in the open'}}", "production"),
        ]
    )
    printed = repr(shown).lower()
    for secret in (SECRET, "shadowed-secret", "given-secret", "corr#{ect}", "#{ect}"):
        assert secret not in printed
    assert "abc" not in printed
    assert cells(shown, "Password")[0] == ["*****"]
    assert cells(shown, "Url")[0] == ["https://me:*****@host/*****"]
    assert cells(shown, "Shouted")[0] == ["***** *****x"]
    assert cells(shown, "Copied")[0] == ["see ***** and *****"]
    assert cells(shown, "Open")[1] == ["the same ***** in the open"]
    assert cells(shown, "Plain")[0] == ["*****!"]
    assert row(shown, "Url").cells[0].variants[0].hides


def test_the_longer_of_two_secrets_is_masked_as_a_whole() -> None:
    shown = preview(
        [
            column("- {name: A, value: hunter, sensitive: true}\n- {name: C, value: 'hunter-and-more'}"),
            column("- {name: B, value: hunter-and-more, sensitive: true}", "production"),
        ]
    )
    assert cells(shown, "C")[0] == ["*****"]


def test_ciphertext_is_not_shown() -> None:
    text = "- name: V\n  value: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3132\n  scope: {environment: ci}\n"
    shown = preview([column(text)])
    assert declarations(shown, "V")[0][0] == "*****"


# -- legible text ----------------------------------------------------------------------------------------------

LEGIBLE = {
    "plain text, lines and tabs": ("a\n\tb ä 日本 🙂", "a\n\tb ä 日本 🙂"),
    "terminal escapes": ("\x1b[31mred\x9b0m", "\\x1b[31mred\\x9b0m"),
    "nul and delete": ("\x00\x7f", "\\x00\\x7f"),
    "carriage return": ("a\r\nb", "a\\x0d\nb"),
    "reversed text": ("\u202etxt.exe\u2066", "\\u202etxt.exe\\u2066"),
    "invisible": ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
    "half of a surrogate pair": ("\ud800", "\\ud800"),
    "tags of plane 14": ("\U000e0041", "\\U000e0041"),
    "right-to-left scripts stay": ("שלום", "שלום"),
    "very long": ("x" * 10_001, "x" * 10_000 + "… (1 more characters)"),
}


@pytest.mark.parametrize(("text", "expected"), LEGIBLE.values(), ids=LEGIBLE)
def test_legible(text: str, expected: str) -> None:
    assert legible(text) == expected


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=300)
def test_legible_text_can_be_encoded_and_obeys_nothing(text: str) -> None:
    shown = legible(text)
    shown.encode("utf-8")
    assert not any(one < " " and one not in "\n\t" for one in shown)
    assert legible(shown) == shown
