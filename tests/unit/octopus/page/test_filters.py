"""docs/octopus.md, Filters, and what Choices says of filters and of limits."""

from __future__ import annotations

import re

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import evaluate, render
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters import registry
from octopus_page import PAGE, says


def test_every_filter_is_on_the_page_and_no_other() -> None:
    section = re.search(r"## Filters\n(.*?)\n\n", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    listed = {name for names in re.findall(r"`([^`]+)`", section) for name in names.split()}
    assert {name.lower() for name in listed} == {name.lower() for name in known()}


def known() -> list[str]:
    return [*registry._FILTERS, "null"] if "null" not in registry._FILTERS else list(registry._FILTERS)


ROWS = [
    (
        "Lengths count characters; .NET counts UTF-16 units and can cut an emoji in half.",
        "\U0001f600ab",
        'Truncate 2 ""',
        "\U0001f600a",
    ),
    ("Case maps one character to one (`ß` stays).", "aß", "ToUpper", "Aß"),
    ("Halves are rounded away from zero.", "2.5", "Format decimal F0", "3"),
    ("A `double` is formatted by its exact value (`2.675` with `F2` is `2.67`).", "2.675", "Format double F2", "2.67"),
    (
        (
            "A version's number ends where no letter or digit follows: `1.2.3rc` has the pre-release `3rc`, "
            "`1.2_beta` has `beta`."
        ),
        "1.2.3rc",
        "VersionPreRelease",
        "3rc",
    ),
    ("`1.2_beta` has `beta`", "1.2_beta", "VersionPreRelease", "beta"),
    ("`UriEscape` keeps `[` and `]`, as .NET does.", "a[b] c", "UriEscape", "a[b]%20c"),
    (
        "For a scheme without a default port, `UriPart HostAndPort` gives the host alone and `Port` gives -1.",
        "amqp://h/p",
        "UriPart HostAndPort",
        "h",
    ),
    ("`Port` gives -1", "amqp://h/p", "UriPart Port", "-1"),
    ("`/docs` is always relative.", "/docs", "UriPart IsAbsoluteUri", "false"),
    (
        "`Markdown` refuses `javascript:`, `vbscript:` and most `data:` links.",
        "[a](javascript:b)",
        "Markdown",
        "<p>[a](javascript:b)</p>\n\n",
    ),
    ("Formats are .NET's in the invariant culture (currency `¤`).", "1", "Format decimal C", "¤1.00"),
    ("`Match` and `Replace` take .NET's regular expressions.", "a1b22", 'Replace "\\d+(?=b)" "-"', "a-b22"),
    ("A character beyond U+FFFF is one character, not two.", "\U0001f600", 'Match "^.$"', "true"),
]


@pytest.mark.parametrize(("quote", "value", "chain", "outcome"), ROWS, ids=[row[2] for row in ROWS])
def test_outcomes(quote: str, value: str, chain: str, outcome: str) -> None:
    says(quote)
    assert evaluate(f"#{{V | {chain}}}", {"V": value}).text.lower() == outcome.lower()


@says("An unknown encoding for `FromBase64` gives no result even if the value is bad base64.")
def test_an_unknown_encoding() -> None:
    assert evaluate("#{V | FromBase64 latin1}", {"V": "?"}).text == '#{V | FromBase64 "latin1"}'


@says(
    "A filter that gives no result leaves the token in place, and the message says what it was "
    "given and what it expected."
)
def test_a_filter_without_result() -> None:
    result = render("#{V | Substring a}", {"V": "x"})
    assert result.text == '#{V | Substring "a"}'
    assert 'seen "a"' in result.problems[0].reason
    assert "expected" in result.problems[0].reason


LIMITS = [
    ("what a token is made of may be nested 60 deep", "#{A | Append " * 70 + "#{A}" + "}" * 70),
    ("a value may have 16 million characters", "#{" + "Big" + "}" * 1 + "#{Bigger}"),
    ("a format string 500 characters", '#{One | Format decimal "' + "0" * 501 + '"}'),
    ("a precision 999", "#{One | Format decimal F1000}"),
    (
        "as is a pattern of more than 20,000 instructions or more than 50 levels",
        '#{A | Match "' + "(" * 51 + "a" + ")" * 51 + '"}',
    ),
    (
        "Where the reference ends in an exception (bad base64, a bad regular expression, a bad "
        "version), the actions report the "
        "token among the other problems.",
        "#{Bad | FromBase64}",
    ),
    ("Where the reference ends in an exception", '#{A | Match "("}'),
    ("Where the reference ends in an exception", "#{Empty | VersionMajor}"),
]


@pytest.mark.parametrize(("quote", "text"), LIMITS, ids=[row[0][:40] for row in LIMITS])
def test_limits_are_problems(quote: str, text: str) -> None:
    says(quote)
    values = {f"D{n}": f"#{{D{n + 1}}}#{{D{n + 1}}}" for n in range(26)} | {"D26": "x", "Bigger": "#{D0}"}
    names = {"A": "a", "One": "1", "Bad": "?", "Big": "b", "Empty": "", **(values if "Bigger" in text else {})}
    assert render(text, names).problems


@says(
    "Beyond it the evaluation ends, with the token's line and column and the variable.",
    "The values that go into one structured file also share one budget.",
)
def test_the_budget() -> None:
    values = {f"D{n}": f"#{{D{n + 1}}}#{{D{n + 1}}}" for n in range(17)} | {"D17": "x&" * 5, "L": ",".join("a" * 100)}
    problem = render("a\n #{each x in L}#{D0 | XmlEscape}#{/each}", values).problems[0]
    assert (problem.line, problem.column) == (2, 2)
    assert "D" in problem.reason


@says("`password => #{Password | LogstashString}`, without quotes around it, writes a whole string")
def test_a_string_of_a_pipeline() -> None:
    assert evaluate("#{P | LogstashString}", {"P": "it's"}).text == '"it\'s"'
    assert evaluate("#{P | LogstashString}", {"P": 'a"b'}).text == "'a\"b'"
    assert evaluate("#{P | LogstashString escapes}", {"P": "a\"b'\n"}).text == '"a\\"b\'\\n"'
    for value in ("a\"b'c", "a\\"):
        (problem,) = render("#{P | LogstashString}", {"P": value}).problems
        assert "logstash_keystore" in problem.reason


@says("JSON 64;")
def test_json_that_is_nested_deeper_is_none() -> None:
    deep = '{"a":' * 65 + "1" + "}" * 65
    assert evaluate("#{J.a}", {"J": deep}).text == "#{J.a}"
    assert evaluate("#{J.a.a.a}", {"J": deep[5:-1]}).text != "#{J.a.a.a}"
