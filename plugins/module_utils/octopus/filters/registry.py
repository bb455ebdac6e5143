"""The table of filters: ``name -> function(input, arguments)``.

A filter's input is None when its path is missing. The result None means that the token stays unresolved; a filter
that can say why raises :class:`~..errors.NoResult` instead. Where the reference aborts the whole evaluation, a filter
raises :class:`~..errors.FilterError`.
"""

from __future__ import annotations

from collections.abc import Callable

FilterFunction = Callable[["str | None", "tuple[str, ...]"], "str | None"]

_FILTERS: dict[str, FilterFunction] = {}


def register(name: str) -> Callable[[FilterFunction], FilterFunction]:
    """Make the decorated function the filter ``name`` (any case)."""

    def add(function: FilterFunction) -> FilterFunction:
        _FILTERS[name.lower()] = function
        return function

    return add


def known(name: str) -> bool:
    """Whether there is a filter of that name."""
    return name.lower() in _FILTERS


def apply(name: str, text: str | None, arguments: tuple[str, ...]) -> str | None:
    """The result of filter ``name``; None when there is no such filter, or when it gives no result.

    :raises NoResult: it gives no result, with the reason.
    :raises FilterError: the evaluation cannot go on.
    """
    function = _FILTERS.get(name.lower())
    return None if function is None else function(text, arguments)
