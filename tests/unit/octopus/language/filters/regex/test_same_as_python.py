"""Generated patterns in what .NET and Python's ``re`` have in common: same matches, same groups, same replacement."""

from __future__ import annotations

import re

from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import FilterError
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters import apply
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex.matcher import (
    Groups,
    Matcher,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex.parser import parse
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters.regex.program import (
    compile_tree,
)
from hypothesis import given, settings
from hypothesis import strategies as st

# A pattern and whether it can match without taking a character. The engines differ in when they leave a loop whose
# iteration took nothing, so such a part is repeated only in ways where that cannot be seen.
Piece = tuple[str, bool]

CHARACTERS = st.sampled_from(["a", "b", "a", "b", ".", "[ab]", "[^a]", r"\w", r"\s", r"[^\W1]", r"(?<=a|1)b", "(?i:A)"])
PLACES = st.sampled_from(["^", "$", r"\b", r"\B", "(?m:^)", "(?m:$)", "(?<=a)", "(?<!b.)", ""])
ATOMS = CHARACTERS.map(lambda text: (text, False)) | PLACES.map(lambda text: (text, True))


def quantified(piece: Piece) -> st.SearchStrategy[Piece]:
    text, nullable = piece
    signs = ["*", "?", "*?", "??"] if nullable else ["*", "?", "*?", "??", "+", "+?", "{2}", "{1,2}", "{2,}?", "{0,2}?"]
    return st.sampled_from(signs).map(
        lambda sign: (f"(?:{text}){sign}", nullable or sign[0] in "*?" or sign.startswith("{0"))
    )


def composed(inner: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        parts.map(lambda some: ("".join(text for text, _ in some), all(nullable for _, nullable in some))),
        parts.map(lambda some: (f"(?:{'|'.join(text for text, _ in some)})", any(nullable for _, nullable in some))),
        inner.map(lambda piece: (f"({piece[0]})", piece[1])),
        inner.map(lambda piece: (f"(?>{piece[0]})", piece[1])),
        inner.map(lambda piece: (f"(?={piece[0]})", True)),
        inner.map(lambda piece: (f"(?!{piece[0]})", True)),
        inner.flatmap(quantified),
    )


PIECES = st.recursive(ATOMS, composed, max_leaves=9)
# A back-reference to a group that is closed before it.
PATTERNS = PIECES.map(lambda piece: piece[0]) | st.tuples(PIECES, PIECES).map(
    lambda two: rf"({two[0][0]})(?:{two[1][0]})\1"
)


def python_matches(pattern: re.Pattern[str], text: str) -> list[Groups]:
    """All matches with Python's engine, one behind the other as .NET does it."""
    found, at = [], 0
    while at <= len(text) and (match := pattern.search(text, at)):
        spans = [match.span(group) for group in range(pattern.groups + 1)]
        found.append(tuple(None if span == (-1, -1) else span for span in spans))
        at = match.end() + (match.end() == match.start())
    return found


@settings(max_examples=2500)
@given(pattern=PATTERNS, text=st.text("aab1 \n", min_size=1, max_size=8))  # \\B is special to re in an empty text
def test_spans_groups_and_replacement(pattern: str, text: str) -> None:
    expected = python_matches(re.compile(pattern), text)
    assert list(Matcher(compile_tree(parse(pattern)), text).matches()) == expected
    replaced, behind = "", 0
    for start, end in (groups[0] for groups in expected):
        replaced += f"{text[behind:start]}[{text[start:end]}]"
        behind = end
    assert apply("Replace", text, (pattern, "[$&]")) == replaced + text[behind:]
    assert apply("Match", text, (pattern,)) == ("true" if expected else "false")


SIGNS = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "^",
    "$",
    "|",
    "*",
    "+",
    "?",
    "\\",
    "-",
    "#",
    ",",
    ":",
    "=",
    "!",
    "<",
    ">",
    "'",
    ".",
]
WORDS = [
    "(?",
    "(?<",
    "(?'",
    "a",
    "b",
    "k",
    "p",
    "x",
    "u",
    "i",
    "1",
    "0",
    "9",
    "[^",
    "-[",
    r"\1",
    "{1",
    " ",
    "\n",
    "é",
    "\U0001f600",
]


@settings(max_examples=1000)
@given(
    pattern=st.lists(st.sampled_from(SIGNS + WORDS), max_size=15).map("".join) | st.text(max_size=20),
    replacement=st.lists(st.sampled_from(["$", "{", "}", "1", "a", "&", "_", "`", "'", "+"]), max_size=6).map("".join),
    text=st.text("ab1 \n\U0001f600", max_size=8),
)
def test_any_pattern_works_or_is_refused(pattern: str, replacement: str, text: str) -> None:
    try:
        result = apply("Replace", text, (pattern, replacement))
    except FilterError as error:
        assert str(error).startswith(("regular expression", "replacement"))  # noqa: PT017 - others must escape
    else:
        assert isinstance(result, str)
