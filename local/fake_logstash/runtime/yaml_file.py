"""Reads a YAML file with the PyYAML that the package vendors. Its import takes a while, so nothing else imports it."""

from pathlib import Path


class ParseError(Exception):
    """The file is not YAML."""


def load(path: Path):
    """The content of the file. Raises OSError and ParseError."""
    text = path.read_text(encoding="utf-8")
    import yaml  # noqa: PLC0415 - a start that needs no YAML file should not pay for it

    try:
        return yaml.load(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ParseError(f"({path}): {error}") from None
