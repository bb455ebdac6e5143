"""XML files, as a table; marks as in test_json_files."""

from __future__ import annotations

import builtins

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import VariableSet
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.files.text_files import decode
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured.xml_encoding import (
    as_declared,
    encode_xml,
)
from growth import assert_linear
from lxml import etree

RULES = [
    # rule, file, variables, outcome
    ("[T] an attribute", "<a b='1' c = \"2\"/>", {"/a/@b": "x", "/a/@c": "y"}, "<a b='x' c = \"y\"/>"),
    ("[T] an attribute is escaped",
     "<a b='1' c=\"2\"/>", {"/a/@*": "<&\"'\n"}, "<a b='&lt;&amp;\"&apos;&#10;' c=\"&lt;&amp;&quot;'&#10;\"/>"),
    ("[T] the text of an element", "<a><b>1</b></a>", {"/a/b": "<x>&"}, "<a><b>&lt;x&gt;&amp;</b></a>"),
    ("[T] text()", "<a>1<b/>2</a>", {"/a/text()[1]": "x", "/a/text()[2]": "y"}, "<a>x<b/>y</a>"),
    ("[T] all that match", "<a><b>1</b><c><b>2</b></c></a>", {"//b": "x"}, "<a><b>x</b><c><b>x</b></c></a>"),
    ("[T] an empty element", "<a><b></b><c/><d x='1' /></a>", {"/a/*": "x"}, "<a><b>x</b><c>x</c><d x='1'>x</d></a>"),
    ("[T] an element with a single CDATA", "<a><b><![CDATA[1]]></b></a>", {"/a/b": "<x>]]>"},
     "<a><b><![CDATA[<x>]]]]><![CDATA[>]]></b></a>"),
    ("[T] CDATA by text()", "<a>\n <![CDATA[1]]>\n</a>", {"/a/text()": "<"}, "<a>\n <![CDATA[<]]>\n</a>"),
    ("[T] an element with CDATA and text", "<a><![CDATA[1]]>2<![CDATA[3]]></a>", {"/a": "<"}, "<a>&lt;</a>"),
    ("[T] a comment", "<a><!--1--><b/></a>", {"/a/comment()": "x & y"}, "<a><!--x & y--><b/></a>"),
    ("[T] a processing instruction",
     "<a><?p x='1'?><?q?></a>", {"/a/processing-instruction()": "y"}, "<a><?p y?><?q y?></a>"),
    ("[T] an element with elements by a fragment",
     "<a><b><c/></b></a>", {"/a/b": "x<d e='1'/>"}, "<a><b>x<d e='1'/></b></a>"),
    ("[T] a fragment with the document's prefixes", "<p:a xmlns:p='u'><b><c/></b></p:a>", {"//b": "<p:d/>"},
     "<p:a xmlns:p='u'><b><p:d/></b></p:a>"),
    ("[T] prefixes come from the whole document", "<a><p:b xmlns:p='u' p:c='1'/></a>", {"//p:b/@p:c": "2"},
     "<a><p:b xmlns:p='u' p:c='2'/></a>"),
    ("[T] *: is any namespace, none too", "<a xmlns='u'><b p:c='1' xmlns:p='v'/></a>", {"/*:a/*:b/@*:c": "2"},
     "<a xmlns='u'><b p:c='2' xmlns:p='v'/></a>"),
    ("[T] *: with a predicate, and in a literal",
     "<a xmlns='u'><b c='*:d'/><b c='e'/></a>", {"//*:b[@c='*:d']": "x", "//*:b[2]": "y"},
     "<a xmlns='u'><b c='*:d'>x</b><b c='e'>y</b></a>"),
    ("[T] without prefix: no namespace", "<a xmlns='u'><b/></a>", {"/a": "x", "//b": "x"}, "<a xmlns='u'><b/></a>"),
    ("[S] names without / and : are not tried", "<a><b/></a>", {"a": "x", "b": "x"}, "<a><b/></a>"),
    ("[S] no rule for Octopus", "<Octopus>1</Octopus>", {"/Octopus": "x"}, "<Octopus>x</Octopus>"),
    ("[S] what is no XPath is ignored silently",
     "<a><b/></a>", {"Logging:Level": "x", "c:\\x y": "x", "count(//a)": "x", "http://a/b": "x"},
     "<a><b/></a>"),
    ("[S] the declaration stays, or its lack",
     "<?xml version='1.0'  encoding=\"x-y\"?>\n<a>1</a>\n<!-- z -->", {"/a": "2", "/comment()": "c"},
     "<?xml version='1.0'  encoding=\"x-y\"?>\n<a>2</a>\n<!--c-->"),
    ("layout stays", '<a\r\n\tb = "1"\r\n  c=\'&quot;&#65;\' ><d></d ><e  />\r\n</a >\r\n', {"/a/@b": "2"},
     '<a\r\n\tb = "2"\r\n  c=\'&quot;&#65;\' ><d></d ><e  />\r\n</a >\r\n'),
    ("a document type and its entities stay",
     "<!DOCTYPE a [<!ENTITY x \"]>\"><!-- ' ]> --><?p ]>?>]><a>&x;<b>1&x;2</b>&x;</a>", {"/a/b/text()[2]": "y"},
     "<!DOCTYPE a [<!ENTITY x \"]>\"><!-- ' ]> --><?p ]>?>]><a>&x;<b>y</b>&x;</a>"),
    ("white space between elements is no text", "<a>\n <b/>\n</a>", {"//text()": "x"}, "<a>\n <b/>\n</a>"),
    ("nothing in place of an element's text", "<a><b>1</b><c/></a>", {"/a/b": "", "/a/c": ""}, "<a><b></b><c/></a>"),
    ("no value is nothing", "<a b='1'><c>1</c></a>", {"/a/@b": None, "/a/c": None}, "<a b=''><c></c></a>"),
    ("the whole hides what is in it", "<a><b><c>1</c></b></a>", {"/a/b": "<d/>", "/a/b/c": "x"}, "<a><b><d/></b></a>"),
    ("of two for the same place the later wins", "<a>1</a>", {"/a": "x", "/a/text()": "y"}, "<a>y</a>"),
    ("attributes beside the content", "<a b='1'/>", {"/a": "x", "/a/@b": "y"}, "<a b='y'>x</a>"),
    ("lines of a value get the file's ends",
     "<a>\r\n<b>1</b>\r\n</a>", {"//b": "x\ny"}, "<a>\r\n<b>x\r\ny</b>\r\n</a>"),
    ("a relative path starts at the document", "<a><a>1</a></a>", {"a/a": "x"}, "<a><a>x</a></a>"),
    ("values are evaluated", "<a>1</a>", {"/a": "#{x}", "x": "y"}, "<a>y</a>"),
    ("a > in an attribute, quotes in a text",
     "<a b='>'>'<c d=\"/>\">1</c></a>", {"//c": "2"}, "<a b='>'>'<c d=\"/>\">2</c></a>"),
    ("an attribute that only the DTD has is not there", "<!DOCTYPE a [<!ATTLIST a b CDATA '1'>]><a c='2'/>",
     {"/a/@b": "x", "/a/@c": "y"}, "<!DOCTYPE a [<!ATTLIST a b CDATA '1'>]><a c='y'/>"),
    ("a prefix with two namespaces that no name uses", "<p:a xmlns:p='u'><b xmlns:p='v'>1</b></p:a>", {"//b": "x"},
     "<p:a xmlns:p='u'><b xmlns:p='v'>x</b></p:a>"),
    ("outside of Latin", "<ä é='1'>😀<ß/></ä>", {"/ä/@é": "€", "//ß": "😀"}, "<ä é='€'>😀<ß>😀</ß></ä>"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "variables", "outcome"), RULES, ids=[row[0] for row in RULES])
def test_rules(rule: str, text: str, variables: dict, outcome: str) -> None:
    result = replace(text, variables, name="f.xml")
    assert (result.text, result.format, result.problems, result.warnings) == (outcome, "xml", (), ())
    etree.fromstring(result.text.encode(), etree.XMLParser(encoding="utf-8", resolve_entities=False))


WARNINGS = [
    ("[S] no fragment", "<a>\n<b/></a>", {"/a": "x & y"}, "1:1: the value of /a is no XML; this element has elements"),
    ("no fragment: it ends the element", "<a><b/></a>", {"/a": "</x><x>"}, "1:1: the value of /a is no XML"),
    ("no fragment: a prefix that is not declared here",
     "<a><b/><c xmlns:p='u'/></a>", {"/a": "<p:x/>"}, "1:1: the value"),
    ("no fragment: an entity", "<a><b/></a>", {"/a": "&x;"}, "1:1: the value of /a is no XML"),
    ("a comment", "<a><!--1--></a>", {"//comment()": "a--b"}, "1:4: the value of //comment() has -- in it"),
    ("a comment's end", "<a><!--1--></a>", {"//comment()": "a-"}, "1:4: the value of //comment() has -- in it"),
    ("an instruction",
     "<a><?p 1?></a>", {"/a/processing-instruction()": "?>"}, "1:4: the value of /a/processing-instruction"),
    ("a character", "<a>1</a>", {"/a": "x\0"}, "1:4: the value of /a has the character U+0000, which XML cannot hold"),
    ("half of a pair", "<a b='1'/>", {"/a/@b": "\ud800"}, "1:6: the value of /a/@b has the character U+D800"),
    ("[T] a prefix with two namespaces", "<p:a xmlns:p='u'><p:b xmlns:p='v'/></p:a>", {"//p:b": "x"},
     "1:1: the namespace prefix p is declared more than once; its first declaration is used"),
    ("XPath 2.0",
     "<a/>", {"/a[matches(., 'x')]": "x"}, "1:1: the variable /a[matches(., 'x')] is not used as XPath: Unreg"),
    ("a syntax error", "<a/>", {"//*:a[": "x"}, "1:1: the variable //*:a[ is not used as XPath: Invalid expression"),
    ("a long one",
     "<a/>", {"/a" * 501: "x"}, f"1:1: the variable {'/a' * 50} is not used as XPath: it has more than 1000"),
    ("a costly one",
     "<a>" + "<b/>" * 1000 + "</a>", {"//b[//b[//b]]": "x"}, "1:1: the variable //b[//b[//b]] is not used"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "variables", "warning"), WARNINGS, ids=[row[0] for row in WARNINGS])
def test_what_cannot_be_replaced_stays_with_a_warning(rule: str, text: str, variables: dict, warning: str) -> None:
    result = replace(text, variables, name="f.xml")
    assert result.text == text
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith(f"f.xml:{warning}")


def test_a_value_that_is_no_xml_is_told_with_the_parsers_reason_and_place_but_no_secret() -> None:
    text, value = "<a><b/></a>", "<c>\n<hunter22></c>"
    (told,) = replace(text, {"/a": value}, name="f.xml").warnings
    assert "cannot be read at line 2, column 15 of the value (Opening and ending tag mismatch: hunter22 and c)" in told
    for variables in (
        VariableSet({"/a": value}, sensitive=["/a"]),
        VariableSet({"/a": "#{Key}", "Key": value}, sensitive=["Key"]),
    ):
        (told,) = replace(text, variables, name="f.xml").warnings
        assert "cannot be read at line 2, column 15 of the value; expected whole elements" in told
        assert "hunter22" not in told


LAUGHS = "<!DOCTYPE a [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("<a>\n<b></a>", "2:8", "Opening and ending tag mismatch"),
        ("a", "1:1", "found no < at the start"),
        ("<a>\0</a>", "1:4", "Invalid character"),
        ("<a>\ud800</a>", "1:4", ""),
        ("<a>&nope;</a>", "1:10", "Entity 'nope' not defined"),
        (LAUGHS + "<a>&a11;</a>", "1:", "Maximum entity amplification"),
        (LAUGHS + "<a b='&a11;'/>", "1:", "Maximum entity amplification"),
        ("<a>" * 10_000 + "</a>" * 10_000, "1:", "Excessive depth"),
        ("<a>" * 300 + "</a>" * 300, "1:", "Excessive depth"),
        ("<a><a b='" * 10_000, "1:", ""),
    ],
)
def test_what_is_no_xml_is_located(text: str, place: str, reason: str) -> None:
    with pytest.raises(StructuredFileError) as error:
        replace(text, {"/a": "1"}, name="f.xml")
    assert str(error.value).startswith(f"f.xml:{place}")
    assert f"not valid XML: {reason}" in str(error.value)


def test_nothing_outside_of_the_text_is_read(tmp_path: object) -> None:
    secret = tmp_path / "secret"
    secret.write_text("<b>secret</b>")
    text = f"<!DOCTYPE a [<!ENTITY x SYSTEM 'file://{secret}'>]><a>&x;<c>1</c></a>"
    assert replace(text, {"//b": "2", "//c": "3", "document('secret')": "4"}, name="f.xml").text == text.replace(
        ">1<", ">3<"
    )
    assert "b" not in replace(text, {"//c": "3", "/a/text()": "4"}, name="f.xml").text.partition("<a>")[2]


@pytest.mark.parametrize(
    "xpath", ["//*[//*]", "//b//b//b", "//b|//b|//b", "/a/b[. = /a/b]", "/a/b/../b/../b", "//b[. = ../b]"]
)
def test_hostile_xpaths_are_refused(xpath: str) -> None:
    assert replace("<a>" + "<b/>" * 20_000 + "</a>", {xpath: "x"}, name="f.xml").warnings


def test_a_large_file_takes_time_in_proportion() -> None:
    def work(size: int) -> None:
        text = "<a>" + "<b c='1' d='2'>x</b>\n" * size + "</a>"
        assert len(replace(text, {"//b[@c='1']/@d": "3"}, name="f.xml").replaced) == size

    assert_linear(work, 1000)


def test_without_lxml_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: object) -> object:
        if name == "lxml":
            raise ImportError
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StructuredFileError, match=r"f\.xml: XML needs the Python package lxml on the control node"):
        replace("<a/>", {}, name="f.xml")
    assert replace("a: 1", {}, name="f").format == "yaml"


ENCODINGS = [
    # rule, bytes before, output encoding, bytes after
    ("[S] the declared encoding is tried first", b"<?xml version='1.0' encoding='iso-8859-5'?><a b='\xd0'>1</a>", None,
     b"<?xml version='1.0' encoding='iso-8859-5'?><a b='\xd0'>\xb6</a>"),
    ("[S] it is adapted when it has no such character",
     b"<?xml version='1.0' encoding='windows-1252'?><a b='\xe9'>1</a>", None,
     "<?xml version='1.0' encoding='utf-8'?><a b='é'>Ж</a>".encode()),
    ("[S] it is adapted to the one that is asked for",
     b"<?xml version='1.0' encoding='utf-8'?><a b='x'>1</a>", "utf-16",
     b"\xff\xfe" + "<?xml version='1.0' encoding='utf-16'?><a b='x'>Ж</a>".encode("utf-16-le")),
    ("without declared encoding none is added", b"<?xml version='1.0'?><a b='\xe9'>1</a>", None,
     "<?xml version='1.0'?><a b='é'>Ж</a>".encode()),
    ("an unknown one is left alone", "<?xml version='1.0' encoding='rot13'?><a b='é'>1</a>".encode(), None,
     "<?xml version='1.0' encoding='rot13'?><a b='é'>Ж</a>".encode()),
    ("one that does not fit", "<?xml version='1.0' encoding='us-ascii'?><a b='é'>1</a>".encode(), None,
     "<?xml version='1.0' encoding='us-ascii'?><a b='é'>Ж</a>".encode()),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "output", "after"), ENCODINGS, ids=[row[0] for row in ENCODINGS])
def test_encodings(rule: str, before: bytes, output: str | None, after: bytes) -> None:
    file = as_declared(decode(before))
    outcome = replace(file.text, {"/a": "Ж"}, name="f.xml")
    assert encode_xml(file, outcome.text, output).content == after
