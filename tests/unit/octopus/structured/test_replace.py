"""What all formats share: choosing one, the outcome, unresolved tokens."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import VariableSet
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured.paths import PathVariables

CHOICES = [
    # rule, name, text, format
    ("[S] JSON first, whatever the extension: XML", "f.xml", "{}", "json"),
    ("[S] JSON first, whatever the extension: YAML", "f.yaml", "[]", "json"),
    ("[S] JSON first, whatever the extension: properties", "f.properties", '{"a": 1}', "json"),
    ("[S] by extension: YAML", "dir.json/f.YML", "a: 1", "yaml"),
    ("[S] by extension: XML", "f.xml", "<a/>", "xml"),
    ("[S] by extension: properties", "f.properties", "<a/>", "properties"),
    ("[S] unknown: JSON", "f.config", "{}", "json"),
    ("[S] unknown: XML", "f.config", "<a/>", "xml"),
    ("[S] unknown: YAML", "f", "a: 1", "yaml"),
    ("[S] unknown: properties", "f", "a: b: c", "properties"),
]


@pytest.mark.parametrize(("rule", "name", "text", "format_name"), CHOICES, ids=[row[0] for row in CHOICES])
def test_format(rule: str, name: str, text: str, format_name: str) -> None:
    assert replace(text, {}, name=name).format == format_name


@pytest.mark.parametrize(
    ("name", "format_name", "shown"),
    [
        ("f.json", None, "f.json:1:1: not valid JSON"),
        ("f.xml", None, "f.xml:1:1: not valid XML"),
        ("f.yml", None, "f.yml:1:5: not valid YAML"),
        ("f", "json", "f:1:1: not valid JSON"),
        ("f.json", "yaml", "f.json:1:5: not valid YAML"),
    ],
)
def test_what_does_not_parse_fails(name: str, format_name: str | None, shown: str) -> None:
    """[S] An extension's formats only; a format that is given is the only one."""
    with pytest.raises(StructuredFileError) as error:
        replace("a: b: c", {}, name=name, format=format_name)
    assert str(error.value).startswith(shown)


def test_a_format_that_is_given_is_taken() -> None:
    assert replace('{"a": "b"}', {"a": "c"}, name="f.json", format="yaml").format == "yaml"


def test_outcome_has_names_and_places_but_no_values() -> None:
    variables = VariableSet(
        {"A": "#{Secret}!", "Secret": "hunter22", "b:0": "x", "Other": "#{A}"}, sensitive=["Secret"]
    )
    outcome = replace('{\n "a": 1,\r\n "B": [\n2]}', variables, name="f.json")
    assert [(one.variable, one.line, one.column) for one in outcome.replaced] == [("A", 2, 7), ("b:0", 4, 1)]
    assert outcome.used == {"A", "Secret", "b:0"}
    assert "hunter22" not in repr(outcome.replaced) + repr(outcome.warnings)


@pytest.mark.parametrize(
    ("name", "text"),
    [("f.json", '{\n"a": 1}'), ("f.yml", "#\na:  1"), ("f.properties", "#\na  =1"), ("f.xml", "<a>\n<b>1</b></a>")],
)
def test_unresolved_tokens_of_all_values_are_located_in_the_file(name: str, text: str) -> None:
    """Only of those that the file has a place for."""
    variables = {"a": "#{Nope}|#{Inner}|#{x | Bogus}", "Inner": "#{Gone}", "Not here": "#{Nope}", "x": "1"}
    variables["//b"] = variables["a"]
    outcome = replace(text, variables, name=name)
    variable = "//b" if name == "f.xml" else "a"
    assert {one.line for one in outcome.problems} == {2}
    assert [(one.token, one.origin, one.name) for one in outcome.problems] == [
        ("#{Nope}", variable, "Nope"),
        ("#{Gone}", "Inner", "Gone"),
        ("#{x | Bogus}", variable, None),
    ]
    assert "#{Nope}|#{Gone}|#{x | Bogus}" in outcome.text.replace('\\"', '"')


def test_circles_and_broken_filters_are_problems_too() -> None:
    variables = {"a": "#{b}", "b": "#{a}", "c": "#{x | FromBase64}", "x": "!"}
    outcome = replace('{"a": 1, "c": 2}', variables, name="f.json")
    assert [(one.kind, one.origin, one.column) for one in outcome.problems] == [
        ("circular", "a", 7),
        ("aborted", "c", 15),
    ]


def test_a_value_that_does_not_parse_is_used_as_it_stands() -> None:
    """[S]"""
    outcome = replace('{"a": ""}', {"a": "#{dog #{b}", "b": "1"}, name="f.json")
    assert (outcome.text, outcome.problems) == ('{"a": "#{dog #{b}"}', ())


def test_no_value_by_the_filter_null_is_no_value() -> None:
    assert replace('{"a": 1}', {"a": "#{b | null}", "b": "1"}, name="f.json").text == '{"a": null}'


def test_long_names_and_long_paths_take_no_time() -> None:
    """A path is not built beyond what a variable is named."""
    assert PathVariables(["a:b"]).below(":a:b", "c") is None
    deep = "[" * 20_000 + "]" * 20_000
    assert replace(deep, {":".join("0" * 3000): "1"}, name="f.json").text == "[" * 3000 + "1" + "]" * 3000
