"""How the live settings directory differs from the settings that should be live."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from . import releases

# The name of a release on a host that has no key yet.
UNNAMED = "unnamed"
# What says which settings are live, as options of modules.
OPTIONS: dict[str, dict[str, Any]] = {
    "dest": {"type": "path", "required": True},
    "entries": {"type": "list", "elements": "str", "required": True},
    "optional": {"type": "list", "elements": "str", "default": []},
    "links": {"type": "dict", "default": {}},
    # The path of a file, not what is in it.
    "key": {"type": "path", "default": "/var/lib/elk-deploy/release.key", "no_log": False},
}


def is_linked(dest: Path, name: str) -> bool:
    """Whether an entry of the live directory is the link through `current`."""
    return (dest / name).is_symlink() and os.readlink(dest / name) == f"current/{name}"


def entries_of(root: Path, options: Mapping[str, Any]) -> list[str]:
    """The entries that a release of these settings has: all, and the optional ones that are there."""
    return [*options["entries"], *(name for name in options["optional"] if (root / name).exists())]


class LiveSettings:
    """What is live, as OPTIONS say where. Raises OSError."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self.dest = Path(options["dest"])
        current = self.dest / "current"
        self.files = releases.read_tree(current, options["entries"] + options["optional"])
        self.release = os.path.basename(os.readlink(current)) if current.is_symlink() else ""

    def name_of(self, wanted: releases.Tree, key: Callable[[], bytes | None]) -> str:
        """The name of a release of these files; ``key`` reads the host's key, or makes it."""
        digest = releases.tree_hash(wanted)
        same = self.release and self.files == wanted
        if same and releases.is_untouched(self.dest / "releases" / self.release, digest):
            # Also when the key was lost: nothing differs but the name, which tells nothing.
            return self.release
        found = key()
        return releases.keyed_name(digest, found) if found else UNNAMED

    def compare(self, wanted: releases.Tree, entries: Iterable[str], release: str) -> tuple[bool, list[str]]:
        """(whether anything differs, the files that do) from a release with these files and entries."""
        entries = list(entries)
        stale = [name for name in self._options["optional"] if name not in entries and is_linked(self.dest, name)]
        linked = all(is_linked(self.dest, name) for name in entries) and not stale
        linked = linked and all(self._leads_to(path, name) for path, name in self._options["links"].items())
        files = sorted(name for name in wanted.keys() | self.files.keys() if wanted.get(name) != self.files.get(name))
        return bool(files) or not linked or not wanted or self.release != release, files

    def _leads_to(self, path: str, name: str) -> bool:
        """Whether a link outside of the live directory leads to an entry."""
        return Path(path).is_symlink() and os.readlink(path) == f"{self.dest}/current/{name}"


def compare_staged(staged: str | Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """How staged settings differ from the live ones: `release`, `previous` and `differs`, as settings_release has them.

    Writes nothing, not even the key. Raises OSError.
    """
    root, live = Path(staged), LiveSettings(options)
    entries = entries_of(root, options)
    wanted = releases.read_tree(root, entries)
    release = live.name_of(wanted, lambda: releases.read_key(options["key"]))
    differs, _files = live.compare(wanted, entries, release)
    return {"release": release, "previous": live.release, "differs": differs}
