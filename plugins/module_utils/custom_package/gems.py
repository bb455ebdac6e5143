"""Reads what a gem or an offline pack holds, without Ruby."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from .errors import CustomPackageError

# A gem's specification is YAML as RubyGems writes it: these stand at the left margin, in this form, once each.
NAME = re.compile(r"^name: ['\"]?([^'\"\s]+)", re.MULTILINE)
VERSION = re.compile(r"^version: !ruby/object:Gem::Version\s+version: ['\"]?([^'\"\s]+)", re.MULTILINE)
# Far above any specification: some kilobytes that are packed often enough would fill the memory.
LONGEST = 4 << 20
PLUGIN = re.compile(r"^  logstash_plugin: ['\"]?true", re.MULTILINE)


@dataclass(frozen=True)
class Gem:
    """A gem's name and version; only those that are plugins appear in Logstash's own list."""

    name: str
    version: str
    is_plugin: bool


def is_pack(name: str) -> bool:
    """Whether a file of this name is an offline pack."""
    return name.endswith(".zip")


def read_gems(path: Path) -> list[Gem]:
    """The gems that installing this file is meant to bring: itself, or the plugins of an offline pack."""
    if not is_pack(path.name):
        return [read_gem(path.name, path.read_bytes())]
    try:
        with zipfile.ZipFile(path) as pack:
            # Those in logstash/dependencies/ come along as they are needed.
            names = [name for name in pack.namelist() if re.fullmatch(r"logstash/[^/]+\.gem", name)]
            gems = [read_gem(f"{path.name}: {name}", pack.read(name)) for name in names]
    # Others than the first: a pack with a password, or packed in a way that Python does not know.
    except (zipfile.BadZipFile, RuntimeError, zlib.error, EOFError) as error:
        raise CustomPackageError(
            f"{path.name} is not an offline pack ({error}). Write it with `logstash-plugin prepare-offline-pack`."
        ) from None
    if not gems:
        raise CustomPackageError(
            f"{path.name} is not an offline pack: there is no logstash/*.gem in it. Write it with "
            "`logstash-plugin prepare-offline-pack`."
        )
    return gems


def read_gem(name: str, content: bytes) -> Gem:
    """What the specification inside a gem says."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            packed = archive.extractfile("metadata.gz")
            if packed is None:
                raise KeyError("metadata.gz is no file in it")
            unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16)
            specification = unpacked.decompress(packed.read(), LONGEST).decode("utf-8", "replace")
            if not unpacked.eof:
                raise EOFError(f"its specification is cut off, or has more than {LONGEST} bytes")
    except (tarfile.TarError, KeyError, OSError, EOFError, zlib.error) as error:
        raise CustomPackageError(
            f"{name} is not a gem ({error}); expected a .gem file of RubyGems, or an offline pack that ends with .zip."
        ) from None
    found, version = NAME.search(specification), VERSION.search(specification)
    if not found or not version:
        raise CustomPackageError(f"{name} is a gem whose specification has no name or version; fetch it again.")
    return Gem(found[1], version[1], bool(PLUGIN.search(specification)))
