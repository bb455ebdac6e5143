"""Runs of `make bake`: their ids, which say when they began, and the files that say whether they still run here."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_ID = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{6}")
_TIME = "%Y%m%dT%H%M%SZ"


def new_id(now: datetime) -> str:
    """Such as ``20261128T173000Z-0f1e2d``."""
    return f"{now.astimezone(UTC).strftime(_TIME)}-{secrets.token_hex(3)}"


def began(run: str) -> datetime | None:
    """When a run began, by its id. None where it is not one of `make bake`."""
    match = _ID.fullmatch(run)
    return datetime.strptime(match[1], _TIME).replace(tzinfo=UTC) if match else None


class Runs:
    """The runs of this checkout.

    :param folder: keeps a folder for each run: its log, its settings, its key while it runs, and who runs it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_of(self, run: str) -> Path:
        """The files of a run."""
        return self._folder / run

    @contextmanager
    def running(self, run: str) -> Iterator[Path]:
        """Marks the run as one that runs, as long as the context lasts. Gives its folder, which is the user's alone."""
        folder = self.folder_of(run)
        folder.mkdir(parents=True, mode=0o700)
        mark = folder / "running.json"
        mark.write_text(json.dumps({"pid": os.getpid(), "started": _started(os.getpid())}))
        try:
            yield folder
        finally:
            mark.unlink(missing_ok=True)

    def state(self, run: str) -> str:
        """``running``, ``ended`` (also by a kill), or ``unknown``: it is not of this checkout."""
        folder = self.folder_of(run)
        if not _ID.fullmatch(run) or not folder.is_dir():
            return "unknown"
        try:
            mark = json.loads((folder / "running.json").read_text())
        except (OSError, ValueError):
            return "ended"
        started = _started(mark.get("pid", 0))
        return "running" if started and started == mark.get("started") else "ended"

    def is_dead(self, run: str, age: timedelta, now: datetime) -> bool:
        """Whether nothing of a run is of use any more: it ended, or it is another machine's and began long ago.

        :param age: after which a run of another machine counts as dead.
        """
        state = self.state(run)
        if state != "unknown":
            return state == "ended"
        start = began(run)
        return start is not None and now - start > age


def _started(pid: int) -> int:
    """The start of a process in ticks since the boot, which tells it from a later one. 0 where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] == "Z" else int(fields[19])
