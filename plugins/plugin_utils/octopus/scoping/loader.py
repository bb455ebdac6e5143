"""Variable files: from paths to a catalog of their entries.

The only module of the package that reads variable files. What is in them is the subject of :mod:`.entries`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import VariableError, VariableFileError
from .entries import ENCRYPTED, parse_entries
from .scopes import Catalog, Entry, Prompt, Scope
from .shared_cache import shared

# From Ansible Vault's ciphertext to plain text. Raises VariableError with a message that can follow
# "cannot be decrypted: ".
Decrypt = Callable[[str], str]


def load_catalog(
    paths: Sequence[str],
    libraries: Sequence[str] = (),
    *,
    cache: str | None = None,
    decrypt: Decrypt | None = None,
) -> Catalog:
    """Read variable files, in the order of growing precedence.

    ``paths`` are the project's own, ``libraries`` are library sets, each with the name of its file without the
    extension. ``cache`` is a private directory where processes find what one of them has parsed. ``decrypt`` is for
    files that are encrypted as a whole; these are never cached on disk.

    :raises VariableFileError: with all faults of all files.
    """
    sources = [*((path, Path(path).stem) for path in libraries), *((path, "") for path in paths)]
    files, faults = [], []
    with _without_garbage_collection():
        for path, library in sources:
            try:
                files.append((path, load_file(path, library, cache=cache, decrypt=decrypt)))
            except VariableFileError as error:
                faults.append(str(error))
        if faults:
            raise VariableFileError("\n".join(faults))
        return Catalog(files)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Tens of thousands of entries are created, and all are kept: garbage collection would double the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def load_file(
    path: str, library: str = "", *, cache: str | None = None, decrypt: Decrypt | None = None
) -> tuple[Entry, ...]:
    """Read one variable file; a file that did not change since the last time is not parsed again.

    :raises VariableFileError: with all faults of the file, one a line.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise VariableFileError(f"{path}: cannot read this variable file: {error.strerror}") from None
    version = (os.path.abspath(path), path, status.st_mtime_ns, status.st_size)
    return _load_version(version, library, cache, decrypt)


@lru_cache(maxsize=256)
def _load_version(
    version: tuple[str, str, int, int], library: str, cache: str | None, decrypt: Decrypt | None
) -> tuple[Entry, ...]:
    _kind, path, _size, _time = version  # the rest is only a part of the caches' keys
    text = _read(path)
    if text.startswith(ENCRYPTED):
        if decrypt is None:
            raise VariableFileError(f"{path}: cannot be decrypted: there is no Ansible Vault here")
        try:
            text = decrypt(text)
        except VariableError as error:
            raise VariableFileError(f"{path}: cannot be decrypted: {error}") from None
        return parse_entries(text, path, library, sensitive=True)
    if cache is None:
        return parse_entries(text, path, library)
    document = shared(cache, repr((version, library)), lambda: _to_document(text, path, library))
    return _from_document(document, path, library)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise VariableFileError(f"{path}: cannot read this variable file: {error}") from None


def _to_document(text: str, path: str, library: str) -> dict[str, Any]:
    """Entries, or the faults, in a form for the cache: each scope once, what is the same for all entries left out."""
    try:
        entries = parse_entries(text, path, library)
    except VariableFileError as error:
        return {"faults": str(error)}
    numbers: dict[int, int] = {}
    scopes: list[Any] = []
    rows = []
    for entry in entries:
        number = numbers.setdefault(id(entry.scope), len(scopes))
        if number == len(scopes):
            scopes.append(entry.scope.dimensions)
        name, value, _scope, *rest = entry._replace(file="", library="")
        rows.append((name, value, number, *rest))
    return {"scopes": scopes, "entries": rows}


def _from_document(document: dict[str, Any], path: str, library: str) -> tuple[Entry, ...]:
    if "faults" in document:
        raise VariableFileError(document["faults"])
    scopes = [
        Scope({dimension: tuple(names) for dimension, names in dimensions.items()}) for dimensions in document["scopes"]
    ]
    return tuple(
        Entry(
            name, value, scopes[scope], sensitive, description, path, line, library, prompt and Prompt(*prompt), *rest
        )
        for name, value, scope, sensitive, description, _file, line, _library, prompt, *rest in document["entries"]
    )
