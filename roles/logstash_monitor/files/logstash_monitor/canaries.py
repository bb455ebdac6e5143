"""Canaries: events that go in through an input's real port, and are seen to pass by the input's own counter.

That something listens, or answers 200, says nothing: the counter of the input has to move. Each input has at most one
canary at a time, in a thread of its own, so that an input that hangs delays no other, and not the monitor.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NamedTuple

from .clock import Clock, following, iso
from .config import CanaryTimes, Input
from .errors import NodeApiError, TransportError
from .transport import Deadline, Request, basic, connect, exchange, reason, send

TAG = "_elk_canary"
# The filter that drops canaries. Without it they would reach the pipeline's outputs, and none is sent.
DROP_FILTER = "canaries"
# Pauses between looks at the counter. The last one is repeated.
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
# How long the other side may take to close a connection that nothing more will come by.
_CLOSING_SECONDS = 1.0
# How long an alert of TLS may take.
_ALERT_SECONDS = 0.2

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"

_log = logging.getLogger(__name__)


class Count(NamedTuple):
    """What the node API says of an input.

    ``process`` names the process that counts, ``events`` is None where it has no such input, and ``drops`` says
    whether the pipeline drops canaries.
    """

    process: str
    events: int | None
    drops: bool


class Outcome(NamedTuple):
    """``result`` is PASSED, FAILED, or UNKNOWN where the node API did not tell."""

    result: str
    reason: str = ""


@dataclass(frozen=True)
class InputState:
    """What is known of an input.

    ``since`` is when its last canary passed, or when the monitor began, on the monotonic clock; ``failures`` is how
    many have failed in a row since then.
    """

    input: Input
    since: float
    passed: bool = False
    failures: int = 0
    reason: str = ""

    def after(self, outcome: Outcome, now: float) -> InputState:
        """The state after one more canary."""
        if outcome.result == PASSED:
            return replace(self, since=now, passed=True, failures=0, reason=outcome.reason)
        if outcome.result == FAILED:
            return replace(self, failures=self.failures + 1, reason=outcome.reason)
        return replace(self, reason=outcome.reason)


# Sends an event, and keeps the connection open until the context ends.
# Raises TransportError if the input does not take it.
Send = Callable[[Input, bytes, Deadline], AbstractContextManager[None]]
# What the node API says of an input, within so many seconds. Raises NodeApiError.
Counter = Callable[[Input, float], Count]


class Canary:
    """What sends one event and looks whether it passes.

    :param host: of the event's field ``canary``.
    :param senders: by the kind of input.
    :param sleep: takes seconds.
    """

    def __init__(  # noqa: PLR0913 - all that waits or is outside
        self,
        host: str,
        counter: Counter,
        timeout: float,
        clock: Clock,
        *,
        senders: Mapping[str, Send] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host, self._counter, self._timeout, self._clock = host, counter, timeout, clock
        self._senders = senders or SENDERS
        self._sleep = sleep

    def take(self, target: Input) -> Outcome:
        """Sends a canary, and says what became of it within the timeout."""
        deadline = Deadline(self._timeout, self._clock.monotonic)
        try:
            # The other half of the time is the input's.
            before: Count | None = self._counter(target, self._timeout / 2)
        except NodeApiError as error:
            before, unknown = None, error.message
        try:
            if before and before.events is None:
                return Outcome(
                    FAILED, f"Pipeline {target.pipeline} has no input with the id {target.name} that counts."
                )
            if before and not before.drops:
                return self._connect(target, deadline)
            if before is None:
                # Whether the pipeline drops canaries is not known, so none is sent; that it cannot be reached is.
                outcome = self._connect(target, deadline)
                return outcome if outcome.result == FAILED else Outcome(UNKNOWN, unknown)
            event = json.dumps(self._event(target)).encode()
            with self._senders[target.kind](target, event, deadline):
                return self._wait(target, before, deadline)
        except TransportError as error:
            return Outcome(FAILED, f"Port {target.port} ({target.kind}): {error.message}.")

    def _connect(self, target: Input, deadline: Deadline) -> Outcome:
        with _connection(target, deadline):
            return Outcome(
                PASSED,
                f"Only the connection was tried: pipeline {target.pipeline} has no filter with the id {DROP_FILTER}, "
                "and a canary would reach its outputs.",
            )

    def _event(self, target: Input) -> dict[str, object]:
        moment = iso(self._clock.wall(), "milliseconds")
        canary = {"input": target.name, "host": self._host, "time": moment}
        return {"message": "canary", "tags": [TAG], "canary": canary}

    def _wait(self, target: Input, before: Count, deadline: Deadline) -> Outcome:
        """Looks at the counter until it has moved."""
        unknown = ""
        looks = 0
        while True:
            try:
                after = self._counter(target, deadline.left())
                unknown = ""
                if after.process != before.process:
                    # Another process began to count at 0.
                    before = before._replace(process=after.process, events=0)
                if (after.events or 0) > (before.events or 0):
                    return Outcome(PASSED)
            except NodeApiError as error:
                unknown = error.message
            pause = _PAUSES[min(looks, len(_PAUSES) - 1)]
            looks += 1
            if deadline.left() <= pause:
                break
            self._sleep(pause)
        if unknown:
            return Outcome(UNKNOWN, unknown)
        return Outcome(
            FAILED,
            f"Port {target.port} ({target.kind}) took a canary, and the input counted no event within "
            f"{self._timeout:g} s: it hangs, or its queue is full.",
        )


class Canaries:
    """The inputs' canaries, and what is known by them.

    :param run: runs a function beside the caller; tests run it at once.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        take: Callable[[Input], Outcome],
        times: CanaryTimes,
        clock: Clock,
        run: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._take, self._times, self._clock = take, times, clock
        self._run = run or _in_a_thread
        now = clock.monotonic()
        self._inputs = tuple(inputs)
        self._states = {one.name: InputState(one, now) for one in inputs}
        self._due = {one.name: now for one in inputs}
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def states(self) -> tuple[InputState, ...]:
        """What is known now, in the order of the configuration."""
        with self._lock:
            return tuple(self._states.values())

    def only(self, names: Collection[str]) -> None:
        """Leaves all other inputs alone from now on. One that comes back begins anew."""
        now = self._clock.monotonic()
        with self._lock:
            known = self._states
            self._states = {
                one.name: known.get(one.name, InputState(one, now)) for one in self._inputs if one.name in names
            }
            self._due = {name: now if name not in known else self._due[name] for name in self._states}

    def next_due(self) -> float:
        """When :meth:`tick` has something to do, on the monotonic clock."""
        with self._lock:
            return min((due for name, due in self._due.items() if name not in self._busy), default=float("inf"))

    def tick(self) -> None:
        """Sends the canaries that are due. It does not wait for them."""
        now = self._clock.monotonic()
        with self._lock:
            due = [name for name, moment in self._due.items() if moment <= now and name not in self._busy]
            self._busy.update(due)
            for name in due:
                self._due[name] = following(self._due[name], self._times.interval, now)
        for name in due:
            self._run(lambda name=name: self._one(name))  # type: ignore[misc]

    def idle(self) -> bool:
        """Whether no canary is under way."""
        with self._lock:
            return not self._busy

    def _one(self, name: str) -> None:
        target = next(one for one in self._inputs if one.name == name)
        outcome = Outcome(UNKNOWN, "The canary was not sent.")
        try:
            outcome = self._take(target)
        except Exception as error:
            # Whatever it is, the input must be tried again.
            _log.exception("Input %s: the canary failed", name)
            outcome = Outcome(FAILED, f"The canary could not be sent: {type(error).__name__}: {error}.")
        finally:
            with self._lock:
                self._busy.discard(name)
                before = self._states.get(name)
                if before:
                    self._states[name] = after = before.after(outcome, self._clock.monotonic())
            if before:
                _tell(before, after)


def _tell(before: InputState, after: InputState) -> None:
    """Only changes are worth a line."""
    if after.failures == 1:
        _log.warning("Input %s takes no canary: %s", after.input.name, after.reason)
    elif before.failures and not after.failures:
        _log.info("Input %s takes canaries again, after %d that failed", after.input.name, before.failures)


def _in_a_thread(act: Callable[[], None]) -> None:
    threading.Thread(target=act, name="canary", daemon=True).start()


@contextlib.contextmanager
def _connection(target: Input, deadline: Deadline) -> Iterator[socket.socket]:
    tls = target.tls
    try:
        connection = connect(
            target.host, target.port, deadline, tls.context if tls else None, tls.server_name if tls else ""
        )
    except OSError as error:
        raise TransportError(reason(error)) from None
    with connection:
        yield connection


@contextlib.contextmanager
def send_tcp(target: Input, event: bytes, deadline: Deadline) -> Iterator[None]:
    """A line over a connection that stays open meanwhile.

    What is closed with unread bytes, such as the tickets of TLS 1.3, is reset, and the event may be lost by that.
    """
    with _connection(target, deadline) as connection:
        try:
            send(connection, event + b"\n", deadline)
            if isinstance(connection, ssl.SSLSocket):
                _hear(connection)
        except OSError as error:
            raise TransportError(reason(error)) from None
        yield
        with contextlib.suppress(OSError, ValueError):
            # The event has passed, or it has not: how the connection ends does not change it.
            connection.settimeout(_CLOSING_SECONDS)
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap()
            else:
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)


def _hear(connection: ssl.SSLSocket) -> None:
    """With TLS 1.3, a server refuses a client's certificate after the client has sent all that it had to."""
    connection.settimeout(_ALERT_SECONDS)
    with contextlib.suppress(TimeoutError, socket.timeout):
        connection.recv(1)


@contextlib.contextmanager
def send_http(target: Input, event: bytes, deadline: Deadline) -> Iterator[None]:
    """A request with one event."""
    scheme = "https" if target.tls else "http"
    host = f"[{target.host}]" if ":" in target.host else target.host
    request = Request(
        "POST",
        f"{scheme}://{host}:{target.port}/",
        {"Content-Type": "application/json", **basic(target.user, target.password)},
        event,
        target.tls.context if target.tls else None,
        target.tls.server_name if target.tls else "",
    )
    response = exchange(request, deadline.left(), most_bytes=1 << 16)
    if response.status == 429:
        raise TransportError("status 429: its queue is full")
    if response.status == 401:
        raise TransportError("status 401: it refuses user and password")
    if not 200 <= response.status < 300:
        raise TransportError(f"status {response.status}, expected 200")
    yield


SENDERS: Mapping[str, Send] = {"tcp": send_tcp, "http": send_http}
