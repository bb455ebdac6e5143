"""What the plugins do about tokens without value and about text that only looks like a token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ansible.errors import AnsibleError

from .octopus import Problem
from .octopus.report import report
from .octopus.scoping.host import HostVariables
from .octopus_variables import Reader

WAYS = ("fail", "warn", "ignore")

# Kinds of problems that leave a token in the text. All others but syntax errors leave no usable text: they always fail.
UNRESOLVED = ("missing", "filter", "calculation")


@dataclass(frozen=True, slots=True)
class Handling:
    """One of :data:`WAYS` for each sort of problem."""

    unresolved: str
    syntax_errors: str

    def of(self, problem: Problem) -> str:
        if problem.kind == "syntax":
            return self.syntax_errors
        return self.unresolved if problem.kind in UNRESOLVED else "fail"


def handling(read: Reader, *, unresolved: str | None, syntax_errors: str | None) -> Handling:
    """The options; for one that is not given, the Ansible variable ``octopus_<option>``; else ``fail``.

    :raises AnsibleError: an option or a variable is none of :data:`WAYS`.
    """
    return Handling(
        _way(read, "unresolved", unresolved),
        _way(read, "syntax_errors", syntax_errors),
    )


def _way(read: Reader, option: str, given: str | None) -> str:
    name, value = option, given
    if value is None:
        name = f"octopus_{option}"
        value = read(name)
    if value is None:
        return "fail"
    if value not in WAYS:
        raise AnsibleError(f"{name} is {value!r}, expected one of {', '.join(WAYS)}")
    return str(value)


def report_problems(
    texts: Iterable[tuple[str, Sequence[Problem]]],
    host: HostVariables,
    how: Handling,
    warn: Callable[[str], None],
) -> str:
    """Warn of what is to be warned of, and return the message to fail with; empty when there is nothing to fail for."""
    texts = list(texts)
    ways = {
        way: [(label, [one for one in problems if how.of(one) == way]) for label, problems in texts] for way in WAYS
    }
    messages = {way: report(found, host) if any(one for _unused, one in found) else "" for way, found in ways.items()}
    if messages["warn"]:
        warn(messages["warn"])
    return messages["fail"]
