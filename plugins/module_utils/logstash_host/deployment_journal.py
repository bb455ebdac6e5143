"""The journal of a host's deployments: one JSON object a line, the newest last, without secrets.

Each run that changed the host, or failed, has one: {time, seconds, by, action, result, version, release, previous,
plugins, toolkit, reason}. `version` and `release` are what the run was to bring, `previous` what ran before; after the
result `restored` that runs again. Times are the host's own, as in its logs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .. import atomic_files
from . import untrusted_paths
from .installed_plugins import PluginSet

KEEP = 500
# A reason is its first line, and no book.
REASON_LENGTH = 500

DEPLOYED, RESTORED, FAILED = "deployed", "restored", "failed"
RESULTS = (DEPLOYED, RESTORED, FAILED)
ACTIONS = ("deploy", "rollback", "first_boot")

# The option `journal` of modules that end a change. Actions add `by` and `toolkit` (plugin_utils/journal_action.py).
OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "began": {"type": "float", "required": True},
    "action": {"type": "str", "choices": list(ACTIONS), "default": "deploy"},
    "result": {"type": "str", "choices": list(RESULTS), "default": DEPLOYED},
    "reason": {"type": "str", "default": ""},
    "version": {"type": "str", "default": ""},
    "release": {"type": "str", "default": ""},
    "previous": {"type": "dict", "default": {}},
    "home": {"type": "path", "required": True},
    "plugins": {"type": "list", "elements": "str", "default": []},
    "by": {"type": "str", "default": ""},
    "toolkit": {"type": "str", "default": ""},
}


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, such as 2026-11-28T17:20:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def entry(options: Mapping[str, Any], now: float, masked: Callable[[str], str]) -> dict[str, Any]:
    """The line of a run, from the option `journal`, at its end; ``masked`` hides what is secret in a text."""
    lines = masked(options["reason"]).strip().splitlines() or [""]
    installed = PluginSet(options["home"]).installed() if options["plugins"] else {}
    return {
        "time": timestamp(options["began"]),
        # A clock that was set back meanwhile.
        "seconds": max(0.0, round(now - options["began"], 1)),
        "by": options["by"],
        "action": options["action"],
        "result": options["result"],
        "version": options["version"],
        "release": options["release"],
        "previous": {name: str(options["previous"].get(name, "")) for name in ("version", "release")},
        "plugins": [f"{name} {installed[name]}" for name in sorted(options["plugins"]) if name in installed],
        "toolkit": options["toolkit"],
        "reason": lines[0][:REASON_LENGTH],
    }


def append(path: str | Path, line: Mapping[str, Any], keep: int = KEEP) -> None:
    """Adds a line, in one step; the oldest go when there are more than ``keep``. Everybody on the host may read it.

    Raises OSError, also where others than root may write to its directory.
    """
    path = Path(path)
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        # Whatever the umask is: the monitor reads it as another user.
        path.parent.chmod(0o755)
    untrusted_paths.check_roots_own(os.path.dirname(path), "root keeps the journal of deployments there")
    lines = [*_lines(path), json.dumps(line)][-keep:]
    atomic_files.write(path, "".join(f"{one}\n" for one in lines), 0o644)


def leave(module: Any, journal: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Adds a run's line at its end, from a module's option `journal`; ``record`` is the last known-good configuration.

    The host is as it is: a line that can't be written is only a warning.
    """
    if module.check_mode:
        return
    options = dict(journal)
    if options["result"] == DEPLOYED:
        options.update(version=str(record.get("version", "")), release=str(record.get("release", "")))
    try:
        append(options["path"], entry(options, time.time(), module.mask.text))
    except OSError as error:
        module.warn(f"The journal of deployments, {options['path']}, has no line about this run: {error}")


def read(path: str | Path, last: int = KEEP) -> list[dict[str, Any]]:
    """The last lines, the oldest first; none without a journal. What is no JSON object is left out. Raises OSError."""
    found = []
    for line in _lines(Path(path)):
        try:
            one = json.loads(line)
        except ValueError:
            continue
        if isinstance(one, dict):
            found.append(one)
    return found[-last:] if last > 0 else []


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    # Not splitlines(): JSON may have other separators of lines inside of strings.
    return [line for line in text.split("\n") if line.strip()]
