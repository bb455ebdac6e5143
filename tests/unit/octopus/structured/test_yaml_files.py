"""YAML files, as a table; marks as in test_json_files."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)

SCALARS = [
    # rule, file, variables, outcome
    ("[T] names joined by colons", "a:\n  b: x\n", {"a:b": "y"}, "a:\n  b: y\n"),
    ("[T] names compare without case", "A: {b: x}", {"a:B": "y"}, "A: {b: y}"),
    ("[T] indexes from zero", "a:\n- x\n- b: x\n", {"a:1:b": "y"}, "a:\n- x\n- b: y\n"),
    ("[T] a sequence at the top", "- x\n- {b: x}\n", {"0": "y", "1:b": "z"}, "- y\n- {b: z}\n"),
    ("[T] nothing is added", "a: {}\n", {"a:b": "1", "b": "2"}, "a: {}\n"),
    ("[T] every document from its root", "a: 1\n---\na: 2\n...\n---\na: 3\n", {"a": "x"},
     "a: x\n---\na: x\n...\n---\na: x\n"),
    ("[S] names that begin with Octopus are ignored", "Octopus: 1\nOctopus.X: 2\n", {"Octopus": "9", "Octopus.X": "9"},
     "Octopus: 1\nOctopus.X: 2\n"),
    ("[S] but for those that begin with Octopus:", "Octopus: {X: 1}", {"Octopus:X": "9"}, "Octopus: {X: 9}"),
    ("[T] plain stays plain, whatever the reader makes of it", "a: x\nb: 1\nc: true\n",
     {"a": "no", "b": "null", "c": "C:\\x"}, "a: no\nb: null\nc: C:\\x\n"),
    ("[T] quotes stay", "a: 'x'\nb: \"x\"\n", {"a": "it's", "b": 'q"\n'}, "a: 'it''s'\nb: \"q\\\"\\n\"\n"),
    ("[T] a literal stays literal", "a: |\n    x\n    y\nb: 1\n", {"a": "1\n\n 2\n"}, "a: |\n    1\n\n     2\nb: 1\n"),
    ("[T] a folded one stays folded", "a: >\n  x\n  y\n\nb: 1\n", {"a": "z\n"}, "a: >\n  z\n\nb: 1\n"),
    ("[S] chomping is the value's", "a: |\n  x\nb: |+\n  x\n\nc: |-\n  x\n", {"a": "1", "b": "2", "c": "3\n"},
     "a: |-\n  1\nb: |-\n  2\n\nc: |\n  3\n"),
    ("[T] tag and anchor of a scalar stay", "a: !!str &x 1\nb: &y !t 'z'\n", {"a": "2", "b": "3"},
     "a: !!str &x 2\nb: &y !t '3'\n"),
    ("[T] no value: plain null", "a: 'x'\nb: |\n  x\nc: [1]\nd:\n  e: 1\n", dict.fromkeys("abcd"),
     "a: null\nb: null\nc: null\nd:\n  null\n"),
    ("[T] comments and blank lines stay", "# 1\n\na: x   # 2\n\n\n# 3\nb: |  # 4\n  x\n\n# 5\n", {"a": "y", "b": "z"},
     "# 1\n\na: y   # 2\n\n\n# 3\nb: |-  # 4\n  z\n\n# 5\n"),
    ("[T] directives stay", "%YAML 1.1\n%TAG !e! tag:e:\n---\na: !e!x 1\n", {"a": "2"},
     "%YAML 1.1\n%TAG !e! tag:e:\n---\na: !e!x 2\n"),
    ("a plain one that cannot be plain gets quotes", "a: x\nb: x\nc: x\nd: [x]\ne: x\nf: x\n",
     {"a": "b: c", "b": "b #c", "c": "", "d:0": "a, b", "e": "1\n2", "f": "- x"},
     "a: 'b: c'\nb: 'b #c'\nc: ''\nd: ['a, b']\ne: \"1\\n2\"\nf: '- x'\n"),
    ("what single quotes cannot hold gets double ones", "a: 'x'\n", {"a": "\x07\u2028'"}, 'a: "\\u0007\\u2028\'"\n'),
    ("blanks or empty lines at the ends of a block", "a: |\n  x\nb: |\n  x\n", {"a": " 1\n", "b": "1\n\n"},
     'a: " 1\\n"\nb: "1\\n\\n"\n'),
    ("several lines in place of a folded text are literal", "a: >-\n  x\n", {"a": "1\n2"}, "a: |-\n  1\n  2\n"),
    ("a block at the file's end", "a: |\n  x", {"a": "1\n"}, "a: |\n  1\n"),
    ("a place without value", "a:\nb:   # c\n- c\n", {"a": "1"}, "a: 1\nb:   # c\n- c\n"),
    ("places without value in lists",
     "-\n- a:\n-   # c\n- {a: , b}\n- [&x , x]\n", {"0": "1", "1:a": "2", "2": "3", "3:a": "4", "4:0": "5"},
     "- 1\n- a: 2\n- 3   # c\n- {a: 4 , b}\n- [&x 5 , x]\n"),
    ("a place with anchor or tag alone", "a: &x\nb: !t\nc: &y !t # c\n", {"a": "1", "b": "2", "c": "3"},
     "a: &x 1\nb: !t 2\nc: &y !t 3 # c\n"),
    ("a text on several lines", "a: x\n  y\nb: 'x\n\n  y'\n", {"a": "1", "b": "2"}, "a: 1\nb: '2'\n"),
    ("Windows line ends", "a: x\r\nb: |\r\n  x\r\n", {"a": "y", "b": "1\r\n2\r\n"}, "a: y\r\nb: |\r\n  1\r\n  2\r\n"),
    ("a name that is there twice: both", "a: 1\nA: 2\n", {"a": "3"}, "a: 3\nA: 3\n"),
    ("keys in quotes, and none", "'a:b': 1\n\"c\\n\": 2\n? \n: 3\n", {"a:b": "4", "c\n": "5", "": "6"},
     "'a:b': 4\n\"c\\n\": 5\n? \n: 6\n"),
    ("what is in a key is no place", "? {a: 1}\n: 2\n? [a]\n: {a: 3}\nb: 4\n", {"a": "9", "0": "9", "b": "5"},
     "? {a: 1}\n: 2\n? [a]\n: {a: 3}\nb: 5\n"),
]  # fmt: skip

STRUCTURES = [
    ("[T] a mapping by JSON",
     "a:\n  b: 1\n  c: 2\nd: 3\n", {"a": '{"x": [1, "2"]}'}, "a:\n  {\"x\": [1, \"2\"]}\nd: 3\n"),
    ("[T] a mapping by a mapping",
     "a:\n  b: 1\nd: 3\n", {"a": "x: 1\ny:\n  z: '2'\n"}, "a:\n  x: 1\n  y:\n    z: '2'\nd: 3\n"),
    ("[T] a sequence by a sequence", "a:\n- 1\n- 2\nb: 3\n", {"a": "- x\n- y"}, "a:\n- x\n- y\nb: 3\n"),
    ("[T] a sequence without indentation by a mapping",
     "a:\n- 1\n- 2\nb: 3\n", {"a": "x: 1\ny: 2"}, "a:\n  x: 1\n  y: 2\nb: 3\n"),
    ("[T] a sequence by a scalar", "a:\n- 1\nb: [1]\n", {"a": "x", "b": "'y'"}, "a:\n  x\nb: 'y'\n"),
    ("[T] in flow style only flow style", "a: {b: 1}\nc: [[1]]\n", {"a": "x: |\n  1\n  2\n", "c:0": "- y\n-"},
     'a: {x: "1\\n2\\n"}\nc: [[y, null]]\n'),
    ("[T] the whole hides what is in it", "a:\n  b: 1\n", {"a:b": "#{Nope}", "a": "x"}, "a:\n  x\n"),
    ("[T] nothing becomes a text in double quotes",
     "a:\n  b: 1\nc: [1]\n", {"a": "", "c": " # c"}, 'a:\n  ""\nc: " # c"\n'),
    ("[T] what is no YAML becomes one too", "a: !t &x\n  b: 1\nc: [1]\n", {"a": "[", "c": "a: b: c"},
     'a: !t &x\n  "["\nc: "a: b: c"\n'),
    ("[T] otherwise the tag is gone", "a: !t\n  b: 1\nc: !t [1]\n", {"a": "x: 1", "c": "[2]"}, "a: \n  x: 1\nc: [2]\n"),
    ("anchors stay, so that aliases still lead somewhere",
     "a: &x\n  b: 1\nc: *x\n", {"a": "y: 1"}, "a: &x\n  y: 1\nc: *x\n"),
    ("anchors and aliases in a value: a text", "a: [1]\n", {"a": "[&x 1, *x]"}, 'a: "[&x 1, *x]"\n'),
    ("several documents in a value: a text", "a: [1]\n", {"a": "1\n---\n2"}, 'a: "1\\n---\\n2"\n'),
    ("a block in a value",
     "a:\n    b: 1   # c\n# d\ne: 1\n", {"a": "x: |\n  1\n\n  2\n"}, "a:\n    x: |\n      1\n\n      2\n# d\ne: 1\n"),
    ("a sequence in a sequence",
     "- - 1\n  - 2\n- 3\n", {"0": "- x\n- y: 1\n  z: 2"}, "- - x\n  - y: 1\n    z: 2\n- 3\n"),
    ("Windows line ends", "a:\r\n  b: 1\r\n", {"a": "x: 1\ny: 2"}, "a:\r\n  x: 1\r\n  y: 2\r\n"),
    ("blank lines and comments behind stay",
     "a:\n  b: |\n    x\n\n\n# c\nd: 1\n", {"a": "x"}, "a:\n  x\n\n\n# c\nd: 1\n"),
    ("an item that is a pair", "a: [b: 1 , c]\n", {"a:0": "x", "a:1": "y"}, "a: [x , y]\n"),
]  # fmt: skip

ALIASES = [
    ("an alias does not upset what follows",
     "x: &x {a: 1}\nb:\n  <<: *x\n  c: *x\n  d: 1\ne: 2\n", {"b:d": "3", "e": "4"},
     "x: &x {a: 1}\nb:\n  <<: *x\n  c: *x\n  d: 3\ne: 4\n"),
    ("an alias counts as an item", "- &x 1\n- *x\n- 2\n", {"2": "3"}, "- &x 1\n- *x\n- 3\n"),
    ("an alias of a scalar is replaced like one", "- &x 1\n- &y 'a'\n- *x\n- *y\n", {"2": "2", "3": "3"},
     "- &x 1\n- &y 'a'\n- 2\n- '3'\n"),
    ("an alias of a structure too", "- &x {a: 1}\n- *x\n- *x\n- *x\n", {"1": "- b\n- c", "2": "[", "3": None},
     '- &x {a: 1}\n- [b, c]\n- "["\n- null\n'),
    ("an alias is a key without name",
     "- &x a\n- *x : 1\n  b: 2\n", {"1:a": "9", "1:b": "3"}, "- &x a\n- *x : 1\n  b: 3\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text", "variables", "outcome"),
    SCALARS + STRUCTURES + ALIASES,
    ids=[row[0] for row in SCALARS + STRUCTURES + ALIASES],
)
def test_rules(rule: str, text: str, variables: dict, outcome: str) -> None:
    result = replace(text, variables, name="f.yml", format="yaml")
    assert (result.text, result.format, result.problems, result.warnings) == (outcome, "yaml", (), ())
    list(yaml.parse(result.text))


def test_a_key_that_has_no_place_for_a_value_is_told() -> None:
    result = replace("? a\n? b-\nc: {d-, e: 1}\n", {"a": "1", "b-": "2", "c:d-": "3", "c:e": "4"}, name="f.yml")
    assert result.text == "? a\n? b-\nc: {d-, e: 4}\n"
    assert [warning.split(": ", 1)[1] for warning in result.warnings] == [
        f"{name} names a key without value; nothing is added" for name in ("a", "b-", "c:d-")
    ]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a: b: c\n", "1:5", "mapping values are not allowed"),
        ("é: [\nb: }\n", "2:4", "did not find expected"),
        ("a:\n  b\x00", "2:4", "the character U+0000 is not allowed in YAML"),
        ("a: \ud800", "1:4", "the character U+D800 is not allowed in YAML"),
        ("a: 1\n" + "- " * 2000, "2:1", ""),
        ("[" * 10_000, "1:1001", "nested more than 1000 deep"),
        ("- " * 10_000, "1:2001", "nested more than 1000 deep"),
        ("{a: " * 10_000, "1:4001", "nested more than 1000 deep"),
    ],
)
def test_what_is_no_yaml_is_located(text: str, place: str, reason: str) -> None:
    with pytest.raises(StructuredFileError) as error:
        replace(text, {"a": "1"}, name="f.yml")
    assert str(error.value).startswith(f"f.yml:{place}: not valid YAML: {reason}")


def test_a_billion_laughs_are_not_laughed() -> None:
    text = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 50))
    assert replace(text, {"b49:0": "y"}, name="f.yml").text == text.replace("&a49 [*a48", "&a49 [y")


@pytest.mark.parametrize("value", ["[" * 30_000, "- " * 30_000, "{a: " * 10_000 + "}" * 10_000, "&a [*a]", "\0"])
def test_hostile_values_are_texts(value: str) -> None:
    result = replace("a: [1]\nb: x\n", {"a": value, "b": value}, name="f.yml")
    assert yaml.safe_load(result.text) == {"a": value, "b": value}
