"""Makes a deb of a package that is installed, for a host whose package file nobody has any more.

The database of dpkg has its control data and scripts; its files lie where they are used. Files are linked where they
lie on the same file system, so that this needs room for the packed file alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

DATABASE = Path("/var/lib/dpkg/info")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "config")
CONTROL_FILES = ("templates", "triggers", "shlibs", "symbols")
# What dpkg adds to the control data of an installed package.
ADDED = re.compile(r"^(?:Status|Conffiles|Config-Version): ?.*\n(?: .*\n)*", re.MULTILINE)


class RebuildError(Exception):
    """The package cannot be made again; the message says why."""


def build(run: Callable[[list[str]], str], name: str, folder: Path, database: Path = DATABASE) -> Path:
    """The path of the deb, below a folder. ``run(command)`` gives the output. Raises RebuildError and OSError."""
    status = run(["dpkg-query", "--status", name]).rstrip("\n") + "\n"
    root = folder / "root"
    control = root / "DEBIAN"
    control.mkdir(mode=0o755, parents=True)
    root.chmod(0o755)
    (control / "control").write_text(ADDED.sub("", status), encoding="utf-8")
    listed = [line for line in run(["dpkg-query", "--listfiles", name]).splitlines() if line.startswith("/")]
    missing = [path for path in copy_files(listed, root) if path not in settings_files(status)]
    if missing:
        raise RebuildError(f"files of the package are gone from the host, such as {missing[0]}")
    there = [path for path in settings_files(status) if os.path.lexists(path)]
    if there:
        (control / "conffiles").write_text("".join(f"{path}\n" for path in there), encoding="utf-8")
    for kind in (*SCRIPTS, *CONTROL_FILES):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(database / f"{name}.{kind}", control / kind)
            (control / kind).chmod(0o755 if kind in SCRIPTS else 0o644)
    file = folder / "rebuilt.deb"
    run(["dpkg-deb", "-Zgzip", "-z1", "--build", str(root), str(file)])
    shutil.rmtree(root)
    return file


def settings_files(status: str) -> list[str]:
    """The settings files that the package's control data name; obsolete ones belong to an earlier version."""
    found = re.search(r"^Conffiles:\n((?: .*\n)*)", status, re.MULTILINE)
    lines = found[1].splitlines() if found else []
    return [line.split()[0] for line in lines if not line.endswith(" obsolete")]


def copy_files(paths: list[str], root: Path) -> list[str]:
    """Puts the files of a package below a root; the paths that are not there are returned."""
    # A link to a folder, such as /lib, may stand above other files of the list: there it stands for the folder.
    above = {str(parent) for path in paths for parent in Path(path).parents}
    missing = []
    for path in map(Path, paths):
        target = root / str(path).lstrip("/")
        try:
            found = os.stat(path) if str(path) in above else os.lstat(path)
        except FileNotFoundError:
            missing.append(str(path))
            continue
        if stat.S_ISDIR(found.st_mode):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copystat(path, target)
        else:
            link_or_copy(path, target)
            continue
        os.chown(target, found.st_uid, found.st_gid)
    return missing


def link_or_copy(path: Path, target: Path) -> None:
    """The file itself under a second name, or a copy of it where it lies on another file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        found = os.lstat(path)
        shutil.copy2(path, target, follow_symlinks=False)
        os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)
        if not stat.S_ISLNK(found.st_mode):
            os.chmod(target, stat.S_IMODE(found.st_mode))
