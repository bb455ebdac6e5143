"""What is in a gem, and in an offline pack: a tar whose metadata.gz is YAML, and a zip with gems below logstash/."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import yaml


class BadFileError(Exception):
    """A file that is no gem or no pack; its text is the reason in the real words."""


class _Loader(yaml.SafeLoader):
    """Reads Ruby's objects as plain hashes."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node):
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)


def read_gem(content: bytes) -> tuple[str, str, bool]:
    """Name, version, and whether it is a plugin. Raises BadFileError."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as gem:
            metadata = yaml.load(gzip.decompress(gem.extractfile("metadata.gz").read()), _Loader)  # noqa: S506
        plugin = (metadata.get("metadata") or {}).get("logstash_plugin") == "true"
        return metadata["name"], str(metadata["version"]["version"]), plugin
    except (tarfile.TarError, OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise BadFileError(str(error)) from None


def read_pack(path: Path) -> list[tuple[str, str, bool, bytes]]:
    """The gems of a pack: name, version, whether it is one of the plugins, content. Raises BadFileError."""
    if path.suffix.lower() != ".zip":
        raise BadFileError("Invalid format, the pack must be in zip format")
    found = []
    try:
        with zipfile.ZipFile(path) as pack:
            for member in pack.namelist():
                if member.startswith("logstash/") and member.endswith(".gem"):
                    content = pack.read(member)
                    name, version, _plugin = read_gem(content)
                    found.append((name, version, "/dependencies/" not in member, content))
    except zipfile.BadZipFile:
        raise BadFileError(f"Cannot uncompress the zip: {path}") from None
    if not any(plugin for _name, _version, plugin, _content in found):
        raise BadFileError("The pack must contains at least one plugin")
    return found
