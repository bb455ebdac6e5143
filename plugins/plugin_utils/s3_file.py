"""A file in S3, fetched to the control node once for all hosts and runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..module_utils.custom_package.sources import digest


class S3FileError(Exception):
    """The file could not be had; the message says why."""


def cache(environment: Mapping[str, str]) -> Path:
    """The folder for what was fetched."""
    return Path(environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME', '')}/.cache") / "elk-deploy"


def fetch(url: str, checksum: str, connection: Mapping[str, Any], folder: Path) -> Path:
    """The file of an address ``s3://bucket/key`` in ``folder``, where its name is its hash.

    :param checksum: as ``sha256:<hex digits>``; what is in the folder is compared with it each time.
    :param connection: the keys `region`, `profile`, `endpoint_url`, `access_key` and `secret_key`, any of them empty.
    Raises S3FileError and OSError.
    """
    algorithm, _, wanted = checksum.partition(":")
    path = folder / checksum.replace(":", "-")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    # One after the other: the first host fetches it, the others find it there.
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.is_file() and digest(path, algorithm) == wanted:
            return path
        part = path.with_name(f"{path.name}.part")
        try:
            _download(url, part, connection)
            found = digest(part, algorithm)
            if found != wanted:
                raise S3FileError(f"it has {algorithm}:{found}.")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path


def _download(url: str, path: Path, connection: Mapping[str, Any]) -> None:
    try:
        # Only who has a package in S3 needs it.
        boto3 = import_module("boto3")
        transfer = import_module("boto3.s3.transfer")
        botocore = import_module("botocore.exceptions")
    except ImportError as error:
        raise S3FileError(f"the control node lacks the Python package boto3 ({error}). Install it.") from None
    address = urlsplit(url)
    given = {name: value or None for name, value in connection.items()}
    try:
        session = boto3.Session(
            profile_name=given.get("profile"),
            region_name=given.get("region") or os.environ.get("AWS_REGION"),
            aws_access_key_id=given.get("access_key"),
            aws_secret_access_key=given.get("secret_key"),
        )
        client = session.client("s3", endpoint_url=given.get("endpoint_url"))
        # Without threads: this is a process of Ansible's, which was forked.
        client.download_file(
            address.netloc, address.path.lstrip("/"), str(path), Config=transfer.TransferConfig(use_threads=False)
        )
    except (boto3.exceptions.Boto3Error, botocore.BotoCoreError, botocore.ClientError, ValueError) as error:
        raise S3FileError(f"{error}.") from None
