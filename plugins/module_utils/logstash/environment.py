"""The environment of the service, in the form of a file that systemd reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What keeps a special meaning between double quotes.
SPECIAL = re.compile(r'(["\\`$])')


def environment_file(variables: Mapping[str, Any]) -> str:
    """A line for each variable, sorted. Values are quoted, so that systemd takes every character as it is."""
    return "".join(f'{name}="{_escaped(value)}"\n' for name, value in sorted(variables.items()))


def _escaped(value: Any) -> str:
    return SPECIAL.sub(r"\\\1", text(value))


def text(value: Any) -> str:
    """A value as the environment has it; true and false in the words that Logstash and Java know."""
    return str(value).lower() if isinstance(value, bool) else str(value)
