"""The keys of the settings file: the one list of them, for the code, its messages and docs/reference."""

from typing import NamedTuple

from .events.formats import NAMINGS


class Key(NamedTuple):
    """What may stand there. ``between`` are the limits of a whole number, ``example`` another value than the default.

    ``default`` is ``None`` where nothing is the default, and for what is required.
    """

    kind: str
    meaning: str
    default: object = None
    required: bool = False
    choices: tuple[str, ...] = ()
    between: tuple[int, int] | None = None
    example: object = None


TEXT = "text"
SWITCH = "true or false"
WHOLE = "whole number"
SECONDS = "seconds"
PATTERNS = "object of texts or lists of them"

KEYS = {
    "LogHost": Key(
        "text or list of texts",
        "Name or address of the receiver, or several, as a list or separated by commas, each `HOST` or `HOST:PORT`. "
        "The first one that answers is used.",
        required=True,
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
    "Environment": Key(TEXT, "Sent with each event.", required=True),
    "Component": Key(TEXT, "Sent with each event.", required=True),
    "Application": Key(TEXT, "Sent with each event.", required=True),
    "LogTls": Key(SWITCH, "TLS, for either transport. The receiver's certificate and name are verified.", False),
    "LogCa": Key(
        TEXT,
        "The trusted authorities, instead of the system's: a PEM file, or a reference.",
        example="/opt/certificates/ca.pem",
    ),
    "LogClientCertificate": Key(
        TEXT,
        "The function's own certificate, if the receiver requires one: a PEM file, or a reference.",
        example="secretsmanager:elb-logs#certificate",
    ),
    "LogClientKey": Key(
        TEXT,
        "The certificate's key, if it is not in the same file: a PEM file, or a reference.",
        example="secretsmanager:elb-logs#key",
    ),
    "LogClientKeyPassphrase": Key(
        TEXT,
        "The key's passphrase, if it has one; as a reference, so that it is not in the package.",
        example="secretsmanager:elb-logs#passphrase",
    ),
    "LogPath": Key(TEXT, "Path of the URL, for `http`.", "/"),
    "LogFormat": Key(
        TEXT,
        "The body of an HTTP request: a JSON array, or one line per event.",
        "json_array",
        choices=("json_array", "ndjson"),
    ),
    "LogGzip": Key(SWITCH, "Whether HTTP requests are compressed.", False),
    "LogUser": Key(TEXT, "User name for HTTP basic authentication.", example="elb"),
    "LogPassword": Key(
        TEXT, "Its password; as a reference, so that it is not in the package.", example="ssm:/elb-logs/password"
    ),
    "LogHeaders": Key(
        "object of texts",
        "Further headers for HTTP requests, name to value. A value may be a reference, and is never shown. Headers "
        "that control how a request is sent, such as `Host`, `Content-Type` and `Connection`, can't be set.",
        {},
        example={"X-Api-Key": "secretsmanager:elb-logs#api_key"},
    ),
    "ConnectTimeoutSeconds": Key(
        SECONDS,
        "How long resolving a host name may take, and connecting to each of its addresses. Above 0, up to 900.",
        5,
    ),
    "TimeoutSeconds": Key(
        SECONDS,
        "How long one write may take, the response to a request, and the receiver's closing of a TCP connection. Above "
        "0, up to 900.",
        30,
    ),
    "RetrySeconds": Key(
        SECONDS, "For how long an HTTP request, or a connection, is retried; 0 means never. Up to 900.", 60
    ),
    "BatchEvents": Key(WHOLE, "Maximum number of events in one HTTP request.", 500, between=(1, 1_000_000)),
    "BatchBytes": Key(
        WHOLE,
        "Maximum size of one HTTP request before compression. A larger event is sent on its own.",
        1024 * 1024,
        between=(1, 1024**3),
    ),
    "Naming": Key(TEXT, "The names of the events' fields.", "original", choices=NAMINGS),
    "Include": Key(
        PATTERNS,
        "Field, as named in the events, to patterns with `*` and `?`: events are sent if each field matches one of its "
        "patterns. Lines that no format fits are always sent.",
        {},
        example={"Status": "5*"},
    ),
    "Exclude": Key(
        PATTERNS,
        "In the same form: events are left out if any field matches.",
        {},
        example={"UserAgent": ["ELB-HealthChecker*", "curl/*"]},
    ),
    "Sampling": Key(
        "object of numbers",
        "Status, or class of statuses, to the share of its events to send, 0 to 1. A retry sends the same ones.",
        {},
        example={"2xx": 0.1, "404": 0.5},
    ),
    "MaskAddresses": Key(
        SWITCH, "Whether client addresses lose the part that identifies a client within its network.", False
    ),
    "MaskQuery": Key(
        "text or list of texts",
        "Keys, as a list or separated by commas, whose values in query strings become `***`; `*` means all keys. They "
        "are found however they are encoded, and in a query string inside a value.",
        [],
        example=["token", "password"],
    ),
}
