"""Which value wins: matching, ranking and ties, and what a host sees on top of the files."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.octopus import VariableError, evaluate
from ansible_collections.elk.deploy.plugins.module_utils.octopus.host import Host, host_variables
from ansible_collections.elk.deploy.plugins.module_utils.octopus.loader import parse_entries
from ansible_collections.elk.deploy.plugins.module_utils.octopus.scopes import Catalog, Context

CONTEXT = Context("staging", "web1", ("web", "eu"))


def catalog(*texts: str) -> Catalog:
    return Catalog([(f"{number}.yml", parse_entries(text, f"{number}.yml")) for number, text in enumerate(texts)])


def winner(*scopes: str) -> str:
    """The scope that wins for CONTEXT among the given ones."""
    text = "\n".join(f"- {{name: V, value: '{scope}', scope: {{{scope}}}}}" for scope in scopes)
    entries = catalog(text).resolve(CONTEXT).entries
    return entries[0].value if entries else "none"


@pytest.mark.parametrize(
    ("scope", "matches"),
    [
        ("", True),
        ("environment: staging", True),
        ("environment: STAGING", True),
        ("environment: production", False),
        ("environment: [production, staging]", True),
        ("machine: web1", True),
        ("machine: web", False),
        ("role: eu", True),
        ("role: [us, web]", True),
        ("environment: staging, role: web", True),
        ("environment: staging, role: db", False),
        ("environment: production, machine: web1", False),
    ],
)
def test_a_dimension_is_or_and_dimensions_are_and(scope: str, matches: bool) -> None:
    assert winner(scope) == (scope if matches else "none")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("environment: staging", ""),
        ("role: web", "environment: staging"),
        ("machine: web1", "role: web"),
        ("machine: web1", "role: web, environment: staging"),
        ("role: web, environment: staging", "role: web"),
        ("machine: web1, environment: staging", "machine: web1"),
        ("machine: web1, role: web", "machine: web1, environment: staging"),
    ],
)
def test_the_most_specific_wins_in_any_order(better: str, worse: str) -> None:
    assert winner(better, worse) == winner(worse, better) == better


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("environment: [staging, ci]", "environment: staging"),
        ("role: web", "role: [web, eu]"),
        ("role: eu", "role: web"),
    ],
)
def test_ties_take_the_first_and_name_both_places(first: str, second: str) -> None:
    """How many values a dimension lists does not matter."""
    for one, other in ((first, second), (second, first)):
        text = f"- {{name: V, value: x, scope: {{{one}}}}}\n- {{name: v, value: y, scope: {{{other}}}}}"
        resolution = catalog(text).resolve(CONTEXT)
        assert resolution.entries[0].value == "x"
        assert "0.yml:1" in resolution.warnings[0]
        assert "0.yml:2" in resolution.warnings[0]


def test_a_later_file_wins_among_equals_only() -> None:
    shared = "- {name: A, value: shared}\n- {name: B, value: shared, scope: {environment: staging}}"
    project = "- {name: A, value: project}\n- {name: B, value: project}"
    resolution = catalog(shared, project).resolve(CONTEXT)
    assert {entry.name: entry.value for entry in resolution.entries} == {"A": "project", "B": "shared"}
    assert not resolution.warnings


HOST = Host(
    name="web1",
    environment="staging",
    address="192.0.2.1",
    groups=("all", "web", "eu", "ungrouped"),
    project="elk",
    release="1.2.3",
    members={"all": ("web1", "web2"), "web": ("web1", "web2"), "ungrouped": ()},
)


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("Octopus.Environment.Name", "staging"),
        ("Octopus.Machine.Name", "web1"),
        ("Octopus.Machine.Hostname", "192.0.2.1"),
        ("Octopus.Machine.Roles", "web,eu"),
        ("Octopus.Project.Name", "elk"),
        ("Octopus.Release.Number", "1.2.3"),
        ("Octopus.Environment.MachinesInRole[web]", "web1,web2"),
        ("octopus.environment.machinesinrole[#{Role}]", "web1,web2"),
    ],
)
def test_provided_names(token: str, value: str) -> None:
    variables = host_variables(HOST, Catalog(), {"Role": "WEB"}).variables
    assert evaluate(f"#{{{token}}}", variables).text == value


def test_names_without_a_value_are_not_provided() -> None:
    variables = host_variables(Host("web1", "staging"), Catalog()).variables
    assert "Octopus.Project.Name" not in variables
    assert "Octopus.Environment.MachinesInRole[all]" not in host_variables(HOST, Catalog()).variables
    assert variables["Octopus.Machine.Hostname"] == "web1"


def test_precedence_of_sources() -> None:
    files = catalog("- {name: A, value: file}\n- {name: B, value: file}\n- {name: C, value: file}")
    variables = host_variables(HOST, files, {"b": "inventory", "C": "inventory"}, {"C": "task"}).variables
    assert dict(variables) == {**dict(variables), "A": "file", "B": "inventory", "C": "task"}


def test_a_composite_value_picks_up_scoped_parts() -> None:
    files = catalog(
        "- {name: Url, value: 'https://#{Name}'}\n- {name: Name, value: a}\n"
        "- {name: Name, value: b, scope: {environment: staging}}"
    )
    assert evaluate("#{Url}", host_variables(HOST, files).variables).text == "https://b"


def test_sensitive_values_are_masked_and_overriding_ends_it() -> None:
    files = catalog("- {name: Password, value: hunter22, sensitive: true}\n- {name: Pin, value: 123, sensitive: true}")
    host = host_variables(HOST, files, {"Token": {"value": "hunter2", "sensitive": True}})
    assert host.masked("hunter22 hunter2 123") == "***** ***** 123"
    assert "hunter2" not in repr(host)
    assert not host_variables(HOST, files, {"Password": "x"}).variables.is_sensitive("Password")


@pytest.mark.parametrize("value", [["a"], {"a": "b"}, {"value": ["a"]}])
def test_inventory_values_of_another_form_are_refused(value: object) -> None:
    with pytest.raises(VariableError, match=r"octopus_variables: V is a .*, expected text or a number"):
        host_variables(HOST, Catalog(), {"V": value})
