"""JSON files, as a table: a row is a rule, with the file, the variables and the file afterwards.

Marks: [T] the reference's own tests assert it, [S] read in its source, [I] inferred; none: a choice of this project.
"""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)
from growth import assert_linear

RULES = [
    # rule, file, variables, outcome
    ("[T] names joined by colons", '{"a": {"b": "x"}}', {"a:b": "y"}, '{"a": {"b": "y"}}'),
    ("[T] names compare without case", '{"A": {"b": "x"}}', {"a:B": "y"}, '{"A": {"b": "y"}}'),
    ("[T] indexes from zero", '{"a": ["x", {"b": "x"}]}', {"a:1:b": "y"}, '{"a": ["x", {"b": "y"}]}'),
    ("[T] an array at the top", '[1, {"P": 2}]', {"0": "3", "1:P": "4"}, '[3, {"P": 4}]'),
    ("[T] a colon in a name is like nesting", '{"a:b": 1, "c": {"d:e": 2}}', {"a:b": "3", "c:d:e": "4"},
     '{"a:b": 3, "c": {"d:e": 4}}'),
    ("[T] nothing is added", '{"a": {}}', {"a:b": "1", "c": "2", "a:0": "3"}, '{"a": {}}'),
    ("[S] names that begin with Octopus are ignored", '{"Octopus.X": 1, "octopus": 2, "OctopusY": 3}',
     {"Octopus.X": "9", "octopus": "9", "OctopusY": "9"}, '{"Octopus.X": 1, "octopus": 2, "OctopusY": 3}'),
    ("[S] but for those that begin with Octopus:",
     '{"Octopus": {"X": 1}}', {"octopus:X": "9"}, '{"Octopus": {"X": 9}}'),
    ("[S] a number: an integer", '{"a": 1.5}', {"a": " 42 "}, '{"a": 42}'),
    ("[S] a number: a sign and zeros", '{"a": 1, "b": 1}', {"a": "+007", "b": "-0010"}, '{"a": 7, "b": -10}'),
    ("[T] a number: a decimal keeps its zero", '{"a": 1}', {"a": "50.0"}, '{"a": 50.0}'),
    ("[T] a number: an exponent is worked out", '{"a": 1}', {"a": "456e-5"}, '{"a": 0.00456}'),
    ("[S] a number: else text", '{"a": 1, "b": 1}', {"a": "x", "b": ""}, '{"a": "x", "b": ""}'),
    ("[S] a boolean", '{"a": true, "b": false}', {"a": "FALSE", "b": " true "}, '{"a": false, "b": true}'),
    ("[S] a boolean: else text", '{"a": true, "b": true}', {"a": "1", "b": "yes"}, '{"a": "1", "b": "yes"}'),
    ("[T] a text stays text", '{"a": "", "b": "", "c": ""}', {"a": "33", "b": "true", "c": "null"},
     '{"a": "33", "b": "true", "c": "null"}'),
    ("[T] null becomes text", '{"a": null, "b": null}', {"a": "33", "b": "[3, 2]"}, '{"a": "33", "b": "[3, 2]"}'),
    ("[T] an object", '{"a": {"b": 1}}', {"a": '{"c": [1]}'}, '{"a": {"c": [1]}}'),
    ("[T] an array by an object, and the other way round", '{"a": [1], "b": {}}', {"a": '{"c": 1}', "b": "[2]"},
     '{"a": {"c": 1}, "b": [2]}'),
    ("[T] an object by a scalar of any kind", '{"a": {}, "b": [], "c": {}}', {"a": '"x"', "b": "1.50", "c": "null"},
     '{"a": "x", "b": 1.50, "c": null}'),
    ("[T] the whole wins over a part, first", '{"a": {"b": 1}}', {"a": "{}", "a:b": "2"}, '{"a": {}}'),
    ("[T] the whole wins over a part, last", '{"a": {"b": 1}}', {"a:b": "#{Nope}", "a": "{}"}, '{"a": {}}'),
    ("[S] no value: null", '{"a": 1, "b": "x", "c": true}', dict.fromkeys("abc"), '{"a": null, "b": null, "c": null}'),
    ("[S] values are evaluated", '{"a": "x"}', {"a": "<#{B}>", "B": "b"}, '{"a": "<b>"}'),
    ("[S] comments are read", '{"a": 1 /* {"a": 2} */, // "a": 3\n"b": 1}', {"a": "9"},
     '{"a": 9 /* {"a": 2} */, // "a": 3\n"b": 1}'),
    ("[S] trailing commas, single quotes, names without", "{a: 'x', 'b\"\\'': [1, ], }", {"a": "y", "b\"':0": "2"},
     "{a: \"y\", 'b\"\\'': [2, ], }"),
    ("escapes in names", '{"\\u00e9\\n": 1, "\\ud83d\\ude00": 1}', {"É\n": "2", "😀": "3"},
     '{"\\u00e9\\n": 2, "\\ud83d\\ude00": 3}'),
    ("a value is escaped", '{"a": ""}', {"a": 'q"\\\n\t\x01é'}, '{"a": "q\\"\\\\\\n\\t\\u0001é"}'),
    ("layout, order and numbers stay",
     '{ "b" : 1.50,\r\n\t"a":\r\n [ 1E5 , 123456789012345678901234567890 ]}\r\n', {"a:0": "2"},
     '{ "b" : 1.50,\r\n\t"a":\r\n [ 2 , 123456789012345678901234567890 ]}\r\n'),
    ("digits stay", '{"a": 1, "b": 1}', {"a": "1" * 30, "b": "0.12345678901234567890"},
     '{"a": ' + "1" * 30 + ', "b": 0.12345678901234567890}'),
    ("numbers that JSON does not have are text", '{"a": 1, "b": 1, "c": 1}', {"a": "NaN", "b": "Infinity", "c": "0x1F"},
     '{"a": "NaN", "b": "Infinity", "c": "0x1F"}'),
    ("a number beyond a double keeps its exponent", '{"a": 1, "b": 1}', {"a": "1e999", "b": ".5E-999"},
     '{"a": 1e999, "b": 0.5E-999}'),
    ("a number written as no number", '{"a": NaN, "b": -Infinity}', {"a": "1", "b": "2"}, '{"a": 1, "b": 2}'),
    ("a name that is there twice: both", '{"a": 1, "A": 2}', {"a": "3"}, '{"a": 3, "A": 3}'),
    ("lines of a value get the file's ends", '{\r\n"a": {}}', {"a": "[1,\n2]"}, '{\r\n"a": [1,\r\n2]}'),
    ("[I] an empty file stays empty", "", {"a": "1"}, ""),
    ("a file that is a scalar", ' "x" ', {"": "1", "0": "2"}, ' "x" '),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "variables", "outcome"), RULES, ids=[row[0] for row in RULES])
def test_rules(rule: str, text: str, variables: dict, outcome: str) -> None:
    result = replace(text, variables, name="f.json")
    assert (result.text, result.format, result.problems, result.warnings) == (outcome, "json", (), ())


NO_JSON = [
    # value, where and why, the way out
    ("plain", "at line 1, column 1 of the value", "a text needs double quotes around it"),
    ("", "it is empty", "expected JSON such as {} or []"),
    (None, "it is empty", "expected JSON such as {} or []"),
    ('{"Path": "C:\\Temp"}', "escape at line 1, column 13 of the value", "a backslash is written twice; "),
    ("{'k': 2}", "at line 1, column 2 of the value", "names and texts are in double quotes"),
    ("{k: 2}", "at line 1, column 2 of the value", "names and texts in double quotes"),
    ('{"a": 1,\n "b": 2,\n}', "line ", "there is no comma behind the last one"),
    ("[1,]", "line 1, column ", "there is no comma behind the last one"),
    ("[1] // c", "Extra data at line 1, column 5 of the value", "there are no comments in it"),
    ("[ /* c */ 1]", "at line 1, column 3 of the value", "there are no comments in it"),
    ('{"a": "1\n2"}', "control character at line 1, column 9 of the value", r"a line end is written \n"),
    ("[NaN]", "NaN is no number of JSON", "in double quotes"),
    ("[" * 9999 + "]" * 9999, "it is nested too deep", ""),
]  # fmt: skip


@pytest.mark.parametrize(("value", "reason", "hint"), NO_JSON, ids=[str(row[0])[:20] for row in NO_JSON])
def test_structure_is_kept_when_the_value_is_no_json(value: str | None, reason: str, hint: str) -> None:
    """[S] With a warning that has the parser's reason and place; what is in the structure may still be replaced."""
    result = replace('{"x": 1,\n "a": {"b": 1}}', {"a": value, "a:b": "2"}, name="f.json")
    assert result.text == '{"x": 1,\n "a": {"b": 2}}'
    (warning,) = result.warnings
    assert warning.startswith("f.json:2:7: the value of a is no JSON: ")
    assert reason in warning
    assert hint in warning
    assert warning.endswith("; this object or array stays as it is")
    assert "Temp" not in warning  # a value may be a secret


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("{", "1:2", "the text ends, expected } or a name"),
        ('{\n"a" 1}', "2:5", "found '1', expected :"),
        ("[1 2]", "1:4", "found '2', expected , or ]"),
        ("[1,,2]", "1:4", "found ',', expected ] or a value"),
        ("[]]", "1:3", "found ']', expected the end of the text"),
        ('["a', "1:2", "cannot read what begins with '\"'"),
        ("[01]", "1:2", "cannot read what begins with '0'"),
        ('["\\x"]', "1:2", "cannot read what begins with"),
        ("[a]", "1:2", "found 'a', expected ] or a value"),
        ("[1}", "1:3", "found '}', expected , or ]"),
        ("[/* ]", "1:2", "cannot read what begins with '/'"),
        ("[\0]", "1:2", "cannot read what begins with '\\x00'"),
    ],
)
def test_what_is_no_json_is_located(text: str, place: str, reason: str) -> None:
    with pytest.raises(StructuredFileError) as error:
        replace(text, {}, name="f.json")
    assert str(error.value).startswith(f"f.json:{place}: not valid JSON: {reason}")


def test_half_of_a_surrogate_pair_is_escaped() -> None:
    assert replace('{"a": ""}', {"a": "\ud800"}, name="f.json").text == '{"a": "\\ud800"}'


@pytest.mark.parametrize(
    ("before", "piece", "after", "closing"),
    [
        ("", "[", "", "]"),
        ("", '{"a":', "1", "}"),
        ("[", "1,", "1]", ""),
        ("", "/*", "", ""),
        ('"', "\\n", "", ""),
        ("-", "1", "", ""),
        ("[", " ", "", ""),
    ],
    ids=["arrays", "objects", "items", "comments", "unclosed", "digits", "blanks"],
)
def test_time_grows_linearly_with_hostile_files(before: str, piece: str, after: str, closing: str) -> None:
    def work(size: int) -> None:
        with contextlib.suppress(StructuredFileError):
            replace(before + piece * size + after + closing * size, {"a:a": "1", "0:0": "2"}, name="f.json")

    assert_linear(work, 4000)


@pytest.mark.parametrize(("digit", "end"), [("0", "x"), ("1", ""), ("1", "e5"), (".", "")])
def test_time_grows_linearly_with_hostile_numbers(digit: str, end: str) -> None:
    assert_linear(lambda size: replace('{"a": 1}', {"a": digit * size + end}, name="f.json"), 100_000)
