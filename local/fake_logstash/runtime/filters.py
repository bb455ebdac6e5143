"""Filters that are really run: mutate, drop, json and those of filters_text. Any other passes events through."""

import json
import random
import re
import time

from . import grok_patterns
from .decoration import as_list, decorate, pairs
from .errors import RegisterError
from .event import Event, text
from .filters_text import Csv, Date, Dissect


def make(name: str, parameters: dict):
    """The function that runs the filter on an event, or None for one that is passed through."""
    known = {"csv": Csv, "date": Date, "dissect": Dissect, "drop": _Drop, "json": _Json, "mutate": _Mutate}
    kind = known.get(name)
    return kind(parameters) if kind else None


def register(name: str, parameters: dict) -> None:
    """Gets a filter ready to run, as far as that can take long or fail. Raises RegisterError.

    A ruby filter takes its time for `init => "sleep 60"`, and no other Ruby is run. A grok filter wants every pattern
    to be defined; one with files of patterns is believed.
    """
    if name == "ruby":
        found = re.fullmatch(r"\s*sleep[ (]\s*(\d+(?:\.\d+)?)\s*\)?\s*", str(parameters.get("init", "")))
        time.sleep(float(found[1]) if found else 0.0)
    elif name == "grok" and "patterns_dir" not in parameters:
        known = grok_patterns.NAMES | set(parameters.get("pattern_definitions", {}))
        for _field, expressions in pairs(parameters.get("match", {})):
            for used in re.finditer(r"%\{(\w+)[^}]*\}", " ".join(map(text, as_list(expressions)))):
                if used[1] not in known:
                    raise RegisterError(f"#<Grok::PatternError: pattern {used[0]} not defined>")


class _Drop:
    def __init__(self, parameters: dict) -> None:
        self._percentage = float(parameters.get("percentage", 100))

    def __call__(self, event: Event) -> None:
        event.cancelled = self._percentage >= 100 or random.random() * 100 < self._percentage  # noqa: S311


class _Json:
    def __init__(self, parameters: dict) -> None:
        self._parameters = parameters
        self._failure_tags = as_list(parameters.get("tag_on_failure", ["_jsonparsefailure"]))

    def __call__(self, event: Event) -> None:
        source = event.get(self._parameters["source"])
        if source is None:
            return
        target = self._parameters.get("target")
        try:
            parsed = json.loads(source)
            if not target and not isinstance(parsed, dict):
                raise ValueError("not a hash")
        except (ValueError, TypeError):
            if str(self._parameters.get("skip_on_invalid_json")) != "true":
                for tag in self._failure_tags:
                    event.tag(tag)
            return
        if target:
            event.set(target, parsed)
        else:
            for key, value in parsed.items():
                event.data[key] = value
        decorate(event, self._parameters)


def _to_boolean(value):
    if text(value).lower() in ("true", "t", "yes", "y", "1", "1.0"):
        return True
    return False if text(value).lower() in ("false", "f", "no", "n", "0", "0.0", "") else value


def _to_integer(value):
    found = re.match(r"\s*-?\d+", text(value).replace(",", ""))
    return int(value) if isinstance(value, bool) else int(found[0]) if found else 0


def _to_float(value):
    found = re.match(r"\s*-?\d+(\.\d+)?([eE]-?\d+)?", text(value).replace(",", ""))
    return float(found[0]) if found else 0.0


_CONVERT = {"integer": _to_integer, "float": _to_float, "boolean": _to_boolean, "string": text}


class _Mutate:
    """The operations run in the real order, whatever order they were written in."""

    _ORDER = (
        *("coerce", "rename", "update", "replace", "convert", "gsub", "uppercase", "capitalize", "lowercase", "strip"),
        *("split", "join", "merge", "copy"),
    )

    def __init__(self, parameters: dict) -> None:
        self._parameters = parameters
        self._steps = [(getattr(self, f"_{name}"), parameters[name]) for name in self._ORDER if name in parameters]

    def __call__(self, event: Event) -> None:
        for step, value in self._steps:
            step(event, value)
        decorate(event, self._parameters)

    def _coerce(self, event: Event, value) -> None:
        for field, default in pairs(value):
            if event.includes(field) and event.get(field) is None:
                event.set(field, event.sprintf(text(default)))

    def _rename(self, event: Event, value) -> None:
        for old, new in pairs(value):
            if event.includes(event.sprintf(old)):
                event.set(event.sprintf(text(new)), event.remove(event.sprintf(old)))

    def _update(self, event: Event, value) -> None:
        for field, new in pairs(value):
            if event.includes(field):
                event.set(field, event.sprintf(text(new)))

    def _replace(self, event: Event, value) -> None:
        for field, new in pairs(value):
            event.set(field, event.sprintf(text(new)))

    def _convert(self, event: Event, value) -> None:
        for field, kind in pairs(value):
            found = event.get(field)
            change = _CONVERT.get(text(kind))
            if change and found is not None:
                event.set(field, [change(item) for item in found] if isinstance(found, list) else change(found))

    def _gsub(self, event: Event, value) -> None:
        for field, pattern, new in zip(value[::3], value[1::3], value[2::3], strict=False):
            self._each(event, [field], lambda item, p=pattern, n=new: re.sub(p, n.replace("\\", r"\\"), item))

    def _uppercase(self, event: Event, value) -> None:
        self._each(event, as_list(value), str.upper)

    def _capitalize(self, event: Event, value) -> None:
        self._each(event, as_list(value), str.capitalize)

    def _lowercase(self, event: Event, value) -> None:
        self._each(event, as_list(value), str.lower)

    def _strip(self, event: Event, value) -> None:
        self._each(event, as_list(value), str.strip)

    def _each(self, event: Event, fields: list, change) -> None:
        for field in fields:
            found = event.get(field)
            if isinstance(found, str):
                event.set(field, change(found))
            elif isinstance(found, list):
                event.set(field, [change(item) if isinstance(item, str) else item for item in found])

    def _split(self, event: Event, value) -> None:
        for field, separator in pairs(value):
            if isinstance(event.get(field), str):
                event.set(field, event.get(field).split(text(separator)))

    def _join(self, event: Event, value) -> None:
        for field, separator in pairs(value):
            if isinstance(event.get(field), list):
                event.set(field, text(separator).join(text(item) for item in event.get(field)))

    def _merge(self, event: Event, value) -> None:
        for target, sources in pairs(value):
            for source in as_list(sources):
                if event.includes(source):
                    event.set(target, as_list(event.get(target)) + as_list(event.get(source)))

    def _copy(self, event: Event, value) -> None:
        for source, target in pairs(value):
            if event.includes(source):
                event.set(text(target), event.get(source))
