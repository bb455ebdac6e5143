"""Variables that are named after a place in a tree: ``Logging:Targets:0:Level``."""

from __future__ import annotations

from collections.abc import Iterable

ROOT = ""


class PathVariables:
    """Finds variables by paths. A path is ``:`` and a step for each level, in lower case; the root's is empty.

    Names that begin with ``Octopus`` are the reference's own and no paths, unless they begin with ``Octopus:``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {
            f":{name.lower()}": name
            for name in names
            if not name.lower().startswith("octopus") or name.lower().startswith("octopus:")
        }
        self._longest = max(map(len, self._names), default=0)

    def below(self, path: str | None, step: str | int) -> str | None:
        """The path one level down; None when it is too long for any variable, and so is all that lies below it."""
        if path is None:
            return None
        path = f"{path}:{step}".lower()
        return path if len(path) <= self._longest else None

    def at(self, path: str | None) -> str | None:
        """The name of the variable for ``path``, or None."""
        return None if path is None else self._names.get(path)
