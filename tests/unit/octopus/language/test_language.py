"""The language, as a table: a row is a rule, with the text, the outcome and the tokens reported as missing.

Marks in the names: [T] the reference's own tests assert it, [S] read in its source, [P] probed.
"""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import (
    CircularReference,
    VariableError,
    VariableSet,
    evaluate,
    is_true,
    render,
)

VARIABLES = {
    "X": "1",
    "Foo": "bar",
    "Nothing": None,
    "Empty": "",
    "Foo Bar Jazz": "inner blanks",
    "Åäö9": "unicode",
    "a_-:/~()@": "signs",
    "A.B": "dotted",
    "A.Deep.C": "deep",
    "Nested": "<#{Foo}>",
    "Twice": "#{Nested}#{Nested}",
    "BrokenInside": "#{Nope}",
    "Escaped": "##{X}",
    "Bad": "x #{ y",
    "List[a]": "first",
    "List[b]": "second",
    "List[b].Name": "second's",
    "OnlyName[b].Name": "2",
    "Empty index[]": "none",
    "Package[containers[0].container]": "brackets",
    "Key": "b",
    "KeyOfKey": "#{Key}",
    "Dotted key": "a.b",
    "List[a.b]": "dots in an index",
    "/root": "xpath",
    "Text": "One",
    "No": " No ",
    "Zero": "0",
    "Zero blank": " 0 ",
    "Csv": "a, b,,c",
    "Outer": "#{item}",
    "Servers[web].Port": "80",
    "Servers[db].Port": "5432",
    "Servers[db].Url": "db:#{item.Port}",
    "Action[Package A].Name": "A",
    "Action[Package A].Roles": "a,b",
    "Action[Package B].Name": "#{Foo}",
    "Action[Package B].Roles": "c",
    "Action[].Name": "Z",
    "Action[].Roles": "y",
    "Action[].StepName": "Step 1",
    "Step[Step 1].Status": "Running",
    "A/b": "slash",
    "/a": "leading slash",
}

PLAIN = [
    # rule, text, outcome
    ("[T] text without #{ stays as it is, hashes too", "a ## {b} #", "a ## {b} #"),
    ("[T] a token gives the value", "<#{Foo}>", "<bar>"),
    ("[T] names compare without case", "#{fOO}", "bar"),
    ("[T] a variable without value is empty", "<#{Nothing}>", "<>"),
    ("[T] an empty variable is not missing", "<#{Empty}>", "<>"),
    ("[T] a single hash is text", "# #{X} #", "# 1 #"),
    ("[T] one hash: the value", "#{X}", "1"),
    ("[T] two hashes: escaped", "##{X}", "#{X}"),
    ("[T] three hashes: a hash and the value", "###{X}", "#1"),
    ("[P] four hashes", "####{X}", "###{X}"),
    ("[P] five hashes", "#####{X}", "###1"),
    ("[T] an escape of a block's tag", "##{if X}", "#{if X}"),
    ("[T] an escape of what is no token", "##{", "#{"),
    ("[P] a backslash is no escape", "\\#{X}", "\\1"),
    ("[P] a dollar is no escape", "$#{X}", "$1"),
    ("[T] an escape inside of other text", "a##{b #{X}}", "a#{b 1}"),
]

PATHS = [
    ("[T] blanks inside an identifier count", "#{Foo Bar Jazz}", "inner blanks"),
    ("[T] identifiers are trimmed", "#{  Foo\n}", "bar"),
    ("[T] letters and digits of any script", "#{åäö9}", "unicode"),
    ("[S] signs of identifiers", "#{a_-:/~()@}", "signs"),
    ("[T] dots", "#{A.B}#{a.deep.c}", "dotteddeep"),
    ("[P] blanks around a dot", "#{ A . B }", "dotted"),
    ("[T] index", "#{List[a]}", "first"),
    ("[T] an index compares without case", "#{List[A]}", "first"),
    ("[P] blanks before and after the bracket", "#{List [ a]}", "first"),
    ("[T] a name behind an index", "#{List[b].Name}", "second's"),
    ("[P] a place made by an index has its text as value", "#{OnlyName[b]}", "b"),
    ("[T] an empty index", "#{Empty index[]}", "none"),
    ("[T] brackets and dots within an index are text", "#{Package[containers[0].container]}", "brackets"),
    ("[T] lookup", "#{List[#{Key}]}", "second"),
    ("[T] a lookup's value may hold tokens", "#{List[#{KeyOfKey}].Name}", "second's"),
    ("[T] a lookup's value is one index, dots and all", "#{List[#{Dotted key}]}", "dots in an index"),
    ("[T] [*] is the first index", "#{List[*]}", "first"),
    ("[P] a name that starts with / needs a blank", "#{ /root}", "xpath"),
    ("[T] a slash in a name", "#{A/b}", "slash"),
    ("[T] a lookup in the middle of a path", "#{Step[#{Action[].StepName}].Status}", "Running"),
]

MISSING = [
    # rule, text, outcome, missing
    ("[T] a missing variable is echoed", "<#{Nope}>", "<#{Nope}>", ["#{Nope}"]),
    ("[T] canonical form: no needless blanks", "#{ No . Pe [ x] }", "#{No.Pe[x]}", ["#{No.Pe[x]}"]),
    ("[T] canonical form of an unknown filter", "#{Foo|Bar 6}", '#{Foo | Bar "6"}', ['#{Foo | Bar "6"}']),
    ("[T] distinct tokens, in order", "#{B1}#{A1}#{b1}#{B1}", "#{B1}#{A1}#{b1}#{B1}", ["#{B1}", "#{A1}", "#{b1}"]),
    ("[P] a place without own value is missing", "#{A.Deep}", "#{A.Deep}", ["#{A.Deep}"]),
    ("[P] a missing one inside of a value is echoed there", "<#{BrokenInside}>", "<#{Nope}>", ["#{Nope}"]),
    ("[T] a missing lookup: the whole path", "#{List[#{Nope}]}", "#{List[#{Nope}]}", ["#{List[#{Nope}]}"]),
    ("[P] a lookup with more than a path is text", "#{List[#{Key}x]}", "#{List[#{Key}x]}", ["#{List[#{Key}x]}"]),
    ("[P] trailing blanks of an index count", "#{List[a ]}", "#{List[a ]}", ["#{List[a ]}"]),
    ("[P] an unclosed plain if is a variable", "#{if X}a#{X}", "#{if X}a1", ["#{if X}"]),
    ("[P] a stray else is a variable", "#{else}", "#{else}", ["#{else}"]),
    ("[P] elseif in an unless is a variable", "#{unless Nope}#{elseif Y}#{/unless}", "#{elseif Y}", ["#{elseif Y}"]),
    ("[T] a filter on a missing value", "#{Nope | ToUpper}", "#{Nope | ToUpper}", ["#{Nope | ToUpper}"]),
]

VALUES = [
    ("[T] values are templates", "#{Nested}", "<bar>"),
    ("[T] to any depth, at every use", "#{Twice}", "<bar><bar>"),
    ("[P] an outcome is not evaluated again", "#{Escaped}", "#{X}"),
    ("[S] a value that does not parse is used as it is", "#{Bad}", "x #{ y"),
]

SYNTAX = [
    # rule, text, lenient outcome
    ("[P] up to the furthest offset, then on", "a #{foo #{X} b", "a #{foo 1 b"),
    ("[T] an unclosed token", "#{dog #{X}", "#{dog 1"),
    ("[T] nothing in it", "#{}#{X}", "#{}1"),
    ("[T] blanks in it", "#{ }#{X}", "#{ }1"),
    ("[P] a sign that is not allowed", "#{$x} #{X}", "#{$x} 1"),
    ("[P] a hash", "#{#x} #{X}", "#{#x} 1"),
    ("[P] a plus", "#{a+b} #{X}", "#{a+b} 1"),
    ("[P] a call", '#{event.get("[a]")} #{X}', '#{event.get("[a]")} 1'),
    ("[P] a variable with the word in", "#{a in b} #{X}", "#{a in b} 1"),
    ("[P] a stray closing tag", "#{/if}#{X}", "#{/if}1"),
    ("[P] a name that starts with /", "#{/root}#{X}", "#{/root}1"),
    ("[P] an unclosed comparison takes all", '#{if X == "1"}#{X}', '#{if X == "1"}#{X}'),
    ("[P] an unclosed loop takes all", "#{each a in List}#{a} #{X}", "#{each a in List}#{a} #{X}"),
    ("[P] three hashes before what is no token", "###{", "##{"),
    ("[T] code of another language", 'return"#{"===e.substr(0,2)?e:"#{X}"', 'return"#{"===e.substr(0,2)?e:"1"'),
    ("[T] the text ends within a token", '"#{X}";a="#{', '"1";a="#{'),
    ("[T] a bracket is not closed", "#{Fo[o}", "#{Fo[o}"),
]

BLOCKS = [
    ("[T] if", "#{if X}y#{/if}#{if Nope}n#{/if}", "y"),
    ("[T] blanks around a condition", '#{  if  X  }a#{/if}#{if X  == "1"  }b#{/if}', "ab"),
    ("[T] a condition in a condition", '#{if X}#{if Foo=="bar"}y#{/if}#{/if}', "y"),
    ("[T] a condition in an else", '#{if Nope}a#{else}#{if Foo=="bar"}y#{/if}#{/if}', "y"),
    ("[T] in a JSON text, with escaped quotes", '{"a":"#{if Foo == \\"bar\\"}y#{/if}"}', '{"a":"y"}'),
    ("[S] several elseif", '#{if Nope}1#{elseif Empty}2#{elseif Foo != "bar"}3#{elseif X}4#{else}5#{/if}', "4"),
    ("[T] else", "#{if Nope}y#{else}n#{/if}", "n"),
    ("[S] elseif", '#{if Nope}1#{elseif X == "1"}2#{else}3#{/if}', "2"),
    ("[T] unless", "#{unless Nope}y#{else}n#{/unless}", "y"),
    ("[S] opening words in any case, blanks before them", "#{ IF X}y#{/if}", "y"),
    ("[T] comparison", '#{if Foo == "bar"}y#{/if}#{if Foo != "bar"}n#{/if}', "y"),
    ("[P] blanks around the operator are optional", '#{if Foo=="bar"}y#{/if}', "y"),
    ("[T] the literal may come first", '#{if "bar" == Foo}y#{/if}', "y"),
    ("[P] comparison is case-sensitive", '#{if Foo == "Bar"}y#{else}n#{/if}', "n"),
    ("[T] two unknown ones are equal", "#{if Nope == Neither}y#{/if}", "y"),
    ("[P] a missing one equals the empty text", '#{if Nope == ""}y#{/if}', "y"),
    ("[S] no and false with blanks are false", "#{if No}y#{else}n#{/if}", "n"),
    ("[S] exactly 0 is false", "#{if Zero}y#{else}n#{/if}#{if Zero blank}y#{/if}", "ny"),
    ("[T] a filter in a condition", '#{if Foo | ToUpper == "BAR"}y#{/if}', "y"),
    ("[P] blocks keep white space", "#{if X}\n y\n#{/if}\n", "\n y\n\n"),
    ("[T] a loop over indexes", "#{each s in Servers}#{s}=#{s.Port};#{/each}", "web=80;db=5432;"),
    ("[T] blanks around a loop's parts", "#{  each  a  in  Servers }#{ a }#{/each}", "webdb"),
    ("[T] a loop in a loop", "#{each a in Action}#{each r in a.Roles}#{a.Name}#{r};#{/each}#{/each}", "Aa;Ab;barc;Zy;"),
    (
        "[T] a loop's item as a lookup",
        "#{each a in Action}#{if a.StepName}#{Step[#{a.StepName}].Status}#{/if}#{/each}",
        "Running",
    ),
    (
        "[S] an inner loop's names hide the outer's",
        "#{each s in Csv}#{each s in Servers}#{s}#{Octopus.Template.Each.Index}#{/each}#{/each}",
        "web0db1" * 4,
    ),
    ("[P] a loop over text neither trims nor drops", "#{each s in Csv}[#{s}]#{/each}", "[a][ b][][c]"),
    ("[P] an empty value is one empty item", "#{each s in Empty}[#{s}]#{/each}", "[]"),
    ("[T] a missing collection: nothing", "#{each s in Nope}x#{/each}", ""),
    ("[T] what a loop provides: the index", "#{each s in Csv}#{Octopus.Template.Each.Index}#{/each}", "0123"),
    (
        "[T] what a loop provides: first and last",
        "#{each s in Servers}#{Octopus.Template.Each.First}#{Octopus.Template.Each.Last};#{/each}",
        "TrueFalse;FalseTrue;",
    ),
    ("[S] a loop's name hides others", "#{each Foo in Servers}#{Foo}#{/each}", "webdb"),
    ("[T] the context around stays visible", "#{each s in Servers}#{Foo}#{/each}", "barbar"),
    ("[S] an item's value sees the loop", "#{each item in Servers}#{if item.Url}#{item.Url}#{/if}#{/each}", "db:5432"),
    ("[P] other variables do not see the loop", "#{each item in Servers}#{Outer}#{/each}", "#{item}#{item}"),
]

FILTERS = [
    ("[T] case", "#{Text | ToUpper}#{Text|tolower}", "ONEone"),
    ("[T] a chain, left to right", "#{Text | ToUpper | ToLower}", "one"),
    ("[T] Trim", "<#{No | Trim}><#{No | Trim start}><#{No | Trim END}>", "<No><No >< No>"),
    ("[T] Append gives a default", '#{Nope | Append "x y" #{Foo}}', "x ybar"),
    ("[T] Prepend", "#{Text | Prepend a b}", "abOne"),
    ("[S] tests are case-sensitive", '#{Foo | Contains "A"}#{Foo|StartsWith b}#{Foo|EndsWith r}', "falsetruetrue"),
    ("[S] Substring", "#{Foo | Substring 2}#{Foo | Substring 1 9}<#{Foo | Substring 3 1}>", "baar<>"),
    ("[T] an argument with a hash", '#{Foo | Append \\"#1\\"}', "bar#1"),
]


def ids(rows: list[tuple]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
@pytest.mark.parametrize(
    ("rule", "text", "outcome"), PLAIN + PATHS + VALUES + FILTERS, ids=ids(PLAIN + PATHS + VALUES + FILTERS)
)
def test_resolved(rule: str, text: str, outcome: str, lenient: bool) -> None:
    result = evaluate(text, VARIABLES, lenient=lenient)
    assert (result.text, result.missing, result.error, result.problems) == (outcome, (), None, ())


@pytest.mark.parametrize(("rule", "text", "outcome"), BLOCKS, ids=ids(BLOCKS))
def test_blocks(rule: str, text: str, outcome: str) -> None:
    assert evaluate(text, VARIABLES).text == outcome


@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
@pytest.mark.parametrize(("rule", "text", "outcome", "missing"), MISSING, ids=ids(MISSING))
def test_missing(rule: str, text: str, outcome: str, missing: list[str], lenient: bool) -> None:
    result = evaluate(text, VARIABLES, lenient=lenient)
    assert (result.text, list(result.missing)) == (outcome, missing)
    quoted = ", ".join(f"'{token}'" for token in missing)
    assert result.error == f"The following tokens were unable to be evaluated: {quoted}"
    assert {problem.token for problem in result.problems} == set(missing)


@pytest.mark.parametrize(("rule", "text", "outcome"), SYNTAX, ids=ids(SYNTAX))
def test_syntax_error_lenient(rule: str, text: str, outcome: str) -> None:
    result = evaluate(text, VARIABLES, lenient=True)
    assert (result.text, result.error) == (outcome, None)
    assert "syntax" in {problem.kind for problem in result.problems}


@pytest.mark.parametrize(("rule", "text", "outcome"), SYNTAX, ids=ids(SYNTAX))
def test_syntax_error_strict_keeps_the_whole_text(rule: str, text: str, outcome: str) -> None:
    result = evaluate(text, VARIABLES)
    assert (result.text, result.missing) == (text, ())
    assert result.error.startswith("syntax error at line 1, column ")


def test_conditional_with_an_unresolved_side_is_echoed_whole() -> None:
    """[T] The echo is in canonical form, the report names the expression alone."""
    result = evaluate('#{if Foo|Bar=="x"}##{a#{elseif X}b#{else}c#{/if}', VARIABLES)
    assert result.text == '#{if Foo | Bar == "x" }##{a#{else}#{if X}b#{else}c#{/if}#{/if}'
    assert result.missing == ("Foo | Bar",)


def test_a_branch_with_an_unresolved_side_is_echoed_from_there_on() -> None:
    """[S] An elseif is an if inside of the else: what comes before it was decided."""
    result = evaluate("#{if Nope}a#{elseif X | Bar}b#{else}c#{/if}", VARIABLES)
    assert (result.text, result.missing) == ("#{if X | Bar}b#{else}c#{/if}", ("X | Bar",))


def test_circular_reference_names_the_chain() -> None:
    """[T]"""
    variables = {"Foo": "#{Fox}", "Fox": "#{Fax}", "Fax": "#{Fix}", "Fix": "#{Foo}"}
    with pytest.raises(CircularReference, match=r"\(Foo -> Fox -> Fax -> Fix -> Foo\)"):
        evaluate("#{Foo}", variables, lenient=True)


def test_render_collects_circles_with_their_places() -> None:
    result = render("#{A}\n #{B}#{Nope}", {"A": "#{B}", "B": "#{A}"})
    assert [(one.line, one.column, one.kind) for one in result.problems] == [
        (1, 1, "circular"),
        (2, 2, "circular"),
        (2, 6, "missing"),
    ]


def test_places_are_those_of_the_given_text() -> None:
    """A missing variable inside of a value is located at the token that led there, with the value's variable."""
    result = evaluate("a\r\n  #{Outermost} é#{Nope}\n#{x", {"Outermost": "-#{Inner}", "Inner": "#{Gone}"}, lenient=True)
    assert [(one.line, one.column, one.token, one.origin, one.name) for one in result.problems[:2]] == [
        (2, 3, "#{Gone}", "Inner", "Gone"),
        (2, 17, "#{Nope}", None, "Nope"),
    ]
    assert (result.problems[2].line, result.problems[2].column, result.problems[2].kind) == (3, 1, "syntax")


def test_fifty_mistakes_are_fifty_places() -> None:
    mistakes = ["#{Nope}", "#{a+b}", "#{X | Bar}", "#{calc Foo+1}", '#{event.get("x")}']
    text = "\n".join(f"{number} {mistakes[number % 5]} #{{X}}" for number in range(50))
    result = evaluate(text, VARIABLES, lenient=True)
    assert [problem.line for problem in result.problems] == list(range(1, 51))


def test_one_unclosed_block_does_not_hide_other_mistakes() -> None:
    result = evaluate('#{Gone}#{if X == "1"}\n#{Nope}\n#{A[ #{Neither}', VARIABLES, lenient=True)
    assert [one.line for one in result.problems] == [1, 1, 2, 3, 3]


def test_names_that_are_no_paths_are_kept_apart() -> None:
    """Unlike the reference, where `Foo!x` would overwrite `Foo`; direct lookup still reaches them."""
    variables = VariableSet({"Foo": "1", "Foo!x": "2", "//*:a[@b='c']": "3"})
    assert variables.unreachable == ("Foo!x", "//*:a[@b='c']")
    assert evaluate("#{Foo}", variables).text == "1"
    assert variables["foo!X"] == "2"


def test_set_keeps_order_and_first_spelling() -> None:
    """[T]"""
    variables = VariableSet([("A", "1"), ("B", "2"), ("a", "3")])
    assert list(variables.items()) == [("A", "3"), ("B", "2")]


@pytest.mark.parametrize(("value", "text"), [(8080, "8080"), (1.5, "1.5"), (True, "True")])
def test_numbers_are_text(value: object, text: str) -> None:
    assert evaluate("#{V}", {"V": value}).text == text


def test_other_types_are_refused() -> None:
    with pytest.raises(VariableError, match="variable V: the value is a list, expected text or a number"):
        evaluate("#{V}", {"V": ["a"]})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("#{X}", True),
        ("anything", True),
        ("#{No}", False),
        ("#{Zero}", False),
        ("", False),
        ("#{if X}true#{else}false#{/if}", True),
        ("#{if Nope}true#{/if}", False),
        ("#{Nope}", False),
        ("#{X", False),
        ("#{X | null}", False),
    ],
)
def test_run_condition(text: str, holds: bool) -> None:
    """[S] True only without any error, and for a result that is not false."""
    assert is_true(text, VARIABLES) is holds


def test_used_names_the_variables_that_were_read() -> None:
    result = evaluate("#{Twice}#{Twice}#{Nope}", VARIABLES)
    assert result.used == {"Twice", "Nested", "Foo"}
