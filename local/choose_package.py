"""Chooses the package of Logstash that environment local and the tests install: the real one where it can be had.

1. the package that LOGSTASH_PACKAGE_URL names (with LOGSTASH_PACKAGE_CHECKSUM, and LOGSTASH_VERSION when it is not the
   role's default version);
2. the vendor's repository, when it answers;
3. the fake of this folder's neighbour fake_logstash.

Usage: choose_package.py --version VERSION --output DIR. Writes DIR/choice.json, which holds the role variables to
use and the kind ("real" or "fake"), and prints one line that says which it is.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fake_logstash.build import BuildError, build_package

VENDOR_KEY = "https://artifacts.elastic.co/GPG-KEY-elasticsearch"


def vendor_answers() -> bool:
    """Whether the vendor's repository can be reached from this machine."""
    try:
        request = urllib.request.Request(VENDOR_KEY, method="HEAD")
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            return True
    except (urllib.error.URLError, OSError):
        return False


def choose(version: str, output: Path) -> dict[str, str]:
    """The role variables to install with, and the kind of the package under ``kind``."""
    url = os.environ.get("LOGSTASH_PACKAGE_URL", "")
    if url:
        return {
            "kind": "real",
            "logstash_version": os.environ.get("LOGSTASH_VERSION", version),
            "logstash_package_url": url,
            "logstash_package_checksum": os.environ.get("LOGSTASH_PACKAGE_CHECKSUM", ""),
        }
    if vendor_answers():
        return {
            "kind": "real",
            "logstash_version": version,
            "logstash_package_url": "",
            "logstash_package_checksum": "",
        }
    package = build_package(version, output)
    return {
        "kind": "fake",
        "logstash_version": version,
        "logstash_package_url": str(package.resolve()),
        "logstash_package_checksum": f"sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}",
    }


def main() -> None:
    """Writes the choice, when it differs from the one before, and prints it in one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if not re.fullmatch(r"\d+\.\d+\.\d+(\+[\w.]+)?", arguments.version):
        sys.exit(f"The version of Logstash is {arguments.version!r}; expected an exact one, such as 9.5.2.")
    arguments.output.mkdir(parents=True, exist_ok=True)
    try:
        choice = choose(arguments.version, arguments.output)
    except BuildError as error:
        sys.exit(
            "The vendor's packages of Logstash cannot be reached from here, and the fake cannot stand in for this one: "
            f"{error}. Use a version that it covers, or set LOGSTASH_PACKAGE_URL and LOGSTASH_PACKAGE_CHECKSUM."
        )
    # At once, since tests that run side by side read it.
    part = arguments.output / f"choice.json.{os.getpid()}"
    part.write_text(json.dumps(choice, indent=2) + "\n")
    part.replace(arguments.output / "choice.json")
    where = choice["logstash_package_url"] or "the vendor's repository"
    if choice["kind"] == "fake":
        print(
            f"Logstash {choice['logstash_version']}: the vendor's packages cannot be reached from here, so the "
            f"fake runs instead ({Path(where).name}). "
            "For a real one set LOGSTASH_PACKAGE_URL and LOGSTASH_PACKAGE_CHECKSUM."
        )
    else:
        print(f"Logstash {choice['logstash_version']}: the real package, from {where}")


if __name__ == "__main__":
    main()
