"""Builds the stand-in package: `python build.py --version 8.5.3 --output DIR`.

It prints the path of the .deb and its SHA-256. The same version, sources and vendored PyYAML give the same bytes.
"""

import argparse
import csv
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from logstash_standin.runtime import version as versions  # noqa: E402 - found through the line above when run as a script

# 2022-12-08, when 8.5.3 came out: any fixed moment serves.
EPOCH = 1670457600
CONFFILES = ["jvm.options", "log4j2.properties", "logstash.yml", "pipelines.yml", "startup.options"]


class BuildError(Exception):
    """The package can't be built; the message says what is missing."""


def build_package(version: str, output: Path) -> Path:
    """Builds the package of a version into a directory and returns its path. Raises BuildError."""
    try:
        release = versions.parse(version)
    except ValueError:
        raise BuildError(f"version {version!r}: give it as three numbers, for example 8.5.3") from None
    if not versions.FIRST_KNOWN <= release <= versions.LAST_KNOWN:
        first, last = (".".join(map(str, item)) for item in (versions.FIRST_KNOWN, versions.LAST_KNOWN))
        raise BuildError(f"version {version}: the tables of settings and plugins cover {first} to {last}")
    if not shutil.which("dpkg-deb"):
        raise BuildError("dpkg-deb is not on PATH: install the package dpkg")
    output.mkdir(parents=True, exist_ok=True)
    package = output / f"logstash-{version}-amd64.deb"
    with tempfile.TemporaryDirectory(prefix="logstash-standin-") as directory:
        root = Path(directory) / "root"
        root.mkdir(mode=0o755)
        _write_program(root / "usr/share/logstash", version, release)
        _write_settings(root, release)
        _write_control(root, version, release)
        _set_times(root)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "--build", root, package],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        )
    return package


def _put(target: Path, content: bytes, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(mode)


def _template(name: str) -> bytes:
    return (HERE / "package" / name).read_bytes()


def _write_program(home: Path, version: str, release: tuple[int, int, int]) -> None:
    for name in ("logstash", "logstash-plugin"):
        _put(home / "bin" / name, _template(name), 0o755)
    _put(home / "VERSION", f"{version}\n".encode())
    _put(home / "NOTICE.TXT", b"A stand-in for tests. This is not Logstash.\n")
    _put(home / "data" / "settings.csv", (HERE / "data/settings.csv").read_bytes())
    _put(home / "Gemfile.lock", "".join(f"{name} {gem}\n" for name, gem in bundled(release).items()).encode())
    library = home / "lib"
    _put(library / "logstash_standin/__init__.py", (HERE / "__init__.py").read_bytes())
    for source in sorted((HERE / "runtime").glob("*.py")):
        _put(library / "logstash_standin/runtime" / source.name, source.read_bytes())
    _vendor("PyYAML", "yaml", library)


def _vendor(distribution: str, package: str, library: Path) -> None:
    """Copies the Python files of an installed distribution, and its licence.

    The package must run where there is no pip; PyYAML is pure Python as far as it is needed, and a control node has it
    because Ansible needs it.
    """
    try:
        files = importlib.metadata.distribution(distribution).files or []
    except importlib.metadata.PackageNotFoundError:
        raise BuildError(f"{distribution} is not installed for this Python: pip install {distribution}") from None
    wanted = [item for item in files if item.parts[0] == package and item.suffix == ".py"]
    licences = [item for item in files if item.name.startswith("LICENSE")]
    if not wanted:
        raise BuildError(f"{distribution} is installed without a list of its files: pip install --force-reinstall it")
    for item in wanted:
        _put(library / item, item.locate().read_bytes())
    for item in licences[:1]:
        _put(library / package / "LICENSE", item.locate().read_bytes())


def bundled(release: tuple[int, int, int]) -> dict[str, str]:
    """The plugins that a release ships, with their versions.

    The table was read at the last patch of each minor, so a patch in between is given its minor's set.
    """
    found: dict[str, str] = {}
    with open(HERE / "data/bundled_plugins.csv", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            first, last = versions.parse(row["first_release_seen"]), versions.parse(row["last_release_seen"])
            if first[:2] <= release[:2] <= last[:2] and not (row["plugin"] in found and release < first):
                found[row["plugin"]] = row["plugin_version"]
    return found


def _write_settings(root: Path, release: tuple[int, int, int]) -> None:
    for name in CONFFILES:
        content = _template(name)
        if release < (6, 0, 0):
            # Before pipelines.yml, the one pipeline was in logstash.yml.
            if name == "pipelines.yml":
                continue
            if name == "logstash.yml":
                content += b"\n# The pipeline's source.\npath.config: /etc/logstash/conf.d/*.conf\n"
        _put(root / "etc/logstash" / name, content)
    _put(root / "etc/default/logstash", _template("default"))
    _put(root / "lib/systemd/system/logstash.service", _template("logstash.service"))
    for directory in ("etc/logstash/conf.d", "var/lib/logstash", "var/log/logstash"):
        (root / directory).mkdir(parents=True, exist_ok=True)


def _write_control(root: Path, version: str, release: tuple[int, int, int]) -> None:
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) // 1024 + 1
    control = (
        _template("control").decode().format(version=version, debian_version=f"1:{version}-1", installed_size=size)
    )
    _put(root / "DEBIAN/control", control.encode())
    conffiles = [f"/etc/logstash/{name}" for name in CONFFILES if (root / "etc/logstash" / name).exists()]
    conffiles += ["/etc/default/logstash"]
    _put(root / "DEBIAN/conffiles", "".join(f"{name}\n" for name in conffiles).encode())
    for name in ("postinst", "prerm", "postrm"):
        _put(root / "DEBIAN" / name, _template(name), 0o755)


def _set_times(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (EPOCH, EPOCH))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--version", default="8.5.3", help="the Logstash version to stand in for (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the directory that the package is put in")
    arguments = parser.parse_args()
    try:
        package = build_package(arguments.version, arguments.output)
    except BuildError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print(package)
    print(hashlib.sha256(package.read_bytes()).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
