"""Signs and verifies with ECDSA over P-256 and SHA-256: with a key in a PEM file, or with one of KMS."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import Any

from .manifest import BundleError

# ansible-core brings it; only its sanity tests import this file without it.
with contextlib.suppress(ImportError):
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/.+")
_KMS_SPEC, _KMS_ALGORITHM = "ECC_NIST_P256", "ECDSA_SHA_256"
_MAKE = "Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE"
_CODE = "bundle_key_invalid"


def is_arn(key: str) -> bool:
    """Whether ``bundle_signing_key`` names a key of KMS; anything else is a path."""
    return bool(_ARN.fullmatch(key))


class PublicKey:
    """What a bundle is verified with."""

    def __init__(self, key: Any) -> None:
        self._key = key

    @classmethod
    def from_pem(cls, pem: str, name: str = "bundle_public_key") -> PublicKey:
        """
        :raises BundleError: it is no public key of P-256 in PEM.
        """
        try:
            key = serialization.load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        return cls(_checked(key, ec.EllipticCurvePublicKey, f"{name} is no public key of the curve P-256 in PEM"))

    @classmethod
    def from_der(cls, der: bytes, name: str) -> PublicKey:
        """
        :raises BundleError: it is no public key of P-256.
        """
        try:
            key = serialization.load_der_public_key(der)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        return cls(_checked(key, ec.EllipticCurvePublicKey, f"{name} has no public key of the curve P-256"))

    @property
    def pem(self) -> str:
        """As a bake puts it into an image."""
        text: str = self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        return text

    def verify(self, signature: bytes, content: bytes) -> bool:
        """Whether ``signature`` (DER) is one of ``content`` by this key."""
        try:
            self._key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


class PemSigner:
    """Signs with a private key in a file.

    :raises BundleError: there is no such file, others may read it, or it has no private key of P-256.
    """

    def __init__(self, path: str) -> None:
        name = f"bundle_signing_key is {path!r}"
        try:
            content = Path(path).expanduser().read_bytes()
            mode = stat.S_IMODE(os.stat(Path(path).expanduser()).st_mode)
        except OSError as error:
            raise BundleError(
                f"{name}, which cannot be read ({error.strerror}); expected a file with a private key of the curve "
                f"P-256 in PEM, or the ARN of a key of KMS. {_MAKE}",
                _CODE,
            ) from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BundleError(
                f"{name}, a file that others may open (mode {mode:04o}); expected one for its owner alone. Run: "
                f"chmod 600 {path}",
                _CODE,
            )
        try:
            key = serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        self._key = _checked(
            key,
            ec.EllipticCurvePrivateKey,
            f"{name}, which has no private key of the curve P-256 in PEM, or an encrypted one",
        )

    @property
    def public_key(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, content: bytes) -> bytes:
        """The signature in DER."""
        signature: bytes = self._key.sign(content, ec.ECDSA(hashes.SHA256()))
        return signature


class KmsSigner:
    """Signs with a key that never leaves KMS.

    :param kms: boto3's client; its errors are raised as they are.
    :raises BundleError: the key is not for such signatures.
    """

    def __init__(self, kms: Any, arn: str) -> None:
        self._kms, self._arn = kms, arn
        found = kms.get_public_key(KeyId=arn)
        if found.get("KeySpec") != _KMS_SPEC or _KMS_ALGORITHM not in found.get("SigningAlgorithms", ()):
            raise BundleError(
                f"bundle_signing_key is {arn}, a key of the kind {found.get('KeySpec')}; expected {_KMS_SPEC} for "
                "SIGN_VERIFY. Make such a key: the kind of a key can't be changed",
                _CODE,
            )
        self.public_key = PublicKey.from_der(found["PublicKey"], f"bundle_signing_key {arn}")

    def sign(self, content: bytes) -> bytes:
        """The signature in DER. KMS is given the digest: what is signed may be longer than it takes."""
        signature: bytes = self._kms.sign(
            KeyId=self._arn,
            Message=hashlib.sha256(content).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=_KMS_ALGORITHM,
        )["Signature"]
        return signature


def _checked(key: Any, kind: Any, fault: str) -> Any:
    if isinstance(key, kind) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise BundleError(f"{fault}. {_MAKE}; its public half: openssl pkey -in FILE -pubout", _CODE)
