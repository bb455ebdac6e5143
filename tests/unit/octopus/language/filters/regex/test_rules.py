"""Filters Match and Replace, as a table: a row is a rule of .NET's regular expressions.

Marks in the names: [T] the reference's own tests assert it, [S] read in its source or .NET's, [D] documented by .NET.
"""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import FilterError, NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters import apply


def replace(text: str | None, *arguments: str) -> str | None:
    return apply("Replace", text, arguments)


def match(text: str | None, *arguments: str) -> str | None:
    return apply("Match", text, arguments)


FILTERS = [
    # rule, filter, input, arguments, result
    ("[T] Match: found anywhere", "Match", "abcde", ["bc"], "true"),
    ("[T] Match: not found", "Match", "abcde", ["bd"], "false"),
    ("[T] Match is case-sensitive", "Match", "abcde", ["BC"], "false"),
    ("[T] Match: anchored", "Match", "abcde", ["^a.+e$"], "true"),
    ("[S] Match: an empty input", "Match", "", ["^$"], "true"),
    ("[S] Match: no input", "Match", None, ["a"], None),
    ("[T] Replace: all matches", "Replace", "abcabc", ["b", "x"], "axcaxc"),
    ("[T] Replace: without a replacement they vanish", "Replace", "abcabc", ["b"], "acac"),
    ("[T] Replace is case-sensitive", "Replace", "abcABC", ["B", "x"], "abcAxC"),
    ("[T] Replace: groups", "Replace", "abc", ["(a)(b)", "$2$1"], "bac"),
    ("[S] Replace: no input", "Replace", None, ["a", "b"], None),
    ("[S] Replace: the result is not replaced again", "Replace", "aa", ["a", "aa"], "aaaa"),
]


@pytest.mark.parametrize(
    ("name", "text", "arguments", "result"), [row[1:] for row in FILTERS], ids=[r[0] for r in FILTERS]
)
def test_filters(name: str, text: str | None, arguments: list[str], result: str | None) -> None:
    assert apply(name, text, tuple(arguments)) == result


@pytest.mark.parametrize(("name", "count"), [("Match", 0), ("Match", 2), ("Replace", 0), ("Replace", 3)])
def test_another_number_of_arguments_gives_no_result(name: str, count: int) -> None:
    with pytest.raises(NoResult, match="a regular expression"):
        apply(name, "text", ("a",) * count)


PATTERNS = [
    # rule, pattern, text with <every match> in brackets
    ("[D] characters", "ab", "a<ab>b<ab>"),
    ("[D] . is anything but a line feed", "a.c", "<abc> a\nc <a\rc>"),
    ("[D] . with option s", "(?s)a.c", "<a\nc>"),
    ("[D] ^ and $: the whole text", "^a$", "<a>\n"),
    ("[D] $ only before a final line feed", "a$", "a\n\n"),
    ("[D] ^ and $ with option m: every line", "(?m)^a$", "<a>\n<a>\nab\n<a>"),
    ("[D] $ with option m is not before a CR", "(?m)a$", "a\r\n<a>\n"),
    (r"[D] \A and \z", r"\Aa|a\z", "<a> a <a>"),
    (r"[D] \z is behind a final line feed", r"a\z", "a\n"),
    (r"[D] \Z may stand before it", r"a\Z", "a <a>\n"),
    (r"[D] \G: only where the match before ended", r"\Ga", "<a><a>ba"),
    (r"[S] \G moves on with each match", r"a?(?:\Gc|b)|a", "<a><c>"),
    (r"[D] \b", r"\ba\w*", "<a> b <ab> ba <a_é>"),
    (r"[D] \B", r"\Ba", "a b<a><a>"),
    (r"[S] a joiner does not end a word", "a\\b", "a\u200db <a>"),
    (r"[D] \d is any decimal digit", r"\d+", "a<12٣>b²"),
    (r"[D] \w is letters, digits, marks and connectors of any script", r"\w+", "<aé_9Ж‿> - <e\u0301> ²"),
    (r"[D] \s is white space of any kind", r"\s+", "a< \t\v\x85\u2003\u2028>b"),
    (r"[S] \s leaves out the separators of files", r"\s", "\x1c\x1f"),
    (r"[D] \D \W \S", r"\D\W\S", "1<a-x>"),
    (r"[D] \p{L}, \P{L}", r"\p{L}\P{L}\p{Nd}", "<é-1> --1"),
    (r"[D] \p{Lu} in a class", r"[\p{Lu}-]+", "a<B-É>c"),
    (r"[D] escapes for characters", r"\t\n\r\f\v\a\e\x41\u00e9\cA\0\101\.", "<\t\n\r\f\v\a\x1bAé\x01\x00A.>"),
    (r"[S] \c in lower case", r"\ca", "<\x01>"),
    ("[D] classes", "[abx-z]+", "<ab>c<yz>w"),
    ("[D] negated classes take line feeds", "[^a]+", "a<b\nc>a"),
    ("[D] ] comes first", "[]a]+", "<]a>b"),
    ("[D] ] comes first, negated", "[^]a]+", "]<b>a"),
    ("[D] - at the ends", "[-a]+[b-]+", "<a-b->"),
    (r"[D] an escaped - is no range", r"[a\-c]+", "b<a-c>"),
    (r"[S] - behind a class is itself", r"[\d-z]+", "y<1-z>"),
    (r"[S] a range may end at an escape", r"[+-\-]+", "<+,->."),
    ("[D] subtraction", "[a-z-[aeiou]]+", "a<bcd>e<fgh>i"),
    ("[D] subtraction within a subtraction", "[a-z-[a-y-[b]]]+", "a<bz>c"),
    (r"[D] subtraction from \w", r"[\w-[\d_]]+", "<ab>1_<c>"),
    (r"[S] \b in a class is a backspace", r"[\b]", "<\b>b"),
    ("[S] anchors are characters in a class", "[$^.]+", "a<.$^>"),
    ("[D] greedy", "<.+>|a.*b", "<aab b>"),
    ("[D] lazy", "a.*?b", "<aab> b"),
    ("[D] * + ?", "ab*c+d?", "<ac><abbccd>a"),
    ("[D] {n} {n,} {n,m}", "a{2}b{2,}c{1,2}", "ab<aabbbcc>c"),
    ("[D] lazy with counts", "a{1,3}?", "<a><a><a>"),
    ("[S] {} that counts nothing is text", "a{,2}b{}c{x}", "<a{,2}b{}c{x}>"),
    ("[D] the first alternative wins", "a|ab", "<a>b"),
    ("[D] an empty alternative", "a(|b)c", "<ac><abc>"),
    ("[D] an alternative is tried again", "(a|ab)(c|bcd)d*", "<abcd>"),
    ("[D] groups without capture", "(?:ab)+", "<abab>a"),
    ("[D] back-reference", r"(\w)\1", "ab<cc>d<ee>"),
    ("[D] back-reference by name", r"(?<x>.)-\k<x>\k'x'", "<a-aa> a-ab"),
    ("[S] a reference to a group that took no part fails", r"(a)?b\1", "b<aba>"),
    ("[S] a reference may stand before its group", r"(?:\2x|(a)(b))+", "<abbx>"),
    ("[S] a group that is referred to from within", r"(?:(a|b\1)+)c", "<abac>"),
    (r"[S] \10 without ten groups is octal", r"(a)\10", "<a\x08>"),
    (r"[S] a reference in a lookbehind: its group stands behind it", r"(?<=\1-(\w\w))!", "ab-ab<!> ab-ac!"),
    (r"[S] what an empty iteration captured counts in the next one", r"(?:a|)(?:\1b|a?())+c", "<abc>"),
    ("[D] lookahead", "a(?=b)", "<a>b ac"),
    ("[D] negative lookahead", "a(?!b)", "ab <a>c"),
    ("[D] lookbehind", "(?<=a)b", "a<b> cb"),
    ("[D] negative lookbehind", "(?<!a)b", "ab c<b>"),
    ("[D] lookbehind of any width", r"(?<=a\d*)b", "a12<b> a<b> 1b"),
    ("[D] a lookahead in a lookbehind", "(?<=a(?=bc))b", "a<b>c abd"),
    ("[D] an atomic group keeps its first match", "(?>a|ab)c", "abc <ac>"),
    ("[S] a lookahead keeps its first match", r"(?=(a+))\1b", "<aab>"),
    ("[D] option i", "(?i)straße", "<STRAßE>"),
    ("[D] option i in a class", "(?i)[a-c]+[^a-c]", "<ABcD>"),
    ("[D] option i for a group only", "(?i:a)b", "<Ab> AB"),
    ("[D] options switched off", "(?i)a(?-i)b", "<Ab> AB"),
    ("[D] options hold to the end of the group", "((?i)a)b", "<Ab> AB"),
    ("[S] options go on in the next alternative", "a(?i)b|c", "<aB> <C> Ab"),
    (r"[D] option i and a back-reference", r"(?i)(a)\1", "<aA>"),
    (r"[S] option i and \p{Lu}", r"(?i)\p{Lu}+", "<aA>1"),
    ("[D] option x: blanks and comments do not count", "(?x) a b # comment\n \\ c [ ] *", "<ab c  >"),
    ("[S] option x: blanks before a quantifier", "(?x) a + ?", "<a><a>"),
    ("[D] comments", "a(?#comment)b(?#, another one)+", "<abb>"),
    ("[S] without option x a hash is itself", "a #b", "<a #b>"),
]


@pytest.mark.parametrize(("pattern", "expected"), [row[1:] for row in PATTERNS], ids=[row[0] for row in PATTERNS])
def test_patterns(pattern: str, expected: str) -> None:
    text = expected.replace("<", "").replace(">", "")
    assert replace(text, pattern, "<$&>") == expected


REPLACEMENTS = [
    # rule, pattern, replacement, input, result
    ("[D] $1", "(a)(b)", "[$2$1]", "ab", "[ba]"),
    ("[D] $0 and $&", "a", "[$0$&]", "a", "[aa]"),
    ("[D] ${1}", "(a)", "${1}0", "a", "a0"),
    ("[D] ${name}", "(?<n>a)(?'m'b)", "${m}${n}", "ab", "ba"),
    ("[D] $$", "a", "$$1", "a", "$1"),
    ("[D] $` and $'", "b", "[$`|$']", "abc", "a[a|c]c"),
    ("[D] $+ is the last group", "(a)|(b)", "[$+]", "ab", "[][b]"),
    ("[S] $+ without groups is the match", "a", "[$+]", "a", "[a]"),
    ("[D] $_ is the input", "b", "[$_]", "abc", "a[abc]c"),
    ("[D] a number that is no group is text", "(a)", "$9${9}", "a", "$9${9}"),
    ("[S] $10 is group ten or text, never group one and a 0", "(a)", "$10", "a", "$10"),
    ("[S] $10 with ten groups", "(.)" * 10, "$10$1", "0123456789", "90"),
    ("[D] a name that is no group is text", "(?<n>a)", "${m}$n", "a", "${m}$n"),
    ("[S] names are case-sensitive", "(?<n>a)", "${N}", "a", "${N}"),
    ("[S] a $ that means nothing is text", "a", "$ $x ${ ${} $", "a", "$ $x ${ ${} $"),
    ("[S] an unfinished ${ does not hide what follows", "(a)", "${a$1}", "a", "${aa}"),
    ("[S] leading zeros", "(a)", "$01", "a", "a"),
    ("[D] a group that took no part is empty", "(a)|b", "[$1]", "ab", "[a][]"),
    ("[S] backslashes are text", "a", r"\1\n", "a", r"\1\n"),
    ("[D] named groups are counted behind the others", "(?<n>a)(b)", "$1$2", "ab", "ba"),
    ("[S] groups with a number", "(?<5>a)(b)", "$5$1$2", "ab", "ab$2"),
    ("[S] two groups of one name are one group", "(?<n>a)(?<n>b)", "${n}$1", "ab", "bb"),
    ("[S] a name's number is one that is free", "(?<2>a)(b)(?<n>c)", "$1$2$3", "abc", "bac"),
    ("[D] option n: only named groups capture", "(?n)(a)(?<x>b)", "$1$2", "ab", "b$2"),
    ("[D] the last iteration's capture", "(?:(a)|b)+", "[$1]", "aab", "[a]"),
    ("[S] a capture is undone on the way back", "(?:(a)|a)b|ac", "[$1]", "ac", "[]"),
    ("[S] captures of a lookahead stay", "(?=a(b))a", "[$1]", "ab", "[b]b"),
    ("[S] those of a negative one do not", "(?!(a)c)a", "[$1]", "ab", "[]b"),
    ("[S] a lookbehind matches from right to left", r"(?<=(\d+)(\d+))$", "[$1|$2]", "123", "123[1|23]"),
    ("[D] empty matches", "x*", "-", "abc", "-a-b-c-"),
    ("[S] an empty match behind another one", "a*", "-", "baac", "-b--c-"),
    ("[S] behind an empty match the search goes on one further", "|a", "-", "ab", "-a-b-"),
    ("[D] an empty pattern", "", "-", "ab", "-a-b-"),
    ("[S] a repetition ends at an empty iteration", "(|a)+", "[$1]", "a", "[]a[]"),
    ("[S] but only when the required ones are done", "(|a){2}b", "[$1]", "ab", "[a]"),
    ("[S] also a counted one", "(|b{2}|.{1,2}){1,2}?a", "[$&]", "ba a", "[ba a]"),
    ("[S] also a lazy one", "(a??)*?b", "[$1]", "aab", "[a]"),
    ("[S] an empty iteration's capture counts", "(a*)*", "[$1]", "b", "[]b[]"),
    ("[S] characters beyond U+FFFF (here: one)", "^.$", "x", "\U0001f600", "x"),
]


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "result"),
    [row[1:] for row in REPLACEMENTS],
    ids=[row[0] for row in REPLACEMENTS],
)
def test_replacements(pattern: str, replacement: str, text: str, result: str) -> None:
    assert replace(text, pattern, replacement) == result


ERRORS = [
    # rule, pattern, position, part of the reason
    ("an open group", "a(b", 2, "a ( without a )"),
    ("a closing bracket too many", "ab)", 3, "a ) without a ("),
    ("an open class", "ab[c", 3, "a [ without a ]"),
    ("an empty class", "[]", 1, "a [ without a ]"),
    ("an open subtraction", "[a-[b", 4, "a [ without a ]"),
    ("a subtraction that is not last", "[a-z-[b]c]", 5, "must come last"),
    ("a quantifier at the start", "*a", 1, "nothing before it"),
    ("a quantifier behind |", "a|+", 3, "nothing before it"),
    ("a quantifier twice", "a**", 3, "nothing before it"),
    ("a possessive quantifier", "a*+", 3, "nothing before it"),
    ("a quantifier behind options", "a(?i)*", 6, "nothing before it"),
    ("an inverted quantifier", "a{3,2}", 2, "n is larger than m"),
    ("a count that is too large", "a{99999999999}", 2, "too large"),
    ("a count with thousands of digits", "a{" + "9" * 5000 + "}", 2, "too large"),
    ("an inverted range", "[b-a]", 2, "first-last"),
    ("a class in a range", r"[a-\d]", 2, "first-last"),
    ("a final backslash", "a\\", 2, "nothing behind it"),
    ("an unknown escape", r"ab\q", 3, r"unknown escape \q"),
    ("a short hexadecimal escape", r"\x4", 1, "two hexadecimal digits"),
    ("a short Unicode escape", r"\u12", 1, "four hexadecimal digits"),
    ("a control character that is none", r"\c1", 1, r"\c needs a letter"),
    ("a category that is none", r"\p{Xx}", 1, "general categories"),
    ("a Unicode block", r"\p{IsGreek}", 1, "blocks are not supported"),
    ("a category without braces", r"\pL", 1, r"written \p{L}"),
    ("an unknown kind of group", "(?Px)", 1, "unknown kind of group"),
    ("Python's named groups", "(?P<n>a)", 1, "unknown kind of group"),
    ("an unknown option", "(?q)", 1, "unknown kind of group"),
    ("an open comment", "a(?#b", 2, "comment"),
    ("a bad name", "(?<a b>c)", 1, "a group's name"),
    ("a number with letters", "(?<1a>c)", 1, "a group's name"),
    ("group zero", "(?<0>c)", 1, "a group's name"),
    ("a reference to no group", r"(a)\2", 4, "a group that is not there"),
    ("a reference to no name", r"\k<a>", 1, "a group that is not there"),
    ("a reference by name, not finished", r"(?<a>b)\k<a", 8, r"\k<name>"),
    ("a conditional", "a(?(b)c|d)", 2, "conditionals"),
    ("a balancing group", "(?<a>b)(?<-a>c)", 8, "balancing groups"),
    ("a balancing group with a name", "(?<a>b)(?<c-a>d)", 8, "balancing groups"),
]


@pytest.mark.parametrize(("pattern", "position", "reason"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
@pytest.mark.parametrize("name", ["Match", "Replace"])
def test_a_bad_pattern_is_refused_with_position_and_reason(name: str, pattern: str, position: int, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        apply(name, "text", (pattern,))
    assert str(caught.value).startswith(f"regular expression, character {position}: ")
    assert reason in str(caught.value)


def test_a_replacement_with_a_number_that_is_too_large_is_refused() -> None:
    with pytest.raises(FilterError, match="replacement, character 2: the number is too large"):
        replace("a", "a", "x$" + "9" * 5000)
