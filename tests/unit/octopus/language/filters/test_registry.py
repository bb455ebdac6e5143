"""The table of filters, and extensions of whoever embeds the language."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters import registry

# Each filter of the table, with arguments that suit it.
CALLS = {
    **dict.fromkeys(
        ["ToLower", "ToUpper", "Trim", "Indent", "ToBase64", "FromBase64", "UriEscape", "UriDataEscape"], ()
    ),
    **dict.fromkeys(["HtmlEscape", "XmlEscape", "JsonEscape", "YamlSingleQuoteEscape", "YamlDoubleQuoteEscape"], ()),
    **dict.fromkeys(["PropertiesKeyEscape", "PropertiesValueEscape", "Markdown", "MarkdownToHtml"], ()),
    **dict.fromkeys(["Md5", "Sha1", "Sha256", "Sha384", "Sha512"], ()),
    **dict.fromkeys(["VersionMajor", "VersionMinor", "VersionPatch", "VersionRevision", "VersionMetadata"], ()),
    **dict.fromkeys(["VersionPreRelease", "VersionPreReleasePrefix", "VersionPreReleaseCounter"], ()),
    **dict.fromkeys(["StartsWith", "EndsWith", "Contains", "Substring", "Truncate", "AddHours", "AddDays"], ("1",)),
    "UriPart": ("Host",),
    "Format": ("d",),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_missing_input_gives_no_result(name: str) -> None:
    """[T] The token is echoed; what is to report is the variable, so the filter gives no reason of its own."""
    assert filters.known(name)
    assert filters.apply(name, None, CALLS[name]) is None


@pytest.fixture
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_EXTENSIONS", {})


@pytest.mark.usefixtures("extensions")
def test_an_extension_is_a_filter() -> None:
    """[T]"""
    assert not filters.known("Reverse")
    assert filters.apply("Reverse", "abc", ()) is None
    filters.register_extension("Reverse")(lambda text, arguments: text[::-1] + "".join(arguments))
    assert filters.known("reVERSE")
    assert filters.apply("reverse", "abc", ("x",)) == "cbax"


@pytest.mark.usefixtures("extensions")
def test_an_extension_is_tried_where_the_built_in_filter_has_no_result() -> None:
    """[S]"""
    filters.register_extension("ToUpper")(lambda text, arguments: f"extension {text} {arguments}")
    assert filters.apply("ToUpper", "a", ()) == "A"
    assert filters.apply("ToUpper", "a", ("x",)) == "extension a ('x',)"
    assert filters.apply("ToUpper", None, ()) == "extension None ()"


@pytest.mark.usefixtures("extensions")
def test_an_extension_may_have_no_result_either() -> None:
    filters.register_extension("ToUpper")(lambda text, arguments: None)
    assert filters.apply("ToUpper", "a", ("x",)) is None
    with pytest.raises(NoResult):
        filters.apply("ToLower", "a", ("x",))
