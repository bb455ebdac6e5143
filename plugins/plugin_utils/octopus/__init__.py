"""Octopus-style variables, in plain Python without any import of Ansible. A folder a subject:

``language`` (text and variables in, text out), ``scoping`` (which value holds where), ``files`` (encodings and
directories), ``structured`` (values in JSON, YAML, XML and properties files), ``importer`` (what Octopus exports),
``preview`` (values of environments side by side). ``report`` words what went wrong.

Stable: what ``__all__`` names, with the fields ``text``, ``missing`` and ``error`` of a result.
"""

from __future__ import annotations

from .errors import CircularReference, EvaluationError, FilterError, VariableError, VariableFileError
from .language.evaluation import Evaluation, Problem, evaluate, is_true, render
from .language.variables import VariableSet

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
