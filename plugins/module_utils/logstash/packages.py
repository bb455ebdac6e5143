"""Logstash as a package of a host: what is installed, and moving from one version to another, with apt or dnf.

The classes know the programs of one family; `move` and its callers know none. Every program is run through the
function that a module gives them, `run(command, cwd=None) -> (code, output, errors)`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, Union

from .. import atomic_files, waiting
from . import debian_rebuild

NAME = "logstash"
# What the programs say while another one, such as an automatic update after the boot, holds their lock.
LOCKED = re.compile(r"Could not get lock|Unable to (acquire|lock)|is another process using it|Waiting for process")
LOCK_PATIENCE = 120
LOCK_INTERVAL = 5
# Of what a program printed before it failed. apt says the cause last, dnf sometimes first.
FIRST_LINES = 4
LAST_LINES = 8


# What a package has to leave on a host so that the service can run: its program, its user, and its unit, which older
# releases write in their post-installation script and newer ones bring along.
PROGRAM = "/usr/share/logstash/bin/logstash"
UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
UNIT = f"{NAME}.service"
# The head of the unit that the role writes for an archive, which is not the package's.
UNIT_OF_ARCHIVE = "Written by Ansible (elk.deploy.logstash)"
# Names in the cache the package whose installation has begun and has not ended well. dpkg keeps such a note itself; rpm
# takes a package whose scripts failed for installed.
UNFINISHED = ".unfinished"


class Run(Protocol):
    """Runs a program and gives its exit code, its output and its errors."""

    def __call__(self, command: list[str], cwd: str | None = None) -> tuple[int, str, str]: ...


class PackageError(Exception):
    """Something that the person who runs the playbook has to know; the message says what, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Installed(NamedTuple):
    """What the package database says. `version` has neither the epoch nor the package's own revision.

    `whole` is false where an installation was cut off or a script of it failed; `missing` names what the package should
    have left on the host and is not there.
    """

    version: str = ""
    whole: bool = True
    held: bool = False
    since: float = 0.0
    missing: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it is there as its installation leaves it."""
        return self.whole and not self.missing


# How a message names the scripts that dpkg and rpm name.
SCRIPTS = {
    **dict.fromkeys(("post-installation", "post", "postin"), "post-installation"),
    **dict.fromkeys(("pre-installation", "pre", "prein"), "pre-installation"),
    **dict.fromkeys(("post-removal", "postun"), "post-removal"),
    **dict.fromkeys(("pre-removal", "preun"), "pre-removal"),
}


class Programs:
    """Runs programs, waits for their locks, and turns what they print at failure into an error."""

    suffix: str
    # What a package's script has failed with, and what the package manager itself prints.
    _script_failed: re.Pattern[str]
    _begins: re.Pattern[str]
    _ends: re.Pattern[str]
    _own_lines: re.Pattern[str]

    def __init__(self, run: Run) -> None:
        self._run = run

    def try_run(self, command: list[str], cwd: str | None = None) -> tuple[int, str, str]:
        """The exit code, the output, and both outputs together."""
        for _attempt in waiting.attempts(LOCK_PATIENCE, LOCK_INTERVAL):
            code, output, errors = self._run(command, cwd=cwd)
            if code == 0 or not LOCKED.search(output + errors):
                break
        return code, output, (output + errors).strip()

    def run(self, command: list[str], cwd: str | None = None) -> str:
        """The output of a program that has to succeed. Raises PackageError."""
        code, output, everything = self.try_run(command, cwd)
        if code:
            raise PackageError(
                self.script_failure(everything) or f"{' '.join(command[:2])} ended with {code}: {shorten(everything)}"
            )
        return output

    def script_failure(self, output: str) -> str:
        """What a script of the package failed with, in its own words; empty when none failed."""
        found = self._script_failed.search(output)
        if not found:
            return ""
        script = next(filter(None, (found[name] for name in ("script", "upper") if name in found.re.groupindex)))
        name = SCRIPTS.get(script.lower(), script)
        code = f" ended with {found['code']}" if found["code"] else " failed"
        return f"The {name} script of the package{code}. {self.script_words(output)}"

    def script_words(self, output: str) -> str:
        """What the scripts of the package printed, without the lines of the package manager itself."""
        lines = output.splitlines()
        start = next((number for number, line in enumerate(lines) if self._begins.match(line)), 0)
        end = next((number for number, line in enumerate(lines) if self._ends.match(line)), len(lines))
        lines = [line for line in lines[start:end] if line.strip() and not self._own_lines.match(line)]
        return f"It said: {shorten(chr(10).join(lines))}" if lines else "It said nothing."


class Apt(Programs):
    """Debian and its relatives."""

    suffix = ".deb"
    # Ubuntu's needrestart would restart services after the installation; when is the role's to say.
    environment = MappingProxyType({"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "LC_ALL": "C"})
    # The settings of a host are rendered; a package must neither ask about them nor replace them.
    _keep = ("--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold")
    # A server that takes a connection and never answers costs a minute, and not three.
    _patience = (
        "--option=Acquire::Retries=2",
        *(f"--option=Acquire::{kind}::Timeout=20" for kind in ("http", "https")),
    )
    _lists = "/etc/apt/sources.list.d/logstash.sources"
    _database = "/var/lib/dpkg/info/logstash.list"
    _script_failed = re.compile(
        r"(?:new|old|installed) logstash package (?P<script>\S+) script subprocess returned error exit status "
        r"(?P<code>\d+)"
    )
    _ends = re.compile(r"Errors were encountered|Processing triggers")
    _begins = re.compile(r"Selecting previously|\(Reading database|Preparing to unpack|Unpacking |Setting up ")
    _own_lines = re.compile(
        r"Selecting previously|\(Reading database|Preparing to unpack|Unpacking |Setting up |dpkg: "
        r"| (?:new|old|installed) \S+ package |E: |W: |Progress: |debconf: "
    )

    @staticmethod
    def release(version: str) -> str:
        """A version of the package as the version of Logstash: `1:9.5.2-1` is 9.5.2."""
        return re.sub(r"^\d+:|-[^-]*$", "", version)

    def installed(self) -> Installed:
        form = "${db:Status-Want} ${db:Status-Status} ${Version}"
        code, output, _errors = self.try_run(["dpkg-query", "--show", f"--showformat={form}", NAME])
        wanted, status, version = [*output.split(" "), "", "", ""][:3]
        if code or status in ("", "not-installed", "config-files"):
            return Installed()
        since = os.stat(self._database).st_mtime if os.path.exists(self._database) else 0.0
        return Installed(self.release(version), status == "installed", wanted == "hold", since)

    def describe(self, file: Path) -> tuple[str, str]:
        """The name and the version that a package file says it has."""
        output = self.run(["dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(file)])
        name, _separator, version = output.partition(" ")
        return name, self.release(version)

    def download(self, version: str, directory: str) -> Path:
        """The package file of a version, from the repositories. Raises PackageError."""
        self._update()
        known = [line.split("|")[1].strip() for line in self.run(["apt-cache", "madison", NAME]).splitlines()]
        wanted = next((item for item in known if self.release(item) == version), None)
        if wanted is None:
            raise PackageError(f"no such version. Versions that there are: {list_versions(map(self.release, known))}")
        self.run(["apt-get", "download", *self._patience, f"{NAME}={wanted}"], cwd=directory)
        return next(Path(directory).glob("*.deb"))

    def _update(self) -> None:
        # The lists of this repository only: another one that does not answer is no reason to stop.
        only = [f"--option=Dir::Etc::SourceList={self._lists}", "--option=Dir::Etc::SourceParts=-"]
        strict = ["--option=APT::Update::Error-Mode=any", *self._patience]
        self.run(["apt-get", "update", *only, "--option=APT::Get::List-Cleanup=0", *strict])

    def offers(self, version: str, file: Path) -> bool:
        """Whether the repositories have this very file as the package of a version. Raises PackageError."""
        self._update()
        # What is installed is listed beside what is offered, without a hash.
        for text in self.run(["apt-cache", "show", NAME]).split("\n\n"):
            known = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and line[:1] != " ")
            kind = next((name for name in ("SHA512", "SHA256") if name in known), None)
            if kind and self.release(known.get("Version", "")) == version:
                return digest(file, kind.lower()) == known[kind]
        return False

    def install(self, file: Path, before: Installed) -> str:
        """Installs a package file, whichever version there is now. Returns what was printed."""
        keep = ["--force-confdef", "--force-confold"]
        if not before.whole:
            # apt refuses a package that was cut off while it was unpacked, unless a repository has that very version.
            self.try_run(["dpkg", *keep, "--install", str(file)])
        # What dpkg did not finish, of any package, stops every apt.
        self.try_run(["dpkg", *keep, "--configure", "--pending"])
        move = ["--allow-downgrades", "--allow-change-held-packages", "--reinstall", *self._keep]
        return self.run(
            ["apt-get", "install", "--yes", *move, f"--option=DPkg::Lock::Timeout={LOCK_PATIENCE}", str(file)]
        )

    def remove(self) -> None:
        """Takes the package off the host again. Settings files that were changed stay."""
        self.try_run(["dpkg", "--remove", "--force-remove-reinstreq", NAME])

    def find(self, version: str) -> Iterator[Path]:
        """Package files of a version that the package manager may have kept."""
        return Path("/var/cache/apt/archives").glob(f"{NAME}_*{version}*.deb")

    def download_again(self, version: str, directory: str) -> Path:
        """The package file of a version, from whatever repository of the host has it. Raises PackageError."""
        known = [line.split("|")[1].strip() for line in self.run(["apt-cache", "madison", NAME]).splitlines()]
        wanted = next((item for item in known if self.release(item) == version), None)
        if wanted is None:
            raise PackageError("no repository of the host has it")
        self.run(["apt-get", "download", *self._patience, f"{NAME}={wanted}"], cwd=directory)
        return next(Path(directory).glob("*.deb"))

    def rebuild(self, directory: str) -> Path:
        """A package file made of what is installed, with its settings files as they are now. Raises PackageError."""
        try:
            return debian_rebuild.build(self.run, NAME, Path(directory))
        except debian_rebuild.RebuildError as error:
            raise PackageError(str(error)) from error

    def hold(self, held: bool) -> None:
        """Holds the package at its version, or lets it go."""
        self.run(["apt-mark", "hold" if held else "unhold", NAME])

    def missing_for_hold(self) -> str:
        """What the hold needs and the host lacks."""
        return ""


class Dnf(Programs):
    """Red Hat and its relatives."""

    suffix = ".rpm"
    environment = MappingProxyType({"LC_ALL": "C"})
    _plugin = "/etc/dnf/plugins/versionlock.conf"
    _locks = "/etc/dnf/plugins/versionlock.list"
    _script_failed = re.compile(
        r"%(?P<script>\w+)\(logstash-[^)]*\) scriptlet failed(?:, exit status (?P<code>\d+))?"
        r"|[Ee]rror in (?P<upper>\w+) scriptlet in rpm package logstash"
    )
    _begins = re.compile(r"Running transaction$")
    _ends = re.compile(r"(?:New leaves|Installed|Upgraded|Downgraded|Reinstalled|Removed):$")
    _own_lines = re.compile(
        r"Running transaction$|  [A-Z][a-z]+(?: [a-z]+)? *: |(?:warning|error): %|[Ee]rror in |rpm: "
        r"|Unable to detect release"
    )
    # The role's own move is not to be stopped by its own hold.
    _dnf = ("dnf", "--assumeyes", "--disableplugin=versionlock")

    def installed(self) -> Installed:
        form = "%{VERSION} %{EPOCH}:%{VERSION}-%{RELEASE} %{INSTALLTIME}\n"
        code, output, _errors = self.try_run(["rpm", "--query", "--queryformat", form, NAME])
        if code:
            return Installed()
        # An installation that was cut off leaves both versions in the database.
        found = [line.split() for line in output.splitlines()]
        version, full, since = found[-1]
        return Installed(version, len(found) == 1, self._lock(full) in self._read_locks(), float(since))

    def describe(self, file: Path) -> tuple[str, str]:
        """The name and the version that a package file says it has."""
        output = self.run(["rpm", "--query", "--package", "--queryformat", "%{NAME} %{VERSION}", str(file)])
        name, _separator, version = output.partition(" ")
        return name, version

    def download(self, version: str, directory: str) -> Path:
        """The package file of a version, from the repositories, with its signature checked. Raises PackageError."""
        command = ["dnf", "--quiet", "--refresh", "--disableplugin=versionlock", "repoquery", "--show-duplicates"]
        lines = self.run([*command, "--queryformat", "%{version} %{epoch}:%{version}-%{release}", NAME]).splitlines()
        known = dict(line.split(" ", 1) for line in lines if line)
        if version not in known:
            raise PackageError(f"no such version. Versions that there are: {list_versions(known)}")
        wanted = f"{NAME}-{known[version]}"
        # What is installed already is not downloaded by the first of the two, and what is not by the second.
        for verb in ("install", "reinstall"):
            trusted = self._trusted()
            try:
                self.run([*self._dnf, "--quiet", verb, "--downloadonly", f"--downloaddir={directory}", wanted])
            except PackageError:
                # dnf takes the key in before it finds that the key is another one.
                for key in self._trusted() - trusted:
                    self.try_run(["rpm", "--erase", key])
                raise
            for file in Path(directory).glob("*.rpm"):
                if self.describe(file) == (NAME, version):
                    return file
        raise PackageError(f"dnf did not put {wanted} into {directory}")

    def offers(self, version: str, file: Path) -> bool:
        """Whether the repositories have this very file as the package of a version. dnf tells by fetching it only."""
        return False

    def install(self, file: Path, before: Installed) -> str:
        """Installs a package file, whichever version there is now. Returns what was printed."""
        if before.sound:
            command = [*self._dnf, "install", str(file)]
        else:
            command = ["rpm", "--upgrade", "--oldpackage", "--replacepkgs", str(file)]
        code, _output, everything = self.try_run(command)
        # rpm goes on after a script that failed, and takes the package for installed.
        failure = self.script_failure(everything)
        if code or failure:
            raise PackageError(failure or f"{' '.join(command[:2])} ended with {code}: {shorten(everything)}")
        return everything

    def remove(self) -> None:
        """Takes the package off the host again. Settings files that were changed stay."""
        self.try_run(["rpm", "--erase", NAME])

    def find(self, version: str) -> Iterator[Path]:
        """Package files of a version that the package manager may have kept."""
        return Path("/var/cache/dnf").glob(f"*/packages/{NAME}-{version}-*.rpm")

    def download_again(self, version: str, directory: str) -> Path:
        """The package file of a version, from whatever repository of the host has it. Raises PackageError."""
        return self.download(version, directory)

    def rebuild(self, directory: str) -> Path:
        """Nothing makes an rpm of what is installed. Raises PackageError."""
        raise PackageError("an rpm cannot be made from what is installed")

    def hold(self, held: bool) -> None:
        """Holds the package at its version, or lets it go. The list is what the plugin versionlock reads."""
        full = self.run(["rpm", "--query", "--queryformat", "%{EPOCH}:%{VERSION}-%{RELEASE}\n", NAME]).split()[-1]
        others = [line for line in self._read_locks() if not line.startswith(f"{NAME}-")]
        path = Path(self._locks)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write(path, "".join(f"{line}\n" for line in others + [self._lock(full)] * held), 0o644)

    def missing_for_hold(self) -> str:
        """What the hold needs and the host lacks."""
        return (
            ""
            if os.path.exists(self._plugin)
            else "the plugin versionlock (dnf install python3-dnf-plugin-versionlock)"
        )

    def _trusted(self) -> set[str]:
        """The keys that rpm takes packages from, as packages of its database."""
        return set(self.try_run(["rpm", "--query", "--all", "gpg-pubkey*"])[1].split())

    def _lock(self, full: str) -> str:
        return f"{NAME}-{full}.*"

    def _read_locks(self) -> list[str]:
        path = Path(self._locks)
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


Manager = Union[Apt, Dnf]  # noqa: UP007 - older Python cannot make it with |
MANAGERS: dict[str, type[Manager]] = {"apt": Apt, "dnf": Dnf}


def shorten(output: str) -> str:
    """The first and the last lines of a program's output."""
    lines = output.splitlines()
    if len(lines) > FIRST_LINES + LAST_LINES:
        lines[FIRST_LINES:-LAST_LINES] = ["[...]"]
    return "\n".join(lines)


def list_versions(versions: Iterable[str]) -> str:
    """Versions for a message, the newest last, the first ones left out where there are many."""
    ordered = sorted(set(versions), key=lambda text: [int(number) for number in re.findall(r"\d+", text)])
    return ", ".join(ordered[-20:]) or "none"


def cached(manager: Manager, cache: str | Path, version: str) -> Path:
    """Where the package file of a version is kept on the host."""
    return Path(cache) / f"{NAME}-{version}{manager.suffix}"


def digest(path: str | Path, algorithm: str) -> str:
    """The hash of a file, in hex digits."""
    total = hashlib.new(algorithm)
    with Path(path).open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def look(manager: Manager, cache: str | Path) -> Installed:
    """What is installed, by the package database and by what is there. Returns Installed."""
    found = manager.installed()
    if not found.version:
        return found
    note = Path(cache) / UNFINISHED
    unfinished = note.exists() and note.read_text(encoding="utf-8").strip() == found.version
    return found._replace(whole=found.whole and not unfinished, missing=tuple(missing()))


def missing(root: str | Path = "/") -> Iterator[str]:
    """What the package should have left on the host and is not there, for a message."""
    root = Path(root)
    if not (root / PROGRAM.lstrip("/")).exists():
        yield f"the program {PROGRAM}"
    if not any(_is_unit_of_package(root / place.lstrip("/") / UNIT) for place in UNIT_DIRECTORIES):
        yield f"the unit {UNIT}"
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        yield f"the user {NAME}"


def _is_unit_of_package(path: Path) -> bool:
    # A link that leads nowhere, or to /dev/null, is what an administrator makes of a unit.
    if path.is_symlink():
        return True
    return path.is_file() and UNIT_OF_ARCHIVE not in path.read_text(encoding="utf-8", errors="replace")


def fetch(manager: Manager, cache: str | Path, version: str) -> None:
    """Puts the package file of a version into the cache from the repositories, whole or not at all."""
    Path(cache).mkdir(mode=0o755, parents=True, exist_ok=True)
    # Beside its place, so that the last step is a renaming.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as directory:
        file = manager.download(version, directory)
        file.chmod(0o644)
        os.chown(file, os.geteuid(), os.getegid())
        file.replace(cached(manager, cache, version))


def refresh(manager: Manager, cache: str | Path, version: str) -> str:
    """Fetches the package file of a version again where the repositories have another one than the cache.

    One that cannot be fetched now stays; the error is returned as text, empty when there was none.
    """
    try:
        if not manager.offers(version, cached(manager, cache, version)):
            fetch(manager, cache, version)
    except PackageError as error:
        return str(error)
    return ""


def obtain(manager: Manager, cache: str | Path, version: str) -> None:
    """Puts the package file of the installed version into the cache, so that a rollback can reinstall it.

    Taken from the package manager's cache, from a repository of the host, or else made from what is installed. Raises
    PackageError with all that was tried.
    """
    target = cached(manager, cache, version)
    tried = []
    Path(cache).mkdir(mode=0o755, parents=True, exist_ok=True)
    for file in [target, *manager.find(version)]:
        with contextlib.suppress(PackageError):
            if file.exists() and manager.describe(file) == (NAME, version):
                if file != target:
                    part = target.with_name(f".fetch-{target.name}")
                    shutil.copyfile(file, part)
                    part.replace(target)
                return
    for get in (lambda directory: manager.download_again(version, directory), manager.rebuild):
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as directory:
            try:
                file = get(directory)
            except (PackageError, OSError) as error:
                tried.append(str(error))
                continue
            file.chmod(0o644)
            os.chown(file, os.geteuid(), os.getegid())
            file.replace(target)
            return
    raise PackageError("; ".join(tried))


def move(manager: Manager, cache: str | Path, version: str, before: Installed, origin: str) -> None:
    """Replaces the version `before` with another one, whose package file is in the cache. Raises PackageError."""
    file = cached(manager, cache, version)
    try:
        name, found = manager.describe(file)
    except PackageError as error:
        file.unlink()
        raise PackageError(mismatch(version, origin, str(error))) from error
    if (name, found) != (NAME, version):
        file.unlink()
        raise PackageError(mismatch(version, origin, f"{name} {found}"))
    note = Path(cache) / UNFINISHED
    note.write_text(f"{version}\n", encoding="utf-8")
    try:
        said = manager.install(file, before)
        after = manager.installed()
        if (after.version, after.whole) != (version, True):
            raise PackageError(
                f"logstash_version is {version!r}, but after its installation the host has {after.version!r}."
            )
        lacking = list(missing())
        if lacking:
            raise PackageError(
                f"It is installed, but without {' and '.join(lacking)}, which its post-installation script should have "
                f"made. {manager.script_words(said)}"
            )
    except PackageError as error:
        raise PackageError(
            f"Logstash {version} could not be installed. {error}\n{give_up(manager, before)}",
            "Correct what it names and run again: the next run reinstalls the package.",
        ) from error
    note.unlink()


def give_up(manager: Manager, before: Installed) -> str:
    """After a failed installation: takes a package off that was not there before. Returns what the host has now."""
    now = manager.installed()
    if now.version and not before.version:
        manager.remove()
        now = manager.installed()
        if not now.version:
            return "The package was taken off the host again, which had none before."
    return (
        f"The host has {now.version or 'none'}{'' if now.whole else ', half installed'}; the service was not touched."
    )


def mismatch(version: str, origin: str, found: str) -> str:
    """What to do when a package file is not the one that is wanted."""
    return (
        f'logstash_version is "{version}", but {origin} holds {found!r}. '
        "Set the version that the package has, or name the package of that version."
    )


def remove_old(manager: Manager, cache: str | Path, keep: Iterable[str]) -> None:
    """Removes the package files of all versions but those to keep, and what a killed run left."""
    kept = {cached(manager, cache, version).name for version in keep if version}
    for path in Path(cache).iterdir():
        if path.name.startswith(".fetch-"):
            shutil.rmtree(path)
        elif path.name.startswith(f"{NAME}-") and path.suffix == manager.suffix and path.name not in kept:
            path.unlink()
