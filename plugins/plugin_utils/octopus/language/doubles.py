"""Floating-point numbers as .NET reads and prints them in the invariant culture."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_DOUBLE = re.compile(r"\s*([+-]?(?:[0-9][0-9,]*+(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]{1,6})?)\s*")


def parse_double(text: str) -> float | None:
    """``text`` as a number: a sign, thousands separators, a fraction and an exponent are optional."""
    match = _DOUBLE.fullmatch(text)
    return float(match.group(1).replace(",", "")) if match else None


def double_text(value: float) -> str:
    """The shortest text that reads back as ``value``: ``5``, ``1.4000000000000001``, ``1E+16``, ``-Infinity``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    negative, figures, exponent = Decimal(repr(value)).as_tuple()
    sign, power = "-" * negative, len(figures) + int(exponent) - 1  # value = d.ddd * 10 ** power
    digits = "".join(map(str, figures)).rstrip("0") or "0"
    if power >= 15 or power <= -5:
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{sign}{mantissa}E{'+' if power >= 0 else '-'}{abs(power):02d}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    whole, fraction = digits[: power + 1].ljust(power + 1, "0"), digits[power + 1 :]
    return sign + whole + (f".{fraction}" if fraction else "")
