"""What is written into a YAML file is read back as the text that was meant, by every reader."""

from __future__ import annotations

import json

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import replace
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_readers import READERS

# A number such as 1e+3 is one in YAML 1.2 only; ruamel.yaml tells so.
pytestmark = pytest.mark.filterwarnings("ignore::ruamel.yaml.error.MantissaNoDotYAML1_1Warning")

# Files with the path of the value that is replaced, and all values that the file then has, VALUE among them.
VALUE = "(value)"
PLACES = [
    ("k: old\n", "k", {"k": VALUE}),
    ("k: old # c\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k:\n  old\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: old\n  more\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: 'old'\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ('k: "old"\nz: 1\n', "k", {"k": VALUE, "z": "1"}),
    ("k:\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("? k\n: old\n? z\n: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: &a old\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: !!str old\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("z: &a 1\nk: *a\n", "k", {"z": "1", "k": VALUE}),
    ("- old\n- z\n", "0", [VALUE, "z"]),
    ("- z\n- - old\n", "1:0", ["z", [VALUE]]),
    ("- k: old\n  z: 1\n", "0:k", [{"k": VALUE, "z": "1"}]),
    ("z:\n- old\n- 1\n", "z:0", {"z": [VALUE, "1"]}),
    ("[old]\n", "0", [VALUE]),
    ("[old, z]\n", "0", [VALUE, "z"]),
    ("[z, 'old']\n", "1", ["z", VALUE]),
    ("[\n  z, # c\n  old # d\n]\n", "1", ["z", VALUE]),
    ("[[old], z]\n", "0:0", [[VALUE], "z"]),
    ("[k: old, z]\n", "0:k", [{"k": VALUE}, "z"]),
    ("{k: old}\n", "k", {"k": VALUE}),
    ("{k: old, z: 1}\n", "k", {"k": VALUE, "z": "1"}),
    ('{z: 1, "k" : old}\n', "k", {"z": "1", "k": VALUE}),
    ("{k: , z: 1}\n", "k", {"k": VALUE, "z": "1"}),
    ("z:\n  - {k: [1, old]}\n", "z:0:k:1", {"z": [{"k": ["1", VALUE]}]}),
    ("k: z\n---\n# c\nk: old\n...\n", "k", {"k": VALUE}),
    ("%YAML 1.1\n---\nk: old\n", "k", {"k": VALUE}),
    ("%YAML 1.2\n---\nk: old\n", "k", {"k": VALUE}),
]
BLOCKS = [
    ("k: |\n  old\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: |\n    old\n\n# c\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: |+\n  old\n\n\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: >- # c\n  old\n  old\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k: >\n  old", "k", {"k": VALUE}),
    ("- |-\n old\n- z\n", "0", [VALUE, "z"]),
    ("- - |\n   old\n  - z\n", "0:0", [[VALUE, "z"]]),
    ("z:\n- k: |2\n     old\n  y: 1\n", "z:0:k", {"z": [{"k": VALUE, "y": "1"}]}),
]
TEXTS = [
    "",
    " ",
    "old",
    "a b",
    " a",
    "a ",
    "https://shop.example.com/?a=b",
    "a\tb",
    "\ta",
    "a\t",
    "C:\\Temp",
    "it's",
    '"',
    "'",
    "a: b",
    "a:",
    ":a",
    ": a",
    ":",
    "a :b",
    "a #b",
    "a#b",
    "#a",
    "# a",
    "?",
    "?a",
    "? a",
    "a?",
    "-",
    "-a",
    "- a",
    "--",
    "---",
    "--- a",
    "---a",
    "...",
    "... a",
    "%",
    "%a",
    "%YAML 1.2",
    "@a",
    "`a",
    "!a",
    "!!str a",
    "&a",
    "*a",
    "|",
    "|-",
    ">",
    "a|b",
    ",",
    "a,b",
    "a, b",
    "[",
    "[]",
    "[a]",
    "a]",
    "{",
    "{}",
    "{a: b}",
    "a}",
    "{{ a }}",
    "=",
    "<<",
    "<<: a",
    "~",
    "null",
    "Null",
    "true",
    "True",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "1",
    "01",
    "007",
    "0o7",
    "0x1f",
    "0x",
    "0b1",
    "0b",
    "0b_",
    "0x_",
    "0o_",
    "0_",
    "1_000",
    "_",
    "-_",
    "+0o_",
    "._",
    "-._",
    "1.10",
    "1.",
    ".1",
    ".",
    "..",
    "1e3",
    "1e+3",
    "1.e",
    ".inf",
    "-.INF",
    ".nan",
    "1:20",
    "190:20:30",
    "1:20.5",
    "2001-12-14",
    "2001-13-45",
    "2023-02-30",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 99:99:99",
    "9" * 5000,
    "a" * 2000,
    "a\nb",
    "a\n",
    "\na",
    "\n",
    "\n\n",
    "a\n\n",
    "a\n\nb\n",
    "a\n b\n",
    " a\nb",
    "a\n ",
    "a\n \n",
    "a\n  \nb",
    "a\n\tb\n",
    "\ta\nb",
    "a \nb \n",
    "a\n# b\n",
    "a\n---\nb\n",
    "a\n...\n",
    "a\n- b\nc: d\n",
    "a\r\nb\r\n",
    "a\rb",
    "\r",
    "a\r",
    "a\r\n\r\nb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "\ufeffa",
    "a\ufeffb",
    "\xa0",
    "a\x07b",
    "a\x7fb",
    "a\x9fb",
    "\x00",
    "\ufffe",
    "\U0001f600",
    "é",
]
SIGNS = " \t\r\n\x85\u2028\u2029\ufeff\xa0#:?-%@`,[]{}&*!|>'\"\\=<~.019e+_xobTaé\U0001f600\x07\x7f\x9f\ufffe/"
ANY_TEXT = (st.text(st.sampled_from(SIGNS), max_size=12) | st.text(max_size=8)).filter(lambda text: "#{" not in text)
# What readers make a number, a date or a mark of.
NUMBERS = st.text(st.sampled_from("019-+._:eExob tTZn~=<"), max_size=10)


def with_value(expected: object, text: str) -> object:
    if isinstance(expected, dict):
        return {key: with_value(value, text) for key, value in expected.items()}
    if isinstance(expected, list):
        return [with_value(value, text) for value in expected]
    return text if expected == VALUE else expected


def check(place: tuple[str, str, object], text: str) -> None:
    content, path, expected = place
    outcome = replace(content, {path: text}, name="f.yml", format="yaml")
    # Of several documents the last one counts: a variable is replaced in each of them.
    for name, read in READERS.items():
        assert read(outcome.text)[-1] == with_value(expected, text), (name, outcome.text)
    assert not outcome.warnings


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_text_is_read_back_in_every_place(text: str) -> None:
    for place in PLACES:
        check(place, text)
    for place in BLOCKS:
        # Line ends of a block are the file's, whatever they are in the value.
        check(place, text.replace("\r\n", "\n"))


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(PLACES + BLOCKS), text=ANY_TEXT | NUMBERS)
def test_any_text_is_read_back(place: tuple[str, str, object], text: str) -> None:
    check(place, text.replace("\r\n", "\n") if place in BLOCKS else text)


STRUCTURES = [
    ("k:\n  old: 1\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("k:\n- 1\n- 2\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("- old: 1\n- z\n", "0", [VALUE, "z"]),
    ("k: {old: 1}\nz: 1\n", "k", {"k": VALUE, "z": "1"}),
    ("[[old], z]\n", "0", [VALUE, "z"]),
    ("- k: [old] # c\n", "0:k", [{"k": VALUE}]),
]
DATA = st.recursive(
    ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(place=st.sampled_from(STRUCTURES), data=DATA, escaped=st.booleans())
def test_a_structure_of_any_texts_is_read_back(place: tuple[str, str, object], data: object, escaped: bool) -> None:
    content, path, expected = place
    value = json.dumps(data, ensure_ascii=escaped).replace("#{", "#\\u007b")
    outcome = replace(content, {path: value}, name="f.yml", format="yaml")
    meant = json.loads(json.dumps(expected).replace(json.dumps(VALUE), json.dumps(data)))
    for name, read in READERS.items():
        assert read(outcome.text)[-1] == meant, (name, outcome.text)
