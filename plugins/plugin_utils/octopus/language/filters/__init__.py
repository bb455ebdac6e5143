"""Filters of the template language: ``#{Path | Filter argument}``.

A module a subject; each fills the table in ``registry`` when it is imported. ``dotnet`` has what .NET does with numbers
and dates, ``regex`` its regular expressions.
"""

from __future__ import annotations

from . import dates, encoding, escaping, formatting, hashing, markdown, regex, text, uri, versions  # noqa: F401 - the table
from .registry import apply, charge, known, register, register_extension

__all__ = ["apply", "charge", "known", "register", "register_extension"]
