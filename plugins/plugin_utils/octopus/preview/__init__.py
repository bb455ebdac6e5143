"""What is shown about the variables of one or more environments: which value holds where, and why.

Modules, from the bottom up: ``legible`` (any text, safe to look at); ``secrets`` (texts without secrets); ``usage``
(which variables a text names); ``model`` (what is shown); ``build`` (from the variables of hosts to the model).
Nothing here reads files, asks Ansible or knows what the result looks like.
"""

from __future__ import annotations

from .build import Column, Target, Text, preview
from .legible import legible
from .model import Preview

__all__ = ["Column", "Preview", "Target", "Text", "legible", "preview"]
