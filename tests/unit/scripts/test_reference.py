"""docs/reference/ is what `make reference` writes, and what it writes can be read."""

import importlib.util
import re
from pathlib import Path

import pytest
from elb_log_shipper.keys import WHOLE

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("reference", ROOT / "scripts/reference.py")
reference = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reference)


@pytest.fixture(scope="module")
def pages():
    return reference.render()


def test_what_is_committed_is_what_make_reference_writes(pages):
    committed = {path.name: path.read_text() for path in (ROOT / "docs/reference").iterdir()}
    stale = sorted(name for name in committed.keys() | pages.keys() if committed.get(name) != pages.get(name))
    assert stale == [], "run `make reference` and commit what it writes"


def test_every_role_has_a_page(pages):
    roles = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
    assert {f"{role}.md" for role in roles} <= pages.keys()


def test_every_module_filter_and_test_has_a_part(pages):
    names = {path.stem for kind in ("modules", "filter", "test") for path in (ROOT / "plugins" / kind).glob("*.py")}
    assert names <= set(re.findall(r"(?m)^### (\w+)$", pages["plugins.md"]))


def test_every_setting_of_the_log_shipper_has_a_part(pages):
    headings = re.findall(r"(?m)^### `(\w+)`$", pages["elb_log_shipper_settings.md"])
    assert sorted(headings) == sorted(reference.KEYS)


def test_a_setting_says_its_limits_choices_and_default():
    key = reference.Key(WHOLE, "What it is.", default=5, choices=("5", "6"), between=(1, 9), example=7)
    lines = reference.setting("Size", key)
    assert "whole number from 1 to 9 · default `5` · one of `5`, `6`" in lines
    assert {"### `Size`\n", "What it is.", '"Size": 7'} <= set(lines)


def test_no_markup_of_ansible_is_left(pages):
    prose = {name: re.sub(r"(?s)```yaml.*?```|`[^`]*`", "", text) for name, text in pages.items()}
    assert {name: found for name, text in prose.items() if (found := re.findall(r"\b[CVOLIB]\([^)]*\)", text))} == {}


def test_links_lead_to_pages(pages):
    for text in pages.values():
        links = re.findall(r"\]\(([^):]+\.md)\)", text)
        assert set(links) <= pages.keys()


def test_pages_that_nothing_is_behind_are_removed(tmp_path, monkeypatch):
    for name in ("old_role.md", "old.schema.json"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(reference, "render", lambda: {"README.md": "x\n"})
    reference.main(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("C(a) and V(b), O(c=d)", "`a` and `b`, `c=d`"),
        ("C(f(x)) stays whole", "`f(x)` stays whole"),
        ("L(the docs,https://example.com/a)", "[the docs](https://example.com/a)"),
        ("two\n lines", "two lines"),
        ("ABC(no markup)", "ABC(no markup)"),
    ],
)
def test_markup(marked, plain):
    assert reference.plain(marked) == plain


def test_nested_options_are_indented_below_theirs():
    spec = {"options": {"a": {"type": "dict", "description": "A.", "options": {"b": {"description": "B."}}}}}
    assert reference.suboptions(spec, 0) == ["- `a` (dict): A.", "  - `b` (str): B."]


def test_example_is_the_comment_below_its_default():
    defaults = '# What it is.\nx_name: ""\n# x_name:\n#   - id: a\n#     more: 1\n\n# Next.\nx_other: 1\n'
    assert reference.example_of("x_name", defaults) == "x_name:\n  - id: a\n    more: 1"
    assert reference.example_of("x_other", defaults) == ""


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({"type": "int", "default": 0}, "int · default `0`"),
        ({"type": "list", "elements": "str", "default": []}, "list of str · default `[]`"),
        ({"type": "bool", "default": True}, "bool · default `true`"),
        ({"required": True, "choices": ["a", "b"]}, "str · required · one of `a`, `b`"),
        ({"default": ""}, 'str · default `""`'),
    ],
)
def test_facts(spec, line):
    assert reference.facts(spec) == line
