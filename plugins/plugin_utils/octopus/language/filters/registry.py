"""The table of filters: ``name -> function(input, arguments)``, and the extensions of whoever embeds the language.

A filter's input is None when its path is missing. The result None means that the token stays unresolved; a filter
that can say why raises :class:`~...errors.NoResult` instead. Where the reference aborts the whole evaluation, a filter
raises :class:`~...errors.FilterError`.

An extension is tried where the built-in filter of its name gives no result, or where there is none.
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import NoResult
from ..budget import Budget

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


# What filters use for each character: steps, as in ``budget``, and bytes that they need meanwhile.
COSTS = {
    **dict.fromkeys(("trim", "substring", "truncate", "append", "prepend", "startswith", "endswith", "contains"), 0.02),
    **dict.fromkeys(("tobase64", "frombase64", "md5", "sha1", "sha256", "sha384", "sha512", "indent"), 0.1),
    **dict.fromkeys(("tolower", "toupper", "logstashstring"), 0.4),
    **dict.fromkeys(("yamldoublequoteescape", "propertieskeyescape", "propertiesvalueescape"), 5),
    **dict.fromkeys(("markdown", "markdowntohtml"), 60),
}
NEEDS = {"markdown": 1200, "markdowntohtml": 1200}
_COST, _NEED, _OF_A_CALL = 1, 12, 20


def charge(budget: Budget, name: str, text: str | None, arguments: tuple[str, ...]) -> None:
    """Take what a filter will use out of a budget.

    :raises BudgetExceeded: there is not so much left.
    """
    name, length = name.lower(), len(text or "")
    budget.spend(_OF_A_CALL + int(COSTS.get(name, _COST) * length) + sum(map(len, arguments)) // 16)
    budget.need(NEEDS.get(name, _NEED) * length)


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
