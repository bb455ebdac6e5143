"""The command line's options, and what they come to: values of a settings file, checked by what checks the file.

Those that set a key of the settings file have its name here, and stand in the table of keys. With ``--settings`` they
replace the file's value of that key; ``--to`` replaces all that the file says of its receiver, so that no password of
the one goes to another.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .. import keys, settings
from ..shipping import START
from . import arguments

_OF_ONE_RECEIVER = {
    *keys.TO,
    "LogUser",
    *(name for name, key in keys.KEYS.items() if key.kind in (keys.PEM, keys.SECRET, keys.HEADERS)),
}
_WITHOUT_FILE = {name: key.without_file for name, key in keys.KEYS.items() if key.without_file is not None}
_REFERENCE = "secretsmanager:NAME, secretsmanager:NAME#KEY, ssm:NAME"
_PARAMETERS: Mapping[keys.Kind, Mapping[str, Any]] = {
    keys.TEXT: {"metavar": "NAME"},
    keys.TEXTS: {"metavar": "NAME", "action": "append"},
    keys.SWITCH: {"action": argparse.BooleanOptionalAction},
    keys.WHOLE: {"metavar": "N"},
    keys.SECONDS: {"metavar": "SECONDS"},
    keys.SECONDS_OR_NONE: {"metavar": "SECONDS"},
    keys.PATTERNS: {"metavar": "FIELD=PATTERN", "action": "append", "type": arguments.field_pattern},
    keys.SHARES: {"metavar": "STATUS=SHARE", "action": "append", "type": arguments.status_share},
    keys.PEM: {"metavar": "FILE", "type": arguments.pem},
    keys.SECRET: {"metavar": "FILE", "type": arguments.password},
    keys.HEADERS: {"metavar": "FILE", "type": arguments.headers},
}


def check(options: argparse.Namespace) -> settings.Checker:
    """The settings that the options come to.

    :raises SettingsError: they, or the file that they name, hold something that can't be used.
    """
    given = {key: value for key, value in vars(options).items() if key in keys.KEYS and value is not None}
    for key, value in given.items():
        if keys.KEYS[key].kind is keys.PATTERNS:
            given[key] = {field: [pattern for name, pattern in value if name == field] for field, _pattern in value}
        elif keys.KEYS[key].kind is keys.SHARES:
            given[key] = dict(value)
    values = settings.read(options.settings) if options.settings else _WITHOUT_FILE
    if getattr(options, "to", None):
        values = {key: value for key, value in values.items() if key not in _OF_ONE_RECEIVER}
        given |= options.to
    checker = settings.Checker(str(options.settings), {**values, **given}, {key: keys.KEYS[key].flag for key in given})
    if options.settings:
        checker.settings()  # all of the file is checked, whatever the command needs
    return checker


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
    _add(parser.add_argument_group("events"), keys.EVENTS)


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
    _add(group, keys.RECEIVER)
    _add(parser.add_argument_group("receiver with HTTP"), keys.HTTP)


def _add(group: argparse._ArgumentGroup, table: Mapping[str, keys.Key]) -> None:
    for name, key in table.items():
        more = {**_PARAMETERS[key.kind], "dest": name, "help": _help(key)}
        if key.choices:
            more["metavar"] = "|".join(key.choices)
        if key.kind is not keys.SECRET:
            group.add_argument(key.flag, **more)
            continue
        # In a file, or by reference; what is on a command line can be read by every user of the machine.
        either = group.add_mutually_exclusive_group()
        either.add_argument(key.flag, **more)
        either.add_argument(
            f"{key.flag.removesuffix('-file')}-secret",
            dest=name,
            type=arguments.secret,
            metavar="SECRET",
            help=f"or the secret that it is: {_REFERENCE}",
        )


def _help(key: keys.Key) -> str:
    text = key.help or (key.meaning[0].lower() + key.meaning[1:]).removesuffix(".").replace("`", "")
    if key.kind is keys.PEM:
        text += f": a file in PEM, or a secret: {_REFERENCE}"
    elif key.kind is keys.SECRET:
        text = f"a file with {text}"
    default = key.default if key.without_file is None else key.without_file
    if isinstance(default, str | int) and key.kind is not keys.SWITCH:
        of_file = f", a file's {key.default}" if key.without_file and key.default else ""
        text += f" (default: {default}{of_file})"
    return text
