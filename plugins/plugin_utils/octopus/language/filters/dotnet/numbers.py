"""Numbers: the types ``int`` (32 bits), ``double`` and ``decimal``, and their reading from text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import Enum, auto

from ... import doubles
from ..arguments import whole_number

_MAX_TEXT_LENGTH = 1000
_WHITE_SPACE = " \t\n\v\f\r"
_DECIMAL = re.compile(
    r"(?P<sign>[+-])?(?P<number>[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)"
    rf"(?:[{_WHITE_SPACE}]*(?P<trailing>[+-]))?"
)
_MAX_DECIMAL = 2**96 - 1  # what the digits of a decimal may be as a whole number
_MAX_DECIMALS = 28

# Wide enough for every digit of a double and for the most decimals that a format can ask for.
EXACT = Context(prec=3000, rounding=ROUND_HALF_UP)


class Kind(Enum):
    """What type of .NET's a number has; formats differ a little between them."""

    INT = auto()
    DOUBLE = auto()
    DECIMAL = auto()


@dataclass(frozen=True)
class Number:
    """A number and its exact value, which of a double is rarely the text that it was read from."""

    kind: Kind
    value: Decimal


def parse_int(text: str) -> Number | None:
    number = whole_number(text)
    return None if number is None else Number(Kind.INT, Decimal(number))


def parse_double(text: str) -> Number | None:
    """Sign, commas behind digits, point, exponent; too large is infinite."""
    value = doubles.parse_double(text)
    return None if value is None else Number(Kind.DOUBLE, Decimal(value))


def parse_decimal(text: str) -> Number | None:
    """Sign before or behind, commas behind digits, point; more than 28 decimals are rounded. None when too large."""
    text = text.strip(_WHITE_SPACE)
    match = _DECIMAL.fullmatch(text)
    if len(text) > _MAX_TEXT_LENGTH or match is None or (match["sign"] and match["trailing"]):
        return None
    sign = match["sign"] or match["trailing"] or ""
    exact = Decimal(sign + match["number"].replace(",", ""))
    exponent = exact.as_tuple().exponent
    most = -exponent if isinstance(exponent, int) else 0  # it is a text for infinity and the like
    for decimals in range(min(most, _MAX_DECIMALS), -1, -1):
        value = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=EXACT)
        if EXACT.scaleb(value.copy_abs(), decimals) <= _MAX_DECIMAL:
            return Number(Kind.DECIMAL, value)
    return None
