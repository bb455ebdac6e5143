"""The keystore: names and secret values in one file, in a private format.

The real file is PKCS #12 with its password after it when none was given. This one is a line that says what it is, a
random salt, a check and the entries as JSON, scrambled with the password where there is one. It hides the values from a
search for them; it is no encryption to rely on.
"""

import hashlib
import hmac
import json
import os
from pathlib import Path

ENVIRONMENT_NAME = "LOGSTASH_KEYSTORE_PASS"
_MAGIC = b"fake keystore 1\n"
_SALT, _CHECK = 16, 32
# What every new keystore holds, so that it can be told from other files.
SEED = "keystore.seed"


class KeystoreError(Exception):
    """A keystore that can't be read; its text is the real message."""


def password() -> str | None:
    """The password that the environment gives. Raises KeystoreError for an empty one."""
    found = os.environ.get(ENVIRONMENT_NAME)
    if found == "":
        raise KeystoreError("Empty keystore passwords are not allowed. Please ensure configured password is not empty.")
    return found


def _scramble(data: bytes, key: bytes) -> bytes:
    stream = b"".join(hashlib.sha256(key + index.to_bytes(4, "big")).digest() for index in range(len(data) // 32 + 1))
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _key(salt: bytes, given: str | None) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", (given or "none").encode(), salt, 1000)


def save(path: Path, entries: dict[str, str]) -> None:
    """Writes the keystore, for its owner and its group."""
    salt = os.urandom(_SALT)
    key = _key(salt, password())
    body = _scramble(json.dumps(entries).encode(), key)
    path.write_bytes(_MAGIC + salt + hmac.digest(key, body, "sha256") + body)
    path.chmod(0o660)


def load(path: Path) -> dict[str, str]:
    """The entries. Raises KeystoreError, in the real words."""
    try:
        content = path.read_bytes()
    except OSError:
        raise KeystoreError(_no_access(path)) from None
    if not content.startswith(_MAGIC):
        raise KeystoreError(f"Found a file at {path}, but it is not a valid Logstash keystore.")
    salt, rest = content[len(_MAGIC) :][:_SALT], content[len(_MAGIC) + _SALT :]
    check, body = rest[:_CHECK], rest[_CHECK:]
    key = _key(salt, password())
    if not hmac.compare_digest(check, hmac.digest(key, body, "sha256")):
        raise KeystoreError(_no_access(path))
    return json.loads(_scramble(body, key))


def _no_access(path: Path) -> str:
    return f"Can not access Logstash keystore at {path}. Please verify correct file permissions and keystore password."
