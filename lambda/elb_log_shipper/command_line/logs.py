"""Where the command line's logs come from: local files, standard input, objects of S3."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from ..aws.triggers import is_test_object
from ..errors import InputError, ShipperError
from ..shipping import Read

STDIN = "-"
S3 = "s3://"


class Log(NamedTuple):
    """One log; ``size`` in bytes as it is stored, ``None`` where that is not known."""

    name: str
    size: int | None


def find_logs(names: list[str]) -> Iterator[Log]:
    """The logs that the arguments name. All objects below a prefix of S3, in the order of their keys. The balancers'
    test objects are left out, as the function does.

    :raises ShipperError: S3 can't be listed, or has nothing there.
    """
    for name in names:
        if name.startswith(S3):
            yield from _find_objects(name)
        elif not is_test_object(name):
            yield Log(name, _size(name))


def _find_objects(name: str) -> Iterator[Log]:
    from ..aws import s3  # noqa: PLC0415 - local files don't need it

    bucket, prefix = split_s3(name)
    found = False
    for listed in s3.list_objects(bucket, prefix):
        found = True
        if not is_test_object(listed.key):
            yield Log(f"{S3}{bucket}/{listed.key}", listed.size)
    if not found:
        raise InputError(f"{name}: no object there. Check bucket and prefix")


def split_s3(name: str) -> tuple[str, str]:
    """Bucket and key, or prefix."""
    bucket, _separator, key = name.removeprefix(S3).partition("/")
    return bucket, key


def _size(name: str) -> int | None:
    try:
        return None if name == STDIN else os.stat(name).st_size
    except OSError:
        return None  # opening it will say what is wrong


@contextlib.contextmanager
def open_log(name: str) -> Iterator[Read]:
    """A log's ``read(size)`` for a ``with`` block.

    :raises OSError: a file can't be read.
    :raises ShipperError: an object can't be read.
    """
    if name == STDIN:
        yield sys.stdin.buffer.read
    elif name.startswith(S3):
        from ..aws import s3  # noqa: PLC0415

        with s3.open_object(*split_s3(name)) as opened:
            yield opened.read
    else:
        with open(name, "rb") as stream:
            yield stream.read


def in_words(error: ShipperError | OSError, name: str) -> str:
    """What is wrong with a log, and a hint."""
    match error:
        case FileNotFoundError():
            return f"{name}: no such file. Check the path"
        case PermissionError():
            return f"{name}: no permission to read it. Run as its owner, or change its mode"
        case IsADirectoryError():
            return f"{name}: a directory. Name the files in it"
        case OSError():
            return f"{name}: can't be read: {error.strerror or error}"
        case _:
            text = str(error)
            return text if text.startswith(name) else f"{name}: {text}"
