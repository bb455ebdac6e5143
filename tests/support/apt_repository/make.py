"""Makes a signed apt repository from package files. Runs on a Debian host with dpkg-deb and gpg.

Usage: make.py DIRECTORY PACKAGE... - puts the packages, dists/stable and key.asc below DIRECTORY.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

KEY_NAME = "Test repository"


def run(*command: str) -> str:
    """The standard output of a command that has to succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def package_entry(root: Path, package: Path) -> str:
    """What the index says of one package: its own fields, where it lies, and its hash."""
    content = package.read_bytes()
    place = f"Filename: {package.relative_to(root)}\nSize: {len(content)}\n"
    return run("dpkg-deb", "--field", str(package)) + place + f"SHA256: {hashlib.sha256(content).hexdigest()}\n"


def main(root: Path, packages: list[Path]) -> None:
    """Makes the repository anew."""
    shutil.rmtree(root, ignore_errors=True)
    index_directory = root / "dists/stable/main/binary-amd64"
    index_directory.mkdir(parents=True)
    pool = root / "pool"
    pool.mkdir()
    entries = [package_entry(root, Path(shutil.copy(package, pool))) for package in packages]
    index = "\n".join(entries).encode()
    (index_directory / "Packages").write_bytes(index)
    release = root / "dists/stable/Release"
    release.write_text(
        "Suite: stable\nCodename: stable\nArchitectures: amd64\nComponents: main\nSHA256:\n"
        f" {hashlib.sha256(index).hexdigest()} {len(index)} main/binary-amd64/Packages\n"
    )
    home = root / ".gnupg"
    home.mkdir(mode=0o700)
    os.environ["GNUPGHOME"] = str(home)
    run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", KEY_NAME, "default", "sign", "1d")
    run("gpg", "--batch", "--clearsign", "--output", str(release.with_name("InRelease")), str(release))
    (root / "key.asc").write_text(run("gpg", "--armor", "--export", KEY_NAME))
    subprocess.run(["gpgconf", "--kill", "all"], check=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
