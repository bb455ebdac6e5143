"""Which variables texts name, whether or not an evaluation reads them.

An evaluation does not read a variable in a branch that is not taken (``#{if Transport == "http"}#{HttpPort}…``). It
is in use nevertheless: the text would break without it as soon as the branch is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from ..language.parser import parse, parse_name
from ..language.syntax import Lookup, Path

# The steps of a path, in lower case.
Steps = tuple[str, ...]


def paths_in(text: str) -> Iterator[Steps]:
    """The paths in all tokens of a text, up to their first index that only an evaluation knows."""
    if "#{" not in text:
        return
    pending: list[object] = list(parse(text).nodes)
    while pending:
        part = pending.pop()
        if isinstance(part, Path):
            yield _steps(part)
        if isinstance(part, tuple):
            pending.extend(part)
        elif is_dataclass(part):
            pending.extend(getattr(part, one.name) for one in fields(part))


def named(texts: Iterable[str], values: Mapping[str, Sequence[str]]) -> set[str]:
    """The names among ``values`` that ``texts`` name, or that the values of such variables name, and so on.

    ``values`` has for each variable all the texts that its value can be. A variable is named by its own path, by one
    below it (``#{Config.Port}`` may walk into the value of ``Config``) and by one above it (``#{each x in Servers}``
    reads ``Servers[a].Port``).
    """
    at: dict[Steps, list[str]] = {}
    below: dict[Steps, list[str]] = {}
    for name in values:
        path = parse_name(name)
        steps = _steps(path) if path else ()
        at.setdefault(steps, []).append(name)
        for above in _beginnings(steps):
            below.setdefault(above, []).append(name)
    found: set[str] = set()
    seen: set[Steps] = set()
    pending = list(texts)
    while pending:
        for steps in paths_in(pending.pop()):
            if steps in seen:
                continue
            seen.add(steps)
            names = {name for above in _beginnings(steps) for name in at.get(above, ())}
            for name in names.union(below.get(steps, ())) - found:
                found.add(name)
                pending.extend(values[name])
    return found


def _steps(path: Path) -> Steps:
    steps = []
    for step in path.steps:
        if isinstance(step, Lookup) or step.text == "*":
            break
        steps.append(step.text.lower())
    return tuple(steps)


def _beginnings(steps: Steps) -> Iterator[Steps]:
    return (steps[:end] for end in range(1, len(steps) + 1))
