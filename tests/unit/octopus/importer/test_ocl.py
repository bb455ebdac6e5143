"""OCL, as a table: the language, and what a variables.ocl says in it.

Marks in the names: [T] the reference's own tests assert it, [S] read in its source.
"""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.errors import ImportFailed
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.model import (
    ExportedPrompt,
    ExportedValue,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.ocl_parser import (
    DEEPEST,
    Text,
    Word,
    parse,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.ocl_sets import read_ocl
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.sources import Source
from growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = [
    # rule, text behind `Foo = `, value
    ("[T] a text", '"Bar"', "Bar"),
    ("[T] blanks around it", ' \t  "Bar"  \t  ', "Bar"),
    ("[T] a whole number", "-1", "-1"),
    ("[T] a fraction", "1.5", "1.5"),
    ("[T] null", "null", None),
    ("[T] true", "true", "true"),
    ("[T] an empty list", "[    ]", []),
    ("[T] a list of one text", '  [    "A"           ]', ["A"]),
    ("[T] a list of texts", '[ "A"\t,\n"B" ] ', ["A", "B"]),
    ("[T] a list of numbers", "[1, 2]", ["1", "2"]),
    ("[T] heredoc: empty", "<<ZZZ\nZZZ", ""),
    ("[T] heredoc: blanks", "<<ZZZ\n \n \nZZZ", " \n "),
    ("[T] heredoc: indentation stays", "<<ZZZ\n  A\n  B\nZZZ", "  A\n  B"),
    ("[T] heredoc: its word within the text", "<<ZZZ\nA ZZZ\nZZZ B\nZZZ", "A ZZZ\nZZZ B"),
    ("[T] heredoc: any word", "<<!!!! \t \nA\n\t!!!!\t", "A"),
    ("[T] indented heredoc: empty", "<<-ZZZ\nZZZ", ""),
    ("[T] indented heredoc: blank lines become empty", "<<-ZZZ\n \n \nZZZ", "\n"),
    ("[T] indented heredoc: unindented", "<<-ZZZ\n  A\n  B\nZZZ", "A\nB"),
    ("[T] indented heredoc: what is deeper stays deeper", "<<-ZZZ\n  A\n    B\n  ZZZ", "A\n  B"),
    ("[T] indented heredoc: its word within the text", "<<-ZZZ\n  A ZZZ\n   ZZZ B\nZZZ", "A ZZZ\n ZZZ B"),
    ("[T] indented heredoc: blank lines do not count", "<<-Z\n    A\n  \n          \n    B\nZ", "A\n\n      \nB"),
    ("[T] indented heredoc: a tab is one sign", "<<-Z\n    A\n\t\t\t\tB\nZ", "A\nB"),
    ("[S] heredoc: line ends of the file that are \\r\\n", "<<Z\r\nA\r\nB\r\nZ\r\n", "A\r\nB"),
    ("[S] heredoc: only the last line has \\r", "<<Z\nA\nB\r\nZ", "A\nB"),
    ("[S] heredoc: no escapes", '<<Z\n\\n"#{X}"\\\nZ', '\\n"#{X}"\\'),
    ("[S] escapes", r'"\r\n\t\\\""', '\r\n\t\\"'),
    ("[S] no ${} as HCL has it", '"${a} #{b} // #"', "${a} #{b} // #"),
    (
        "[S] pairs",
        '{\n    Octopus.ControlType = "Select"\n    "a b" = null\n}',
        {"Octopus.ControlType": "Select", "a b": None},
    ),
    ("a comment behind it", '"a" # b\n// "c"', "a"),
]


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values(text: str, value: object) -> None:
    assert parse(f"Foo = {text}", "f").attributes["Foo"].value == value


def test_texts_are_told_from_numbers_and_words() -> None:
    attributes = parse('a = "true"\nb = true\nc = -1.5', "f").attributes
    assert [type(one.value) for one in attributes.values()] == [Text, Word, Word]


BLOCKS = [
    ("[T] empty", "", []),
    ("[T] blank", " \t \r\n \t ", []),
    ("[T] an empty block on a line", "MyBlock {}", [("MyBlock", (), [], [])]),
    ("[T] an empty block", "MyBlock {\n\n}\n", [("MyBlock", (), [], [])]),
    ("[T] labels", 'MyBlock "Foo" "Bar" {}', [("MyBlock", ("Foo", "Bar"), [], [])]),
    ("[T] several blocks", "A {}\nA {}", [("A", (), [], []), ("A", (), [], [])]),
    (
        "[T] attributes and blocks in any order",
        'A {\n  B {\n  C {}\n  }\n  One = 1\n\n\n  D "Label" {\n  x = "A"\n  E {}\n  }\n  Two = 2\n}',
        [
            (
                "A",
                (),
                ["One", "Two"],
                [("B", (), [], [("C", (), [], [])]), ("D", ("Label",), ["x"], [("E", (), [], [])])],
            )
        ],
    ),
    ("a byte of comments", "# one\nA { // two\n  # three\n}\n#", [("A", (), [], [])]),
]


@pytest.mark.parametrize(("text", "blocks"), [row[1:] for row in BLOCKS], ids=[row[0] for row in BLOCKS])
def test_blocks(text: str, blocks: list) -> None:
    def shape(block) -> tuple:
        return block.name, block.labels, list(block.attributes), [shape(child) for child in block.blocks]

    assert [shape(block) for block in parse(text, "f").blocks] == blocks


SYNTAX = [
    (
        "[T] a text without end",
        '\nFoo = "Bar"\n\n  Foo2 = "Bar\n ',
        "f:4:10: a text in quotes is not closed on its line",
    ),
    ("[T] a list without commas", 'Foo=["A""B"]', "f:1:9: found a text, expected `,` or `]`"),
    ("[T] a list with a comma too many", "Foo=[1,,2]", "f:1:8: found `,`, expected a text in quotes, a number"),
    (
        "[T] heredoc: blank before the word",
        "a = << ZZ\nZZ\n",
        "f:1:5: expected the word that ends the text right behind",
    ),
    ("[T] heredoc: blank before the word, indented", "a = <<- Z\nZ\n", "f:1:5: expected the word that ends the text"),
    ("heredoc: no word, indented", "a = <<-\nZ\n", "f:1:5: expected the word that ends the text right behind `<<-`"),
    ("[T] heredoc: text behind the word", "a = <<Z Z\nZ\n", "f:1:5: expected the word that ends the text"),
    (
        "[T] heredoc: never ends",
        "a = <<Z\nZ A\nA Z\n",
        "f:1:5: the text is not closed; expected a line with nothing but `Z`",
    ),
    ("[S] an unknown escape", '\na = "x\\d"', "f:2:7: `\\d` is no escape of OCL; it has `\\r`"),
    ("[S] a lone backslash", 'a = "x\\', "f:1:5: a text in quotes is not closed"),
    ("a value without quotes", "a = s3cret", "f:1:5: found a word, expected a text in quotes"),
    ("a function's call", 'a = base64("eA==")', "f:1:5: found a word, expected a text in quotes"),
    ("nothing behind =", "a =\n", "f:2:1: found the end of the file, expected a text"),
    ("a name alone", "a\nb = 1", "f:2:1: found a word, expected `=` or a block's `{` behind `a`"),
    (
        "a block that is not closed",
        'variable "A" {\n  value "x" {\n  }\n',
        "f:4:1: found the end of the file, expected an attribute",
    ),
    ("a brace too many", "a {}\n}", "f:2:1: found `}`, expected a block such as"),
    ("an attribute twice", 'a = 1\nb {\n  c = 1\n  c = "s3cret"\n}', "f:4:3: `c` occurs twice in its block"),
    ("a name twice in pairs", "a = {\n b = 1\n b = 2\n}", "f:3:2: a name occurs twice between the braces"),
    ("pairs in pairs", "a = {\n b = {}\n}", "f:2:6: found `{`, expected a text in quotes"),
    ("too deep", "a {\n" * 200_000, f"f:{DEEPEST + 1}:1: found a word, nested more than {DEEPEST} deep"),
    ("JSON", '{"Variables": []}', "f:1:1: found `{`, expected a block such as `variable"),
    ("a sign that is none", "a = 1\n<", "f:2:1: found `<`, expected a name"),
]


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in SYNTAX], ids=[row[0] for row in SYNTAX])
def test_syntax_errors(text: str, message: str) -> None:
    with pytest.raises(ImportFailed) as raised:
        parse(text, "f")
    assert message in str(raised.value)
    assert "s3cret" not in str(raised.value)


def read(text: str, path: str = "/x/website/.octopus/variables.ocl") -> tuple[ExportedValue, ...]:
    (one,) = read_ocl(Source(path, "variables.ocl", text, True)).sets
    return one.values


def test_everything_of_a_variable() -> None:
    text = """
variable "Db.Name" {
    value "plain" {}

    value {
        value = <<-EOT
            two
              lines
        EOT
        description = "why"
        environment = ["production", "staging"]
        role = ["web"]
        colour = "red"

        prompt {
            label = "Which?"
            description = "d"
            required = true
            display_settings = {
                Octopus.ControlType = "Select"
                Octopus.SelectOptions = <<-EOT
                    a|A
                EOT
            }
        }
    }
}
variable "Account" {
    type = "AzureAccount"

    value "one" {}

    value "" {
        type = "String"
    }
}
variable "Secret" {
    type = "Sensitive"
    value {}
}
variable "None" {
}
"""
    assert read(text) == (
        ExportedValue("Db.Name", "plain"),
        ExportedValue(
            "Db.Name",
            "two\n  lines",
            scope={"environment": ("production", "staging"), "role": ("web",), "colour": ()},
            prompt=ExportedPrompt("Which?", "d", True, "Select", ("Octopus.SelectOptions",)),
            description="why",
        ),
        ExportedValue("Account", "one", type="AzureAccount"),
        ExportedValue("Account", ""),
        ExportedValue("Secret", None, type="Sensitive", sensitive=True),
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x/website/.octopus/variables.ocl", "website"),
        ("/x/website/variables.ocl", "website"),
        ("/x/website/shop.ocl", "shop"),
        ("/variables.ocl", "variables"),
    ],
)
def test_the_project_is_called_like_its_folder(path: str, name: str) -> None:
    (one,) = read_ocl(Source(path, "variables.ocl", "", True)).sets
    assert one.name == name


FAULTS = [
    ("another file", 'step "Deploy" {\n}', 'f:1:1: found a block `step`, expected `variable "Name" {`; is this'),
    ("an attribute", "a = 1", "f:1:1: found the attribute `a`, expected blocks"),
    ("no name", "variable {\n}", "f:1:1: a variable has one name in quotes"),
    ("a blank name", 'variable " " {\n}', "f:1:1: a variable has one name in quotes"),
    ("two names", 'variable "A" "B" {\n}', "f:1:1: a variable has one name in quotes"),
    (
        "a value as attribute",
        'variable "A" {\n  value = "s3cret"\n}',
        "f:2:3: variable A has `value`, expected `type` and",
    ),
    (
        "a block that is no value",
        'variable "A" {\n  scope {}\n}',
        "f:2:3: variable A has a block `scope`, expected blocks",
    ),
    ("two texts", 'variable "A" {\n  value "a" "b" {}\n}', "f:2:3: variable A: a value has one text"),
    (
        "a text twice",
        'variable "A" {\n  value "a" {\n    value = "b"\n  }\n}',
        "f:2:3: variable A: a value has one text",
    ),
    (
        "a value that is a number",
        'variable "A" {\n  value {\n    value = 5\n  }\n}',
        "f:3:5: `value` is a number, true or false",
    ),
    (
        "a value that is a list",
        'variable "A" {\n  value {\n    value = ["a"]\n  }\n}',
        "f:3:5: `value` is a list, expected",
    ),
    (
        "a scope without list",
        'variable "A" {\n  value "a" {\n    role = "b"\n  }\n}',
        "f:3:5: `role` is a text, expected a list",
    ),
    (
        "a scope of numbers",
        'variable "A" {\n  value "a" {\n    role = [1]\n  }\n}',
        "f:3:5: `role` is a list, expected a list",
    ),
    (
        "two prompts",
        'variable "A" {\n  value "a" {\n    prompt {}\n    prompt {}\n  }\n}',
        "f:4:5: variable A: a value has a block `prompt`, expected at most one",
    ),
    (
        "an unknown block",
        'variable "A" {\n  value "a" {\n    when {}\n  }\n}',
        "f:3:5: variable A: a value has a block `when`",
    ),
    (
        "a flag that is none",
        'variable "A" {\n  value "a" {\n    prompt {\n      required = "yes"\n    }\n  }\n}',
        "f:4:7: `required` is a text, expected true or false",
    ),
]


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_faults(text: str, message: str) -> None:
    with pytest.raises(ImportFailed) as raised:
        read(text, "f")
    assert message in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(ImportFailed) as raised:
        read('a = 1\nvariable {}\nvariable "B" {\n  c {}\n}', "f")
    assert len(str(raised.value).splitlines()) == 3


def _quoted(text: str) -> str:
    for sign, escape in (("\\", "\\\\"), ("\r", "\\r"), ("\n", "\\n"), ("\t", "\\t"), ('"', '\\"')):
        text = text.replace(sign, escape)
    return f'"{text}"'


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\r\n\t#{}')))
def test_any_text_in_quotes_comes_back(text: str) -> None:
    """Written as the reference writes it."""
    assert parse(f"a = {_quoted(text)}", "f").attributes["a"].value == text


LINES = st.text(alphabet=st.sampled_from('ab \t"\\#{}=EOT'), max_size=6).filter(lambda line: line.strip() != "EOT")


@given(st.lists(LINES, min_size=1, max_size=5).filter(lambda lines: any(one[:1].strip() for one in lines)))
def test_any_lines_in_an_indented_heredoc_come_back(lines: list[str]) -> None:
    """Written as the reference writes it; a line of blanks alone does not count for the indentation."""
    text = "a = <<-EOT\n" + "".join(f"    {line}\n" for line in lines) + "    EOT"
    assert parse(text, "f").attributes["a"].value == "\n".join(lines)


PIECES = ['"', '\\"', "a", "=", "{", "}", "[", "]", ",", "\n", " ", "<<E\n", "<<-E\n", "E\n", "# x", "null", '"x"']
PIECES += ['variable "A" {\n', 'value "x" {\n', "prompt {\n", 'role = ["a"]\n', "}\n"]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text, "f")
    except ImportFailed as error:
        assert str(error).startswith("f:")  # noqa: PT017


@pytest.mark.parametrize(
    "piece", ['"', '"a" ', "\\", "a = 1\n", "<<E\n", "E\n", "E ", " ", "#", "[", "{", "a {", '"\\"', "/*=1 "]
)
def test_time_grows_linearly(piece: str) -> None:
    def work(count: int) -> None:
        with pytest.raises(ImportFailed):
            read('variable "A" {\n value {\n  value = <<X\n' + piece * count, "f")
        with pytest.raises(ImportFailed):
            read('variable "A" {\n value {\n' + piece * count, "f")

    assert_linear(work, 2000)
