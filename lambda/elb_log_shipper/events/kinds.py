"""The usual texts of each kind of column, many at a time, and their JSON.

A usual text is its own JSON, with something before and after it. Whatever is not usual is left to the column's
converter (``formats/columns.py``), which is the definition of what is correct.
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import repeat
from typing import NamedTuple

from .formats.columns import (
    Value,
    address,
    endpoint,
    integer,
    looks_like_protocol,
    milliseconds,
    port,
    request,
    seconds,
    target,
    text_or_none,
    timestamp,
    timestamp_or_none,
    timestamp_without_zone,
    timestamp_without_zone_or_none,
    verbatim,
)

Texts = list[str]


class Values(NamedTuple):
    """One value of each line, which is JSON once ``before`` and ``after`` are around it.

    Without ``texts``, ``before`` is the value of all lines. ``nulls`` are the indexes of those that are null, whatever
    their text is.
    """

    texts: Iterable[str] | None
    before: str = ""
    after: str = ""
    nulls: Sequence[int] = ()


Read = Callable[[Texts], Sequence[Values] | None]
"""Makes a column's values, in the order of its converter's, of one text or more; ``None``: not all of them are usual.

The texts are in Latin-1, with doubled backslashes and without quotes.
"""


def unusual(read: Callable[[Texts], object], texts: Texts, first: int = 0) -> list[int]:
    """Which of the texts ``read`` refuses, counted from ``first``. Halves are asked, since there are few of them."""
    if read(texts) is not None:
        return []
    if len(texts) == 1:
        return [first]
    middle = len(texts) // 2
    return unusual(read, texts[:middle], first) + unusual(read, texts[middle:], first + middle)


_DIGITS_TO_ZERO = str.maketrans("123456789", "0" * 9)
_SHORT_DURATION = re.compile(r"0\.0{1,12}")
_DURATIONS = re.compile(r"(?:(?:0|[1-9][0-9]{0,8})\.[0-9]{1,12}\n)*")
_INTEGERS = re.compile(r"(?:(?:0|[1-9][0-9]{0,17})\n)*")
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PORT = "(?:[1-5][0-9]{0,4}|[6-9][0-9]{0,3}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_PORTS = re.compile(rf"(?:{_PORT}\n)*")
_FOURTH = re.compile(rf"(?:{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}:{_PORT}\n)*")
"""Endpoints with addresses of IPv4."""
_HOUR = len("2026-03-02T08")
_FIRST_YEAR, _YEAR_AFTER_LAST = "1970", "2262"
_NO_REQUEST = "- - - "  # of a TCP listener


def _where(texts: Texts, wanted: str) -> list[int]:
    """At which indexes it is; quick where it is rare."""
    found: list[int] = []
    for _turn in range(texts.count(wanted)):
        found.append(texts.index(wanted, found[-1] + 1 if found else 0))
    return found


def _given(texts: Texts, missing: Sequence[int]) -> Texts:
    """The texts, but for those."""
    if not missing:
        return texts
    left = texts.copy()
    for index in reversed(missing):
        del left[index]
    return left


def filled(texts: Texts, missing: Sequence[int], filling: str) -> Texts:
    """The texts, with another one in place of those."""
    if not missing:
        return texts
    result = texts.copy()
    for index in missing:
        result[index] = filling
    return result


def _verbatim(texts: Texts) -> Sequence[Values]:
    return (Values(texts, '"', '"'),)


def _texts(texts: Texts) -> Sequence[Values]:
    missing = _where(texts, "-")
    if "" in texts:
        missing = sorted([*missing, *_where(texts, "")])
    return (Values(texts, '"', '"', missing),)


def _times(shape: str, after: str) -> Read:
    """:param shape: with a 0 for each digit."""
    width = len(shape)

    def read(texts: Texts) -> Sequence[Values] | None:
        joined = "".join(texts)
        if joined.translate(_DIGITS_TO_ZERO) != shape * len(texts):
            return None
        # Of one hour in most blocks: then it is enough that minutes and seconds begin with 5 or less.
        tens = joined[_HOUR + 1 :: width] + joined[_HOUR + 4 :: width]
        alike = joined.count(texts[0][:_HOUR]) == len(texts) and not tens.strip("012345")
        return (Values(texts, '"', after),) if _are_possible(texts[:1] if alike else texts) else None

    return read


def _are_possible(times: Texts) -> bool:
    if min(times) < _FIRST_YEAR or max(times) >= _YEAR_AFTER_LAST:
        return False
    if "T24" in "".join(times):  # midnight, to newer versions of Python
        return False
    try:
        list(map(datetime.fromisoformat, times))
    except ValueError:
        return False
    return True


def _integers(texts: Texts) -> Sequence[Values] | None:
    missing = _where(texts, "-")
    if not _INTEGERS.fullmatch("\n".join([*filled(texts, missing, "0"), ""])):
        return None
    return (Values(texts, nulls=missing),)


def _are_ports(texts: Sequence[str]) -> bool:
    return _PORTS.fullmatch("\n".join([*texts, ""])) is not None


def _ports(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts),) if _are_ports(texts) else None


def _milliseconds(texts: Texts) -> Sequence[Values] | None:
    values = _integers(texts)
    return values and (values[0]._replace(after=".0"), *values)


def _seconds(texts: Texts) -> Sequence[Values] | None:
    """Milliseconds, seconds. The exponent moves the decimal point: ``0.001337e3`` is JSON for 1.337."""
    missing = _where(texts, "-1")
    given = _given(texts, missing) or ["0.0"]
    shape = given[0].translate(_DIGITS_TO_ZERO)
    alike = _SHORT_DURATION.fullmatch(shape) and "".join(given).translate(_DIGITS_TO_ZERO) == shape * len(given)
    if not alike and not _DURATIONS.fullmatch("\n".join([*given, ""])):
        return None
    return Values(texts, "", "e3", missing), Values(texts, nulls=missing)


def _are_addresses(texts: Sequence[str]) -> bool:
    sixth = [text for text in texts if ":" in text]
    fourth = [text for text in texts if ":" not in text] if sixth else texts
    try:
        list(map(socket.inet_pton, repeat(socket.AF_INET), fourth))
        list(map(socket.inet_pton, repeat(socket.AF_INET6), sixth))
    except (OSError, ValueError):
        return False
    return True


def _addresses(texts: Texts) -> Sequence[Values] | None:
    return (Values(texts, '"', '"'),) if _are_addresses(texts) else None


def _endpoints(texts: Texts) -> Sequence[Values] | None:
    """As in the log, address, port."""
    missing = _where(texts, "-")
    given = filled(texts, missing, next((text for text in texts if text != "-"), "0.0.0.0:1"))
    joined = "\n".join([*given, ""])
    if _FOURTH.fullmatch(joined):  # as is usual; quicker than a look at each
        parts = joined.replace(":", "\n").split("\n")
        return (
            Values(given, '"', '"', missing),
            Values(parts[:-1:2], '"', '"', missing),
            Values(parts[1::2], nulls=missing),
        )
    addresses, colons, ports = zip(*[text.rpartition(":") for text in given], strict=True)
    if "" in colons or not _are_ports(ports) or not _are_addresses(addresses):
        return None
    return Values(given, '"', '"', missing), Values(addresses, '"', '"', missing), Values(ports, nulls=missing)


def _requests(texts: Texts) -> Sequence[Values] | None:
    """The request, method, URL, protocol: of exactly three parts, of which the last may be empty, or of none."""
    parts = " \n ".join(filled(texts, _where(texts, _NO_REQUEST), "- - -")).split(" ")
    methods, urls, protocols = parts[0::4], parts[1::4], parts[2::4]
    if len(parts) != 4 * len(texts) - 1 or parts[3::4].count("\n") != len(texts) - 1 or "" in methods or "" in urls:
        return None
    missing = _where(protocols, "")
    if any(looks_like_protocol(urls[index]) for index in missing):
        return None
    if not all(map(looks_like_protocol, set(protocols) - {""})):
        return None
    return Values(texts, '"', '"'), *(
        Values(several, '"', '"', [*_where(several, "-"), *extra])
        for several, extra in ((methods, ()), (urls, ()), (protocols, missing))
    )


KINDS: dict[Callable[[str], tuple[Value, ...]], Read] = {
    address: _addresses,
    endpoint: _endpoints,
    integer: _integers,
    milliseconds: _milliseconds,
    port: _ports,
    request: _requests,
    seconds: _seconds,
    target: _endpoints,
    text_or_none: _texts,
    timestamp: _times("0000-00-00T00:00:00.000000Z", '"'),
    timestamp_or_none: _times("0000-00-00T00:00:00.000000Z", '"'),
    timestamp_without_zone: _times("0000-00-00T00:00:00", 'Z"'),
    timestamp_without_zone_or_none: _times("0000-00-00T00:00:00", 'Z"'),
    verbatim: _verbatim,
}
"""By converter. A converter without a kind converts each distinct text."""

REPEATED = frozenset([endpoint, target])
"""Converters of texts that often come again, which are looked up then instead."""
