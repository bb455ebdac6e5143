"""Checks everything that is to be deployed against what a release of Logstash knows. No host is needed.

Each fault says which variable, what it has, what is expected, and a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils.logstash.environment import NAME
from ...module_utils.logstash.versions import FIRST_KNOWN, LAST_KNOWN, PIPELINES_YML, Version, shown
from ..plain_text import PATH, control_character, unfit_for_path
from . import table, values

# What logstash_pipelines says by itself.
OF_PIPELINES = ("pipeline.id", "path.config", "config.string")
# With one of these in logstash.yml, the service would not do its work.
NEVER = ("config.test_and_exit", "help", "interactive", "path.settings", "version")
HEAP = re.compile(r"\d+[kmg]", re.IGNORECASE)
# What is more than a name in a pattern of files; ${NAME} is, too.
PATTERN = re.compile(r"[/*?\[\]{}]")
TLS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be deployed. ``reserved`` names the role variable that a setting has of its own."""

    version: Version
    settings: Mapping[str, Any] = field(default_factory=dict)
    pipelines: Sequence[Mapping[str, Any]] = ()
    unchecked: Sequence[str] = ()
    reserved: Mapping[str, str] = field(default_factory=dict)
    heap_size: str = ""
    jvm_options: Sequence[str] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    reserved_environment: Mapping[str, str] = field(default_factory=dict)
    tls_files: Sequence[Mapping[str, Any]] = ()


def faults(wanted: Wanted) -> list[str]:
    """Everything that is wrong, in the order that people write it."""
    if wanted.version < FIRST_KNOWN:
        return [
            f"logstash_version is {shown(wanted.version)}; expected {shown(FIRST_KNOWN)} or later, since what earlier "
            "releases know is not in the table of settings. Set a later one."
        ]
    return [
        *_settings(wanted),
        *_pipelines(wanted),
        *_java(wanted),
        *_environment(wanted),
        *_tls(wanted),
    ]


def warnings(wanted: Wanted) -> list[str]:
    """What works, but had better be known."""
    found = []
    if wanted.version > LAST_KNOWN:
        found.append(
            f"logstash_version {shown(wanted.version)} is later than the table of settings, which ends with "
            f"{shown(LAST_KNOWN)}: settings are checked as that release has them. Name in logstash_settings_unchecked "
            "what is newer."
        )
    now = table.known(wanted.version)
    aliases = [name for name in table.flatten(wanted.settings) if name in now and now[name].type == "DeprecatedAlias"]
    return found + [
        f"logstash_settings: {name} is deprecated in Logstash {shown(wanted.version)}; use {now[name].new_name}."
        for name in aliases
    ]


def _settings(wanted: Wanted) -> Iterable[str]:
    now, settings = table.known(wanted.version), table.flatten(wanted.settings)
    for name, value in settings.items():
        if name in wanted.reserved:
            yield f"logstash_settings: {name} has a variable of its own. Set {wanted.reserved[name]} instead."
        elif name in OF_PIPELINES:
            yield f"logstash_settings: {name} would hide the pipelines. Say in logstash_pipelines what is to run."
        elif name in NEVER:
            yield f"logstash_settings: with {name} the service would not do its work. Take it out."
        elif name in wanted.unchecked:
            yield from _path("logstash_settings", name, value)
        else:
            yield from _setting("logstash_settings", name, value, wanted.version)
            new_name = now[name].new_name if name in now else ""
            if new_name in settings:
                yield f"logstash_settings: {name} and {new_name} are the same setting. Keep {new_name} only."


def _path(where: str, name: str, value: Any) -> Iterable[str]:
    """What a path must not have, whether its setting is checked or not: it gets into the service's unit."""
    if not name.startswith("path."):
        return
    path = str(value)
    unfit = unfit_for_path(path) or ("a .. for the directory above" if ".." in path.split("/") else "")
    if unfit:
        yield f"{where}: {name} is {path!r}, which has {unfit} in it; expected a path {PATH}. Correct the value."


def _setting(where: str, name: str, value: Any, version: Version) -> Iterable[str]:
    unfit = list(_path(where, name, value))
    if unfit:
        yield from unfit
        return
    setting = table.known(version).get(name)
    if setting is None:
        yield f"{where}: Logstash {shown(version)} does not know {name}. {table.why_unknown(name, version)}"
        return
    if setting.type == "DeprecatedAlias":
        setting = table.known(version)[setting.new_name]
    expected = values.fault(setting, value)
    if expected:
        yield f"{where}: {name} is {values.shown(setting, value)}; expected {expected}. Correct the value."


def _pipelines(wanted: Wanted) -> Iterable[str]:
    ids = [str(pipeline.get("id")) for pipeline in wanted.pipelines]
    if wanted.version < PIPELINES_YML and len(ids) > 1:
        yield (
            f"logstash_pipelines has {len(ids)} pipelines ({', '.join(ids)}); expected one, since Logstash "
            f"{shown(wanted.version)} has no pipelines.yml, which came with {shown(PIPELINES_YML)}. Keep one, with "
            "conditionals in it, or set a later logstash_version."
        )
    now = table.known(wanted.version)
    for pipeline in wanted.pipelines:
        where = f"logstash_pipelines: pipeline {pipeline.get('id')}"
        name = str(pipeline.get("id"))
        if unfit_for_path(name) or PATTERN.search(name) or name in (".", ".."):
            yield (
                f"logstash_pipelines: {name!r} is no id; expected a name {PATH}, and without / * ? [ ] {{ }}, since "
                "directories are called after it, and Logstash reads the files of a pattern. Rename the pipeline."
            )
        for name, value in table.flatten(pipeline.get("settings") or {}).items():
            if name in OF_PIPELINES:
                yield f"{where}: {name} is set by the role from the pipeline's id and templates. Take it out."
            elif name in wanted.unchecked:
                yield from _path(where, name, value)
            elif name in now and not now[name].in_pipelines_yml:
                yield f"{where}: {name} is a setting of the whole process. Move it to logstash_settings."
            else:
                yield from _setting(where, name, value, wanted.version)


def _java(wanted: Wanted) -> Iterable[str]:
    if wanted.heap_size and not HEAP.fullmatch(wanted.heap_size):
        yield (
            f"logstash_heap_size is {wanted.heap_size!r}; expected a number with k, m or g after it. Write 4g for four "
            "gigabytes, or leave it empty for what the package has."
        )
    for option in wanted.jvm_options:
        if not re.fullmatch(r"-\S+", str(option)):
            yield (
                f"logstash_jvm_options: {option!r} is no option of its own; expected a dash at its start and no blank "
                "in it, since they are passed as one line. Write one option an entry; a Java version such as 17-: in "
                "front is only known to jvm.options."
            )
        elif wanted.heap_size and re.match(r"-Xm[sx]", option):
            yield (
                f"logstash_jvm_options: {option} is set beside logstash_heap_size {wanted.heap_size}. Keep one of the "
                "two."
            )


def _environment(wanted: Wanted) -> Iterable[str]:
    for name, value in wanted.environment.items():
        if not NAME.fullmatch(str(name)):
            yield (
                f"logstash_environment: {name!r} is no name of a variable; expected letters, digits and underscores. "
                "Rename it."
            )
        elif name in wanted.reserved_environment:
            variable = wanted.reserved_environment[name]
            yield f"logstash_environment: {name} has a variable of its own. Set {variable} instead."
        elif isinstance(value, list | dict) or value is None or control_character(str(value)):
            yield (
                f"logstash_environment: {name} is not one line of text without control characters. Write it as one; a "
                "file belongs into logstash_tls_files, and a secret into the keystore."
            )


def _tls(wanted: Wanted) -> Iterable[str]:
    seen = set()
    for entry in wanted.tls_files:
        name = str(entry.get("name"))
        if not TLS_NAME.fullmatch(name):
            yield (
                f"logstash_tls_files: {name!r} is no plain file name; expected letters, digits, dots, dashes and "
                "underscores. Name the file without a folder."
            )
        if name in seen:
            yield f"logstash_tls_files: {name} is there twice. Rename one of the two."
        seen.add(name)
        if bool(entry.get("content")) == bool(entry.get("src")):
            yield f"logstash_tls_files: {name} needs either content or src, and not both. Give one of the two."
