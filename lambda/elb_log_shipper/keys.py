"""The settings file's keys, and what may stand there: the one table of them.

From it follow the checks of single values, the command line's options, the schema and docs/reference; ``settings.py``
checks what involves several keys.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .events.formats import NAMINGS

PORT = "[0-9]{1,5}"
NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
DIGITS = "[0-9]{1,10}"
MOST_SECONDS = 900  # the longest run of a Lambda function


class Kind(NamedTuple):
    """``name`` is for docs/reference. ``read`` turns a value of the file into what the program uses; its ``ValueError``
    is what it expected instead. A secret value is in no message.
    """

    name: str
    read: Callable[["Key", Any], Any]
    secret: bool = False


class Key(NamedTuple):
    """What may stand there.

    :param flag: the command line's option.
    :param help: its help, where that is not the meaning.
    :param default: ``None`` where nothing is the default, and for what is required.
    :param without_file: the default of the command line, where there is no settings file.
    :param between: the limits of a whole number.
    :param form: a regular expression for all of the text, or for each host or status.
    :param expected: what a message says of the form.
    :param example: another value than the default.
    """

    kind: Kind
    meaning: str
    flag: str = "--to"
    help: str = ""
    default: object = None
    without_file: object = None
    required: bool = False
    choices: tuple[str, ...] = ()
    between: tuple[int, ...] = ()
    form: str = ""
    expected: str = ""
    example: object = None

    @property
    def is_optional(self) -> bool:
        """Whether ``null`` and an empty text mean that it is not set, as a token may be substituted by nothing."""
        return self.default is None and not self.required


def _text(key: Key, value: object) -> str | None:
    if key.is_optional and value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError("a string")
    if key.choices and (value := value.lower()) not in key.choices:
        raise ValueError(" or ".join(key.choices))
    if key.form and not re.fullmatch(key.form, value):
        raise ValueError(key.expected)
    return value


def _switch(_key: Key, value: object) -> bool:
    value = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _whole(key: Key, value: object) -> int:
    low, high = key.between
    if isinstance(value, str) and re.fullmatch(DIGITS, value):
        value = int(value)  # a substituted token is always a string
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"a whole number from {low} to {high}")
    return value


def _number(value: object) -> int | float:
    """A number, or the text of one, as a substituted token always is; -1 for anything else."""
    if isinstance(value, str) and re.fullmatch(NUMBER, value):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _seconds(key: Key, value: object) -> float:
    number = _number(value)
    if not 0 <= number <= MOST_SECONDS or (not number and key.kind is SECONDS):
        raise ValueError(f"a number of {key.kind.name}")
    return float(number)


def _texts(_key: Key, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [text.strip() for text in value.split(",") if text.strip()]
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ValueError("texts, none of them empty")
    return tuple(value)


def _hosts(key: Key, value: object) -> list[tuple[str, int | None]]:
    """Each host with its own port."""
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list):
        raise ValueError("a string")
    found = [isinstance(entry, str) and re.fullmatch(key.form, entry.strip()) for entry in entries]
    hosts = [(one[1] or one[2].strip("[]"), int(one[3]) if one[3] else None) for one in found if one]
    if not hosts or len(hosts) < len(found) or not all(port is None or 1 <= port <= 65535 for _host, port in hosts):
        raise ValueError(key.expected)
    return hosts


def _headers(key: Key, value: Any) -> dict[str, object]:
    """Those that have a value."""
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise ValueError(key.expected)
    return {name: found for name, found in value.items() if found not in (None, "")}


def _patterns(key: Key, value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError('an object such as {"Status": "5*"}')
    found = {
        field: _texts(key, [patterns] if isinstance(patterns, str) else patterns) for field, patterns in value.items()
    }
    if not all(found.values()):
        raise ValueError("at least one pattern for each field")
    return found


def _shares(key: Key, value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ValueError(key.expected)
    shares = {status: _number(share) for status, share in value.items()}
    if not all(re.fullmatch(key.form, status) and 0 <= share <= 1 for status, share in shares.items()):
        raise ValueError(key.expected)
    return shares


TEXT = Kind("text", _text)
PEM = Kind("text: a PEM file, or a reference", _text)
SECRET = Kind("text, or a reference", _text, secret=True)
SWITCH = Kind("true or false", _switch)
WHOLE = Kind("whole number", _whole)
SECONDS = Kind(f"seconds above 0, {MOST_SECONDS} at most", _seconds)
SECONDS_OR_NONE = Kind(f"seconds from 0, {MOST_SECONDS} at most", _seconds)
TEXTS = Kind("text or list of texts", _texts)
HOSTS = Kind("text or list of texts", _hosts)
HEADERS = Kind("object of texts", _headers, secret=True)
PATTERNS = Kind("object of texts or lists of them", _patterns)
SHARES = Kind("object of numbers", _shares)


def _sent(name: str, without_file: str) -> Key:
    return Key(TEXT, "Sent with each event.", f"--{name.lower()}", required=True, without_file=without_file)


TO = {
    "LogHost": Key(
        HOSTS,
        "Name or address of the receiver, or several, as a list or separated by commas, each `HOST` or `HOST:PORT`. "
        "The first one that answers is used.",
        required=True,
        form=rf"([0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)|(\[[0-9A-Fa-f:.]+\]|[^\s/@?#:,\[\]]+)(?::({PORT}))?",
        expected="the name or address of the receiver, or several: HOST or HOST:PORT, without scheme and path",
        example=["broker-1.example.com", "broker-2.example.com:5001"],
    ),
    "LogPort": Key(WHOLE, "The port for hosts without one of their own.", required=True, between=(1, 65535)),
    "LogTransport": Key(
        TEXT,
        "`tcp` sends one line of JSON per event; `http` sends many events per request, and each request must be "
        "answered.",
        required=True,
        choices=("tcp", "http"),
    ),
    "LogTls": Key(
        SWITCH, "TLS, for either transport. The receiver's certificate and name are verified.", default=False
    ),
    "LogPath": Key(
        TEXT,
        "Path of the URL, for `http`.",
        default="/",
        form="/[!-~]*",
        expected="a URL's path that starts with / and has no space in it",
    ),
}
"""The URL of the receiver, one option of the command line."""
EVENTS = {
    "Environment": _sent("Environment", "local"),
    "Component": _sent("Component", "elb_log_shipper"),
    "Application": _sent("Application", "elb"),
    "Naming": Key(TEXT, "The names of the events' fields.", "--naming", default="original", choices=NAMINGS),
    "Include": Key(
        PATTERNS,
        "Field, as named in the events, to patterns with `*` and `?`: events are sent if each field matches one of its "
        "patterns. Lines that no format fits are always sent.",
        "--include",
        "keep an event only where the field matches, with * and ?; repeated: each field, one of its patterns",
        default={},
        example={"Status": "5*"},
    ),
    "Exclude": Key(
        PATTERNS,
        "In the same form: events are left out if any field matches.",
        "--exclude",
        "leave an event out where the field matches; can be repeated",
        default={},
        example={"UserAgent": ["ELB-HealthChecker*", "curl/*"]},
    ),
    "Sampling": Key(
        SHARES,
        "Status, or class of statuses, to the share of its events to send, 0 to 1. A retry sends the same ones.",
        "--sample",
        "keep this share of the events with a status: 404=1, 2xx=0.1; can be repeated",
        default={},
        form="[1-5](?:[0-9]{2}|xx)",
        expected='statuses such as 404 or 2xx, each with a share from 0 to 1: {"2xx": 0.1, "404": 1}',
        example={"2xx": 0.1, "404": 0.5},
    ),
    "MaskAddresses": Key(
        SWITCH,
        "Whether client addresses lose the part that identifies a client within its network.",
        "--mask-addresses",
        default=False,
    ),
    "MaskQuery": Key(
        TEXTS,
        "Keys, as a list or separated by commas, whose values in query strings become `***`; `*` means all keys. They "
        "are found however they are encoded, and in a query string inside a value.",
        "--mask-query",
        "in query strings replace the value of this key by ***; * is all keys; can be repeated",
        default=[],
        example=["token", "password"],
    ),
}
RECEIVER = {
    "LogCa": Key(PEM, "The trusted authorities, instead of the system's.", "--ca", example="/opt/certificates/ca.pem"),
    "LogClientCertificate": Key(
        PEM,
        "The client certificate, if the receiver requires one.",
        "--client-certificate",
        example="secretsmanager:elb-logs#certificate",
    ),
    "LogClientKey": Key(
        PEM,
        "The certificate's key, if it is not in the same file.",
        "--client-key",
        example="secretsmanager:elb-logs#key",
    ),
    "LogClientKeyPassphrase": Key(
        SECRET,
        "The key's passphrase, if it has one; as a reference, so that it is not in the package.",
        "--client-key-passphrase-file",
        "the key's passphrase, where it has one",
        example="secretsmanager:elb-logs#passphrase",
    ),
    "ConnectTimeoutSeconds": Key(
        SECONDS,
        "How long resolving a host name may take, and connecting to each of its addresses.",
        "--connect-timeout",
        default=5,
    ),
    "TimeoutSeconds": Key(
        SECONDS,
        "How long one write may take, the response to a request, and the receiver's closing of a TCP connection.",
        "--timeout",
        default=30,
    ),
    "RetrySeconds": Key(
        SECONDS_OR_NONE,
        "For how long an HTTP request, or a connection, is retried; 0 means never.",
        "--retry",
        default=60,
        without_file=10,  # somebody is waiting
    ),
}
HTTP = {
    "LogFormat": Key(
        TEXT,
        "The body of an HTTP request: a JSON array, or one line per event.",
        "--format",
        default="json_array",
        choices=("json_array", "ndjson"),
    ),
    "LogGzip": Key(SWITCH, "Whether HTTP requests are compressed.", "--gzip", default=False),
    "BatchEvents": Key(
        WHOLE, "Maximum number of events in one HTTP request.", "--batch-events", default=500, between=(1, 1_000_000)
    ),
    "BatchBytes": Key(
        WHOLE,
        "Maximum size of one HTTP request before compression. A larger event is sent on its own.",
        "--batch-bytes",
        default=1024 * 1024,
        between=(1, 1024**3),
    ),
    "LogUser": Key(
        TEXT,
        "User name for HTTP basic authentication.",
        "--user",
        form="[^:]*",
        expected="a name without a colon, and http as transport",
        example="elb",
    ),
    "LogPassword": Key(
        SECRET,
        "Its password; as a reference, so that it is not in the package.",
        "--password-file",
        "the user's password",
        example="ssm:/elb-logs/password",
    ),
    "LogHeaders": Key(
        HEADERS,
        "Further headers for HTTP requests, name to value. A value may be a reference, and is never shown. Headers "
        "that control how a request is sent, such as `Host`, `Content-Type` and `Connection`, can't be set.",
        "--headers-file",
        'a file with more headers, as {"NAME": "VALUE or SECRET"}',
        default={},
        expected='an object such as {"X-Api-Key": "ssm:/elb/key"}',
        example={"X-Api-Key": "secretsmanager:elb-logs#api_key"},
    ),
}
KEYS = TO | EVENTS | RECEIVER | HTTP
