"""The command line: ``python -m elb_log_shipper parse|ship|check LOG...``, with or without a settings file.

A LOG is a local file, ``-`` for standard input, an object ``s3://BUCKET/KEY``, or all objects below
``s3://BUCKET/PREFIX``. Exit codes: 0 all done, 1 something could not be read or delivered (``check``: or parsed), 2
wrong usage or settings, 130 interrupted. Events go to standard output, all else to standard error. Lines that no format
fits are no error to ``parse`` and ``ship``: they are printed or sent raw, tagged, and counted.
"""

import argparse
import functools
import os
import sys
from collections.abc import Callable

from ..delivery import Sink, make_sink
from ..errors import DeliveryError, SettingsError
from ..events import PARSE_FAILURE_TAG, Batch, read_raw
from ..settings import Checker
from ..shipping import START
from .options import add_events, add_logs, add_processes, add_receiver, check
from .runs import Run

_SHOWN_FAILURES = 10  # of one log
_SHOWN_CHARACTERS = 200
_TAG = PARSE_FAILURE_TAG.encode()
_PAST_TENSES = {"parse": "parsed", "ship": "shipped", "check": "checked"}


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.position != START and options.first is None:
        parser.error("--position needs --from, the log that it is a position in")
    if options.command == "ship" and not options.to and not options.settings:
        parser.error("ship needs --to, or --settings with the receiver in it")
    try:
        checker = check(options)
        run = Run(
            _sink_maker(options.command, checker),
            checker.context(),
            checker.options(),
            past_tense=_PAST_TENSES[options.command],
            strict=options.command == "check",
        )
    except SettingsError as error:
        parser.error(error.coded())
    try:
        return run.run(options.logs, options.first, options.position, options.processes)
    except BrokenPipeError:  # the reader has seen enough, as head does
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m elb_log_shipper", description="Parse, ship or check access logs of load balancers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parse, send, find = (
        commands.add_parser(name, help=text, description=text, usage="%(prog)s [OPTION...] LOG...")
        for name, text in (
            ("parse", "print the events, a JSON object a line"),
            ("ship", "send the events to Logstash"),
            ("check", "print which lines no format fits, and nothing else"),
        )
    )
    for command in (parse, send, find):
        command.set_defaults(processes=1)
        add_logs(command)
    for command in (send, find):
        add_processes(command)
    for command in (parse, send, find):
        add_events(command)
    add_receiver(send)
    return parser


def _sink_maker(command: str, checker: Checker) -> Callable[[], Sink]:
    """Picklable, for several processes."""
    match command:
        case "ship":
            return functools.partial(make_sink, checker.receiver())
        case "check":
            return functools.partial(CheckSink, checker.options().naming)
        case _:
            return StdoutSink


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

    def __init__(self, naming: str) -> None:
        self._naming = naming
        self._notes: list[str] = []

    def send(self, batch: Batch) -> None:
        if len(self._notes) >= _SHOWN_FAILURES or _TAG not in batch.data:
            return
        for line in batch.data.split(b"\n"):
            if _TAG in line and len(self._notes) < _SHOWN_FAILURES and (raw := read_raw(line, self._naming)):
                offset = raw.event_id.rpartition("-")[2]
                self._notes.append(f"byte {offset}: {raw.reason}: {raw.message[:_SHOWN_CHARACTERS]!r}")

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
