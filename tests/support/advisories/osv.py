"""Reads the facts out of records in the OSV format, as the PyPA advisory database and osv.dev publish them."""

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from advisories import ranges

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def records(source: Path) -> Iterator[dict[str, Any]]:
    """Every record below a folder, or in a zip file, that is about packages of PyPI or was withdrawn."""
    for name, text in _texts(source):
        record = json.loads(text) if name.endswith(".json") else yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        if isinstance(record, dict) and "id" in record and "modified" in record:
            yield record


def _texts(source: Path) -> Iterator[tuple[str, str]]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix in (".json", ".yaml") and path.is_file():
                yield path.name, path.read_text()
    else:
        with zipfile.ZipFile(source) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith((".json", ".yaml")):
                    yield name, archive.read(name).decode()


def facts(record: dict[str, Any], wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By package: id, aliases and affected ranges, for those of the wanted packages that the record is about."""
    found: dict[str, list[str]] = {}
    for affected in record.get("affected") or []:
        package = affected.get("package") or {}
        name = canonicalize_name(str(package.get("name", "")))
        if package.get("ecosystem") == "PyPI" and name in wanted:
            found.setdefault(name, []).extend(_affected(record["id"], affected))
    aliases = sorted(alias for alias in record.get("aliases") or [] if alias.startswith(("CVE-", "GHSA-", "PYSEC-")))
    return {
        name: {"id": record["id"], "aliases": aliases, "affected": list(dict.fromkeys(texts))}
        for name, texts in found.items()
        if texts
    }


def _affected(name: str, affected: dict[str, Any]) -> list[str]:
    found = []
    for span in affected.get("ranges") or []:
        if span.get("type") == "ECOSYSTEM":
            try:
                found += ranges.from_events(span["events"])
            except InvalidVersion as error:
                raise ValueError(f"{name}: {error}. A bound has to be a version of Python packages.") from error
    for text in affected.get("versions") or []:
        try:
            version = Version(str(text))
        except InvalidVersion:
            continue  # no package of today's index can be pinned to it
        if not any(ranges.holds(one, version) for one in found):
            found.append(f"=={version}")
    return found
