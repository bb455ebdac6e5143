"""What is in an image: the same inputs give the same text, so there is no time, no name of a machine and no address."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from ..logstash_host.installed_plugins import PluginSet
from ..logstash_host.service_manager import Run
from .leftovers import Place

FORMAT = 1
FINGERPRINT = re.compile(r"[0-9a-f]{16}")
# {package manager: what lists the packages, one a line}
_LISTS = {
    "apt": ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package} ${Version} ${Architecture}\n"],
    "dnf": ["rpm", "--query", "--all", "--queryformat", "installed %{NAME} %{EVR} %{ARCH}\n"],
}


class ManifestError(Exception):
    """The manifest can't be made; the message says why, and what to do."""


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """What an image is known by: 16 hex digits that change with every input."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def packages(run: Run, manager: str) -> list[str]:
    """The installed packages as `NAME VERSION ARCHITECTURE`, sorted.

    :raises ManifestError: the package database can't be read.
    """
    command = _LISTS[manager]
    code, output, errors = run(command)
    if code:
        raise ManifestError(
            f"{command[0]} ended with {code}: {errors.strip() or output.strip()}. Expected the list of the installed "
            "packages. Repair the package database of the base image."
        )
    found = (line.partition(" ") for line in output.splitlines())
    return sorted({rest for status, _blank, rest in found if status == "installed"})


def make(
    run: Run, manager: str, logstash: Mapping[str, str], identity: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """The manifest.

    :param logstash: its `version` and its `home`.
    :param identity: `fingerprint` and `inputs`; a fingerprint that is missing is made from the inputs.
    :raises ManifestError: the package database can't be read, or the fingerprint is none.
    """
    inputs = dict(identity.get("inputs") or {})
    known = str(identity.get("fingerprint") or fingerprint(inputs))
    if not FINGERPRINT.fullmatch(known):
        raise ManifestError(
            f"image_inputs.fingerprint is {known!r}; expected 16 hex digits. Correct it, or leave it out to have it "
            "made from image_inputs.inputs."
        )
    return {
        "format": FORMAT,
        "fingerprint": known,
        "inputs": inputs,
        "system": _system(place),
        "architecture": os.uname().machine,
        "logstash": logstash["version"],
        "plugins": dict(sorted(PluginSet(place.at(logstash["home"])).installed().items())),
        "packages": packages(run, manager),
    }


def text(manifest: Mapping[str, Any]) -> str:
    """The manifest as a file has it."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _system(place: Place) -> str:
    """The distribution's own name for its release, such as `Debian GNU/Linux 12 (bookworm)`."""
    try:
        lines = place.at("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    return named.get("PRETTY_NAME", "").strip("\"'")
