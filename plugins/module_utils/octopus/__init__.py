"""Octopus-style variables: the template language, sets of variables, scopes and variable files.

The language is pure Python without any import from outside the standard library and without any input or
output: text and variables in, a frozen result out. Only :mod:`.loader` reads files, and needs PyYAML.

Modules, from the bottom up: ``errors``; ``syntax`` (what a template consists of, and how it prints);
``parser`` (text to syntax); ``variables`` (a set of variables and the tree that templates walk);
``filters``; ``evaluator`` (syntax and variables to text); ``scopes`` (which value wins where);
``loader`` (variable files); ``host`` (everything that holds for one host of an inventory).

Stable: what ``__all__`` names, with the fields ``text``, ``missing`` and ``error`` of a result.
"""

from __future__ import annotations

from .errors import CircularReference, EvaluationError, FilterError, VariableError, VariableFileError
from .evaluation import Evaluation, Problem, evaluate, is_true, render
from .variables import VariableSet

__all__ = [
    "CircularReference",
    "Evaluation",
    "EvaluationError",
    "FilterError",
    "Problem",
    "VariableError",
    "VariableFileError",
    "VariableSet",
    "evaluate",
    "is_true",
    "render",
]
