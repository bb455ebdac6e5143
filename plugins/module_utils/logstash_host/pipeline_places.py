"""From the words of Logstash's configuration test to the file and the line that they are about.

Logstash names neither file nor pipeline. A syntax error has a line, a column and an offset, counted in one file of a
pipeline by today's releases and in all of its files joined by older ones. Both are tried: a place is right where line,
column and offset agree, and where the text before it is the one that the message quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SYNTAX = re.compile(r"at line (\d+), column (\d+) \(byte (\d+)\)(\s+after )?")
# What a file rightly starts with. An error at its very start quotes nothing, and every file has a start.
RIGHT_START = re.compile(r"(?:input|filter|output)\b|#|\s")
PLUGIN = re.compile(
    r"Unable to load plugin\. \{:type=>\"\w+\", :name=>\"(?P<missing>[\w-]+)\"|"
    r"Couldn't find any \w+ plugin named '(?P<unknown>[\w-]+)'|"
    r"(?:Missing a required setting for the|Invalid setting for) (?P<wrong>[\w-]+) \w+ plugin"
)
SETTING = re.compile(r"Unknown setting '(?P<setting>[^']+)' for (?P<plugin>[\w-]+)")
VARIABLE = re.compile(r"Cannot evaluate `?(\$\{[^}]+\})`?")
PROCESS_SETTING = re.compile(
    r"Setting \"([^\"]+)\" doesn't exist|Only pipeline related settings.*?Received \"([^\"]+)\""
)


@dataclass(frozen=True)
class Place:
    """A line of a file, by the names that the staged settings have."""

    file: str
    line: int
    text: str


def find_places(output: str, files: Mapping[str, str], pipelines: Sequence[Sequence[str]]) -> list[Place]:
    """The places that the output is about, each once.

    ``files`` is {name: text} of the settings directory, ``pipelines`` the names of the files of each pipeline in the
    order that Logstash reads them.
    """
    sources = {name: files[name] for names in pipelines for name in names}
    found = [place for match in SYNTAX.finditer(output) for place in find_syntax(match, output, files, pipelines)]
    for match in PLUGIN.finditer(output):
        found += search(sources, rf"\b{re.escape(match['missing'] or match['unknown'] or match['wrong'])}\s*\{{")
    for match in SETTING.finditer(output):
        found += find_setting(sources, match["plugin"], match["setting"])
    for match in VARIABLE.finditer(output):
        found += search(files, re.escape(match[1]))
    for match in PROCESS_SETTING.finditer(output):
        settings = {name: text for name, text in files.items() if name not in sources}
        found += search(settings, rf"^[\s-]*{re.escape(match[1] or match[2])}:")
    return list(dict.fromkeys(found))


def search(files: Mapping[str, str], pattern: str) -> list[Place]:
    """The lines that match, comments left out."""
    return [
        Place(name, number, line.strip())
        for name, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if re.search(pattern, line) and not line.lstrip().startswith("#")
    ]


def find_setting(sources: Mapping[str, str], plugin: str, setting: str) -> list[Place]:
    """Where a plugin has a setting: the first after each opening of the plugin, before another one opens."""
    found = []
    for name, text in sources.items():
        for opening in re.finditer(rf"\b{re.escape(plugin)}\s*\{{", text):
            match = re.compile(rf"[\"']?\b{re.escape(setting)}\b[\"']?\s*=>").search(text, opening.end())
            if match:
                found.append(place_at(name, text, match.start()))
    return found


def place_at(name: str, text: str, offset: int) -> Place:
    """The place of an offset."""
    line = text.count("\n", 0, offset) + 1
    return Place(name, line, text.split("\n")[line - 1].strip())


def find_syntax(
    match: re.Match[str], output: str, files: Mapping[str, str], pipelines: Sequence[Sequence[str]]
) -> list[Place]:
    """The places that a syntax error may be at: mostly one."""
    line, column, byte = (int(match[number]) for number in (1, 2, 3))
    quoted = output[match.end() :] if match[4] else ""
    likely: list[Place] = []
    possible: list[Place] = []
    for names in pipelines:
        whole = [(name, files[name]) for name in names]
        joined = "\n".join(text for _name, text in whole)
        for parts, text in [([part], part[1]) for part in whole] + [(whole, joined)]:
            offset = offset_of(text, line, column)
            if offset is None or byte - 1 not in (offset, len(text[:offset].encode())):
                continue
            if not quoted and RIGHT_START.match(text, offset):
                continue
            place = place_in(parts, offset)
            possible.append(place)
            if is_quoted(text[:offset], quoted):
                likely.append(place)
    return likely or possible


def offset_of(text: str, line: int, column: int) -> int | None:
    """The offset of a line and a column, None where the text has no such place."""
    lines = text.split("\n")
    if line > len(lines) or column > len(lines[line - 1]) + 1:
        return None
    return sum(len(before) + 1 for before in lines[: line - 1]) + column - 1


def place_in(parts: Sequence[tuple[str, str]], offset: int) -> Place:
    """The place of an offset in the joined parts."""
    for name, text in parts[:-1]:
        if offset <= len(text):
            return place_at(name, text, offset)
        offset -= len(text) + 1
    name, text = parts[-1]
    return place_at(name, text, offset)


def is_quoted(before: str, quoted: str) -> bool:
    """Whether a message quotes the end of what is before the place."""
    start = before.rfind(quoted.split("\n", 1)[0])
    return start >= 0 and quoted.startswith(before[start:])
