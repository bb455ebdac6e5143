"""What passed its soak last on a host, so that a run that was cut off in the middle of one is made good by the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import atomic_files
from . import untrusted_paths

FILE = "/var/lib/elk/soaked.json"


def read(path: Path) -> dict[str, Any]:
    """The identity of the configuration that passed; empty where there is none. Raises OSError.

    Root goes back to what is named there.
    """
    if not path.exists():
        return {}
    untrusted_paths.check_roots_own(str(path.parent), "root goes back to what passed a soak, as it says there")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write(path: Path, identity: Mapping[str, Any]) -> None:
    """Notes what passed, in one step. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    atomic_files.write(path, json.dumps(identity, sort_keys=True) + "\n", 0o644)
