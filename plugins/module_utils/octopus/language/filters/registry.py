"""The table of filters: ``name -> function(input, arguments)``, and the extensions of whoever embeds the language.

A filter's input is None when its path is missing. The result None means that the token stays unresolved; a filter
that can say why raises :class:`~...errors.NoResult` instead. Where the reference aborts the whole evaluation, a filter
raises :class:`~...errors.FilterError`.

An extension is tried where the built-in filter of its name gives no result, or where there is none.
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import NoResult

FilterFunction = Callable[["str | None", "tuple[str, ...]"], "str | None"]

_FILTERS: dict[str, FilterFunction] = {}
_EXTENSIONS: dict[str, FilterFunction] = {}


def register(name: str) -> Callable[[FilterFunction], FilterFunction]:
    """Make the decorated function the filter ``name`` (any case)."""
    return _adder(_FILTERS, name)


def register_extension(name: str) -> Callable[[FilterFunction], FilterFunction]:
    """Make the decorated function the extension ``name`` (any case)."""
    return _adder(_EXTENSIONS, name)


def _adder(table: dict[str, FilterFunction], name: str) -> Callable[[FilterFunction], FilterFunction]:
    def add(function: FilterFunction) -> FilterFunction:
        table[name.lower()] = function
        return function

    return add


def known(name: str) -> bool:
    """Whether there is a filter or an extension of that name."""
    return name.lower() in _FILTERS or name.lower() in _EXTENSIONS


def apply(name: str, text: str | None, arguments: tuple[str, ...]) -> str | None:
    """The result of filter ``name``; None when there is no such filter, or when it gives no result.

    :raises NoResult: it gives no result, with the reason.
    :raises FilterError: the evaluation cannot go on.
    """
    built_in, extension = _FILTERS.get(name.lower(), _nothing), _EXTENSIONS.get(name.lower())
    if extension is None:
        return built_in(text, arguments)
    try:
        result = built_in(text, arguments)
    except NoResult:
        result = None
    return extension(text, arguments) if result is None else result


def _nothing(_text: str | None, _arguments: tuple[str, ...]) -> None:
    """The filter of a name that only an extension has, or none."""
