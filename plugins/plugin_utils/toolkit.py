"""Which toolkit this is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def commit(root: Path) -> str:
    """The commit of a checkout, with ``-dirty`` where files differ from it; empty where there is no git."""
    git = shutil.which("git")
    command = [str(git), "-C", str(root), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False) if git else None  # noqa: S603 - git
    return ended.stdout.strip() if ended and ended.returncode == 0 else ""


def version(root: Path = ROOT) -> str:
    """The commit of a checkout; the collection's version where it is none, such as in a bundle; empty if unknown."""
    # A collection that is installed below another project's checkout is not of that project's commit.
    if (root / ".git").exists() and (found := commit(root)):
        return found
    for name, read in (("MANIFEST.json", _of_manifest), ("galaxy.yml", _of_galaxy)):
        try:
            return read((root / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            continue
    return ""


def _of_manifest(text: str) -> str:
    return str(json.loads(text)["collection_info"]["version"])


def _of_galaxy(text: str) -> str:
    return str(yaml.safe_load(text)["version"])
