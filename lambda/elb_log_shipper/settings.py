"""The settings file: ``settings.json`` beside this module, or the one that ``ELB_LOG_SHIPPER_SETTINGS`` names.

Required, each a ``#{Token}`` in the source that the deployment replaces:

    LogHost       name or address of the receiver
    LogPort       its port, 1 to 65535; a number or digits
    LogTransport  tcp (json_lines) or http (JSON arrays)
    Environment   sent with each event
    Component     sent with each event
    Application   sent with each event

Optional:

    LogPath                "/"      path of the URL, for http
    ConnectTimeoutSeconds  5        for each address of the host
    TimeoutSeconds         30       for one write or read, and for the receiver's end of a TCP connection
    BatchEvents            500      largest number of events in one HTTP request
    BatchBytes             1048576  largest size of one HTTP request; a single larger event goes alone
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import SettingsError
from .events import Context

PATH_VARIABLE = "ELB_LOG_SHIPPER_SETTINGS"
DEFAULT_PATH = Path(__file__).with_name("settings.json")
TRANSPORTS = ("tcp", "http")

_REQUIRED = ("LogHost", "LogPort", "LogTransport", "Environment", "Component", "Application")
_OPTIONAL = {
    "LogPath": "/",
    "ConnectTimeoutSeconds": 5,
    "TimeoutSeconds": 30,
    "BatchEvents": 500,
    "BatchBytes": 1024 * 1024,
}
_TOKEN = re.compile(r"#\{[^}]*\}?")
_HOST = re.compile(r"[^\s/@?#]+")
_URL_PATH = re.compile(r"/[!-~]*")


@dataclass(frozen=True)
class Settings:
    """The settings, checked. Times in seconds."""

    host: str
    port: int
    transport: str
    context: Context
    path: str
    connect_timeout: float
    timeout: float
    batch_events: int
    batch_bytes: int


def load(path: Path | None = None) -> Settings:
    """Read the file: ``path``, else the one that the environment variable names, else the packaged one.

    :raises SettingsError: it is missing, not JSON, or holds something that can't be used.
    """
    if path is None:
        path = Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {path}: not found. Deploy the package with its settings.json, or let {PATH_VARIABLE} name "
            "an existing file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path}: can't be read: {error}") from error
    return parse(text, str(path))


def parse(text: str, source: str) -> Settings:
    """Check the text of a settings file.

    :param source: the file's name, for messages.
    :raises SettingsError: it holds something that can't be used.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SettingsError(
            f"settings file {source}: not JSON: {error}. A value that was substituted may hold a quote or a backslash: "
            "escape it for JSON"
        ) from None
    if not isinstance(values, dict):
        raise SettingsError(f"settings file {source}: expected a JSON object, found {type(values).__name__}")
    return _Checker(source, values).settings()


class _Checker:
    """Takes one value after the other out of the file; every message names file, key and value."""

    def __init__(self, source: str, values: Mapping[str, object]) -> None:
        self._source = source
        known = (*_REQUIRED, *_OPTIONAL)
        for key, value in values.items():
            if key not in known:
                raise self._error(key, f"unknown key. Known are {', '.join(known)}")
            if isinstance(value, str) and (token := _TOKEN.search(value)):
                name = token[0].removeprefix("#{").removesuffix("}")
                raise self._error(
                    key,
                    f"the token {token[0]} was not substituted. Define the variable {name} for this environment and "
                    "deploy again",
                )
        for key in _REQUIRED:
            if key not in values:
                raise self._error(key, "missing. Add it to the file")
        self._values = {**_OPTIONAL, **values}

    def settings(self) -> Settings:
        transport = self._text("LogTransport").lower()
        if transport not in TRANSPORTS:
            raise self._invalid("LogTransport", "tcp or http")
        host = self._text("LogHost")
        if not _HOST.fullmatch(host):
            raise self._invalid("LogHost", "the name or address of the receiver, without scheme and port")
        path = self._text("LogPath")
        if not _URL_PATH.fullmatch(path):
            raise self._invalid("LogPath", "a URL's path that starts with / and has no space in it")
        return Settings(
            host=host,
            port=self._integer("LogPort", 1, 65535),
            transport=transport,
            context=Context(self._text("Component"), self._text("Environment"), self._text("Application")),
            path=path,
            connect_timeout=self._seconds("ConnectTimeoutSeconds"),
            timeout=self._seconds("TimeoutSeconds"),
            batch_events=self._integer("BatchEvents", 1, 1_000_000),
            batch_bytes=self._integer("BatchBytes", 1, 1024**3),
        )

    def _text(self, key: str) -> str:
        value = self._values[key]
        if not isinstance(value, str):
            raise self._invalid(key, "a string")
        return value

    def _integer(self, key: str, low: int, high: int) -> int:
        value = self._values[key]
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
            value = int(value)  # a substituted token is always a string
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._invalid(key, f"a whole number from {low} to {high}")
        return value

    def _seconds(self, key: str) -> float:
        value = self._values[key]
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
            value = float(value)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 900:
            raise self._invalid(key, "a number of seconds above 0, 900 at most")
        return float(value)

    def _invalid(self, key: str, expected: str) -> SettingsError:
        return self._error(key, f"{self._values[key]!r}: expected {expected}")

    def _error(self, key: str, problem: str) -> SettingsError:
        return SettingsError(f"settings file {self._source}: {key}: {problem}")
