"""Gemfile and its lock, in the form that Bundler writes: which gems are installed, and where each came from.

Both are files of the package, so an upgrade puts the bundled set back and drops what was installed since, as with the
real package. The lock's name is that of 6.0 and later; 5.x has Gemfile.jruby-1.9.lock.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_HEADER = (
    "# This is a Logstash generated Gemfile.\n"
    "# If you modify this file manually all comments and formatting will be lost.\n\n"
)
_SPEC = re.compile(r"^    (\S+) \(([^)]*)\)$")
_CORE = "logstash-core"


@dataclass
class Gem:
    """One gem: its version, whether the Gemfile asks for just that one, and its folder when it came as a file."""

    version: str
    pinned: bool = False
    path: str = ""


def lock_path(home: Path) -> Path:
    """The lock of this installation."""
    old = home / "Gemfile.jruby-1.9.lock"
    return old if old.exists() else home / "Gemfile.lock"


def read(home: Path) -> dict[str, Gem]:
    """The gems of the lock, but for the core itself."""
    gems: dict[str, Gem] = {}
    pins = set(re.findall(r'^gem "(\S+)", "=', (home / "Gemfile").read_text(encoding="utf-8"), re.MULTILINE))
    remote = ""
    for line in lock_path(home).read_text(encoding="utf-8").splitlines():
        if line.startswith("  remote: "):
            remote = line.removeprefix("  remote: ")
        found = _SPEC.match(line)
        if found and found[1] != _CORE:
            path = remote if remote.startswith("vendor/") else ""
            gems[found[1]] = Gem(found[2].removesuffix("-java"), found[1] in pins, path)
    return gems


def write(home: Path, release: str, gems: dict[str, Gem]) -> None:
    """Writes both, the lock first, as the real program does."""
    lock = home / ("Gemfile.jruby-1.9.lock" if release.startswith("5.") else "Gemfile.lock")
    for path, text in ((lock, _lock(release, gems)), (home / "Gemfile", _gemfile(gems))):
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)


def _lock(release: str, gems: dict[str, Gem]) -> str:
    text = f"PATH\n  remote: {_CORE}\n  specs:\n    {_CORE} ({release}-java)\n\n"
    depends = f"      {_CORE}-plugin-api (>= 1.60, <= 2.99)\n"
    for name, gem in sorted(gems.items()):
        if gem.path:
            text += f"PATH\n  remote: {gem.path}\n  specs:\n    {name} ({gem.version})\n{depends}\n"
    text += "GEM\n  remote: https://gems.example.com/\n  specs:\n"
    for name, gem in sorted(gems.items()):
        if not gem.path:
            text += f"    {name} ({gem.version})\n{depends}"
    text += f"\nPLATFORMS\n  java\n\nDEPENDENCIES\n  {_CORE}!\n"
    for name, gem in sorted(gems.items()):
        text += f"  {name}" + (f" (= {gem.version})" if gem.pinned else "") + ("!" if gem.path else "") + "\n"
    return text


def _gemfile(gems: dict[str, Gem]) -> str:
    text = _HEADER + f'source "https://gems.example.com"\ngem "{_CORE}", :path => "./{_CORE}"\n'
    for name, gem in gems.items():
        pin = f', "= {gem.version}"' if gem.pinned else ""
        text += f'gem "{name}"{pin}' + (f', :path => "{gem.path}"' if gem.path else "") + "\n"
    return text
