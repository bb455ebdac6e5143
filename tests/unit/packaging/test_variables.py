"""Every variable of every role is described, in its argument_specs and beside its default, and the two agree."""

import re
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def entries(role):
    return yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]


def default_files(role):
    return sorted((ROOT / f"roles/{role}/defaults").rglob("*.yml"))


def every_option(options, place=""):
    """(place, spec) of the options and of all that are nested in them."""
    for name, spec in options.items():
        yield f"{place}{name}", spec
        yield from every_option(spec.get("options", {}), f"{place}{name}.")


def blocks(path):
    """The parts of a file of defaults between empty lines, each with its defaults: (text, {name: value})."""
    for text in path.read_text().removeprefix("---\n").split("\n\n"):
        yield text, yaml.safe_load(text) or {}


def examples(role):
    """(variable, value) of what the comments of the defaults show as an example."""
    for path in default_files(role):
        for text, defaults in blocks(path):
            for name in defaults:
                for match in re.finditer(rf"(?m)^# {name}:.*(?:\n#  .*)*", text):
                    yield name, yaml.safe_load(re.sub(r"(?m)^# ", "", match[0]))[name]


@pytest.mark.parametrize("role", ROLES)
def test_specs_and_defaults_agree(role):
    defaults = {}
    for path in default_files(role):
        defaults |= yaml.safe_load(path.read_text()) or {}
    options = entries(role)["main"]["options"]
    assert {name: spec.get("default") for name, spec in options.items() if not spec.get("required")} == defaults


@pytest.mark.parametrize("role", ROLES)
def test_every_option_says_what_it_is(role):
    """Also those that are nested: what is in a list of pipelines is as much an interface as the list is."""
    wrong = []
    for entry, spec in entries(role).items():
        for name, option in every_option(spec.get("options", {})):
            lacks = [key for key in ("description", "type") if not option.get(key)]
            if option.get("type") == "list" and "elements" not in option:
                lacks.append("elements")
            wrong += [f"{entry}: {name} has no {key}" for key in lacks]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_default_has_a_comment_that_says_what_it_changes(role):
    wrong = [
        f"{path.name}: {name}"
        for path in default_files(role)
        for text, defaults in blocks(path)
        for name in defaults
        if not text.startswith("# ")
    ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_empty_default_has_an_example(role):
    shown = {name for name, _ in examples(role)}
    empty = {
        name
        for path in default_files(role)
        for name, value in (yaml.safe_load(path.read_text()) or {}).items()
        if value in ("", [], {}, None)
    }
    assert sorted(empty - shown) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_example_is_what_the_specs_accept(role):
    options = entries(role)["main"]["options"]
    wrong = []
    for name, value in examples(role):
        result = ArgumentSpecValidator({name: options.get(name, {})}).validate({name: value})
        wrong += [f"{name}: {message}" for message in result.error_messages]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_what_the_specs_accept(role):
    wrong = []
    for name, spec in entries(role)["main"]["options"].items():
        default = spec.get("default")
        if isinstance(default, str) and "{{" in default:
            continue
        result = ArgumentSpecValidator({name: spec}).validate({} if default is None else {name: default})
        wrong += [] if spec.get("required") else result.error_messages
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_role_has_a_readme_that_leads_to_its_variables(role):
    assert f"docs/reference/{role}.md" in (ROOT / f"roles/{role}/README.md").read_text()
