"""OCL's tokens: what a version-controlled project's files consist of.

OCL is not HCL, although it looks alike: a string has only five escapes and no ``${…}``, a heredoc ends without its
last line break, and is unindented by its own lines. So it has its own tokens, as data. The rules are those of Octopus's
public parser. Comments are an addition: Octopus knows none, but people write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import ImportFailed

_RULES = (
    ("blank", r"\s+"),
    ("comment", r"(?:\#|//)[^\n]*"),
    ("heredoc", r"<<-?\S+[^\S\n]*\n"),
    ("string", r'"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"'),
    ("sign", r"[={}\[\],()]"),
    ("word", r'[^\s"={}\[\],()<]+'),
)
_TOKEN = re.compile("|".join(f"(?P<{name}>{rule})" for name, rule in _RULES))
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\", '"': '"'}


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``text`` (a string or heredoc, ``value`` is what it means), ``sign``, ``word`` or ``end``."""

    kind: str
    value: str
    place: str  # file:line:column

    def __str__(self) -> str:
        # Never the text or the word: it may be a secret at the wrong place.
        kinds = {"text": "a text", "word": "a word", "end": "the end of the file"}
        return kinds.get(self.kind, f"`{self.value}`")


def tokens(text: str, file: str) -> Iterator[Token]:
    """The tokens of ``text`` without blanks and comments; the last one is the end.

    :raises ImportFailed: at the first sign that starts none.
    """
    position, line, line_start = 0, 1, 0
    while position < len(text):
        place = f"{file}:{line}:{position - line_start + 1}"
        match = _TOKEN.match(text, position)
        if match is None:
            raise ImportFailed(f"{place}: {_unclosed(text, position)}")
        end = match.end()
        if match.lastgroup == "heredoc":
            value, end = _heredoc(text, match, place)
            yield Token("text", value, place)
        elif match.lastgroup == "string":
            yield Token("text", _unescaped(match[0][1:-1], file, line, position - line_start + 2), place)
        elif match.lastgroup in ("sign", "word"):
            yield Token(match.lastgroup, match[0], place)
        breaks = text.count("\n", position, end)
        if breaks:
            line, line_start = line + breaks, text.rindex("\n", position, end) + 1
        position = end
    yield Token("end", "", f"{file}:{line}:{position - line_start + 1}")


def _unclosed(text: str, position: int) -> str:
    if text[position] == '"':
        return 'a text in quotes is not closed on its line; expected a `"` at its end, and `\\n` for line breaks in it'
    if text.startswith("<<", position):
        return "expected the word that ends the text right behind `<<` or `<<-`, and nothing else on the line"
    return f"found `{text[position]}`, expected a name, a text or one of = {{ }} [ ] ,"


def _unescaped(text: str, file: str, line: int, column: int) -> str:
    for match in _ESCAPE.finditer(text):
        if match[1] not in _ESCAPES:
            raise ImportFailed(
                f"{file}:{line}:{column + match.start()}: `\\{match[1]}` is no escape of OCL; it has "
                r"`\r`, `\n`, `\t`, `\"` and `\\`"
            )
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], text)


def _heredoc(text: str, start: re.Match[str], place: str) -> tuple[str, int]:
    """The text of ``<<TAG`` or ``<<-TAG`` up to the line that holds nothing but TAG, and where that line ends."""
    opening = start[0].strip()
    indented = opening.startswith("<<-")
    tag = opening.removeprefix("<<").removeprefix("-")
    if not tag:
        raise ImportFailed(f"{place}: expected the word that ends the text right behind `{opening}`")
    last = re.compile(rf"^[^\S\n]*{re.escape(tag)}[^\S\n]*$", re.MULTILINE).search(text, start.end())
    if last is None:
        raise ImportFailed(f"{place}: the text is not closed; expected a line with nothing but `{tag}` at its end")
    lines = text[start.end() : last.start()].split("\n")[:-1]
    line_break = "\r\n" if any(one.endswith("\r") for one in lines[:-1]) else "\n"
    lines = [one.rstrip("\r") for one in lines]
    if indented:
        depth = min((len(one) - len(one.lstrip()) for one in lines if one.strip()), default=len(text))
        lines = [one[depth:] for one in lines]
    return line_break.join(lines), last.end()
