"""The queues between inputs and filters, and the files of the dead letter queue.

A persisted queue has the real file names and formats, but for the events themselves, which are JSON instead of CBOR.
`page.0` is a sparse file of `queue.page_capacity`: its version, then elements of a number, a length, the event and its
CRC-32. There is one page, which grows up to `queue.max_bytes`, and starts again from its beginning whenever everything
in it was acknowledged. `checkpoint.head` is written when it is in the real one: the first unread event of the page, and
how many there are, as of the last 1024 events, or of the last time that nothing was unread.
"""

import errno
import json
import os
import struct
import threading
import time
import zlib
from collections import deque

from . import locks, log
from .errors import AccessDeniedError, LockError, QueueError
from .event import Event

_INTEGER = struct.Struct(">I")
_PAGE_VERSION = b"\x02"
# number, length; the event follows, and then a CRC-32 of it.
_ELEMENT = struct.Struct(">qi")
# version, page, first page with unread events, first unread event, first event of the page, events of the page; then a
# CRC-32 of these.
_CHECKPOINT = struct.Struct(">hiiqqi")
# The defaults of queue.checkpoint.writes and queue.checkpoint.acks. Time plays no part: a page that was written to had
# no checkpoint a minute later, though queue.checkpoint.interval is a second (seen with 8.5.3).
_CHECKPOINT_AT = 1024
# What the JVM says when the disk has no room for a page of memory that is mapped to a file (recorded with 8.5.3).
_FAULT = "a fault occurred in a recent unsafe memory access operation in compiled Java code"
# It ends the process, with this code.
_INTERNAL_ERROR = 128
# Where an emptied page is wound back to its beginning: seldom enough to cost nothing.
_REWIND_AT = 2**20


class MemoryQueue:
    """A bounded queue in memory."""

    type = "memory"

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._events: deque = deque()
        self._changed = threading.Condition()

    def push(self, event: Event, stopping: threading.Event) -> bool:
        """Waits for room, then adds the event. False when the pipeline stopped meanwhile."""
        with self._changed:
            while len(self._events) >= self._capacity:
                if stopping.is_set():
                    return False
                self._changed.wait(0.2)
            self._append(event)
            self._changed.notify_all()
        return True

    def _append(self, event: Event) -> None:
        self._events.append(event)

    def take(self, most: int, timeout: float) -> list[Event]:
        """Up to `most` events; none when there were none for `timeout` seconds."""
        with self._changed:
            if not self._events:
                self._changed.wait(timeout)
            batch = [self._events.popleft() for _ in range(min(most, len(self._events)))]
            self._changed.notify_all()
        return batch

    def acknowledge(self, count: int) -> None:
        """Says that a batch of `count` events was written by every output."""

    def __len__(self) -> int:
        return len(self._events)

    def stats(self) -> dict:
        """The queue's part of the node API."""
        return {"type": "memory", "events_count": 0, "queue_size_in_bytes": 0, "max_queue_size_in_bytes": 0}

    def close(self) -> None:
        """Nothing to close."""


class PersistedQueue(MemoryQueue):
    """A queue whose events survive the process, however it ended."""

    type = "persisted"

    def __init__(self, directory: str, page_capacity: int, max_bytes: int) -> None:
        """Opens the queue, and makes it where there is none. Raises AccessDeniedError, LockError and QueueError."""
        super().__init__(capacity=1)
        self._directory, self._page_capacity, self._max_bytes = directory, page_capacity, max_bytes
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError:
            raise AccessDeniedError(directory) from None
        try:
            self._lock = locks.acquire(os.path.join(directory, ".lock"))
        except LockError as error:
            raise LockError(f"The queue failed to obtain exclusive access, cause: {error}") from None
        try:
            self._write_file(".queue-version", _INTEGER.pack(2))
            self._page = self._open("page.0")
            self._checkpoint = self._open("checkpoint.head")
            self._open_page(page_capacity)
        except (AccessDeniedError, QueueError):
            os.close(self._lock)
            raise
        # Events are numbered on from the first one that the queue ever had.
        self._first_unread, self._first, self._count = self._read_checkpoint()
        self._acknowledged = self._end = len(_PAGE_VERSION)
        self._sizes: deque = deque()
        self._recover()
        self._save()

    def _open(self, name: str) -> int:
        path = os.path.join(self._directory, name)
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            raise AccessDeniedError(path) from None

    def _open_page(self, capacity: int) -> None:
        """Makes the page, or checks that it is one. All of it is read, and what has no place on the disk gets one."""
        status = os.fstat(self._page)
        version = os.pread(self._page, 1, 0)
        if version and version != _PAGE_VERSION:
            found = int.from_bytes(version, signed=True)
            kind = "org.logstash.ackedqueue.io.MmapPageIOV2$PageIOInvalidVersionException"
            raise QueueError(kind, f"Expected page version={_PAGE_VERSION[0]} but found version={found}")
        if status.st_size < capacity:
            os.ftruncate(self._page, capacity)
        disk = os.fstatvfs(self._page)
        if not disk.f_bavail and status.st_blocks * 512 < capacity:
            raise QueueError("java.lang.InternalError", _FAULT)
        os.pwrite(self._page, _PAGE_VERSION, 0)

    def _write_file(self, name: str, content: bytes) -> None:
        descriptor = self._open(name)
        os.pwrite(descriptor, content, 0)
        os.close(descriptor)

    def _read_checkpoint(self) -> tuple[int, int, int]:
        content = os.pread(self._checkpoint, _CHECKPOINT.size, 0)
        if len(content) < _CHECKPOINT.size:
            return 1, 1, 0
        return _CHECKPOINT.unpack(content)[3:]

    def _save(self) -> None:
        self._saved = self._first_unread, self._count
        content = _CHECKPOINT.pack(1, 0, 0, self._first_unread, self._first, self._count)
        os.pwrite(self._checkpoint, content + _INTEGER.pack(zlib.crc32(content)), 0)

    def _recover(self) -> None:
        """Reads the page. What was written after the last checkpoint counts too."""
        read = self._first_unread - self._first
        self._count = 0
        while len(header := os.pread(self._page, _ELEMENT.size, self._end)) == _ELEMENT.size:
            number, length = _ELEMENT.unpack(header)
            if number != self._first + self._count or length <= 0:
                return
            record = os.pread(self._page, length + _INTEGER.size, self._end + _ELEMENT.size)
            content, checksum = record[:length], record[length:]
            if checksum != _INTEGER.pack(zlib.crc32(content)):
                # The end of an element that was cut off when the machine stopped.
                return
            event = Event(json.loads(content))
            size = _ELEMENT.size + len(record)
            self._end += size
            self._count += 1
            if self._count <= read:
                self._acknowledged = self._end
            else:
                self._events.append(event)
                self._sizes.append(size)

    def push(self, event: Event, stopping: threading.Event) -> bool:
        """Waits for room on the page, then writes and adds the event. False when the pipeline stopped meanwhile."""
        content = json.dumps(event.data, ensure_ascii=False, separators=(",", ":")).encode()
        size = _ELEMENT.size + len(content) + _INTEGER.size
        with self._changed:
            while self._end + size > self._max_bytes and self._end > len(_PAGE_VERSION):
                if stopping.is_set():
                    return False
                self._changed.wait(0.2)
            header = _ELEMENT.pack(self._first + self._count, len(content))
            self._write_page(header + content + _INTEGER.pack(zlib.crc32(content)))
            self._end += size
            self._count += 1
            self._sizes.append(size)
            self._events.append(event)
            if self._count - self._saved[1] >= _CHECKPOINT_AT:
                self._save()
            self._changed.notify_all()
        return True

    def _write_page(self, element: bytes) -> None:
        """Adds an element. A disk without room for it ends the process at once, and nobody gets an answer."""
        written = 0
        while written < len(element):
            try:
                written += os.pwrite(self._page, element[written:], self._end + written)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                log.fatal(
                    "org.logstash.Logstash", f"uncaught error (in thread input)\njava.lang.InternalError: {_FAULT}"
                )
                os._exit(_INTERNAL_ERROR)

    def acknowledge(self, count: int) -> None:
        """Forgets the oldest `count` events. After a kill, those since the last checkpoint are read again."""
        with self._changed:
            self._acknowledged += sum(self._sizes.popleft() for _ in range(count))
            self._first_unread += count
            if not self._sizes and self._end > _REWIND_AT:
                os.ftruncate(self._page, 0)
                os.ftruncate(self._page, self._page_capacity)
                os.pwrite(self._page, _PAGE_VERSION, 0)
                self._acknowledged = self._end = len(_PAGE_VERSION)
                self._count = 0
                self._first = self._first_unread
            if not self._sizes or self._first_unread - self._saved[0] >= _CHECKPOINT_AT:
                self._save()
            self._changed.notify_all()

    def stats(self) -> dict:
        """The queue's part of the node API."""
        size = max(self._end - self._acknowledged, 1)
        disk = os.statvfs(self._directory)
        unread = len(self._sizes)
        return {
            "type": "persisted",
            "events": unread,
            "capacity": {
                "max_queue_size_in_bytes": self._max_bytes,
                "page_capacity_in_bytes": self._page_capacity,
                "queue_size_in_bytes": size,
                "max_unread_events": 0,
            },
            "data": {
                "path": self._directory,
                "free_space_in_bytes": disk.f_bavail * disk.f_frsize,
                "storage_type": storage_type(self._directory),
            },
            "events_count": unread,
            "queue_size_in_bytes": size,
            "max_queue_size_in_bytes": self._max_bytes,
        }

    def close(self) -> None:
        """Writes the checkpoint, and releases the lock."""
        self._save()
        for descriptor in (self._page, self._checkpoint, self._lock):
            os.close(descriptor)


class DeadLetterQueue:
    """The files of a pipeline's dead letter queue. Nothing is ever written to it: no output here refuses events."""

    def __init__(self, directory: str) -> None:
        """Makes the directory, its lock and its first segment. Raises AccessDeniedError and LockError."""
        self.path = directory
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError:
            raise AccessDeniedError(directory) from None
        self._lock = locks.acquire(os.path.join(directory, ".lock"))
        segment = os.path.join(directory, "1.log.tmp")
        try:
            with open(segment, "wb") as stream:
                stream.write(b"1")
        except OSError:
            os.close(self._lock)
            raise AccessDeniedError(segment) from None

    def close(self) -> None:
        """Releases the lock; the files stay."""
        os.close(self._lock)


def storage_type(path: str) -> str:
    """The type of the file system below a path."""
    best, found = "", "unknown"
    try:
        with open("/proc/mounts", encoding="utf-8") as stream:
            mounts = [line.split(" ")[1:3] for line in stream]
    except OSError:
        return found
    for point, kind in mounts:
        if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, found = point, kind
    return found


def wait_until(condition, stopping: threading.Event, interval: float = 0.2) -> bool:
    """Polls until the condition holds; False when `stopping` was set first."""
    while not condition():
        if stopping.is_set():
            return False
        time.sleep(interval)
    return True
