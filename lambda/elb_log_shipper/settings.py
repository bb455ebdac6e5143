"""The settings file: ``settings.json`` beside this module, or the one that ``ELB_LOG_SHIPPER_SETTINGS`` names.

Its keys are in ``keys.py``. In the source those that are required are ``#{Tokens}`` that the deployment replaces; so a
number may be its digits, and a switch ``"true"``. Certificates, key, passphrase, password and the headers' values may
be references: see ``secrets.py``. The last three are in no message. A relative path starts at the working folder, which
in Lambda is the one that holds this package.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from .delivery.headers import OURS, is_name, is_value
from .delivery.receiver import Address, Receiver, Tls
from .errors import SettingsError
from .events import DEFAULTS, Context, Options
from .events.formats import field_names
from .keys import KEYS

PATH_VARIABLE = "ELB_LOG_SHIPPER_SETTINGS"
DEFAULT_PATH = Path(__file__).with_name("settings.json")

_TOKEN = re.compile(r"#\{[^}]*\}?")
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|xx)")
_SECRET = ("LogPassword", "LogClientKeyPassphrase", "LogHeaders")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/@?#:,\[\]]+)(?::([0-9]{1,5}))?")
_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
_URL_PATH = re.compile(r"/[!-~]*")


class Settings(NamedTuple):
    """The settings, checked."""

    context: Context
    receiver: Receiver
    options: Options = DEFAULTS


def load(path: Path | None = None) -> Settings:
    """Read the file: ``path``, else the one that the environment variable names, else the packaged one.

    :raises SettingsError: it is missing, not JSON, or holds something that can't be used.
    """
    if path is None:
        path = Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
    return Checker(str(path), read(path)).settings()


def read(path: Path) -> dict[str, object]:
    """The values of a settings file, not checked yet.

    :raises SettingsError: it is missing, or not a JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {path}: not found. Deploy the package with its settings.json, or let {PATH_VARIABLE} name "
            "an existing file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path}: can't be read: {error}") from error
    return _values(text, str(path))


def parse(text: str, source: str) -> Settings:
    """Check the text of a settings file.

    :param source: the file's name, for messages.
    :raises SettingsError: it holds something that can't be used.
    """
    return Checker(source, _values(text, source)).settings()


def _values(text: str, source: str) -> dict[str, object]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SettingsError(
            f"settings file {source}: not JSON: {error}. A value that was substituted may hold a quote or a backslash: "
            "escape it for JSON"
        ) from None
    if not isinstance(values, dict):
        raise SettingsError(f"settings file {source}: expected a JSON object, found {type(values).__name__}")
    return values


class Checker:
    """Takes one value after the other out of a settings file; every message names file, key and value.

    :param source: the file's name, for messages.
    :param flags: key -> the option of the command line that its value is from, which messages name instead.
    :raises SettingsError: a key that is not known, or a token that is left. The methods: a value that can't be used.
    """

    def __init__(self, source: str, values: Mapping[str, object], flags: Mapping[str, str] = MappingProxyType({})):
        self._source = source
        self._flags = flags
        for key, value in values.items():
            if key not in KEYS:
                raise self._error(key, f"unknown key. Known are {', '.join(KEYS)}")
            if key not in flags and isinstance(value, str) and (token := _TOKEN.search(value)):
                if key in _SECRET:
                    raise self._error(key, "a token was not substituted, or the value has #{ in it. Use a reference")
                name = token[0].removeprefix("#{").removeprefix("if ").removesuffix("}")
                raise self._error(
                    key,
                    f"the token {token[0]} was not substituted. Define the variable {name} for this environment and "
                    "deploy again",
                )
        self._values = {**{key: known.default for key, known in KEYS.items() if not known.required}, **values}

    def settings(self) -> Settings:
        for key, known in KEYS.items():
            if known.required:
                self._value(key)  # what is missing is said first
        return Settings(context=self.context(), receiver=self.receiver(), options=self.options())

    def context(self) -> Context:
        return Context(self._text("Component"), self._text("Environment"), self._text("Application"))

    def options(self) -> Options:
        return Options(
            naming=self._choice("Naming"),
            include=self._patterns("Include"),
            exclude=self._patterns("Exclude"),
            sampling=self._sampling(),
            mask_addresses=self._switch("MaskAddresses"),
            mask_query=self._texts("MaskQuery", self._value("MaskQuery")),
        )

    def _patterns(self, key: str) -> dict[str, tuple[str, ...]]:
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._invalid(key, 'an object such as {"Status": "5*"}')
        naming = self._choice("Naming")
        known = {name.lower(): name for name in field_names(naming)}
        for field in value:
            if known.get(field.lower()) != field:  # it would match nothing, and leave out everything or nothing
                meant = f"; there is {known[field.lower()]}" if field.lower() in known else ""
                raise self._invalid(key, f"fields of events with {naming} names, and none has {field!r}{meant}")
        found = {
            field: self._texts(key, [patterns] if isinstance(patterns, str) else patterns)
            for field, patterns in value.items()
        }
        if not all(found.values()):
            raise self._invalid(key, "at least one pattern for each field")
        return found

    def _sampling(self) -> dict[str, float]:
        value = self._value("Sampling")
        expected = 'statuses such as 404 or 2xx, each with a share from 0 to 1: {"2xx": 0.1, "404": 1}'
        if not isinstance(value, dict) or not all(_STATUS.fullmatch(status) for status in value):
            raise self._invalid("Sampling", expected)
        shares: dict[str, float] = {}
        for status, share in value.items():
            number = _number(share)
            if number is None or not 0 <= number <= 1:
                raise self._invalid("Sampling", expected)
            shares[status] = number
        return shares

    def _texts(self, key: str, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [text.strip() for text in value.split(",") if text.strip()]
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise self._invalid(key, "texts, none of them empty")
        return tuple(value)

    def receiver(self) -> Receiver:
        transport = self._choice("LogTransport")
        path = self._text("LogPath")
        if not _URL_PATH.fullmatch(path):
            raise self._invalid("LogPath", "a URL's path that starts with / and has no space in it")
        user = self._optional("LogUser")
        if user is not None and (":" in user or transport != "http"):
            raise self._invalid("LogUser", "a name without a colon, and http as transport")
        password = self._optional("LogPassword")
        if password is not None and user is None:
            raise self._error("LogPassword", "set without a user. Set both, or none")
        return Receiver(
            addresses=self._addresses(),
            transport=transport,
            tls=self._tls(),
            path=path,
            format=self._choice("LogFormat"),
            gzip=self._switch("LogGzip"),
            user=user,
            password=password,
            headers=self._headers(transport, user),
            connect_timeout=self._seconds("ConnectTimeoutSeconds"),
            timeout=self._seconds("TimeoutSeconds"),
            retry_seconds=self._seconds("RetrySeconds", zero=True),
            batch_events=self._integer("BatchEvents"),
            batch_bytes=self._integer("BatchBytes"),
        )

    def _headers(self, transport: str, user: str | None) -> tuple[tuple[str, str], ...]:
        """No message shows a value, or an unknown name: it may be a value in the wrong place."""
        given = self._value("LogHeaders") or {}
        if not isinstance(given, dict):
            raise self._invalid("LogHeaders", 'an object such as {"X-Api-Key": "ssm:/elb/key"}')
        headers = tuple((name, value) for name, value in given.items() if value not in (None, ""))
        names = [name.lower() for name, _unused in headers]
        for number, (name, value) in enumerate(headers, 1):
            if not is_name(name):
                raise self._error("LogHeaders", f"the name of header {number} has characters that no name may have")
            if name.lower() in OURS:
                raise self._error("LogHeaders", f"{name} is not to be set: this program does. Leave it out")
            if names.count(name.lower()) > 1:
                raise self._error("LogHeaders", f"{name} is there twice. Leave one out")
            if not isinstance(value, str) or not is_value(value):
                raise self._error("LogHeaders", f"the value of {name} is not printable ASCII text on one line")
            if "LogHeaders" not in self._flags and _TOKEN.search(value):
                raise self._error("LogHeaders", f"{name}: a token was not substituted. Use a reference")
        if headers and transport != "http":
            raise self._error("LogHeaders", "set without http as transport. Set both, or none")
        if user is not None and "authorization" in names:
            raise self._error("LogHeaders", "Authorization is set together with a user. Set one of them")
        return headers

    def _addresses(self) -> tuple[Address, ...]:
        port = self._integer("LogPort")
        value = self._value("LogHost")
        entries = value if isinstance(value, list) else self._text("LogHost").split(",")
        return tuple(self._address(entry, port) for entry in entries) or self._no_address()

    def _address(self, entry: object, port: int) -> Address:
        entry = entry.strip() if isinstance(entry, str) else ""
        if _IPV6.fullmatch(entry):
            return Address(entry, port)
        found = _HOST.fullmatch(entry)
        own = int(found[2] or port) if found else 0
        if not found or not 1 <= own <= 65535:
            self._no_address()
        return Address(found[1].strip("[]"), own)

    def _no_address(self) -> NoReturn:
        raise self._invalid(
            "LogHost",
            "the name or address of the receiver, or several: HOST or HOST:PORT, without scheme and path",
        )

    def _tls(self) -> Tls | None:
        tls = Tls(
            ca=self._optional("LogCa"),
            certificate=self._optional("LogClientCertificate"),
            key=self._optional("LogClientKey"),
            passphrase=self._optional("LogClientKeyPassphrase"),
        )
        for key, value in (("LogClientKey", tls.key), ("LogClientKeyPassphrase", tls.passphrase)):
            if value and not tls.certificate:
                raise self._error(key, "set without a certificate. Set both, or none")
        if self._switch("LogTls"):
            return tls
        if tls != Tls():
            key = "LogCa" if tls.ca else "LogClientCertificate"
            raise self._error(key, "set without TLS. Set LogTls to true (--to: tls or https), or leave it out")
        return None

    def _choice(self, key: str) -> str:
        choices = KEYS[key].choices
        value = self._text(key).lower()
        if value not in choices:
            raise self._invalid(key, " or ".join(choices))
        return value

    def _switch(self, key: str) -> bool:
        value = self._value(key)
        value = {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
        if not isinstance(value, bool):
            raise self._invalid(key, "true or false")
        return value

    def _optional(self, key: str) -> str | None:
        """A text; ``None`` where it is missing or empty, as a token may be substituted by nothing."""
        return None if self._value(key) in (None, "") else self._text(key)

    def _text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str):
            raise self._invalid(key, "a string")
        return value

    def _integer(self, key: str) -> int:
        low, high = KEYS[key].between or (0, sys.maxsize)
        value = self._value(key)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
            value = int(value)  # a substituted token is always a string
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._invalid(key, f"a whole number from {low} to {high}")
        return value

    def _seconds(self, key: str, *, zero: bool = False) -> float:
        value = _number(self._value(key))
        if value is None or not 0 <= value <= 900 or not (value or zero):
            raise self._invalid(key, f"a number of seconds {'from' if zero else 'above'} 0, 900 at most")
        return float(value)

    def _value(self, key: str) -> object:
        if key not in self._values:
            raise self._error(key, "missing. Add it to the file")
        return self._values[key]

    def _invalid(self, key: str, expected: str) -> SettingsError:
        shown = "the value" if key in _SECRET else repr(self._values[key])
        return self._error(key, f"{shown}: expected {expected}")

    def _error(self, key: str, problem: str) -> SettingsError:
        where = self._flags.get(key) or f"settings file {self._source}: {key}"
        return SettingsError(f"{where}: {problem}")


def _number(value: object) -> int | float | None:
    """A number, or the text of one, as a substituted token always is; ``None`` for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
