"""Filters that make a text safe inside of a file format: HTML, XML, JSON, YAML and Java properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .arguments import takes
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
