"""Remembers on a host which files a secret was written to, for root or for whoever writes them alone.

What a file holds cannot be told from its text. So whoever writes it says whether a secret went into it, and a
difference is shown only where neither what is there nor what is to be there has one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import atomic_files

NAME = "secret-files.json"


def default_record() -> Path:
    """Where the record of the user of this process is."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(state):
        return Path(state) / "elk-deploy" / NAME
    if os.geteuid() == 0:
        return Path("/var/lib/elk-deploy") / NAME
    return Path.home() / ".local/state/elk-deploy" / NAME


class SecretFiles:
    """The record: for each file that was written whether a secret went into it."""

    def __init__(self, record: str | os.PathLike[str] | None = None) -> None:
        self._path = Path(record) if record else default_record()
        self._known = self._read()

    def is_secret(self, path: str | os.PathLike[str]) -> bool | None:
        """Whether a secret was written to a file; None when that is not known."""
        return self._known.get(_name(path))

    def note(self, files: Mapping[str, bool | None]) -> None:
        """Writes down {path: whether a secret goes into the file}. None forgets a file. Raises OSError."""
        if all(self.is_secret(path) is secret for path, secret in files.items()):
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            # Another process may have noted something meanwhile.
            known = {**self._read(), **{_name(path): secret for path, secret in files.items()}}
            self._known = {path: secret for path, secret in sorted(known.items()) if secret is not None}
            atomic_files.write(self._path, json.dumps(self._known, indent=1))

    def _read(self) -> dict[str, bool | None]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _name(path: str | os.PathLike[str]) -> str:
    """A file under its one name, whichever links lead to its folder."""
    path = os.path.abspath(path)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
