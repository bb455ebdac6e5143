"""Builds the fake package: `python build.py --version 8.5.3 --output DIR [--format deb|archive|rpm-source]`.

It prints the path of the file and its SHA-256. The same version, sources and vendored PyYAML give the same bytes.
`archive` is the tar.gz that runs from where it is unpacked; `rpm-source` is what `rpmbuild -tb` makes the rpm from, on
a host that has it.
"""

import argparse
import contextlib
import csv
import gzip
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from fake_logstash.runtime import gemfile  # noqa: E402 - found through the line above when run as a script
from fake_logstash.runtime import version as versions  # noqa: E402

# 2022-12-08, when 8.5.3 came out: any fixed moment serves.
EPOCH = 1670457600
SETTINGS = ["jvm.options", "log4j2.properties", "logstash.yml", "pipelines.yml", "startup.options"]


class BuildError(Exception):
    """The package can't be built; the message says what is missing."""


def build_package(version: str, output: Path) -> Path:
    """Builds the .deb of a version into a directory and returns its path. Raises BuildError."""
    release = _check(version)
    if not shutil.which("dpkg-deb"):
        raise BuildError("dpkg-deb is not on PATH: install the package dpkg")
    output.mkdir(parents=True, exist_ok=True)
    package = output / f"logstash-{version}-amd64.deb"
    with _package_tree(version, release) as root:
        _write_control(root, version, release)
        _set_times(root)
        with _replaced_at_once(package) as part:
            subprocess.run(
                ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "--build", root, part],
                check=True,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
            )
    return package


def build_archive(version: str, output: Path) -> Path:
    """Builds the tar.gz of a version, which has its settings below config/. Raises BuildError."""
    release = _check(version)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="logstash-standin-") as directory:
        root = Path(directory) / f"logstash-{version}"
        _write_program(root, version, release)
        for name, content in _settings(release).items():
            _put(root / "config" / name, content)
        return _pack(root, output / f"logstash-{version}-linux-x86_64.tar.gz")


def build_rpm_source(version: str, output: Path) -> Path:
    """Builds what `rpmbuild -tb` makes the rpm of a version from: its files and a spec. Raises BuildError."""
    release = _check(version)
    output.mkdir(parents=True, exist_ok=True)
    with _package_tree(version, release) as root, tempfile.TemporaryDirectory(prefix="logstash-standin-") as directory:
        source = Path(directory) / f"logstash-{version}-rpm"
        source.mkdir()
        root.rename(source / "root")
        config = "\n".join(f"%config(noreplace) {name}" for name in _conffiles(release))
        _put(
            source / "logstash.spec",
            _template("logstash.spec").decode().format(version=version, config=config).encode(),
        )
        return _pack(source, output / f"logstash-{version}-rpm.tar.gz")


BUILDERS = {"deb": build_package, "archive": build_archive, "rpm-source": build_rpm_source}


def _check(version: str) -> tuple[int, int, int]:
    try:
        release = versions.parse(version)
    except ValueError:
        raise BuildError(f"version {version!r}: give it as three numbers, for example 8.5.3") from None
    if not versions.FIRST_KNOWN <= release <= versions.LAST_KNOWN:
        first, last = (".".join(map(str, item)) for item in (versions.FIRST_KNOWN, versions.LAST_KNOWN))
        raise BuildError(f"version {version}: the tables of settings and plugins cover {first} to {last}")
    return release


@contextlib.contextmanager
def _package_tree(version: str, release: tuple[int, int, int]) -> Iterator[Path]:
    """The files of a package as they lie on a host, below a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="logstash-standin-") as directory:
        root = Path(directory) / "root"
        root.mkdir(mode=0o755)
        _write_program(root / "usr/share/logstash", version, release)
        for name, content in _settings(release).items():
            _put(root / "etc/logstash" / name, content)
        _put(root / "etc/default/logstash", _template("default"))
        _put(root / "lib/systemd/system/logstash.service", _template("logstash.service"))
        for path in ("etc/logstash/conf.d", "var/lib/logstash", "var/log/logstash"):
            (root / path).mkdir(parents=True, exist_ok=True)
        yield root


@contextlib.contextmanager
def _replaced_at_once(target: Path) -> Iterator[Path]:
    """Where to write a file that others may be reading: tests that run side by side build the same package."""
    part = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _pack(tree: Path, target: Path) -> Path:
    """Packs a directory, as root's and with one time for everything."""
    _set_times(tree)

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    with (
        _replaced_at_once(target) as part,
        open(part, "wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=EPOCH) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path in [tree, *sorted(tree.rglob("*"))]:
            archive.add(path, str(path.relative_to(tree.parent)), recursive=False, filter=plain)
    return target


def _put(target: Path, content: bytes, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(mode)


def _template(name: str) -> bytes:
    return (HERE / "package" / name).read_bytes()


def _write_program(home: Path, version: str, release: tuple[int, int, int]) -> None:
    programs = ["logstash", "logstash-plugin"]
    if release >= (6, 2, 0):
        programs.append("logstash-keystore")
    for name in programs:
        _put(home / "bin" / name, _template(name), 0o755)
    _put(home / "VERSION", f"{version}\n".encode())
    _put(home / "NOTICE.TXT", b"A fake for tests. This is not Logstash.\n")
    _put(home / "data" / "settings.csv", (HERE / "data/settings.csv").read_bytes())
    gemfile.write(home, version, {name: gemfile.Gem(gem) for name, gem in bundled(release).items()})
    library = home / "lib"
    _put(library / "fake_logstash/__init__.py", (HERE / "__init__.py").read_bytes())
    for source in sorted((HERE / "runtime").glob("*.py")):
        _put(library / "fake_logstash/runtime" / source.name, source.read_bytes())
    _put(library / "fake_logstash/data/plugin_options.csv", (HERE / "data/plugin_options.csv").read_bytes())
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


def _settings(release: tuple[int, int, int]) -> dict[str, bytes]:
    """The settings files that a release ships."""
    files = {name: _template(name) for name in SETTINGS}
    if release < (6, 0, 0):
        # Before pipelines.yml, the one pipeline was in logstash.yml.
        del files["pipelines.yml"]
        files["logstash.yml"] += b"\n# The pipeline's source.\npath.config: /etc/logstash/conf.d/*.conf\n"
    return files


def _conffiles(release: tuple[int, int, int]) -> list[str]:
    return [f"/etc/logstash/{name}" for name in _settings(release)] + ["/etc/default/logstash"]


def _write_control(root: Path, version: str, release: tuple[int, int, int]) -> None:
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) // 1024 + 1
    control = (
        _template("control").decode().format(version=version, debian_version=f"1:{version}-1", installed_size=size)
    )
    _put(root / "DEBIAN/control", control.encode())
    _put(root / "DEBIAN/conffiles", "".join(f"{name}\n" for name in _conffiles(release)).encode())
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
    parser.add_argument("--format", choices=BUILDERS, default="deb", help="what is built (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        package = BUILDERS[arguments.format](arguments.version, arguments.output)
    except BuildError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print(package)
    print(hashlib.sha256(package.read_bytes()).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
