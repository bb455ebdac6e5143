"""Filters that make a text safe inside of a file format: HTML, XML, JSON, YAML, Java properties, and Logstash."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ...errors import NoResult
from .arguments import takes, unexpected
from .registry import register

_NEWLINES = re.compile(r"(?:\r?\n)+")


def _escape(name: str, function: Callable[[str], str]) -> None:
    register(name)(takes("no argument")(function))


def _mapped(table: Mapping[str, str]) -> Callable[[str], str]:
    characters = str.maketrans(dict(table))
    return lambda text: text.translate(characters)


def _units(pattern: str) -> Callable[[str], str]:
    r"""Writes each character that ``pattern`` finds as ``\uXXXX``, one for each of its UTF-16 units."""
    characters = re.compile(pattern)

    def units(match: re.Match[str]) -> str:
        code = match.group().encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{code[start : start + 4]}" for start in range(0, len(code), 4))

    return lambda text: characters.sub(units, text)


_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_CONTROLS = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"}
_SIGNS_OF_A_KEY = {" ": "\\ ", ":": "\\:", "=": "\\="}

_escape("XmlEscape", _mapped(_XML))
_escape("HtmlEscape", _mapped({**_XML, "/": "&#x2F;"}))
# Other control characters and everything beyond ASCII stay as they are, as in the reference.
_escape("JsonEscape", _mapped({**_CONTROLS, '"': '\\"'}))


# -- YAML --------------------------------------------------------------------------------------------------------------


@register("YamlSingleQuoteEscape")
@takes("no argument")
def _yaml_single_quote(text: str) -> str:
    """Between single quotes YAML reads a quote from two, and n newlines from n + 1."""

    def one_more(run: re.Match[str]) -> str:
        return ("\r\n" if run.group().startswith("\r") else "\n") + run.group()

    return _NEWLINES.sub(one_more, text).replace("'", "''")


_yaml_signs, _yaml_units = _mapped({**_CONTROLS, '"': '\\"'}), _units("[^ -~]")
_escape("YamlDoubleQuoteEscape", lambda text: _yaml_units(_yaml_signs(text)))


# -- Java properties ---------------------------------------------------------------------------------------------------

# 0xFF itself is written as an escape too, as in the reference.
_property_units = _units("[^\x00-\xfe]")
_property_key, _property_value = _mapped({**_CONTROLS, **_SIGNS_OF_A_KEY}), _mapped(_CONTROLS)
_escape("PropertiesKeyEscape", lambda text: _property_units(_property_key(text)))
_escape(
    "PropertiesValueEscape",
    lambda text: ("\\" if text.startswith(" ") else "") + _property_units(_property_value(text)),
)


# -- Logstash ----------------------------------------------------------------------------------------------------------

_LOGSTASH_FORM = "escapes, where config.support_escapes is on, or no argument"
_LOGSTASH_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_to_logstash = _mapped(_LOGSTASH_ESCAPES)


@register("LogstashString")
@takes(_LOGSTASH_FORM, 0, 1)
def _logstash_string(text: str, *arguments: str) -> str:
    """A whole string of a pipeline, with its quotes.

    Without escapes, which is Logstash's default, a backslash stays a backslash, and a text may have one kind of quotes
    only. With or without them, a backslash in front of the closing quote keeps the string from ending.
    """
    escapes = [one.lower() for one in arguments] == ["escapes"]
    if arguments and not escapes:
        raise unexpected(_LOGSTASH_FORM, *arguments)
    keystore = 'keep it in logstash_keystore, and write "${NAME}" in place of the token'
    if text.endswith("\\"):
        raise NoResult(f"a string of Logstash cannot end with a backslash; {keystore}")
    if escapes:
        return f'"{_to_logstash(text)}"'
    if '"' not in text:
        return f'"{text}"'
    if "'" not in text:
        return f"'{text}'"
    raise NoResult(f"a string of Logstash cannot hold both kinds of quotes; {keystore}")
