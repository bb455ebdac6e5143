"""Variable files as text, so that reading them gives back every sign.

Values are always quoted, or literal blocks where those are exact: YAML would take a plain `0600` or `no` for something
else, and cut a text at ` #`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from ..scoping.scopes import Entry, Prompt

# Safe without quotes: names as most variables have them. `yes` and its like would be no text.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))

# What a YAML file cannot hold as itself, or takes for a line break, beyond what JSON escapes already.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# What single quotes and literal blocks cannot hold, or what editors change without being asked.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def entry_text(entry: Entry) -> str:
    """An entry that is not encrypted, as an item of a variable file's list."""
    value = f"!ansible {entry.ansible_variable}" if entry.ansible_variable else _scalar(entry.value)
    lines = [f"- name: {_word(entry.name)}", f"  value: {value}"]
    if entry.scope.dimensions:
        lines.append(f"  scope: {_flow(entry.scope.dimensions)}")
    if entry.sensitive:
        lines.append("  sensitive: true")
    if entry.prompt is not None:
        lines.extend(_prompt(entry.prompt))
    if entry.description:
        lines.append(f"  description: {_scalar(entry.description)}")
    return "\n".join(lines) + "\n"


def _scalar(text: str | None) -> str:
    """``text`` as the value of a key of an entry."""
    if text is None:
        return "null"
    if _is_literal(text):
        return _literal(text)
    return quoted(text)


def _is_literal(text: str) -> bool:
    """Whether a literal block is exact, and no editor or linter wants to change it."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and not _UNSEEN.search(text)
        and not text.startswith((" ", "\n"))
        and "\n\n\n" not in text
        and not any(line.endswith(" ") for line in lines)
        and not text.endswith("\n\n")
    )


def _literal(text: str) -> str:
    header = "|" if text.endswith("\n") else "|-"
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([header, *(f"    {line}" if line else "" for line in lines)])


def quoted(text: str) -> str:
    """In single quotes where that is shorter to read and exact, else in double quotes with escapes."""
    if "\n" not in text and not _UNSEEN.search(text) and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    # JSON's escapes are YAML's too, as long as no character is written as two halves.
    return _UNSAFE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(text, ensure_ascii=False))


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else quoted(text)


def _flow(dimensions: Mapping[str, Sequence[str]]) -> str:
    return "{" + ", ".join(f"{name}: {_names(values)}" for name, values in dimensions.items()) + "}"


def _names(values: Sequence[str]) -> str:
    return _word(values[0]) if len(values) == 1 else "[" + ", ".join(map(_word, values)) + "]"


def _prompt(prompt: Prompt) -> Iterable[str]:
    if prompt == Prompt():
        return ["  prompt: true"]
    lines = ["  prompt:"]
    for key in ("label", "description"):
        text = getattr(prompt, key)
        if text:
            lines.append(f"    {key}: {quoted(text)}")
    if prompt.required:
        lines.append("    required: true")
    return lines
