"""Finds what was set up by hand and decides what Logstash runs, or which version, over what the role sets up.

Each find names its file and line. Values are left out, since options of a JVM or a command may hold passwords.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from . import untrusted_paths

OWN_DROP_IN = "elk-deploy.conf"
OWN_HEADER = "# Written by Ansible (elk.deploy.logstash)"
UNIT = "logstash.service"
ENVIRONMENT_FILES = ("/etc/default/logstash", "/etc/sysconfig/logstash")
# Where systemd looks, the first counts. Vendors' files are below /usr.
UNIT_FOLDERS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# Directives of a unit that say what runs, and as whom.
DIRECTIVES = {"ExecStart", "User", "Group", "DynamicUser", "RootDirectory", "RootImage"}
# Variables that say what runs: those of Logstash's start script and of Java, with what to set instead.
VARIABLES = {
    "LS_OPTS": "set the options in logstash_settings",
    "LS_SETTINGS_DIR": "the settings are those in /etc/logstash",
    "LS_JAVA_OPTS": "set logstash_heap_size and logstash_jvm_options",
    "JAVA_OPTS": "set logstash_heap_size and logstash_jvm_options",
    "JDK_JAVA_OPTIONS": "set logstash_jvm_options",
    "LS_JVM_OPTS": "set logstash_jvm_options",
    "LS_HOME": "the program is that of logstash_source",
    "LOGSTASH_HOME": "the program is that of logstash_source",
    "LS_JAVA_HOME": "set logstash_java_home",
}
# What packages themselves write, which changes nothing.
HARMLESS = {
    "LS_OPTS": ("", "--path.settings /etc/logstash", "--path.settings=/etc/logstash"),
    "LS_SETTINGS_DIR": ("/etc/logstash", "/etc/logstash/"),
    "LS_HOME": ("/usr/share/logstash",),
    "LOGSTASH_HOME": ("/usr/share/logstash",),
}
# From this release on, JAVA_HOME does not count any more.
LS_JAVA_HOME_ALONE = 8
REMOVED = "# Taken out by Ansible (elk.deploy.logstash): "
ASSIGNMENT = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))""")


class Known(TypedDict):
    """The variables that the role sets itself, and whether JAVA_HOME counts."""

    set: set[str]
    java_home_counts: bool


@dataclass(frozen=True)
class Override:
    """One find: the lines from `line` to `last` of a file, what they are, and what to do instead.

    kind     `unit` for a line of a unit or an environment, `file` for a whole unit, `hold` for what keeps a version
    """

    file: str
    line: int
    last: int
    what: str
    instead: str
    kind: str = "unit"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} ({self.instead})"


def at(root: str | Path, path: str | Path) -> Path:
    """A path of the host below a root, which is another one in tests."""
    return Path(root) / str(path).lstrip("/")


def read_lines(path: str | Path) -> list[str]:
    """The lines of a file; none where there is no such file. A unit may name one below a directory of any user."""
    try:
        return untrusted_paths.read_file(str(path)).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    except untrusted_paths.UntrustedPathError:
        # A directory, say, or what somebody else has linked: nothing that the role could take out.
        return []


def joined_lines(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, text) of a file's settings, with lines that end in a backslash joined; no comments."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith(("#", ";")) or not (text or parts):
            continue
        start = start if parts else number
        if text.endswith("\\"):
            parts.append(text[:-1].strip())
            continue
        yield start, number, " ".join([*parts, text]).strip()
        parts = []
    if parts:
        yield start, len(lines), " ".join(parts).strip()


def assignments(text: str) -> dict[str, str]:
    """{name: value} of the words of an Environment= line."""
    words = (next(group for group in match if group is not None) for match in map(re.Match.groups, _words(text)))
    return dict(word.split("=", 1) for word in words if "=" in word)


def _words(text: str) -> Iterator[re.Match[str]]:
    return ASSIGNMENT.finditer(text)


def decides(name: str, value: str, known: Known) -> bool:
    """Whether a variable says what runs: none that only repeats what is so anyway, or that the role sets itself."""
    if name == "JAVA_HOME" and known["java_home_counts"]:
        return name not in known["set"]
    return name in VARIABLES and name not in known["set"] and value.strip() not in HARMLESS.get(name, ())


def instead_of(name: str) -> str:
    """What to set in place of a variable."""
    return VARIABLES.get(name, VARIABLES["LS_JAVA_HOME"])


def find_in_environment(path: str | Path, root: str | Path, known: Known) -> Iterator[Override]:
    """The deciding variables of an EnvironmentFile."""
    for first, last, text in joined_lines(read_lines(at(root, path))):
        name, sign, value = text.partition("=")
        name = name.strip()
        if sign and decides(name, value.strip().strip("'\""), known):
            yield Override(str(path), first, last, f"{name}=", instead_of(name))


def find_in_unit(path: str, root: str | Path, known: Known, after_own: bool) -> Iterator[Override]:
    """The deciding lines of one drop-in. Those that come after the role's go before what it sets."""
    section = ""
    of_files: Known = {**known, "set": set() if after_own else known["set"]}
    for first, last, text in joined_lines(read_lines(at(root, path))):
        if text.startswith("["):
            section = text.strip("[]")
            continue
        name, sign, value = (part.strip() for part in text.partition("="))
        if section != "Service" or not sign:
            continue
        if name in DIRECTIVES:
            yield Override(str(path), first, last, f"{name}=", "the unit's is that of the package or of the role")
        elif name == "Environment":
            for variable, given in assignments(value).items():
                if decides(variable, given, known):
                    yield Override(str(path), first, last, f"Environment={variable}=", instead_of(variable))
        elif name == "EnvironmentFile" and not value and after_own:
            yield Override(str(path), first, last, "EnvironmentFile= without a file", "it drops the role's environment")
        elif name == "EnvironmentFile" and value:
            yield from find_in_environment(value.lstrip("-").strip("'\""), root, of_files)


def drop_ins(root: str | Path) -> list[str]:
    """The drop-ins of the unit in the order that systemd reads them; of two of one name the first folder's counts."""
    found: dict[str, str] = {}
    for folder in UNIT_FOLDERS:
        for path in sorted(at(root, f"{folder}/{UNIT}.d").glob("*.conf")):
            found.setdefault(path.name, f"{folder}/{UNIT}.d/{path.name}")
    return [found[name] for name in sorted(found)]


def find_whole_units(root: str | Path) -> Iterator[Override]:
    """A unit that stands in the place of the package's, unless the role has written it."""
    for folder in ("/etc/systemd/system", "/usr/local/lib/systemd/system"):
        path = at(root, f"{folder}/{UNIT}")
        if path.is_symlink() and str(path.readlink()) == "/dev/null":
            yield Override(f"{folder}/{UNIT}", 1, 1, "the unit is masked", f"systemctl unmask {UNIT}", "file")
            continue
        lines = read_lines(path)
        if lines and not lines[0].startswith(OWN_HEADER):
            reason = "it takes the place of the package's unit"
            yield Override(f"{folder}/{UNIT}", 1, len(lines), "a unit of its own", reason, "file")


def find_deciding(root: str | Path, environment: Iterable[str], version: str) -> list[Override]:
    """What decides over the role; ``environment`` are the names of the variables that the role sets itself.

    :param version: the version of Logstash that is to run.
    """
    known: Known = {"set": set(environment), "java_home_counts": java_home_counts(version)}
    found = list(find_whole_units(root))
    for path in ENVIRONMENT_FILES:
        found += find_in_environment(path, root, known)
    for path in drop_ins(root):
        name = path.rpartition("/")[2]
        if name != OWN_DROP_IN:
            found += find_in_unit(path, root, known, name > OWN_DROP_IN)
    return list(dict.fromkeys(found))


def java_home_counts(version: str) -> bool:
    """Whether JAVA_HOME says which Java this version of Logstash runs with."""
    return int(version.partition(".")[0]) < LS_JAVA_HOME_ALONE


def removable(found: Iterable[Override]) -> list[str]:
    """The files with lines that can be taken out."""
    return sorted({override.file for override in found if override.kind == "unit"})


def refusal(found: Iterable[Override]) -> str:
    """What to tell where such finds stop the run."""
    return (
        f"These manual settings override the role: {'; '.join(map(str, found))}. Nothing was changed. Set "
        "logstash_overrides to remove: the role then comments these lines out, replaces such a unit and changes a "
        "held package, and restores all of it if a first run fails; or to leave: they stay in effect. Move what you "
        "still need into the role's variables."
    )


def warning(found: Iterable[Override], handling: str) -> str:
    """What to tell where the run goes on; ``handling`` is `leave` or `remove`."""
    does = "they stay in effect" if handling == "leave" else "they give way to the role's"
    what = "; ".join(map(str, found))
    return f"This was set up by hand; as logstash_overrides is {handling}, {does}: {what}."


def find_holds(root: str | Path, manager: str, held: bool, name: str = "logstash") -> list[Override]:
    """What holds the package at a version. Needed only where another one is to come, and the role has set none."""
    finder = {"apt": _find_apt_holds, "dnf": _find_dnf_holds}.get(manager)
    return list(finder(root, held, name)) if finder else []


def _find_apt_holds(root: str | Path, held: bool, name: str) -> Iterator[Override]:
    if held:
        lines = read_lines(at(root, "/var/lib/dpkg/status"))
        start = lines.index(f"Package: {name}") + 1 if f"Package: {name}" in lines else 0
        status = next((index for index, line in enumerate(lines[start:], start) if line.startswith("Status: ")), start)
        yield Override("/var/lib/dpkg/status", status + 1, status + 1, "hold", f"apt-mark unhold {name}", "hold")
    folder = at(root, "/etc/apt/preferences.d")
    for path in [at(root, "/etc/apt/preferences"), *(sorted(folder.iterdir()) if folder.is_dir() else [])]:
        for number, line in enumerate(read_lines(path), 1):
            field, _separator, value = line.partition(":")
            if field.strip().lower() == "package" and name_matches(name, value):
                shown = "/" + str(path.relative_to(root))
                yield Override(shown, number, number, "pin", "take the entry out, or allow the version", "hold")


def _find_dnf_holds(root: str | Path, _held: bool, name: str) -> Iterator[Override]:
    locks = "/etc/dnf/plugins/versionlock.list"
    for number, line in enumerate(read_lines(at(root, locks)), 1):
        if re.match(rf"!?(\d+:)?{name}(-\d|\*|$)", line.strip()):
            yield Override(locks, number, number, "versionlock", f"dnf versionlock delete {name}", "hold")
    folder = at(root, "/etc/yum.repos.d")
    for path in [at(root, "/etc/dnf/dnf.conf"), *(sorted(folder.glob("*.repo")) if folder.is_dir() else [])]:
        for first, last, text in joined_lines(read_lines(path)):
            field, sign, value = text.partition("=")
            if sign and field.strip() in ("exclude", "excludepkgs") and name_matches(name, value):
                shown = "/" + str(path.relative_to(root))
                yield Override(shown, first, last, f"{field.strip()}=", f"take {name} out of it", "hold")


def name_matches(name: str, patterns: str) -> bool:
    """Whether one of several patterns means this package, and not simply every one."""
    words = re.split(r"[\s,]+", patterns.strip())
    return any(word.strip("*") and fnmatch.fnmatch(name, word.partition(":")[0]) for word in words if word)


def take_out(root: str | Path, overrides: Sequence[Override]) -> None:
    """Makes comments of the deciding lines. Raises OSError."""
    for file in {override.file for override in overrides}:
        path = at(root, file)
        descriptor = untrusted_paths.open_file(str(path))
        try:
            # Of one and the same file, whatever has its path meanwhile.
            content = untrusted_paths.read_up_to(descriptor, untrusted_paths.MOST_TEXT)
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        lines = content.decode("utf-8", "surrogateescape").splitlines()
        for override in overrides:
            if override.file == file:
                for index in range(override.line - 1, override.last):
                    if not lines[index].startswith(REMOVED):
                        lines[index] = REMOVED + lines[index].rstrip("\\")
        text = "".join(f"{line}\n" for line in lines)
        with untrusted_paths.open_directory(str(path.parent)) as folder, folder.replacing(path.name) as part:
            content = text.encode("utf-8", "surrogateescape")
            folder.write_new(part, content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
