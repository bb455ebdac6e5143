"""The command line: ``python -m elb_log_shipper parse|ship FILE...``, for local files and without a settings file.

Exit codes: 0 all done, 1 a file could not be read or delivered, 2 wrong usage. Events go to standard output, all else
to standard error. Lines that no format fits are not an error: they are printed or sent raw, tagged, and counted.
"""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO
from urllib.parse import urlsplit

from .delivery import Sink, make_sink
from .errors import DeliveryError, InputError
from .events import Batch, Context, Counts, Encoder
from .settings import TRANSPORTS
from .shipping import Read, ship

STDIN = "-"
_PROGRESS_SECONDS = 0.2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    context = Context(options.component, options.environment, options.application)
    try:
        with contextlib.closing(options.open_sink(options)) as sink:
            return _Run(sink, context, options.past_tense).run(options.files)
    except BrokenPipeError:  # the reader has seen enough, as head does
        return 0
    except KeyboardInterrupt:
        _complain("interrupted: the file in work was not completed")
        return 130


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("files", nargs="+", metavar="FILE", help="an access log, plain or gzip; - is standard input")
    common.add_argument("--component", default="elb_log_shipper", help="the events' Component (default: %(default)s)")
    common.add_argument("--application", default="elb", help="the events' Application (default: %(default)s)")
    common.add_argument("--environment", default="local", help="the events' Environment (default: %(default)s)")

    parser = argparse.ArgumentParser(
        prog="python -m elb_log_shipper", description="Parse or ship access logs of Classic Load Balancers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parse = commands.add_parser("parse", parents=[common], help="print the events, a JSON object a line")
    parse.set_defaults(open_sink=lambda _: _StdoutSink(sys.stdout.buffer), past_tense="parsed")
    send = commands.add_parser("ship", parents=[common], help="send the events to Logstash")
    send.add_argument(
        "--to", required=True, type=_receiver, metavar="URL", help="tcp://HOST:PORT or http://HOST:PORT/PATH"
    )
    send.add_argument("--timeout", type=_seconds, default=30.0, help="seconds for a write or an answer (default: 30)")
    send.set_defaults(open_sink=lambda options: options.to(options.timeout), past_tense="shipped")
    return parser


def _receiver(text: str) -> Callable[[float], Sink]:
    """The ``--to`` option: a sink that still wants its timeout."""
    expected = f"{text!r}: expected tcp://HOST:PORT or http://HOST:PORT/PATH"
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{expected} ({error})") from None
    path = url.path + (f"?{url.query}" if url.query else "")
    if url.scheme not in TRANSPORTS or not host or not port or url.username is not None or url.fragment:
        raise argparse.ArgumentTypeError(expected)
    if url.scheme == "tcp" and path not in ("", "/"):
        raise argparse.ArgumentTypeError(f"{expected}; tcp has no path")
    return lambda timeout: make_sink(url.scheme, host, port, path=path or "/", timeout=timeout)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of seconds above 0")
    return seconds


class _StdoutSink:
    """Prints events."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def send(self, batch: Batch) -> None:
        with self._errors():
            self._stream.write(batch.data)

    def commit(self) -> None:
        with self._errors():
            self._stream.flush()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Python's own flush at exit would fail again, and complain in its own words.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise DeliveryError(f"standard output: {error.strerror}. Make room, or write elsewhere") from error

    def abort(self) -> None:
        """What was printed can't be taken back."""

    def close(self) -> None:
        """Standard output is not ours to close."""


class _Run:
    """One run over all files: progress, messages and the summary."""

    def __init__(self, sink: Sink, context: Context, past_tense: str) -> None:
        self._sink = sink
        self._context = context
        self._past_tense = past_tense
        self._total = Counts()
        self._progress = _Progress(sys.stderr.isatty())

    def run(self, files: list[str]) -> int:
        started = time.monotonic()
        done = failed = 0
        for position, name in enumerate(files):
            try:
                self._ship(name)
            except BrokenPipeError:
                raise
            except (InputError, OSError) as error:
                failed += 1
                self._complain(f"{name}: {_words(error)}")
            except DeliveryError as error:
                failed += len(files) - position
                self._complain(f"{name}: {error}")
                if rest := files[position + 1 :]:
                    self._complain(f"not tried: {' '.join(rest)}")
                break
            else:
                done += 1
        total = self._total
        self._complain(
            f"{self._past_tense} {done} of {len(files)} files: {total.lines} lines, {total.unparsed} unparsed, "
            f"{total.bytes} bytes, {time.monotonic() - started:.2f} s"
        )
        return 1 if failed else 0

    def _ship(self, name: str) -> None:
        encoder = Encoder(self._context, object_name=name)
        with _open(name) as read:
            counts = ship(read, self._sink, encoder, lambda counts: self._progress.show(name, counts))
        self._total.add(counts)

    def _complain(self, message: str) -> None:
        self._progress.clear()
        _complain(message)


class _Progress:
    """One line that is written over, on a terminal only."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._next = 0.0
        self._shown = False

    def show(self, name: str, counts: Counts) -> None:
        if self._enabled and (now := time.monotonic()) >= self._next:
            self._next = now + _PROGRESS_SECONDS
            self._shown = True
            print(f"\r\033[K{name}: {counts.lines} lines", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            self._shown = False
            print("\r\033[K", end="", file=sys.stderr)


@contextlib.contextmanager
def _open(name: str) -> Iterator[Read]:
    if name == STDIN:
        yield sys.stdin.buffer.read
        return
    with open(name, "rb") as stream:
        yield stream.read


def _words(error: InputError | OSError) -> str:
    """What is wrong with a file, and the way out."""
    match error:
        case FileNotFoundError():
            return "no such file. Check the path"
        case PermissionError():
            return "no permission to read it. Run as its owner, or change its mode"
        case IsADirectoryError():
            return "a directory. Name the files in it"
        case OSError():
            return f"can't be read: {error.strerror or error}"
        case _:
            return str(error)


def _complain(message: str) -> None:
    print(f"elb_log_shipper: {message}", file=sys.stderr)
