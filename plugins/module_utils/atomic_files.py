"""Files and directories that appear as a whole or not at all, whenever the process or the host is stopped.

Each is made beside its place, as ``<name>.part``, and takes its name in one step once it is on the disk. What a killed
run left under that name is removed by the next. The directory above is one in which only root, or whoever runs this,
can exchange things; for others there is untrusted_paths.Directory.replacing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Union

from .logstash_host.untrusted_paths import OURS, PART, Directory, Owner

AnyPath = Union[str, "os.PathLike[str]"]


def create(path: AnyPath, content: bytes | str, mode: int = 0o600, owner: Owner = OURS) -> None:
    """Writes a new file that nobody else can open before it has its owner. Raises FileExistsError and other OSErrors.

    ``owner`` has the ids of user and group, -1 for those of the process; text is written in UTF-8.
    """
    with _whole_paths(path), _folder_of(path) as folder:
        folder.write_new(os.path.basename(path), _bytes(content), mode, owner)


def write(path: AnyPath, content: bytes | str, mode: int = 0o600, owner: Owner = OURS, shared: bool = False) -> None:
    """Writes a file, over what has its name. The arguments are those of create and of replacing. Raises OSError."""
    with replacing(path, shared) as (folder, part):
        folder.write_new(part, _bytes(content), mode, owner)


def link(path: AnyPath, target: str) -> None:
    """Makes a symbolic link, over the file or link that has its name. Raises OSError."""
    with replacing(path) as (folder, part):
        folder.make_link(part, target, os.geteuid(), -1)


@contextlib.contextmanager
def replacing(path: AnyPath, shared: bool = False) -> Iterator[tuple[Directory, str]]:
    """Gives the directory above, and the name to make something under that takes the place of ``path`` at the end.

    If the body raises something, ``path`` stays as it is. ``shared`` is for what several processes may write at the
    same time: each has a name of its own, and what a killed one leaves stays.
    """
    end = f".{secrets.token_hex(8)}{PART}" if shared else PART
    with _whole_paths(path), _folder_of(path) as folder, folder.replacing(os.path.basename(path), end) as part:
        yield folder, part


@contextlib.contextmanager
def new_directory(path: AnyPath, mode: int = 0o755) -> Iterator[Path]:
    """Gives an empty directory that takes the place of the directory ``path`` at the end, unless the body raises.

    Directories above are made where they are missing. Raises OSError.
    """
    path = Path(path)
    part = path.with_name(path.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=mode, parents=True)
    try:
        yield part
        if path.exists():
            shutil.rmtree(path)
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


@contextlib.contextmanager
def _whole_paths(path: AnyPath) -> Iterator[None]:
    """Makes errors name the whole path: by themselves they name the entry in its directory."""
    try:
        yield
    except OSError as error:
        for name in ("filename", "filename2"):
            found = getattr(error, name)
            if isinstance(found, str) and not os.path.dirname(found):
                setattr(error, name, os.path.join(os.path.dirname(path), found))
        raise


def _folder_of(path: AnyPath) -> Directory:
    parent = os.path.dirname(path) or "."
    return Directory(os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), parent)


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content
