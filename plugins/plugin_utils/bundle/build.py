"""A bundle from its parts, on the control node."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...module_utils import atomic_files
from ...module_utils.bundle.manifest import BundleError, Manifest
from ..toolkit import commit
from . import archive, members, secret_search, wheels
from .members import EXTRA_VARS, REQUIREMENTS, TOOLKIT, WHEELS, Member


@dataclass(frozen=True)
class Parts:
    """What a bundle is made of.

    :param root: the checkout.
    :param inventory: the environment's directory.
    :param variable_files: the files of Octopus variables; ``files`` are others. All are below the checkout.
    :param collections: {name: directory} of the collections beside the toolkit.
    :param extra_vars: variables that win over the inventory's; templates in them are evaluated by instances.
    :param logstash_versions: {layer: version}, for the manifest.
    """

    root: Path
    environment: str
    inventory: Path
    variable_files: Sequence[Path]
    files: Sequence[Path]
    collections: Mapping[str, Path]
    extra_vars: Mapping[str, Any]
    logstash_versions: Mapping[str, str]

    @property
    def requirements(self) -> Path:
        return self.root / REQUIREMENTS

    @property
    def places(self) -> list[Path]:
        """The directories and files on this machine that the bundle takes over."""
        own = [self.root / name for name in (*members.FOLDERS, "inventories/shared")]
        return [*own, self.inventory, *self.variable_files, *self.files]


def collect(parts: Parts) -> list[Member]:
    """All members but the wheels. Raises OSError.

    :raises BundleError: with all secrets that would be in the bundle, or all files that can't be.
    """
    further = sorted({*parts.variable_files, *parts.files})
    found = [
        *members.toolkit(parts.root, parts.inventory, parts.environment, further),
        *(one for name, folder in parts.collections.items() for one in members.collection(name, folder)),
        members.own_collection(),
        Member(EXTRA_VARS, content=json.dumps(parts.extra_vars, indent=2, sort_keys=True).encode() + b"\n"),
        Member(REQUIREMENTS, source=parts.requirements),
    ]
    octopus = {f"{TOOLKIT}/{path.relative_to(parts.root)}" for path in parts.variable_files}
    if secrets := secret_search.search(found, octopus):
        lines = "\n".join(f"  {one}" for one in secrets)
        raise BundleError(
            f"The bundle of {parts.environment} would have secrets in it ({len(secrets)}):\n{lines}\n"
            f"{secret_search.HINT}",
            "bundle_has_secrets",
        )
    return found


def pack(parts: Parts, found: Sequence[Member], wheel_folders: Sequence[Path]) -> tuple[Manifest, bytes]:
    """The archive with its manifest. Raises OSError and BundleError."""
    packages = [Member(f"{WHEELS}/{name}", source=path) for name, path in wheels.names(wheel_folders).items()]
    content = archive.write([*found, *packages])
    galaxy = yaml.safe_load((parts.root / "galaxy.yml").read_text(encoding="utf-8"))
    manifest = Manifest(
        environment=parts.environment,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        toolkit_version=str(galaxy["version"]),
        commit=commit(parts.root),
        requirements=hashlib.sha256(parts.requirements.read_bytes()).hexdigest(),
        logstash_versions=parts.logstash_versions,
    )
    return manifest, content


def keep(folder: Path, manifest: Manifest, content: bytes) -> Path:
    """Writes the archive to a directory that has one bundle at a time. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.tar.gz"):
        if path.name != manifest.key:
            path.unlink()
    atomic_files.write(folder / manifest.key, content, 0o644)
    return folder / manifest.key
