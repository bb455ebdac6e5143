"""What holds for any document: nothing changes without a variable, and with one only the place that it names."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = [
    *[
        '{"',
        '": ',
        "}",
        "[",
        "]",
        ", ",
        "\n",
        "\r\n",
        "  ",
        "a",
        "b:",
        ": ",
        "- ",
        "# c",
        " #",
        "'",
        '"',
        "|",
        ">-",
        "\t",
    ],
    *[
        "&x ",
        "*x",
        "!t ",
        "---\n",
        "...",
        "? ",
        "%",
        "null",
        "1.50",
        "true",
        "\\",
        "\\\n",
        "=",
        "\\u00e9",
        "é",
        "/* */",
    ],
    *["<a>", "</a>", "<b/>", "<!-- -->", "<![CDATA[", "]]>", "<?p d?>", "&amp;", ' c="d"', "\0", "\ud800", "\x85"],
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40)
NAMES = ["f", "f.json", "f.yml", "f.xml", "f.properties"]

# Keys without case and without colon, so that a path names one place.
KEYS = st.text(st.sampled_from("abcé #-'\"\\[&*!?|>%@`1~"), min_size=1, max_size=5)
WORDS = st.text(max_size=8).filter(lambda text: "#{" not in text) | st.sampled_from(
    [
        "",
        " a ",
        "a: b",
        "a #b",
        "- a",
        "no",
        "null",
        "~",
        "1.0",
        "a\nb\n",
        "\n",
        "  a\n b",
        "a\n\n\n",
        "'",
        '"',
        "\\",
        "#",
        "é\u2028",
    ]
)
TEXT_WORDS = WORDS.filter(lambda word: word.isprintable() or set(word) <= set("\n\u2028é ab:#-"))
SCALARS = TEXT_WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
).filter(lambda data: isinstance(data, dict | list) and data)


@settings(max_examples=60)
@given(text=TEXTS, name=st.sampled_from(NAMES))
def test_without_a_variable_every_text_comes_back(text: str, name: str) -> None:
    variables = {"none": "1", "a:z": "2", "/z/@z": "3", "/a/b/z": "4", "Octopus:x": "5"}
    try:
        outcome = replace(text, variables, name=name)
    except StructuredFileError as error:
        assert str(error).startswith(f"{name}:")  # noqa: PT017 - either of them is fine
    else:
        assert (outcome.text, outcome.replaced) == (text, ())


@settings(max_examples=60)
@given(text=TEXTS, name=st.sampled_from(NAMES), value=TEXTS)
def test_no_text_and_no_value_raises_anything_else(text: str, name: str, value: str) -> None:
    variables = dict.fromkeys(["a", "b", "0", "a:0", "a:b", "//*", "//text()", "//@*", "//comment()", "1.50"], value)
    try:
        outcome = replace(text, variables, name=name)
    except StructuredFileError:
        return
    if outcome.format in ("xml", "yaml", "json") and "\ud800" not in value:
        assert replace(outcome.text, {}, name=name, format=outcome.format).text == outcome.text


def leaves(data: object, path: tuple = ()) -> list[tuple]:
    """The paths of all scalars."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    return [path] if pairs is None else [leaf for key, value in pairs for leaf in leaves(value, (*path, key))]


def places(data: object, path: tuple = ()) -> list[tuple]:
    """The paths of everything but the root."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, value in pairs for place in [(*path, key), *places(value, (*path, key))]]


def with_value(data: object, path: tuple, value: object) -> object:
    if not path:
        return value
    items = dict(data) if isinstance(data, dict) else list(data)
    items[path[0]] = with_value(items[path[0]], path[1:], value)
    return items


def named(path: tuple) -> str:
    return ":".join(map(str, path))


@settings(max_examples=60)
@given(data=DATA, value=WORDS, choice=st.randoms(use_true_random=False), indent=st.sampled_from([None, 1, 4, "\t"]))
def test_json_changes_in_one_place(data: object, value: str, choice: object, indent: int | str | None) -> None:
    path = choice.choice(leaves(data) or [()])
    if not path:
        return
    text = json.dumps(data, indent=indent, ensure_ascii=choice.random() < 0.5)
    result = json.loads(replace(text, {named(path): value}, name="f.json").text)
    got = result
    for step in path:
        got = got[step]
    assert str(got).lower() == value.lower() or isinstance(got, int | float)
    assert result == with_value(data, path, got)


@settings(max_examples=60)
@given(
    data=DATA,
    value=WORDS,
    choice=st.randoms(use_true_random=False),
    layout=st.fixed_dictionaries(
        {
            "default_flow_style": st.sampled_from([False, None, True]),
            "default_style": st.sampled_from([None, "'", '"', "|", ">"]),
            "indent": st.sampled_from([2, 4, 7]),
        }
    ),
)
def test_yaml_changes_in_one_place(data: object, value: str, choice: object, layout: dict) -> None:
    """Read as text throughout: a scalar keeps its style, and so may change its type."""
    text = yaml.dump(data, allow_unicode=True, **layout)
    before = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes texts only
    paths = leaves(before)
    if not paths:
        return
    path = choice.choice(paths)
    outcome = replace(text, {named(path): value}, name="f.yml", format="yaml")
    assert yaml.load(outcome.text, yaml.BaseLoader) == with_value(before, path, value)  # noqa: S506


@settings(max_examples=60)
@given(
    data=DATA,
    value=DATA,
    choice=st.randoms(use_true_random=False),
    flows=st.tuples(*[st.sampled_from([False, None, True])] * 2),
    style=st.sampled_from([None, "'", "|", ">"]),
)
def test_yaml_structure_takes_the_place_of_another(
    data: object, value: object, choice: object, flows: tuple, style: str | None
) -> None:
    text = yaml.dump(data, default_flow_style=flows[0], indent=choice.choice([2, 5]), allow_unicode=True)
    new = yaml.dump(value, default_flow_style=flows[1], default_style=style, allow_unicode=True)
    before = yaml.load(text, yaml.BaseLoader)  # noqa: S506
    paths = [path for path in places(before) if path not in leaves(before)]
    if not paths or "&" in new.split("\n", maxsplit=1)[0][:1]:
        return
    path = choice.choice(paths)
    outcome = replace(text, {named(path): new}, name="f.yml", format="yaml")
    assert yaml.safe_load(outcome.text) == with_value(
        yaml.safe_load(text), _typed(yaml.safe_load(text), path), yaml.safe_load(new)
    )


def _typed(data: object, path: tuple) -> tuple:
    """``path`` with the keys as the document's reader has them."""
    steps = []
    for step in path:
        key = step if isinstance(data, list) else next(key for key in data if str(key) == step)
        steps.append(key)
        data = data[key]
    return tuple(steps)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@settings(max_examples=25)
@given(
    lines=st.lists(st.sampled_from(["a=1", "# c", "", " b : x\\", "  ! d", "c", "e\\ f=g", "\tk\tv\\\\"]), max_size=8),
    value=WORDS,
)
def test_properties_change_in_one_place(line_end: str, lines: list[str], value: str) -> None:
    text = line_end.join(lines)
    outcome = replace(text, {"c": value}, name="f.properties", format="properties")
    changed = [
        before for before, after in zip(lines or [""], outcome.text.split(line_end), strict=True) if before != after
    ]
    assert set(changed) <= {"c"}
    assert replace(outcome.text, {}, name="f.properties").text == outcome.text
