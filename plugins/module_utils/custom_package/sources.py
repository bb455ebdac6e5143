"""Fetches what goes into a package, and checks that it is what was meant."""

from __future__ import annotations

import hashlib
import re
import shutil
import urllib.error
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ansible.module_utils.urls import open_url

from .errors import CustomPackageError

CHECKSUM = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")


def check_checksum(variable: str, value: str) -> None:
    """Refuses what is no checksum of one of the two kinds."""
    if not CHECKSUM.fullmatch(value):
        raise CustomPackageError(
            f"{variable} is {value!r}; expected sha256:<64 hex digits> or sha512:<128 hex digits>. "
            "Run sha256sum on the file and set sha256: and its first word."
        )


def is_address(place: str) -> bool:
    """Whether it is fetched rather than read."""
    return place.startswith(("http://", "https://"))


def name_of(place: str) -> str:
    """The file's name. Of an address, without what comes after a question mark: that may be a secret."""
    return PurePosixPath(unquote(urlsplit(place).path)).name if is_address(place) else Path(place).name


def digest(path: str | Path, algorithm: str) -> str:
    """The hash of a file, in hex digits."""
    total = hashlib.new(algorithm)
    with Path(path).open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def check_file(variable: str, path: str | Path, checksum: str) -> None:
    """Refuses a file that is missing or that has another checksum."""
    algorithm, _separator, wanted = checksum.partition(":")
    try:
        found = digest(path, algorithm)
    except OSError as error:
        raise CustomPackageError(
            f"{variable} is {str(path)!r}, which cannot be read ({error.strerror}). Correct its path or its mode."
        ) from None
    if found != wanted:
        raise CustomPackageError(
            f"The checksum of {variable} is to be {checksum}, but {path} has {algorithm}:{found}. Fetch the file "
            "again, or correct the checksum once you know that the file is the right one."
        )


def take(variable: str, place: str, checksum: str, folder: Path) -> Path:
    """Copies or downloads a file into the folder, and checks it. Returns its path."""
    name = name_of(place)
    if name in ("", "..") or not name.isprintable():
        raise CustomPackageError(f"{variable} ends with {name!r}; expected the name of a file. Correct the address.")
    path = folder / name
    if is_address(place):
        try:
            with open_url(place, timeout=60) as answer, path.open("wb") as file:
                if place.startswith("https://") and not answer.geturl().startswith("https://"):
                    raise ValueError("it leads to an address without TLS")
                shutil.copyfileobj(answer, file, 1 << 20)
        except (urllib.error.URLError, ValueError) as error:
            shown = urlsplit(place)._replace(query="").geturl()
            raise CustomPackageError(
                f"{variable} is {shown}, which could not be fetched: {getattr(error, 'reason', error)}. Correct the "
                "address, or fetch the file yourself and name its path."
            ) from None
    else:
        check_file(variable, place, checksum)
        shutil.copyfile(place, path)
    path.chmod(0o644)
    check_file(variable, path, checksum)
    return path
