"""JSON, strictly: no name twice in an object, nesting within measure, and a line and column for each fault.

The standard library's parser reads the values. What it does not tell is found by a walk over the same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator

from .errors import MOST_FAULTS, ImportFailed
from .sources import EXPECTED

# Names and numbers that lead to a value, such as ("Variables", 3, "Name").
Path = tuple[str | int, ...]

# Octopus's own resources are nested some ten deep.
DEEPEST = 50

# A string ends at its quote, or at the end of a text that is cut off: so the search never starts over.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def parse(text: str, file: str) -> object:
    """The value that ``text`` holds.

    :raises ImportFailed: it is no JSON, it is nested too deeply, or an object has a name twice.
    """
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth > DEEPEST:
            raise ImportFailed(f"{_place(file, text, match.start())}: nested more than {DEEPEST} deep; {EXPECTED}")
    try:
        document = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ImportFailed(f"{file}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}; {EXPECTED}") from None
    except ValueError as error:  # NaN and the like, or a number with thousands of digits
        raise ImportFailed(f"{file}: not valid JSON: {error}; {EXPECTED}") from None
    faults: list[str] = []
    seen: dict[int, set[Path]] = {}  # depth to the paths of the object that is open there
    for path, offset, opens in _walk(text):
        if opens:
            seen[len(path)] = set()
        elif path and isinstance(path[-1], str):
            names = seen[len(path) - 1]
            if path in names and len(faults) < MOST_FAULTS:
                faults.append(f"{_place(file, text, offset)}: {shown(path)} occurs twice in its object; remove one")
            names.add(path)
    if faults:
        raise ImportFailed.of(faults)
    return document


def places(text: str, file: str, paths: Collection[Path]) -> dict[Path, str]:
    """``file:line:column`` of the values that ``paths`` lead to; ``text`` is valid JSON."""
    found: dict[Path, str] = {}
    for path, offset, _value in _walk(text):
        if path in paths:
            found.setdefault(path, _place(file, text, offset))
    return found


def shown(path: Path) -> str:
    """``Variables[3].Name``"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"


def _walk(text: str) -> Iterator[tuple[Path, int, bool]]:
    """Of valid JSON, each value's path and offset. Objects come twice: by name, and again when they open.

    A value in an object is met at its name.
    """
    path: list[str | int] = []
    kinds: list[str] = []  # the containers that are open
    expects_name = False
    for match in _TOKEN.finditer(text):
        sign, offset = match[0], match.start()
        if sign in "}]":
            kinds.pop()
            path.pop()
            expects_name = False
        elif sign == ",":
            last = path[-1]
            if kinds[-1] == "{":
                expects_name = True
            elif isinstance(last, int):
                path[-1] = last + 1
        elif sign == ":":
            pass
        elif expects_name:
            path[-1] = json.loads(sign)
            expects_name = False
            yield tuple(path), offset, False
        else:
            if not kinds or kinds[-1] == "[":
                yield tuple(path), offset, False
            if sign in "{[":
                if sign == "{":
                    yield tuple(path), offset, True
                kinds.append(sign)
                path.append("" if sign == "{" else 0)
                expects_name = sign == "{"


def _place(file: str, text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"{file}:{line}:{offset - text.rfind(chr(10), 0, offset)}"


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON value")
