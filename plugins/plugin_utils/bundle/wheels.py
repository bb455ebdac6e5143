"""The Python packages of an instance as wheels, fetched once on the control node.

The image and the bundles take them from here, so that neither a bake nor an instance needs a package index.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from ...module_utils import atomic_files
from ...module_utils.bundle.manifest import BundleError

ARCHITECTURES = ("x86_64", "aarch64")
# What Debian 12 (glibc 2.36) and Amazon Linux 2023 (2.34) both run, the oldest first.
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
_ID_LENGTH = 16


def requirements_id(requirements: Path) -> str:
    """What names a set of packages: in the cache, and the virtual environment of an image."""
    return hashlib.sha256(requirements.read_bytes()).hexdigest()[:_ID_LENGTH]


def fetch(requirements: Path, python: str, architecture: str, cache: Path) -> tuple[Path, bool]:
    """The directory with the wheels, below ``cache``, and whether it was made now.

    :param python: version, such as ``3.11``.
    :param architecture: one of :data:`ARCHITECTURES`.
    :raises BundleError: a package has no wheel for that, or one that is not pinned.
    """
    folder = cache / f"{requirements_id(requirements)}-{python}-{architecture}"
    cache.mkdir(parents=True, exist_ok=True)
    # Bundles of several environments may be made at the same time.
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, False
        with atomic_files.new_directory(folder) as new:
            _download(requirements, python, architecture, new)
    return folder, True


def _download(requirements: Path, python: str, architecture: str, dest: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", python, "--dest", str(dest), "--requirement", str(requirements)]
    command += itertools.chain.from_iterable(("--platform", f"{name}_{architecture}") for name in _PLATFORMS)
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this Python's pip
    if ended.returncode:
        said = "\n".join(line for line in ended.stderr.splitlines() if line.startswith("ERROR")) or ended.stderr
        raise BundleError(
            f"The wheels of {requirements.name} for Python {python} on {architecture} could not be fetched: pip ended "
            f"with {ended.returncode}. Mend what it says; it needs a package index that this machine can reach:\n"
            f"{said.strip()}",
            "wheels_not_fetched",
        )


def names(folders: Iterable[Path]) -> dict[str, Path]:
    """{file name: path} of the wheels in some directories; what fits every processor is in several, and once here."""
    return {path.name: path for folder in folders for path in sorted(folder.glob("*.whl"))}
