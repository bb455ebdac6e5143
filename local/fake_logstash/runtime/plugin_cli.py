"""bin/logstash-plugin: list, install, update and remove, on the gems of Gemfile and its lock."""

import hashlib
import re
import sys
from pathlib import Path

from . import gem_files, gemfile, native_code, plugin_table, version
from .gemfile import Gem

_KINDS = ("input", "filter", "output", "codec", "integration", "patterns")


def main(arguments: list[str], home: Path) -> int:
    """Runs one subcommand and returns its exit code."""
    print("Using bundled JDK: " + str(home / "jdk"), flush=True)
    if not native_code.load(home, version.parse(version.installed(home))):
        sys.stderr.write(f"{native_code.REASON}\n")
        return 1
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
    # Unanchored, as the real one matches: `http` finds http_poller too.
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


def _save(gems: dict[str, Gem], home: Path) -> None:
    gemfile.write(home, version.installed(home), gems)


def _unpack(home: Path, folder: str, name: str, content: bytes) -> None:
    """Keeps the gem's file where the real program would have its content, with the modes that the umask leaves."""
    target = home / folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


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
    names, wanted = _names(arguments)
    if not names:
        return _fail("You must specify at least one plugin to install")
    try:
        if names[0].startswith("file://"):
            return _install_pack(names[0], home)
        return _install_gems(names, wanted, home)
    except OSError as error:
        return _fail(f"Something went wrong when installing, message: {error.strerror} - {error.filename}")


def _install_pack(address: str, home: Path) -> int:
    """Several plugins from one zip; their dependencies count, too, if the Gemfile names them."""
    path = Path(address.removeprefix("file://"))
    if not path.exists():
        return _fail(f"File not found for: {address}, message: Can't file local file {path}")
    print(f"Installing file: {path}")
    try:
        packed = gem_files.read_pack(path)
    except gem_files.BadFileError as error:
        return _fail(f"Invalid pack for: {address}, reason: {error}, message: {error}")
    gems = gemfile.read(home)
    for name, found, plugin, content in packed:
        _unpack(home, "vendor/bundle/jruby/gems", f"{name}-{found}.gem", content)
        if plugin or name in gems:
            gems[name] = Gem(found, pinned=True)
    _save(gems, home)
    print("Install successful")
    return 0


def _install_gems(names: list[str], wanted: str, home: Path) -> int:
    gems = gemfile.read(home)
    for given in names:
        if given.endswith(".gem"):
            print(f"Validating {given}")
            try:
                content = Path(given).read_bytes()
                name, found, plugin = gem_files.read_gem(content)
            except (OSError, gem_files.BadFileError):
                plugin = False
            if not plugin:
                return _fail(f"Installation aborted, verification failed for {given}")
            folder = f"vendor/local_gems/{hashlib.sha256(content).hexdigest()[:8]}/{name}-{found}"
            _unpack(home, folder, f"{name}.gemspec", content)
            gems[name] = Gem(found, pinned=True, path=folder)
        else:
            # What the public registry would say is not known here: any plugin's name is taken to be there.
            match = re.fullmatch(r"logstash-([a-z]+)-[A-Za-z0-9_]+", given)
            print(f"Validating {given}" + (f"-{wanted}" if wanted else ""))
            if not match or match[1] not in _KINDS:
                return _fail(f"Installation aborted, verification failed for {given} {wanted}".rstrip())
            name = given
            gems[name] = Gem(wanted or (gems[name].version if name in gems else "1.0.0"), pinned=bool(wanted))
        print(f"Installing {name}")
    _save(gems, home)
    print("Installation successful")
    return 0


def _remove(arguments: list[str], home: Path) -> int:
    names, _version = _names(arguments)
    gems = gemfile.read(home)
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
