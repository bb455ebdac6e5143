"""The command line's options, and what they come to: values of a settings file, checked by what checks the file.

Those that stand for a key of the settings file have it as their name here. With ``--settings`` they replace the file's
value of that key; ``--to`` replaces all that the file says of its receiver, so that no password of the one goes to
another.
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from . import settings
from .delivery import Address
from .keys import KEYS, SWITCH
from .secrets import is_reference
from .shipping import START, Position

FLAGS = {
    "Component": "--component",
    "Application": "--application",
    "Environment": "--environment",
    "Naming": "--naming",
    "Include": "--include",
    "Exclude": "--exclude",
    "Sampling": "--sample",
    "MaskAddresses": "--mask-addresses",
    "MaskQuery": "--mask-query",
    "LogCa": "--ca",
    "LogClientCertificate": "--client-certificate",
    "LogClientKey": "--client-key",
    "LogFormat": "--format",
    "LogGzip": "--gzip",
    "LogUser": "--user",
    "LogPassword": "--password-file",
    "ConnectTimeoutSeconds": "--connect-timeout",
    "TimeoutSeconds": "--timeout",
    "RetrySeconds": "--retry",
    "BatchEvents": "--batch-events",
    "BatchBytes": "--batch-bytes",
}
"""Key of the settings file -> the option for it."""

RECEIVER = ("LogHost", "LogPort", "LogTransport", "LogTls", "LogPath")
"""The keys that ``--to`` stands for."""

_OF_ONE_RECEIVER = (*RECEIVER, "LogCa", "LogClientCertificate", "LogClientKey", "LogUser", "LogPassword")
_WITHOUT_FILE = {
    "Component": "elb_log_shipper",
    "Application": "elb",
    "Environment": "local",
    "RetrySeconds": 10,  # somebody is waiting
}
_PEM = "a file in PEM, or a secret: secretsmanager:NAME, secretsmanager:NAME#KEY, ssm:NAME"


def check(options: argparse.Namespace) -> settings.Checker:
    """The settings that the options come to.

    :raises SettingsError: they, or the file that they name, hold something that can't be used.
    """
    given = {key: value for key, value in vars(options).items() if key in FLAGS and value is not None}
    for key in ("Include", "Exclude"):
        if key in given:
            given[key] = _grouped(given[key])
    if "Sampling" in given:
        given["Sampling"] = dict(given["Sampling"])
    values = settings.read(options.settings) if options.settings else _WITHOUT_FILE
    flags = {key: FLAGS[key] for key in given}
    if getattr(options, "to", None):
        values = {key: value for key, value in values.items() if key not in _OF_ONE_RECEIVER}
        given |= options.to
        flags |= dict.fromkeys(options.to, "--to")
    checker = settings.Checker(str(options.settings), {**values, **given}, flags)
    if options.settings:
        checker.settings()  # all of the file is checked, whatever the command needs
    return checker


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field, pattern in pairs:
        found.setdefault(field, []).append(pattern)
    return found


def add_logs(parser: argparse.ArgumentParser) -> None:
    """Which logs, and where to begin."""
    parser.add_argument(
        "logs",
        nargs="+",
        metavar="LOG",
        help="an access log, plain or gzip: a file, - for standard input, s3://BUCKET/KEY, or s3://BUCKET/PREFIX",
    )
    parser.add_argument(
        "--settings",
        type=_settings_file,
        metavar="FILE",
        help="a settings.json of the function: all is done as it does it. Other options replace a value of the file",
    )
    parser.add_argument(
        "--from", dest="first", metavar="LOG", help="leave out all before this one, as an earlier run ended there"
    )
    parser.add_argument(
        "--position",
        type=_position,
        default=START,
        metavar="OFFSET,LINE",
        help="begin there in the first log; with --from. An interrupted run says it",
    )


def add_processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--processes", type=_processes, default=1, metavar="N", help="so many logs at a time (default: %(default)s)"
    )


def add_events(parser: argparse.ArgumentParser) -> None:
    """What an event holds, and which events there are."""
    group = parser.add_argument_group("events")
    for key in ("Component", "Application", "Environment"):
        _add(group, key, metavar="NAME", help=f"the events' {key} (default: {_WITHOUT_FILE[key]})")
    _add(group, "Naming", help="the names of the events' fields")
    _add(
        group,
        "Include",
        action="append",
        type=_filter,
        metavar="FIELD=PATTERN",
        help="keep an event only where the field matches, with * and ?; repeated: each field, one of its patterns",
    )
    _add(
        group,
        "Exclude",
        action="append",
        type=_filter,
        metavar="FIELD=PATTERN",
        help="leave an event out where the field matches; can be repeated",
    )
    _add(
        group,
        "Sampling",
        action="append",
        type=_share,
        metavar="STATUS=SHARE",
        help="keep this share of the events with a status: 404=1, 2xx=0.1; can be repeated",
    )
    _add(
        group,
        "MaskAddresses",
        action=argparse.BooleanOptionalAction,
        help="take the part from clients' addresses that tells clients of one network apart",
    )
    _add(
        group,
        "MaskQuery",
        action="append",
        metavar="NAME",
        help="in query strings replace the value of this key by ***; * is all keys; can be repeated",
    )


def add_receiver(parser: argparse.ArgumentParser) -> None:
    """Where the events are sent, and how."""
    group = parser.add_argument_group("receiver")
    group.add_argument(
        "--to",
        type=_receiver,
        metavar="URL",
        help="tcp://HOST:PORT, tls://HOST:PORT, http://HOST:PORT/PATH, or https likewise. Replaces a file's receiver "
        "with its certificates and its user",
    )
    _add(group, "LogCa", type=_pem, metavar="FILE", help=f"the authorities that count (default: the system's): {_PEM}")
    _add(group, "LogClientCertificate", type=_pem, metavar="FILE", help="this side's certificate, likewise")
    _add(group, "LogClientKey", type=_pem, metavar="FILE", help="its key, likewise, where it is not in the same file")
    _add(group, "ConnectTimeoutSeconds", metavar="SECONDS", help="for a connection")
    _add(group, "TimeoutSeconds", metavar="SECONDS", help="for a write or an answer")
    _add(group, "RetrySeconds", metavar="SECONDS", help="try again for so long; 0 is never (default: 10, a file's 60)")
    http = parser.add_argument_group("receiver with HTTP")
    _add(http, "LogFormat", help="the body of a request")
    _add(http, "LogGzip", action=argparse.BooleanOptionalAction, help="compress the requests")
    _add(http, "BatchEvents", metavar="N", help="largest number of events in a request")
    _add(http, "BatchBytes", metavar="N", help="largest size of a request")
    _add(http, "LogUser", metavar="NAME", help="for basic authentication")
    password = http.add_mutually_exclusive_group()
    _add(password, "LogPassword", type=_password, metavar="FILE", help="a file with the user's password")
    password.add_argument(
        "--password-secret",
        dest="LogPassword",
        type=_reference,
        metavar="SECRET",
        help="or the secret that it is: secretsmanager:NAME, secretsmanager:NAME#KEY, ssm:NAME",
    )


def _add(group: argparse._ActionsContainer, key: str, **more: str | type) -> None:
    if KEYS[key].choices:
        more["metavar"] = "|".join(KEYS[key].choices)
    if key not in _WITHOUT_FILE and isinstance(KEYS[key].default, str | int) and KEYS[key].kind != SWITCH:
        more["help"] += f" (default: {KEYS[key].default})"
    group.add_argument(FLAGS[key], dest=key, **more)


def _receiver(text: str) -> Mapping[str, object]:
    """The ``--to`` option, as the values of its keys."""
    expected = f"{text!r}: expected tcp://HOST:PORT or http://HOST:PORT/PATH, or tls and https likewise"
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{expected} ({error})") from None
    path = url.path + (f"?{url.query}" if url.query else "")
    transport = {"tcp": "tcp", "tls": "tcp", "http": "http", "https": "http"}.get(url.scheme)
    if url.password is not None:
        raise argparse.ArgumentTypeError("a password in the URL: give --user and --password-file")
    if not transport or not host or not port or url.username is not None or url.fragment:
        raise argparse.ArgumentTypeError(expected)
    if transport == "tcp" and path not in ("", "/"):
        raise argparse.ArgumentTypeError(f"{expected}; {url.scheme} has no path")
    values = ([str(Address(host, port))], port, transport, url.scheme in ("tls", "https"), path or "/")
    return dict(zip(RECEIVER, values, strict=True))


def _position(text: str) -> Position:
    offset, comma, line = text.partition(",")
    if not (comma and offset.isdecimal() and line.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r}: expected OFFSET,LINE as an interrupted run says it")
    return Position(int(offset), int(line))


def _processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of processes, 1 to 64")
    return int(text)


def _filter(text: str) -> tuple[str, str]:
    return _pair(text, "FIELD=PATTERN, as in Status=5*")


def _share(text: str) -> tuple[str, str]:
    return _pair(text, "STATUS=SHARE, as in 404=1 or 2xx=0.1")


def _pair(text: str, expected: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}")
    return name, value


def _settings_file(text: str) -> Path:
    return Path(_file(text))


def _pem(text: str) -> str:
    return text if is_reference(text) else _file(text)


def _file(text: str) -> str:
    if not os.path.isfile(text):
        raise argparse.ArgumentTypeError(f"{text!r}: no such file. Check the path")
    return text


def _password(text: str) -> str:
    """What is in the file, without the newline that editors put at its end."""
    try:
        password = Path(text).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "not UTF-8"
        # A password instead of a file's name would be in the message.
        raise argparse.ArgumentTypeError(f"the file can't be read: {problem}. Expected a file's path") from None
    if not password:
        raise argparse.ArgumentTypeError(f"{text!r}: an empty file. Expected the password in it")
    return password


def _reference(text: str) -> str:
    if not is_reference(text):  # it may be the password itself, and is not shown
        raise argparse.ArgumentTypeError("expected secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME")
    return text
