"""The command line's options, and what they come to: values of a settings file, checked by what checks the file.

Those that set a key of the settings file have its name here. With ``--settings`` they replace the file's
value of that key; ``--to`` replaces all that the file says of its receiver, so that no password of the one goes to
another.
"""

import argparse
from typing import Any

from .. import settings
from ..keys import KEYS, SWITCH
from ..shipping import START
from . import arguments

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
    "LogClientKeyPassphrase": "--client-key-passphrase-file",
    "LogFormat": "--format",
    "LogGzip": "--gzip",
    "LogUser": "--user",
    "LogPassword": "--password-file",
    "LogHeaders": "--headers-file",
    "ConnectTimeoutSeconds": "--connect-timeout",
    "TimeoutSeconds": "--timeout",
    "RetrySeconds": "--retry",
    "BatchEvents": "--batch-events",
    "BatchBytes": "--batch-bytes",
}
"""Key of the settings file -> the option for it."""

_OF_ONE_RECEIVER = (
    *arguments.RECEIVER,
    "LogCa",
    "LogClientCertificate",
    "LogClientKey",
    "LogClientKeyPassphrase",
    "LogUser",
    "LogPassword",
    "LogHeaders",
)
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
        type=arguments.settings_file,
        metavar="FILE",
        help="a settings.json of the function, to do what the function does. Other options replace a value of the file",
    )
    parser.add_argument(
        "--from", dest="first", metavar="LOG", help="skip all logs before this one, where an earlier run ended"
    )
    parser.add_argument(
        "--position",
        type=arguments.position,
        default=START,
        metavar="OFFSET,LINE",
        help="begin there in the first log; with --from. An interrupted run prints it",
    )


def add_processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--processes",
        type=arguments.processes,
        default=1,
        metavar="N",
        help="so many logs at a time (default: %(default)s)",
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
        type=arguments.field_pattern,
        metavar="FIELD=PATTERN",
        help="keep an event only where the field matches, with * and ?; repeated: each field, one of its patterns",
    )
    _add(
        group,
        "Exclude",
        action="append",
        type=arguments.field_pattern,
        metavar="FIELD=PATTERN",
        help="leave an event out where the field matches; can be repeated",
    )
    _add(
        group,
        "Sampling",
        action="append",
        type=arguments.status_share,
        metavar="STATUS=SHARE",
        help="keep this share of the events with a status: 404=1, 2xx=0.1; can be repeated",
    )
    _add(
        group,
        "MaskAddresses",
        action=argparse.BooleanOptionalAction,
        help="remove the part of clients' addresses that identifies a client within its network",
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
        type=arguments.receiver,
        metavar="URL",
        help="tcp://HOST:PORT, tls://HOST:PORT, http://HOST:PORT/PATH, or https likewise. Replaces a file's receiver "
        "with its certificates and its user",
    )
    _add(
        group,
        "LogCa",
        type=arguments.pem,
        metavar="FILE",
        help=f"the trusted authorities (default: the system's): {_PEM}",
    )
    _add(group, "LogClientCertificate", type=arguments.pem, metavar="FILE", help="this side's certificate, likewise")
    _add(
        group,
        "LogClientKey",
        type=arguments.pem,
        metavar="FILE",
        help="its key, likewise, where it is not in the same file",
    )
    _add_secret(
        group, "LogClientKeyPassphrase", "--client-key-passphrase-secret", "the key's passphrase, where it has one"
    )
    _add(group, "ConnectTimeoutSeconds", metavar="SECONDS", help="for a connection")
    _add(group, "TimeoutSeconds", metavar="SECONDS", help="for a write or an answer")
    _add(
        group,
        "RetrySeconds",
        metavar="SECONDS",
        help="how long to retry, in seconds; 0 is never (default: 10, a file's 60)",
    )
    http = parser.add_argument_group("receiver with HTTP")
    _add(http, "LogFormat", help="the body of a request")
    _add(http, "LogGzip", action=argparse.BooleanOptionalAction, help="compress the requests")
    _add(http, "BatchEvents", metavar="N", help="largest number of events in a request")
    _add(http, "BatchBytes", metavar="N", help="largest size of a request")
    _add(http, "LogUser", metavar="NAME", help="for basic authentication")
    _add(
        http,
        "LogHeaders",
        type=arguments.headers,
        metavar="FILE",
        help='a file with more headers, as {"NAME": "VALUE or SECRET"}',
    )
    _add_secret(http, "LogPassword", "--password-secret", "the user's password")


def _add_secret(group: argparse._ArgumentGroup, key: str, reference: str, what: str) -> None:
    """In a file, or by reference; what is on a command line can be read by every user of the machine."""
    either = group.add_mutually_exclusive_group()
    _add(either, key, type=arguments.password, metavar="FILE", help=f"a file with {what}")
    either.add_argument(
        reference,
        dest=key,
        type=arguments.secret,
        metavar="SECRET",
        help="or the secret that it is: secretsmanager:NAME, secretsmanager:NAME#KEY, ssm:NAME",
    )


def _add(group: argparse._ActionsContainer, key: str, **more: Any) -> None:
    if KEYS[key].choices:
        more["metavar"] = "|".join(KEYS[key].choices)
    if key not in _WITHOUT_FILE and isinstance(KEYS[key].default, str | int) and KEYS[key].kind != SWITCH:
        more["help"] += f" (default: {KEYS[key].default})"
    group.add_argument(FLAGS[key], dest=key, **more)
