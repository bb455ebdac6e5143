"""Whether a value has the form that its setting asks for, as Logstash itself judges it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .table import Setting

# Evaluated by Logstash or by the variables of a later run; what they give is not known here.
VARIABLE = re.compile(r"\$\{|#\{")
SECRET = re.compile(r"password|auth|api_key|secret|headers")


def fault(setting: Setting, value: Any) -> str:
    """The form that is expected, where the value does not have it; empty otherwise."""
    if isinstance(value, str) and VARIABLE.search(value):
        return ""
    expected, fits = FORMS.get(setting.type, ANY)
    if value is None and setting.type in FORMS:
        return "" if setting.type == "NullableString" else f"{expected}, not nothing"
    if not fits(value):
        return expected
    if setting.choices and any(_text(one) not in setting.choices for one in _each(value)):
        return "one of " + ", ".join(setting.choices)
    return ""


def shown(setting: Setting, value: Any) -> str:
    """The value for a message; a secret's is not shown."""
    return "(not shown)" if SECRET.search(setting.name) else repr(value)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _matches(pattern: str) -> Callable[[Any], bool]:
    """Whether a number, or a text that a number may be written as, has a form."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda value: not isinstance(value, bool | list | dict) and bool(compiled.fullmatch(str(value)))


def _boolean(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value in ("true", "false"))


def _string(value: Any) -> bool:
    return isinstance(value, str)


def _path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/")


def _strings(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _ports(value: Any) -> bool:
    if not _matches(r"\d+((-|\.\.)\d+)?")(value):
        return False
    numbers = [int(number) for number in re.findall(r"\d+", str(value))]
    return 1 <= numbers[0] <= numbers[-1] <= 65535


ANY: tuple[str, Callable[[Any], bool]] = ("anything", lambda value: True)
FORMS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "Boolean": ("true or false", _boolean),
    "PositiveInteger": ("a whole number above 0", _matches(r"0*[1-9]\d*")),
    "Numeric": ("a number", _matches(r"-?\d+(\.\d+)?")),
    "PortRange": ("a port or a range such as 9600-9700", _ports),
    "Bytes": ("a size such as 512mb or 4gb", _matches(r"\d+(\.\d+)?\s*([kmgtp]?b)?")),
    "TimeValue": ("a time such as 5s or 10m", _matches(r"-?\d+\s*(d|h|m|s|ms|micros|nanos)?")),
    "String": ("a text (put a number in quotes)", _string),
    "NullableString": ("a text (put a number in quotes)", _string),
    "CoercibleString": ("a text", lambda value: not isinstance(value, list | dict)),
    "Password": ("a text", _string),
    "WritableDirectory": ("an absolute path", _path),
    "ExistingFilePath": ("an absolute path", _path),
    "StringArray": ("a list of texts", _strings),
}
