"""The command line: ``python -m elb_log_shipper parse|ship|check LOG...``, without a settings file.

A LOG is a local file, ``-`` for standard input, an object ``s3://BUCKET/KEY``, or all objects below
``s3://BUCKET/PREFIX``. Exit codes: 0 all done, 1 something could not be read or delivered (``check``: or parsed), 2
wrong usage, 130 interrupted. Events go to standard output, all else to standard error. Lines that no format fits are no
error to ``parse`` and ``ship``: they are printed or sent raw, tagged, and counted.
"""

import argparse
import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from .delivery import Address, Receiver, Sink, Tls, make_sink
from .errors import DeliveryError
from .events import PARSE_FAILURE_TAG, Batch, Context
from .runs import Run
from .shipping import START, Position

_SHOWN_FAILURES = 10  # of one log
_SHOWN_CHARACTERS = 200
_TAG = PARSE_FAILURE_TAG.encode()


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.position != START and options.first is None:
        parser.error("--position needs --from, the log that it is a position in")
    open_sink = _sink_maker(options) if options.command == "ship" else options.open_sink
    run = Run(
        open_sink,
        Context(options.component, options.environment, options.application),
        past_tense=options.past_tense,
        strict=options.strict,
    )
    try:
        return run.run(options.logs, options.first, options.position, options.processes)
    except BrokenPipeError:  # the reader has seen enough, as head does
        return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "logs",
        nargs="+",
        metavar="LOG",
        help="an access log, plain or gzip: a file, - for standard input, s3://BUCKET/KEY, or s3://BUCKET/PREFIX",
    )
    common.add_argument(
        "--from", dest="first", metavar="LOG", help="leave out all before this one, as an earlier run ended there"
    )
    common.add_argument(
        "--position",
        type=_position,
        default=START,
        metavar="OFFSET,LINE",
        help="begin there in the first log; with --from. An interrupted run says it",
    )
    common.add_argument("--component", default="elb_log_shipper", help="the events' Component (default: %(default)s)")
    common.add_argument("--application", default="elb", help="the events' Application (default: %(default)s)")
    common.add_argument("--environment", default="local", help="the events' Environment (default: %(default)s)")
    common.set_defaults(processes=1, strict=False)
    several = argparse.ArgumentParser(add_help=False)
    several.add_argument(
        "--processes", type=_processes, default=1, metavar="N", help="so many logs at a time (default: %(default)s)"
    )

    parser = argparse.ArgumentParser(
        prog="python -m elb_log_shipper", description="Parse, ship or check access logs of load balancers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parse = commands.add_parser("parse", parents=[common], help="print the events, a JSON object a line")
    parse.set_defaults(open_sink=StdoutSink, past_tense="parsed")
    send = commands.add_parser("ship", parents=[common, several], help="send the events to Logstash")
    send.add_argument(
        "--to",
        required=True,
        type=_receiver,
        metavar="URL",
        help="tcp://HOST:PORT, tls://HOST:PORT, http://HOST:PORT/PATH, or https likewise",
    )
    send.add_argument(
        "--ca", metavar="FILE", help="the authorities that count for tls and https (default: the system's)"
    )
    send.add_argument("--timeout", type=_seconds, default=30.0, help="seconds for a write or an answer (default: 30)")
    send.add_argument(
        "--retry", type=_seconds, default=10.0, metavar="SECONDS", help="try again for so long (default: 10)"
    )
    send.set_defaults(past_tense="shipped")
    check = commands.add_parser(
        "check", parents=[common, several], help="say which lines no format fits; print nothing else"
    )
    check.set_defaults(open_sink=CheckSink, past_tense="checked", strict=True)
    return parser


def _receiver(text: str) -> Receiver:
    """The ``--to`` option."""
    expected = f"{text!r}: expected tcp://HOST:PORT or http://HOST:PORT/PATH, or tls and https likewise"
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{expected} ({error})") from None
    path = url.path + (f"?{url.query}" if url.query else "")
    transport = {"tcp": "tcp", "tls": "tcp", "http": "http", "https": "http"}.get(url.scheme)
    if not transport or not host or not port or url.username is not None or url.fragment:
        raise argparse.ArgumentTypeError(expected)
    if transport == "tcp" and path not in ("", "/"):
        raise argparse.ArgumentTypeError(f"{expected}; {url.scheme} has no path")
    tls = Tls() if url.scheme in ("tls", "https") else None
    return Receiver((Address(host, port),), transport, tls, path=path or "/")


def _sink_maker(options: argparse.Namespace) -> Callable[[], Sink]:
    """Picklable, for several processes."""
    receiver = replace(options.to, timeout=options.timeout, retry_seconds=options.retry)
    if receiver.tls and options.ca:
        receiver = replace(receiver, tls=Tls(ca=options.ca))
    return functools.partial(make_sink, receiver)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of seconds above 0")
    return seconds


def _position(text: str) -> Position:
    offset, comma, line = text.partition(",")
    if not (comma and offset.isdecimal() and line.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r}: expected OFFSET,LINE as an interrupted run says it")
    return Position(int(offset), int(line))


def _processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of processes, 1 to 64")
    return int(text)


class StdoutSink:
    """Prints events, past Python's buffer: of a write that a signal cuts short, that was seen to lose the rest."""

    def send(self, batch: Batch) -> None:
        left = memoryview(batch.data)
        try:
            while left:
                left = left[os.write(sys.stdout.fileno(), left) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DeliveryError(f"standard output: {error.strerror}. Make room, or write elsewhere") from error

    def commit(self) -> None:
        """Nothing is kept back."""

    def abort(self) -> None:
        """What was printed can't be taken back."""

    def close(self) -> None:
        """Standard output is not ours to close."""


class CheckSink:
    """Sends nothing, and notes the first lines of each log that no format fits."""

    def __init__(self) -> None:
        self._notes: list[str] = []

    def send(self, batch: Batch) -> None:
        if len(self._notes) >= _SHOWN_FAILURES or _TAG not in batch.data:
            return
        for line in batch.data.split(b"\n"):
            if _TAG in line and len(self._notes) < _SHOWN_FAILURES:
                event = json.loads(line)
                if PARSE_FAILURE_TAG in event.get("tags", ()):
                    offset = event["EventId"].rpartition("-")[2]
                    self._notes.append(
                        f"byte {offset}: {event['ParseError']}: {event['Message'][:_SHOWN_CHARACTERS]!r}"
                    )

    def take_notes(self) -> list[str]:
        """What was noted since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def commit(self) -> None:
        """There is nothing to send."""

    def abort(self) -> None:
        """There is nothing to forget."""

    def close(self) -> None:
        """There is nothing to close."""
