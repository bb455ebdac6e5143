"""What Logstash takes as names and values of its keystore."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import versions

NAME = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]*")
PRINTABLE = re.compile(r"[ -~]+")


def kind(value: object) -> str:
    """What a value is that is no text, for messages; never the value."""
    # Those of Ansible are of types of its own, below these.
    kinds = {
        bool: "true or false",
        float: "a number with a point",
        int: "a number",
        list: "a list",
        dict: "a dictionary",
    }
    found = (text for form, text in kinds.items() if isinstance(value, form))
    return "null" if value is None else next(found, "no text")


def as_text(value: Any) -> Any:
    """A whole number as it was written, anything else as it is."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def find_problems(entries: Mapping[str, Any], password: Any, version: str) -> list[str]:
    """What Logstash would not take, or not give back as it is."""
    problems = []
    release = versions.parse(version)
    folded = [str(name).lower() for name in entries]
    named = [(f"the value of {name}", value) for name, value in entries.items()]
    for what, value in [*named, ("the password", password)] if entries else []:
        if not isinstance(value, str):
            problems.append(
                f"{what} is {kind(value)}, expected text; YAML does not tell how it was written. Put it in quotes, or "
                "leave it out where there is none"
            )
    for name, value in entries.items():
        if not NAME.fullmatch(str(name)) or name.lower() == "keystore.seed":
            problems.append(f"{name!r} is not a name that ${{NAME}} can refer to; use letters, digits, _ and dots")
        if folded.count(name.lower()) > 1:
            problems.append(f"{name} is there twice, since names are case-insensitive; rename one")
        if not isinstance(value, str):
            continue
        if not PRINTABLE.fullmatch(value):
            problems.append(f"the value of {name} is empty or has other than printable ASCII characters")
        elif " " in value and release < versions.KEYSTORE_BLANKS:
            problems.append(
                f"the value of {name} has a blank, at which Logstash {version} would cut it off "
                f"({versions.shown(versions.KEYSTORE_BLANKS)} is the first that does not)"
            )
    if password and isinstance(password, str) and not PRINTABLE.fullmatch(password):
        problems.append("the password has other than printable ASCII characters")
    if entries and release < versions.KEYSTORE:
        problems.append(
            f"Logstash {version} has no keystore; {versions.shown(versions.KEYSTORE)} is the first that has"
        )
    return problems


def fault(entries: Mapping[str, Any], password: Any, version: str) -> str:
    """All that is wrong with names, values and the password, as one message; empty when nothing is.

    :param entries: {name: value}, with numbers as texts already (:func:`as_text`).
    """
    problems = find_problems(entries, password, version)
    return f"The keystore cannot be created: {'. '.join(problems)}." if problems else ""
