"""What lies in the directories of a Logstash: unread events of queues, dead letters, positions of inputs."""

from __future__ import annotations

import fcntl
import fnmatch
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import queue_reader, untrusted_paths

# A segment of a dead letter queue starts with one byte that is its version.
EMPTY_SEGMENT = 1
# Made anew by every start, or of no worth to anybody.
WORTHLESS = {".lock", "uuid"}
# What JRuby unpacks to a temporary directory, which may be below path.data.
UNPACKED = re.compile(r"/(jffi|jruby-)[^/]*(/|$)")
# Where inputs keep how far they have read when nobody says where: in the HOME of the service, in releases that do not
# use path.data for it. jdbc; s3, file and others that keep a sincedb; couchdb_changes.
POSITIONS = (".logstash_jdbc_last_run*", ".sincedb*", ".couchdb_seq*")


@dataclass(frozen=True)
class Stored:
    """One thing that would be missed: which part, where, how big, and for a queue what is unread in it."""

    kind: str
    path: str
    bytes: int
    unread_events: int | None = None
    unread_pages: int | None = None
    in_use: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For the result of a module."""
        return asdict(self)

    def __str__(self) -> str:
        size = f"{self.path} ({self.bytes} bytes"
        if self.kind != "queue":
            return f"{self.kind.replace('_', ' ')} {size})"
        unread = "an unknown number of" if self.unread_events is None else str(self.unread_events)
        use = ", in use by a running Logstash" if self.in_use else ""
        return f"queue {size}, {unread} unread events on {self.unread_pages} pages{use})"


@dataclass(frozen=True)
class Found:
    """A file or a link below a directory, with what it was when it was seen."""

    path: str
    status: os.stat_result

    @property
    def name(self) -> str:
        """Its name without the directory."""
        return os.path.basename(self.path)


def files_below(path: str, skip: Collection[str] = ()) -> list[Found]:
    """All but the directories below one, sorted; neither links nor ``skip`` are entered. None where it is missing."""
    try:
        root = untrusted_paths.open_directory(path)
    except FileNotFoundError:
        return []
    with root:
        return [
            Found(folder.place(name), status)
            for folder, name, status in untrusted_paths.walk(root, lambda below, _status: below not in skip)
            if not stat.S_ISDIR(status.st_mode)
        ]


def size_of(files: Iterable[Found]) -> int:
    """The bytes of the files that were found."""
    return sum(found.status.st_size for found in files)


def is_locked(path: str) -> bool:
    """Whether a running Logstash holds a lock file. The JVM takes POSIX record locks."""
    try:
        descriptor = untrusted_paths.open_file(path, writable=True)
    except OSError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def count_unread(path: str) -> queue_reader.Unacknowledged | None:
    """The unread events of a queue, and their pages; None where its files can't be read.

    Raises UntrustedPathError if the directory itself is not to be entered.
    """
    with untrusted_paths.open_directory(path) as folder:
        try:
            return queue_reader.count_unacknowledged(
                folder.names(), lambda name: os.fdopen(folder.open_file(name), "rb")
            )
        except (queue_reader.QueueFormatError, OSError):
            return None


def read_queue(path: str) -> Stored | None:
    """The persistent queue of one pipeline, None where nothing can be lost: no pages, or all read and not in use.

    A queue in use counts whatever it holds now: events come in until the service stops. Raises UntrustedPathError.
    """
    files = files_below(path)
    pages = [file for file in files if file.name.startswith("page.")]
    if not pages:
        return None
    unread = count_unread(path)
    in_use = is_locked(os.path.join(path, ".lock"))
    if unread and not unread.events and not in_use:
        return None
    if unread is None:
        return Stored("queue", path, size_of(files), None, len(pages), in_use)
    return Stored("queue", path, size_of(files), unread.events, unread.pages, in_use)


def read_dead_letter_queue(path: str) -> Stored | None:
    """The dead letter queue of one pipeline, None when it holds no events."""
    segments = [file for file in files_below(path) if file.name.endswith((".log", ".log.tmp"))]
    if not any(file.status.st_size > EMPTY_SEGMENT for file in segments):
        return None
    return Stored("dead_letter_queue", path, size_of(segments))


def read_state(path: str, skip: Collection[str]) -> Stored | None:
    """What else path.data holds, such as the positions of file inputs."""
    files = [
        file
        for file in files_below(path, skip)
        if file.name not in WORTHLESS and not UNPACKED.search(file.path[len(path) :])
    ]
    return Stored("state", path, size_of(files)) if files else None


def find_positions(home: str) -> list[Found]:
    """The regular files directly in the HOME of the service in which inputs keep how far they have read."""
    try:
        root = untrusted_paths.open_directory(home)
    except FileNotFoundError:
        return []
    with root:
        found = [(name, root.find(name)) for name in root.names()]
        return [
            Found(root.place(name), status)
            for name, status in found
            if status and stat.S_ISREG(status.st_mode) and any(fnmatch.fnmatch(name, known) for known in POSITIONS)
        ]


def folders_in(path: str) -> list[str]:
    """The directories in a directory, none of them a link; none where it is missing."""
    try:
        root = untrusted_paths.open_directory(path)
    except FileNotFoundError:
        return []
    with root:
        found = [(name, root.find(name)) for name in root.names()]
        return [root.place(name) for name, status in found if status and stat.S_ISDIR(status.st_mode)]


def find_stored(paths: Mapping[str, str], moved: Collection[str]) -> list[Stored]:
    """What would be missed in the parts ``moved`` of {data, queue, dead_letter_queue, home: path}."""
    found: list[Stored | None] = []
    for kind, read in (("queue", read_queue), ("dead_letter_queue", read_dead_letter_queue)):
        if kind in moved:
            found += [read(folder) for folder in folders_in(paths[kind])]
    if "data" in moved:
        found.append(read_state(paths["data"], {paths["queue"], paths["dead_letter_queue"]}))
    if "home" in moved:
        found += [Stored("position", file.path, size_of([file])) for file in find_positions(paths["home"])]
    return [stored for stored in found if stored]
