"""Opens and makes directories as root below directories that another user may write to.

The service's user owns path.data. Had it a link ``queue`` to ``/etc`` there, a careless root would hand ``/etc`` to it.
So every step goes through the descriptor of the directory above, and only links that belong to root, thus to an
administrator, are followed.
"""

from __future__ import annotations

import os
import stat

MOST_LINKS = 40
# Directories above Logstash's own: everybody may enter them, as /srv and /var/lib.
PARENT_MODE = 0o755


class RefusedError(Exception):
    """A path that root must not follow, or that is no directory."""


def open_directory(path, make_missing=False):
    """The descriptor of a directory. Raises FileNotFoundError, RefusedError and other OSErrors."""
    steps = [step for step in os.path.normpath(path).split("/") if step]
    followed = 0
    seen = ""
    current = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        while steps:
            step = steps.pop(0)
            seen += f"/{step}"
            made = make_missing and _make(step, current)
            status = os.lstat(step, dir_fd=current)
            if stat.S_ISLNK(status.st_mode):
                followed += 1
                target = _target(step, seen, status, current, followed)
                steps = [part for part in target.split("/") if part and part != "."] + steps
                seen = "" if target.startswith("/") else os.path.dirname(seen)
                if target.startswith("/"):
                    current = _replaced(current, os.open("/", os.O_RDONLY | os.O_DIRECTORY))
            elif stat.S_ISDIR(status.st_mode):
                entered = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
                current = _replaced(current, entered)
                if made:
                    # Whatever the umask of this process is.
                    os.fchmod(current, PARENT_MODE)
            else:
                raise RefusedError(f"{seen} is not a directory. Move it away, or set another path.")
    except BaseException:
        os.close(current)
        raise
    return current


def _make(step, current):
    """Makes a directory where nothing of the name is; whether it did."""
    try:
        os.mkdir(step, PARENT_MODE, dir_fd=current)
    except FileExistsError:
        return False
    return True


def _target(step, seen, status, current, followed):
    if status.st_uid != 0:
        raise RefusedError(
            f"{seen} is a symbolic link that belongs to user id {status.st_uid} and not to root: it is not followed. "
            "Replace it by a directory, or make the link again as root if it is meant."
        )
    if followed > MOST_LINKS:
        raise RefusedError(f"{seen} is a symbolic link that leads in a circle. Remove it, or set another path.")
    return os.readlink(step, dir_fd=current)


def _replaced(old, new):
    os.close(old)
    return new
