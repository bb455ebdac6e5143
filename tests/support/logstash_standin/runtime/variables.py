"""`${NAME}` and `${NAME:default}`, replaced from the environment.

The keystore of the genuine program is an encrypted Java file; the stand-in does not read it.
"""

import os
import re

from .errors import ConfigurationError

PLACEHOLDER = re.compile(r"\$\{(?P<name>[a-zA-Z_.][a-zA-Z0-9_.]*)(:(?P<default>[^}]*))?\}")


def replace(value):
    """Replaces the placeholders of strings, and inside lists and the values of hashes; keys are left alone.

    Raises ConfigurationError for a name that is not set and has no default.
    """
    if isinstance(value, str):
        return PLACEHOLDER.sub(_lookup, value)
    if isinstance(value, list):
        return [replace(item) for item in value]
    if isinstance(value, dict):
        return {key: replace(item) for key, item in value.items()}
    return value


def _lookup(match: re.Match) -> str:
    name = match["name"]
    found = os.environ.get(name, match["default"])
    if found is None:
        raise ConfigurationError(
            f"Cannot evaluate `{match[0]}`. Replacement variable `{name}` is not defined in a Logstash secret store "
            "or as an Environment entry and there is no default value given."
        )
    return found
