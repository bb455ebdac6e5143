"""Tests of alarms, as files in tests/alarms/ have them: series in, states at given times out.

The form is close to that of ``promtool test rules``; docs/alarms.md describes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from . import evaluator, rules, series
from .definitions import Metric

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SECONDS = (evaluator.DAY, evaluator.HOUR, evaluator.MINUTE, 1)
_TEST_KEYS = (
    *("name", "series", "interval", "start", "created", "needs", "noisy"),
    *("expect", "never", "notifications", "changes"),
)
_SERIES_KEYS = ("metric", "values", "namespace", "dimensions", "alarm", "every")


class AlarmTestsError(ValueError):
    """Test files that cannot be read; ``faults`` has each mistake with file, line and test."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Given:
    """A series of a test, for every metric of an alarm that it matches; what is empty matches any."""

    metric: str
    namespace: str
    dimensions: Mapping[str, str]
    alarm: str
    slots: Sequence[series.Slot]
    every: int
    line: int

    def matches(self, alarm: str, metric: Metric) -> bool:
        """Whether it is for this metric of the alarm with this name."""
        return (
            metric.metric == self.metric
            and self.alarm in ("", alarm)
            and self.namespace in ("", metric.namespace)
            and all(fnmatchcase(metric.dimensions.get(name, ""), pattern) for name, pattern in self.dimensions.items())
        )

    @property
    def has_gaps(self) -> bool:
        return any(not slot.samples for slot in self.slots)

    @property
    def text(self) -> str:
        dimensions = "".join(f", {name} {value}" for name, value in self.dimensions.items())
        return f"{self.namespace} {self.metric}{dimensions}{f' of {self.alarm}' if self.alarm else ''}".lstrip()


@dataclass(frozen=True, slots=True)
class Expectation:
    """A state at a time, in seconds after the start; for one that must never be, ``at`` is None."""

    alarm: str
    state: str
    at: int | None
    line: int


@dataclass(frozen=True)
class AlarmTest:
    """One test of a file; times are seconds after the start."""

    file: str
    line: int
    name: str
    start: datetime | None
    created: int
    noisy: bool
    series: tuple[Given, ...]
    expect: tuple[Expectation, ...]
    never: tuple[Expectation, ...]
    # By alarm: the states in the messages that a subscriber gets, and the line.
    notifications: Mapping[str, tuple[list[str], int]]
    changes: Mapping[str, Mapping[str, Any]]
    # Alarms without which the test says nothing.
    needs: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}: {self.name}"

    @property
    def until(self) -> int:
        ends = [len(given.slots) * given.every for given in self.series]
        return max([*ends, *(one.at or 0 for one in self.expect)])

    @property
    def alarms(self) -> list[str]:
        """The alarms that it says something about."""
        return list(dict.fromkeys([*(one.alarm for one in (*self.expect, *self.never)), *self.notifications]))


class _Mapping(dict[Any, Any]):
    """A mapping that knows its lines."""

    line = 0
    lines: Mapping[Any, int]


class _Loader(yaml.SafeLoader):
    """YAML with line numbers, that refuses a key given twice. Times and the values of series stay texts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> _Mapping:
        written = [(key.value, key.start_mark) for key, _ in node.value]
        for at, (key, mark) in enumerate(written):
            if key in [earlier for earlier, _ in written[:at]]:
                raise yaml.constructor.ConstructorError(None, None, f"key {key} is there twice", mark)
        self.flatten_mapping(node)
        found, lines = _Mapping(), {}
        for key_node, value_node in node.value:
            name = self.construct_scalar(key_node)
            # Otherwise 0x10 would be a number, and ten zeros sixteen.
            is_text = name == "values" and isinstance(value_node, yaml.ScalarNode)
            found[name] = value_node.value if is_text else self.construct_object(value_node, deep=True)
            lines[name] = key_node.start_mark.line + 1
        found.line, found.lines = node.start_mark.line + 1, lines
        return found


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Mapping:
    return loader.construct_mapping(node)


def _text(loader: _Loader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def find(path: Path) -> list[Path]:
    """The test files of a folder, in the order of their names, or the one file that ``path`` is."""
    return [path] if path.is_file() else sorted([*path.glob("*.yml"), *path.glob("*.yaml")])


def load(paths: Sequence[Path], names: set[str], root: Path | None = None) -> list[AlarmTest]:
    """The tests of files; ``names`` are the alarms there are, and messages name files from ``root`` on.

    :raises AlarmTestsError: with every mistake in them.
    """
    tests: list[AlarmTest] = []
    faults: list[str] = []
    for path in paths:
        label = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{label}: cannot be read: {error}")
            continue
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            faults.append(f"{label}:{mark.line + 1 if mark else 1}: {getattr(error, 'problem', None) or error}")
            continue
        reader = _Reader(label, names)
        tests += reader.file(content)
        faults += reader.faults
    if faults:
        raise AlarmTestsError(faults)
    return tests


def seconds(text: Any) -> int | None:
    """The seconds of a duration such as 90s, 4m, 1h30m or 2d; None if it is none."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
    if not found or not any(part is not None for part in found.groups()):
        return None
    return sum(int(part or 0) * size for part, size in zip(found.groups(), _SECONDS, strict=True))


def duration(given: int) -> str:
    """Seconds as a time of a test file: 90 is 1m30s."""
    text, left = "", given
    for size, unit in zip(_SECONDS, "dhms", strict=True):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0m"


class _Reader:
    """Reads one file, and gathers what is wrong with it."""

    def __init__(self, label: str, names: set[str]) -> None:
        self.label, self.names = label, names
        self.faults: list[str] = []
        self.test = ""

    def fault(self, line: int, what: str, expected: str) -> None:
        test = f"test {self.test!r}: " if self.test else ""
        self.faults.append(f"{self.label}:{line}: {test}{what}, expected {expected}")

    def entries(self, content: Any) -> Sequence[Any]:
        if isinstance(content, _Mapping):
            for key in content:
                if key != "tests":
                    self.fault(content.lines[key], f"unknown key {key}", "tests")
            if isinstance(content.get("tests"), list) and content["tests"]:
                return list(content["tests"])
        self.fault(1, "no tests", "a mapping with the list tests")
        return []

    def file(self, content: Any) -> list[AlarmTest]:
        tests: list[AlarmTest] = []
        for number, entry in enumerate(self.entries(content), 1):
            self.test = f"number {number}"
            if not isinstance(entry, _Mapping):
                self.fault(1, f"{entry!r}", "a mapping with name, series and expect")
                continue
            self.test = str(entry.get("name") or self.test)
            if any(test.name == self.test for test in tests):
                self.fault(entry.line, "its name is there twice", "a name of its own for each test")
            before = len(self.faults)
            test = self.read(entry)
            if len(self.faults) == before:
                tests.append(test)
        return tests

    def read(self, entry: _Mapping) -> AlarmTest:
        self.keys(entry, _TEST_KEYS, ("name", "series"))
        if not any(entry.get(key) for key in ("expect", "never", "notifications")):
            self.fault(entry.line, "it expects nothing", "one of expect, never and notifications")
        interval = self.interval(entry, "interval", 60)
        notifications = self.mapping(entry, "notifications", "states by alarm, as in broker-silent: [ALARM, OK]")
        changes = self.mapping(entry, "changes", "keys by alarm, as in broker-silent: {statistic: Maximum}")
        for name in (*notifications, *changes):
            self.alarm(name, notifications.lines.get(name) or changes.lines[name])
        for name, own in changes.items():
            if not isinstance(own, Mapping):
                self.fault(
                    changes.lines[name], f"changes of {name} are {own!r}", "keys and values, {statistic: Maximum}"
                )
        return AlarmTest(
            file=self.label,
            line=entry.line,
            name=self.test,
            start=self.start(entry),
            created=self.duration(entry, "created", 0),
            noisy=self.flag(entry, "noisy"),
            series=tuple(self.each(entry, "series", lambda one: self.given(one, interval))),
            expect=tuple(self.each(entry, "expect", lambda one: self.expectation(one, ("alarm", "state", "at")))),
            never=tuple(self.each(entry, "never", lambda one: self.expectation(one, ("alarm", "state")))),
            notifications={
                name: (self.states(states, notifications.lines[name]), notifications.lines[name])
                for name, states in notifications.items()
            },
            changes=changes,
            needs=tuple(self.needs(entry)),
        )

    def keys(self, entry: _Mapping, known: Sequence[str], needed: Sequence[str]) -> None:
        for key in entry:
            if key not in known:
                self.fault(entry.lines[key], f"unknown key {key}", f"one of {', '.join(known)}")
        for key in needed:
            if entry.get(key) in (None, "", []):
                self.fault(entry.lines.get(key, entry.line), f"no {key}", "a value")

    def alarm(self, name: Any, line: int) -> str:
        if name not in self.names:
            self.fault(
                line, f"unknown alarm {name!r}", f"one of {', '.join(sorted(self.names)) or '(none is defined)'}"
            )
        return str(name)

    def state(self, state: Any, line: int) -> str:
        if state not in rules.STATES:
            self.fault(line, f"unknown state {state!r}", f"one of {', '.join(rules.STATES)}")
        return str(state)

    def states(self, states: Any, line: int) -> list[str]:
        if not isinstance(states, list):
            self.fault(line, f"{states!r}", "a list of states, as in [ALARM, OK]")
            return []
        return [self.state(state, line) for state in states]

    def needs(self, entry: _Mapping) -> Iterator[str]:
        value = entry.get("needs") or []
        if not isinstance(value, list):
            self.fault(entry.lines["needs"], f"needs is {value!r}", "a list of alarms, as in [broker-silent]")
            return
        for name in value:
            yield self.alarm(name, entry.lines["needs"])

    def mapping(self, entry: _Mapping, key: str, expected: str) -> _Mapping:
        value = entry.get(key)
        if isinstance(value, _Mapping):
            return value
        if value is not None:
            self.fault(entry.lines[key], f"{key} is {value!r}", expected)
        empty = _Mapping()
        empty.lines = {}
        return empty

    def each(self, entry: _Mapping, key: str, read: Callable[[_Mapping], Any]) -> Iterator[Any]:
        value = entry.get(key) or []
        if not isinstance(value, list):
            self.fault(entry.lines[key], f"{key} is {value!r}", "a list of mappings")
            return
        for one in value:
            if isinstance(one, _Mapping):
                yield read(one)
            else:
                self.fault(entry.lines[key], f"{key} has {one!r}", "a list of mappings")

    def duration(self, entry: _Mapping, key: str, default: int) -> int:
        value = entry.get(key)
        found = default if value is None else seconds(value)
        if found is None:
            self.fault(entry.lines[key], f"{key} is {value!r}", "a time such as 90s, 4m, 1h30m or 2d")
        return found or 0

    def interval(self, entry: _Mapping, key: str, default: int) -> int:
        value = entry.get(key, default)
        found = value if isinstance(value, int) and not isinstance(value, bool) else seconds(value)
        if not found or found < 0 or found % (10 if found < evaluator.MINUTE else evaluator.MINUTE):
            self.fault(entry.lines[key], f"{key} is {value!r}", "10, 20, 30 or a multiple of 60 seconds, or as 5m")
            return default
        return found

    def start(self, entry: _Mapping) -> datetime | None:
        value = entry.get("start")
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault(entry.lines["start"], f"start is {value!r}", "a time such as 2026-03-02T00:00:00Z")
            return None

    def flag(self, entry: _Mapping, key: str) -> bool:
        value = entry.get(key, False)
        if not isinstance(value, bool):
            self.fault(entry.lines[key], f"{key} is {value!r}", "true or false")
        return bool(value)

    def given(self, entry: _Mapping, interval: int) -> Given:
        self.keys(entry, _SERIES_KEYS, ("metric", "values"))
        dimensions = self.mapping(entry, "dimensions", 'names and values, as in {LoadBalancerName: "*"}')
        slots: list[series.Slot] = []
        try:
            slots = series.read(str(entry.get("values", "")))
        except series.NotationError as error:
            self.faults.append(f"{self.label}:{entry.lines['values']}: test {self.test!r}: values: {error}")
        return Given(
            str(entry.get("metric")),
            str(entry.get("namespace") or ""),
            {str(name): str(value) for name, value in dimensions.items()},
            self.alarm(entry["alarm"], entry.lines["alarm"]) if "alarm" in entry else "",
            slots,
            self.interval(entry, "every", interval),
            entry.line,
        )

    def expectation(self, entry: _Mapping, keys: Sequence[str]) -> Expectation:
        self.keys(entry, keys, keys)
        return Expectation(
            self.alarm(entry["alarm"], entry.lines["alarm"]) if "alarm" in entry else "",
            self.state(entry["state"], entry.lines["state"]) if "state" in entry else "",
            self.duration(entry, "at", 0) if "at" in keys else None,
            entry.line,
        )
