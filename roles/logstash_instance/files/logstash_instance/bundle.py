"""The bundle: fetched, verified and unpacked. Nothing of it is used before the signed manifest vouches for all of it.

The manifest that S3 has is ``{"manifest": TEXT, "signature": BASE64}``, signed with ECDSA (P-256, SHA-256) over TEXT,
a JSON object. It names the tar, which lies beside it, by size and SHA-256.
"""

import base64
import hashlib
import json
import logging
import os
import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .aws import Aws
from .errors import (
    AwsError,
    BadBundleError,
    ChecksumError,
    OtherEnvironmentError,
    SignatureError,
)
from .retrying import Deadline
from .settings import InstanceSettings

FORMAT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NEWEST = "current.json"
_MOST_MANIFEST_BYTES = 1 << 20
# For how long an object that ends early is fetched again.
_SHORT_SECONDS = 10.0
_AGAIN = "Run `make bundle` again, which uploads it, and replace the instance."
_FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Manifest:
    """What is signed. ``requirements`` is the SHA-256 of requirements-instance.txt; ``size`` is in bytes."""

    environment: str
    sha256: str
    key: str
    size: int
    requirements: str
    logstash_versions: dict[str, str]


@dataclass(frozen=True)
class Bundle:
    """A bundle that is unpacked at ``path``."""

    manifest: Manifest
    path: Path


def fetch(aws: Aws, settings: InstanceSettings, public_key: Path, bundles: Path, deadline: Deadline) -> Bundle:
    """The bundle of the settings, in a directory of ``bundles`` that has the tar's SHA-256 as its name.

    :raises AwsError: it cannot be fetched.
    :raises BadBundleError: it must not be used.
    """
    address = settings.bundle
    document = deadline.retry(lambda: aws.read(address, _MOST_MANIFEST_BYTES))
    manifest = verified(document, address, public_key)
    _check(manifest, settings)
    path = bundles / manifest.sha256
    if path.is_dir():
        _log.info("Bundle %s is there already.", manifest.sha256)
        return Bundle(manifest, path)
    tar = bundles / f"{manifest.sha256}.tar.gz.part"
    bundles.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        deadline.retry(lambda: _download(aws, f"{address.rpartition('/')[0]}/{manifest.key}", manifest, tar))
        unpack(tar, path)
    finally:
        tar.unlink(missing_ok=True)
    _log.info("Bundle %s (%d bytes) is verified and unpacked.", manifest.sha256, manifest.size)
    return Bundle(manifest, path)


def verified(document: bytes, address: str, public_key: Path) -> Manifest:
    """The manifest of a document whose signature is right.

    :raises SignatureError: it is not.
    :raises BadBundleError: the document, the manifest or the public key cannot be read.
    """
    signed = _json(document, address)
    text, signature = signed.get("manifest"), signed.get("signature")
    if not isinstance(text, str) or not isinstance(signature, str):
        raise BadBundleError(
            f"{address}: no signed manifest; it has the keys {', '.join(sorted(signed)) or 'none'}, expected "
            "manifest and signature. Run `make bundle` again."
        )
    try:
        key = load_pem_public_key(public_key.read_bytes())
    except (OSError, ValueError) as error:
        raise BadBundleError(f"{public_key}: cannot be read as a public key: {error}. Bake the image again.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise BadBundleError(f"{public_key}: a {type(key).__name__}, expected a key on P-256. Bake the image again.")
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise SignatureError(
            f"{address}: its signature is not of the key that this image trusts ({public_key}). Was it made with "
            "another bundle_signing_key, or changed since? Run `make bundle` with the key whose bundle_public_key was "
            "baked, or bake an image with the new one."
        ) from None
    return _manifest(_json(text.encode(), address), address)


def _manifest(content: dict[str, Any], address: str) -> Manifest:
    if content.get("format") != FORMAT:
        raise BadBundleError(
            f"{address}: format {content.get('format')!r}, this image reads {FORMAT}. Bake an image with the toolkit "
            "that made the bundle."
        )
    versions = content.get("logstash_versions")
    checks = {
        "environment": isinstance(content.get("environment"), str),
        "sha256": _is_sha256(content.get("sha256")),
        "key": content.get("key") == f"{content.get('sha256')}.tar.gz",
        "size": isinstance(content.get("size"), int),
        "requirements": _is_sha256(content.get("requirements")),
        "logstash_versions": isinstance(versions, dict),
    }
    wrong = [f"{name}={content.get(name)!r}" for name, is_right in checks.items() if not is_right]
    if wrong:
        raise BadBundleError(f"{address}: the manifest has {', '.join(wrong)}. Run `make bundle` again.")
    return Manifest(**{name: content[name] for name in checks})


def _check(manifest: Manifest, settings: InstanceSettings) -> None:
    """Whether the manifest is the one that this instance is to have."""
    name = settings.bundle.rpartition("/")[2]
    if name not in (_NEWEST, f"{manifest.sha256}.json"):
        # Or an older bundle, signed as well, could be given a newer one's name.
        raise ChecksumError(
            f"{settings.bundle}: it is the manifest of {manifest.sha256}. Something was copied over it; run `make "
            "bundle` again, and name its manifest in the launch template."
        )
    if manifest.environment != settings.environment:
        raise OtherEnvironmentError(
            f"{settings.bundle}: a bundle of environment {manifest.environment}, and this instance is of "
            f"{settings.environment}. Correct `bundle` in the user data, or the instance's tag Environment."
        )
    if settings.layer not in manifest.logstash_versions:
        raise OtherEnvironmentError(
            f"{settings.bundle}: it has the layers {', '.join(sorted(manifest.logstash_versions)) or 'none'}, and this "
            f"instance is of {settings.layer}. Correct `layer` in the user data, or the instance's tag Layer."
        )


def _download(aws: Aws, address: str, manifest: Manifest, target: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        _log.info("Fetching %s (%d bytes).", address, manifest.size)

        def take(chunk: bytes) -> None:
            nonlocal size
            size += len(chunk)
            if size > manifest.size:
                raise ChecksumError(f"{address}: more than the {manifest.size} bytes that its manifest says. {_AGAIN}")
            digest.update(chunk)
            file.write(chunk)

        aws.stream(address, take)
    if size < manifest.size:
        # As a connection that broke off leaves it; an object that is too short stays so.
        raise AwsError(f"{address}: {size} bytes, expected {manifest.size}. {_AGAIN}", retry_seconds=_SHORT_SECONDS)
    if digest.hexdigest() != manifest.sha256:
        raise ChecksumError(f"{address}: SHA-256 {digest.hexdigest()}, expected {manifest.sha256}. {_AGAIN}")


def unpack(tar: Path, target: Path) -> None:
    """Unpacks into a directory that has its name only when it is whole, over what a killed run left.

    :raises BadBundleError: it is no tar, or has something that would be written or lead outside.
    """
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o755)
    try:
        with tar.open("rb") as file:
            _extract(file, part.resolve())
        part.rename(target)
    except (tarfile.TarError, EOFError, OSError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise BadBundleError(f"{tar.name} cannot be unpacked: {error}. {_AGAIN}") from None
    except BadBundleError:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _extract(file: BinaryIO, target: Path) -> None:
    """As tarfile's filter ``data`` does it, which Python 3.11.2 of Debian 12 does not have."""
    with tarfile.open(fileobj=file, mode="r:gz") as archive:
        for member in archive:
            places = [target / member.name]
            if member.issym():
                places.append((target / member.name).parent / member.linkname)
            elif not (member.isreg() or member.isdir()):
                raise BadBundleError(f"The bundle has {member.name}, neither file, directory nor link. {_AGAIN}")
            for place in places:
                # With the links that are there already.
                if not Path(os.path.realpath(place)).is_relative_to(target):
                    raise BadBundleError(f"The bundle has {member.name}, which leads outside of it. {_AGAIN}")
            member.uid = member.gid = os.geteuid()
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            archive.extract(member, target, **_FILTER)


def _json(document: bytes, address: str) -> dict[str, Any]:
    try:
        found = json.loads(document)
    except ValueError as error:
        raise BadBundleError(f"{address}: not JSON ({error}). Run `make bundle` again.") from None
    if not isinstance(found, dict):
        raise BadBundleError(f"{address}: a JSON {type(found).__name__}, expected an object. Run `make bundle` again.")
    return found


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and bool(_SHA256.fullmatch(value))
