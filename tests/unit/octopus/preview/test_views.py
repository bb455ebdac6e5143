"""The page and the table: whatever a value is, it is text there."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import lxml.html
import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.preview import (
    Column,
    Preview,
    Target,
    Text,
    preview,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import Host, host_variables
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Catalog, Entry, Scope
from ansible_collections.elk.deploy.plugins.plugin_utils.preview_page import MANY, page
from ansible_collections.elk.deploy.plugins.plugin_utils.preview_table import MAX_ROWS, table

SECRET = 'correct-"horse"-<secret>'  # noqa: S105 - of no one

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "comment": "<!--<script>",
    "attribute": "\" onmouseover='alert(1)' x=`",
    "entity": "&lt;b&gt;",
    "style": "</style><template></details></summary>",
    "jinja": "{{ 7 * 7 }}{% for x in range(9) %}",
    "markup": "[bold red]x[/] :smile: [link=file:///]",
    "terminal": "\x1b]0;title\x07\x1b[2J\x9b31m",
    "nul": "a\x00b",
    "reversed": "\u202egnp.exe",
    "surrogate": "\ud83d",
    "lines": "one\r\n\ttwo\u2028three",
    "long": "x" * 300,
    "json": json.dumps({"a": ['"', "\\"]}),
}


def columns(values: dict[str, str]) -> list[Column]:
    """Environments ci (two hosts) and prod, with an entry for each value, and a few more."""
    entries = [
        Entry(f"Name{number} {value}"[:60], value, file="v.yml", line=number)
        for number, value in enumerate(values.values(), 1)
    ]
    entries += [
        Entry("Password", SECRET, sensitive=True, file="v.yml", line=90),
        Entry("Url", "https://#{Password}@host", file="v.yml", line=91),
        Entry("Host", "ci.example.com", Scope({"environment": ("ci",)}), file="v.yml", line=92),
        Entry("OnWeb", "web", Scope({"role": ("web",)}), file="w.yml", line=1),
        Entry("OnWeb", "all", file="v.yml", line=93),
        Entry("Elsewhere", "there", Scope({"environment": ("test",)}), file="v.yml", line=94),
    ]
    catalog = Catalog([("v.yml", [one for one in entries if one.file == "v.yml"]), ("w.yml", entries[-3:-2])])
    text = Text("a.conf", "#{Url} #{Host} #{OnWeb}")
    found = []
    for environment, hosts in (("ci", {"web1": ("web",), "db1": ("db",)}), ("prod", {"db2": ("db",)})):
        targets = tuple(
            Target(host_variables(Host(name, environment, groups=groups), catalog), (text,))
            for name, groups in hosts.items()
        )
        found.append(Column(environment, f"inventories/{environment}", targets, notes=("web1: <i>x</i> is left out",)))
    return found


@pytest.fixture(scope="module")
def hostile() -> Preview:
    return preview(columns(HOSTILE))


@pytest.fixture(scope="module")
def html(hostile: Preview) -> str:
    return page(hostile).decode("utf-8")


class Strict(HTMLParser):
    """Fails when tags are not closed in the order in which they were opened."""

    EMPTY = ("meta", "input")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def parsed(html: str) -> Strict:
    parser = Strict()
    parser.feed(html)
    parser.close()
    return parser


def test_page_is_well_formed(parsed: Strict) -> None:
    assert parsed.open == []


def test_page_needs_nothing_else_and_runs_only_its_own_script(parsed: Strict, html: str) -> None:
    tags = [tag for tag, _ in parsed.found]
    assert tags.count("script") == tags.count("style") == 1
    assert not {"link", "img", "iframe", "template", "base", "object"} & set(tags)
    attributes = {name for _, found in parsed.found for name in found}
    assert not {name for name in attributes if name.startswith("on") or name in ("src", "href", "style", "action")}
    assert "default-src 'none'" in html


def test_policy_has_the_hashes_of_style_and_script(html: str) -> None:
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in html


def rows_of(html: str) -> dict[str, lxml.html.HtmlElement]:
    return {one.find_class("name")[0].find("bdi").text: one for one in lxml.html.fromstring(html).find_class("row")}


SHOWN = {
    "terminal": "\\x1b]0;title\\x07\\x1b[2J\\x9b31m",
    "nul": "a\\x00b",
    "reversed": "\\u202egnp.exe",
    "surrogate": "\\ud83d",
    "lines": "one\\x0d\n\ttwo\\u2028three",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_values_are_text_on_the_page(kind: str, html: str) -> None:
    number = list(HOSTILE).index(kind) + 1
    row = next(row for name, row in rows_of(html).items() if name.startswith(f"Name{number} "))
    shown = SHOWN.get(kind, HOSTILE[kind])
    values = [code.text_content() for code in row.iter("code")]
    assert values[0] == shown, "in the cell"
    assert shown in values[1:], "as it was declared"


def test_control_characters_are_nowhere_on_the_page(html: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]", html)


def test_environments_with_the_same_value_share_a_cell(html: str) -> None:
    rows = rows_of(html)
    assert len(rows["Url"].find_class("cell")) == 1
    assert "s2" in rows["Url"].find_class("cell")[0].classes
    assert [one.text_content().split()[0] for one in rows["Host"].find_class("cell")] == ["ci", "prod"]
    assert "missing" in rows["Host"].classes


def test_flags_of_the_rows_are_what_the_filters_look_for(html: str) -> None:
    rows = rows_of(html)
    kinds = ("differs", "missing", "unused", "provided")
    names = ("Url", "Host", "OnWeb", "Octopus.Machine.Name")
    found = {name: [kind for kind in kinds if kind in rows[name].classes] for name in names}
    assert found == {
        "Url": [],
        "Host": ["differs", "missing"],
        "OnWeb": ["differs"],
        "Octopus.Machine.Name": ["differs", "provided"],
    }
    unused = {name for name, row in rows.items() if "unused" in row.classes}
    assert unused == {name for name in rows if name.startswith("Name") and not {":", "/"} & set(name)}
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    assert all(f'"{kind}"' in script for kind in kinds)


def test_many_variants_are_cut_in_the_cell_and_complete_in_the_row() -> None:
    catalog = Catalog()
    targets = tuple(Target(host_variables(Host(f"h{number}", "ci"), catalog)) for number in range(MANY + 3))
    html = page(preview([Column("ci", "inventories/ci", targets)])).decode()
    row = rows_of(html)["Octopus.Machine.Name"]
    assert len(row.find_class("variant")) == MANY
    assert "and 3 more" in row.find_class("cell")[0].text_content()
    assert f"h{MANY + 2}" in row.find_class("more")[0].text_content()


def test_page_and_table_have_no_secret(hostile: Preview, html: str) -> None:
    for shown in (html, table(hostile, width=200), table(hostile, width=200, words="password")):
        assert "correct" not in shown
        assert "<secret>" not in shown
        assert "*****" in shown


def test_the_same_variables_give_the_same_bytes() -> None:
    assert page(preview(columns(HOSTILE))) == page(preview(columns(HOSTILE)))


# -- the table -------------------------------------------------------------------------------------------------


def test_table_says_value_place_and_what_is_shadowed(hostile: Preview) -> None:
    lines = [re.split(r"\s{2,}", line.strip()) for line in table(hostile, width=200).splitlines()]
    assert ["OnWeb", "web", "ci (web)", "w.yml:1 (role web); shadows :93"] in lines
    assert ["all", "ci (db); prod", ":93"] in lines
    assert ["Host", "ci.example.com", "ci", ":92 (environment ci)"] in lines
    assert ["missing", "prod"] in lines
    assert ["Elsewhere", "only elsewhere", ":94 (environment test)"] in lines
    assert ["Password", "*****", "everywhere", ":90"] in lines
    problem = "a.conf:1:8: #{Host}: variable Host is not defined; it has values for: environment ci (v.yml:92) [prod]"
    assert [problem] in lines
    assert ["web1: <i>x</i> is left out"] in lines
    assert ["Line numbers without a file are those of v.yml."] in lines


def test_table_obeys_nothing_in_a_value(hostile: Preview) -> None:
    shown = table(hostile, width=200, words="name")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "[bold red]x[/] :smile:" in shown
    assert "\\x1b]0;title\\x07" in shown


@pytest.mark.parametrize("width", [40, 79, 120])
def test_table_is_not_wider_than_the_terminal(hostile: Preview, width: int) -> None:
    assert max(map(len, table(hostile, width=width).splitlines())) <= width


FILTERS = {
    "a name": ("onweb", {"OnWeb"}),
    "a value as it is evaluated": ("https://*****@host", {"Url"}),
    "a value as it is written": ("#{password}", {"Url"}),
    "a file": ("w.yml", {"OnWeb"}),
    "a host": ("web1 onweb", {"OnWeb"}),
    "an environment and a name": ("prod example.com", {"Host"}),
    "a name that is provided": ("octopus machine name", {"Octopus.Machine.Name"}),
    "nothing": ("nothing-has-this", set()),
}


@pytest.mark.parametrize(("words", "expected"), FILTERS.values(), ids=FILTERS)
def test_filter_of_the_table(words: str, expected: set[str], hostile: Preview) -> None:
    shown = table(hostile, width=200, words=words)
    names = ("OnWeb", "Url", "Host", "Octopus.Machine.Name", "Password")
    assert {name for name in names if re.search(rf"^ ?{name} ", shown, re.MULTILINE)} == expected


def test_a_long_table_is_cut_and_says_so() -> None:
    entries = [Entry(f"V{number:04}", "x", file="v.yml", line=number) for number in range(MAX_ROWS + 2)]
    target = Target(host_variables(Host("h", "ci"), Catalog([("v.yml", entries)])))
    shown = table(preview([Column("ci", "inventories/ci", (target,))]), width=80)
    assert f"V{MAX_ROWS - 1:04}" in shown
    assert f"V{MAX_ROWS:04}" not in shown
    assert "2 more variables are left out; a filter narrows the table." in shown


def test_colours_only_when_wanted(hostile: Preview) -> None:
    assert "\x1b[" in table(hostile, width=80, colour=True)
    assert "\x1b" not in table(hostile, width=80)
