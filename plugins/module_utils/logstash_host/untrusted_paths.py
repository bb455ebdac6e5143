"""Works as root on what lies below directories that another user may write to.

The service's user owns path.data, path.logs and what is in them. If it had a link ``queue`` to ``/etc`` there, a
careless root would give it ``/etc``; a link ``logstash-plain.log`` to ``/etc/shadow`` would be printed; opening a FIFO
in place of a file would block forever. And it may replace any of them between a check and its use. So:

- every step goes through the descriptor of the directory above, and what is done is done by descriptor and name;
- a link is followed only where it's root's, thus an administrator's, and leads to nothing that its directory's owner
  does not have anyway;
- a file is opened without following and without waiting, and its descriptor says whether it is a regular file of the
  owner that is expected. One with several names is never given away: one of them may be somebody else's;
- what is read, walked through or removed has a limit.

Each module that touches such a directory does it through this one; a test sees to it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

MOST_LINKS = 40
# What the name of something ends in that is still being made.
PART = ".part"
# The ids of a user and a group, and those that leave what the process itself has.
Owner = tuple[int, int]
OURS = (-1, -1)
# How deep directories may be nested, and how many entries one walk may see. A queue has some thousand pages at most.
MOST_LEVELS = 100
MOST_ENTRIES = 1_000_000
# How large a file of settings or of an environment may be.
MOST_TEXT = 16 << 20
BLOCK = 1 << 20
# Directories above Logstash's own: everybody may enter them, as /srv and /var/lib.
PARENT_MODE = 0o755
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
KINDS = (
    (stat.S_ISREG, "a regular file"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)
# An access control list: its version, then of each entry whom it is for, what they may do, and their id.
ACCESS_LIST = "system.posix_acl_access"
ACCESS_HEAD = 4
ACCESS_ENTRY = struct.Struct("<HHI")
OF_A_USER, OF_A_GROUP, MASK = 0x02, 0x08, 0x10
MAY_WRITE = 2
# What opening something says that was exchanged for a link, a FIFO, a socket or a directory a moment before, or that
# its owner keeps from being opened.
EXCHANGED = (errno.ELOOP, errno.ENXIO, errno.EAGAIN, errno.ENOTDIR, errno.EISDIR, errno.ENODEV)


class UntrustedPathError(OSError):
    """Something that root must not follow, read or change; the message names the path, what it is, and a hint.

    An OSError, so that whoever expects that a path cannot be used expects this as well.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.strerror = message


def kind_of(status: os.stat_result) -> str:
    """What something is, in words."""
    return next((words for is_kind, words in KINDS if is_kind(status.st_mode)), "a device")


def is_trusted(uid: int) -> bool:
    """Whether what belongs to a user may be relied on: root, or whoever runs this."""
    return uid in (0, os.geteuid())


def is_roots_own(descriptor: int) -> bool:
    """Whether nobody but root may write to an open file, or exchange what is in an open directory."""
    status = os.fstat(descriptor)
    by_group = status.st_mode & stat.S_IWGRP and status.st_gid != 0
    by_all = status.st_mode & stat.S_IWOTH
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return is_trusted(status.st_uid) and bool(sticky or not (by_group or by_all or lets_others_write(descriptor)))


def lets_others_write(descriptor: int) -> bool:
    """Whether an access control list gives another user or group the right to write, whatever the group's own are."""
    try:
        entries = list(ACCESS_ENTRY.iter_unpack(os.getxattr(descriptor, ACCESS_LIST)[ACCESS_HEAD:]))
    except OSError:
        # It has none, or its file system knows none.
        return False
    most = next((rights for kind, rights, _id in entries if kind == MASK), MAY_WRITE)
    return any(
        rights & most & MAY_WRITE
        and ((kind == OF_A_USER and not is_trusted(number)) or (kind == OF_A_GROUP and number != 0))
        for kind, rights, number in entries
    )


class Directory:
    """An open directory. What is done in it is done there, whatever becomes of its path meanwhile.

    Names are those of its entries, without a slash. ``path`` is for messages.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self.descriptor, self.path = descriptor, path

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes it; what was opened in it stays open."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def place(self, name: str) -> str:
        """The path of an entry, for messages."""
        return f"{self.path.rstrip('/')}/{name}"

    def own_status(self) -> os.stat_result:
        """The directory's own status."""
        return os.fstat(self.descriptor)

    def real_path(self) -> str:
        """Where it lies now, without links."""
        return os.readlink(f"/proc/self/fd/{self.descriptor}")

    def volume(self) -> os.statvfs_result:
        """The status of the file system that it lies on."""
        return os.fstatvfs(self.descriptor)

    # Entries

    def names(self) -> list[str]:
        """The names of its entries, sorted."""
        found = []
        with os.scandir(self.descriptor) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) > MOST_ENTRIES:
                    raise UntrustedPathError(f"{self.path} has more than {MOST_ENTRIES} entries. Remove what fills it.")
        return sorted(found)

    def status(self, name: str) -> os.stat_result:
        """The status of an entry; of a link, its own. Raises FileNotFoundError."""
        return os.lstat(_checked(name), dir_fd=self.descriptor)

    def find(self, name: str) -> os.stat_result | None:
        """The status of an entry, None where there is none of the name."""
        with contextlib.suppress(FileNotFoundError):
            return self.status(name)
        return None

    def target_of(self, name: str) -> str:
        """Where a link leads to. Raises OSError for what is none."""
        return os.readlink(_checked(name), dir_fd=self.descriptor)

    # Directories below

    def enter(self, name: str) -> Directory:
        """A directory in this one, as a Directory; a link is none. Raises FileNotFoundError and UntrustedPathError."""
        try:
            entered = os.open(_checked(name), DIRECTORY, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in EXCHANGED:
                raise
            found = self.find(name)
            raise UntrustedPathError(
                f"{self.place(name)} is {kind_of(found) if found else 'gone'}; expected a directory. Move it away, and "
                "run again."
            ) from None
        return Directory(entered, self.place(name))

    def below(self, relative: str) -> Directory:
        """A directory at a relative path, none of whose steps may be a link; an empty path is this one, again."""
        current = Directory(os.dup(self.descriptor), self.path)
        for step in filter(None, relative.split("/")):
            try:
                entered = current.enter(step)
            finally:
                current.close()
            current = entered
        return current

    def make(self, name: str, mode: int = 0o700) -> Directory:
        """Creates a directory of root's. Raises FileExistsError, or UntrustedPathError if it was replaced."""
        os.mkdir(_checked(name), 0o700, dir_fd=self.descriptor)
        made = self.enter(name)
        try:
            # Whoever may write here may have put another one in its place, even one of root's.
            status = made.own_status()
            if status.st_uid != os.geteuid() or os.listdir(made.descriptor):
                raise UntrustedPathError(
                    f"{made.path} was just made, and is another directory now (of user id {status.st_uid}). Stop what "
                    f"changes {self.path}, and run again."
                )
            # Whatever the umask of this process is.
            os.fchmod(made.descriptor, mode)
        except BaseException:
            made.close()
            raise
        return made

    def own(self, uid: int, gid: int, mode: int) -> None:
        """Gives the directory itself an owner, a group and a mode."""
        os.fchown(self.descriptor, uid, gid)
        os.fchmod(self.descriptor, mode)

    # Files

    def open_file(
        self, name: str, owners: Collection[int] | None = None, writable: bool = False, give: bool = False
    ) -> int:
        """The descriptor of a regular file. Raises FileNotFoundError, UntrustedPathError and other OSErrors.

        owners    the ids of the users that it may belong to; everybody's without it
        writable  whether it is to be written to or locked
        give      whether it is to get another owner or mode, for which it may have only one name
        """
        self._check_file(name, self.status(name), owners, give)
        try:
            flags = os.O_RDWR if writable else os.O_RDONLY
            descriptor = os.open(name, flags | FILE, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in EXCHANGED:
                raise
            raise UntrustedPathError(
                f"{self.place(name)} can't be opened as a regular file: {error.strerror}. Remove it, and run again."
            ) from None
        try:
            self._check_file(name, os.fstat(descriptor), owners, give)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _check_file(self, name: str, status: os.stat_result, owners: Collection[int] | None, give: bool) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedPathError(
                f"{self.place(name)} is {kind_of(status)}; expected a regular file: root opens nothing else below a "
                "directory of another user. Remove it, and run again."
            )
        if owners is not None and status.st_uid not in owners:
            wanted = " or ".join(f"user id {uid}" for uid in sorted(owners))
            raise UntrustedPathError(
                f"{self.place(name)} belongs to user id {status.st_uid}; expected {wanted}. Give it to that user, or "
                "remove it."
            )
        if give and status.st_nlink != 1:
            raise UntrustedPathError(
                f"{self.place(name)} has {status.st_nlink} hard links; expected one name, since another may be "
                "somebody else's file. Put a copy in its place, and run again."
            )

    def create_file(self, name: str) -> int:
        """The descriptor of a new file of root's that nobody else may open. Raises FileExistsError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | FILE
        return os.open(_checked(name), flags, 0o600, dir_fd=self.descriptor)

    def write_new(self, name: str, content: bytes, mode: int = 0o600, owner: Owner = OURS) -> None:
        """Writes a new file that nobody else may open before it has its owner. Raises FileExistsError.

        ``owner`` has the ids of user and group, -1 for those of the process.
        """
        made = self.create_file(name)
        try:
            write_at(made, content, 0)
            # The mode comes last, since a change of the owner may cut it.
            os.fchown(made, *owner)
            os.fchmod(made, mode)
            os.fsync(made)
        finally:
            os.close(made)

    @contextlib.contextmanager
    def replacing(self, name: str, end: str = PART) -> Iterator[str]:
        """Gives the name to make something under that takes the place of ``name`` at the end, in one step.

        What a killed run left under that name is removed. If the body raises something, ``name`` stays as it is.
        """
        part = f"{name}{end}"
        self.remove(part)
        try:
            yield part
            self.rename(part, self, name)
        except BaseException:
            with contextlib.suppress(OSError):
                self.remove(part)
            raise

    def make_link(self, name: str, target: str, uid: int, gid: int) -> None:
        """Creates a symbolic link with an owner. Raises FileExistsError, or UntrustedPathError if it was replaced."""
        os.symlink(target, _checked(name), dir_fd=self.descriptor)
        made = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.descriptor)
        try:
            status = os.fstat(made)
            if not stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
                raise UntrustedPathError(
                    f"{self.place(name)} was just made, and is {kind_of(status)} of user id {status.st_uid} now. Stop "
                    f"what changes {self.path}, and run again."
                )
            # Leads to the very link that was opened, and not on from there.
            os.chown(f"/proc/self/fd/{made}", uid, gid)
        finally:
            os.close(made)

    def rename(self, name: str, folder: Directory, new_name: str) -> None:
        """Moves an entry to another directory of the same volume, in one step and over what has the name there."""
        os.replace(_checked(name), _checked(new_name), src_dir_fd=self.descriptor, dst_dir_fd=folder.descriptor)

    def unlink(self, name: str) -> None:
        """Removes an entry that is no directory; of a link, itself."""
        os.unlink(_checked(name), dir_fd=self.descriptor)

    def remove_empty(self, name: str) -> None:
        """Removes a directory that is empty. Raises OSError for another."""
        os.rmdir(_checked(name), dir_fd=self.descriptor)

    def remove(self, name: str, level: int = 0) -> None:
        """Removes an entry with all that is in it; nothing where there is none. Links are not followed."""
        status = self.find(name)
        if status is None:
            return
        if not stat.S_ISDIR(status.st_mode):
            with contextlib.suppress(FileNotFoundError):
                self.unlink(name)
            return
        if level == MOST_LEVELS:
            raise too_deep(self.place(name))
        with self.enter(name) as folder:
            for inside in folder.names():
                folder.remove(inside, level + 1)
        self.remove_empty(name)


def _checked(name: str) -> str:
    """A name that is one step down, and nowhere else."""
    if "/" in name or name in ("", ".", ".."):
        raise UntrustedPathError(f"{name!r} is not a file name; expected one without slashes. Correct the path.")
    return name


def too_deep(path: str) -> UntrustedPathError:
    """The error for directories that somebody nested without end."""
    return UntrustedPathError(f"{path} lies more than {MOST_LEVELS} directories deep. Remove what is nested so.")


# Ways to a directory


def open_directory(path: str, make_missing: bool = False) -> Directory:
    """The Directory at an absolute path. Raises FileNotFoundError, UntrustedPathError and other OSErrors.

    Links of root's are followed. One that lies in a directory of another user may be renamed by that user: it's
    followed only to a directory that belongs to the same user, who gains nothing by it. What is made belongs to root.
    """
    if not path.startswith("/") or ".." in path.split("/"):
        raise UntrustedPathError(f"{path} is not an absolute path without `..`. Write the path in full.")
    steps: list[str | _Arrival] = [step for step in path.split("/") if step not in ("", ".")]
    followed = 0
    current = Directory(os.open("/", DIRECTORY), "/")
    try:
        while steps:
            step = steps.pop(0)
            if isinstance(step, _Arrival):
                step.check(current)
                continue
            if step == "..":
                # Only targets of links have it: the directory above, wherever the one that is open lies now.
                above = os.open("..", DIRECTORY, dir_fd=current.descriptor)
                entered = Directory(above, os.path.dirname(current.path))
            elif link := _link(current, step):
                followed += 1
                arrival = _Arrival.of(current, step, link, followed)
                target = current.target_of(step)
                steps = [*(part for part in target.split("/") if part not in ("", ".")), arrival, *steps]
                if not target.startswith("/"):
                    continue
                entered = Directory(os.open("/", DIRECTORY), "/")
            else:
                entered = _enter(current, step, make_missing, steps)
            current.close()
            current = entered
    except BaseException:
        current.close()
        raise
    current.path = os.path.normpath(path)
    return current


def _link(folder: Directory, name: str) -> os.stat_result | None:
    """The status of an entry that is a link, None of any other."""
    found = folder.find(name)
    return found if found and stat.S_ISLNK(found.st_mode) else None


def _enter(folder: Directory, name: str, make_missing: bool, steps: Iterable[str | _Arrival]) -> Directory:
    """A directory below, made where it is missing; never behind a link that is still to be judged."""
    judged = not any(isinstance(step, _Arrival) and step.owner is not None for step in steps)
    if make_missing and judged:
        with contextlib.suppress(FileExistsError):
            return folder.make(name, PARENT_MODE)
    return folder.enter(name)


class _Arrival:
    """Where a link has led to: looked at once all steps of its target are gone."""

    def __init__(self, path: str, owner: int | None) -> None:
        """`owner` is whom the directory has to belong to, None for anybody."""
        self.path, self.owner = path, owner

    @classmethod
    def of(cls, folder: Directory, name: str, status: os.stat_result, followed: int) -> _Arrival:
        """The arrival of a link that may be followed. Raises UntrustedPathError for another."""
        path = folder.place(name)
        if not is_trusted(status.st_uid):
            raise UntrustedPathError(
                f"{path} is a symbolic link that belongs to user id {status.st_uid} and not to root: it is not "
                "followed. Replace it by a directory, or create the link again as root if it is intended."
            )
        if status.st_nlink != 1:
            raise UntrustedPathError(
                f"{path} is a symbolic link with {status.st_nlink} hard links: it is not followed, since somebody else "
                "may have put it there. Create it again as root if it is intended."
            )
        if followed > MOST_LINKS:
            raise UntrustedPathError(
                f"{path} is a symbolic link that leads in a circle. Remove it, or set another path."
            )
        holder = folder.own_status()
        if holder.st_mode & stat.S_IWOTH and not holder.st_mode & stat.S_ISVTX:
            raise UntrustedPathError(
                f"{path} is a symbolic link in a directory that everybody may write to: it is not followed. Set the "
                f"path that it leads to, or run chmod o-w {folder.path}."
            )
        return cls(path, None if is_trusted(holder.st_uid) else holder.st_uid)

    def check(self, folder: Directory) -> None:
        """Raises UntrustedPathError where the directory is not one that the link may lead to."""
        uid = folder.own_status().st_uid
        if self.owner not in (None, uid):
            raise UntrustedPathError(
                f"{self.path} is a symbolic link in a directory of user id {self.owner}, who may rename it. It leads "
                f"to {folder.path}, which belongs to user id {uid}; expected the same user. Set that path itself "
                f"instead of the link's, or give the directory to user id {self.owner} first."
            )


def open_nearest(path: str) -> Directory:
    """The Directory at a path or, where it is missing, the first one above it that is there."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            return open_directory(path)
        path = os.path.dirname(path)


def is_directory(path: str) -> bool:
    """Whether a path is a directory; root's links are followed. Raises UntrustedPathError for others' links."""
    try:
        open_directory(path).close()
    except FileNotFoundError:
        return False
    return True


def check_roots_own(path: str, what: str) -> None:
    """Raises UntrustedPathError if another user than root may replace what is at a path; ``what`` says who needs it.

    Looks at the directory and at those above it, as far as they are there.
    """
    parts = os.path.normpath(path).split("/")
    for count in range(1, len(parts) + 1):
        above = "/".join(parts[:count]) or "/"
        try:
            with open_directory(above) as folder:
                status, own = folder.own_status(), is_roots_own(folder.descriptor)
                by_list = lets_others_write(folder.descriptor)
        except FileNotFoundError:
            return
        if not own:
            raise UntrustedPathError(
                f"{above} {_rights(status, by_list)}, so that others than root may exchange what is in it; {what}. "
                f"Look through what is in it, run {_hint(above, by_list)}, and run again."
            )


class Warns(Protocol):
    """A module, as far as it is needed here."""

    def warn(self, warning: str) -> None: ...


def _rights(status: os.stat_result, by_list: bool) -> str:
    """Whom something belongs to, and who may write to it, in words."""
    more = " and an access control list" if by_list else ""
    return f"belongs to user id {status.st_uid} and has the mode {stat.S_IMODE(status.st_mode):04o}{more}"


def _hint(path: str, by_list: bool) -> str:
    """The commands after which nobody but root may write to something."""
    return (
        f"setfacl -b {path}, chown root {path} and chmod go-w {path}"
        if by_list
        else (f"chown root {path} and chmod go-w {path}")
    )


def warn_of_foreign_program(module: Warns, home: str) -> None:
    """Warns where root is about to run programs that another user may exchange, as early packages of 5.x leave them."""
    try:
        check_roots_own(home, "root runs programs from there")
    except OSError as error:
        module.warn(str(error))


# Files


def read_up_to(descriptor: int, limit: int, offset: int = 0) -> bytes:
    """At most so many bytes of a file from a place on."""
    parts: list[bytes] = []
    left = limit
    while left > 0:
        part = os.pread(descriptor, min(left, BLOCK), offset)
        if not part:
            break
        parts.append(part)
        offset, left = offset + len(part), left - len(part)
    return b"".join(parts)


def write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Writes all of some bytes to a place of a file."""
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written


def copy_times(original: int, made: int) -> None:
    """Gives an open file or directory the times of another one."""
    status = os.fstat(original)
    os.utime(made, ns=(status.st_atime_ns, status.st_mtime_ns))


def copy_attributes(original: int, made: int) -> None:
    """Copies extended attributes, such as access control lists, as far as the volume takes them; no capabilities."""
    with contextlib.suppress(OSError):
        for name in os.listxattr(original):
            if name != "security.capability":
                with contextlib.suppress(OSError):
                    os.setxattr(made, name, os.getxattr(original, name))


def open_file(path: str, owners: Collection[int] | None = None, writable: bool = False) -> int:
    """The descriptor of a regular file, by its absolute path. Raises as `Directory.open_file` does.

    A link is followed where it's root's and lies in a directory of root's, as a release's in /etc/logstash.
    """
    for followed in range(MOST_LINKS):
        above, name = os.path.split(path)
        with open_directory(above) as folder:
            link = _link(folder, name)
            if link is None or not is_trusted(folder.own_status().st_uid):
                return folder.open_file(name, owners, writable)
            _Arrival.of(folder, name, link, followed)
            path = os.path.normpath(os.path.join(folder.real_path(), folder.target_of(name)))
    raise UntrustedPathError(f"{path} is a symbolic link that leads in a circle. Remove it, and run again.")


def read_file(path: str, limit: int = MOST_TEXT) -> bytes:
    """The content of a regular file of at most ``limit`` bytes, by its absolute path. Raises as `open_file` does."""
    descriptor = open_file(path)
    try:
        content = read_up_to(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise UntrustedPathError(f"{path} is larger than the expected {limit} bytes. Correct or remove it.")
    return content


def status_of(path: str) -> os.stat_result:
    """The status of a regular file, by its absolute path. Raises as `open_file` does."""
    descriptor = open_file(path)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def check_roots_file(path: str, what: str) -> None:
    """Raises UntrustedPathError if another user than root may write to a file; ``what`` says what relies on it."""
    descriptor = open_file(path)
    try:
        status, own, by_list = os.fstat(descriptor), is_roots_own(descriptor), lets_others_write(descriptor)
    finally:
        os.close(descriptor)
    if not own:
        raise UntrustedPathError(
            f"{path} {_rights(status, by_list)}, so that others than root may write to it; {what}. Look through it, "
            f"run {_hint(path, by_list)}, and run again."
        )


# Trees


def walk(
    root: Directory, enter: Callable[[str, os.stat_result], bool] = lambda _path, _status: True
) -> Iterator[tuple[Directory, str, os.stat_result]]:
    """(its Directory, name, status) of everything below a Directory, sorted; of directories before what is in them.

    Links are not followed. ``enter(path, status)`` says whether a directory is looked into. What goes meanwhile is left
    out. A Directory is open until the next one is asked for.
    """
    count = 0
    stack = [(root, iter(root.names()))]
    try:
        while stack:
            folder, names = stack[-1]
            name = next(names, None)
            if name is None:
                stack.pop()
                if folder is not root:
                    folder.close()
                continue
            count += 1
            if count > MOST_ENTRIES:
                raise UntrustedPathError(f"{root.path} holds more than {MOST_ENTRIES} entries. Remove what fills it.")
            status = folder.find(name)
            if status is None:
                continue
            yield folder, name, status
            if stat.S_ISDIR(status.st_mode) and enter(folder.place(name), status):
                if len(stack) > MOST_LEVELS:
                    raise too_deep(folder.place(name))
                with contextlib.suppress(FileNotFoundError):
                    entered = folder.enter(name)
                    stack.append((entered, iter(entered.names())))
    finally:
        for folder, _names in stack:
            if folder is not root:
                folder.close()
