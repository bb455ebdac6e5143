"""Numbers to text by a standard format (a letter, perhaps a precision: ``N2``) or a custom one (``#,##0.00``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from ....errors import NoResult
from ...doubles import double_text
from ..arguments import shown
from . import MAX_FORMAT_LENGTH
from .numbers import EXACT, Kind, Number

MAX_PRECISION = 999
_STANDARD = re.compile(r"(?P<letter>[A-Za-z])(?P<precision>[0-9]*)")


def format_number(number: Number, form: str) -> str:
    """:raises NoResult: ``form`` is no format of such a number."""
    if not number.value.is_finite():
        return str(number.value)  # NaN, Infinity, -Infinity, whatever the format
    if len(form) > MAX_FORMAT_LENGTH:
        raise NoResult(f"the format has {len(form)} characters, expected {MAX_FORMAT_LENGTH} at most")
    standard = _STANDARD.fullmatch(form or "G")
    if standard is None:
        return _custom(number, form)
    precision = int(standard["precision"]) if standard["precision"] else None
    if precision is not None and precision > MAX_PRECISION:
        raise NoResult(f"the format {shown((form,))} asks for more than {MAX_PRECISION} digits")
    function = _FORMATS.get(standard["letter"].upper())
    if function is None:
        raise NoResult(f"{shown((form,))} is no format of numbers; a single letter can be {', '.join(_FORMATS)}")
    return function(number, precision, standard["letter"])


# -- rounding: halves away from zero, as .NET ------------------------------------------------------------------------


def _to_decimals(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=EXACT)


def _to_digits(value: Decimal, digits: int) -> Decimal:
    """``value`` with so many significant digits at most."""
    return Context(prec=max(digits, 1), rounding=ROUND_HALF_UP).plus(value)


def _is_negative(number: Number, rounded: Decimal) -> bool:
    """Whether a sign is written: of a double also before a zero."""
    return number.value.is_signed() and (bool(rounded) or number.kind is Kind.DOUBLE)


# -- standard formats --------------------------------------------------------------------------------------------------


def _amount(positive: str, negative: str, notation: str, scale: int = 0) -> Callable[[Number, int | None, str], str]:
    """A format with a fixed number of decimals, two unless stated."""

    def run(number: Number, precision: int | None, _letter: str) -> str:
        rounded = _to_decimals(EXACT.scaleb(number.value, scale), 2 if precision is None else precision)
        pattern = negative if _is_negative(number, rounded) else positive
        return pattern.format(format(rounded.copy_abs(), notation))

    return run


def _scientific(number: Number, precision: int | None, letter: str) -> str:
    decimals = 6 if precision is None else precision
    rounded = _to_digits(number.value, decimals + 1)
    mantissa = format(EXACT.scaleb(rounded.copy_abs(), -_exponent(rounded)), f".{decimals}f")
    sign = "-" if _is_negative(number, rounded) else ""
    return f"{sign}{mantissa}{letter}{_exponent(rounded):+04d}"


def _general(number: Number, precision: int | None, letter: str) -> str:
    """The shorter of fixed and scientific notation, without zeros at the end.

    A decimal without precision keeps them, and never is scientific.
    """
    if number.kind is Kind.DECIMAL and precision is None:
        return format(number.value if number.value else number.value.copy_abs(), "f")
    if number.kind is Kind.DOUBLE and not precision:
        text = double_text(float(number.value))
        return text if letter.isupper() else text.lower()
    precision = precision or len(number.value.as_tuple().digits)
    rounded = _to_digits(number.value, precision)
    exponent = _exponent(rounded)
    digits = rounded.normalize(EXACT).copy_abs()
    sign = "-" if _is_negative(number, rounded) else ""
    if -5 < exponent < precision:
        return sign + format(digits, "f")
    mantissa = format(EXACT.scaleb(digits, -exponent), "f")
    return f"{sign}{mantissa}{'E' if letter.isupper() else 'e'}{exponent:+03d}"


def _exponent(value: Decimal) -> int:
    return value.adjusted() if value else 0


def _whole(notation: str) -> Callable[[Number, int | None, str], str]:
    """A format of an int: ``precision`` is the least number of digits."""

    def run(number: Number, precision: int | None, letter: str) -> str:
        if number.kind is not Kind.INT:
            raise NoResult(f"format {letter} is for the type int alone")
        value = int(number.value)
        if notation == "d":
            return ("-" if value < 0 else "") + str(abs(value)).zfill(precision or 1)
        digits = format(value % 2**32, notation)
        return (digits.upper() if letter.isupper() else digits).zfill(precision or 1)

    return run


def _round_trip(number: Number, _precision: int | None, letter: str) -> str:
    if number.kind is not Kind.DOUBLE:
        raise NoResult(f"format {letter} is for the type double alone")
    return _general(number, None, letter)


_FORMATS: dict[str, Callable[[Number, int | None, str], str]] = {
    "C": _amount("¤{}", "(¤{})", ",f"),
    "D": _whole("d"),
    "E": _scientific,
    "F": _amount("{}", "-{}", "f"),
    "G": _general,
    "N": _amount("{}", "-{}", ",f"),
    "P": _amount("{} %", "-{} %", ",f", scale=2),
    "R": _round_trip,
    "X": _whole("x"),
    "B": _whole("b"),
}


# -- custom formats ----------------------------------------------------------------------------------------------------

_CUSTOM = re.compile(
    r"""
      (?P<digit>[0#]) | (?P<point>\.) | (?P<comma>,) | (?P<scale>[%‰]) | (?P<end>;)
    | (?P<exponent>[eE][+-]?0+)
    | \\(?P<escaped>.?) | '(?P<single>[^']*)'? | "(?P<double>[^"]*)"? | (?P<text>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SCALES = {"%": 2, "‰": 3}
_CUSTOM_DOUBLE_DIGITS = 15


@dataclass(frozen=True)
class _Section:
    """A section of a custom format: what is written, and what the places in it mean together."""

    items: tuple[tuple[str, str], ...]  # what (digit, point, exponent or text), and its text
    whole: str  # the places before the point: 0 always has a digit, # only where there is one
    decimals: str  # the places behind it
    has_groups: bool
    scale: int  # the power of ten by which % , ‰ and commas before the point change the number

    @property
    def is_scientific(self) -> bool:
        return any(what == "exponent" for what, _unused in self.items)

    def rounded(self, value: Decimal) -> Decimal:
        if self.is_scientific:
            return _to_digits(EXACT.scaleb(value, self.scale), len(self.whole + self.decimals))
        return _to_decimals(EXACT.scaleb(value, self.scale), len(self.decimals))

    def text(self, rounded: Decimal) -> str:
        exponent = 0
        if self.is_scientific and rounded:
            exponent = rounded.adjusted() - len(self.whole) + 1
        places, spare, has_decimals = self._places(EXACT.scaleb(rounded.copy_abs(), -exponent))
        written = []
        for what, text in self.items:
            if what == "digit":
                written.append(next(places))
            elif what == "point":
                written.append(spare + ("." if has_decimals else ""))
            elif what == "exponent":
                sign = "-" if exponent < 0 else "+" if "+" in text else ""
                written.append(text[0] + sign + str(abs(exponent)).zfill(text.count("0")))
            else:
                written.append(text)
        return "".join(written)

    def _places(self, value: Decimal) -> tuple[Iterator[str], str, bool]:
        """What each place gets, what comes before a point without places before it, and whether a point is written."""
        whole, _separator, decimals = format(value, "f").partition(".")
        whole = ("" if whole == "0" else whole).zfill(len(self.whole.lstrip("#")))
        decimals = decimals.rstrip("0").ljust(len(self.decimals.rstrip("#")), "0")
        digits = [
            digit + ("," if self.has_groups and left and left % 3 == 0 else "")
            for digit, left in zip(whole, range(len(whole) - 1, -1, -1), strict=True)
        ]
        more = max(0, len(digits) - len(self.whole))  # the first place gets all that have none of their own
        spare = "".join(digits[:more])
        before = [""] * (len(self.whole) - len(digits)) + digits[more:]
        if before:
            before[0] = spare + before[0]
            spare = ""
        behind = [*decimals, *[""] * (len(self.decimals) - len(decimals))]
        return iter(before + behind), spare, bool(decimals)


def _sections(form: str) -> list[_Section]:
    parts: list[list[tuple[str, str]]] = [[]]
    for match in _CUSTOM.finditer(form):
        what = match.lastgroup or "text"
        if what == "end":
            parts.append([])
        else:
            parts[-1].append((what, match[what]))
    return [_section(part) for part in parts]


def _section(part: list[tuple[str, str]]) -> _Section:
    items: list[tuple[str, str]] = []
    places = {"whole": "", "decimals": ""}
    side, scale = "whole", 0
    commas: list[int] = []  # how many places stand before each comma
    for what, text in part:
        if what == "digit":
            places[side] += text
        elif what == "comma":
            if side == "whole" and places["whole"]:
                commas.append(len(places["whole"]))
            continue
        elif what == "point":
            if side == "decimals":
                continue
            side = "decimals"
        elif what == "scale":
            scale += _SCALES[text]
        items.append((what if what in ("digit", "point", "exponent") else "text", text))
    # A comma between places asks for groups of three digits; one behind the last place divides by a thousand.
    at_end = commas.count(len(places["whole"]))
    return _Section(tuple(items), places["whole"], places["decimals"], len(commas) > at_end, scale - 3 * at_end)


def _custom(number: Number, form: str) -> str:
    """``positive;negative;zero``; a section that is missing or empty is the first one."""
    sections = _sections(form)

    def chosen(index: int) -> _Section:
        return sections[index] if index < len(sections) and sections[index].items else sections[0]

    value = _to_digits(number.value, _CUSTOM_DOUBLE_DIGITS) if number.kind is Kind.DOUBLE else number.value
    section = chosen(2 if not value else 1 if value < 0 else 0)
    rounded = section.rounded(value)
    if value and not rounded:
        section = chosen(2)
    sign = "-" if value < 0 and rounded and section is sections[0] else ""
    return sign + section.text(rounded)
