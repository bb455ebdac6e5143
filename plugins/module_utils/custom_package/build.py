"""Builds a custom package: takes the real one apart, has its own plugin program install, puts it together again."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pwd
import re
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import gems, sources
from .errors import CustomPackageError
from .formats import Format, format_of
from .process import Runner, account_without_rights, without_rights

# Changes when the same inputs would give another package than before.
BUILDER = 1
SUFFIX = re.compile(r"[0-9A-Za-z]+(\.[0-9A-Za-z]+)*")
VERSION = re.compile(r"\d+\.\d+\.\d+")
NO_SPACE = os.strerror(errno.ENOSPC)
LISTED = re.compile(r"^(logstash-\S+) \(([^)]+)\)$", re.MULTILINE)

# How many programs a build runs at most, each for its own time.
MOST_PROGRAMS = 20


@dataclass(frozen=True)
class Wanted:
    """What is to be built. plugins: dicts with name, version, src, checksum."""

    src: str
    checksum: str
    version: str
    suffix: str
    plugins: list[dict[str, str]]
    dest: Path

    @property
    def custom_version(self) -> str:
        """A plus sign makes it newer than the release and older than the next one, for dpkg as for rpm."""
        return f"{self.version}+{self.suffix}"

    @property
    def package(self) -> Path:
        """Where the package goes: named as its source is, with the other version."""
        name = sources.name_of(self.src)
        ending = format_of(name).ending
        if self.version in name:
            return self.dest / name.replace(self.version, self.custom_version, 1)
        return self.dest / f"logstash-{self.custom_version}{ending}"

    @property
    def manifest_path(self) -> Path:
        """What the package was built from, beside it."""
        return self.package.with_name(self.package.name + ".manifest.json")

    def manifest(self) -> dict[str, Any]:
        """All that decides about the package's contents. Names and checksums, never addresses."""
        return {
            "builder": BUILDER,
            "version": self.custom_version,
            "source": {"name": sources.name_of(self.src), "checksum": self.checksum},
            "plugins": [
                {
                    "name": plugin["name"],
                    "version": plugin["version"],
                    "file": sources.name_of(plugin["src"]),
                    "checksum": plugin["checksum"],
                }
                for plugin in self.plugins
            ],
        }

    def check(self) -> None:
        """Refuses what can be seen to be wrong before anything is read or fetched."""
        if not VERSION.fullmatch(self.version):
            raise CustomPackageError(
                f"version is {self.version!r}; expected the release that src holds, such as 5.4.1."
            )
        if not SUFFIX.fullmatch(self.suffix):
            raise CustomPackageError(
                f"suffix is {self.suffix!r}; expected letters, digits and dots, such as acme.1: it comes after a plus "
                "sign, and neither dpkg nor rpm takes more."
            )
        if not self.plugins:
            raise CustomPackageError("plugins is []; expected at least one plugin. Without any, use the real package.")
        format_of(sources.name_of(self.src))
        sources.check_checksum("checksum", self.checksum)
        for plugin in self.plugins:
            sources.check_checksum(f"checksum of plugin {plugin['name']}", plugin["checksum"])
            if not sources.name_of(plugin["src"]).endswith((".gem", ".zip")):
                raise CustomPackageError(
                    f"src of plugin {plugin['name']} is {sources.name_of(plugin['src'])!r}; expected a .gem file, or "
                    "an offline pack that ends with .zip."
                )


def recorded(wanted: Wanted) -> dict[str, Any]:
    """The manifest beside the package, or {} when there is none or the package is no longer what it says."""
    try:
        manifest: dict[str, Any] = json.loads(wanted.manifest_path.read_text(encoding="utf-8"))
        if manifest.pop("sha256") != sources.digest(wanted.package, "sha256"):
            return {}
        for algorithm in ("sha256", "sha512"):
            if not _checksum_file(wanted.package, algorithm).exists():
                return {}
        return manifest
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def check_local_sources(wanted: Wanted) -> None:
    """What a build would read from this machine has to be there: what check mode can say."""
    for variable, place, checksum in _inputs(wanted):
        if not sources.is_address(place):
            sources.check_file(variable, place, checksum)


def build(wanted: Wanted, work_path: str, user: str, timeout: float, java_home: str) -> None:
    """Builds the package, its checksum files and its manifest, replacing what was there."""
    package_format = format_of(sources.name_of(wanted.src))
    _check_machine(package_format)
    account = account_without_rights(user)
    work = Path(work_path) / f"build-{wanted.package.name}"
    try:
        # An earlier run that was killed has left it.
        if work.exists():
            shutil.rmtree(work)
        work.mkdir(mode=0o700)
        _check_mount(work_path)
        inputs = work / "inputs"
        inputs.mkdir()
        inputs.chmod(0o755)
        paths = {place: sources.take(name, place, checksum, inputs) for name, place, checksum in _inputs(wanted)}
        plugins = _check_plugins(wanted, paths)
        if account:
            os.chown(work, account.pw_uid, account.pw_gid)
        java = {"LS_JAVA_HOME": java_home, "JAVA_HOME": java_home} if java_home else {}
        tool = package_format(Runner(work, java, timeout))
        without_rights(account, lambda: _build_in(work, wanted, tool, paths, plugins), MOST_PROGRAMS * timeout)
        _publish(work / wanted.package.name, wanted, account)
    except (OSError, CustomPackageError) as error:
        if NO_SPACE in str(error):
            raise CustomPackageError(
                f"The disk is full. Building takes about three times the package's unpacked size below work_path "
                f"{work_path}, and the package's own in dest {wanted.dest}. Make room, or name another work_path; "
                f"nothing was left behind. ({error})"
            ) from None
        raise CustomPackageError(str(error)) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_machine(package_format: type[Format]) -> None:
    missing = {name: brought for name, brought in package_format.programs.items() if not shutil.which(name)}
    if missing:
        raise CustomPackageError(
            f"This machine cannot build a {package_format.ending} package: {', '.join(missing)} is not on PATH. "
            f"Install {', '.join(dict.fromkeys(missing.values()))}, or build on another machine."
        )


def _check_mount(work_path: str) -> None:
    if os.statvfs(work_path).f_flag & os.ST_NOEXEC:
        raise CustomPackageError(
            f"work_path is {work_path}, which is mounted noexec; expected a directory that programs can run in, since "
            "the package's own program installs the plugins. Name another one, or mount this one without noexec."
        )


def _inputs(wanted: Wanted) -> list[tuple[str, str, str]]:
    """(variable, place, checksum) of every file that goes in, each file once."""
    found = {wanted.src: ("src", wanted.src, wanted.checksum)}
    for plugin in wanted.plugins:
        found.setdefault(plugin["src"], (f"src of plugin {plugin['name']}", plugin["src"], plugin["checksum"]))
    return list(found.values())


def _build_in(work: Path, wanted: Wanted, tool: Format, paths: Mapping[str, Path], plugins: list[gems.Gem]) -> None:
    source = paths[wanted.src]
    found = tool.version(source)
    if found != wanted.version:
        raise CustomPackageError(
            f"version is {wanted.version!r}, but src {source.name} holds {found}. Set the version that it has, or name "
            "the package of that version."
        )
    root = work / "unpacked"
    home = tool.unpack(source, root)
    # What the installation writes gets the time of the newest real file, so that a build can be repeated.
    epoch = int(max(path.lstat().st_mtime for path in root.rglob("*") if path.is_file()))
    _install(home, [paths[plugin["src"]] for plugin in wanted.plugins], tool.run)
    # The list is asked for at another place than the installation was made at: so a path of this machine that got into
    # the tree makes it fail here, and not on a host.
    moved = work / "package"
    root.rename(moved)
    _check_installed(moved / home.relative_to(root), plugins, tool.run)
    tool.pack(moved, wanted.version, wanted.custom_version, work / wanted.package.name, epoch)


def _check_plugins(wanted: Wanted, paths: Mapping[str, Path]) -> list[gems.Gem]:
    """The gems of all files; every one that is named has to be in its file, in the version that is named."""
    found = []
    for plugin in wanted.plugins:
        path = paths[plugin["src"]]
        held = gems.read_gems(path)
        for gem in held:
            if (gem.name, gem.version) == (plugin["name"], plugin["version"]):
                found.append(gem)
                break
        else:
            raise CustomPackageError(
                f"plugins names {plugin['name']} {plugin['version']}, but {path.name} holds "
                f"{', '.join(f'{gem.name} {gem.version}' for gem in held)}. Correct the name or the version, or give "
                "the right file."
            )
    return found


def _install(home: Path, files: list[Path], run: Callable[..., str]) -> None:
    program = home / "bin/logstash-plugin"
    files = list(dict.fromkeys(files))
    for pack in files:
        if gems.is_pack(pack.name):
            run(program, "install", f"file://{pack}")
    loose = [file for file in files if not gems.is_pack(file.name)]
    if loose:
        # All at once, since they may need one another; nothing is looked up on the net.
        run(program, "install", "--no-verify", "--local", *loose)


def _check_installed(home: Path, plugins: list[gems.Gem], run: Callable[..., str]) -> None:
    listed = dict(LISTED.findall(run(home / "bin/logstash-plugin", "list", "--verbose")))
    for gem in plugins:
        if gem.is_plugin and listed.get(gem.name) != gem.version:
            raise CustomPackageError(
                f"After the installation, Logstash lists {gem.name} as {listed.get(gem.name, 'missing')}; expected "
                f"{gem.version}. Another of the plugins may need another version of it."
            )


def _publish(built: Path, wanted: Wanted, account: pwd.struct_passwd | None) -> None:
    """Moves the package to where it belongs. The manifest comes last: without it the next run builds again."""
    wanted.dest.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        wanted.manifest_path.unlink()
    part = wanted.package.with_name(f".{wanted.package.name}.part")
    try:
        with built.open("rb") as source, part.open("wb") as file:
            # Root reads here what an account without rights has left, which may be a link: only what is its own file.
            found = os.fstat(source.fileno())
            if not stat.S_ISREG(found.st_mode) or (account and found.st_uid != account.pw_uid):
                raise CustomPackageError(f"{built} is not a file that the build wrote.")
            shutil.copyfileobj(source, file, 1 << 20)
        part.chmod(0o644)
        hashes = {algorithm: sources.digest(part, algorithm) for algorithm in ("sha256", "sha512")}
        part.replace(wanted.package)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    for algorithm, value in hashes.items():
        _write(_checksum_file(wanted.package, algorithm), f"{value}  {wanted.package.name}\n")
    _write(wanted.manifest_path, json.dumps({**wanted.manifest(), "sha256": hashes["sha256"]}, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _checksum_file(package: Path, algorithm: str) -> Path:
    return package.with_name(f"{package.name}.{algorithm}")
