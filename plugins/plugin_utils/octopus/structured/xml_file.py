"""XML: a variable's name is an XPath, and what it selects is replaced.

lxml evaluates the XPath, but does not know where in the text a node is; so the text is cut into tokens here, whose
elements, comments and processing instructions are those of lxml's document, in the same order. Only what is selected is
replaced. Entities are not resolved, and nothing outside of the text is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, unescape

from .edits import Edits
from .errors import NotParsed, StructuredFileError
from .xpath import UnusableXPathError, for_lxml, is_meant, refuse_costly, xpaths

_MARKUP = re.compile(
    r"""
      (?P<comment>     <!--.*?--> )
    | (?P<cdata>       <!\[CDATA\[.*?\]\]> )
    | (?P<instruction> <\?.*?\?> )
    | (?P<doctype>     <!DOCTYPE (?: [^\["'>] | "[^"]*+" | '[^']*+' )*+
                       (?: \[ (?: <!--.*?--> | <\?.*?\?> | "[^"]*+" | '[^']*+' | [^]"'] )*+ \] [^>]*+ )? > )
    | (?P<close>       </[^>]*+> )
    | (?P<open>        < (?: [^>"'] | "[^"]*+" | '[^']*+' )*+ > )
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""\s([^\s=/>"']+)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_PREFIX = re.compile(r"([\w.-]+):")
_NAME = re.compile(r"[^\s/>]+")
_TARGET = re.compile(r"<\?[^\s?]++(\s*+)")
_RUN = re.compile(r"(?:[^<]++|<!\[CDATA\[.*?\]\]>)*+", re.DOTALL)
_ONLY_CDATA = re.compile(r"[ \t\r\n]*+<!\[CDATA\[(.*?)\]\]>[ \t\r\n]*+", re.DOTALL)
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>")
_WHERE = re.compile(r",? line \d+, column \d+.*", re.DOTALL)
_LINE = re.compile(r" line \d+")
_BLANK = " \t\r\n"
_QUOTE = {'"': "&quot;"}


def replace_in_xml(edits: Edits) -> None:
    """Replace what variables' names select.

    :raises NotParsed: the text is no XML.
    :raises StructuredFileError: lxml is not installed.
    """
    document = _Document(edits)
    names = xpaths(list(edits.variables))
    for name in names:
        try:
            refuse_costly(name, len(document.marks))
            found = document.select(for_lxml(name))
        except UnusableXPathError as error:
            if is_meant(name):
                edits.warn(0, f"the variable {name[:100]} is not used as XPath: {error}")
            continue
        for item in found:
            document.replace(item, name)
    used = set(_PREFIX.findall(" ".join(names)))
    for prefix in document.ambiguous:
        if prefix in used:
            edits.warn(0, f"the namespace prefix {prefix} is declared more than once; its first declaration is used")


@dataclass(slots=True)
class _Mark:
    """Where an element, comment or instruction is: ``<a …>`` ends at ``inside``, ``</a>`` begins at ``close``."""

    start: int
    inside: int
    close: int
    end: int


class _Document:
    def __init__(self, edits: Edits) -> None:
        self.edits = edits
        self.text = edits.text
        if not self.text.lstrip(_BLANK)[:1] == "<":
            raise NotParsed(0, "found no < at the start")
        self.etree = _lxml(edits.name)
        try:
            root = self._parse(self.text)
        except self.etree.XMLSyntaxError as error:
            raise NotParsed(edits.offset(*error.position), _reason(error)) from None
        self.marks = list(_marks(self.text))
        nodes = [*reversed(list(root.itersiblings(preceding=True))), *root.iter(), *root.itersiblings()]
        nodes = [node for node in nodes if node.tag is not self.etree.Entity]
        self.mark_of = dict(zip(nodes, self.marks, strict=True))
        self.namespaces, self.ambiguous = self._prefixes()
        self._xpath = self.etree.XPathDocumentEvaluator(
            root.getroottree(), namespaces=self.namespaces, regexp=False, smart_strings=True
        )

    def select(self, xpath: str) -> list[Any]:
        """The selected nodes.

        :raises UnusableXPathError: lxml cannot evaluate it.
        """
        try:
            found = self._xpath(xpath)
        except self.etree.XPathError as error:
            raise UnusableXPathError(f"{error} (XPath 1.0; of XPath 2.0 only *:name)") from None
        except ValueError:
            raise UnusableXPathError("it has a character that XML cannot hold") from None
        return found if isinstance(found, list) else []

    def replace(self, item: Any, variable: str) -> None:
        """Replace the content of one selected node."""
        if getattr(item, "is_attribute", False):
            self._attribute(item, variable)
        elif getattr(item, "is_text", False) or getattr(item, "is_tail", False):
            self._text(item, variable)
        elif isinstance(item, tuple) or item.tag is self.etree.Entity:
            return  # a namespace has no text, and an entity refers to another node's
        elif item.tag is self.etree.Comment:
            self._comment(self.mark_of[item], variable)
        elif item.tag is self.etree.ProcessingInstruction:
            self._instruction(self.mark_of[item], variable)
        elif any(isinstance(child.tag, str) for child in item):
            self._fragment(item, variable)
        else:
            self._element(self.mark_of[item], variable)

    # -- kinds of nodes ----------------------------------------------------------------------------------------

    def _attribute(self, item: Any, variable: str) -> None:
        element = item.getparent()
        mark = self.mark_of[element]
        number = list(element.attrib).index(item.attrname)
        start, end = _attributes(self.text, mark)[number].span(2)
        value = self._value(variable, start)
        if value is not None:
            quote = self.text[start]
            entities = {quote: "&quot;" if quote == '"' else "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
            self.edits.put(variable, start + 1, end - 1, escape(value, entities))

    def _text(self, item: Any, variable: str) -> None:
        before = item.getparent()
        is_tail = item.is_tail
        while before.tag is self.etree.Entity:  # part of the same text
            is_tail = before.getprevious() is not None
            before = before.getprevious() if is_tail else before.getparent()
        mark = self.mark_of[before]
        start = mark.end if is_tail else mark.inside
        run = _RUN.match(self.text, start)
        end = run.end() if run else start
        if self.text[start:end].strip(_BLANK):
            self._put_text(start, end, variable)

    def _element(self, mark: _Mark, variable: str) -> None:
        if self.text[mark.inside - 2] != "/":
            self._put_text(mark.inside, mark.close, variable)
            return
        value = self._value(variable, mark.start)
        name = _NAME.match(self.text, mark.start + 1)
        if value and name:
            start = mark.start + len(self.text[mark.start : mark.inside - 2].rstrip(_BLANK))
            new = f">{escape(self.edits.with_line_ends(value))}</{name.group()}>"
            self.edits.put(variable, start, mark.inside, new)

    def _put_text(self, start: int, end: int, variable: str) -> None:
        value = self._value(variable, start)
        if value is None:
            return
        value = self.edits.with_line_ends(value)
        cdata = _ONLY_CDATA.fullmatch(self.text, start, end)
        if cdata and "]]>" not in cdata.group(1):
            self.edits.put(variable, *cdata.span(1), value.replace("]]>", "]]]]><![CDATA[>"))
        else:
            self.edits.put(variable, start, end, escape(value))

    def _fragment(self, element: Any, variable: str) -> None:
        mark = self.mark_of[element]
        value = self._value(variable, mark.start)
        if value is None:
            return
        declared = "".join(
            f' xmlns{f":{prefix}" if prefix else ""}="{escape(uri, _QUOTE)}"' for prefix, uri in element.nsmap.items()
        )
        try:
            self._parse(f"<x{declared}>\n{value}</x>")
        except self.etree.XMLSyntaxError as error:
            line, column = error.position
            place = f"line {line - 1}, column {column} of the value" if line - 1 <= value.count("\n") + 1 else "its end"
            # The parser quotes the names of elements.
            reason = "" if self.edits.is_secret(variable) else f" ({_LINE.sub('', _reason(error))})"
            self.edits.warn(
                mark.start,
                f"the value of {variable} is no XML; this element has elements in it and stays as it is. The "
                f"value cannot be read at {place}{reason}; expected whole elements, texts as XmlEscape writes them",
            )
            return
        self.edits.put(variable, mark.inside, mark.close, self.edits.with_line_ends(value))

    def _comment(self, mark: _Mark, variable: str) -> None:
        value = self._value(variable, mark.start)
        if value is not None and ("--" in value or value.endswith("-")):
            self.edits.warn(mark.start, f"the value of {variable} has -- in it, which a comment cannot hold")
        elif value is not None:
            self.edits.put(variable, mark.start + 4, mark.end - 3, self.edits.with_line_ends(value))

    def _instruction(self, mark: _Mark, variable: str) -> None:
        value = self._value(variable, mark.start)
        if value is not None and "?>" in value:
            self.edits.warn(mark.start, f"the value of {variable} has ?> in it, which an instruction cannot hold")
        elif value is not None and (target := _TARGET.match(self.text, mark.start)):
            blank = "" if target.group(1) else " "
            self.edits.put(variable, target.end(), mark.end - 2, blank + self.edits.with_line_ends(value))

    def _value(self, variable: str, at: int) -> str | None:
        """The value, empty for none; None, with a warning, when XML has no way to write it."""
        value = self.edits.value(variable, at) or ""
        wrong = _NOT_ALLOWED.search(value)
        if wrong:
            character = f"U+{ord(wrong.group()):04X}"
            self.edits.warn(at, f"the value of {variable} has the character {character}, which XML cannot hold")
            return None
        return value

    # -- reading -----------------------------------------------------------------------------------------------

    def _parse(self, text: str) -> Any:
        """The root of the document. The text is Unicode already, whatever its declaration says.

        :raises lxml.etree.XMLSyntaxError: it is no XML.
        """
        parser = self.etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
            strip_cdata=False,
        )  # fmt: skip
        return self.etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)

    def _prefixes(self) -> tuple[dict[str, str], list[str]]:
        """The namespaces of the whole document by prefix, and the prefixes with more than one."""
        prefixes: dict[str, str] = {}
        ambiguous: dict[str, None] = {}
        for mark in self.marks:
            if not self.text.startswith(("<!", "<?"), mark.start):
                for match in _ATTRIBUTE.finditer(self.text, mark.start, mark.inside):
                    name, uri = match.group(1), unescape(match.group(2)[1:-1])
                    if name.startswith("xmlns:") and prefixes.setdefault(name[6:], uri) != uri:
                        ambiguous[name[6:]] = None
        return prefixes, list(ambiguous)


def _marks(text: str) -> Iterator[_Mark]:
    """Elements, comments and processing instructions in the order in which they begin; ``text`` is well-formed."""
    marks: list[_Mark] = []
    opened: list[_Mark] = []
    at = 0
    while (start := text.find("<", at)) >= 0 and (match := _MARKUP.match(text, start)):
        at = match.end()
        kind = match.lastgroup
        if kind == "close":
            opened[-1].close, opened[-1].end = start, at
            opened.pop()
        elif kind in ("open", "comment", "instruction") and not (
            kind == "instruction" and _DECLARATION.match(text, start)
        ):
            marks.append(_Mark(start, at, at, at))
            if kind == "open" and text[at - 2] != "/":
                opened.append(marks[-1])
    return iter(marks)


def _reason(error: Any) -> str:
    """What lxml says of a mistake, without the place."""
    return _WHERE.sub("", error.msg or "cannot be read")


def _attributes(text: str, mark: _Mark) -> list[re.Match[str]]:
    """The attributes in a start tag, without declarations of namespaces."""
    found = _ATTRIBUTE.finditer(text, mark.start, mark.inside)
    return [match for match in found if match.group(1) != "xmlns" and not match.group(1).startswith("xmlns:")]


def _lxml(name: str) -> Any:
    try:
        from lxml import etree  # noqa: PLC0415 - only those who replace in XML need it
    except ImportError:
        raise StructuredFileError(
            f"{name}: XML needs the Python package lxml on the control node; install it with `pip install lxml`"
        ) from None
    return etree
