"""Archives of what Logstash could not deliver: a tar of the files of its queues and dead letter queues.

Its members are `queue/<pipeline>/<file>` and `dead_letter_queue/<pipeline>/<file>`, without the locks. It is made while
it is read, so that it needs no room on the disk, which may be full of the queue itself.
"""

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import queues

CHUNK = 1 << 20
_LOCK = ".lock"


class TarStream(io.RawIOBase):
    """A tar of directories as a stream to read. What went wrong while it was made is raised by the read.

    :param folders: {name in the archive: directory}.
    :param progress: called at each read.
    """

    def __init__(self, folders: Mapping[str, Path], progress: Callable[[], object] = lambda: None) -> None:
        self._folders, self._progress = folders, progress
        self._digest = hashlib.sha256()
        self._error: Exception | None = None
        self.size = 0
        self._in, self._out = os.pipe()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    @property
    def sha256(self) -> str:
        """Of what has been read."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As its base class. Raises what making the archive raised."""
        count = os.readv(self._in, [buffer])
        self._digest.update(memoryview(buffer)[:count])
        self.size += count
        self._progress()
        if not count and len(buffer):
            self._thread.join()
            if self._error:
                raise self._error
        return count

    def close(self) -> None:
        """Ends the making, if it was not read to its end."""
        if not self.closed:
            os.close(self._in)
            self._thread.join()
        super().close()

    def _write(self) -> None:
        try:
            with open(self._out, "wb") as stream, tarfile.open(fileobj=stream, mode="w|", bufsize=CHUNK) as tar:
                for name, directory in self._folders.items():
                    for file, descriptor in queues.files(directory):
                        if file != _LOCK:
                            _add(tar, f"{name}/{file}", descriptor)
        except BrokenPipeError:  # closed by the reader
            pass
        except Exception as error:  # it is raised in the reader's thread
            self._error = error


def _add(tar: tarfile.TarFile, name: str, descriptor: int) -> None:
    status = os.fstat(descriptor)
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), 0o644
    with open(descriptor, "rb", closefd=False) as stream:
        tar.addfile(member, stream)
