"""A key that bundles are signed with, for a test."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def signing_options(folder: Path) -> dict[str, str]:
    """The variables for a new key."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "key.pem").touch(0o600)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    return {"bundle_signing_key": str(folder / "key.pem"), "bundle_public_key": public}
