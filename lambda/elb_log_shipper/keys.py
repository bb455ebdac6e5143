"""The keys of the settings file: the one list of them, for the code, its messages and docs/reference."""

from typing import NamedTuple

from .formats import NAMINGS


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
        "Name or address of the receiver; or several, as a list or with commas, each `HOST` or `HOST:PORT`, of which "
        "the first that answers is used.",
        required=True,
        example=["broker-1.example.com", "broker-2.example.com:5001"],
    ),
    "LogPort": Key(WHOLE, "The port of hosts that have none of their own.", required=True, between=(1, 65535)),
    "LogTransport": Key(
        TEXT,
        "`tcp` sends a line of JSON an event; `http` sends many events a request, each of which has to be answered.",
        required=True,
        choices=("tcp", "http"),
    ),
    "Environment": Key(TEXT, "Sent with each event.", required=True),
    "Component": Key(TEXT, "Sent with each event.", required=True),
    "Application": Key(TEXT, "Sent with each event.", required=True),
    "LogTls": Key(SWITCH, "TLS, for either transport. The receiver's certificate and its name are checked.", False),
    "LogCa": Key(
        TEXT,
        "The authorities that count, instead of the system's: a file in PEM, or a reference.",
        example="/opt/certificates/ca.pem",
    ),
    "LogClientCertificate": Key(
        TEXT,
        "The function's own certificate, where the receiver wants one: a file in PEM, or a reference.",
        example="secretsmanager:elb-logs#certificate",
    ),
    "LogClientKey": Key(
        TEXT,
        "The certificate's key, where it is not in the same file: a file in PEM, or a reference.",
        example="secretsmanager:elb-logs#key",
    ),
    "LogClientKeyPassphrase": Key(
        TEXT,
        "The key's passphrase, where it has one; as a reference, so that it is not in the package.",
        example="secretsmanager:elb-logs#passphrase",
    ),
    "LogPath": Key(TEXT, "Path of the URL, for `http`.", "/"),
    "LogFormat": Key(
        TEXT,
        "The body of an HTTP request: a JSON array, or a line an event.",
        "json_array",
        choices=("json_array", "ndjson"),
    ),
    "LogGzip": Key(SWITCH, "Whether HTTP requests are compressed.", False),
    "LogUser": Key(TEXT, "Name for HTTP's basic authentication.", example="elb"),
    "LogPassword": Key(
        TEXT, "Its password; as a reference, so that it is not in the package.", example="ssm:/elb-logs/password"
    ),
    "LogHeaders": Key(
        "object of texts",
        "More headers of HTTP requests, name to value. A value may be a reference, and is in no message. What says how "
        "a request is sent can't be set, such as `Host`, `Content-Type` and `Connection`.",
        {},
        example={"X-Api-Key": "secretsmanager:elb-logs#api_key"},
    ),
    "ConnectTimeoutSeconds": Key(
        SECONDS,
        "How long the resolution of a host's name may take, and a connection to each of its addresses. Above 0, up to "
        "900.",
        5,
    ),
    "TimeoutSeconds": Key(
        SECONDS,
        "How long one write may take, the answer to a request, and the receiver's end of a TCP connection. Above 0, up "
        "to 900.",
        30,
    ),
    "RetrySeconds": Key(
        SECONDS, "How long one HTTP request, or a connection, is tried again; 0 is never. Up to 900.", 60
    ),
    "BatchEvents": Key(WHOLE, "Largest number of events in one HTTP request.", 500, between=(1, 1_000_000)),
    "BatchBytes": Key(
        WHOLE,
        "Largest size of one HTTP request before compression. A larger event goes alone.",
        1024 * 1024,
        between=(1, 1024**3),
    ),
    "Naming": Key(TEXT, "The names of the events' fields.", "original", choices=NAMINGS),
    "Include": Key(
        PATTERNS,
        "Field, as the events name it, to patterns with `*` and `?`: events are sent where each field matches one of "
        "its patterns. Lines that no format fits are always sent.",
        {},
        example={"Status": "5*"},
    ),
    "Exclude": Key(
        PATTERNS,
        "The same: events are left out where any field matches.",
        {},
        example={"UserAgent": ["ELB-HealthChecker*", "curl/*"]},
    ),
    "Sampling": Key(
        "object of numbers",
        "Status, or class of statuses, to the share of its events that is sent, 0 to 1. A retry sends the same ones.",
        {},
        example={"2xx": 0.1, "404": 0.5},
    ),
    "MaskAddresses": Key(
        SWITCH, "Whether clients' addresses lose the part that tells the clients of one network apart.", False
    ),
    "MaskQuery": Key(
        "text or list of texts",
        "Keys, as a list or with commas, whose values in query strings become `***`; `*` is all keys.",
        [],
        example=["token", "password"],
    ),
}
