"""Writes the archive of a bundle: the same members give the same bytes, whoever makes it, wherever and whenever."""

from __future__ import annotations

import gzip
import io
import itertools
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from ...module_utils.bundle.manifest import BundleError
from .members import Member

_LEVEL = 6  # wheels are compressed already; a higher level takes longer and gains nothing


def write(members: Iterable[Member]) -> bytes:
    """A tar.gz in the order of the names, without times and owners. Raises OSError for what can't be read.

    :raises BundleError: two members have the same name.
    """
    ordered = sorted(members, key=lambda member: member.name)
    for one, other in itertools.pairwise(ordered):
        if one.name == other.name:
            raise BundleError(f"{one.name} would be in the bundle twice ({one.source}, {other.source})")
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=_LEVEL, mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for folder in _folders(ordered):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
        for member in ordered:
            if member.link:
                entry = _entry(member.name, tarfile.SYMTYPE, 0o777)
                entry.linkname = member.link
                tar.addfile(entry)
            else:
                content = member.read()
                entry = _entry(member.name, tarfile.REGTYPE, 0o755 if member.is_executable else 0o644)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _folders(members: Iterable[Member]) -> Iterator[str]:
    folders = {parent for member in members for parent in PurePosixPath(member.name).parents}
    return (str(folder) for folder in sorted(folders - {PurePosixPath()}))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
