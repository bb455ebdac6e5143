"""`${NAME}` and `${NAME:default}`, replaced from the keystore and the environment.

The keystore lies beside logstash.yml and wins over the environment; its names are case-insensitive. It is not
asked for pipelines.yml.
"""

import os
import re
from pathlib import Path

from . import keystore
from .errors import ConfigurationError

PLACEHOLDER = re.compile(r"\$\{(?P<name>[a-zA-Z_.][a-zA-Z0-9_.]*)(:(?P<default>[^}]*))?\}")

_secrets: dict[str, str] = {}


def open_keystore(settings: Path) -> None:
    """Reads the keystore of a settings directory, where there is one. Raises ConfigurationError."""
    _secrets.clear()
    path = settings / "logstash.keystore"
    if path.exists():
        try:
            _secrets.update(keystore.load(path))
        except keystore.KeystoreError as error:
            raise ConfigurationError(str(error)) from None


def replace(value, secrets: bool = True):
    """Replaces the placeholders of strings, and inside lists and the values of hashes; keys are left alone.

    Raises ConfigurationError for a name that is not set and has no default.
    """
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: _lookup(match, secrets), value)
    if isinstance(value, list):
        return [replace(item, secrets) for item in value]
    if isinstance(value, dict):
        return {key: replace(item, secrets) for key, item in value.items()}
    return value


def _lookup(match: re.Match, secrets: bool) -> str:
    name = match["name"]
    found = _secrets.get(name.lower()) if secrets else None
    if found is None:
        found = os.environ.get(name, match["default"])
    if found is None:
        raise ConfigurationError(
            f"Cannot evaluate `{match[0]}`. Replacement variable `{name}` is not defined in a Logstash secret store "
            "or as an Environment entry and there is no default value given."
        )
    return found
