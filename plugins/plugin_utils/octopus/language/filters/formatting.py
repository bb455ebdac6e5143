"""Filter ``Format``: a number or a date by a format string of .NET."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import NoResult
from .arguments import shown, takes
from .dotnet.date_formats import format_date
from .dotnet.dates import Moment, parse_date_time, parse_date_time_offset
from .dotnet.number_formats import format_number
from .dotnet.numbers import Number, parse_decimal, parse_double, parse_int
from .registry import register

_TYPES: dict[str, Callable[[str], Number | Moment | None]] = {
    "int": parse_int,
    "int32": parse_int,
    "double": parse_double,
    "decimal": parse_decimal,
    "date": parse_date_time,
    "datetime": parse_date_time,
    "datetimeoffset": parse_date_time_offset,
}


@register("Format")
@takes("a format, or a type and a format", 1, 2)
def _format(text: str, *arguments: str) -> str:
    """``Format format``: of a decimal, else of a date with its offset. ``Format type format``: of that type."""
    form = arguments[-1]
    if len(arguments) == 1:
        value = parse_decimal(text) or parse_date_time_offset(text)
        expected = "a number or a date"
    else:
        parse = _TYPES.get(arguments[0].lower())
        if parse is None:
            raise NoResult(f"expected a type that is one of {', '.join(_TYPES)}, seen {shown(arguments[:1])}")
        value = parse(text)
        expected = f"of the type {arguments[0].lower()}"
    if value is None:
        raise NoResult(f"the value cannot be read as {expected}")
    return format_number(value, form) if isinstance(value, Number) else format_date(value, form)
