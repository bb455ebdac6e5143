"""The files of an import, and their way to the disk.

Each carries a checksum of the rest of it. So a later import knows which ones nobody has edited and may replace those.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ....module_utils import atomic_files
from .errors import ImportFailed

_SEAL = re.compile(r"import checksum [0-9a-f]{16}")
_PLACE = "import checksum"


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is to be written. ``before`` is None where there is none."""

    path: str
    text: str = field(repr=False)
    before: str | None = field(repr=False)
    edited: bool  # by a person, or written by something else

    @property
    def differs(self) -> bool:
        return self.before != self.text


def sealed(text: str) -> str:
    """``text`` with its checksum behind the first ``import checksum``."""
    return text.replace(_PLACE, f"{_PLACE} {_checksum(text)}", 1)


def is_untouched(text: str) -> bool:
    """Whether ``text`` is as an import wrote it."""
    seal = _SEAL.search(text)
    return seal is not None and sealed(text.replace(seal[0], _PLACE, 1)) == text


def plan(folder: str, files: Mapping[str, str], overwrite: bool) -> list[Change]:
    """What writing ``files`` (name to text) into ``folder`` would do.

    :raises ImportFailed: the folder cannot be used; or, without ``overwrite``, a file was edited and would change.
    """
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise ImportFailed(f"{folder}: this is no folder; name another one with -e to=DIR")
    changes, faults = [], []
    for name, text in files.items():
        path = os.path.join(folder, name)
        try:
            before = _before(path)
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{path}: cannot read what is there: {getattr(error, 'strerror', None) or 'it is no text'}")
            continue
        changes.append(Change(path, text, before, before is not None and not is_untouched(before)))
    edited = [change.path for change in changes if change.edited and change.differs]
    if edited and not overwrite:
        faults.append(
            f"{', '.join(edited)}: edited since the import, or written by somebody else, and the export says something "
            "different. Nothing was written. Import into another folder (-e to=DIR) and compare, or give up the edits "
            "with -e overwrite=true"
        )
    if faults:
        raise ImportFailed.of(faults)
    return changes


def write(changes: Sequence[Change]) -> None:
    """Write all files that differ; each appears as a whole or not at all.

    :raises ImportFailed: a file cannot be written.
    """
    path = ""
    try:
        # None is replaced before all are written.
        with contextlib.ExitStack() as written:
            for change in (change for change in changes if change.differs):
                path = change.path
                os.makedirs(os.path.dirname(path), exist_ok=True)
                folder, part = written.enter_context(atomic_files.replacing(path, shared=True))
                folder.write_new(part, change.text.encode(), _mode(path))
    except OSError as error:
        raise ImportFailed(f"{path}: cannot write this file: {error.strerror}") from None


def _before(path: str) -> str | None:
    if not os.path.lexists(path):
        return None
    with open(path, encoding="utf-8", newline="") as stream:
        return stream.read()


def _mode(path: str) -> int:
    """The mode of what is replaced; else that of any new file. The temporary one is for its owner alone."""
    if os.path.exists(path):
        return os.stat(path).st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
