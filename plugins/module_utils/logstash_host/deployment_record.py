"""The file that names what last passed the health gate, and whether anything live was changed since.

Its content is {record, earlier, changing}: the last record, those before it, newest first, and None or the invocation
of the service that ran before the first change. A record has the key `release`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import atomic_files
from . import releases, service_manager, untrusted_paths
from .service_manager import Run

EMPTY: Mapping[str, Any] = {"record": {}, "earlier": [], "changing": None}


def read(path: str | Path) -> dict[str, Any]:
    """The file's content as {record, earlier, changing}; `changing` is None or the invocation that ran at that time.

    Raises OSError where others than root may write to the directory of the file.
    """
    untrusted_paths.check_roots_own(
        os.path.dirname(path), "root goes back to what is recorded there, and works on the releases there"
    )
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        known = {name: found[name] for name in EMPTY}
        named = all(isinstance(record["release"], str) for record in [known["record"], *known["earlier"]] if record)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return dict(EMPTY)
    return known if named else dict(EMPTY)


def read_existing_setup(path: str | Path) -> dict[str, Any]:
    """The record of what was on the host before the first change; empty when there is none."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (FileNotFoundError, ValueError):
        return {}
    return found


def invocation(run: Run, service: str) -> str:
    """What systemd calls this run of the service; empty while it does not run."""
    found = service_manager.show(run, service, "ActiveState", "InvocationID")
    return found.get("InvocationID", "") if found.get("ActiveState") == "active" else ""


def activity(run: Run, service: str) -> str:
    """What the service does, one of `running`, `restarting`, `failed`, `stopped`, `absent`."""
    found = service_manager.show(run, service, "LoadState", "ActiveState")
    state = found.get("ActiveState")
    if state in ("active", "reloading"):
        return "running"
    if state in ("activating", "failed"):
        return {"activating": "restarting", "failed": "failed"}[state]
    return "absent" if found.get("LoadState") == "not-found" else "stopped"


def write(path: str | Path, content: Mapping[str, Any]) -> None:
    """Replaces the file in one step, so that it is never half. Before the first installation there is no folder yet."""
    Path(path).parent.mkdir(mode=0o755, exist_ok=True)
    atomic_files.write(path, json.dumps(content, indent=1, sort_keys=True) + "\n", 0o644)


def is_there(path: str | Path) -> bool:
    """Whether there is a file, whatever is in it."""
    return os.path.lexists(path)


def remove(path: str | Path) -> None:
    """Removes the file. Raises OSError."""
    os.unlink(path)


def rename_releases(
    path: str | Path, content: Mapping[str, Any], settings: str | Path, names: Iterable[str], key: str | Path
) -> dict[str, Any]:
    """Renames releases, in the record, too; returns the content. What passed the health gate stays recorded.

    Raises OSError.
    """
    renamed = releases.rename(settings, names, releases.make_key(key))

    def with_name(record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "release": renamed.get(record["release"], record["release"])} if record else record

    after = {**content, "record": with_name(content["record"]), "earlier": list(map(with_name, content["earlier"]))}
    if after != content:
        write(path, after)
    releases.remove_renamed(settings, names)
    return after


def advance(content: Mapping[str, Any], record: Mapping[str, Any], keep: int) -> dict[str, Any]:
    """The content with a new record; the one before moves to the earlier ones, which hold every pair once."""

    def pair(proven: Mapping[str, Any]) -> tuple[Any, Any]:
        return proven["release"], proven.get("version")

    before = [content["record"]] if content["record"] else []
    earlier = [old for old in [*before, *content["earlier"]] if pair(old) != pair(record)]
    return {**content, "record": record, "earlier": earlier[: keep - 1]}


def healthy(
    content: Mapping[str, Any], record: Mapping[str, Any], state: str, running: str, keep: int
) -> dict[str, Any]:
    """The content once ``record`` is proven: ``state`` is `proven`, or `pending` where the mark of a change stays.

    ``running`` is the service's invocation, and ``keep`` how many records are kept.
    """
    return {**advance(content, record, keep), "changing": running if state == "pending" else None}


def forgets(folder: str | None, state: str) -> bool:
    """Whether what was kept in a folder before the first change is not needed any more."""
    return bool(folder) and state in ("healthy", "absent") and os.path.exists(str(folder))


def forget(folder: str) -> None:
    """Removes it. Raises OSError."""
    shutil.rmtree(folder)


def describe(content: Mapping[str, Any], running: str, found: str, run: Run, service: str) -> dict[str, Any]:
    """What later tasks need to know of the record's ``content`` while the service's invocation is ``running``."""
    return {
        "record": content["record"],
        "earlier": content["earlier"],
        "release": content["record"].get("release", ""),
        "changing": content["changing"] is not None,
        "service": activity(run, service),
        "found": read_existing_setup(found),
        "same_process": bool(running) and content["changing"] in (None, running),
    }
