"""Filters on plain text: a row is a rule, with the input, the filter and its arguments, and the outcome."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters

OD = "Octopus Deploy"
LINES = "one\ntwo\nthree"

RESULTS = [
    ("[T] ToUpper", "Abc", ("ToUpper",), "ABC"),
    ("[T] ToLower, any case of the name", "Abc", ("tolOWER",), "abc"),
    ("[I] a character maps to one character", "Straße", ("ToUpper",), "STRAßE"),
    ("[I] also where the language has a form for the end", "\u039b\u03a3", ("ToLower",), "\u03bb\u03c3"),
    ("[T] Trim", f" {OD}\t\n", ("Trim",), OD),
    ("[T] Trim start", f" {OD} ", ("Trim", "start"), f"{OD} "),
    ("[T] Trim end, any case", f" {OD} ", ("Trim", "End"), f" {OD}"),
    ("[S] Trim ignores what is behind the side", " a ", ("Trim", "end", "x", "y"), " a"),
    ("[T] Substring with a length", OD, ("Substring", "7"), "Octopus"),
    ("[T] Substring with start and length", OD, ("Substring", "8", "6"), "Deploy"),
    ("[S] Substring from behind the last character", OD, ("Substring", "14", "3"), ""),
    ("[S] Substring that is too long gives what is left", OD, ("Substring", "8", "99"), "Deploy"),
    ("[T] Truncate", OD, ("Truncate", "7"), "Octopus..."),
    ("[T] Truncate of what is short enough", OD, ("Truncate", "14"), OD),
    ("[S] Truncate with a suffix", OD, ("Truncate", "7", "+"), "Octopus+"),
    ("[S] Truncate with an empty suffix", OD, ("Truncate", "7", ""), "Octopus"),
    ("[S] Truncate to nothing", OD, ("Truncate", "0"), "..."),
    ("[T] StartsWith", OD, ("StartsWith", "Octo"), "true"),
    ("[T] StartsWith is case-sensitive", OD, ("StartsWith", "octo"), "false"),
    ("[T] EndsWith", OD, ("EndsWith", "ploy"), "true"),
    ("[T] EndsWith is case-sensitive", OD, ("EndsWith", "PLOY"), "false"),
    ("[T] Contains", OD, ("Contains", "s D"), "true"),
    ("[T] Contains is case-sensitive", OD, ("Contains", "S D"), "false"),
    ("[T] Append", "bar", ("Append", "a", " ", "b"), "bara b"),
    ("[T] Append to nothing", None, ("Append", "foo"), "foo"),
    ("[T] Prepend", "bar", ("Prepend", "a", " ", "b"), "a bbar"),
    ("[T] Prepend to nothing", None, ("Prepend", "foo"), "foo"),
    ("[T] Indent", LINES, ("Indent",), "    one\n    two\n    three"),
    ("[T] Indent of nothing", "", ("Indent", "7"), ""),
    ("[T] Indent with a size", LINES, ("Indent", "2"), "  one\n  two\n  three"),
    ("[T] Indent of the following lines only", LINES, ("Indent", "/3"), "one\n   two\n   three"),
    ("[T] Indent with two sizes", LINES, ("Indent", "3/2"), "   one\n  two\n  three"),
    ("[T] Indent with a text", LINES, ("Indent", "//"), "//one\n//two\n//three"),
    ("[T] Indent with two texts", LINES, ("Indent", "/* ", " * "), "/* one\n * two\n * three"),
    ("[S] Indent with two numbers takes them as texts", LINES, ("Indent", "1", "2"), "1one\n2two\n2three"),
    ("[T] Indent's largest size", "a\nb", ("Indent", "255"), f"{' ' * 255}a\n{' ' * 255}b"),
    ("[T] Indent beyond the largest size is a text", "a\nb", ("Indent", "256"), "256a\n256b"),
    ("[T] ... for the following lines", "a\nb", ("Indent", "/256"), "/256a\n/256b"),
    ("[T] ... for the first line", "a\nb", ("Indent", "256/3"), "256/3a\n256/3b"),
    ("[S] Indent after each line feed, carriage returns stay", "a\r\nb", ("Indent", "1"), " a\r\n b"),
]

NO_RESULTS = [
    # rule, input, filter with arguments, part of the reason
    ("[S] case takes no argument", "a", ("ToUpper", "x"), 'expected no argument, seen "x"'),
    ("[T] Trim with another word", OD, ("Trim", "Both"), 'expected start, end or no argument, seen "Both"'),
    (
        "[T] Substring without argument",
        OD,
        ("Substring",),
        "expected a length, or a start and a length, seen no argument",
    ),
    ("[T] Substring with three", OD, ("Substring", "1", "2", "3"), 'seen "1" "2" "3"'),
    ("[T] Substring with a word", OD, ("Substring", "0", "a"), 'whole numbers from 0, seen "0" "a"'),
    ("[T] Substring with a negative length", OD, ("Substring", "-1"), 'seen "-1"'),
    ("[T] Substring with a negative start", OD, ("Substring", "-1", "2"), 'seen "-1" "2"'),
    ("[S] Substring from behind the end", OD, ("Substring", "15", "1"), "the start 15 is behind the end of the text"),
    ("[S] Substring with a number beyond 32 bits", OD, ("Substring", "9" * 20), "whole numbers from 0"),
    ("[T] Truncate without argument", OD, ("Truncate",), "expected a length"),
    ("[T] Truncate with a word", OD, ("Truncate", "a"), 'expected a length, as a whole number from 0, seen "a"'),
    ("[T] Truncate with a negative length", OD, ("Truncate", "-1"), 'seen "-1"'),
    ("[T] StartsWith without argument", OD, ("StartsWith",), "expected a text, seen no argument"),
    ("[T] EndsWith with two", OD, ("EndsWith", "a", "b"), 'expected a text, seen "a" "b"'),
    ("[T] Contains without argument", OD, ("Contains",), "expected a text, seen no argument"),
    ("[T] Append without argument", "a", ("Append",), "expected one or more texts, seen no argument"),
    ("[T] Prepend without argument", None, ("Prepend",), "expected one or more texts, seen no argument"),
    ("[T] Indent with three arguments", OD, ("Indent", "a", "1", "b"), 'seen "a" "1" "b"'),
    ("an indented text has a largest size", "\n" * 10_000, ("Indent", "x" * 10_000), "more than 16777216 characters"),
    ("a long argument is shown whole or not at all", OD, ("Trim", "s" * 41), r"seen \(a text of 41 characters\)"),
]


def ids(rows: list[tuple]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(("rule", "text", "call", "outcome"), RESULTS, ids=ids(RESULTS))
def test_result(rule: str, text: str | None, call: tuple[str, ...], outcome: str) -> None:
    assert filters.apply(call[0], text, call[1:]) == outcome


@pytest.mark.parametrize(("rule", "text", "call", "reason"), NO_RESULTS, ids=ids(NO_RESULTS))
def test_no_result(rule: str, text: str | None, call: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NoResult, match=reason):
        filters.apply(call[0], text, call[1:])
