"""The environment that systemd gives the service, and the options of the JVM in it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from . import untrusted_paths

# Options of the JVM that claim what only one process can have: a port, an agent, a log file.
EXCLUSIVE = re.compile(r"-javaagent:|-agentlib:|-agentpath:|-Dcom\.sun\.management\.jmxremote|-Xlog:|-Xloggc:")


def read(paths: Iterable[str | Path]) -> dict[str, str]:
    """The variables of systemd's EnvironmentFiles: NAME=VALUE lines, values optionally quoted, comments with # or ;."""
    variables = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            for line in untrusted_paths.read_file(str(path)).decode("utf-8", "replace").splitlines():
                name, sign, value = line.strip().partition("=")
                if sign and not name.startswith(("#", ";")):
                    variables[name.strip()] = unquoted(value.strip())
    return variables


def unquoted(value: str) -> str:
    """A value without its quotes; between double ones a backslash keeps the next character as it is."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def without_exclusive(options: Iterable[str]) -> list[str]:
    """Options of the JVM without those that only one process can have."""
    return [option for option in options if not EXCLUSIVE.search(option)]
