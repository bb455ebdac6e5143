"""Filters on URIs."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters
from hypothesis import given
from hypothesis import strategies as st

DOCS = "https://octopus.com/docs"
FULL = "HTTPS://me:pw@Octopus.com:8443/a/./b/../c d/%7E?q=1 2#f é"

PARTS = [
    # mark, URI, part, outcome
    ("[T]", DOCS, "AbsolutePath", "/docs"),
    ("[T]", DOCS, "AbsoluteUri", DOCS),
    ("[T]", DOCS, "Authority", "octopus.com"),
    ("[T]", DOCS, "DnsSafeHost", "octopus.com"),
    ("[T]", f"{DOCS}#filters", "Fragment", "#filters"),
    ("[T]", DOCS, "Host", "octopus.com"),
    ("[T]", DOCS, "HostAndPort", "octopus.com:443"),
    ("[T]", DOCS, "HostNameType", "Dns"),
    ("[T]", DOCS, "IsAbsoluteUri", "true"),
    ("[T]", DOCS, "IsDefaultPort", "true"),
    ("[T]", DOCS, "IsFile", "false"),
    ("[T]", DOCS, "IsLoopback", "false"),
    ("[T]", DOCS, "IsUnc", "false"),
    ("[T]", DOCS, "Path", "/docs"),
    ("[T]", f"{DOCS}?filter=faq", "PathAndQuery", "/docs?filter=faq"),
    ("[T]", DOCS, "Port", "443"),
    ("[T]", f"{DOCS}?filter=faq", "Query", "?filter=faq"),
    ("[T]", DOCS, "Scheme", "https"),
    ("[T]", DOCS, "SchemeAndServer", "https://octopus.com"),
    ("[T]", "https://username:password@octopus.com", "UserInfo", "username:password"),
    ("[S]", DOCS, "hostANDport", "octopus.com:443"),
    ("[I]", FULL, "AbsoluteUri", "https://me:pw@octopus.com:8443/a/c%20d/%7E?q=1%202#f%20%C3%A9"),
    ("[I]", FULL, "AbsolutePath", "/a/c%20d/%7E"),
    ("[I]", FULL, "Path", "/a/c d/~"),
    ("[I]", FULL, "Authority", "octopus.com:8443"),
    ("[I]", FULL, "SchemeAndServer", "https://octopus.com:8443"),
    ("[I]", FULL, "IsDefaultPort", "false"),
    ("[I]", "https://octopus.com:443", "Authority", "octopus.com"),
    ("[I]", "https://octopus.com", "AbsoluteUri", "https://octopus.com/"),
    ("[I]", "https://a/b/..", "AbsolutePath", "/"),
    ("[I]", "https://a/b/c/..", "AbsolutePath", "/b/"),
    ("[I]", "https://a/../../b", "AbsolutePath", "/b"),
    ("[I]", "https://a/100%/%41", "AbsolutePath", "/100%25/%41"),
    ("[I]", "http://127.1.2.3:80/", "IsLoopback", "true"),
    ("[I]", "http://127.1.2.3:80/", "HostNameType", "IPv4"),
    ("[I]", "http://localhost", "IsLoopback", "true"),
    ("[I]", "http://[::1]:8080/", "Host", "[::1]"),
    ("[I]", "http://[::1]:8080/", "DnsSafeHost", "::1"),
    ("[I]", "http://[::1]:8080/", "HostNameType", "IPv6"),
    ("[I]", "http://[::1]:8080/", "HostAndPort", "[::1]:8080"),
    ("[I]", "amqp://broker/queue", "Port", "-1"),
    ("[I]", "amqp://broker/queue", "HostAndPort", "broker"),
    ("[I]", "amqp://broker:5672/queue", "HostAndPort", "broker:5672"),
    ("[I]", "file:///etc/hosts", "IsFile", "true"),
    ("[I]", "file:///etc/hosts", "IsLoopback", "true"),
    ("[I]", "file:///etc/hosts", "HostNameType", "Basic"),
    ("[I]", "file:///etc/hosts", "Path", "/etc/hosts"),
    ("[I]", "file://server/share/a b", "IsUnc", "true"),
    ("[I]", "file://server/share/a b", "Path", r"\\server\share\a b"),
    ("[I]", "urn:isbn:1", "AbsoluteUri", "urn:isbn:1"),
    ("[I]", "urn:isbn:1", "HostNameType", "Unknown"),
    ("[I]", "urn:isbn:1", "Path", "isbn:1"),
    ("[T]", "/docs", "Host", "[UriPart Host error: This operation is not supported for a relative URI.]"),
    ("[S]", "docs?a", "isFile", "[UriPart isFile error: This operation is not supported for a relative URI.]"),
    ("[S]", "/docs", "IsAbsoluteUri", "false"),
    ("[T]", DOCS, "bar", "[UriPart bar error: argument 'bar' not supported]"),
    ("[S]", "/docs", "bar", "[UriPart bar error: argument 'bar' not supported]"),
    ("[S]", "http://", "Host", "http://"),
    ("[S]", "http://a:99999/", "Host", "http://a:99999/"),
    ("[S]", "http://a b/", "bar", "http://a b/"),
    ("[S]", "http://[::1/", "Host", "http://[::1/"),
]


@pytest.mark.parametrize(("mark", "uri", "part", "outcome"), PARTS, ids=[" ".join(row[:3]) for row in PARTS])
def test_part(mark: str, uri: str, part: str, outcome: str) -> None:
    assert filters.apply("UriPart", uri, (part,)) == outcome


def test_part_without_argument() -> None:
    """[T]"""
    assert filters.apply("UriPart", DOCS, ()) == "[UriPart error: no argument given]"


def test_part_ignores_other_arguments() -> None:
    """[S]"""
    assert filters.apply("UriPart", DOCS, ("Host", "x")) == "octopus.com"


@pytest.mark.parametrize("path", ["C:\\dir", "c:/dir", "\\\\server\\share"])
def test_part_of_a_windows_path(path: str) -> None:
    with pytest.raises(NoResult, match="the value is a Windows path"):
        filters.apply("UriPart", path, ("Path",))


ESCAPED = [
    ("[T] UriDataEscape", "UriDataEscape", "A b:c+d/e", "A%20b%3Ac%2Bd%2Fe"),
    ("[S] ... leaves the unreserved", "UriDataEscape", "aZ09-_.~", "aZ09-_.~"),
    ("[S] ... all else as UTF-8", "UriDataEscape", "é%!*'()", "%C3%A9%25%21%2A%27%28%29"),
    ("[T] UriEscape", "UriEscape", "A b:c+d/e", "A%20b:c+d/e"),
    ("[S] ... leaves the reserved", "UriEscape", ";/?:@&=+$,#[]!*'()", ";/?:@&=+$,#[]!*'()"),
    ("[S] ... escapes an escape again", "UriEscape", "%20<é>", "%2520%3C%C3%A9%3E"),
    ("[T] nothing", "UriEscape", "", ""),
]


@pytest.mark.parametrize(("rule", "name", "text", "outcome"), ESCAPED, ids=[row[0] for row in ESCAPED])
def test_escaped(rule: str, name: str, text: str, outcome: str) -> None:
    assert filters.apply(name, text, ()) == outcome


@pytest.mark.parametrize("name", ["UriEscape", "UriDataEscape"])
@given(text=st.text(max_size=50))
def test_escapes_come_back(name: str, text: str) -> None:
    assert unquote(filters.apply(name, text, ())) == text
