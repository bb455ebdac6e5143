"""Reads JSON that hosts send, of which nothing is sure: a field of another form counts as none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# The end of the year 9999.
LATEST = 253_402_300_800.0
LARGEST = 2.0**64
NOTHING: Mapping[str, Any] = {}


def mapping(value: object) -> Mapping[str, Any]:
    """An object; empty if it is none."""
    return value if isinstance(value, Mapping) else NOTHING


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list; empty if it is none."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A text; a number as one; empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def texts(value: object) -> list[str]:
    """The texts in a list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def number(value: object) -> float | None:
    """A number from 0 to what counters of 64 bits can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < LARGEST else None


def seconds(value: object) -> float | None:
    """A time in seconds since 1970: of ISO 8601, UTC where it does not say, or of a number."""
    found = number(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (OverflowError, ValueError):
            return None
    return found if found is not None and 0 <= found < LATEST else None
