"""Which files go into a bundle, and under which names.

::

    toolkit/                              the checkout, as far as the hosts' playbook and one environment need it
    collections/ansible_collections/      the collections beside it; elk/deploy is a link to toolkit/
    requirements-instance.txt, wheels/    the Python packages that Ansible runs with
    extra_vars.json                       variables that override the inventory's
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...module_utils.bundle.manifest import BundleError

TOOLKIT = "toolkit"
EXTRA_VARS = "extra_vars.json"
REQUIREMENTS = "requirements-instance.txt"
WHEELS = "wheels"
COLLECTIONS = "collections/ansible_collections"
# Of the checkout. templates/ has the pipelines; variables/ goes in file by file.
FOLDERS = ("playbooks", "roles", "plugins", "meta", "templates")
FILES = ("ansible.cfg", "galaxy.yml", "LICENSE")
# Of another collection: what it needs to run, and its license.
COLLECTION_PARTS = ("plugins", "meta", "MANIFEST.json", "COPYING", "LICENSE", "LICENSES")
# What programs leave in a checkout, and what `make deploy` writes about this very machine.
LEFT_OUT = ("__pycache__", "*.pyc", ".*", "*~", "*.swp", "*.orig", "*.rej", "*.retry", "generated.yml")


@dataclass(frozen=True)
class Member:
    """A file or a symbolic link of a bundle.

    :param name: its path in the bundle.
    :param source: the file on the control node; None where ``content`` or ``link`` says it all.
    :param link: the relative path that it leads to; empty for a file.
    """

    name: str
    source: Path | None = None
    content: bytes = b""
    link: str = ""

    def read(self) -> bytes:
        """The content of a file. Raises OSError."""
        return self.source.read_bytes() if self.source else self.content

    @property
    def is_executable(self) -> bool:
        return bool(self.source and os.access(self.source, os.X_OK))


def toolkit(root: Path, inventory: Path, environment: str, further: Iterable[Path]) -> list[Member]:
    """The checkout's part.

    :param inventory: the environment's directory, wherever it is; in the bundle it is ``inventories/<environment>``.
    :param further: files and directories below the checkout, such as the files of Octopus variables.
    :raises BundleError: with all paths that can't go in.
    """
    places = [(path, root / path) for path in (*FOLDERS, *FILES, "inventories/shared")]
    places.append((f"inventories/{environment}", inventory))
    faults = []
    for path in further:
        if not path.is_relative_to(root):
            faults.append(f"{path} is outside of {root}; expected a path below it. Move it there")
        elif not path.exists():
            faults.append(f"{path} does not exist. Correct the path")
        else:
            places.append((str(path.relative_to(root)), path))
    if faults:
        raise BundleError("\n".join(faults), "bundle_incomplete")
    found = {
        member.name: member
        for name, place in places
        if os.path.lexists(place)
        for member in _below(place, PurePosixPath(TOOLKIT, name))
    }
    return list(_without_outward_links(found))


def collection(name: str, folder: Path) -> list[Member]:
    """Another collection, such as ``amazon.aws`` from its ``folder``.

    Links in it are resolved: there are few, and all within the collection.
    """
    target = PurePosixPath(COLLECTIONS, *name.split("."))
    return [
        one
        for part in COLLECTION_PARTS
        if (folder / part).exists()
        for member in _below(folder / part, target / part)
        for one in (_below(_real(member), PurePosixPath(member.name)) if member.link else [member])
    ]


def own_collection() -> Member:
    """The link by which the toolkit is the collection elk.deploy."""
    return Member(f"{COLLECTIONS}/elk/deploy", link=f"../../../{TOOLKIT}")


def _below(place: Path, name: PurePosixPath) -> Iterator[Member]:
    """The files and links at a place and below it, in no order."""
    if place.is_symlink():
        yield Member(str(name), source=place, link=os.readlink(place))
    elif place.is_dir():
        for entry in os.scandir(place):
            if not any(fnmatch.fnmatch(entry.name, pattern) for pattern in LEFT_OUT):
                yield from _below(Path(entry.path), name / entry.name)
    elif place.is_file():
        yield Member(str(name), source=place)


def _real(member: Member) -> Path:
    """What a link of the disk leads to in the end."""
    return Path(os.path.realpath(member.source or ""))


def _without_outward_links(found: Mapping[str, Member]) -> Iterator[Member]:
    """The members; a link that leads out of the bundle becomes what it leads to on the disk.

    :raises BundleError: with all links that lead to nothing.
    """
    folders = {str(parent) for name in found for parent in PurePosixPath(name).parents}
    faults = []
    for name, member in found.items():
        if not member.link:
            yield member
            continue
        within = os.path.normpath(os.path.join(os.path.dirname(name), member.link))
        real = _real(member)
        if not os.path.isabs(member.link) and (within in found or within in folders):
            yield Member(name, link=member.link)
        elif not real.exists():
            faults.append(f"{member.source} is a link to {member.link}, which does not exist. Remove or correct it")
        else:
            inside = list(_below(real, PurePosixPath(name)))
            faults += [
                f"{one.source}, a link in what {member.source} leads to, is not followed. Put the file itself there"
                for one in inside
                if one.link
            ]
            yield from (one for one in inside if not one.link)
    if faults:
        raise BundleError("\n".join(faults), "bundle_incomplete")
