"""A run of the command line over many logs: one after the other or in several processes, with progress, summary, and
where to go on when it ended early."""

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from .. import native
from ..delivery import Sink
from ..errors import InputError, ShipperError
from ..events import DEFAULTS, Context, Counts, Options
from ..shipping import START, Position
from .logs import Log, find_logs
from .workers import Interruption, Job, Outcome, Worker, work_in_processes

_PROGRESS_SECONDS = 0.2
_BAR = 24
_NAMED = 5  # so many logs that were not tried are named


class Run:
    """One run.

    :param open_sink: called once a process; picklable.
    :param past_tense: what is done to the logs, for the summary.
    :param strict: unparsed lines make the run fail.
    """

    def __init__(
        self,
        open_sink: Callable[[], Sink],
        context: Context,
        options: Options = DEFAULTS,
        *,
        past_tense: str,
        strict: bool = False,
    ) -> None:
        self._job = Job(open_sink, context, options)
        self._past_tense = past_tense
        self._strict = strict
        self._interruption = Interruption()
        self._progress = _Progress(sys.stderr.isatty())

    def run(self, names: list[str], first: str | None, position: Position, processes: int) -> int:
        """The exit code, after everything was said."""
        self._interruption.install()
        started = time.monotonic()
        try:
            logs = _from(first, list(find_logs(names)))
        except ShipperError as error:
            complain(error.coded())
            return 1
        self._progress.expect(logs)
        total = Counts()
        done = failed = reached = 0
        resume: Position | None = None
        for outcome in self._outcomes(logs, position, min(processes, len(logs))):
            total.add(outcome.counts)
            for note in outcome.notes:
                self._complain(note)
            if outcome.error:
                self._complain(outcome.error)
            ended_early = outcome.fatal or outcome.stopped is not None
            if ended_early and resume is None:
                resume = outcome.stopped or (position if not reached else START)
            if resume is None:
                reached += 1
            done += outcome.error is None and outcome.stopped is None
            failed += outcome.error is not None
        if resume is None and reached < len(logs):  # interrupted between two logs
            resume = START if reached else position
        if resume is not None:
            self._say_how_to_go_on(logs[reached:], resume, "not tried" if processes == 1 else "status unknown")
        left_out = f"{total.left_out} left out, " if total.left_out else ""
        self._complain(
            f"{self._past_tense} {done} of {len(logs)} logs: {total.lines} lines, {total.unparsed} unparsed, {left_out}"
            f"{total.bytes} bytes, {time.monotonic() - started:.2f} s ({', '.join(native.in_use())})"
        )
        if self._interruption.came:
            return 130
        return 1 if failed or (self._strict and total.unparsed) else 0

    def _outcomes(self, logs: Sequence[Log], position: Position, processes: int) -> Iterator[Outcome]:
        """The outcomes in the order of the logs. After a fatal one or an interruption no further log is begun."""
        if processes > 1:
            yield from self._in_processes(logs, position, processes)
            return
        worker = Worker(self._job, self._interruption)
        with contextlib.closing(worker.sink):
            for number, log in enumerate(logs):
                if self._interruption.came:
                    return
                start = START if number else position
                outcome = worker.work(log.name, start, partial(self._progress.show, log))
                self._progress.finish(log)
                yield outcome
                if outcome.fatal:
                    return

    def _in_processes(self, logs: Sequence[Log], position: Position, processes: int) -> Iterator[Outcome]:
        starts = [(log.name, START if number else position) for number, log in enumerate(logs)]
        for log, outcome in zip(
            logs, work_in_processes(self._job, starts, processes, self._interruption), strict=False
        ):
            self._progress.finish(log, outcome.counts)
            yield outcome

    def _say_how_to_go_on(self, left: Sequence[Log], position: Position, state: str) -> None:
        names = [log.name for log in left[1:]]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            self._complain(f"{state}: {' '.join(names[:_NAMED])}{more}")
        where = f" --position {position.offset},{position.line}" if position != START else ""
        self._complain(f"to continue: run the same command with --from {shlex.quote(left[0].name)}{where}")

    def _complain(self, message: str) -> None:
        self._progress.clear()
        complain(message)


def _from(first: str | None, logs: list[Log]) -> list[Log]:
    """The logs from one on.

    :raises InputError: it is not among them.
    """
    if first is None:
        return logs
    for number, log in enumerate(logs):
        if log.name == first:
            return logs[number:]
    raise InputError(f"--from {first}: not among the {len(logs)} logs. Give one of them, in full")


class _Progress:
    """One line that is written over, on a terminal only."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._next = 0.0
        self._shown = False
        self._logs = 0
        self._expected: int | None = None  # bytes as stored; unknown for standard input
        self._finished_logs = 0
        self._finished_bytes = 0

    def expect(self, logs: Sequence[Log]) -> None:
        self._logs = len(logs)
        sizes = [log.size for log in logs if log.size is not None]
        self._expected = sum(sizes) if len(sizes) == len(logs) else None

    def show(self, log: Log, read: int, counts: Counts) -> None:
        """Of a log that is being read: how many of its bytes were, and what came of them."""
        if not self._enabled or (now := time.monotonic()) < self._next:
            return
        self._next = now + _PROGRESS_SECONDS
        self._shown = True
        drawn = ""
        if self._expected:
            share = min((self._finished_bytes + read) / self._expected, 1.0)
            drawn = f"[{'#' * int(share * _BAR):<{_BAR}}] {share:4.0%} "
        text = f"{drawn}{self._finished_logs} of {self._logs} logs, {counts.lines} lines of {log.name}"
        with contextlib.suppress(OSError):
            text = text[: (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1]
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def finish(self, log: Log, counts: Counts | None = None) -> None:
        self._finished_logs += 1
        self._finished_bytes += log.size or 0
        if counts is not None:  # several processes: only of what is finished something is known
            self.show(log, 0, counts)

    def clear(self) -> None:
        if self._shown:
            self._shown = False
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def complain(message: str) -> None:
    print(f"elb_log_shipper: {message}", file=sys.stderr)
