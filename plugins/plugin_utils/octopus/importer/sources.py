"""From a path to the texts of an export."""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass

from .errors import ImportFailed

# Octopus is slow long before a variable set gets that large; a mistaken path should not fill the memory.
LARGEST = 32 * 1024 * 1024

EXPECTED = (
    "expected the JSON of a variable set (/api/Spaces-1/variables/variableset-Projects-1), a folder of such files, "
    "or the variables.ocl of a version-controlled project"
)

# What PowerShell's `>` and Octopus's own tools write; without mark it is UTF-8.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text. ``path`` is for messages, ``label`` stays the same wherever the export lies."""

    path: str
    label: str
    text: str
    ocl: bool


def read_sources(export: str) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """The files of an export, and the labels of files in its folder that are not read.

    A folder's JSON files are all read, those in hidden folders are not. OCL is read when it is named.

    :raises ImportFailed: with every file that cannot be read.
    """
    if not os.path.exists(export):
        raise ImportFailed(f"{export}: there is no such file or folder; {EXPECTED}")
    if not os.path.isdir(export):
        return (_read(export, os.path.basename(export)),), ()
    try:
        paths, passed = _json_files(export)
    except OSError as error:
        raise ImportFailed(f"{error.filename}: cannot look into this folder: {error.strerror}") from None
    if not paths:
        hint = f" It has {', '.join(passed)}: name that file." if passed else ""
        raise ImportFailed(f"{export}: this folder has no JSON file; {EXPECTED}.{hint}")
    sources, faults, size = [], [], 0
    for path in paths:
        try:
            sources.append(_read(path, os.path.relpath(path, export)))
            size += len(sources[-1].text)
        except ImportFailed as error:
            faults.append(str(error))
        if size > LARGEST:
            faults.append(f"{export}: its JSON files are larger than {LARGEST // 2**20} MiB together; {EXPECTED}")
            break
    if faults:
        raise ImportFailed.of(faults)
    return tuple(sources), tuple(passed)


def _json_files(folder: str) -> tuple[list[str], list[str]]:
    """The JSON files below a folder, and the OCL files beside them, in order."""
    found, passed = [], []
    for directory, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name.lower().endswith(".json"):
                found.append(path)
            elif name.lower().endswith(".ocl"):
                passed.append(os.path.relpath(path, folder))
    return found, passed


def _raise(error: OSError) -> None:
    raise error


def _read(path: str, label: str) -> Source:
    try:
        if not os.path.isfile(path):
            raise ImportFailed(f"{path}: this is no regular file; {EXPECTED}")
        if os.path.getsize(path) > LARGEST:
            raise ImportFailed(f"{path}: this file is larger than {LARGEST // 2**20} MiB; {EXPECTED}")
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise ImportFailed(f"{path}: cannot read this file: {error.strerror}") from None
    text = _decoded(path, content)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ImportFailed(f"{path}:{line}: the file has a NUL character, so it is no text; {EXPECTED}")
    return Source(path, label, text, _is_ocl(path, text))


def _decoded(path: str, content: bytes) -> str:
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8"))
    try:
        return content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise ImportFailed(
            f"{path}: byte {error.start + len(mark)} is not {encoding.upper()}; save the export as UTF-8"
        ) from None


def _is_ocl(path: str, text: str) -> bool:
    """By the ending; a file with another ending is JSON where it starts like it."""
    if path.lower().endswith((".ocl", ".json")):
        return path.lower().endswith(".ocl")
    if text.lstrip()[:1] in ("{", "["):
        return False
    raise ImportFailed(f"{path}: this is neither JSON nor a file named *.ocl; {EXPECTED}")
