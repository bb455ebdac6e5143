"""The settings file: ``settings.json`` beside this module, or the one that ``ELB_LOG_SHIPPER_SETTINGS`` names.

Its keys are in ``keys.py``. In the source those that are required are ``#{Tokens}`` that the deployment replaces; so a
number may be its digits, and a switch ``"true"``. Certificates, key, passphrase, password and the headers' values may
be references: see ``secrets.py``. The last three are in no message. A relative path starts at the working folder, which
in Lambda is the one that holds this package.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from .delivery.headers import OURS, is_name, is_value
from .delivery.receiver import Address, Receiver, Tls
from .errors import SettingsError
from .events import DEFAULTS, Context, Options
from .events.formats import field_names
from .keys import KEYS

PATH_VARIABLE = "ELB_LOG_SHIPPER_SETTINGS"
DEFAULT_PATH = Path(__file__).with_name("settings.json")

_TOKEN = re.compile(r"#\{[^}]*\}?")


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
    """Takes one value after the other out of a settings file, and checks what involves several. Every message names
    file, key and value.

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
                if KEYS[key].kind.secret:
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
            if known.required and key not in self._values:  # what is missing is said first
                raise self._error(key, "missing. Add it to the file")
        return Settings(context=self.context(), receiver=self.receiver(), options=self.options())

    def context(self) -> Context:
        return Context(self._value("Component"), self._value("Environment"), self._value("Application"))

    def options(self) -> Options:
        naming = self._value("Naming")
        return Options(
            naming=naming,
            include=self._patterns("Include", naming),
            exclude=self._patterns("Exclude", naming),
            sampling=self._value("Sampling"),
            mask_addresses=self._value("MaskAddresses"),
            mask_query=self._value("MaskQuery"),
        )

    def _patterns(self, key: str, naming: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = self._value(key)
        known = {name.lower(): name for name in field_names(naming)}
        for field in found:
            if known.get(field.lower()) != field:  # it would match nothing, and leave out everything or nothing
                meant = f"; there is {known[field.lower()]}" if field.lower() in known else ""
                raise self._invalid(key, f"fields of events with {naming} names, and none has {field!r}{meant}")
        return found

    def receiver(self) -> Receiver:
        transport, port, user = self._value("LogTransport"), self._value("LogPort"), self._value("LogUser")
        if user is not None and transport != "http":
            raise self._invalid("LogUser", KEYS["LogUser"].expected)
        password = self._value("LogPassword")
        if password is not None and user is None:
            raise self._error("LogPassword", "set without a user. Set both, or none")
        return Receiver(
            addresses=tuple(Address(host, own or port) for host, own in self._value("LogHost")),
            transport=transport,
            tls=self._tls(),
            path=self._value("LogPath"),
            format=self._value("LogFormat"),
            gzip=self._value("LogGzip"),
            user=user,
            password=password,
            headers=self._headers(transport, user),
            connect_timeout=self._value("ConnectTimeoutSeconds"),
            timeout=self._value("TimeoutSeconds"),
            retry_seconds=self._value("RetrySeconds"),
            batch_events=self._value("BatchEvents"),
            batch_bytes=self._value("BatchBytes"),
        )

    def _headers(self, transport: str, user: str | None) -> tuple[tuple[str, str], ...]:
        """No message shows a value, or an unknown name: it may be a value in the wrong place."""
        headers: dict[str, Any] = self._value("LogHeaders")
        names = [name.lower() for name in headers]
        for number, (name, value) in enumerate(headers.items(), 1):
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
        return tuple(headers.items())

    def _tls(self) -> Tls | None:
        tls = Tls(*map(self._value, ("LogCa", "LogClientCertificate", "LogClientKey", "LogClientKeyPassphrase")))
        for key, value in (("LogClientKey", tls.key), ("LogClientKeyPassphrase", tls.passphrase)):
            if value and not tls.certificate:
                raise self._error(key, "set without a certificate. Set both, or none")
        if self._value("LogTls"):
            return tls
        if tls != Tls():
            key = "LogCa" if tls.ca else "LogClientCertificate"
            raise self._error(key, "set without TLS. Set LogTls to true (--to: tls or https), or leave it out")
        return None

    def _value(self, key: str) -> Any:
        known = KEYS[key]
        try:
            return known.kind.read(known, self._values[key])
        except ValueError as error:
            raise self._invalid(key, str(error)) from None

    def _invalid(self, key: str, expected: str) -> SettingsError:
        shown = "the value" if KEYS[key].kind.secret else repr(self._values[key])
        return self._error(key, f"{shown}: expected {expected}")

    def _error(self, key: str, problem: str) -> SettingsError:
        where = self._flags.get(key) or f"settings file {self._source}: {key}"
        return SettingsError(f"{where}: {problem}")
