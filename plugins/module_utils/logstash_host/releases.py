"""Releases of a settings directory: their files, their names, and what is kept of each for root alone.

A release is called after its content, so that the same settings have the same name. Everybody on the host can read
names, and the content has secrets: a plain hash would tell whoever guesses a secret whether the guess is right. So the
hash is keyed, with a key of the host's own that only root can read. Without the key a release that is there keeps its
name: what it was made of is also noted in the release, for root alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import atomic_files

# Relative path to mode and content of a file.
Tree = dict[str, tuple[int, bytes]]

DIRECTORY_MODE = 0o750
# What a file's mode may have: nothing for others.
FILE_MODES = 0o770
# In a release, for root alone: what it was made of.
NOTE = ".release.json"
# Former names of releases: sixteen digits of a hash without a key.
FORMER_NAME = re.compile(r"[0-9a-f]{16}")
NAME_LENGTH = 24
KEY_LENGTH = 32


def read_tree(root: str | Path, entries: Iterable[str]) -> Tree:
    """The regular files below the entries of a directory, as {relative path: (mode, bytes)}; missing ones left out."""
    root = Path(root)
    files: Tree = {}
    for entry in entries:
        path = root / entry
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file():
                mode = stat.S_IMODE(file.stat().st_mode) & FILE_MODES
                files[str(file.relative_to(root))] = (mode, file.read_bytes())
    return files


def tree_hash(files: Tree) -> str:
    """A hash that changes with any name, mode or content, for root's eyes. Lengths keep names and contents apart."""
    digest = hashlib.sha256()
    for name, (mode, content) in sorted(files.items()):
        digest.update(f"{len(name)}:{name}{mode:o}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def keyed_name(text: str, key: bytes) -> str:
    """The name of a release, derived from its hash or from its former name."""
    return hmac.new(key, text.encode(), "sha256").hexdigest()[:NAME_LENGTH]


def read_key(path: str | Path) -> bytes | None:
    """The host's key; None if it is missing or unusable: truncated, or readable for others."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            private = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
            key = file.read(KEY_LENGTH + 1) if private else b""
    except OSError:
        return None
    return key if len(key) == KEY_LENGTH else None


def make_key(path: str | Path) -> bytes:
    """The host's key, which is created if it is missing or unusable. Raises OSError."""
    key = read_key(path)
    if key is None:
        key = secrets.token_bytes(KEY_LENGTH)
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_files.write(path, key)
    return key


def note(directory: Path, content: Mapping[str, Any]) -> None:
    """Notes in a release, readable for root only, what it was made of. Raises OSError."""
    atomic_files.write(directory / NOTE, json.dumps(content))


def noted(directory: Path) -> dict[str, Any]:
    """The note in a release; empty if it has none, as releases from earlier versions of the role."""
    try:
        found = json.loads((directory / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_untouched(directory: Path, digest: str) -> bool:
    """Whether a release holds what it was made of, ``digest`` being the hash of what it holds."""
    if FORMER_NAME.fullmatch(directory.name):
        return digest.startswith(directory.name)
    return noted(directory).get("digest") == digest


def former(dest: str | Path) -> list[str]:
    """The names of the releases in a settings directory that are called by a hash without a key."""
    releases = Path(dest) / "releases"
    try:
        return sorted(path.name for path in releases.iterdir() if FORMER_NAME.fullmatch(path.name) and path.is_dir())
    except FileNotFoundError:
        return []


def rename(dest: str | Path, names: Iterable[str], key: bytes) -> dict[str, str]:
    """Gives releases names by the key, as {former name: name}. The former ones stay until :func:`remove_renamed`.

    At each moment there is a complete live release: the next run completes one that was interrupted. Raises OSError.
    """
    dest = Path(dest)
    renamed: dict[str, str] = {}
    for former_name in names:
        old = dest / "releases" / former_name
        new = old.with_name(keyed_name(former_name, key))
        if not new.exists():
            _copy(old, new)
        current = dest / "current"
        if current.is_symlink() and os.readlink(current) == f"releases/{former_name}":
            atomic_files.link(current, f"releases/{new.name}")
        renamed[former_name] = new.name
    return renamed


def remove_renamed(dest: str | Path, names: Iterable[str]) -> None:
    """Removes the former directories of renamed releases, since their names reveal their content."""
    for name in names:
        shutil.rmtree(Path(dest) / "releases" / name)


def _copy(old: Path, new: Path) -> None:
    with atomic_files.new_directory(new, 0o700) as part:
        shutil.copytree(old, part, symlinks=True, dirs_exist_ok=True)
        for found in [old, *old.rglob("*")]:
            status = found.lstat()
            os.chown(part / found.relative_to(old), status.st_uid, status.st_gid, follow_symlinks=False)
        digest = tree_hash(read_tree(old, sorted(os.listdir(old))))
        if digest.startswith(old.name):
            note(part, {"digest": digest})
    # The oldest ones go first.
    shutil.copystat(old, new)
