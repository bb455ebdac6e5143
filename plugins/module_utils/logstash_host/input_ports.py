"""Which TCP ports the inputs of a pipeline listen on, as far as its files name them literally.

Reads Logstash's configuration language as far as that takes: sections, plugins, their settings, strings and comments.
What depends on something else is left out: `${NAME}`, inputs below an `if`, ports of what an input connects to. A text
that is no configuration gives no ports; it is Logstash that says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Its kind and its text.
Token = tuple["str | None", str]

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<string>"(?:\\"|[^"])*"|'(?:\\'|[^'])*')|(?P<arrow>=>)|(?P<open>[{\[(])|"""
    r"""(?P<close>[}\])])|(?P<regexp>(?<=[~])\s*/(?:\\.|[^/\\])*/)|(?P<word>[\w.:-]+)|(?P<other>\S)""",
    re.DOTALL,
)
# Inputs that listen with TCP on `port`: {name: (port without the setting, the setting `mode` that means listening)}.
LISTENERS: dict[str, tuple[int | None, str | None]] = {
    "beats": (None, None),
    "elastic_agent": (None, None),
    "elastic_serverless_forwarder": (None, None),
    "http": (8080, None),
    "logstash": (9800, None),
    "lumberjack": (None, None),
    "relp": (None, None),
    "syslog": (514, None),
    "tcp": (None, "server"),
}
EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound


@dataclass(frozen=True)
class InputPort:
    """A port that an input listens on, and its address: None and empty where the file does not name it literally."""

    plugin: str
    port: int | None
    host: str


def find(text: str) -> list[InputPort]:
    """The literal ports that the inputs of a pipeline's text listen on, in their order."""
    return [found for found in listeners(text) if found.port]


def listeners(text: str) -> list[InputPort]:
    """Every input of a pipeline's text that surely listens, in their order."""
    tokens = [
        (match.lastgroup, match.group().strip())
        for match in TOKEN.finditer(text)
        if match.lastgroup not in ("comment", "regexp")
    ]
    found: list[InputPort] = []
    at = 0
    while at < len(tokens):
        is_section = tokens[at][0] == "word" and tokens[at + 1 : at + 2] == [("open", "{")]
        end = skip_block(tokens, at + 1) if is_section else at + 1
        if is_section and tokens[at][1] == "input":
            found += inputs_of(tokens[at + 2 : end - 1])
        at = end
    return found


def skip_block(tokens: Sequence[Token], at: int) -> int:
    """Where the tokens go on behind the block that opens at a place."""
    depth = 0
    for place in range(at, len(tokens)):
        kind = tokens[place][0]
        depth += (kind == "open") - (kind == "close")
        if depth == 0:
            return place + 1
    return len(tokens)


def inputs_of(tokens: Sequence[Token]) -> list[InputPort]:
    """The ports of a section's plugins. Whatever stands before the blocks of a condition is no name of a listener."""
    found: list[InputPort] = []
    at = 0
    while at < len(tokens):
        kind, word = tokens[at]
        if kind == "word" and word in ("if", "else"):
            while at < len(tokens) and tokens[at] != ("open", "{"):
                at = skip_block(tokens, at) if tokens[at][0] == "open" else at + 1
            at = skip_block(tokens, at)
        elif tokens[at + 1 : at + 2] == [("open", "{")]:
            end = skip_block(tokens, at + 1)
            port = listening(literal(tokens[at]) or "", settings_of(tokens[at + 2 : end - 1]))
            found += [port] if port else []
            at = end
        else:
            at += 1
    return found


def settings_of(tokens: Sequence[Token]) -> dict[str | None, str | None]:
    """The settings of a plugin: {name: its literal value, or None}; one that is there twice has none."""
    found: dict[str | None, str | None] = {}
    at = 0
    while at < len(tokens):
        if tokens[at + 1 : at + 2] != [("arrow", "=>")]:
            at = skip_block(tokens, at) if tokens[at][0] == "open" else at + 1
            continue
        name, value = literal(tokens[at]), tokens[at + 2 : at + 3]
        at += 2
        if value and value[0][0] == "open":
            at = skip_block(tokens, at)
            plain = None
        else:
            plain = literal(value[0]) if value else None
            at += 1
        found[name] = None if name in found else plain
    return found


def literal(token: Token) -> str | None:
    """The text of a word or a string, or None for anything else and for what is replaced when Logstash starts."""
    kind, text = token
    text = text[1:-1] if kind == "string" else text
    return text if kind in ("word", "string") and "${" not in text else None


def listening(plugin: str, settings: Mapping[str | None, str | None]) -> InputPort | None:
    """The InputPort of a plugin with these settings, or None when it does not listen."""
    default, mode = LISTENERS.get(plugin, (None, None))
    if plugin not in LISTENERS or (mode and settings.get("mode", mode) != mode):
        return None
    port = settings.get("port", str(default or "")) or ""
    known = re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536
    return InputPort(plugin, int(port) if known else None, settings.get("host", "0.0.0.0") or "")  # noqa: S104 - read
