"""Filter ``Markdown``, also called ``MarkdownToHtml``: CommonMark with some extensions, by the package markdown-it-py.

The extensions are those of the reference: tables with pipes, ``~~deleted~~``, ``~subscript~``, ``^superscript^``, and
links made from addresses in the text. HTML in the text is passed on as CommonMark says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import NoResult
from .arguments import takes
from .registry import register

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_SCRIPT = re.compile(r"(?P<mark>[~^])(?P<text>[^~^\s]+)(?P=mark)(?!(?P=mark))")
_SCRIPT_TAGS = {"~": "sub", "^": "sup"}
_ADDRESS = re.compile(r"(?<![^\s*_~(])(?:(?:https?|ftp)://|mailto:|tel:|www\.)[^\s<]*[^\s<?!.,:;*_~'\")]")


@register("Markdown")
@register("MarkdownToHtml")
@takes("no argument")
def _markdown(text: str) -> str:
    html: str = _renderer().render(text.strip())
    return f"{html}\n"


def _renderer() -> MarkdownIt:
    try:
        from markdown_it import MarkdownIt  # noqa: PLC0415 - only this filter needs the package
    except ImportError:
        raise NoResult("it needs the Python package markdown-it-py on the control node") from None
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    markdown.inline.ruler.before("strikethrough", "script", _script)
    markdown.core.ruler.push("addresses", _link_addresses)
    markdown.add_render_rule("s_open", lambda *_: "<del>")
    markdown.add_render_rule("s_close", lambda *_: "</del>")
    return markdown


def _script(state: StateInline, silent: bool) -> bool:
    """Rule for ``~subscript~`` and ``^superscript^``; there are no blanks and no other markup inside."""
    match = _SCRIPT.match(state.src, state.pos, state.posMax)
    if match is None or state.src[state.pos - 1 : state.pos] == match["mark"]:
        return False
    if not silent:
        tag = _SCRIPT_TAGS[match["mark"]]
        state.push(f"{tag}_open", tag, 1)
        state.push("text", "", 0).content = match["text"]
        state.push(f"{tag}_close", tag, -1)
    state.pos = match.end()
    return True


def _link_addresses(state: StateCore) -> None:
    """Rule that makes links of the addresses in texts that are in no link yet."""
    for block in state.tokens:
        if not block.children:
            continue
        depth = 0
        children: list[Token] = []
        for token in block.children:
            depth += _nesting(token)
            children.extend(_with_links(token, state.md) if token.type == "text" and not depth else [token])
        block.children = children


def _nesting(token: Token) -> int:
    """1 where a link begins, -1 where one ends, in Markdown or in HTML."""
    if token.type == "html_inline":
        tag = token.content.lower()
        return tag.startswith(("<a ", "<a>")) - tag.startswith("</a")
    return token.nesting if token.tag == "a" else 0


def _with_links(text: Token, markdown: MarkdownIt) -> Iterator[Token]:
    make, end = type(text), 0
    for match in _ADDRESS.finditer(text.content):
        address = match.group()
        target = markdown.normalizeLink(f"http://{address}" if address.startswith("www.") else address)
        yield make("text", "", 0, content=text.content[end : match.start()])
        yield make("link_open", "a", 1, attrs={"href": target})
        yield make("text", "", 0, content=address)
        yield make("link_close", "a", -1)
        end = match.end()
    yield make("text", "", 0, content=text.content[end:])
