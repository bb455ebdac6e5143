"""The SSH key of one run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@contextmanager
def make_key() -> Iterator[Path]:
    """The file of an Ed25519 private key, with the public one beside it as .pub; both are gone after the context.

    They lie in the temporary directory, where only the user may enter their folder.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    with tempfile.TemporaryDirectory(prefix="elk-bake-") as folder:
        file = Path(folder) / "key"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            output.write(private)
        file.with_suffix(".pub").write_bytes(public + b"\n")
        yield file
