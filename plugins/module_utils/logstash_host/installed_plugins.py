"""Which plugins a Logstash has, read from the files that its plugin manager keeps, without starting it.

Bundler's lock names every gem that is in use, with its version: Gemfile.lock, before 6.0 Gemfile.jruby-1.9.lock. The
folders below vendor/bundle do not tell: a version that was replaced stays there. Both Gemfile and lock are files of the
package, so that an upgrade puts the bundled set back.

Beside them this keeps, in vendor/elk-deploy, what no file of Logstash's says: from which file a plugin was installed;
and while plugins are changed, what was there before, so that a run that was cut off can be undone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from pathlib import Path

# A gem of the lock: four blanks, its name, its version; `-java` is the platform and no part of the version.
SPEC = re.compile(r"^ {4}(\S+) \(([^)]+?)(?:-java)?\)$", re.MULTILINE)
PLUGIN = re.compile(r"logstash-(?:codec|filter|input|integration|output)-.")
CORE = "logstash-core"


class PluginSet:
    """The plugins of the Logstash in one folder."""

    def __init__(self, home):
        self.home = Path(home)
        self._kept = self.home / "vendor/elk-deploy"
        self._before = self._kept / "before"
        self._record = self._kept / "plugins.json"

    @property
    def lock(self):
        """The lock; None where no Logstash is."""
        names = ("Gemfile.lock", "Gemfile.jruby-1.9.lock")
        return next((self.home / name for name in names if (self.home / name).exists()), None)

    def installed(self):
        """{name: version} of the plugins in use."""
        return {name: version for name, version in self._gems(self.lock).items() if PLUGIN.match(name)}

    @staticmethod
    def _gems(lock):
        return dict(SPEC.findall(lock.read_text(encoding="utf-8"))) if lock else {}

    def sources(self):
        """{name: checksum} of the files that plugins came from; nothing once something else changed the lock."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return record["files"] if record["lock"] == _checksum(self.lock) else {}

    def remember(self, files):
        """Writes down which file each plugin came from."""
        self._kept.mkdir(parents=True, exist_ok=True)
        part = self._record.with_suffix(".part")
        part.write_text(json.dumps({"lock": _checksum(self.lock), "files": files}, sort_keys=True), encoding="utf-8")
        part.replace(self._record)

    def fingerprint(self):
        """Changes with every plugin, version and file; the same on hosts that have the same."""
        if not self.lock:
            return ""
        content = json.dumps([self.installed(), self.sources()], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    # What a change of plugins touches, but for folders of further versions, which nothing uses.
    def _changing(self):
        return [self.home / "Gemfile", self.lock, self.home / "vendor/local_gems"]

    def keep(self):
        """Keeps what is there before a change."""
        part = self._before.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for path in self._changing():
            if path.is_dir():
                shutil.copytree(path, part / path.name, symlinks=True)
            elif path.exists():
                shutil.copy2(path, part / path.name)
        part.rename(self._before)

    def is_interrupted(self):
        """Whether a change was begun and neither ended nor undone, and the package is still that one."""
        if not self._before.exists() or not self.lock:
            return False
        # A lock without the core was being written when the run was killed.
        core = self._gems(self.lock).get(CORE)
        return core in (None, self._gems(self._before / self.lock.name).get(CORE))

    def restore(self):
        """Puts back what keep kept."""
        for path in self._changing():
            kept = self._before / path.name
            if path.is_dir():
                shutil.rmtree(path)
            if kept.is_dir():
                shutil.copytree(kept, path, symlinks=True)
            elif kept.exists():
                part = path.with_name(path.name + ".part")
                shutil.copy2(kept, part)
                part.replace(path)
        self.forget()

    def forget(self):
        """A change is over, or what was kept belongs to another package."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._before)


def _checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
