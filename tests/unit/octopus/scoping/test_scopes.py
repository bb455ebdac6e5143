"""Which value wins: matching, ranking and ties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.entries import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import (
    Catalog,
    Context,
    Entry,
    Scope,
)
from hypothesis import given, settings
from hypothesis import strategies as st

# A deployment's step that targets web, on a machine with two roles.
CONTEXT = Context(
    environment="staging",
    machine="web1",
    roles=("web", "eu"),
    step="Configure",
    step_roles=("web", "db"),
    channel="Stable",
    tenant="Acme",
    tenant_tags=("Tier/Gold", "Region/EU"),
)
# What every run has, and no more.
BARE = Context(environment="staging", machine="web1", roles=("web",))
RUNBOOK = replace(CONTEXT, process="Reindex")


def catalog(*texts: str, libraries: tuple[str, ...] = ()) -> Catalog:
    """A file for each text: first those of library sets, then the project's own."""
    files = []
    for number, text in enumerate(texts):
        library = libraries[number] if number < len(libraries) else ""
        entries = (entry._replace(library=library) for entry in parse_entries(text, f"{number}.yml"))
        files.append((f"{number}.yml", tuple(entries)))
    return Catalog(files)


def winner(*scopes: str, context: Context = CONTEXT) -> str:
    """The scope that wins among the given ones."""
    text = "\n".join(f"- {{name: V, value: '{scope}', scope: {{{scope}}}}}" for scope in scopes)
    entries = catalog(text).resolve(context).entries
    return entries[0].value if entries else "none"


MATCHING = {
    "D6.2 no scope matches always": ("", CONTEXT, True),
    "D6.2 environment": ("environment: staging", CONTEXT, True),
    "D6.2 environment, without case": ("environment: STAGING", CONTEXT, True),
    "D6.2 another environment": ("environment: production", CONTEXT, False),
    "D6.2 alternatives in one dimension": ("environment: [production, staging]", CONTEXT, True),
    "D6.2 machine": ("machine: web1", CONTEXT, True),
    "D6.2 a machine is a whole name": ("machine: web", CONTEXT, False),
    "D6.2 any role of the machine": ("role: eu", CONTEXT, True),
    "D6.2 alternatives among roles": ("role: [us, web]", CONTEXT, True),
    "D6.2 a role that only the step targets": ("role: db", CONTEXT, False),
    "D6.2 step": ("step: configure", CONTEXT, True),
    "D6.2 channel": ("channel: stable", CONTEXT, True),
    "D6.2 tenant": ("tenant: acme", CONTEXT, True),
    "D6.2 tenant tag": ("tenant_tag: tier/gold", CONTEXT, True),
    "D6.2 alternatives among tenant tags": ("tenant_tag: [Tier/Silver, Region/EU]", CONTEXT, True),
    "D6.2 process": ("process: deployment", CONTEXT, True),
    "D6.2 another process": ("process: Reindex", CONTEXT, False),
    "D6.2 all dimensions must match": ("environment: staging, role: web", CONTEXT, True),
    "D6.2 one of two dimensions is not enough": ("environment: staging, role: db", CONTEXT, False),
    "D6.2 not even a higher one": ("environment: production, machine: web1", CONTEXT, False),
    "D6.2 no step in context": ("step: Configure", BARE, False),
    "D6.2 no channel in context": ("channel: Stable", BARE, False),
    "D6.2 no tenant in context": ("tenant: Acme", BARE, False),
    "D6.2 no tenant tags in context": ("tenant_tag: Tier/Gold", BARE, False),
    "D6.2 runbook": ("process: reindex", RUNBOOK, True),
    "D6.2 a runbook's run is no deployment": ("process: deployment", RUNBOOK, False),
    "D6.2 no channel in a runbook": ("channel: Stable", RUNBOOK, False),
}


@pytest.mark.parametrize(("scope", "context", "matches"), MATCHING.values(), ids=MATCHING)
def test_matching(scope: str, context: Context, matches: bool) -> None:
    assert winner(scope, context=context) == (scope if matches else "none")


RANKED = {
    "D6.3 step before machine": ("step: Configure", "machine: web1"),
    "D6.3 machine before a targeted role": ("machine: web1", "role: web"),
    "D6.3 a role that the step targets before any role": ("role: web", "role: eu"),
    "D6.3 role before tenant": ("role: eu", "tenant: Acme"),
    "D6.3 tenant before tenant tag": ("tenant: Acme", "tenant_tag: Tier/Gold"),
    "D6.3 tenant tag before environment": ("tenant_tag: Tier/Gold", "environment: staging"),
    "D6.3 environment before channel": ("environment: staging", "channel: Stable"),
    "D6.3 channel before process": ("channel: Stable", "process: deployment"),
    "D6.3 process before nothing": ("process: deployment", ""),
    "D6.3 step before all others together": (
        "step: Configure",
        "machine: web1, role: web, tenant: Acme, tenant_tag: Tier/Gold, environment: staging, channel: Stable, "
        "process: deployment",
    ),
    "D6.3 machine before role and environment": ("machine: web1", "role: web, environment: staging"),
    "D6.3 a targeted role before a role with more": ("role: web", "role: eu, tenant: Acme, environment: staging"),
    "D6.3 role and environment before role": ("role: web, environment: staging", "role: web"),
    "D6.3 machine and environment before machine": ("machine: web1, environment: staging", "machine: web1"),
    "D6.3 the higher dimensions decide first": ("machine: web1, role: eu", "machine: web1, environment: staging"),
    "D6.3 no targeted role: the machine has another of those listed": (
        "role: eu, environment: staging",
        "role: [eu, db]",
    ),
    "D6.3 one targeted role among those listed": ("role: [eu, web]", "role: eu, environment: staging"),
}


@pytest.mark.parametrize(("better", "worse"), RANKED.values(), ids=RANKED)
def test_the_most_specific_wins_in_any_order(better: str, worse: str) -> None:
    assert winner(better, worse) == winner(worse, better) == better


TIES = {
    "D6.3 two environments and one": ("environment: [staging, ci]", "environment: staging"),
    "D6.3 two roles and one": ("role: web", "role: [web, eu]"),
    "D6.3 two matching tags and one": ("tenant_tag: [Tier/Gold, Region/EU]", "tenant_tag: Tier/Gold"),
    "D6.3 different tags": ("tenant_tag: Tier/Gold", "tenant_tag: Region/EU"),
}


@pytest.mark.parametrize(("first", "second"), TIES.values(), ids=TIES)
def test_ties_take_the_first_and_name_both_places(first: str, second: str) -> None:
    """How many values a dimension lists does not matter."""
    for one, other in ((first, second), (second, first)):
        text = f"- {{name: V, value: x, scope: {{{one}}}}}\n- {{name: v, value: y, scope: {{{other}}}}}"
        resolution = catalog(text).resolve(CONTEXT)
        assert [entry.value for entry in resolution.entries] == ["x"]
        assert len(resolution.warnings) == 1
        assert "0.yml:1" in resolution.warnings[0]
        assert "0.yml:2" in resolution.warnings[0]
        assert "the first one is used" in resolution.warnings[0]


def test_roles_do_not_differ_where_no_step_targets_one() -> None:
    text = "- {name: V, value: x, scope: {role: eu}}\n- {name: V, value: y, scope: {role: web}}"
    resolution = catalog(text).resolve(replace(CONTEXT, step="", step_roles=()))
    assert [entry.value for entry in resolution.entries] == ["x"]
    assert len(resolution.warnings) == 1


UNSCOPED = "- {name: V, value: {}}"
SCOPED = "- {name: V, value: {}, scope: {environment: staging}}"
LAYERS = {
    # texts, which of them are library sets, the winner, whether that is a tie
    "D6.4 project before library": ((UNSCOPED, UNSCOPED), ("L",), "1", False),
    "D6.4 a library's scope before the project's none": ((SCOPED, UNSCOPED), ("L",), "0", False),
    "I6.4 two library sets: the later, with a warning": ((SCOPED, SCOPED, UNSCOPED), ("L", "M"), "1", True),
    "I6.4 two project files: the later, with a warning": ((UNSCOPED, UNSCOPED), (), "1", True),
    "I6.4 one tie, however many libraries lose": ((UNSCOPED,) * 4, ("L", "M"), "3", True),
    "I6.4 no tie where one is more specific": ((SCOPED, UNSCOPED), (), "0", False),
}


@pytest.mark.parametrize(("texts", "libraries", "value", "tie"), LAYERS.values(), ids=LAYERS)
def test_layers(texts: tuple[str, ...], libraries: tuple[str, ...], value: str, tie: bool) -> None:
    numbered = (text.replace("{}", str(number)) for number, text in enumerate(texts))
    resolution = catalog(*numbered, libraries=libraries).resolve(CONTEXT)
    assert [entry.value for entry in resolution.entries] == [value]
    assert len(resolution.warnings) == tie
    assert all("the one of the later file is used" in warning for warning in resolution.warnings)


def test_scopes_are_the_same_whatever_the_order_and_case() -> None:
    one = Scope({"environment": ("ci", "Staging"), "role": ("web",)})
    other = Scope({"role": ("WEB",), "environment": ("staging", "CI")})
    assert one.key == other.key
    assert one.key != Scope({"environment": ("ci",), "role": ("web",)}).key


def test_candidates_in_order_of_precedence() -> None:
    files = catalog(
        "- {name: V, value: library}\n- {name: W, value: w}",
        "- {name: v, value: other, scope: {environment: ci}}\n- {name: v, value: plain}\n"
        "- {name: v, value: best, scope: {role: eu}}\n- {name: v, value: tied, scope: {role: [us, EU]}}",
        libraries=("L",),
    )
    assert files.names == ("V", "W")
    assert [(one.entry.value, one.matches, one.wins) for one in files.candidates("v", CONTEXT)] == [
        ("best", True, True),
        ("tied", True, False),
        ("plain", True, False),
        ("library", True, False),
        ("other", False, False),
    ]
    assert files.candidates("unknown", CONTEXT) == ()


@settings(max_examples=50)
@given(st.data())
def test_candidates_and_resolve_agree(data: st.DataObject) -> None:
    names = {
        "environment": ["staging", "ci"],
        "role": ["web", "eu", "db"],
        "tenant": ["Acme"],
        "process": ["deployment"],
    }
    accepted = {key: st.lists(st.sampled_from(values), min_size=1).map(tuple) for key, values in names.items()}
    scope = st.fixed_dictionaries({}, optional=accepted).map(Scope)
    entry = st.builds(Entry, st.sampled_from(["A", "a", "B"]), st.just("x"), scope, library=st.sampled_from(["", "L"]))
    files = data.draw(st.lists(st.tuples(st.just("f.yml"), st.lists(entry, max_size=4)), max_size=3))
    resolved = Catalog(files).resolve(CONTEXT).entries
    chosen = [
        one.entry for name in Catalog(files).names for one in Catalog(files).candidates(name, CONTEXT) if one.wins
    ]
    assert list(map(id, resolved)) == list(map(id, chosen))
