"""Who does the work of a run: a worker ships one log after the other, here or in several processes, until a signal.

Signals come in more than one way: a terminal's SIGINT goes to every process of the group, a SIGTERM to this one only,
or to all of a service. In each case all processes end at the end of a line, and say where that was.
"""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..delivery import Sink
from ..errors import DeliveryError, InputError, ShipperError
from ..events import Context, Counts, Encoder, Options
from ..shipping import OversizedLinesError, Position, now, ship
from .logs import in_words, open_log

if TYPE_CHECKING:
    from concurrent.futures import Future

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Outcome(NamedTuple):
    """What became of one log. ``fatal`` says that the next ones would fail as well; ``notes`` are to be printed."""

    name: str
    counts: Counts
    stopped: Position | None = None
    error: str | None = None
    fatal: bool = False
    notes: tuple[str, ...] = ()


class Interruption:
    """Set by the first SIGINT or SIGTERM.

    :param final: the second signal of a kind ends the process at once.
    """

    def __init__(self, *, final: bool = True) -> None:
        self.came = False
        self.tell_others: Callable[[], None] | None = None
        self._final = final

    def install(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    def note(self) -> None:
        self.came = True
        if self.tell_others:
            self.tell_others()

    def _handle(self, number: int, _frame: object) -> None:
        if self._final:
            signal.signal(number, signal.SIG_DFL)
        self.note()


class Job(NamedTuple):
    """How each log is shipped. Picklable, for several processes."""

    open_sink: Callable[[], Sink]
    context: Context
    options: Options


class Worker:
    """Ships one log after the other to one sink."""

    def __init__(self, job: Job, interruption: Interruption) -> None:
        self.sink = job.open_sink()
        self._job = job
        self._interruption = interruption

    def work(self, name: str, start: Position, on_read: Callable[[int, Counts], None] | None = None) -> Outcome:
        """Ship one log, whatever becomes of it; only a standard output that nobody reads is raised."""
        if self._interruption.came:
            return Outcome(name, Counts(), stopped=start)
        encoder = Encoder(self._job.context, self._job.options, name, arrival=now())
        done = 0

        def counted(size: int) -> bytes:
            nonlocal done
            data = read(size)
            done += len(data)
            if on_read:
                on_read(done, encoder.counts)
            return data

        try:
            with open_log(name) as read:
                shipped = ship(counted, self.sink, encoder, start=start, should_stop=lambda: self._interruption.came)
        except BrokenPipeError:
            raise
        except OversizedLinesError as error:
            return Outcome(name, error.shipped.counts, error.shipped.stopped, error=f"[{error.code}] {name}: {error}")
        except DeliveryError as error:
            return Outcome(name, Counts(), error=f"[{error.code}] {name}: {error}", fatal=True)
        except (ShipperError, OSError) as error:
            code = error.code if isinstance(error, ShipperError) else InputError.code
            # What lies before the damage was delivered.
            counts = encoder.counts if isinstance(error, InputError) else Counts()
            return Outcome(name, counts, error=f"[{code}] {in_words(error, name)}", notes=self._notes(name))
        return Outcome(name, shipped.counts, shipped.stopped, notes=self._notes(name))

    def _notes(self, name: str) -> tuple[str, ...]:
        """What the sink has found out about a log, when it is one that looks."""
        take = getattr(self.sink, "take_notes", None)
        return tuple(f"{name}: {note}" for note in take()) if take else ()


def work_in_processes(
    job: Job, logs: Sequence[tuple[str, Position]], processes: int, interruption: Interruption
) -> Iterator[Outcome]:
    """The outcomes of logs, each with where to begin, in their order. After a fatal one or an interruption no further
    log is begun, and those that were begun are ended."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - rarely used
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    waiting = deque(logs)
    running: deque[tuple[str, Future[Outcome]]] = deque()  # in the order of the logs, with the name of each
    stop = False
    interruption.tell_others = _tell_processes
    with ProcessPoolExecutor(processes, get_context("spawn"), _start_process, (job,)) as executor:
        try:
            while True:
                with _signals_held():
                    while waiting and len(running) < 2 * processes and not (stop or interruption.came):
                        running.append((waiting[0][0], executor.submit(_work, *waiting[0])))
                        waiting.popleft()
                if not running:
                    return
                outcome = running[0][1].result()
                running.popleft()
                if outcome.stopped and not interruption.came:  # a signal to that process only is for all of them
                    interruption.note()
                yield outcome
                stop = stop or outcome.fatal
        except BrokenProcessPool:
            name = (running or waiting)[0][0]
            error = f"{name}, or one after it: a process ended before its log did. Check whether memory ran out"
            yield Outcome(name, Counts(), error=error, fatal=True)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Signals wait until the end of the block. A process that is started in it holds them until it can handle them: one
    that comes while Python starts would end it with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _tell_processes() -> None:
    """They do not get a signal that was sent to this process only."""
    from multiprocessing import active_children  # noqa: PLC0415

    for process in active_children():
        process.terminate()


_process: Worker


def _start_process(job: Job) -> None:
    global _process  # noqa: PLW0603 - what a process of the pool keeps between its tasks
    from threading import Thread  # noqa: PLC0415

    Thread(target=_end_with_parent, daemon=True).start()
    interruption = Interruption(final=False)  # it may come to the group, and once more from the parent
    interruption.install()
    _process = Worker(job, interruption)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _end_with_parent() -> None:
    """Without a parent, as after its second signal, a process would wait forever for its next log."""
    from multiprocessing import parent_process  # noqa: PLC0415

    if parent := parent_process():
        parent.join()
    os._exit(1)


def _work(name: str, start: Position) -> Outcome:
    return _process.work(name, start)
