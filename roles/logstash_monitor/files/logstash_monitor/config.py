"""The monitor's configuration: a JSON file that the role writes. All its mistakes are reported at once.

Passwords are in files of their own, and read when the configuration is.
"""

from __future__ import annotations

import json
import ssl
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import MonitorConfigError

KINDS = ("tcp", "http")
_MISSING = object()


@dataclass(frozen=True)
class Tls:
    """How an input with TLS is spoken to."""

    ca: str
    server_name: str
    context: ssl.SSLContext = field(repr=False, compare=False)


@dataclass(frozen=True)
class Api:
    """Logstash's node API. ``url`` has no slash at its end."""

    url: str
    user: str
    password: str = field(repr=False)
    context: ssl.SSLContext | None = field(repr=False, compare=False)


@dataclass(frozen=True)
class Input:
    """An input of a pipeline; ``name`` is its plugin's id."""

    name: str
    pipeline: str
    kind: str
    host: str
    port: int
    tls: Tls | None
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class CanaryTimes:
    """Seconds."""

    interval: float
    timeout: float
    max_age: float


@dataclass(frozen=True)
class CloudWatchConfig:
    """``endpoint`` is empty for AWS's own."""

    region: str
    endpoint: str
    namespace: str


@dataclass(frozen=True)
class RestartConfig:
    """After how many seconds of a stall, and how often ``within`` so many seconds."""

    enabled: bool
    after: float
    at_most: int
    within: float


@dataclass(frozen=True)
class Listen:
    """Where the monitor answers."""

    address: str
    port: int


@dataclass(frozen=True)
class Config:
    """The configuration as a whole; see :func:`load`."""

    environment: str
    layer: str
    host: str
    interval: float
    api: Api
    listen: Listen
    pipelines: tuple[str, ...]
    inputs: tuple[Input, ...]
    canary: CanaryTimes
    cloudwatch: CloudWatchConfig | None
    restart: RestartConfig
    service: str
    log_file: Path
    journal: Path
    record: Path | None
    state: Path


def load(path: Path) -> Config:
    """Reads a file.

    :raises MonitorConfigError: with all mistakes, a line each.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise MonitorConfigError(
            f"{path} cannot be read: {error}. Deploy the role logstash_monitor again, and read it as root or as the "
            "user logstash-monitor."
        ) from None
    except ValueError as error:
        raise MonitorConfigError(f"{path} is no JSON: {error}. Deploy the role logstash_monitor again.") from None
    mistakes: list[str] = []
    config = _config(_Part(found, "", mistakes))
    if mistakes:
        raise MonitorConfigError(
            f"{path} cannot be used. Change the role's variables, and deploy again:\n"
            + "\n".join(f"- {mistake}" for mistake in mistakes)
        )
    return config


def _config(part: _Part) -> Config:
    interval = part.number("interval", 15, least=1, most=300)
    pipelines = tuple(part.texts("pipelines"))
    inputs = tuple(_input(one, pipelines) for one in part.parts("inputs"))
    config = Config(
        environment=part.text("environment"),
        layer=part.text("layer"),
        host=part.text("host"),
        interval=interval,
        api=_api(part.part("api")),
        listen=_listen(part.part("listen", {})),
        pipelines=pipelines,
        inputs=inputs,
        canary=_canary(part.part("canary", {})),
        cloudwatch=_cloudwatch(part),
        restart=_restart(part.part("restart", {}), interval),
        service=part.text("service", "logstash.service"),
        log_file=part.path("log_file", "/var/log/logstash/logstash-plain.log"),
        journal=part.path("journal", "/var/lib/elk/deployments.jsonl"),
        record=part.path("record", "") if part.has("record") else None,
        state=part.path("state", "/var/lib/logstash-monitor"),
    )
    names = [one.name for one in inputs]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        part.complain("inputs", f"{name!r} is there {names.count(name)} times", "each plugin id once")
    part.finish()
    return config


def _api(part: _Part) -> Api:
    url = part.text("url", "http://127.0.0.1:9600")
    secure = url.startswith("https:")
    try:
        parsed = urllib.parse.urlsplit(url)
        valid = parsed.scheme in ("http", "https") and parsed.hostname and parsed.port != 0 and "@" not in parsed.netloc
    except ValueError:
        valid = False
    if url and (not valid or parsed.query or parsed.fragment):
        # A URL may have a password in it.
        part.complain(
            "url", "another form", "http://HOST:PORT or https://HOST:PORT; user and password have keys of their own"
        )
    ca = part.text("ca", "", empty=True)
    if ca and not secure:
        part.complain("ca", f"{ca!r} with a URL without TLS", "an https URL, or an empty ca")
    context = part.attempt("ca", ca, lambda: ssl.create_default_context(cafile=ca or None)) if secure else None
    user, password = _login(part)
    part.finish()
    return Api(url.rstrip("/"), user, password, context)


def _login(part: _Part) -> tuple[str, str]:
    user, file = part.text("user", "", empty=True), part.text("password_file", "", empty=True)
    if bool(user) != bool(file):
        part.complain(
            "password_file" if user else "user", repr(file if user else user), "both user and password_file, or neither"
        )
    if ":" in user:
        part.complain("user", repr(user), "a name without a colon")
    return user, part.secret("password_file", file) if file else ""


def _listen(part: _Part) -> Listen:
    listen = Listen(part.text("address", "127.0.0.1"), part.port("port", 9601))
    part.finish()
    return listen


def _input(part: _Part, pipelines: tuple[str, ...]) -> Input:
    kind, pipeline = part.text("kind"), part.text("pipeline")
    if kind and kind not in KINDS:
        part.complain("kind", repr(kind), "one of " + ", ".join(KINDS))
    if pipeline and pipeline not in pipelines:
        part.complain("pipeline", repr(pipeline), "one of the list pipelines: " + ", ".join(pipelines))
    user, password = _login(part)
    if user and kind == "tcp":
        part.complain("user", repr(user), "an empty user: the input tcp knows none")
    found = Input(
        name=part.text("name"),
        pipeline=pipeline,
        kind=kind,
        host=part.text("host", "127.0.0.1"),
        port=part.port("port"),
        tls=_tls(part),
        user=user,
        password=password,
    )
    part.finish()
    return found


def _tls(part: _Part) -> Tls | None:
    inner = part.optional("tls")
    if inner is None:
        return None
    ca, name = inner.text("ca", "", empty=True), inner.text("server_name", "", empty=True)
    certificate, key = inner.text("certificate", "", empty=True), inner.text("key", "", empty=True)
    if bool(certificate) != bool(key):
        seen, missing = ("certificate", "key") if certificate else ("key", "certificate")
        inner.complain(missing, f"'' with a {seen}", "both certificate and key, or neither")
    context = inner.attempt("ca", ca, lambda: ssl.create_default_context(cafile=ca or None))
    context = context or ssl.create_default_context()
    if certificate and key:
        # A key with a password would be asked for at the terminal.
        inner.attempt(
            "certificate", f"{certificate} with {key}", lambda: context.load_cert_chain(certificate, key, lambda: b"")
        )
    inner.finish()
    return Tls(ca, name, context)


def _canary(part: _Part) -> CanaryTimes:
    interval = part.number("interval", 15, least=1, most=3600)
    timeout = part.number("timeout", 5, least=0.1, most=60)
    max_age = part.number("max_age", 45, least=1, most=86400)
    if timeout > interval:
        part.complain("timeout", f"{timeout:g}", f"at most the interval of {interval:g} s")
    elif max_age < interval + timeout:
        # One late canary would make the host unready.
        part.complain("max_age", f"{max_age:g}", f"at least {interval + timeout:g}: the interval and the timeout")
    part.finish()
    return CanaryTimes(interval, timeout, max_age)


def _cloudwatch(part: _Part) -> CloudWatchConfig | None:
    inner = part.optional("cloudwatch")
    if inner is None:
        return None
    endpoint = inner.text("endpoint", "", empty=True)
    if endpoint and not endpoint.startswith(("http://", "https://")):
        inner.complain("endpoint", repr(endpoint), "empty, or an http or https URL")
    found = CloudWatchConfig(inner.text("region"), endpoint.rstrip("/"), inner.text("namespace", "Logstash"))
    if found.namespace.startswith("AWS/"):
        inner.complain("namespace", repr(found.namespace), "a name that does not begin with AWS/")
    inner.finish()
    return found


def _restart(part: _Part, interval: float) -> RestartConfig:
    found = RestartConfig(
        enabled=part.boolean("enabled", False),
        after=part.number("after", 300, least=2 * interval, most=86400),
        at_most=int(part.number("at_most", 2, least=1, most=100, whole=True)),
        within=part.number("within", 21600, least=60, most=30 * 86400),
    )
    part.finish()
    return found


class _Part:
    """A JSON object, at a place in the file. What is wrong with it goes to ``mistakes``; then there is a value that
    the rest can be read with."""

    def __init__(self, value: object, where: str, mistakes: list[str]) -> None:
        self._where, self._mistakes = where, mistakes
        self._known: set[str] = set()
        self._values: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self._is_object = isinstance(value, dict)
        if not self._is_object:
            mistakes.append(f"{where or 'the file'}: {_shown(value)}, expected an object")

    def complain(self, key: str, seen: str, expected: str) -> None:
        self._mistakes.append(f"{self._path(key)}: {seen}, expected {expected}")

    def finish(self) -> None:
        """All keys have been read: others are mistakes."""
        for key in self._values:
            if key not in self._known:
                expected = ", ".join(sorted(self._known))
                self._mistakes.append(f"{self._path(key)}: an unknown key, expected one of {expected}")

    def has(self, key: str) -> bool:
        """Whether there is something that is not empty."""
        self._known.add(key)
        return bool(self._values.get(key))

    def text(self, key: str, default: object = _MISSING, *, empty: bool = False) -> str:
        value = self._get(key, default)
        if isinstance(value, str) and (value or empty) and "\0" not in value:
            return value
        self._wrong(key, value, "a text" if empty else "a text that is not empty")
        return default if isinstance(default, str) else ""

    def texts(self, key: str) -> list[str]:
        value = self._get(key, _MISSING)
        if isinstance(value, list) and all(isinstance(one, str) and one for one in value):
            return value
        self._wrong(key, value, "a list of texts")
        return []

    def boolean(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if isinstance(value, bool):
            return value
        self._wrong(key, value, "true or false")
        return default

    def number(self, key: str, default: float, *, least: float, most: float, whole: bool = False) -> float:
        value = self._get(key, default)
        kinds = (int,) if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        self._wrong(key, value, f"a {'whole ' if whole else ''}number from {least:g} to {most:g}")
        return float(default)

    def port(self, key: str, default: object = _MISSING) -> int:
        value = self._get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535:
            return value
        self._wrong(key, value, "a port from 1 to 65535")
        return 1

    def path(self, key: str, default: str) -> Path:
        text = self.text(key, default)
        if not text.startswith("/"):
            self.complain(key, repr(text), "an absolute path")
        return Path(text)

    def secret(self, key: str, file: str) -> str:
        """What is in a file, without the line's end."""
        found = self.attempt(key, file, lambda: Path(file).read_text(encoding="utf-8").rstrip("\r\n"))
        if found == "":
            self.complain(key, f"{file} is empty", "a file with the password in it")
        return found or ""

    def attempt(self, key: str, seen: str, act: Callable[[], Any]) -> Any:
        """What ``act`` gives; None, and a mistake, where the file cannot be used."""
        try:
            return act()
        except ssl.SSLError:
            self.complain(key, seen, "PEM files, and the key that belongs to the certificate, without a password")
        except (OSError, ValueError) as error:
            # What a file has in it is not for a message.
            why = error.strerror if isinstance(error, OSError) else "not of the form"
            self.complain(key, f"{seen} ({why})", "a file that the user logstash-monitor may read")
        return None

    def part(self, key: str, default: object = _MISSING) -> _Part:
        value = self._get(key, default)
        return _Part({} if value is _MISSING else value, self._path(key), self._mistakes)

    def optional(self, key: str) -> _Part | None:
        value = self._get(key, None)
        return None if value is None else _Part(value, self._path(key), self._mistakes)

    def parts(self, key: str) -> list[_Part]:
        value = self._get(key, _MISSING)
        if isinstance(value, list):
            return [_Part(one, f"{self._path(key)}[{place}]", self._mistakes) for place, one in enumerate(value)]
        self._wrong(key, value, "a list of objects")
        return []

    def _get(self, key: str, default: object) -> Any:
        self._known.add(key)
        value = self._values.get(key, default)
        if value is _MISSING and self._is_object:
            self._mistakes.append(f"{self._path(key)}: missing")
        return value

    def _wrong(self, key: str, value: object, expected: str) -> None:
        if value is not _MISSING:
            self.complain(key, _shown(value), expected)

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:60] + "..."
