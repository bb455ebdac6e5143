"""Values that are JSON: walking into them, looping over them, and circles through them."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import (
    CircularReference,
    EvaluationError,
    evaluate,
    render,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.json_values import parse_json
from growth import assert_linear
from hypothesis import given
from hypothesis import strategies as st

NESTED = '{"Items": [{"Name": "Toast"}, {"Name": "Bread"}], "Deep": {"A": {"B": 12}}}'
LENIENT = "{Unquoted: 'single', /* a comment */ \"trailing\": [1, 2,], // another\n}"
TYPES = '{"float": 15.00, "whole": 7, "big": 123456789012345678901234567890, "exp": 1e3, "yes": true, "no": null}'
EXPLICIT = {
    "Test.Hello": "explicit",
    "Test": '{"Hello": "json", "Foo": 1, "A": {"B": 2}}',
    "Test[Foo]": "index",
    "Test.A.B": "b",
}

WALKS = [
    # rule, variables, text, outcome
    ("[T] an index", {"V": '{"Hello": "World"}'}, "#{V[Hello]}", "World"),
    ("[T] a dot", {"V": '{"Hello": "World"}'}, "#{V.Hello}", "World"),
    ("[T] deeper", {"V": NESTED}, "#{V[Deep][A][B]}#{V.Deep.A.B}", "1212"),
    ("[T] items of arrays", {"V": NESTED}, "#{V.Items[0].Name}#{V.Items[1].Name}", "ToastBread"),
    (
        "[T] objects and arrays come out compact",
        {"V": '{"a": {"b" : "11", "c":[1, 2]}}'},
        "#{V.a}",
        '{"b":"11","c":[1,2]}',
    ),
    ("[T] names that are declared beat JSON", EXPLICIT, "#{Test.Hello}#{Test[Foo]}#{Test.A.B}", "explicitindexb"),
    ("[T] tokens in it are evaluated first", {"P": "Foo", "V": '{#{P}: "#{P}!"}'}, "#{V.Foo}#{V[#{P}]}", "Foo!Foo!"),
    ("[T] a missing property is empty", {"V": '{"a": 1}'}, "<#{V.b}>", "<>"),
    ("[T] null is empty", {"V": '{"a": null}'}, "<#{V.a}>", "<>"),
    ("[T] an index past the end is empty", {"V": "[2,3]"}, "<#{V[2]}>", "<>"),
    ("[T] unquoted names", {"V": "{Bar: 12}"}, "#{V.Bar}", "12"),
    ("[S] single quotes, comments, trailing commas", {"V": LENIENT}, "#{V.Unquoted}#{V.trailing}", "single[1,2]"),
    ("[P] property names compare with case", {"V": '{"a": 1}'}, "<#{V.A}>", "<>"),
    ("[I] numbers in their shortest form", {"V": TYPES}, "#{V.float} #{V.whole} #{V.exp}", "15 7 1000"),
    ("[S] whole numbers of any size", {"V": TYPES}, "#{V.big}", "123456789012345678901234567890"),
    ("[I] booleans", {"V": TYPES}, "#{V.yes}", "True"),
    ("dates stay the text that they are", {"V": '{"d": "2020-01-02T03:04:05Z"}'}, "#{V.d}", "2020-01-02T03:04:05Z"),
    ("[P] text that is JSON can be walked further", {"V": '{"a": "{\\"b\\": 5}"}'}, "#{V.a.b}", "5"),
    ("[P] what is found in JSON is evaluated once more", {"C": "c", "V": '{"a": "##{C}"}'}, "#{V.a}", "c"),
    ("[S] escapes of texts", {"V": '{"a": "\\u00e9\\n\\ud83d\\ude00"}'}, "#{V.a}", "é\n😀"),
    ("[S] in a condition", {"V": '{"a": "x"}'}, '#{if V.a == "x"}y#{/if}', "y"),
    ("[S] with a filter", {"V": '{"a": "x"}'}, "#{V.a | ToUpper}", "X"),
    ("[T] the value itself stays as it is written", {"V": '{ "a" : 1 }'}, "#{V}", '{ "a" : 1 }'),
]

NOT_WALKED = [
    # rule, value, text
    ("[T] an unquoted text is no JSON", "{Name: NoComma}", "#{V.Name}"),
    ("[I] a number cannot be walked", "80", "#{V.a}"),
    ("[I] a text cannot be walked", '"x"', "#{V.a}"),
    ("[I] an index of an array is a number", "[1]", "#{V[a]}"),
    ("a negative index", "[1]", "#{V[-1]}"),
    ("[S] an empty index leads nowhere", '{"": 1}', "#{V[]}"),
    ("[S] text behind the value", '{"a": 1} x', "#{V.a}"),
    ("[S] never closed", '{"a": 1', "#{V.a}"),
    ("nested beyond the reference's limit", "[" * 65 + "]" * 65, "#{V[0]}"),
]

LOOPS = [
    (
        "[T] an array",
        {"V": "[2,3,5]"},
        '#{each n in V}#{n}#{if Octopus.Template.Each.Last == "False"}-#{/if}#{/each}',
        "2-3-5",
    ),
    (
        "[T] an object: names and values",
        {"V": '{"S": "11.5", L: 15.21}'},
        "#{each x in V}#{x}:#{x.Value},#{/each}",
        "S:11.5,L:15.21,",
    ),
    (
        "[T] an object: Key, and into a value",
        {"V": '{"X": {"E": "n"}}'},
        "#{each x in V}#{x.Key}-#{x.Value.E}#{/each}",
        "X-n",
    ),
    ("[T] a null inside of JSON is one empty item", {"V": "{Blah: null}"}, "<#{each n in V.Blah}#{n}#{/each}>", "<>"),
    ("[S] objects in an array", {"V": '[{"a": 1}, {"a": 2}]'}, "#{each x in V}#{x.a}#{/each}", "12"),
    ("[S] an empty array", {"V": "[]"}, "<#{each x in V}y#{/each}>", "<>"),
    ("[P] items are evaluated once more", {"C": "c", "V": '["##{C}"]'}, "#{each x in V}#{x}#{/each}", "c"),
    ("[S] an array inside of an object", {"V": NESTED}, "#{each x in V.Items}#{x.Name};#{/each}", "Toast;Bread;"),
]

CIRCLES = [
    ("[T] a value of JSON uses another one of it", {"V": '{Name: "#{V.Value}", Value: 12}'}, "#{V.Name}", "12"),
    ("[T] the whole text: echoed", {"V": '{Name: "#{V.Value}", Value: 12}'}, "#{V}", '{Name: "#{V.Value}", Value: 12}'),
    ("[P] by way of another variable", {"V": '{a: "#{W.b}", c: 1}', "W": '{b: "#{V.c}"}'}, "#{V.a}", "1"),
]


def ids(rows: list[tuple]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(("rule", "variables", "text", "outcome"), WALKS + LOOPS, ids=ids(WALKS + LOOPS))
def test_found(rule: str, variables: dict, text: str, outcome: str) -> None:
    result = evaluate(text, variables)
    assert (result.text, result.missing, result.error) == (outcome, (), None)


@pytest.mark.parametrize(("rule", "value", "text"), NOT_WALKED, ids=ids(NOT_WALKED))
def test_not_walked(rule: str, value: str, text: str) -> None:
    result = evaluate(text, {"V": value})
    assert (result.text, result.missing) == (text, (text,))


@pytest.mark.parametrize(("rule", "variables", "text", "outcome"), CIRCLES, ids=ids(CIRCLES))
def test_circles_are_broken(rule: str, variables: dict, text: str, outcome: str) -> None:
    assert evaluate(text, variables).text == outcome


def test_a_property_that_is_itself_is_a_circle() -> None:
    with pytest.raises(CircularReference, match=r"\(V\.a -> V\.a\)"):
        evaluate("#{V.a}", {"V": '{"a": "#{V.a}"}'})


def test_broken_circles_give_the_same_in_any_order() -> None:
    variables = {"A": '{x: "#{B.y}", z: 1}', "B": '{y: "#{A.z}", w: "#{A.x}", v: "#{A.z}"}'}
    tokens = ["#{A.x}", "#{B.w}", "#{B.v}", "#{A}", "#{B}"]
    alone = [evaluate(token, variables).text for token in tokens]
    for start in range(len(tokens)):
        order = tokens[start:] + tokens[:start]
        together = evaluate("|".join(order), variables).text.split("|")
        assert together == alone[start:] + alone[:start]


def test_circles_through_json_end() -> None:
    """Each of forty values asks twice for the next one, and all of them for the first."""
    variables = {f"V{n}": f'{{a: "#{{V{n + 1}.a}}#{{V{n + 1}.a}}", b: "#{{V0.b}}"}}' for n in range(40)}
    variables["V40"] = '{a: "x", b: "#{V0.a}"}'
    with pytest.raises(EvaluationError):
        evaluate("#{V0.a}", variables)
    assert render("#{V0.a}#{Nope}", variables).problems[-1].name == "Nope"


def test_tokens_elsewhere_in_json_are_not_reported() -> None:
    result = evaluate("#{V.b}", {"V": '{"a": "#{Nope}", "b": "x"}'})
    assert (result.text, result.missing) == ("x", ())
    assert evaluate("#{V.a}", {"V": '{"a": "#{Nope}", "b": "x"}'}).missing == ("#{Nope}",)


def test_used_names_the_variable_that_holds_the_json() -> None:
    assert evaluate("#{V.a}", {"V": '{"a": 1}', "W": "2"}).used == {"V"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(value=st.lists(JSON, max_size=4) | st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_every_json_document_is_read(value: list | dict) -> None:
    import json  # noqa: PLC0415 - the judge of this test alone

    assert parse_json(json.dumps(value, indent=1)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False)) == value


@given(text=st.text(alphabet="{}[]:,\"'\\/*ab1.e- \nu", max_size=40))
def test_any_text_is_json_or_not(text: str) -> None:
    assert isinstance(parse_json(text), dict | list | None)


@pytest.mark.parametrize("piece", ["[", '{"a":', "/*", "/**/", "//", '["', "[1,", " ", '{"', "'", "\\u00", "{a"])
def test_time_to_read_json_grows_linearly(piece: str) -> None:
    sizes = itertools.count()  # a text that was read is remembered: each is longer than the one before
    assert_linear(lambda count: parse_json("[" + piece * (count + next(sizes))), 2000)
