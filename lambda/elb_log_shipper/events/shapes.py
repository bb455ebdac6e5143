"""Columns with another value in nearly each line: their usual shape, and how a whole column of them becomes JSON.

A shape is for texts that are their own JSON, with something before and after them. Where not all texts have the shape,
the column's converter (``formats/columns.py``) takes each of them by itself.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .formats.columns import (
    Value,
    address,
    endpoint,
    integer,
    is_address,
    is_port,
    looks_like_protocol,
    milliseconds,
    port,
    port_or_none,
    request,
    seconds,
    text_or_none,
    timestamp,
    timestamp_or_none,
    timestamp_without_zone,
    timestamp_without_zone_or_none,
)

Texts = list[str]

_ZEROS = str.maketrans("123456789", "0" * 9)
_SECONDS = re.compile(r"(?:(?:(?:0|[1-9][0-9]{0,5})\.[0-9]{1,6}|-1)\n)*")  # -1: no target answered
_ESCAPED = '"' + "".join(map(chr, range(32)))


class Values(NamedTuple):
    """One value of each line, which is JSON once ``before`` and ``after`` are around it.

    ``nulls`` are the indexes of those that are null, whatever their text is; only without ``before``.
    """

    texts: Iterable[str]
    before: str = ""
    after: str = ""
    nulls: Sequence[int] = ()


class Shape(NamedTuple):
    """What the texts of a column usually look like.

    ``encode`` takes the texts of each group of ``pattern``, in ASCII, their backslashes doubled as JSON wants it. It
    returns each of the column's values, or ``None``: not all texts have this shape.
    """

    encode: Callable[..., Sequence[Values] | None]
    pattern: str | None = None
    """A regular expression; its first group is the column's whole text. ``None``: any text."""


def _timestamps(texts: Texts) -> Sequence[Values] | None:
    """With microseconds, as in all but the oldest lines."""
    if "".join(texts).translate(_ZEROS) == "0000-00-00T00:00:00.000000Z" * len(texts) and _are_possible(texts):
        return (Values(texts, '"', '"'),)
    return None


def _timestamps_without_zone(texts: Texts) -> Sequence[Values] | None:
    if "".join(texts).translate(_ZEROS) == "0000-00-00T00:00:00" * len(texts) and _are_possible(texts):
        return (Values(texts, '"', 'Z"'),)
    return None


def _are_possible(texts: Texts) -> bool:
    return all(timestamp(minute + ":00Z") for minute in {text[:16] for text in texts}) and all(
        text[17:19] < "60" for text in texts
    )


def _milliseconds(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts, "", ".0"), Values(texts)) if "".join(texts).isdigit() else None


def _ports(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts),) if all(map(is_port, texts)) else None


def _addresses(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts, '"', '"'),) if all(map(is_address, texts)) else None


def _integers(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts),) if "".join(texts).isdigit() else None


def _seconds(texts: Texts) -> Sequence[Values] | None:
    """Milliseconds, seconds. The exponent moves the decimal point: ``0.001337e3`` is JSON for 1.337."""
    if not _SECONDS.fullmatch("\n".join([*texts, ""])):
        return None
    missing = _where(texts, "-1")
    return Values(texts, "", "e3", missing), Values(texts, nulls=missing)


def _where(texts: Texts, wanted: str) -> list[int]:
    """At which indexes it is; quick where it is rare."""
    found: list[int] = []
    for _turn in range(texts.count(wanted)):
        found.append(texts.index(wanted, found[-1] + 1 if found else 0))
    return found


def _texts(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts, '"', '"'),) if "-" not in texts and "" not in texts and _are_plain(texts) else None


def _endpoints(texts: Texts, addresses: Texts, ports: Texts) -> Sequence[Values] | None:
    if not all(map(is_port, ports)) or not all(map(is_address, addresses)):
        return None
    return Values(texts, '"', '"'), Values(addresses, '"', '"'), Values(ports)


def _requests(texts: Texts) -> Sequence[Values] | None:
    """Of exactly three parts."""
    parts = " \n ".join(texts).split(" ")
    if len(parts) != 4 * len(texts) - 1 or parts[3::4] != ["\n"] * (len(texts) - 1):
        return None
    if "" in parts or "-" in parts or not _are_plain(texts) or not all(map(looks_like_protocol, set(parts[2::4]))):
        return None
    return [Values(values, '"', '"') for values in (texts, parts[0::4], parts[1::4], parts[2::4])]


def _are_plain(texts: Texts) -> bool:
    """Whether nothing in them has to be escaped."""
    joined = "".join(texts)
    return not any(character in joined for character in _ESCAPED)


_NUMBER = "(?!0[0-9])[^ ]"  # without zeros in front, that is

SHAPES: dict[Callable[[str], tuple[Value, ...]], Shape] = {
    address: Shape(_addresses),
    endpoint: Shape(_endpoints, f"(([^ ]+):({_NUMBER}{{1,5}}+))"),
    integer: Shape(_integers, f"({_NUMBER}{{1,18}}+)"),
    milliseconds: Shape(_milliseconds, f"({_NUMBER}{{1,9}}+)"),
    port: Shape(_ports, f"({_NUMBER}{{1,5}}+)"),
    port_or_none: Shape(_ports, f"({_NUMBER}{{1,5}}+)"),
    request: Shape(_requests),
    seconds: Shape(_seconds),
    text_or_none: Shape(_texts),
    timestamp: Shape(_timestamps, "(.{27})"),
    timestamp_or_none: Shape(_timestamps, "(.{27})"),
    timestamp_without_zone: Shape(_timestamps_without_zone, "(.{19})"),
    timestamp_without_zone_or_none: Shape(_timestamps_without_zone, "(.{19})"),
}
"""The shape for each converter that has one."""
