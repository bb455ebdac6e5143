"""JSON: what is refused, and the place of each fault."""

from __future__ import annotations

import json

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.errors import (
    MOST_FAULTS,
    ImportFailed,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.json_text import (
    DEEPEST,
    parse,
    places,
    shown,
)
from growth import assert_linear
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)

FAULTS = [
    ("nothing", "", "f.json:1:1: not valid JSON: Expecting value"),
    ("cut off", '{"a": [1,\n 2', "f.json:2:3: not valid JSON: Expecting ',' delimiter"),
    ("cut off in a text", '{"a": "b', "f.json:1:7: not valid JSON: Unterminated string"),
    ("cut off behind a backslash", '["b\\', "f.json:1:2: not valid JSON: Unterminated string"),
    ("a comma too many", "[1,\n]", "f.json:"),
    ("text behind the end", "{} x", "f.json:1:4: not valid JSON: Extra data"),
    ("a line break in a text", '["a\nb"]', "f.json:1:4: not valid JSON: Invalid control character"),
    ("no number", "[NaN]", "f.json: not valid JSON: NaN is no JSON value"),
    ("endless", "[-Infinity]", "f.json: not valid JSON: -Infinity is no JSON value"),
    ("a number without end", "[" + "1" * 10_000 + "]", "f.json: not valid JSON: Exceeds the limit"),
    ("too deep", "\n" + "[" * (DEEPEST + 1), f"f.json:2:{DEEPEST + 1}: nested more than {DEEPEST} deep"),
    ("much too deep", '{"a":' * 200_000, f"nested more than {DEEPEST} deep"),
    ("a name twice", '{"a": 1,\n  "a": 2}', "f.json:2:3: a occurs twice in its object; remove one"),
    (
        "a name twice, deeper, escaped",
        '{"a": [{}, {"b": {"c": 1}, "\\u0062": 2}]}',
        "f.json:1:28: a[1].b occurs twice in its object",
    ),
]


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_faults(text: str, message: str) -> None:
    with pytest.raises(ImportFailed) as raised:
        parse(text, "f.json")
    assert message in str(raised.value)


def test_the_same_name_in_different_objects_is_fine() -> None:
    assert parse('[{"a": 1, "b": {"a": 2}, "c": {"a": 3}}, {"a": 4}]', "f")[0]["c"] == {"a": 3}


def test_all_repeated_names_are_told_but_not_thousands() -> None:
    with pytest.raises(ImportFailed) as raised:
        parse("{" + ", ".join('"a": 1, "b": 1' for _ in range(2)) + "}", "f")
    assert len(str(raised.value).splitlines()) == 2
    with pytest.raises(ImportFailed) as raised:
        parse("{" + ",\n".join('"a": 1' for _ in range(50_000)) + "}", "f")
    assert len(str(raised.value).splitlines()) == MOST_FAULTS


@given(VALUES)
def test_valid_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert parse(text, "f") == value


@given(st.lists(st.sampled_from([*'{}[],:"\\ \n1a', '"a"', "true", '{"a":']), max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, "f")
    except ImportFailed as error:
        assert str(error).startswith("f:")  # noqa: PT017


def test_places_are_those_of_the_values() -> None:
    text = '{"V": [\n  {"Name": 1},\n  {"Id": "x",\n   "Name": [2, 3]}], "W": {}}'
    paths = [("V",), ("V", 0, "Name"), ("V", 1), ("V", 1, "Name"), ("V", 1, "Name", 1), ("W",)]
    found = places(text, "f", paths)
    assert [found[path] for path in paths] == ["f:1:2", "f:2:4", "f:3:3", "f:4:4", "f:4:16", "f:4:22"]
    assert [shown(path) for path in paths[:4]] == ["V", "V[0].Name", "V[1]", "V[1].Name"]


@pytest.mark.parametrize("piece", ['"', '\\"', '"a\\', "[", "{", '"a":', '{"a":[', "]", ",", " ", "/*"])
def test_time_grows_linearly(piece: str) -> None:
    def work(count: int) -> None:
        with pytest.raises(ImportFailed):
            parse('{"a": "' + piece * count, "f")

    assert_linear(work, 4000)
