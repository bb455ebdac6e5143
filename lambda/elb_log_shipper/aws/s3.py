"""Objects of S3 as streams. The only module that imports boto3 for them, and only when an object is wanted.

botocore reads region, credentials and ``AWS_ENDPOINT_URL`` from the environment by itself, and tries a refused or
failed request again. A body that breaks off, or stands still, is no longer botocore's: it is continued here by a range.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from ..errors import FetchError, InputError

CONNECT_SECONDS = 5
READ_SECONDS = 20
"""How long a body may stall before it is requested again."""

RESUMPTIONS = 4
"""How often a body is resumed without receiving a byte. There is no limit while bytes arrive."""

_PAUSE_SECONDS = 0.2  # before the first of them, and twice as long before each further one


class Listed(NamedTuple):
    """An object in a listing; ``size`` in bytes."""

    key: str
    size: int


class Object:
    """One object that is being read. ``etag`` is set once it is open; ``retries`` counts the bodies that broke off."""

    def __init__(self, client: Any, bucket: str, key: str, version: str | None, etag: str | None) -> None:
        self.retries = 0
        self.etag = etag
        self.size = 0
        self._client = client
        self._name = f"s3://{bucket}/{key}"
        self._wanted = {"Bucket": bucket, "Key": key}
        if version is not None:
            self._wanted["VersionId"] = version
        self._position = 0
        self._body: Any = None
        self._open()

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``; nothing at the end, which is only where S3 said that it would be.

        :raises FetchError: it broke off again and again.
        :raises InputError: it was replaced by another object while it was read.
        """
        stalled = 0
        while self._position < self.size:
            try:
                if self._body is None:
                    self._open()
                data: bytes = self._body.read(size)
                if data:
                    self._position += len(data)
                    return data
                problem = None  # an end before the announced one
            except InputError:
                raise
            except Exception as error:
                problem = error
            self.close()
            if stalled == RESUMPTIONS:
                raise FetchError(
                    f"{self._name}: the body broke off after {self._position} of {self.size} bytes, and gave nothing "
                    f"in {RESUMPTIONS} more tries ({problem or 'it ended early'}). Check S3 and the network path to "
                    "it, then send again"
                ) from problem
            self.retries += 1
            time.sleep(_PAUSE_SECONDS * 2**stalled)
            stalled += 1
        return b""

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def _open(self) -> None:
        wanted = dict(self._wanted)
        if self.etag:
            wanted["IfMatch"] = '"' + self.etag.strip('"') + '"'  # events have it without quotes
        if self._position:
            wanted["Range"] = f"bytes={self._position}-"
        try:
            answer = self._client.get_object(**wanted)
        except Exception as error:
            raise _in_words(error, self._name) from error
        if not self._position:
            self.size = answer["ContentLength"]
        elif answer["ContentLength"] != self.size - self._position:
            answer["Body"].close()
            raise FetchError(f"{self._name}: asked for the bytes from {self._position} on, and got others")
        self.etag = answer.get("ETag") or self.etag
        self._body = answer["Body"]


OpenObject = Callable[[str, str, str | None, str | None], AbstractContextManager[Object]]
"""``open_object(bucket, key, version, etag)`` gives the object for a ``with`` block; see :func:`open_object`."""


@contextmanager
def open_object(bucket: str, key: str, version: str | None = None, etag: str | None = None) -> Iterator[Object]:
    """Stream one object; with ``etag`` only while it is that one.

    :raises InputError: there is no such object, it may not be read, or it is another one by now.
    :raises FetchError: S3 can't be reached or fails.
    """
    opened = Object(_client(), bucket, key, version, etag)
    try:
        yield opened
    finally:
        opened.close()


def list_objects(bucket: str, prefix: str) -> Iterator[Listed]:
    """The objects below a prefix in the order of their keys. An object that has it as its whole key is the only one.

    :raises InputError: the bucket doesn't exist or may not be listed.
    :raises FetchError: S3 can't be reached or fails.
    """
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    try:
        for page in pages:
            for found in page.get("Contents", ()):
                if found["Key"].endswith("/"):  # what consoles make for folders
                    continue
                yield Listed(found["Key"], found["Size"])
                if found["Key"] == prefix:  # the shortest key comes first
                    return
    except Exception as error:
        raise _in_words(error, f"s3://{bucket}/{prefix}") from error


@lru_cache(maxsize=1)
def _client() -> Any:
    import boto3  # noqa: PLC0415 - half a second and 50 MB that local files don't need
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", config=config)


def _in_words(error: Exception, name: str) -> InputError | FetchError:
    """An error of botocore: what it means here, and a hint. Codes: "Error responses", S3's API reference."""
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == 404:
        return InputError(f"{name}: not there ({error}). It expired or was removed before it was shipped, or never was")
    if status == 403:
        return InputError(
            f"{name}: access denied ({error}). Grant s3:GetObject and the use of the key that encrypts it; S3 says the "
            "same of an object that doesn't exist to who may not list the bucket"
        )
    if status in (412, 416):
        return InputError(f"{name}: replaced by another object since ({error}). The new one has an event of its own")
    return FetchError(f"{name}: {error}. Check S3 and the network path to it, then send again")
