"""Versions as tuples, and the version of the installed package."""

from pathlib import Path

LAST_KNOWN = (9, 5, 2)
FIRST_KNOWN = (5, 2, 0)


def parse(text: str) -> tuple[int, int, int]:
    """`8.5.3` as `(8, 5, 3)`. Raises ValueError for anything else."""
    major, minor, patch = text.split(".")
    return int(major), int(minor), int(patch)


def installed(home: Path) -> str:
    """The version that the package in `home` was built as."""
    return (home / "VERSION").read_text().strip()
