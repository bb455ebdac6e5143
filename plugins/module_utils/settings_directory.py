"""Makes a directory contain exactly the given files: on a host for the module, on the control node for its action."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from . import atomic_files
from .logstash_host import untrusted_paths
from .secret_files import SecretFiles

DIRECTORY_MODE = 0o750
FILE_MODE = 0o640


class SettingsDirectoryError(Exception):
    """Why nothing, or not everything, was written; ``code`` is one of messages.CODES."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class SettingsFile:
    """A file's content, and why it must not be shown; empty if it may be."""

    content: bytes
    hidden: str = ""


@dataclass(frozen=True)
class Directory:
    """What a directory is to be.

    ``files`` has them by their paths below ``root``; ``leave`` names what else stays at its top. ``record`` is another
    file for the record of secret files than that of whoever writes.
    """

    root: Path
    files: Mapping[str, SettingsFile]
    owner: str | None = None
    group: str | None = None
    leave: Collection[str] = ()
    record: str | None = None


class _Owner(NamedTuple):
    """The numbers of a user and of a group; None for whoever writes."""

    user: int | None
    group: int | None

    @property
    def numbers(self) -> tuple[int, int]:
        """As os.chown() takes them."""
        return (-1 if self.user is None else self.user, -1 if self.group is None else self.group)


@dataclass
class _Plan:
    """What has to be done to a directory: names of folders, files, and what is not to be there."""

    make: list[str] = field(default_factory=list)
    write: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)


def ensure(directory: Directory, *, check: bool, diff: bool) -> dict[str, Any]:
    """Makes it so, unless ``check``, and returns what a module does: changed, files, removed, left, and diff if asked.

    :raises SettingsDirectoryError: it was refused, or could not be written.
    """
    root, files = directory.root, directory.files
    outside = [name for name in files if os.path.isabs(name) or ".." in Path(name).parts]
    if outside:
        raise SettingsDirectoryError(
            "settings_path_invalid", f"{outside[0]!r} leads out of {root}; give a path below it."
        )
    owner = _Owner(
        _account("user", directory.owner, lambda name: pwd.getpwnam(name).pw_uid, check),
        _account("group", directory.group, lambda name: grp.getgrnam(name).gr_gid, check),
    )
    record = SecretFiles(directory.record)
    try:
        if owner.user == 0:
            untrusted_paths.check_roots_own(
                str(root), "root writes the settings there, and systemd takes what the service runs from them"
            )
        plan = _planned(root, files, owner, directory.leave)
        result: dict[str, Any] = {
            "changed": bool(plan.make or plan.write or plan.remove),
            "files": plan.write,
            "removed": sorted(plan.remove),
            "left": [name for name in directory.leave if os.path.lexists(root / name)],
        }
        if diff:
            result["diff"] = _differences(root, plan, files, record.is_secret)
        if not check:
            _remember(record, root, plan, files)
            _carry_out(root, plan, files, owner)
            record.note({str(root / name): bool(file.hidden) for name, file in files.items()})
    except untrusted_paths.UntrustedPathError as error:
        raise SettingsDirectoryError("settings_refused", f"The settings were not written: {error}") from None
    except OSError as error:
        raise SettingsDirectoryError(
            "settings_not_written",
            f"The settings could not be written to {root}: {error}. Make room on that file "
            "system, or make it writable, and run again.",
        ) from error
    return result


def _account(kind: str, name: str | None, find: Callable[[str], int], check: bool) -> int | None:
    """The number of a user or group. A check run before the first installation has none yet."""
    if name is None:
        return None
    try:
        return find(name)
    except KeyError:
        if check:
            return -1
        raise SettingsDirectoryError(
            "account_missing", f"There is no {kind} {name!r} on the host; install the package that creates it."
        ) from None


def _is_right(path: Path, wanted_type: int, mode: int, owner: _Owner) -> bool:
    """Whether a path has this type, mode and owner. An owner of None matches any."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return (
        stat.S_IFMT(found.st_mode) == wanted_type
        and stat.S_IMODE(found.st_mode) == mode
        and owner.user in (None, found.st_uid)
        and owner.group in (None, found.st_gid)
    )


def _planned(root: Path, files: Mapping[str, SettingsFile], owner: _Owner, leave: Collection[str]) -> _Plan:
    """Compares a directory with its desired files. Ignores those in ``leave``."""
    folders = {""} | {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
    plan = _Plan()
    for name in sorted(folders):
        if not _is_right(root / name, stat.S_IFDIR, DIRECTORY_MODE, owner):
            plan.make.append(name)
    for name, file in files.items():
        path = root / name
        led_away = any((root / parent).is_symlink() for parent in Path(name).parents)
        if led_away or not _is_right(path, stat.S_IFREG, FILE_MODE, owner) or path.read_bytes() != file.content:
            plan.write.append(name)
    for directory, inside, others in os.walk(root):
        for name in list(inside):
            found = str((Path(directory) / name).relative_to(root))
            if found not in folders:
                plan.remove.append(found)
                inside.remove(name)
        paths = (str((Path(directory) / name).relative_to(root)) for name in others)
        plan.remove.extend(path for path in paths if path not in files and path not in leave)
    return plan


def _carry_out(root: Path, plan: _Plan, files: Mapping[str, SettingsFile], owner: _Owner) -> None:
    for name in plan.remove:
        _remove(root / name)
    for name in plan.make:
        path = root / name
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if owner != (None, None):
            os.chown(path, *owner.numbers)
        path.chmod(DIRECTORY_MODE)
    for name in plan.write:
        write(root / name, files[name].content, owner)


def _remove(path: Path) -> None:
    """Removes a file, a link or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def write(path: Path, content: bytes, owner: _Owner) -> None:
    """Writes a file that is never readable for others, and appears complete."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    atomic_files.write(path, content, FILE_MODE, owner.numbers)


def _why_hidden(path: Path, was_secret: Callable[[Path], bool | None]) -> str:
    """Why the current content must not be shown; empty if it may be."""
    if not path.is_file():
        return ""
    secret = was_secret(path)
    if secret is None:
        return "it is not known whether what is there now has secrets"
    return "what is there now has secrets" if secret else ""


def _differences(
    root: Path, plan: _Plan, files: Mapping[str, SettingsFile], was_secret: Callable[[Path], bool | None]
) -> list[dict[str, str]]:
    """The differences to show: one for each file, or the reason why it is not shown."""
    shown = [{"prepared": f"folder {name or '.'}\n"} for name in plan.make]
    for name in plan.write:
        path = root / name
        reason = files[name].hidden or _why_hidden(path, was_secret)
        if reason:
            shown.append({"prepared": f"Not shown: {name} ({reason})\n"})
            continue
        before = path.read_bytes() if path.is_file() else b""
        shown.append(
            {
                "before_header": name,
                "after_header": name,
                "before": before.decode("utf-8", "replace"),
                "after": files[name].content.decode("utf-8", "replace"),
            }
        )
    return shown + [{"prepared": f"removed {name}\n"} for name in plan.remove]


def _remember(record: SecretFiles, root: Path, plan: _Plan, files: Mapping[str, SettingsFile]) -> None:
    """Writes down, before anything is written, what has secrets from then on; what has none any more, afterwards."""
    has_secrets: dict[str, bool | None] = {str(root / name): True for name, file in files.items() if file.hidden}
    record.note({**has_secrets, **{str(root / name): None for name in plan.remove}})
