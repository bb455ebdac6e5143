"""Command line of the advisories.

check           fails for each pin that a known advisory is about, unless accepted.yml accepts it with a reason
collect SOURCE  brings known.yml up to date from a folder or a zip file of OSV records, or from an https address of one
"""

import argparse
import datetime
import sys
import tempfile
from pathlib import Path

import requests

from advisories import audit, known, pins

ROOT = Path(__file__).resolve().parents[3]
# After that many days the check still passes, since it works without a network, and says how old its facts are.
FRESH = 90


def check(root: Path, today: datetime.date) -> int:
    """Prints what is wrong; the exit code says whether something is."""
    facts = known.read()
    pinned = pins.all_pins(root)
    left, idle = audit.judge(audit.findings(pinned, facts), audit.read_accepted())
    age = (today - facts.complete_to).days
    if age > FRESH:
        print(
            f"WARNING: a whole database of advisories was last read as of {facts.complete_to} ({age} days ago); later "
            "ones are known singly. Where osv.dev can be reached, `make advisories` brings them up to date.",
            file=sys.stderr,
        )
    for problem in (*left, *idle):
        print(problem, file=sys.stderr)
    if left:
        print(
            "Raise each of these pins: name the version in the .in file beside it and run "
            f"`make requirements`. What can't be raised is entered in {audit.ACCEPTED.relative_to(ROOT)} with the "
            "reason.",
            file=sys.stderr,
        )
    print(f"advisories: {len(pinned)} pins, {len(left)} affected, facts complete to {facts.complete_to}")
    return 1 if left or idle else 0


def collect(source: str, root: Path) -> None:
    """Rewrites known.yml from the source."""
    packages = {pin.package for pin in pins.all_pins(root)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(source)
        if source.startswith("https://"):
            path = Path(folder, "records.zip")
            with requests.get(source, timeout=60, stream=True) as answer, path.open("wb") as file:
                answer.raise_for_status()
                for part in answer.iter_content(1 << 20):
                    file.write(part)
        elif not path.exists():
            sys.exit(f"{source} is neither an https address nor a folder or a zip file that is there.")
        known.write(known.merged(known.read(), path, packages))
    print(f"{known.FILE.relative_to(ROOT)}: complete to {known.read().complete_to}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="advisories", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check")
    verbs.add_parser("collect").add_argument("source")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "check":
            return check(ROOT, datetime.datetime.now(datetime.UTC).date())
        collect(arguments.source, ROOT)
    except ValueError as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
