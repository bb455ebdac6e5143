"""Calculations, ``#{calc …}``, as a table."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import evaluate

VARIABLES = {
    "A": "5",
    "B": "7",
    "Thousand": "1,000.5",
    "Text": "text",
    "The/Var": "9",
    "Another-Var": "11",
    "List[a].Size": "3",
    "Json": '{"n": 4}',
    "Inner": "#{A}",
    "Negative": " -2 ",
    "calc 2B": "a name",
    "B - 2": "no number",
    "(odd": "8",
}

RESULTS = [
    # rule, formula, outcome
    ("[T] addition", "3+2", "5"),
    ("[T] subtraction", "3-2", "1"),
    ("[T] multiplication", "3*2", "6"),
    ("[T] division", "3/2", "1.5"),
    ("[T] multiplication before addition", "3*2+2*4", "14"),
    ("[T] brackets", "3*(2+2)*4", "48"),
    ("[T] a variable", "A+2", "7"),
    ("[T] variables", "A+B", "12"),
    ("[T] a variable in braces", "{B}-2", "5"),
    ("[T] blanks around an operator", "{B} - 2", "5"),
    ("[T] the constant first", "2-B", "-5"),
    ("[T] below zero", "2-4", "-2"),
    ("[T] a variable in brackets", "(B*2)-2", "12"),
    ("[T] brackets last", "2-(B*2)", "-12"),
    ("[T] division of a variable", "{B}/2", "3.5"),
    ("[T] division by a variable", "2/{B}", "0.2857142857142857"),
    ("[T] shortest form that reads back", "0.2*B", "1.4000000000000001"),
    ("[T] a minus in a name", "{Another-Var}-2", "9"),
    ("[T] a slash in a name", "{The/Var}-2", "7"),
    ("[S] left to right", "10-3-2", "5"),
    ("[S] left to right, division", "16/4/2", "2"),
    ("[S] a number without whole part", ".5+1.25", "1.75"),
    ("[S] a path", "List[a].Size*2", "6"),
    ("[S] a path into JSON", "Json.n*2", "8"),
    ("[S] a value with a token", "Inner*2", "10"),
    ("[S] a sign and blanks in a value", "1+Negative", "-1"),
    ("[I] thousands in a value", "Thousand*2", "2001"),
    ("[I] division by zero", "{A}/0", "Infinity"),
    ("[I] nothing by nothing", "0/0", "NaN"),
    ("[S] one operand", "A", "5"),
    ("[I] where scientific notation begins", "100000000000000*10", "1E+15"),
    ("[I] and where it does not yet", "10000000000000*10", "100000000000000"),
    ("[I] small numbers", "1/100000", "1E-05"),
    ("[I] numbers that are not so small", "1/10000", "0.0001"),
    ("[I] large numbers", "1000000000*1000000000", "1E+18"),
    ("[P] a bracket may begin a name", "(odd+1", "9"),
]

ECHOED = [
    # rule, formula, echo
    ("[T] a missing variable: without the word calc", "C+2", "#{C+2}"),
    ("[T] no number", "Text+2", "#{Text+2}"),
    ("[T] a minus without braces is part of the name", "B-2", "#{B-2}"),
    ("[T] blanks too", "B - 2", "#{B - 2}"),
    ("[T] so is a slash", "B/2", "#{B/2}"),
    ("[S] without brackets and blanks", "( {C} + 2 ) * 3.50", "#{C+2*3.5}"),
]


@pytest.mark.parametrize(("rule", "formula", "outcome"), RESULTS, ids=[row[0] for row in RESULTS])
def test_result(rule: str, formula: str, outcome: str) -> None:
    result = evaluate(f"<#{{calc {formula}}}>", VARIABLES)
    assert (result.text, result.missing, result.error, result.problems) == (f"<{outcome}>", (), None, ())


@pytest.mark.parametrize(("rule", "formula", "echo"), ECHOED, ids=[row[0] for row in ECHOED])
def test_echo_is_not_an_error_but_a_problem(rule: str, formula: str, echo: str) -> None:
    """[S] The reference does not report it. The toolkit does, since a token would stay in a file."""
    result = evaluate(f"#{{calc {formula}}}", VARIABLES)
    assert (result.text, result.missing, result.error) == (echo, (), None)
    assert [(one.token, one.kind, one.line, one.column) for one in result.problems] == [(echo, "calculation", 1, 1)]


def test_what_is_no_formula_is_a_variable() -> None:
    assert evaluate("#{calc 2B}#{ CALC 1+1}", VARIABLES).text == "a name2"


def test_what_is_neither_is_a_syntax_error() -> None:
    assert evaluate("#{calc 1+}", VARIABLES).error.startswith("syntax error at line 1, column 1")


def test_brackets_nested_beyond_measure_are_taken_for_a_name() -> None:
    assert evaluate("#{calc " + "(" * 3000 + "1" + ")" * 3000 + "}", {}).problems
    assert evaluate("#{calc " + "(" * 50 + "1" + ")" * 50 + "}", {}).text == "1"
