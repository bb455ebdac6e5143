"""Writes the spec file that a Red Hat package would be built from, from what the package says of itself."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import CustomPackageError

# Nothing of what the build machine does to packages by default may change what is inside; and what could differ from
# machine to machine or from day to day is fixed.
MACROS = {
    "__os_install_post": "%{nil}",
    "debug_package": "%{nil}",
    "_build_id_links": "none",
    "_binary_payload": "w6.gzdio",
    "_buildhost": "localhost",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
}
TEXTS = ("Summary", "License", "Group", "URL", "Vendor", "Packager", "Prefixes")
SECTIONS = {
    "pre": "PREIN",
    "post": "POSTIN",
    "preun": "PREUN",
    "postun": "POSTUN",
    "pretrans": "PRETRANS",
    "posttrans": "POSTTRANS",
}
DEPENDENCIES = {"Requires": "REQUIRE", "Provides": "PROVIDE", "Conflicts": "CONFLICT", "Obsoletes": "OBSOLETE"}

INTERPRETER = 1 << 8
CONFIG, MISSING_OK, NO_REPLACE, GHOST = 1, 8, 16, 64


@dataclass
class Spec:
    """What a package says of itself, beside its version and its files' contents."""

    arch: str
    head: list[str]
    description: str
    scripts: dict[str, tuple[str, str]]
    """Section to program and body."""
    files: list[tuple[str, ...]]
    """Mode in octal digits, user, group, flags, path."""


def read(query: Callable[[str], str]) -> Spec:
    """Asks the package; query(format) gives what `rpm --queryformat` prints."""
    triggers = query("[%{TRIGGERNAME} ][%{FILETRIGGERNAME} ][%{TRANSFILETRIGGERNAME} ]").split()
    if triggers:
        raise CustomPackageError(f"The package has triggers on {', '.join(triggers)}, which is not supported.")
    head = [f"{tag}: {value}" for tag in TEXTS for value in [_optional(query, tag.upper())] if value]
    head += [f"Epoch: {query('%{EPOCH}')}"] if _optional(query, "EPOCH") else []
    head += [f"Release: {query('%{RELEASE}')}"]
    for tag, prefix in DEPENDENCIES.items():
        found = query(f"[%{{{prefix}FLAGS}}\t%{{{prefix}NAME}} %{{{prefix}FLAGS:depflags}} %{{{prefix}VERSION}}\n]")
        # rpmbuild adds those of rpm itself, of the scripts' shells, and the package's name with its new version.
        own = ("rpmlib(", "config(", "logstash(") + (("logstash ",) if tag == "Provides" else ())
        wanted = [line.split("\t") for line in dict.fromkeys(found.splitlines())]
        head += [
            f"{tag}: {' '.join(line.split())}"
            for flags, line in wanted
            if not (int(flags) & INTERPRETER or line.startswith(own))
        ]
    scripts: dict[str, tuple[str, str]] = {}
    for section, tag in SECTIONS.items():
        body = _optional(query, tag)
        if body:
            scripts[section] = (_optional(query, f"{tag}PROG") or "/bin/sh", body)
    files = query("[%{FILEMODES:octal}\t%{FILEUSERNAME}\t%{FILEGROUPNAME}\t%{FILEFLAGS}\t%{FILENAMES}\n]").splitlines()
    return Spec(
        query("%{ARCH}"), head, query("%{DESCRIPTION}"), scripts, [tuple(line.split("\t", 4)) for line in files]
    )


def write(spec: Spec, version: str, root: Path, home: str) -> str:
    """The text of the spec file; below `home` it packs what is in `root`, elsewhere what the package had."""
    lines = ["Name: logstash", f"Version: {version}", f"BuildArch: {spec.arch}", "AutoReqProv: no"]
    lines += [_quoted(line) for line in spec.head]
    lines += ["", "%description", _quoted(spec.description), ""]
    lines += ["%install", f"mv {_quoted(shlex.quote(str(root)))}/* %{{buildroot}}/", ""]
    for section, (program, body) in spec.scripts.items():
        lines += [f"%{section} -p {program}" if program != "/bin/sh" else f"%{section}", _quoted(body), ""]
    lines += ["%files", "%defattr(-,root,root,-)", f'"/{home}"']
    for mode, user, group, flags, name in spec.files:
        if name == f"/{home}" or name.startswith(f"/{home}/"):
            continue
        attributes = f"%attr({mode[-4:]},{user},{group}) "
        lines.append(_file_kind(int(flags), is_directory=mode.lstrip("0").startswith("4")) + attributes + f'"{name}"')
    return "\n".join(lines) + "\n"


def _file_kind(flags: int, is_directory: bool) -> str:
    kind = "%dir " if is_directory else ""
    if flags & GHOST:
        kind += "%ghost "
    if flags & CONFIG:
        options = [name for bit, name in ((NO_REPLACE, "noreplace"), (MISSING_OK, "missingok")) if flags & bit]
        kind += f"%config({','.join(options)}) " if options else "%config "
    return kind


def _optional(query: Callable[[str], str], tag: str) -> str:
    return query(f"%|{tag}?{{%{{{tag}}}}}:{{}}|").strip("\n")


def _quoted(text: str) -> str:
    """With percent signs that rpmbuild takes as they are."""
    return text.replace("%", "%%")
