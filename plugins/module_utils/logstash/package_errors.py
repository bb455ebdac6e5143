"""The error of everything that has to do with packages."""

from __future__ import annotations


class PackageError(Exception):
    """Something that the person who runs the playbook has to know; the message says what."""
