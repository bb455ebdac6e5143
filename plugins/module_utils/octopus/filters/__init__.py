"""Filters of the template language: ``#{Path | Filter argument}``. A module a subject; the table is in ``registry``."""

from __future__ import annotations

from . import text as _text  # noqa: F401 - fills the table
from .registry import apply, known, register

__all__ = ["apply", "known", "register"]
