"""bin/logstash-plugin: list, install, update and remove, on the list of gems that Gemfile.lock is here."""

import os
import re
import sys
from pathlib import Path

from . import plugin_table

_KINDS = ("input", "filter", "output", "codec", "integration", "patterns")


def main(arguments: list[str], home: Path) -> int:
    """Runs one subcommand and returns its exit code."""
    print("Using bundled JDK: " + str(home / "jdk"), flush=True)
    commands = {"list": _list, "install": _install, "remove": _remove, "update": _update}
    if not arguments or arguments[0] not in commands:
        print("Usage:\n    bin/logstash-plugin [OPTIONS] SUBCOMMAND [ARG] ...\n\nSubcommands:")
        print("\n".join(f"    {name}" for name in commands))
        return 0 if arguments[:1] in (["--help"], ["-h"]) else 1
    return commands[arguments[0]](arguments[1:], home)


def _fail(message: str) -> int:
    sys.stderr.write(f"ERROR: {message}\n")
    return 1


def _list(arguments: list[str], home: Path) -> int:
    verbose, group, wanted = False, "", ""
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--verbose":
            verbose = True
        elif argument == "--group" and rest:
            group = rest.pop(0)
        elif argument == "--installed":
            continue
        elif argument.startswith("-"):
            return _fail(f"Unrecognised option '{argument}'\n\nSee: 'bin/logstash-plugin list --help'")
        else:
            wanted = argument
    gems = plugin_table.installed(home)
    # Unanchored, as the genuine one matches: `http` finds http_poller too.
    found = [
        name
        for name in sorted(gems)
        if re.search(wanted, name) and (not group or name.startswith(f"logstash-{group}-"))
    ]
    if not found:
        return _fail("No plugins found")
    for name in found:
        print(f"{name} ({gems[name]})" if verbose else name)
        parts = plugin_table.INTEGRATIONS.get(name, "").split()
        for part in parts:
            print(f" {'└──' if part == parts[-1] else '├──'} logstash-{part}")
    return 0


def _save(gems: dict[str, str], home: Path) -> None:
    path = home / "Gemfile.lock"
    temporary = path.with_name("Gemfile.lock.new")
    temporary.write_text("".join(f"{name} {version}\n" for name, version in sorted(gems.items())), encoding="utf-8")
    os.replace(temporary, path)


def _names(arguments: list[str]) -> tuple[list[str], str]:
    names, version, rest = [], "", list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--version" and rest:
            version = rest.pop(0)
        elif argument.startswith("--version="):
            version = argument.partition("=")[2]
        elif not argument.startswith("-"):
            names.append(argument)
    return names, version


def _install(arguments: list[str], home: Path) -> int:
    names, version = _names(arguments)
    if not names:
        return _fail("You must specify at least one plugin to install")
    gems = plugin_table.installed(home)
    for given in names:
        # A file is named after its plugin: logstash-filter-x-1.2.3.gem, or an offline pack of any name.
        match = re.fullmatch(
            r"(logstash-[a-z]+-[A-Za-z0-9_]+?)(?:-(\d[\w.]*?))?(?:\.gem|\.zip)?", given.rsplit("/", 1)[-1]
        )
        if not match or match[1].split("-")[1] not in _KINDS:
            return _fail(f"Installation aborted, verification failed for {given}")
        print(f"Validating {match[1]}" + (f"-{version}" if version else ""))
        print(f"Installing {match[1]}")
        gems[match[1]] = version or match[2] or gems.get(match[1], "1.0.0")
    try:
        _save(gems, home)
    except OSError as error:
        return _fail(f"Something went wrong when installing, message: {error.strerror} - {error.filename}")
    print("Installation successful")
    return 0


def _remove(arguments: list[str], home: Path) -> int:
    names, _version = _names(arguments)
    gems = plugin_table.installed(home)
    for name in names:
        if name not in gems:
            return _fail(f"This plugin has not been previously installed: {name}")
        del gems[name]
    try:
        _save(gems, home)
    except OSError as error:
        return _fail(f"Something went wrong when removing, message: {error.strerror} - {error.filename}")
    print("\n".join(f"Successfully removed {name}" for name in names))
    return 0


def _update(arguments: list[str], home: Path) -> int:
    names, _version = _names(arguments)
    for name in names:
        if name not in plugin_table.installed(home):
            return _fail(f"Plugin {name} is not installed so it cannot be updated, aborting")
    print("No plugin updated")
    return 0
