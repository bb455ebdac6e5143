"""docs/octopus.md, Structured configuration and Choices: what becomes of values in files without tokens."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import replace
from octopus_page import says

ROWS = [
    # what the page says, the file's name, its text, variables, outcome
    (
        "names and indexes joined by `:`, case-insensitive",
        "a.json",
        '{"Logging": {"Targets": [{"Level": 1}]}}',
        {"logging:TARGETS:0:level": "2"},
        '{"Logging": {"Targets": [{"Level": 2}]}}',
    ),
    (
        "an XPath (1.0, and `*:name` for any namespace)",
        "a.xml",
        "<configuration xmlns='u'><add key='Mode' value='1'/></configuration>",
        {"//*:add[@key='Mode']/@value": "2"},
        "<configuration xmlns='u'><add key='Mode' value='2'/></configuration>",
    ),
    ("the key, case-insensitive", "a.properties", "log.level=1", {"Log.Level": "2"}, "log.level=2"),
    (
        "comments, blank lines, order, indentation, quotes and line endings stay",
        "a.yml",
        "# c\r\n\r\nb:   'x' # d\r\na:\r\n     - y\r\n",
        {"b": "1", "a:0": "2"},
        "# c\r\n\r\nb:   '1' # d\r\na:\r\n     - 2\r\n",
    ),
    ("A file is JSON if it parses as JSON, whatever its name", "a.yml", '{"a": 1}', {"a": "007"}, '{"a": 7}'),
    ("otherwise its extension decides", "a.yml", "a: 1", {"a": "007"}, "a: 007"),
    (
        "with an unknown extension, the first of JSON, XML, YAML and properties",
        "a.conf",
        "<a b='1'/>",
        {"/a/@b": "2"},
        "<a b='2'/>",
    ),
    (
        "A JSON object or array is replaced with a value that is JSON",
        "a.json",
        '{"a": [1]}',
        {"a": '{"b": "c"}'},
        '{"a": {"b": "c"}}',
    ),
    (
        "(JSON works too; anything else becomes a text)",
        "a.yml",
        "a: {x: 1}\nb: [1]\nc: {x: 1}\n",
        {"a": "[1, {b: c}]", "b": '{"d": [2]}', "c": "[oh"},
        'a: [1, {b: c}]\nb: {"d": [2]}\nc: "[oh"\n',
    ),
    (
        "Names that begin with `Octopus` are not used, except those that begin with `Octopus:` in JSON and YAML",
        "a.json",
        '{"Octopus": {"X": 1}, "Octopus.Y": 1}',
        {"Octopus:X": "2", "Octopus.Y": "2", "Octopus": "2"},
        '{"Octopus": {"X": 2}, "Octopus.Y": 1}',
    ),
    (
        "except those that begin with `Octopus:` in JSON and YAML",
        "a.properties",
        "Octopus\\:X=1",
        {"Octopus:X": "2"},
        "Octopus\\:X=1",
    ),
    (
        "In JSON, a number or boolean keeps its type if the value allows it; otherwise it becomes a text.",
        "a.json",
        '{"a": 1, "b": 1, "c": true, "d": true}',
        {"a": "2.50", "b": "two", "c": "FALSE", "d": "off"},
        '{"a": 2.50, "b": "two", "c": false, "d": "off"}',
    ),
    (
        "Texts and `null` become texts.",
        "a.json",
        '{"a": "x", "b": null}',
        {"a": "1", "b": "true"},
        '{"a": "1", "b": "true"}',
    ),
    (
        "In YAML, quoted values stay quoted and unquoted ones stay unquoted",
        "a.yml",
        "a: 'x'\nb: \"x\"\nc: x\n",
        dict.fromkeys("abc", "yes"),
        "a: 'yes'\nb: \"yes\"\nc: yes\n",
    ),
    (
        (
            "Quotes are added if any reader, of YAML 1.1 or 1.2, would take the text for something other than a "
            "scalar, or fail to read it."
        ),
        "a.yml",
        "a: x\nb: [x]\nc: x\nd: x\n",
        {"a": "b: c", "b:0": "https://a/?b", "c": "x\ty", "d": "2023-02-30"},
        "a: 'b: c'\nb: ['https://a/?b']\nc: 'x\ty'\nd: '2023-02-30'\n",
    ),
    (
        "In Java properties, all non-ASCII characters are escaped",
        "a.properties",
        "a=1",
        {"a": "ü€"},
        "a=\\u00fc\\u20ac",
    ),
    (
        "Each value is escaped for its place, so no filter is needed.",
        "a.json",
        '{"a": ""}',
        {"a": 'C:\\x "y"\n'},
        '{"a": "C:\\\\x \\"y\\"\\n"}',
    ),
    (
        "Each value is escaped for its place, so no filter is needed.",
        "a.xml",
        "<a b='1'>x</a>",
        {"/a/@b": "<'&", "/a": "<'&"},
        "<a b='&lt;&apos;&amp;'>&lt;'&amp;</a>",
    ),
    (
        '`{"Path": "#{Dir | JsonEscape}"}` if `Dir` may contain a backslash, a quote or a line break',
        "a.json",
        '{"a": {}}',
        {"a": '{"Path": "#{Dir | JsonEscape}"}', "Dir": 'C:\\Temp"\n'},
        '{"a": {"Path": "C:\\\\Temp\\"\\n"}}',
    ),
    (
        "Line breaks in a value become those of the file in block texts (`|`, `>`) of YAML",
        "a.yml",
        "a: |\n  x\nb: 'x'\n",
        {"a": "1\r\n2\r\n", "b": "1\r\n2"},
        'a: |\n  1\n  2\nb: "1\\r\\n2"\n',
    ),
    (
        (
            "and in elements, comments and instructions of XML; in quotes, attributes, JSON and properties they "
            "stay as they are"
        ),
        "a.xml",
        "<a b='1'>x<!--y--><?i z?></a>",
        {"/a/text()": "1\r\n2", "//comment()": "1\r\n2", "/a/@b": "1\r\n2", "//processing-instruction()": "1\r\n2"},
        "<a b='1&#13;&#10;2'>1\n2<!--1\n2--><?i 1\n2?></a>",
    ),
    (
        "in quotes, attributes, JSON and properties they stay as they are",
        "a.properties",
        "a=1\n",
        {"a": "1\r\n2"},
        "a=1\\r\\n2\n",
    ),
    # Choices
    (
        "JSON may have comments, trailing commas, single quotes and unquoted names.",
        "a.json",
        "{a: 'x', // c\n 'b': 1,}",
        {"a": "y", "b": "2"},
        "{a: \"y\", // c\n 'b': 2,}",
    ),
    (
        "Numbers keep their digits, without leading zeros; only an exponent is worked out (`456e-5` gives `0.00456`).",
        "a.json",
        '{"a": 1, "b": 1, "c": 1}',
        {"a": "1.50", "b": "007", "c": "456e-5"},
        '{"a": 1.50, "b": 7, "c": 0.00456}',
    ),
    (
        "A name that is there twice is replaced at every place.",
        "a.json",
        '{"a": 1, "A": 2}',
        {"a": "3"},
        '{"a": 3, "A": 3}',
    ),
    (
        (
            "YAML: a plain scalar that cannot hold the text gets quotes. An anchor always stays; the tag "
            "goes when a structure is replaced."
        ),
        "a.yml",
        "a: &x x\nb: !t &y [1]\nc: [*x, *y]\n",
        {"a": "# 1", "b": "[2]"},
        "a: &x '# 1'\nb: &y [2]\nc: [*x, *y]\n",
    ),
    (
        "Aliases count as items and can be replaced. Comments inside a replaced structure are lost.",
        "a.yml",
        "- &x 1\n- *x\n- a: 1 # c\n",
        {"1": "2", "2": "[3]"},
        "- &x 1\n- 2\n- [3]\n",
    ),
    (
        (
            "XML: all XPaths see the original file. An outer replacement hides inner ones; of two for the "
            "same place the later wins."
        ),
        "a.xml",
        "<a><b>1</b><c/></a>",
        {"/a/b[.='1']": "2", "/a/b": "3", "/a/b[.='3']": "4"},
        "<a><b>3</b><c/></a>",
    ),
    ("An outer replacement hides inner ones", "a.xml", "<a><b>1</b></a>", {"/a/b": "2", "/a": "<c/>"}, "<a><c/></a>"),
    (
        (
            "Every text parses as properties, so a broken YAML file with an unknown extension counts as "
            "properties, whose keys are no paths"
        ),
        "a.conf",
        "a: [\n",
        {"a": "1"},
        "a: 1\n",
    ),
]


@pytest.mark.parametrize(("quote", "name", "text", "variables", "outcome"), ROWS, ids=[row[0][:50] for row in ROWS])
def test_outcomes(quote: str, name: str, text: str, variables: dict, outcome: str) -> None:
    says(quote)
    result = replace(text, variables, name=name)
    assert (result.text, result.warnings, result.problems) == (outcome, (), ())


@says(
    "without quotes the reader decides what `1.10`, `007`, `yes` or a date is, as it did before",
)
@pytest.mark.parametrize("value", ["1.10", "007", "yes", "2020-01-01"])
def test_a_plain_scalar_of_yaml_has_the_type_that_the_reader_gives_it(value: str) -> None:
    written = replace('plain: x\nquoted: "x"\n', {"plain": value, "quoted": value}, name="a.yml").text
    read = yaml.safe_load(written)
    assert (read["plain"], read["quoted"]) == (yaml.safe_load(value), value)
    assert not isinstance(read["plain"], str)


@says(
    "`properties_escape: octopus` writes the bytes that Octopus writes",
)
def test_the_bytes_of_octopus() -> None:
    assert replace("a 1", {"a": ":ü"}, name="a.properties", properties_escape="octopus").text == "a :ü"


WARNED = [
    (
        "if it is none, the old one stays, with a warning that has the parser's reason and place",
        "a.json",
        '{"a": {}}',
        {"a": "{'k': 2}"},
        "Expecting property name enclosed in double quotes at line 1, column 2 of the value",
    ),
    ("A fragment's prefixes must be declared at its place.", "a.xml", "<a><b/></a>", {"/a": "<p:x/>"}, "prefix p"),
    (
        "What a place cannot hold (a character, `--`, `?>`) gives a warning, and the old content stays.",
        "a.xml",
        "<a><!--1--></a>",
        {"//comment()": "1--2"},
        "has -- in it",
    ),
    ("(a character, `--`, `?>`) gives a warning", "a.xml", "<a b='1'/>", {"/a/@b": "\x07"}, "the character U+0007"),
    (
        "(a character, `--`, `?>`) gives a warning",
        "a.xml",
        "<a><?i 1?></a>",
        {"//processing-instruction()": "?>"},
        "has ?> in it",
    ),
    (
        "XPaths that are too long or too costly are refused with a warning.",
        "a.xml",
        "<a/>",
        {"/a" + "[1]" * 5000: "1"},
        "is not used as XPath",
    ),
]


@pytest.mark.parametrize(("quote", "name", "text", "variables", "warning"), WARNED, ids=[row[4][:30] for row in WARNED])
def test_warnings(quote: str, name: str, text: str, variables: dict, warning: str) -> None:
    says(quote)
    result = replace(text, variables, name=name)
    assert result.text == text
    assert warning in result.warnings[0]


@says("Entities are not resolved and nothing outside the file is read.")
def test_entities(tmp_path) -> None:
    (tmp_path / "secret").write_text("secret")
    text = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{tmp_path}/secret">]><a><b>&e;</b><c>1</c></a>'
    result = replace(text, {"//c": "2", "//b[contains(., 'secret')]": "found"}, name="a.xml")
    assert result.text == text.replace("<c>1", "<c>2")
