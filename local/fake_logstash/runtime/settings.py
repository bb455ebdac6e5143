"""The settings of the process: logstash.yml, then the command line, coerced and checked as the real ones are."""

import os
import re
import socket
from pathlib import Path

from . import log, settings_table, variables, yaml_file
from .errors import ArgumentError

_UNKNOWN = "Setting \"{}\" doesn't exist. Please check if you haven't made a typo."
_BYTE_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}
_TIME_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "micros": 1e-6, "nanos": 1e-9}
_RUBY_CLASSES = {str: "String", int: "Integer", float: "Float", bool: "TrueClass", dict: "Hash", list: "Array"}


def _ruby_class(value) -> str:
    return "NilClass" if value is None else _RUBY_CLASSES.get(type(value), "Object")


def _boolean(_name: str, value):
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ArgumentError(f"could not coerce {value} into a boolean")


def _integer(_name: str, value):
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    raise ArgumentError(f"Failed to coerce value to Integer. Received {value} ({_ruby_class(value)})")


def _positive(name: str, value):
    number = _integer(name, value)
    if number <= 0:
        raise ArgumentError(f"Number must be bigger than 0. Received: {number}")
    return number


def _numeric(_name: str, value):
    try:
        return float(value) if "." in str(value) else int(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"Failed to coerce value to Numeric. Received {value} ({_ruby_class(value)})") from None


def _port_range(_name: str, value):
    match = re.fullmatch(r"(\d+)(?:(?:-|\.\.)(\d+))?", str(value))
    if not match:
        raise ArgumentError(f"Could not coerce {value} into a port range")
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= 65535:
        raise ArgumentError(f"Valid options are within the range of 1-65535. Received: {value}")
    return range(first, last + 1)


def _bytes(_name: str, value):
    match = re.fullmatch(r"(\d+)\s*([kmgtp]?b)?", str(value).strip().lower())
    if not match:
        raise ArgumentError(f"Unparseable filesize: {value}. possible units are: kb, mb, gb, tb, pb")
    return int(match[1]) * _BYTE_UNITS[match[2] or "b"]


def _time(_name: str, value):
    if isinstance(value, int) and not isinstance(value, bool):
        return value / 1e9
    match = re.fullmatch(r"(-?\d+)\s*(d|h|ms|m|s|micros|nanos)?", str(value))
    if not match or (not match[2] and match[1] != "-1"):
        raise ArgumentError(f'invalid time unit: "{value}"')
    return int(match[1]) * _TIME_UNITS[match[2] or "nanos"]


def _string(name: str, value):
    if not isinstance(value, str):
        raise ArgumentError(f'Setting "{name}" must be a String. Received: {value or ""} ({_ruby_class(value)})')
    return value


def _nullable(name: str, value):
    return None if value is None else _string(name, value)


def _text(_name: str, value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _any(_name: str, value):
    return value


_COERCE = {
    "Boolean": _boolean,
    "PositiveInteger": _positive,
    "Numeric": _numeric,
    "PortRange": _port_range,
    "Bytes": _bytes,
    "TimeValue": _time,
    "String": _string,
    "NullableString": _nullable,
    "WritableDirectory": _string,
    "CoercibleString": _text,
}
# Numeric in the table, but its class asks for whole numbers.
_WHOLE = {"pipeline.batch.delay", "queue.max_events", "queue.checkpoint.acks", "queue.checkpoint.writes"}


def coerce(setting: settings_table.Setting, value):
    """The value in its setting's type. Raises ArgumentError in the real words."""
    kind = _integer if setting.name in _WHOLE else _COERCE.get(setting.type, _any)
    found = kind(setting.name, value)
    if setting.choices and setting.type in ("String", "CoercibleString") and found not in setting.choices:
        raise ArgumentError(f'Invalid value "{found}". Options are: {log.inspect(setting.choices)}')
    return found


def flatten(tree: dict, prefix: str = "") -> dict:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    flat: dict = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, dict):
            flat.update(flatten(value, name))
        else:
            flat[name] = value
    return flat


class Settings:
    """What is set, over the defaults of one version.

    A value that is unknown or can't be coerced when logstash.yml is read is kept back and reported by `validate`, as
    in the real program: that is why its error comes after the log has been opened.
    """

    def __init__(self, home: Path, release: tuple[int, int, int]) -> None:
        self.home = home
        self.release = release
        self.table = settings_table.known(home, release)
        self.values: dict = {}
        self._kept_back: dict = {}

    def load(self, path: Path) -> None:
        """Reads a logstash.yml. Raises OSError, yaml_file.ParseError, ConfigurationError."""
        tree = yaml_file.load(path) or {}
        variables.open_keystore(path.parent)
        for name, value in variables.replace(flatten(tree)).items():
            try:
                self.set(name, value)
            except ArgumentError:
                self._kept_back[name] = value

    def set(self, name: str, value) -> None:
        """Sets one value. Raises ArgumentError."""
        if name not in self.table:
            raise ArgumentError(_UNKNOWN.format(name))
        setting = self.table[name]
        if setting.alias_of:
            target = setting.alias_of
            log.warn(
                "deprecation.logstash.settings",
                f"The setting `{name}` is a deprecated alias for `{target}` and will be removed in a future release of "
                f"Logstash. Please use {target} instead",
            )
            if target in self.values:
                raise ArgumentError(
                    f"Both `{target}` and its deprecated alias `{name}` have been set. Please only set `{target}`"
                )
            setting = self.table[target]
        self.values[setting.name] = coerce(setting, value)
        self._kept_back.pop(name, None)

    def get(self, name: str):
        """The value, or its default in this version. Raises ArgumentError for an unknown setting."""
        if name in self.values:
            return self.values[name]
        if name not in self.table:
            raise ArgumentError(_UNKNOWN.format(name))
        return self._default(self.table[name])

    def api(self, name: str):
        """A setting of the node API: `http.port` is `api.http.port` from 7.16."""
        return self.get(f"api.{name}" if f"api.{name}" in self.table else name)

    def knows(self, name: str) -> bool:
        """Whether this version has the setting."""
        return name in self.table

    def get_or(self, name: str, other):
        """The value, or `other` in a version that does not know the setting."""
        return self.get(name) if self.knows(name) else other

    def _default(self, setting: settings_table.Setting):
        home, name = str(self.home), setting.name
        computed = {
            "path.data": lambda: os.path.join(home, "data"),
            "path.logs": lambda: os.path.join(home, "logs"),
            "path.settings": lambda: os.path.join(home, "config"),
            "path.queue": lambda: os.path.join(self.get("path.data"), "queue"),
            "path.dead_letter_queue": lambda: os.path.join(self.get("path.data"), "dead_letter_queue"),
            "node.name": socket.gethostname,
            "pipeline.workers": lambda: os.cpu_count() or 1,
        }
        if name in computed:
            return computed[name]()
        if not setting.default:
            return None
        kind = _COERCE.get(setting.type)
        return kind(name, setting.default) if kind else None

    def writable_directories(self) -> list[str]:
        """The settings that name a directory which must be writable, in the order that they are checked."""
        return [name for name in ("path.data", "path.queue", "path.dead_letter_queue") if self.knows(name)]

    def validate(self) -> None:
        """Reports what was kept back, then checks the directories. Raises ArgumentError."""
        for name, value in self._kept_back.items():
            self.set(name, value)
        for name in self.writable_directories():
            check_writable(self.get(name))

    def create_directories(self) -> None:
        """Makes the directories that are missing. Raises ArgumentError."""
        for name in self.writable_directories():
            create_directory(name, self.get(name))


def check_writable(path: str) -> None:
    """Raises ArgumentError for a path that the program could not write its files below."""
    why = ""
    if os.path.isdir(path):
        why = "" if os.access(path, os.W_OK) else "It is not writable."
    elif os.path.islink(path):
        why = "It cannot be a symlink."
    elif os.path.exists(path):
        why = "It is not a directory."
    if why:
        raise ArgumentError(f'Path "{path}" must be a writable directory. {why}')


def create_directory(name: str, path: str) -> None:
    """Makes a missing directory, and says so. Raises ArgumentError."""
    if os.path.exists(path) or os.path.islink(path):
        return
    log.info("logstash.settings", "Creating directory", {":setting": name, ":path": path})
    try:
        os.makedirs(path)
    except OSError as error:
        kind = {13: "Errno::EACCES", 30: "Errno::EROFS", 20: "Errno::ENOTDIR"}.get(error.errno or 0, "Errno::EIO")
        raise ArgumentError(
            f'Path "{path}" does not exist, and I failed trying to create it: {kind} - {error.strerror} - {path}'
        ) from None
