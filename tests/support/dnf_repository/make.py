"""Makes a signed dnf repository. Runs on a host with rpmbuild, rpmsign, createrepo_c and gpg.

Usage: make.py DIRECTORY FILE... - a FILE is an rpm, or a tar.gz with a spec in it that rpmbuild makes one from.
Puts the signed packages, repodata and key.asc into the directory. On a Debian host the database of rpm does not know
the shell that every package's scripts need, so a package that says it is there goes with them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KEY_NAME = "Test repository"
SHELL_SPEC = """Name: shell-is-there
Version: 1
Release: 1
Summary: says that the host has a shell
License: Apache-2.0
BuildArch: noarch
Provides: /bin/sh, /bin/bash
%description
Says that the host has a shell.
%files
"""


def run(*command: str) -> str:
    """The standard output of a command that has to succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def build(root: Path, how: str, source: Path) -> None:
    """Puts the packages that rpmbuild makes into the repository."""
    with tempfile.TemporaryDirectory() as top:
        run("rpmbuild", how, "--define", f"_topdir {top}", str(source))
        for package in Path(top, "RPMS").rglob("*.rpm"):
            shutil.copy(package, root)


def main(root: Path, files: list[Path]) -> None:
    """Makes the repository anew."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as top:
        spec = Path(top, "shell.spec")
        spec.write_text(SHELL_SPEC)
        build(root, "-bb", spec)
    for file in files:
        if file.suffix == ".rpm":
            shutil.copy(file, root)
        else:
            build(root, "-tb", file)
    # Debian's rpm looks for gpg under a name that Debian does not give it.
    sign = ["rpmsign", "--define", f"__gpg {shutil.which('gpg')}", "--define", f"_gpg_name {KEY_NAME}", "--addsign"]
    with tempfile.TemporaryDirectory() as home:
        os.environ["GNUPGHOME"] = home
        run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", KEY_NAME, "rsa2048", "sign", "1d")
        (root / "key.asc").write_text(run("gpg", "--armor", "--export", KEY_NAME))
        for package in root.glob("*.rpm"):
            run(*sign, str(package))
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
    run("createrepo_c", "--quiet", str(root))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
