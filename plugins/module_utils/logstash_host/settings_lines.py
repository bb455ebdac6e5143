"""Reads and edits the settings files that the role writes: one ``name: value`` a line.

A host need not have a YAML parser. The role writes each value as JSON on one line, and the packages' own files are as
flat, so that lines are enough.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from . import untrusted_paths

SETTING = re.compile(r"(?P<start>\s*(?:- )?)(?P<name>[A-Za-z_][A-Za-z0-9_.]*):\s+(?P<value>\S.*?)\s*$")
PATHS = {"data": "path.data", "queue": "path.queue", "dead_letter_queue": "path.dead_letter_queue", "logs": "path.logs"}


def read_value(text: str) -> Any:
    """The value of a line: JSON where it is, else the text without quotes and without a comment after it."""
    try:
        return json.loads(text)
    except ValueError:
        return re.sub(r"\s+#.*", "", text).strip("'\"")


def read(text: str) -> list[tuple[str, Any]]:
    """The settings of a flat file, as (name, value) in the order of the lines."""
    matches = (SETTING.match(line) for line in text.splitlines())
    return [(match["name"], read_value(match["value"])) for match in matches if match]


def replace(text: str, change: Callable[[str, Any], Any]) -> str:
    """The file with every value that ``change(name, value)`` gives another one for; None keeps a line as it is."""
    lines = []
    for line in text.splitlines():
        match = SETTING.match(line)
        changed = change(match["name"], read_value(match["value"])) if match else None
        if match and changed is not None:
            lines.append(f"{match['start']}{match['name']}: {json.dumps(changed)}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def read_paths(file: str) -> dict[str, str]:
    """The four paths of a logstash.yml as {data, queue, dead_letter_queue, logs: path}; none when there is no file.

    The queues follow path.data where the file does not say otherwise, as they do for Logstash.
    """
    settings = read_common(file)
    paths = {kind: settings[name] for kind, name in PATHS.items() if isinstance(settings.get(name), str)}
    if "data" in paths:
        paths.setdefault("queue", os.path.join(paths["data"], "queue"))
        paths.setdefault("dead_letter_queue", os.path.join(paths["data"], "dead_letter_queue"))
    return {kind: os.path.normpath(path) for kind, path in paths.items()}


def read_queues(file: str) -> list[str]:
    """The directories of the persistent queues, one a pipeline, of a logstash.yml and the pipelines.yml beside it."""
    common = read_common(file)
    beside = os.path.join(os.path.dirname(file), "pipelines.yml")
    try:
        pipelines = split_pipelines(read(untrusted_paths.read_file(beside).decode("utf-8", "replace")))
    except FileNotFoundError:
        pipelines = [{}]
    queues = []
    for pipeline in pipelines:
        settings = {"pipeline.id": "main", "path.queue": read_paths(file).get("queue"), **common, **pipeline}
        if settings.get("queue.type") == "persisted" and settings["path.queue"]:
            queues.append(os.path.normpath(os.path.join(settings["path.queue"], settings["pipeline.id"])))
    return queues


def read_common(file: str) -> dict[str, Any]:
    """The settings of a logstash.yml, none when there is no file."""
    try:
        return dict(read(untrusted_paths.read_file(file).decode("utf-8", "replace"))) if file else {}
    except FileNotFoundError:
        return {}


def split_pipelines(settings: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The settings of a pipelines.yml, a dict a pipeline; each begins with its id, as the role writes it."""
    pipelines: list[dict[str, Any]] = []
    for name, value in settings:
        if name == "pipeline.id":
            pipelines.append({})
        if pipelines:
            pipelines[-1][name] = value
    return pipelines
