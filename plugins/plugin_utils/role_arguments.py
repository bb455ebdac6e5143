"""Whether the variables of a role have the form that its argument specs ask for.

Stricter than Ansible's own check, which converts what it reads for itself alone: a text with commas passes it as a
list, a list as a text, and the role then works with what was written. Each fault says which variable, what it has,
what is expected, and a hint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from .plain_text import ADDRESS, PATH, control_character, unfit_for_address, unfit_for_path

Spec = Mapping[str, Any]

LONGEST_VALUE = 200
HIDDEN = "(not shown)"


def faults(options: Mapping[str, Spec], values: Mapping[str, Any], is_secret: Callable[[Any], bool]) -> Iterator[str]:
    """Everything that is wrong with ``values``, by the ``options`` of an entry point, in their order.

    :param is_secret: whether a scalar must not be shown, beside those that an option's ``no_log`` keeps back.
    """
    for name, spec in options.items():
        if name in values:
            yield from _faults(name, spec, values[name], is_secret)
        elif spec.get("required"):
            yield f"{name} is not set; expected {expected(spec)}. Set it."


def expected(spec: Spec) -> str:
    """The form that an option asks for, in words."""
    if spec.get("choices"):
        return "one of " + ", ".join(_plain(choice) for choice in spec["choices"])
    if spec.get("type") == "list":
        each = NAMES.get(spec.get("elements", "raw"), ("", "values"))[1]
        return f"a list of {each}"
    return NAMES[spec.get("type", "str")][0]


def _faults(place: str, spec: Spec, value: Any, is_secret: Callable[[Any], bool]) -> Iterator[str]:
    kind = spec.get("type", "str")
    if value is None and "." in place and not spec.get("required") and spec.get("default") is None:
        return
    if not FITS[kind](value) or not _is_choice(kind, spec, value):
        yield f"{place} is {_shown(spec, value, is_secret)}; expected {expected(spec)}. {_hint(place, spec, value)}"
    elif unfit := _unfit(place, kind, spec, value):
        found, form = unfit
        yield f"{place} is {_shown(spec, value, is_secret)}, which has {found} in it; expected {form}. Correct it."
    elif kind == "list" and "elements" in spec:
        element = {**spec, "type": spec["elements"], "default": None}
        del element["elements"]
        for number, item in enumerate(value):
            yield from _faults(f"{place}[{number}]", element, item, is_secret)
    elif kind == "dict" and spec.get("options"):
        yield from _nested(place, spec["options"], value, is_secret)


def _unfit(place: str, kind: str, spec: Spec, value: Any) -> tuple[str, str] | None:
    """What a text must not have since it is written into files of other programs, and the form that is expected.

    A secret is no name, and goes where every text may stand.
    """
    if not isinstance(value, str) or kind not in ("str", "path") or _hides(spec):
        return None
    if kind == "path":
        found, form = unfit_for_path(value), f"a path {PATH}"
    elif _IS_ADDRESS.search(place):
        found, form = unfit_for_address(value), f"an address {ADDRESS}"
    else:
        found, form = control_character(value), "a text without control characters"
    return (found, form) if found else None


# An address of a repository or of a server. A package's may be a path with blanks in it.
_IS_ADDRESS = re.compile(r"_(?:repository_url|key_url|host|endpoint_url)$")


def _nested(place: str, options: Mapping[str, Spec], value: Any, is_secret: Callable[[Any], bool]) -> Iterator[str]:
    for name in value:
        if name not in options:
            yield (f"{place} has {name!r}; expected only {', '.join(sorted(options))}. Correct the name, or remove it.")
    own = {f"{place}.{name}": spec for name, spec in options.items()}
    yield from faults(own, {f"{place}.{name}": item for name, item in value.items()}, is_secret)


def _is_choice(kind: str, spec: Spec, value: Any) -> bool:
    if not spec.get("choices") or kind == "list":
        return True
    return _plain(value) in [_plain(choice) for choice in spec["choices"]]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _hint(place: str, spec: Spec, value: Any) -> str:
    default = spec.get("default")
    way = "Correct it"
    if "." in place or "[" in place:
        return f"{way}."
    if not spec.get("required"):
        is_plain = default is not None and "{{" not in str(default)
        way += (
            f", or remove it to use the default {_json(default)}" if is_plain else ", or remove it to use its default"
        )
    if isinstance(value, str) and spec.get("type") in ("list", "dict"):
        way += f""". On a command line, -e NAME=VALUE always gives a text: write -e '{{"{place}": ...}}'"""
    return f"{way}."


def _shown(spec: Spec, value: Any, is_secret: Callable[[Any], bool]) -> str:
    """The value for a message, as JSON, without secrets and not endless."""
    if value is None:
        return "null"
    if _hides(spec) or _has_secret(value, is_secret):
        return HIDDEN
    text = _json(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _hides(spec: Spec) -> bool:
    return bool(spec.get("no_log")) or any(_hides(nested) for nested in (spec.get("options") or {}).values())


def _has_secret(value: Any, is_secret: Callable[[Any], bool]) -> bool:
    if isinstance(value, Mapping):
        return any(_has_secret(item, is_secret) for item in value.values())
    if _is_list(value):
        return any(_has_secret(item, is_secret) for item in value)
    return is_secret(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _is_whole_number(value: Any) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch(r"[+-]?\d+", value.strip()))
    return isinstance(value, int) and not isinstance(value, bool)


def _is_boolean(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() in BOOLEANS
    return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))


# What a role can work with: texts that are numbers come from the command line.
FITS: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "path": lambda value: isinstance(value, str),
    "int": _is_whole_number,
    "bool": _is_boolean,
    "list": _is_list,
    "dict": lambda value: isinstance(value, Mapping),
    "raw": lambda value: True,
}
# {type: (one, several)}
NAMES = {
    "str": ("a text", "texts"),
    "path": ("a path", "paths"),
    "int": ("a whole number", "whole numbers"),
    "bool": ("true or false", "true or false"),
    "list": ("a list", "lists"),
    "dict": ("a mapping of names to values", "mappings of names to values"),
    "raw": ("any value", "values"),
}
