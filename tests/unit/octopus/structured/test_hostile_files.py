"""Any file, any names and any values: the outcome, or the one error that says what is wrong with the file."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import VariableSet
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ODD = st.sampled_from(
    [
        "'",
        '"',
        "\\",
        "\\'",
        '\\"',
        "\\u0027",
        "\\ud800",
        "\\u12",
        "\x00",
        "\x85",
        "\u2028",
        "\ud800",
        "\U0001f600",
        "\n",
        "\r",
        "\t",
    ]
)
SIGNS = st.sampled_from(
    [
        *"{}[]<>:=,/-?!#&*|%@`.()$ abx01",
        "a", "b", ": ", "- ", "<a>", "</a>", "<a b='c'>", "<!--", "-->", "<![CDATA[", "]]>", "<?x", "?>",
        "<!DOCTYPE a [", "&lt;", "&x;", "//", "/*", "*/", "--- ", "...", "!!a ", "&a ", "*a", "true", "null", "1e9",
        "{a: 1}", '{"a": 1}', "a:\n  - b\n", "#{a}",
    ]
)  # fmt: skip
TEXTS = st.lists(ODD | SIGNS | st.characters(), max_size=25).map("".join)
NAMES = st.sampled_from(["a", "a:b", "a:0", "/a", "/a/@b", "//a", "/comment()", "/a/text()", "*:a"]) | TEXTS
SUFFIXES = [".json", ".yaml", ".xml", ".properties", ".txt"]


def outcome(name: str, text: str, variables: dict[str, str]) -> str | None:
    try:
        return replace(text, VariableSet(variables), name=name).text
    except StructuredFileError as error:
        message = str(error)
    assert message.startswith(f"{name}:")
    return None


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=80)
@given(TEXTS, st.dictionaries(NAMES, TEXTS, max_size=4))
def test_any_file(suffix, text, variables):
    outcome(f"file{suffix}", text, variables)


@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".json", '{{"a": {{"b": 1}}, "{0}": 2, \'{1}\': [3]}}'),
        (".yaml", "a: {{b: 1}}\n\"{0}\": 2\n'{1}': [3]\n"),
        (".xml", "<a b='{0}'><b>1</b><!--{1}--></a>"),
        (".properties", "{0}=1\n{1}: 2\n"),
    ],
)
@settings(max_examples=80)
@given(TEXTS, TEXTS, st.dictionaries(NAMES, TEXTS, max_size=4))
def test_any_name_in_a_file_that_is_well_formed_otherwise(suffix, form, first, second, variables):
    outcome(f"file{suffix}", form.format(first, second), {first: "x", second: "[y]", **variables})


@pytest.mark.parametrize("name", ['"it\\\'s"', "'it\\'s'", '"it\'s"', '"it\\u0027s"'])
def test_a_json_name_with_a_single_quote(name):
    assert outcome("a.json", f"{{{name}: 1}}", {"it's": "2"}) == f"{{{name}: 2}}"


@pytest.mark.parametrize("name", ["/a[. = '\x00']", "/a\ud800", "/a/\x00", "//*[\ufffe]"])
def test_an_xpath_with_a_character_that_xml_cannot_hold(name):
    found = replace("<a>1</a>", VariableSet({name: "2", "/a": "3"}), name="a.xml")
    assert found.text == "<a>3</a>"
    assert len(found.warnings) == 1
