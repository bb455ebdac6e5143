"""Makes gems and offline packs of plugins that do nothing, for tests that install them.

plugin_files.py DIR logstash-output-http=6.0.99 pack:logstash-filter-a=1.0.0,logstash-filter-b=2.0.0
"""

import gzip
import io
import sys
import tarfile
import zipfile
from pathlib import Path

_METADATA = """\
--- !ruby/object:Gem::Specification
name: {name}
version: !ruby/object:Gem::Version
  version: {version}
platform: ruby
authors:
- elk.deploy tests
date: 2022-12-08 00:00:00.000000000 Z
dependencies: []
summary: A plugin for tests that does nothing
files:
- {file}
metadata:
{metadata}
require_paths:
- lib
rubygems_version: 3.3.26
specification_version: 4
"""
_PLUGIN = "  logstash_plugin: 'true'\n  logstash_group: {group}"


def gem_content(name: str, version: str, plugin: bool = True, code: str = "") -> bytes:
    """A gem with one Ruby file; the same arguments give the same bytes."""
    kind, _, short = name.removeprefix("logstash-").partition("-")
    file = f"lib/logstash/{kind}s/{short}.rb"
    metadata = _PLUGIN.format(group=kind) if plugin else "  nothing: 'true'"
    text = _METADATA.format(name=name, version=version, file=file, metadata=metadata)
    content = io.BytesIO()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        _add(archive, file, code.encode())
    with tarfile.open(fileobj=content, mode="w") as archive:
        _add(archive, "metadata.gz", gzip.compress(text.encode(), mtime=0))
        _add(archive, "data.tar.gz", gzip.compress(data.getvalue(), mtime=0))
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def write_gem(folder: Path, name: str, version: str, **options) -> Path:
    """Writes a gem under the name that RubyGems gives it."""
    path = folder / f"{name}-{version}.gem"
    path.write_bytes(gem_content(name, version, **options))
    return path


def write_pack(path: Path, plugins: dict[str, str], dependencies: dict[str, str] | None = None) -> Path:
    """Writes an offline pack: plugins in logstash/, what they need in logstash/dependencies/."""
    with zipfile.ZipFile(path, "w") as pack:
        for name, version in plugins.items():
            pack.writestr(f"logstash/{name}-{version}.gem", gem_content(name, version))
        for name, version in (dependencies or {}).items():
            pack.writestr(f"logstash/dependencies/{name}-{version}.gem", gem_content(name, version, plugin=False))
    return path


def main() -> None:
    """The command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for wanted in sys.argv[2:]:
        if wanted.startswith("pack:"):
            write_pack(folder / "pack.zip", dict(item.split("=") for item in wanted.removeprefix("pack:").split(",")))
        else:
            write_gem(folder, *wanted.split("="))


if __name__ == "__main__":
    main()
