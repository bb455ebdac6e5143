"""What the variables of a layer say about its bundle: the version of Logstash, and files that an instance must have.

Only the variables named here are evaluated. Others may look up secrets, which is for instances to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

VARIABLE_FILES = ("octopus_library_files", "octopus_variable_files")
# Variables with a path, and lists whose entries have one under these keys.
_PATHS = ("logstash_template_path", "logstash_drain_tasks", "logstash_undrain_tasks", "logstash_package_url")
_PATHS_OF_ENTRIES = {
    "logstash_tls_files": ("src",),
    "logstash_monitor_tls_files": ("src",),
    "logstash_plugins": ("gem", "pack"),
}

Evaluate = Callable[[Any], Any]


def variable_files(variables: Mapping[str, Any], evaluate: Evaluate) -> list[Path]:
    """The files of Octopus variables; relative ones start from the playbook's directory. Raises AnsibleError."""
    found: list[Path] = []
    for name in VARIABLE_FILES:
        value = evaluate(variables.get(name) or [])
        found += [_path(str(path), variables) for path in ([value] if isinstance(value, str) else value)]
    return found


def version(variables: Mapping[str, Any], evaluate: Evaluate, default: str) -> str:
    """The version of Logstash. Raises AnsibleError."""
    return str(evaluate(variables.get("logstash_version") or default))


def missing_files(variables: Mapping[str, Any], evaluate: Evaluate, places: Iterable[Path]) -> Iterator[str]:
    """What the variables name of this machine that is below none of ``places``, and so in no bundle: one sentence each.

    Relative paths are looked for beside playbooks and roles, which are in the bundle.
    """
    inside = [os.path.realpath(place) for place in places]
    for name, value in _named(variables):
        try:
            path = str(evaluate(value))
        except AnsibleError as error:
            yield f"{name} can't be evaluated: {error}"
            continue
        if os.path.isabs(path) and not any(_is_below(os.path.realpath(path), place) for place in inside):
            yield (
                f"{name} is {path}, a path of this machine that instances do not have. Move the file below the "
                "checkout, add it to bundle_files, and let its path begin with {{ playbook_dir }}/.. ; or set the "
                "variable for instances in bundle_extra_vars."
            )


def _named(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _PATHS:
        if variables.get(name):
            yield name, variables[name]
    for name, keys in _PATHS_OF_ENTRIES.items():
        entries = variables.get(name)
        for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
            for key in keys:
                if isinstance(entry, Mapping) and entry.get(key):
                    yield f"{name}, entry {number}, {key}", entry[key]


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place + os.sep)


def _path(path: str, variables: Mapping[str, Any]) -> Path:
    return Path(os.path.normpath(os.path.join(str(variables["playbook_dir"]), os.path.expanduser(path))))
