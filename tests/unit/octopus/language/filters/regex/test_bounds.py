"""Hostile patterns and texts: work grows as the matcher promises, and nothing exhausts stack, memory or patience."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import FilterError
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters import apply
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex import (
    matcher as matcher_module,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex import parser
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex.matcher import Matcher
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex.parser import parse
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex.program import (
    compile_tree,
)
from growth import assert_linear


def steps(pattern: str, text: str) -> int:
    """The steps that finding all matches takes."""
    matcher = Matcher(compile_tree(parse(pattern)), text)
    list(matcher.matches())
    return matcher.steps


LINEAR = [
    "(a+)+$",
    "^(a+)+$",
    "(a|a)*b",
    "(?:a|a){30}b",
    "(a*)*b",
    "(a*?)*?b",
    "((((a*)*)*)*)*b",
    "(?:a?){20}a{20}b",
    "(.*)(.*)(.*)(.*)b",
    "a*b|a",
    "(?:a+|a*?b)+?c",
    "(a?|aa|a*)*$b",
    "(?=(?:a+)+b)a",
    "(?=.*a)a",
    "(?!.*b)a",
    "(?<=(?:a|a)*b)a",
    "(?<!^a*)a",
    "(?>a*)*b",
    "(?>(?:a|a)*)b",
    "(?i)(?:A+)+b",
    r"(?:\w+\s?)+$",
    r"^(?:[\w.-]+)+@",
    "(?:a|b|ab)*(?=c)",
]


@pytest.mark.parametrize("pattern", LINEAR)
def test_steps_grow_with_the_text(pattern: str) -> None:
    short, long = (steps(pattern, "a" * size + "!") for size in (200, 400))
    assert long < 2.1 * short


SQUARE = ["(?=(a*)b)a", "(?=(a+)*)a", "(?<=(a*))a", "(?=(.*))a", r"\Ga*b|a"]


@pytest.mark.parametrize("pattern", SQUARE)
def test_steps_grow_with_the_square_where_inner_matches_capture(pattern: str) -> None:
    short, long = (steps(pattern, "a" * size + "!") for size in (200, 400))
    assert long < 4.1 * short


@pytest.mark.parametrize("pattern", [r"(a+)+\1b", r"(a|a)*\1b", r"(?:(a)|(a))*\2\1b"])
def test_steps_are_a_polynomial_with_back_references(pattern: str) -> None:
    short, long = (steps(pattern, "a" * size + "!") for size in (20, 40))
    assert long < 17 * short  # the fourth power; one more character doubles it in an ordinary engine


def test_steps_grow_with_the_pattern() -> None:
    short, long = (steps(f"(?:{'|'.join(['a'] * size)}){{{size}}}{'b' * size}", "a" * 200) for size in (20, 40))
    assert long < 4.1 * short  # it is written out: twice the alternatives, twice the times


def test_what_follows_alternatives_is_tried_once_for_all_of_them() -> None:
    short, long = (steps(f"(?:{'|'.join(['a'] * size)}){'a' * size}b", "a" * 200) for size in (20, 40))
    assert long < 2.1 * short


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(?:a|a){30}b", "((a*)*)*b", "(x+x+)+y"])
def test_evil_patterns_are_answered_quickly(pattern: str) -> None:
    assert apply("Match", "a" * 3000 + "!", (pattern,)) == "false"
    assert_linear(lambda size: apply("Match", "a" * size + "!", (pattern,)), 400)


def test_too_many_steps_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher_module, "MAX_STEPS", 1000)
    assert apply("Match", "a" * 100, ("a*b",)) == "false"
    with pytest.raises(FilterError, match="more than 1000 steps"):
        apply("Match", "a" * 1000, ("a*b",))


def test_long_back_references_count_as_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher_module, "MAX_STEPS", 100_000)
    with pytest.raises(FilterError, match="more than 100000 steps"):
        apply("Match", "a" * 30_000, (r"(?i)^(a{10000})(?:\1c|\1d|\1e|\1f|\1g|\1h|\1i|\1j|\1k|\1l)",))


@pytest.mark.parametrize(
    "pattern", ["(?:a{200}){200}", "((((a{20}){20}){20}){20}){20}", "a{2000000000}", "(a|b){2000000000}"]
)
def test_a_pattern_that_is_too_large_when_written_out_is_refused(pattern: str) -> None:
    with pytest.raises(FilterError, match="it is too large"):
        apply("Match", "a", (pattern,))


@pytest.mark.parametrize(
    "pattern",
    ["(?:){2000000000}a", "(?:(?:b{0}){2000000000}){2000000000}a", "(?:a" + "b{0}(?:)" * 10_000 + "){1000}|a"],
)
def test_repeating_nothing_costs_nothing(pattern: str) -> None:
    assert apply("Match", "a", (pattern,)) == "true"


def test_a_result_that_is_too_long_is_refused() -> None:
    with pytest.raises(FilterError, match="the replacements are more than"):
        apply("Replace", "a" * 10_000, ("a", "$_"))


def test_parts_of_a_replacement_that_give_nothing_count_too() -> None:
    with pytest.raises(FilterError, match="the replacements are more than"):
        apply("Replace", "a" * 10_000, ("a|(b)", "$1" * 10_000))


def test_groups_count_at_every_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher_module, "MAX_STEPS", 100_000)
    assert apply("Replace", "a" * 1000, ("|(b)", "")) == "a" * 1000
    with pytest.raises(FilterError, match="more than 100000 steps"):
        apply("Replace", "a" * 1000, ("|" + "(b)" * 1000, ""))


def test_long_patterns() -> None:
    assert apply("Replace", "x" + "ab" * 4000, ("ab" * 4000, "y")) == "xy"
    assert apply("Replace", "word2999", ("|".join(f"word{number}x?" for number in range(1500, 0, -1)), "y")) == "y9"
    with pytest.raises(FilterError, match="it is too large"):
        apply("Match", "a", ("a" * 100_000,))


NESTED = [
    ("(", "a", ")"),
    ("(?:", "a", "|b)*"),
    ("(?=", "a", ")"),
    ("(?>", "a", "?)"),
    ("((?:", "a", ")?)+"),
    ("[a-", "[a]", "]"),
]


@pytest.mark.parametrize(("opening", "core", "closing"), NESTED)
def test_nesting_works_or_is_refused_with_little_stack(opening: str, core: str, closing: str) -> None:
    def nested(depth: int) -> str:
        groups = opening.count("(") or 1
        return apply("Match", "a", (opening * (depth // groups) + core + closing * (depth // groups),))

    depth, frame = 0, sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 600)  # of usually 1000, so what calls this may have 400
    try:
        assert nested(parser.MAX_DEPTH - 2) in ("true", "false")
        for hostile in (parser.MAX_DEPTH + 2, 100_000):
            with pytest.raises(FilterError, match="nested more than"):
                nested(hostile)
    finally:
        sys.setrecursionlimit(limit)
