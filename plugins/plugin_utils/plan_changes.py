"""What a run in check mode says that it would change, one entry a file or thing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

SERVICE = "logstash.service"
# What these change is the role's own note of what it does; it is named only where nothing else changes.
RECORDS = {
    "elk.deploy.logstash_health",
    "elk.deploy.logstash_host",
    "elk.deploy.logstash_deployment_record",
    "elk.deploy.logstash_existing_setup",
    "elk.deploy.settings_release",
}
# The keys of a task's arguments that name what it changes, the most telling first.
NAMES = ("dest", "path", "stack_name", "name", "bucket", "key")


@dataclass(frozen=True)
class Change:
    """One thing that would change on one host.

    ``what`` names it (a file, a package, a stack), ``change`` says how in a few words, ``task`` is the name
    of the task that would do it, and ``diff`` is a unified diff, empty where it is not shown or not known.
    """

    what: str
    change: str
    task: str
    diff: str = ""


@dataclass
class Host:
    """What would change on one host, and what would happen to its service.

    ``service`` is "restart", "start" (the first installation) or "untouched".
    """

    changes: list[Change] = field(default_factory=list)
    records: list[Change] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    service: str = "untouched"

    @property
    def shown(self) -> list[Change]:
        return self.changes or self.records

    def as_dict(self) -> dict[str, Any]:
        """Changes as lists of what, change, task and diff; service; errors as texts."""
        return {"changes": [asdict(one) for one in self.shown], "service": self.service, "errors": self.errors}

    def add(self, action: str, task: str, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Notes one changed task."""
        if is_service(action, arguments):
            if arguments.get("state") == "restarted" or boolean(arguments.get("restart", False), strict=False):
                self.service = "restart"
            else:
                self.changes.append(Change(SERVICE, f"state and start at boot: {arguments.get('state')}", task))
            return
        found = list(changes(action, task, arguments, result))
        (self.records if action in RECORDS else self.changes).extend(found)


def is_service(action: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a task starts, stops or restarts Logstash: the role's, or one of a user's hooks or playbooks."""
    name = action.rpartition(".")[2]
    is_its = name in {"systemd", "systemd_service", "service"} and arguments.get("name") == SERVICE
    return name == "logstash_service" or is_its


def changes(action: str, task: str, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Change]:
    """The changes that one task's result tells of: one for each difference in it, at least one."""
    named = next((str(arguments[key]) for key in NAMES if arguments.get(key)), "") or action.rpartition(".")[2]
    if "results" in result:
        for item in result["results"]:
            if item.get("changed"):
                own = item.get("invocation", {}).get("module_args") or arguments
                yield from changes(action, task, own, item)
        return
    differences = result.get("diff") or []
    found = [
        one
        for difference in ([differences] if isinstance(differences, Mapping) else differences)
        for one in _difference(task, named, difference)
    ]
    found = found or [Change(str(path), "new", task) for path in result.get("created") or ()]
    if action == "elk.deploy.stack":
        found = [Change(named, str(line), task) for line in result.get("changes") or ()]
    yield from found or [Change(named, str(result.get("msg") or "changes"), task)]


def _difference(task: str, named: str, difference: Mapping[str, Any]) -> Iterator[Change]:
    if difference.get("prepared"):
        lines = str(difference["prepared"]).strip().splitlines()
        what = lines[0] if len(lines) == 1 else named
        # The folders of a settings directory are made with its files, which have lines of their own.
        if not what.startswith("folder "):
            yield Change(what, "changes", task, "\n".join(lines) + "\n")
    if "before" not in difference and "after" not in difference:
        return
    before, after = difference.get("before") or "", difference.get("after") or ""
    what = str(difference.get("after_header") or difference.get("before_header") or named)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        pairs = [f"{key}: {before.get(key)} -> {value}" for key, value in after.items() if before.get(key) != value]
        yield Change(what, ", ".join(pairs) or "changes", task)
        return
    old, new = (text if isinstance(text, str) else str(text) for text in (before, after))
    yield Change(what, _how(old, new), task, _unified(what, old, new))


def _how(old: str, new: str) -> str:
    was, becomes = old.splitlines(), new.splitlines()
    if len(was) == len(becomes) == 1:
        return f"{was[0]} -> {becomes[0]}"
    if not was:
        return f"new, {len(becomes)} lines"
    if not becomes:
        return f"removed, {len(was)} lines"
    added = removed = 0
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, was, becomes, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += end - start
            added += stop - begin
    return f"+{added} -{removed} lines" if added or removed else "changes"


def _unified(name: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"{name} (now)", f"{name} (planned)", lineterm="")
    return "".join(line + "\n" for line in lines)


def table(hosts: Mapping[str, Host]) -> str:
    """The hosts with what would change on each, in columns; a host without changes has a line that says so."""
    rows = [("HOST", "WHAT", "CHANGE", "TASK")]
    for name, host in sorted(hosts.items()):
        rows.extend((name, one.what, one.change, one.task) for one in host.shown)
        if host.errors:
            rows += [(name, "error", text.splitlines()[0] if text else "", "") for text in host.errors]
        elif host.shown or host.service != "untouched":
            rows.append((name, SERVICE, {"restart": "restarts", "start": "starts"}.get(host.service, "no restart"), ""))
        else:
            rows.append((name, "nothing would change", "", ""))
    what, change, task = (max(len(row[column]) for row in rows) + 2 for column in range(3))
    return "\n".join(f"{row[0]:{what}}{row[1]:{change}}{row[2]:{task}}{row[3]}".rstrip() for row in rows)
