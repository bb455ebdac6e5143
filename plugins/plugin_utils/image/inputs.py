"""What an image is made of: its fingerprint, and the tags that say it.

Nothing in it names a time, a host or an address, so that the same inputs give the same fingerprint anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .packer import Variables

TAG_LENGTH = 256
"""Characters that EC2 takes as the value of a tag."""

# What makes the image, besides the values of variables. Relative to the checkout.
_TOOLKIT = ("roles/logstash", "roles/logstash_instance", "plugins", "playbooks/bake.yml", "packer")
_REQUIREMENTS = "requirements-instance.txt"
# Values of an environment are inputs by themselves; what an environment does not use must not make it a new image.
_NOT_HASHED = (".pyc", ".pkrvars.hcl")


@dataclass(frozen=True)
class Base:
    """A base image: its id, and the name that it has for its root volume (empty for a container image)."""

    id: str
    root_device: str = ""


def inputs_of(root: Path, base: Base, variables: Variables, values: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides about an image, ready for JSON.

    :param root: the checkout.
    :param variables: Packer's.
    :param values: the inventory's, as playbooks/image_inputs.yml writes them. Passwords in addresses are left out.
    """
    shown: dict[str, Any] = without_passwords(values["variables"])
    return {
        "base_image": base.id,
        "architecture": variables.architecture,
        "disk": variables.disk,
        "logstash": shown.pop("logstash_version"),
        "source": shown.pop("logstash_source"),
        "package": {"url": shown.pop("logstash_package_url"), "checksum": shown.pop("logstash_package_checksum")},
        "plugins": shown.pop("logstash_plugins"),
        "variables": shown,
        "public_key": values["public_key"].strip(),
        "requirements": hash_of_files(root, [_REQUIREMENTS]),
        "toolkit": hash_of_files(root, _TOOLKIT),
    }


def hash_of_files(root: Path, paths: Iterable[str]) -> str:
    """SHA-256 over names, contents and execute bits of files and of those in folders.

    What is not there counts as nothing.
    """
    digest = hashlib.sha256()
    for file in sorted(_files(root, paths)):
        content = file.read_bytes()
        executable = bool(file.stat().st_mode & 0o100)
        digest.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0{executable}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(root: Path, paths: Iterable[str]) -> Iterable[Path]:
    for path in paths:
        found = [root / path] if (root / path).is_file() else (root / path).rglob("*")
        yield from (file for file in found if file.is_file() and not file.name.endswith(_NOT_HASHED))


def without_passwords(value: Any) -> Any:
    """The same value without user and password in addresses, since everybody may read manifests."""
    if isinstance(value, Mapping):
        return {key: without_passwords(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_passwords(one) for one in value]
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urlsplit(value)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return value


def tags_of(inputs: Mapping[str, Any], environment: str, toolkit_version: str, commit: str) -> dict[str, str]:
    """The tags that say what is in an image. Its fingerprint is none of them: it comes last, once the image serves."""
    return {
        "elk:logstash": str(inputs["logstash"]),
        "elk:plugins": _shortened([_plugin(one) for one in inputs["plugins"]]) or "none",
        "elk:toolkit": toolkit_version,
        "elk:base-image": str(inputs["base_image"]),
        "elk:commit": commit,
        "elk:environment": environment,
    }


def _plugin(plugin: Mapping[str, Any]) -> str:
    name = str(plugin["name"])
    if plugin.get("state", "present") == "absent":
        return f"-{name}"
    return f"{name}={plugin['version']}" if plugin.get("version") else name


def _shortened(words: list[str]) -> str:
    """The words in one value of a tag; where they are too many, as many as fit and the number of the others."""
    if len(" ".join(words)) <= TAG_LENGTH:
        return " ".join(words)
    kept: list[str] = []
    for word in words:
        ending = f" +{len(words) - len(kept) - 1}"
        if len(" ".join([*kept, word])) + len(ending) > TAG_LENGTH:
            break
        kept.append(word)
    return " ".join([*kept, f"+{len(words) - len(kept)}"])
