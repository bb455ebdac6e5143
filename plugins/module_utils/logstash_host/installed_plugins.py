"""Which plugins a Logstash has, read from the files that its plugin manager keeps, without starting it.

Bundler's lock names every gem that is in use, with its version: Gemfile.lock, before 6.0 Gemfile.jruby-1.9.lock. The
folders below vendor/bundle do not tell: a version that was replaced stays there. Both Gemfile and lock are files of the
package, so that an upgrade puts the bundled set back.

Beside them this keeps, in vendor/elk-deploy, what no file of Logstash's says: from which file a plugin was installed;
the last few sets of plugins, so that a failed deployment can restore one; and while plugins are changed, which set
there was before, so that a run that was cut off can be undone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import atomic_files

# A gem of the lock: four blanks, its name, its version; `-java` is the platform and no part of the version.
SPEC = re.compile(r"^ {4}(\S+) \(([^)]+?)(?:-java)?\)$", re.MULTILINE)
PLUGIN = re.compile(r"logstash-(?:codec|filter|input|integration|output)-.")
CORE = "logstash-core"
KEPT_SETS = 5


class PluginSet:
    """The plugins of the Logstash in one folder."""

    def __init__(self, home: str | Path) -> None:
        self.home = Path(home)
        self._kept = self.home / "vendor/elk-deploy"
        self._record = self._kept / "plugins.json"
        self._sets = self._kept / "sets"
        # Names the set that there was before the change that goes on.
        self._changing = self._kept / "changing"

    @property
    def lock(self) -> Path | None:
        """The lock; None where no Logstash is."""
        names = ("Gemfile.lock", "Gemfile.jruby-1.9.lock")
        return next((self.home / name for name in names if (self.home / name).exists()), None)

    def installed(self) -> dict[str, str]:
        """{name: version} of the plugins in use."""
        return {name: version for name, version in self._gems(self.lock).items() if PLUGIN.match(name)}

    @staticmethod
    def _gems(lock: Path | None) -> dict[str, str]:
        return dict(SPEC.findall(lock.read_text(encoding="utf-8"))) if lock else {}

    def sources(self) -> dict[str, str]:
        """{name: checksum} of the files that plugins came from; nothing once something else changed the lock."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return record["files"] if record["lock"] == _checksum(self.lock) else {}

    def remember(self, files: Mapping[str, str]) -> None:
        """Writes down which file each plugin came from."""
        self._kept.mkdir(parents=True, exist_ok=True)
        record = json.dumps({"lock": _checksum(self.lock), "files": files}, sort_keys=True)
        atomic_files.write(self._record, record, 0o644)

    def fingerprint(self) -> str:
        """Changes with every plugin, version and file; the same on hosts that have the same."""
        if not self.lock:
            return ""
        content = json.dumps([self.installed(), self.sources()], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def state(self) -> dict[str, Any]:
        """`installed`, `sources`, `fingerprint` and `interrupted`, as the methods of these names return them."""
        return {
            "installed": self.installed(),
            "sources": self.sources(),
            "fingerprint": self.fingerprint(),
            "interrupted": self.interrupted(),
        }

    def _files(self) -> list[Path]:
        """What a set consists of. Folders of versions that are not in use stay where they are."""
        return [
            self.home / "Gemfile",
            self.lock or self.home / "Gemfile.lock",
            self.home / "vendor/local_gems",
            self._record,
        ]

    def keep(self) -> str:
        """Keeps the set that is there, and returns its name, the fingerprint."""
        name = self.fingerprint()
        with atomic_files.new_directory(self._sets / name) as part:
            for path in self._files():
                copy(path, part / path.name)
        for old in sorted(self._sets.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_SETS]:
            shutil.rmtree(old)
        return name

    def has(self, name: str) -> bool:
        """Whether a set is kept, and is one of the package that is installed now."""
        kept = self._sets / name
        if not name or not kept.is_dir() or not self.lock:
            return False
        # A lock without the core was being written when a run was killed.
        core = self._gems(self.lock).get(CORE)
        return core in (None, self._gems(kept / self.lock.name).get(CORE))

    def restore(self, name: str) -> None:
        """Restores the set of that name."""
        for path in self._files():
            kept = self._sets / name / path.name
            if path.is_dir():
                shutil.rmtree(path)
            copy(kept, path)
        self.end_change()

    def begin_change(self) -> str:
        """Keeps the set that is there, for restore, and returns its name."""
        name = self.keep()
        self._changing.write_text(name, encoding="utf-8")
        return name

    def interrupted(self) -> str:
        """The set to restore if a change was begun, and neither completed nor undone; empty otherwise."""
        try:
            name = self._changing.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        return name if self.has(name) else ""

    def end_change(self) -> None:
        """A change is over, or what there was before it belongs to another package."""
        self._changing.unlink(missing_ok=True)


def find_changes(
    plugins: Iterable[Mapping[str, Any]], installed: Mapping[str, str], sources: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What has to change: {name, before, after, why, plugin} for each plugin that is not as wanted."""
    changes: list[dict[str, Any]] = []
    for plugin in plugins:
        name, wanted = plugin["name"], plugin["version"] or ""
        before = installed.get(name, "")
        after, why = wanted or before or "newest", ""
        if plugin["state"] == "absent":
            after, why = "", "is not wanted" if before else ""
        elif not before:
            why = "is missing"
        elif wanted and before != wanted:
            why = "has another version"
        elif plugin["checksum"] and sources.get(name) != plugin["checksum"]:
            why = "did not come from this file"
        if why:
            changes.append({"name": name, "before": before, "after": after, "why": why, "plugin": plugin})
    return changes


def result_of(
    changes: Sequence[Mapping[str, Any]], state: Mapping[str, Any], is_check: bool, has_diff: bool
) -> dict[str, Any]:
    """What logstash_plugins returns before it makes the changes; ``state`` is that of :meth:`PluginSet.state`."""
    undone = bool(state["interrupted"])
    result: dict[str, Any] = {
        "changed": bool(changes) or undone,
        "differs": bool(changes) or undone,
        "changes": [{key: change[key] for key in ("name", "before", "after", "why")} for change in changes],
        "undone": undone,
        "fingerprint": "" if changes or (undone and is_check) else state["fingerprint"],
    }
    if has_diff:
        result["diff"] = {
            side: "".join(f"{change['name']} {change[side]} ({change['why']})\n" for change in changes if change[side])
            for side in ("before", "after")
        }
    return result


def copy(source: Path, target: Path) -> None:
    """Copies a folder, or a file so that it is never half; nothing where nothing is."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.exists():
        with atomic_files.replacing(target) as (folder, part):
            shutil.copy2(source, folder.place(part))


def _checksum(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
