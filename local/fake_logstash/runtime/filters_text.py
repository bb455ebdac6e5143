"""Filters that take a line apart: csv, dissect, date. Of each, what the pipelines of this project use."""

import csv
import re
import zoneinfo
from datetime import UTC, datetime

from .decoration import as_list, decorate, pairs
from .event import Event, text

# Joda's letters, as strptime writes them.
_DATE_CODES = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f"}


class Csv:
    """Columns by name; with `skip_empty_columns` empty ones are left out. A number that is none stays text."""

    def __init__(self, parameters: dict) -> None:
        self._parameters = parameters
        self._source = parameters.get("source", "message")
        self._columns = as_list(parameters.get("columns"))
        self._skip_empty = str(parameters.get("skip_empty_columns")) == "true"
        kinds = {"integer": int, "float": float}
        self._convert = {name: kinds[text(kind)] for name, kind in pairs(parameters.get("convert")) if kind in kinds}

    def __call__(self, event: Event) -> None:
        """Sets a field for each column."""
        source = event.get(self._source)
        if source is None:
            return
        try:
            (values,) = csv.reader([source], delimiter=self._parameters.get("separator", ","), strict=True)
        except (csv.Error, ValueError, TypeError):
            event.tag("_csvparsefailure")
            return
        for at, value in enumerate(values):
            if value or not self._skip_empty:
                name = self._columns[at] if at < len(self._columns) else f"column{at + 1}"
                event.set(name, self._converted(name, value))
        decorate(event, self._parameters)

    def _converted(self, name: str, value: str):
        try:
            return self._convert.get(name, str)(value)
        except ValueError:
            return value


class Dissect:
    """Plain and skipped (`%{?name}`, `%{}`) fields. A text that lacks a delimiter leaves the event as it was."""

    def __init__(self, parameters: dict) -> None:
        self._parameters = parameters
        self._mapping = [
            (field, re.split(r"%\{([^}]*)\}", str(pattern))) for field, pattern in pairs(parameters.get("mapping"))
        ]
        self._failure_tags = as_list(parameters.get("tag_on_failure", ["_dissectfailure"]))

    def __call__(self, event: Event) -> None:
        """Takes each mapped field apart."""
        for field, parts in self._mapping:
            source = event.get(field)
            found = self._dissected(source, parts) if isinstance(source, str) else None
            if found is None:
                for tag in self._failure_tags:
                    event.tag(tag)
                return
            for name, value in found.items():
                event.set(name, value)
        decorate(event, self._parameters)

    @staticmethod
    def _dissected(source: str, parts: list[str]) -> dict[str, str] | None:
        """The fields of a text; None when it has another form. `parts`: delimiter, key, delimiter, ..."""
        if not source.startswith(parts[0]):
            return None
        at, found = len(parts[0]), {}
        for key, delimiter in zip(parts[1::2], parts[2::2], strict=True):
            end = source.find(delimiter, at) if delimiter else len(source)
            if end < 0:
                return None
            if key and not key.startswith("?"):
                found[key] = source[at:end]
            at = end + len(delimiter)
        return found


class Date:
    """ISO8601 and patterns of Joda's letters for numbers; the result goes to @timestamp or to `target`."""

    def __init__(self, parameters: dict) -> None:
        self._parameters = parameters
        self._field, *self._formats = as_list(parameters.get("match"))
        name = str(parameters.get("timezone", "UTC"))
        self._zone = UTC if name in ("UTC", "Etc/UTC") else zoneinfo.ZoneInfo(name)
        self._failure_tags = as_list(parameters.get("tag_on_failure", ["_dateparsefailure"]))

    def __call__(self, event: Event) -> None:
        """Reads the field, where there is one."""
        source = event.get(self._field)
        if source is None:
            return
        for pattern in self._formats:
            moment = self._moment(str(source), pattern)
            if moment:
                stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
                event.set(self._parameters.get("target", "@timestamp"), stamp)
                decorate(event, self._parameters)
                return
        for tag in self._failure_tags:
            event.tag(tag)

    def _moment(self, source: str, pattern: str) -> datetime | None:
        try:
            if pattern == "ISO8601":
                found = datetime.fromisoformat(source)
            else:
                found = datetime.strptime(source, re.sub("SSS|[A-Za-z]{2,}", _date_code, pattern))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=self._zone)


def _date_code(match: re.Match) -> str:
    return _DATE_CODES.get(match[0], match[0])
