"""The three formats that Logstash comes in: taking one apart, and putting it together again under another version."""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import ClassVar, Union

from . import rpm_spec
from .errors import CustomPackageError
from .process import Runner

PACKAGED_HOME = "usr/share/logstash"


class Deb:
    """A Debian package: data and, in DEBIAN, control files and scripts."""

    ending = ".deb"
    programs: ClassVar[dict[str, str]] = {"dpkg-deb": "dpkg"}

    def __init__(self, runner: Runner) -> None:
        self.run = runner.run

    def version(self, source: Path) -> str:
        """The version of Logstash in the package, without its epoch and revision."""
        name, version = self.run("dpkg-deb", "--show", "--showformat=${Package} ${Version}", source).split()
        return _of_logstash(name, re.sub(r"^\d+:|-[^-]*$", "", version))

    def unpack(self, source: Path, root: Path) -> Path:
        """Takes the package apart and returns the folder that Logstash's programs are in."""
        # Whoever puts it together again owns nothing as another user, so that owner would be lost.
        others = [
            line for line in self.run("dpkg-deb", "--contents", source).splitlines() if line.split()[1] != "root/root"
        ]
        if others:
            raise CustomPackageError(f"The package has files that are not root's, which is not supported: {others[0]}")
        self.run("dpkg-deb", "--raw-extract", source, root)
        return root / PACKAGED_HOME

    def pack(self, root: Path, old: str, new: str, target: Path, epoch: int) -> None:
        """Puts the folder together again, as the new version."""
        control = root / "DEBIAN/control"
        text = control.read_text(encoding="utf-8")
        text = re.sub(rf"^(Version: (?:\d+:)?){re.escape(old)}", rf"\g<1>{new}", text, flags=re.MULTILINE)
        files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
        data = [path for path in files if path.relative_to(root).parts[0] != "DEBIAN"]
        size = sum(path.stat().st_size for path in data) // 1024 + 1
        control.write_text(re.sub(r"(?m)^Installed-Size: .*", f"Installed-Size: {size}", text), encoding="utf-8")
        sums = root / "DEBIAN/md5sums"
        if sums.exists():
            sums.write_text("".join(f"{_md5(path)}  {path.relative_to(root)}\n" for path in data), encoding="utf-8")
        # gzip is what every dpkg reads; newer ones write zstd by default, which Debian 11 does not know.
        self.run(
            "dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, target, SOURCE_DATE_EPOCH=str(epoch)
        )  # fmt: skip


class Rpm:
    """A Red Hat package: its payload, and a spec file that is written anew from what the package says of itself."""

    ending = ".rpm"
    programs: ClassVar[dict[str, str]] = {
        "rpm": "rpm",
        "rpm2cpio": "rpm",
        "cpio": "cpio",
        "rpmbuild": "rpm-build (Red Hat) or rpm (Debian)",
    }
    # Read when the package is taken apart.
    spec: rpm_spec.Spec

    def __init__(self, runner: Runner) -> None:
        self.run = runner.run

    def version(self, source: Path) -> str:
        """The version of Logstash in the package."""
        return _of_logstash(
            *self.run("rpm", "-qp", "--nosignature", "--queryformat", "%{NAME} %{VERSION}", source).split()
        )

    def unpack(self, source: Path, root: Path) -> Path:
        """Takes the package apart and returns the folder that Logstash's programs are in."""
        self.spec = rpm_spec.read(lambda query: self.run("rpm", "-qp", "--nosignature", "--queryformat", query, source))
        root.mkdir()
        # A damaged payload makes cpio fail too, so the pipe hides nothing.
        unpack = 'rpm2cpio "$1" | (cd "$2" && cpio --quiet --extract --make-directories --preserve-modification-time)'
        self.run("sh", "-c", unpack, "sh", source, root)
        return root / PACKAGED_HOME

    def pack(self, root: Path, old: str, new: str, target: Path, epoch: int) -> None:
        """Puts the folder together again, as the new version."""
        spec = root.with_name("package.spec")
        spec.write_text(rpm_spec.write(self.spec, new, root, PACKAGED_HOME), encoding="utf-8")
        top = root.with_name("rpmbuild")
        defines = {"_topdir": top, "_rpmdir": top, "_rpmfilename": "built.rpm", **rpm_spec.MACROS}
        options = [f"--define={name} {value}" for name, value in defines.items()]
        self.run(
            "rpmbuild", "-bb", "--quiet", f"--target={self.spec.arch}", *options, spec, SOURCE_DATE_EPOCH=str(epoch)
        )
        (top / "built.rpm").rename(target)


class Archive:
    """A tar.gz with one folder, logstash-VERSION."""

    ending = ".tar.gz"
    programs: ClassVar[dict[str, str]] = {"tar": "tar", "gzip": "gzip"}

    def __init__(self, runner: Runner) -> None:
        self.run = runner.run

    def version(self, source: Path) -> str:
        """The version of Logstash in the archive."""
        try:
            with tarfile.open(source, "r|gz") as archive:
                first = next(iter(archive)).name
        except (tarfile.TarError, StopIteration, OSError, EOFError) as error:
            raise CustomPackageError(f"src is {source.name}, which is not a tar.gz archive ({error}).") from None
        name, _separator, version = PurePosixPath(first).parts[0].partition("-")
        return _of_logstash(name, version)

    def unpack(self, source: Path, root: Path) -> Path:
        """Takes the archive apart and returns the folder that Logstash's programs are in."""
        root.mkdir()
        self.run("tar", "-xzf", source, "--no-same-owner", "--same-permissions", "-C", root)
        return next(root.iterdir())

    def pack(self, root: Path, old: str, new: str, target: Path, epoch: int) -> None:
        """Puts the folder together again, as the new version."""
        next(root.iterdir()).rename(root / f"logstash-{new}")
        self.run(
            "tar", "--create", "--use-compress-program=gzip -n", f"--file={target}", "--sort=name", "--owner=root:0",
            "--group=root:0", "--numeric-owner", f"--mtime=@{epoch}", "-C", root, f"logstash-{new}",
        )  # fmt: skip


Format = Union[Deb, Rpm, Archive]  # noqa: UP007 - older Python cannot make it with |
FORMATS: tuple[type[Format], ...] = (Deb, Rpm, Archive)


def format_of(name: str) -> type[Format]:
    """The format of a file of this name."""
    for known in FORMATS:
        if name.endswith(known.ending):
            return known
    raise CustomPackageError(
        f"src is {name!r}; expected a package or archive that ends with {', '.join(known.ending for known in FORMATS)}."
    )


def _of_logstash(name: str, version: str) -> str:
    if name != "logstash":
        raise CustomPackageError(f"src holds {name} {version}; expected Logstash's own package.")
    return version


def _md5(path: Path) -> str:
    # dpkg's format for finding damaged files, not for security.
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
