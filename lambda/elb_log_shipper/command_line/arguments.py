"""The texts on the command line -> values. Each says what it has seen and what it expected."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..aws.secrets import is_reference
from ..delivery import Address
from ..shipping import Position


def receiver(text: str) -> Mapping[str, object]:
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
    return {
        "LogHost": [str(Address(host, port))],
        "LogPort": port,
        "LogTransport": transport,
        "LogTls": url.scheme in ("tls", "https"),
        "LogPath": path or "/",
    }


def position(text: str) -> Position:
    offset, comma, line = text.partition(",")
    if not (comma and offset.isdecimal() and line.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r}: expected OFFSET,LINE as an interrupted run says it")
    return Position(int(offset), int(line))


def processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of processes, 1 to 64")
    return int(text)


def field_pattern(text: str) -> tuple[str, str]:
    return _pair(text, "FIELD=PATTERN, as in Status=5*")


def status_share(text: str) -> tuple[str, str]:
    return _pair(text, "STATUS=SHARE, as in 404=1 or 2xx=0.1")


def _pair(text: str, expected: str) -> tuple[str, str]:
    name, _separator, value = text.partition("=")
    if not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}")
    return name, value


def settings_file(text: str) -> Path:
    return Path(_file(text))


def pem(text: str) -> str:
    return text if is_reference(text) else _file(text)


def _file(text: str) -> str:
    if not os.path.isfile(text):
        raise argparse.ArgumentTypeError(f"{text!r}: no such file. Check the path")
    return text


def password(text: str) -> str:
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


def headers(text: str) -> object:
    """What is in a file of JSON; whether it can be used is seen where the settings are."""
    try:
        return json.loads(Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "not JSON"
        raise argparse.ArgumentTypeError(f"the file can't be read: {problem}. Expected a file's path") from None


def secret(text: str) -> str:
    if not is_reference(text):  # it may be the password itself, and is not shown
        raise argparse.ArgumentTypeError("expected secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME")
    return text
