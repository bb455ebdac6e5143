"""Filters that escape for a file format, and that the format's own reader gives the text back."""

from __future__ import annotations

import html
import json
from xml.etree import ElementTree

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters
from hypothesis import given
from hypothesis import strategies as st

RESULTS = [
    ("[T] HtmlEscape", "A&'b<c>\"/", "HtmlEscape", "A&amp;&apos;b&lt;c&gt;&quot;&#x2F;"),
    ("[T] XmlEscape leaves the slash", "A&'b<c>\"/", "XmlEscape", "A&amp;&apos;b&lt;c&gt;&quot;/"),
    ("[T] JsonEscape", 'a"b\\c\rd\ne\tf/', "JsonEscape", 'a\\"b\\\\c\\rd\\ne\\tf/'),
    ("[S] JsonEscape leaves other controls and letters", "\x01\x0bé", "JsonEscape", "\x01\x0bé"),
    ("[T] YamlSingleQuoteEscape doubles quotes", "\\'", "YamlSingleQuoteEscape", "\\''"),
    ("[T] ... and adds a newline to each run", "a\n\tb\n\n\tc", "YamlSingleQuoteEscape", "a\n\n\tb\n\n\n\tc"),
    ("[T] ... CRLF where the run starts with one", "a\r\nb", "YamlSingleQuoteEscape", "a\r\n\r\nb"),
    ("[T] ... LF where the run starts with that", "a\n\r\nb", "YamlSingleQuoteEscape", "a\n\n\r\nb"),
    ("[T] YamlDoubleQuoteEscape", "a\\b\"c\r\n\td'", "YamlDoubleQuoteEscape", "a\\\\b\\\"c\\r\\n\\td'"),
    ("[T] ... what is not plain ASCII by its number", "我\x7f", "YamlDoubleQuoteEscape", "\\u6211\\u007f"),
    ("[S] ... by UTF-16 unit, small letters", "😀\U0001fabc", "YamlDoubleQuoteEscape", "\\ud83d\\ude00\\ud83e\\udebc"),
    ("[T] PropertiesKeyEscape", " a:=\\\r\n\tb ", "PropertiesKeyEscape", "\\ a\\:\\=\\\\\\r\\n\\tb\\ "),
    ("[T] ... Latin-1 stays", "÷ü", "PropertiesKeyEscape", "÷ü"),
    ("[T] ... others by their number", "我", "PropertiesKeyEscape", "\\u6211"),
    ("[S] ... and so 0xFF", "þÿ", "PropertiesKeyEscape", "þ\\u00ff"),
    ("[T] PropertiesValueEscape", " a \n b :=\\", "PropertiesValueEscape", "\\ a \\n b :=\\\\"),
    ("[S] ... only the first blank", "  a", "PropertiesValueEscape", "\\  a"),
    ("[T] ... others by their number", "我", "PropertiesValueEscape", "\\u6211"),
]
NAMES = sorted({row[2] for row in RESULTS})


@pytest.mark.parametrize(("rule", "text", "name", "outcome"), RESULTS, ids=[f"{row[2]} {row[0]}" for row in RESULTS])
def test_escaped(rule: str, text: str, name: str, outcome: str) -> None:
    assert filters.apply(name, text, ()) == outcome


@pytest.mark.parametrize("name", NAMES)
def test_empty_stays_empty_and_there_are_no_arguments(name: str) -> None:
    """[T]"""
    assert filters.apply(name, "", ()) == ""
    with pytest.raises(NoResult, match='expected no argument, seen "x"'):
        filters.apply(name, "a", ("x",))


ANY = st.text(max_size=50)


@given(text=ANY)
def test_html_comes_back(text: str) -> None:
    assert html.unescape(filters.apply("HtmlEscape", text.replace("&", "&&amp;"), ())) == text.replace("&", "&&amp;")


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=50))
def test_xml_comes_back(text: str) -> None:
    content = ElementTree.fromstring(f"<a b='{filters.apply('XmlEscape', text, ())}'/>").get("b")  # noqa: S314 - our own
    assert content == text or any(ord(one) in (0xFFFE, 0xFFFF) for one in text)


@given(text=ANY)
def test_json_comes_back(text: str) -> None:
    assert json.loads(f'"{filters.apply("JsonEscape", text, ())}"', strict=False) == text


@given(text=ANY)
def test_yaml_between_double_quotes_comes_back(text: str) -> None:
    read = yaml.safe_load(f'"{filters.apply("YamlDoubleQuoteEscape", text, ())}"')
    # PyYAML leaves the halves of a surrogate pair apart.
    assert read.encode("utf-16", "surrogatepass").decode("utf-16") == text


@given(words=st.lists(st.from_regex(r"[a-z'\":#-]{1,5}", fullmatch=True), min_size=1), breaks=st.integers(1, 4))
def test_yaml_between_single_quotes_comes_back(words: list[str], breaks: int) -> None:
    text = ("\n" * breaks).join(words)
    assert yaml.safe_load(f"'{filters.apply('YamlSingleQuoteEscape', text, ())}'") == text


def read_properties(text: str) -> str:
    """What Java's Properties reads from an escaped piece."""
    text = text.replace("\\ ", " ").replace("\\:", ":").replace("\\=", "=")
    return text.encode("latin-1").decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16")


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\\"), max_size=50))
def test_properties_come_back(text: str) -> None:
    for name in ("PropertiesKeyEscape", "PropertiesValueEscape"):
        assert read_properties(filters.apply(name, text, ())) == text
