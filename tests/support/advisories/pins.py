"""The packages that the repository pins: every requirements.txt that `make requirements` compiles."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

# Made by tools; nothing in them is committed.
LEFT_OUT = {"build", "__pycache__"}


@dataclass(frozen=True)
class Pin:
    """One exact requirement and where it is written; file is relative to the checkout."""

    file: str
    line: int
    package: str
    version: Version


def requirement_files(root: Path) -> list[Path]:
    """Every requirements*.txt of the checkout, sorted. Links and hidden folders are not followed."""
    found = []
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in LEFT_OUT)
        found += [Path(folder, name) for name in names if re.fullmatch(r"requirements.*\.txt", name)]
    return sorted(found)


def read_pins(root: Path, path: Path) -> list[Pin]:
    """The pins of one file. A line that is no exact requirement is a ValueError, since it could not be judged."""
    pins = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip().removesuffix("\\").strip()
        if not text or text.startswith(("#", "--hash=")):
            continue
        try:
            requirement = Requirement(text)
            (only,) = requirement.specifier
            if only.operator != "==" or only.version.endswith(".*"):
                raise ValueError(text)
        except (InvalidRequirement, ValueError) as error:
            raise ValueError(
                f"{path.relative_to(root)}:{number}: '{text}' is no exact requirement (name==version), so advisories "
                "can't be looked up for it. Compile the file with `make requirements`."
            ) from error
        name = canonicalize_name(requirement.name)
        pins.append(Pin(str(path.relative_to(root)), number, name, Version(only.version)))
    return pins


def all_pins(root: Path) -> list[Pin]:
    """The pins of every file, in the order of the files."""
    return [pin for path in requirement_files(root) for pin in read_pins(root, path)]
