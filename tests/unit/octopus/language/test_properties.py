"""What holds for any text: no other exception, nothing changed without reason, time in proportion to size."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import CircularReference, evaluate, render
from growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = [
    *[
        "#{",
        "}",
        "#",
        "##{",
        "[",
        "]",
        ".",
        "|",
        '"',
        '\\"',
        " ",
        "\n",
        "a",
        "b",
        "*",
        "1",
        "{",
        "é",
        "==",
        "!=",
        '"x"',
    ],
    *["if ", "unless ", "each ", "calc ", " in ", "ToUpper", "Append", "#{a}", "#{b[#{a}]}"],
    *["#{if a}", "#{else}", "#{elseif b}", "#{/if}", "#{unless a}", "#{/unless}", "#{each a in b}", "#{/each}"],
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60)


@settings(max_examples=1500)
@given(text=TEXTS, a=TEXTS, b=TEXTS, lenient=st.booleans())
def test_no_text_raises_anything_else(text: str, a: str, b: str, lenient: bool) -> None:
    variables = {"a": a, "b": b, "b[1]": a, "if a": b}
    try:
        result = evaluate(text, variables, lenient=lenient)
    except CircularReference as circular:
        assert circular.chain[0].lower() == circular.chain[-1].lower() or "[" in circular.chain[0]  # noqa: PT017
    else:
        assert isinstance(result.text, str)
        assert bool(result.error) >= bool(result.missing)
    rendered = render(text, variables)
    lines = text.split("\n")
    for problem in rendered.problems:
        assert lines[problem.line - 1][problem.column - 1 :].startswith("#{")


@given(text=TEXTS.filter(lambda text: "#{" not in text), lenient=st.booleans())
def test_text_without_tokens_is_unchanged(text: str, lenient: bool) -> None:
    assert evaluate(text, {"a": "1"}, lenient=lenient).text == text


@given(text=TEXTS.filter(lambda text: "##{" not in text and "###" not in text), lenient=st.booleans())
def test_escaped_text_comes_back(text: str, lenient: bool) -> None:
    """Each `#{` written as `##{` gives the text itself."""
    assert evaluate(text.replace("#{", "##{"), {"a": "1"}, lenient=lenient).text == text


@given(text=TEXTS)
def test_faultless_strict_and_lenient_agree(text: str) -> None:
    try:
        strict, lenient = evaluate(text, {"a": "1"}), evaluate(text, {"a": "1"}, lenient=True)
    except CircularReference:
        return
    if not any(problem.kind == "syntax" for problem in lenient.problems):
        assert strict == lenient


REPEATED = [
    *[
        "text #{a} text\n",
        "#{missing}",
        "#",
        "# {",
        " ",
        "##{",
        "[#{",
        "#{a ",
        "#{a.",
        "#{a[",
        "#{a[#{",
        "#{a          ",
    ],
    *["#{if a}", '#{if a == "1"}', "#{unless a}#{if b}#{else}", "#{each x in b}", "#{if a}x#{/if}", "#{/if}"],
    *["#{elseif a}", "#{calc {", '#{a | Append "', '#{a | Append \\"', "#{a | Append #{"],
]


@pytest.mark.parametrize("piece", REPEATED)
def test_time_grows_linearly(piece: str) -> None:
    assert_linear(lambda count: evaluate("#{a}" + piece * count, {"a": "1", "b": "x"}, lenient=True), 400)


def test_values_nested_deeply_need_no_stack() -> None:
    variables = {f"v{number}": f"#{{v{number + 1}}}" for number in range(20_000)} | {"v20000": "end"}
    assert evaluate("#{v0}", variables).text == "end"


def test_values_that_explode_are_an_error_and_not_a_full_memory() -> None:
    variables = {f"v{number}": f"#{{v{number + 1}}}" * 2 for number in range(100)} | {"v100": "x" * 1000}
    result = evaluate("#{v0}", variables)
    assert "grows beyond" in result.problems[0].reason


def test_nesting_beyond_measure_is_a_syntax_error() -> None:
    result = evaluate("#{if a}" * 5000 + "#{/if}" * 5000, {"a": "1"})
    assert "nested more than" in result.error


def test_lookups_nested_beyond_measure_end() -> None:
    assert evaluate("#{a[" * 3000 + "]}" * 3000, {"a": "1"}, lenient=True).problems
    assert evaluate("#{a" + "[#{a" * 3000 + "}]" * 3000 + "}", {"a": "1"}).missing
