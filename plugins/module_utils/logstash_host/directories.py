"""Logstash's directories on a host: whether they are as the service's user needs them, and what is wrong with them."""

from __future__ import annotations

import fnmatch
import grp
import os
import pwd
import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import accounts, native_code, stored_data, untrusted_paths

# The files that Logstash itself makes directly in a directory; whatever is not here belongs to somebody else.
KNOWN_FILES: dict[str, tuple[str, ...]] = {
    "data": (".lock", "uuid", *stored_data.POSITIONS),
    "queues": (),
    "queue": (".lock", ".queue-version", "checkpoint.*", "page.*"),
    "dead_letter_queues": (),
    "dead_letter_queue": (".lock", "*.log", "*.log.tmp"),
    "logs": ("logstash-*.log*", "pipeline_*.log*"),
    "tmp": ("jffi*",),
}
# Without write access to these Logstash does not start, or a pipeline does not. The rest costs at most a warning.
VITAL = {"data": (".lock",), "queue": KNOWN_FILES["queue"], "dead_letter_queue": (".lock",)}
SHOWN = 10
# What a module is told of the directories.
OPTIONS: dict[str, dict[str, Any]] = {
    "directories": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "holds": {"type": "str", "choices": list(KNOWN_FILES), "required": True},
            "variable": {"type": "str", "default": ""},
        },
    },
    "user": {"type": "str", "required": True},
    "group": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0750"},
}


class Survey:
    """Goes through the directories, repairs what is wrong unless it only checks, and notes all of it."""

    def __init__(self, account: pwd.struct_passwd, gid: int, mode: int, check: bool) -> None:
        self.account, self.gid, self.mode, self.check = account, gid, mode, check
        self.created: list[str] = []
        self.wrong_modes: list[str] = []
        self.vital: list[str] = []
        # {user id: [path]}, since one message names an owner and its probable cause once.
        self.wrong_owners: dict[int, list[str]] = defaultdict(list)
        self.foreign: dict[int, list[str]] = defaultdict(list)
        # {path: (before, after)} for the diff.
        self.changes: dict[str, tuple[str, str]] = {}
        self.own_directories: set[tuple[int, int]] = set()

    def ensure(self, path: str, holds: str) -> None:
        """Makes one directory what it has to be, and the known files in it."""
        try:
            directory = untrusted_paths.open_directory(path)
        except FileNotFoundError:
            self.created.append(path)
            self.changes[path] = ("absent", self._wanted(self.mode))
            if self.check:
                return
            directory = untrusted_paths.open_directory(path, make_missing=True)
            directory.own(self.account.pw_uid, self.gid, self.mode)
        with directory:
            self._ensure_directory(directory)
            for name in directory.names():
                if matches(name, KNOWN_FILES[holds]):
                    self._ensure_file(directory, name, holds)

    def _ensure_directory(self, directory: untrusted_paths.Directory) -> None:
        status, path = directory.own_status(), directory.path
        self.own_directories.add((status.st_dev, status.st_ino))
        if status.st_uid != self.account.pw_uid:
            self.wrong_owners[status.st_uid].append(path)
        elif status.st_gid != self.gid or stat.S_IMODE(status.st_mode) != self.mode:
            self.wrong_modes.append(path)
        else:
            return
        self.changes[path] = (describe(status), self._wanted(self.mode))
        if not self.check:
            directory.own(self.account.pw_uid, self.gid, self.mode)

    def _ensure_file(self, directory: untrusted_paths.Directory, name: str, holds: str) -> None:
        status = directory.find(name)
        # A running Logstash has removed it since.
        if status is None or status.st_uid == self.account.pw_uid:
            return
        path = directory.place(name)
        try:
            descriptor = directory.open_file(name, give=True)
        except FileNotFoundError:
            return
        except untrusted_paths.UntrustedPathError:
            if matches(name, VITAL.get(holds, ())):
                self.vital.append(path)
            return
        try:
            status = os.fstat(descriptor)
            self.wrong_owners[status.st_uid].append(path)
            self.changes[path] = (describe(status), self._wanted(stat.S_IMODE(status.st_mode)))
            if not self.check:
                os.fchown(descriptor, self.account.pw_uid, self.gid)
        finally:
            os.close(descriptor)

    def _wanted(self, mode: int) -> str:
        return f"{self.account.pw_name}:{group_name(self.gid)} {mode:04o}"

    def look_for_foreign(self, path: str) -> None:
        """Notes what is left with another owner below a directory; other volumes and links are not entered."""
        try:
            directory = untrusted_paths.open_directory(path)
        except FileNotFoundError:
            return
        with directory:
            device = directory.own_status().st_dev

            def is_here(below: str, status: os.stat_result) -> bool:
                return not self._is_elsewhere(status, device, os.path.basename(below))

            for folder, name, status in untrusted_paths.walk(directory, is_here):
                if not stat.S_ISDIR(status.st_mode) or is_here(name, status):
                    self._look(folder.place(name), status)

    def _is_elsewhere(self, status: os.stat_result, device: int, name: str) -> bool:
        """Whether a directory is not to be entered: visited already, another volume, or what ext4 makes on each."""
        own = (status.st_dev, status.st_ino) in self.own_directories
        return own or status.st_dev != device or (name == "lost+found" and status.st_uid == 0)

    def _look(self, path: str, status: os.stat_result) -> None:
        if status.st_uid == self.account.pw_uid or path in self.changes:
            return
        what = " (a symbolic link)" if stat.S_ISLNK(status.st_mode) else ""
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            what = f" (has {status.st_nlink} hard links)"
        self.foreign[status.st_uid].append(path + what)

    def repairs_in_words(self) -> list[str]:
        """What was wrong, one text for each owner, and one for modes and groups."""
        lines = by_owner(self.wrong_owners, "belonged to")
        if self.wrong_modes:
            lines.append(f"other group or mode than {self._wanted(self.mode)}: {bounded(self.wrong_modes)}")
        return lines


def by_owner(found: Mapping[int, Sequence[str]], verb: str) -> list[str]:
    """{user id: [path]} as one text for each owner: how many, whose, probably why, and the first of them."""
    return [
        f"{len(paths)} {verb} {accounts.owner_name(uid)} ({accounts.probable_cause(uid)}): {bounded(paths)}"
        for uid, paths in found.items()
    ]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name matches one of the patterns."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def describe(status: os.stat_result) -> str:
    """Owner, group and mode for the diff."""
    return f"{accounts.owner_name(status.st_uid)}:{group_name(status.st_gid)} {stat.S_IMODE(status.st_mode):04o}"


def group_name(gid: int) -> str:
    """The name of a group, or its number where the host has no such group."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def bounded(lines: Sequence[str]) -> str:
    """The first of them as one text, and how many more there are."""
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(lines[:SHOWN]) + more


def why_not_writable(path: str) -> str:
    """What keeps the user that runs this from writing to a directory; an empty text when nothing does."""
    if os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return ""
    parts = path.rstrip("/").split("/")
    for count in range(2, len(parts)):
        above = "/".join(parts[:count])
        if not os.access(above, os.X_OK):
            return f"{above} does not let it in (chmod o+x {above}, or choose another path)"
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "its file system is mounted read-only (mount it read-write, and see in the kernel's log why it was not)"
    return "its mode or an access control list denies it"


def unfit(directories: Iterable[Mapping[str, str]], vital: Iterable[str]) -> list[str]:
    """For the user that runs this: what it can't write to, or not load native libraries from, in words."""
    paths = [item["path"] for item in directories]
    found = [f"{path}: {reason}" for path in paths for reason in [why_not_writable(path)] if reason]
    return (
        found
        + [
            f"{path}: it is a link or has several, and leads to a file that is not the user's"
            for path in vital
            if not os.access(path, os.R_OK | os.W_OK)
        ]
        + [
            f"{item['path']}: native libraries can't be loaded from it, since {reason} "
            "(set logstash_path_tmp to another one)"
            for item in directories
            if item["holds"] == "tmp" and not why_not_writable(item["path"])
            for reason in [native_code.refuses_programs(item["path"])]
            if reason
        ]
    )


def are_ready(options: Mapping[str, Any]) -> bool:
    """Whether logstash_directories with these options would change nothing and have nothing to say."""
    try:
        account, gid = accounts.find_account(options["user"]), grp.getgrnam(options["group"]).gr_gid
    except (accounts.NoSuchUserError, KeyError):
        return False
    survey = Survey(account, gid, int(options["mode"], 8), check=True)
    try:
        for item in options["directories"]:
            survey.ensure(item["path"], item["holds"])
        for item in options["directories"]:
            survey.look_for_foreign(item["path"])
        if survey.changes or survey.foreign or survey.vital:
            return False
        return not accounts.do_as(account, lambda: unfit(options["directories"], survey.vital))
    except (OSError, accounts.WorkFailedError):
        return False
