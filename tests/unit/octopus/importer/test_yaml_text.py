"""Variable files: whatever is written is read back, sign by sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.yaml_text import entry_text
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.entries import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import (
    DIMENSIONS,
    Entry,
    Prompt,
    Scope,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yamllint import linter
from yamllint.config import YamlLintConfig

ROOT = Path(__file__).parents[4]

SIGNS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(
    " \n\t\r\0#{}[]:,'\"\\|>-&*!%@`?~\x85\u2028\ufeff\u200b😀"
)
TEXTS = st.text(SIGNS, max_size=30)
LINES = st.lists(st.text(st.sampled_from("ab #{:'\t"), max_size=6), max_size=6).map("\n".join)
NAMES = st.text(SIGNS, min_size=1, max_size=12).map(str.strip).filter(bool)
PLAIN_DIMENSIONS = [one for one in DIMENSIONS if one not in ("tenant_tag", "process")]
SCOPES = st.dictionaries(
    st.sampled_from(PLAIN_DIMENSIONS), st.lists(NAMES, min_size=1, max_size=3).map(tuple), max_size=4
).map(Scope)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    variable = draw(st.sampled_from(["", "vault_x"]))
    return Entry(
        name=draw(NAMES),
        value=None if variable else draw(st.none() | TEXTS | LINES),
        scope=draw(SCOPES),
        sensitive=bool(variable) or draw(st.booleans()),
        description=draw(st.just("") | TEXTS | LINES),
        prompt=draw(st.none() | st.builds(Prompt, TEXTS, TEXTS, st.booleans())),
        ansible_variable=variable,
    )


def read_back(written: str) -> list[Entry]:
    return [entry._replace(file="", line=0) for entry in parse_entries(written, "f")]


@settings(max_examples=400)
@given(entries())
def test_any_entry_is_read_back_equal(entry: Entry) -> None:
    assert read_back("---\n" + entry_text(entry)) == [entry]


@settings(max_examples=50)
@given(st.lists(TEXTS | LINES, min_size=2, max_size=4))
@example(["a\n", "b\n\n", "c"])
def test_one_entry_does_not_run_into_the_next(values: list[str]) -> None:
    expected = [Entry(f"v{number}", value) for number, value in enumerate(values)]
    assert read_back("".join(map(entry_text, expected))) == expected


VALUES = [
    ("without value", None, "null"),
    ("empty", "", '""'),
    ("leading zeros", "0600", '"0600"'),
    ("a word of YAML", "no", '"no"'),
    ("a token", "#{X}", '"#{X}"'),
    ("what looks like a comment", "a #{X} # b", '"a #{X} # b"'),
    ("braces of Jinja", "{{ x }}", '"{{ x }}"'),
    ("trailing blank", "a ", '"a "'),
    ("quotes", '{"a": "it\'s"}', "'{\"a\": \"it''s\"}'"),
    ("a Windows path", "C:\\new", "'C:\\new'"),
    ("lines", "a\n  b\n\nc", "|-\n    a\n      b\n\n    c"),
    ("lines with an end", "a\n#{each x in Y}\n", "|\n    a\n    #{each x in Y}\n"),
    ("a tab in lines", "a\n\tb", '"a\\n\\tb"'),
    ("a blank at the end of a line", "a \nb", '"a \\nb"'),
    ("a blank first line", "\na", '"\\na"'),
    ("an indented first line", "  a\nb", '"  a\\nb"'),
    ("empty lines at the end", "a\n\n", '"a\\n\\n"'),
    ("Windows line ends", "a\r\nb", '"a\\r\\nb"'),
    ("Unicode", "é😀", '"é😀"'),
    ("what no editor shows", "\0\x1b\x85\u2028\ufeff", '"\\u0000\\u001b\\u0085\\u2028\\ufeff"'),
]


@pytest.mark.parametrize(("value", "written"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values_are_easy_to_read_and_exact(value: str | None, written: str) -> None:
    text = entry_text(Entry("V", value))
    assert text == f"- name: V\n  value: {written.removesuffix(chr(10))}\n"
    assert read_back(text) == [Entry("V", value)]


def test_an_entry_with_everything() -> None:
    entry = Entry(
        name="Db:Main",
        value=None,
        scope=Scope({"environment": ("ci", "on"), "role": ("web",), "tenant_tag": ("Region/EU",)}),
        sensitive=True,
        description="why",
        prompt=Prompt("Which?", "", True),
        ansible_variable="vault_db_main",
    )
    assert (
        entry_text(entry)
        == """\
- name: "Db:Main"
  value: !ansible vault_db_main
  scope: {environment: [ci, "on"], role: web, tenant_tag: "Region/EU"}
  sensitive: true
  prompt:
    label: "Which?"
    required: true
  description: "why"
"""
    )


@settings(max_examples=50)
@given(st.lists(entries(), max_size=3))
def test_nothing_is_left_for_yamllint(written: list[Entry]) -> None:
    config = YamlLintConfig(file=str(ROOT / ".yamllint"))
    text = "---\n# yamllint disable rule:line-length\n" + ("".join(map(entry_text, written)) or "[]\n")
    assert not list(linter.run(text, config, "f.yml"))
