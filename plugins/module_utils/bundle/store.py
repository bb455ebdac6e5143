"""The bundles of an environment in the artifact bucket."""

from __future__ import annotations

import base64
import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from ..aws.artifacts import ArtifactBucket
from . import manifest as documents
from .manifest import CURRENT, BundleError, Manifest
from .signing import PublicKey


@dataclass(frozen=True)
class Stored:
    """A signed manifest that lies in the bucket."""

    manifest: Manifest
    document: bytes


class BundleStore:
    """Reads and writes the objects below ``bundles/<environment>/``.

    :param public_key: what every manifest that is read has to be signed by.
    """

    def __init__(self, bucket: ArtifactBucket, environment: str, public_key: PublicKey) -> None:
        self._bucket = bucket
        self._environment = environment
        self._prefix = documents.prefix_of(environment)
        self._public_key = public_key

    def url(self, name: str) -> str:
        """The address of an object."""
        return f"s3://{self._bucket.name}/{self._prefix}{name}"

    def stored(self, name: str) -> Stored | None:
        """The manifest in the object ``name``, such as ``current.json``; None where there is none.

        :raises BundleError: it is of another key, another environment or another form.
        """
        document = self._bucket.read(self._prefix + name)
        if document is None:
            return None
        found = documents.verify(document, self._public_key.verify, self.url(name))
        if found.environment != self._environment or name not in (CURRENT, f"{found.sha256}.json"):
            raise BundleError(
                f"{self.url(name)} is the manifest of bundle {found.sha256} of environment {found.environment}. "
                "Somebody has copied it there. Find out who may write to the bucket, and delete the object"
            )
        return Stored(found, document)

    def archive(self, manifest: Manifest) -> bytes:
        """The archive of a bundle.

        :raises BundleError: it is not there, or is another one.
        """
        content = self._bucket.read(self._prefix + manifest.key)
        if content is None or hashlib.sha256(content).hexdigest() != manifest.sha256 or len(content) != manifest.size:
            found = "missing" if content is None else f"{hashlib.sha256(content).hexdigest()}, {len(content)} bytes"
            raise BundleError(
                f"{self.url(manifest.key)} is {found}; expected {manifest.sha256}, {manifest.size} bytes. Restore the "
                "object's earlier version, or make the bundle again",
                "bundle_missing",
            )
        return content

    def has_archive(self, manifest: Manifest) -> bool:
        """Whether the archive is there, with its content.

        :raises ArtifactError: something else is there.
        """
        return bool(self._bucket.version(self._prefix + manifest.key, _base64(manifest.sha256)))

    def put_archive(self, manifest: Manifest, content: bytes) -> None:
        """
        :raises ArtifactError: something else is there, or the bucket keeps no versions.
        """
        self._bucket.put(self._prefix + manifest.key, content)

    def put(self, name: str, document: bytes) -> None:
        """Writes a signed manifest, over the one that is there."""
        self._bucket.replace(self._prefix + name, document)


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def contents(archive: bytes) -> dict[str, str]:
    """{name: what it is} of the files and links in an archive; of wheels the name says all."""
    with tarfile.open(fileobj=BytesIO(archive), mode="r:gz") as tar:
        return {
            member.name: member.linkname if member.issym() else f"{member.mode:o} {_sha256(tar, member)}"
            for member in tar
            if not member.isdir()
        }


def _sha256(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = tar.extractfile(member)
    return hashlib.sha256(file.read() if file else b"").hexdigest()


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names that differ, each with a sign in front: ``+`` is new, ``-`` is gone, ``~`` is another."""
    found = []
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            sign = "+" if name not in before else "-" if name not in after else "~"
            found.append(f"{sign} {name}")
    return found
