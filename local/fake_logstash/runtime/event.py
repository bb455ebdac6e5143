"""Events: a hash with field references, `%{}` formats and the two fields that every event has."""

import copy
import json
import re
import time
from datetime import UTC, datetime

_ELEMENT = re.compile(r"\[([^\[\]]+)\]")
_FORMAT = re.compile(r"%\{([^}]+)\}")
# Joda's letters, as far as dates in file names and index names use them.
_DATE = re.compile(r"'([^']*)'|(y+|Y+|x+|M+|d+|D+|H+|m+|s+|S+|E+|w+|Z+)")


def now() -> str:
    """The time in the form of @timestamp."""
    moment = time.time_ns()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 10**9)) + f".{moment // 1000 % 10**6:06d}Z"


def path(reference: str) -> list[str]:
    """`[a][b]` as `["a", "b"]`; a bare name is a field at the top."""
    if reference.startswith("["):
        found = _ELEMENT.findall(reference)
        if found:
            return found
    return [reference]


class Event:
    """One event. `data` holds @metadata too; `to_hash` leaves it out, as every codec does."""

    __slots__ = ("cancelled", "data")

    def __init__(self, data: dict | None = None) -> None:
        self.data = data if data is not None else {}
        self.cancelled = False
        self.data.setdefault("@version", "1")
        stamp = self.data.get("@timestamp")
        if stamp is None:
            self.data["@timestamp"] = now()
        elif not isinstance(stamp, str) or _moment(stamp) is None:
            self.data["_@timestamp"] = stamp
            self.data["@timestamp"] = now()
            self.tag("_timestampparsefailure")

    def get(self, reference: str):
        """The value of a field, or None."""
        value = self.data
        for key in path(reference):
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and re.fullmatch(r"-?\d+", key) and -len(value) <= int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return value

    def set(self, reference: str, value) -> None:
        """Sets a field, and makes the hashes on the way to it."""
        *parents, last = path(reference)
        target = self.data
        for key in parents:
            if not isinstance(target.get(key), dict):
                target[key] = {}
            target = target[key]
        target[last] = value

    def remove(self, reference: str):
        """Takes a field away and returns its value."""
        *parents, last = path(reference)
        target = self.data
        for key in parents:
            target = target.get(key) if isinstance(target, dict) else None
        return target.pop(last, None) if isinstance(target, dict) else None

    def includes(self, reference: str) -> bool:
        """Whether the field is there, whatever its value."""
        *parents, last = path(reference)
        target = self.data
        for key in parents:
            target = target.get(key) if isinstance(target, dict) else None
        return isinstance(target, dict) and last in target

    def tag(self, name: str) -> None:
        """Adds a tag once."""
        tags = self.data.get("tags")
        if not isinstance(tags, list):
            tags = [] if tags is None else [tags]
        if name not in tags:
            tags.append(name)
        self.data["tags"] = tags

    def untag(self, name: str) -> None:
        """Removes a tag."""
        tags = self.data.get("tags")
        if isinstance(tags, list) and name in tags:
            tags.remove(name)

    def sprintf(self, template: str) -> str:
        """Replaces `%{field}` and `%{+YYYY.MM.dd}`; a field that is not there leaves its format as it is."""

        def value(match: re.Match) -> str:
            name = match[1]
            if name == "+%s":
                return str(int((_moment(self.data["@timestamp"]) or datetime.now(UTC)).timestamp()))
            if name.startswith("+"):
                return self._date(name[1:])
            found = self.get(name)
            if found is None and not self.includes(name):
                return match[0]
            return text(found)

        return _FORMAT.sub(value, template) if "%{" in template else template

    def _date(self, pattern: str) -> str:
        moment = _moment(self.data["@timestamp"]) or datetime.now(UTC)
        codes = {"M": "%m", "d": "%d", "D": "%j", "H": "%H", "m": "%M", "s": "%S", "w": "%V", "E": "%a", "Z": "%z"}

        def part(match: re.Match) -> str:
            letters = match[2]
            if letters is None:
                return match[1]
            kind = letters[0]
            if kind in "yYx":
                year = moment.strftime("%G") if kind == "x" else f"{moment.year:04d}"
                return year[-2:] if len(letters) == 2 else year
            if kind == "S":
                return f"{moment.microsecond:06d}"[: len(letters)]
            if kind == "M" and len(letters) > 2:
                return moment.strftime("%b" if len(letters) == 3 else "%B")
            found = moment.strftime(codes[kind])
            return str(int(found)) if len(letters) == 1 and found.isdigit() else found

        return _DATE.sub(part, pattern)

    def clone(self) -> "Event":
        """A copy that shares nothing."""
        twin = Event(copy.deepcopy(self.data))
        twin.cancelled = self.cancelled
        return twin

    def to_hash(self) -> dict:
        """What codecs write: everything but @metadata."""
        return {key: value for key, value in self.data.items() if key != "@metadata"}

    def to_json(self) -> str:
        """The event on one line."""
        return json.dumps(self.to_hash(), ensure_ascii=False, separators=(",", ":"))


def text(value) -> str:
    """A value as a format writes it: lists joined with commas, hashes as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "" if value is None else str(value)


def _moment(stamp: str) -> datetime | None:
    try:
        # fromisoformat takes at most microseconds.
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp).replace("Z", "+00:00"))
    except (ValueError, TypeError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
