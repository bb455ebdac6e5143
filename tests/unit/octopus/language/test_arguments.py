"""Arguments of filters that are tokens, and the filter ``null``, as tables."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import FilterError, evaluate, render
from growth import assert_linear

VARIABLES = {"X": "1", "Foo": "bar", "Csv": "a,b", "List[k].Name": "n", "if Foo": "a name", "Null": "#{X | null}"}

ARGUMENTS = [
    # rule, text, outcome
    ("[T] a word", "#{Foo | Append baz}", "barbaz"),
    ("[T] a text in quotes", '#{Foo | Append " b.z"}', "bar b.z"),
    ("[T] a text in escaped quotes", '#{Foo | Append \\"#{b}\\"}', "bar#{b}"),
    ("[T] a token", "#{Foo | Append #{X}}", "bar1"),
    ("[T] a token with a filter", "#{Foo | Append #{Foo | ToUpper}}", "barBAR"),
    ("[T] a condition", '#{Foo | Append #{if X == "1"}y#{else}n#{/if}}', "bary"),
    ("[S] a condition's other branches", '#{Foo | Append #{if X == "2"}a#{elseif X}b#{else}c#{/if}}', "barb"),
    ("[S] unless", "#{Foo | Append #{unless X}a#{else}b#{/unless}}", "barb"),
    ("[T] a loop", "#{Foo | Append #{each c in Csv}<#{c}>#{/each}}", "bar<a><b>"),
    ("[S] a calculation", "#{Foo | Append #{calc X+1}}", "bar2"),
    ("[P] several tokens in a row", "#{Foo | Append #{X}#{X}| ToUpper}", "BAR11"),
    ("a blank behind a token", "#{Foo | Append #{X} #{X} | ToUpper}", "BAR11"),
    ("[T] tokens in tokens", "#{Foo | Append #{X | Append #{Foo | Append #{X}}}}", "bar1bar1"),
    ("[S] blocks in blocks", "#{Foo | Append #{if X}<#{each c in Csv}#{if c}#{c}#{/if}#{/each}>#{/if}}", "bar<ab>"),
    ("[S] escapes and hashes in a block", "#{Foo | Append #{if X}##{X} ###{X}#{/if}}", "bar#{X} #1"),
    ("[S] a block that is not closed is a variable", "#{X | Append #{if Foo}}", "1a name"),
    ("[S] an empty text", '<#{Foo | Append ""}>', "<bar>"),
]

ECHOES = [
    # rule, text, canonical echo
    ("[T] literal arguments in quotes", "#{Nope|Bar 6 x}", '#{Nope | Bar "6" "x"}'),
    ("[T] tokens as they are", "#{Nope|Bar #{X}}", "#{Nope | Bar #{X}}"),
    ("[T] escaped quotes become quotes", '#{Nope|Bar \\"a\\"}', '#{Nope | Bar "a"}'),
    ("[T] blocks", '#{Nope|Bar #{if X=="1"}a#{else}b#{/if}}', '#{Nope | Bar #{if X == "1" }a#{else}b#{/if}}'),
    ("[T] elseif becomes an if inside of else", "#{Nope|B #{if X}a#{elseif Foo}b#{/if}}",
     "#{Nope | B #{if X}a#{else}#{if Foo}b#{/if}#{/if}}"),
    ("[S] no path", "#{|Nope}", "#{ | Nope}"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "outcome"), ARGUMENTS, ids=[row[0] for row in ARGUMENTS])
def test_arguments(rule: str, text: str, outcome: str) -> None:
    result = evaluate(text, VARIABLES)
    assert (result.text, result.missing, result.error) == (outcome, (), None)


@pytest.mark.parametrize(("rule", "text", "echo"), ECHOES, ids=[row[0] for row in ECHOES])
def test_canonical_echo(rule: str, text: str, echo: str) -> None:
    result = evaluate(text, VARIABLES)
    assert (result.text, result.missing) == (echo, (echo,))


def test_a_missing_argument_is_reported_and_echoed_into_the_argument() -> None:
    """[T]"""
    result = evaluate("#{Foo | Append #{Nope}}", VARIABLES)
    assert (result.text, result.missing) == ("bar#{Nope}", ("#{Nope}",))


NO_VALUE = [
    ("[T] as the last filter", "#{Foo | null}"),
    ("[T] the rest of the text does not matter", "a #{Foo | null} b"),
    ("[S] without input", "#{ | null}"),
    ("[S] on a missing variable", "#{Nope | null}"),
    ("[S] behind another filter", "#{Foo | ToUpper | null}"),
    ("[S] in a condition's text", "#{if X}#{Foo | null}#{/if}"),
]


@pytest.mark.parametrize(("rule", "text"), NO_VALUE, ids=[row[0] for row in NO_VALUE])
def test_null_makes_the_whole_result_no_value(rule: str, text: str) -> None:
    result = evaluate(text, VARIABLES)
    assert (result.text, result.missing, result.error) == (None, (), None)


def test_null_in_a_branch_that_is_not_taken() -> None:
    assert evaluate("#{if Nope}#{Foo | null}#{/if}", VARIABLES).text == ""


def test_null_in_another_case_is_an_unknown_filter() -> None:
    """[P]"""
    assert evaluate("#{Foo | Null}", VARIABLES).missing == ("#{Foo | Null}",)


def test_null_that_is_not_last() -> None:
    """[P]"""
    assert evaluate("#{Foo | null | ToUpper}", VARIABLES).missing == ("#{Foo | null | ToUpper}",)
    assert evaluate('#{Foo | null | Append "x"}', VARIABLES).text == "x"


def test_null_in_a_value_is_echoed() -> None:
    """[P] A problem nevertheless: the token would stay in the file."""
    result = evaluate("#{Null}", VARIABLES)
    assert (result.text, result.missing, result.error) == ("#{X | null}", (), None)
    assert [one.origin for one in result.problems] == ["Null"]


@pytest.mark.parametrize(
    "piece",
    [
        "#{a | Append #{if b}",
        "#{a | Append #{each x in b}",
        '#{a | Append #{if b == "1"}x#{else}',
        "#{a | Append #{if b}#{/if}",
        "#{a | Append #{calc (",
        "#{a | B #{if a}#{elseif b}",
        "#{calc (((((",
        "#{calc {a}+",
    ],
)
def test_time_to_read_arguments_grows_linearly(piece: str) -> None:
    assert_linear(lambda count: evaluate(piece * count, {"a": "1", "b": "1"}, lenient=True), 100)


def test_long_chains_need_no_stack() -> None:
    branches = "".join(f'#{{elseif X == "{number}"}}{number}' for number in range(5000))
    assert evaluate(f'#{{if X == "no"}}a{branches}#{{/if}}', {"X": "4999"}).text == "4999"
    assert evaluate(f"#{{if X | Nope}}a{branches}#{{/if}}", {"X": "1"}).missing == ("X | Nope",)
    assert evaluate("#{calc " + "+".join(["1"] * 5000) + "}", {}).text == "5000"
    assert evaluate("#{X" + " | ToUpper" * 5000 + "}", {"X": "a"}).text == "A"


def test_loops_in_loops_end() -> None:
    text = "#{each a in L}" * 12 + "x" + "#{/each}" * 12
    assert "too much work" in render(text, {"L": ",".join("abcdefghij")}).problems[0].reason


def test_the_reason_is_that_of_the_first_filter_without_result() -> None:
    [problem] = evaluate("#{Foo | Trim both | ToUpper}", VARIABLES).problems
    assert problem.reason.startswith("filter Trim: ")
    assert "both" in problem.reason


def test_a_filter_that_raises_ends_the_evaluation_and_is_one_of_many_problems() -> None:
    """[S] The reference lets the exception out; whoever collects mistakes gets it among the others."""
    with pytest.raises(FilterError, match="filter FromBase64: "):
        evaluate("#{Foo | FromBase64}", {"Foo": "!"})
    problems = render("#{Foo | FromBase64}\n#{Nope}", {"Foo": "!"}).problems
    assert [(one.line, one.kind) for one in problems] == [(1, "aborted"), (2, "missing")]
