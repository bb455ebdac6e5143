"""The manifest of a bundle, and the signed document that it is in.

The document is JSON with two keys: ``manifest``, the manifest's own text, and ``signature``, the Base64 of the ECDSA
signature over that text. So there is nothing to agree on about the order or the spelling of what is signed. The same
bundle has the same text on every control node, whenever it is made.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = 1
"""Of the bundle and its manifest. An instance refuses another one."""

FOLDER = "bundles"
CURRENT = "current.json"
SHA256 = re.compile(r"[0-9a-f]{64}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SHOWN = 12
_KINDS: dict[str, type] = {
    "environment": str,
    "sha256": str,
    "size": int,
    "toolkit_version": str,
    "commit": str,
    "requirements": str,
    "logstash_versions": dict,
}


class BundleError(Exception):
    """A bundle, its manifest or its signature is not what it has to be; the message says why, and a hint.

    :ivar code: of messages.CODES.
    """

    def __init__(self, message: str, code: str = "bundle_invalid") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Manifest:
    """What a bundle is.

    :param sha256: of the file ``<sha256>.tar.gz`` as it lies in S3; ``size`` is that file's, in bytes.
    :param commit: of the checkout that it was first made from, with ``-dirty`` where files differed from it; empty
        where there is no git.
    :param requirements: SHA-256 of requirements-instance.txt.
    :param logstash_versions: {layer: version} of the layers that a version is set for.
    """

    environment: str
    sha256: str
    size: int
    toolkit_version: str
    commit: str
    requirements: str
    logstash_versions: Mapping[str, str]

    @property
    def key(self) -> str:
        """The name of the archive, beside the manifest."""
        return f"{self.sha256}.tar.gz"

    @property
    def text(self) -> str:
        """What is signed."""
        return json.dumps(as_dict(self), sort_keys=True)

    def is_same_bundle(self, other: Manifest) -> bool:
        """Whether both are of the same content, whichever commit it was made from."""
        return dataclasses.replace(self, commit="") == dataclasses.replace(other, commit="")

    def changes_from(self, before: Manifest) -> list[str]:
        """What differs from an earlier bundle, in words."""
        found = [
            f"{name.replace('_', ' ')} {_short(getattr(before, name))} -> {_short(getattr(self, name))}"
            for name in ("toolkit_version", "commit", "requirements")
            if getattr(before, name) != getattr(self, name)
        ]
        for layer in sorted({*before.logstash_versions, *self.logstash_versions}):
            old, new = (one.logstash_versions.get(layer, "none") for one in (before, self))
            if old != new:
                found.append(f"Logstash of {layer} {old} -> {new}")
        return found


def as_dict(manifest: Manifest) -> dict[str, Any]:
    """What its text says."""
    return {"format": FORMAT, **dataclasses.asdict(manifest), "key": manifest.key}


def _short(value: str) -> str:
    return f"{value[:_SHOWN]}{'-dirty' if value.endswith('-dirty') else ''}" if len(value) > _SHOWN else value or "none"


def read(text: str) -> Manifest:
    """The manifest with this text.

    :raises BundleError: it has another form.
    """
    try:
        given = json.loads(text)
    except ValueError:
        raise BundleError("The manifest is no JSON. Make the bundle again") from None
    if not isinstance(given, dict):
        raise BundleError("The manifest is no JSON object. Make the bundle again")
    if given.get("format") != FORMAT:
        raise BundleError(
            f"The manifest has format {given.get('format')!r}; expected {FORMAT}. Use the version of the toolkit that "
            "made the bundle, or make it again"
        )
    wrong = [name for name, kind in _KINDS.items() if not isinstance(given.get(name), kind)]
    if wrong or not SHA256.fullmatch(given["sha256"]):
        raise BundleError(f"The manifest has no usable {', '.join(wrong) or 'sha256'}. Make the bundle again")
    manifest = Manifest(**{name: given[name] for name in _KINDS})
    if given.get("key") != manifest.key:
        raise BundleError(f"The manifest names {given.get('key')!r}; expected {manifest.key}. Make the bundle again")
    return manifest


def sign(manifest: Manifest, signer: Callable[[bytes], bytes]) -> bytes:
    """The signed document. ``signer`` gives the DER of an ECDSA signature with SHA-256 over what it is given."""
    text = manifest.text
    signature = base64.b64encode(signer(text.encode())).decode()
    return (json.dumps({"manifest": text, "signature": signature}) + "\n").encode()


def verify(document: bytes, verifier: Callable[[bytes, bytes], bool], place: str) -> Manifest:
    """The manifest in a signed document.

    :param verifier: whether a signature (the first argument, DER) is that of the second argument.
    :param place: of the document, for messages.
    :raises BundleError: it is none, or its signature is not by the key.
    """
    try:
        given: Any = json.loads(document)
        text, signature = given["manifest"], base64.b64decode(given["signature"], validate=True)
        signed = text.encode()
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise BundleError(
            f"{place} is no signed manifest; expected JSON with the keys manifest and signature. Make the bundle again"
        ) from None
    if not verifier(signature, signed):
        raise BundleError(
            f"The signature of {place} is not by the key bundle_public_key. Somebody else has put it there, or the key "
            "has changed since. Find out which; a new `make bundle` replaces it",
            "bundle_signature_invalid",
        )
    return read(text)


def prefix_of(environment: str) -> str:
    """What the keys of an environment's bundles begin with, with a slash at its end.

    :raises BundleError: the environment's name can be no part of a key.
    """
    if not _ENVIRONMENT.fullmatch(environment):
        raise BundleError(
            f"The environment is {environment!r}; expected letters, digits, _ and -. Correct octopus_environment"
        )
    return f"{FOLDER}/{environment}/"
