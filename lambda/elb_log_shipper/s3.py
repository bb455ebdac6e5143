"""Objects of S3 as streams. The only module that imports boto3, and only when an object is wanted.

botocore reads region, credentials and ``AWS_ENDPOINT_URL`` from the environment by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache

from .shipping import Read

OpenObject = Callable[[str, str], AbstractContextManager[Read]]
"""``open_object(bucket, key)`` gives the object's ``read(size)`` for a ``with`` block."""


@lru_cache(maxsize=1)
def _client():
    import boto3  # noqa: PLC0415 - half a second and 50 MB that the command line doesn't need

    return boto3.client("s3")


@contextmanager
def open_object(bucket: str, key: str) -> Iterator[Read]:
    """Stream one object. botocore's exceptions are passed on; a body shorter than announced is one of them."""
    body = _client().get_object(Bucket=bucket, Key=key)["Body"]
    try:
        yield body.read
    finally:
        body.close()
