"""Builds the Lambda's package, byte for byte the same on every machine.

    python lambda/build_zip.py --settings FILE --output X.zip [--architecture arm64|x86_64] [--salt FILE]
                               [--wheel X.whl#sha256=HASH ...]

The same sources and settings give the same hash, so a deployment can tell by it whether the function's code has to be
replaced. For that the names are sorted, dates, modes and the creating system fixed, and the files stored without
compression: deflate's output differs between zlib's versions and its replacements (zlib-ng is the default of some
builds). The package is a few dozen kilobytes; Lambda's limit is 50 MB.

A package with settings is known by its hash to more people than may read it: a salt, a secret that goes into it, keeps
them from trying guesses at the settings against the hash. Secrets do not belong into the settings anyway, and are
refused: references to Secrets Manager or Systems Manager do.

Without wheels the package is the same for every processor. The content of wheels goes in as it is: they have to be for
the processor and for the function's Python, which their file names tell (PEP 427).
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from elb_log_shipper.aws.secrets import is_reference
from elb_log_shipper.keys import KEYS, SECRET

PACKAGE = "elb_log_shipper"
SETTINGS = "settings.json"
SALT = "salt"
ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of the processors, and those in the names of wheels."""

_SECRETS = tuple(name for name, key in KEYS.items() if key.kind is SECRET)
_SECRET_HEADER = re.compile(r"auth|cookie|credential|key|pass|secret|session|signature|token", re.IGNORECASE)
_WHEEL_HASH = re.compile(r"(?P<path>.+?)(?:#sha256=(?P<sha256>.*))?", re.DOTALL)

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can hold
_UNIX = 3
_MODE = 0o100644  # Lambda runs the code as another user: it has to be readable by all


def build_zip(  # noqa: PLR0913 - what a package is made of
    source_dir: str | os.PathLike,
    settings_text: str,
    output: str | os.PathLike,
    *,
    architecture: str = "arm64",
    wheels: Iterable[str | os.PathLike] = (),
    salt: str = "",
) -> str:
    """Write the package and return its SHA-256 in hex. An identical file is left as it is, its date too.

    :param source_dir: the directory that holds the package's directory ``elb_log_shipper``.
    :param settings_text: what goes into the package as settings.json, tokens substituted.
    :param architecture: the function's processor, ``arm64`` or ``x86_64``; matters for wheels only.
    :param wheels: native parts that the package uses when they are there, each as ``path`` or ``path#sha256=hash``.
    :param salt: a secret text that makes the hash one that nobody else can work out; kept in the package.
    :raises FileNotFoundError: there is no such package in ``source_dir``, or a wheel is missing.
    :raises ValueError: the settings are not a JSON object, or a token or a secret is left in them; a wheel can't be
        used, or has another hash.
    """
    _check_settings(settings_text)
    members = _members(Path(source_dir), settings_text)
    for wheel in sorted(map(str, wheels)):
        members |= _wheel_members(wheel, architecture)
    if salt:
        members[f"{PACKAGE}/{SALT}"] = salt.encode()
    content = _zip(members)
    _write(Path(output), content)
    return hashlib.sha256(content).hexdigest()


def _check_settings(text: str) -> None:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"settings: not JSON: {error}. Escape substituted values for JSON") from None
    if not isinstance(values, dict):
        raise ValueError(f"settings: expected a JSON object, found {type(values).__name__}")
    if token := re.search(r"#\{[^}]*\}?", text):
        raise ValueError(f"settings: the token {token[0]} was not substituted. Define its variable and build again")
    for name in _plain_secrets(values):
        raise ValueError(
            f"settings: {name} is a secret in plain text, which everybody who may read the package could read. Keep it "
            "in Secrets Manager or Systems Manager, and write secretsmanager:NAME or ssm:NAME here"
        )


def _plain_secrets(values: dict[str, object]) -> Iterator[str]:
    """Where a secret stands that is no reference. What a setting is called tells, and a private key by its form."""
    for key in _SECRETS:
        if _is_plain(values.get(key)):
            yield key
    headers = values.get("LogHeaders")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if _SECRET_HEADER.search(name) and _is_plain(value):
            yield f"LogHeaders: {name}"
    for key, value in values.items():
        if "PRIVATE KEY-----" in json.dumps(value):
            yield key


def _is_plain(value: object) -> bool:
    return value not in (None, "") and not (isinstance(value, str) and is_reference(value))


def _members(source_dir: Path, settings_text: str) -> dict[str, bytes]:
    """Name in the archive -> content: the package's modules and the given settings, nothing else that lies about."""
    package = source_dir / PACKAGE
    modules = [path for path in package.rglob("*.py") if path.is_file()]
    if package / "__init__.py" not in modules:
        raise FileNotFoundError(f"{package}: no package there. Give the directory that holds {PACKAGE}/")
    members = {path.relative_to(source_dir).as_posix(): path.read_bytes() for path in modules}
    members = {name: data for name, data in members.items() if not {"tests", "__pycache__"} & set(name.split("/"))}
    members[f"{PACKAGE}/{SETTINGS}"] = settings_text.encode()
    return members


def _wheel_members(given: str, architecture: str) -> dict[str, bytes]:
    """Name in the archive -> content, of a wheel for this processor, or for any; what is read is what was hashed."""
    found = _WHEEL_HASH.fullmatch(given)
    wheel, wanted = Path(found["path"] if found else given), found["sha256"] if found else None
    platform = wheel.name.removesuffix(".whl").rpartition("-")[2]
    processor = ARCHITECTURES[architecture]
    fits = platform == "any" or all(
        tag.startswith("manylinux") and tag.endswith(processor) for tag in platform.split(".")
    )
    if wheel.suffix != ".whl" or not fits:
        raise ValueError(
            f"wheel {wheel.name}: not one for Linux (glibc) on {architecture}. Fetch it with pip download --platform "
            f"manylinux2014_{processor}"
        )
    content = wheel.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if wanted is not None and sha256 != wanted:
        raise ValueError(
            f"wheel {wheel.name}: its SHA-256 is {sha256}, expected {wanted}. Fetch it again, or correct the hash once "
            "you know that the file is the right one"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except zipfile.BadZipFile as error:
        raise ValueError(f"wheel {wheel.name}: {error}. Fetch it again") from error


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = _UNIX
            info.external_attr = _MODE << 16
            info.compress_type = zipfile.ZIP_STORED
            archive.writestr(info, members[name])
    return buffer.getvalue()


def _write(output: Path, content: bytes) -> None:
    """Whole or not at all: a reader never sees half a package."""
    with contextlib.suppress(FileNotFoundError):
        if output.read_bytes() == content:
            return
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the Lambda's package, byte for byte reproducible.")
    parser.add_argument("--settings", required=True, type=Path, metavar="FILE", help="settings.json, substituted")
    parser.add_argument("--output", required=True, type=Path, metavar="X.zip", help="the package to write")
    parser.add_argument(
        "--architecture", choices=ARCHITECTURES, default="arm64", help="the function's processor (default: %(default)s)"
    )
    parser.add_argument(
        "--salt", type=Path, metavar="FILE", help="a secret text that keeps others from guessing the hash"
    )
    parser.add_argument(
        "--wheel",
        action="append",
        default=[],
        metavar="X.whl[#sha256=HASH]",
        help="a native part to put in, and what its file must hash to; repeatable",
    )
    options = parser.parse_args(arguments)
    try:
        settings_text = options.settings.read_text(encoding="utf-8")
        print(
            build_zip(
                Path(__file__).parent,
                settings_text,
                options.output,
                architecture=options.architecture,
                wheels=options.wheel,
                salt=options.salt.read_text(encoding="utf-8") if options.salt else "",
            )
        )
    except (OSError, ValueError) as error:
        print(f"build_zip: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
