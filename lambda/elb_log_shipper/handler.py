"""The Lambda's entry point: ``elb_log_shipper.handler.lambda_handler``, for the events that ``triggers.py`` lists.

Delivery is at least once. An object that did not arrive as a whole fails its message of SQS, or the whole event of any
other trigger, after the others were tried; the trigger sends it again. Near the time limit an object is left at the
start of a line, and its rest goes on in another invocation. A line whose event is larger than the receiver accepts
becomes a message of its own, and does not block other events.
"""

import io
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import native, smoke
from .aws import continuations, metrics, s3
from .aws.triggers import Message, Source, continuation, messages
from .delivery import ReceiverSink, make_sink
from .errors import DeliveryError, ShipperError
from .events import Encoder
from .settings import Settings, load
from .shipping import OversizedLinesError, Position, Shipped, now, ship

_HAND_ON_SECONDS = 5
_LARGEST_RESERVE = 0.25  # of the time that there is

Log = Callable[[Mapping[str, object]], None]


def lambda_handler(event: object, context: object = None) -> Mapping[str, object]:
    """Ship every object of an event.

    :return: for messages of SQS ``{"batchItemFailures": [{"itemIdentifier": ...}]}``; for a smoke test its id as
        ``smoke``, and the counts ``lines``, ``unparsed`` and ``acknowledged``; else the counts ``objects``, ``lines``,
        ``unparsed``, ``skipped`` and ``continued``.
    :raises DeliveryError: at least one object was not delivered, and the event is not from SQS.
    :raises SettingsError: the package's settings can't be used.
    :raises EventError: the event names no objects.
    """
    settings = load()
    invocation = Invocation(settings, _sinks.get(settings), s3.open_object, continuations.hand_on, context=context)
    if (test := smoke.requested(event)) is not None:
        return invocation.smoke_test(test)
    return invocation.run(event)


class _KeptSink:
    """The sink outlives the invocation, and with it the connection to a receiver that keeps one."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._sink: ReceiverSink | None = None

    def get(self, settings: Settings) -> ReceiverSink:
        if self._sink is None or settings != self._settings:
            self.close()
            self._settings, self._sink = settings, make_sink(settings.receiver)
            log_json({"level": "INFO", "event": "started", "modules": native.in_use()})
        return self._sink

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None


_sinks = _KeptSink()


class Clock(NamedTuple):
    """How much time an invocation has left, and how much of it is needed to end in good order. In seconds."""

    remaining: Callable[[], float]
    reserve: float

    def is_late(self) -> bool:
        return self.remaining() < self.reserve

    def for_delivery(self) -> float:
        """What sending may take: all but the time for handing on."""
        return self.remaining() - min(_HAND_ON_SECONDS, self.reserve / 2)


def clock_of(context: object, settings: Settings) -> Clock | None:
    """``None`` when there is no limit, as outside of Lambda.

    The reserve is for the receiver's answer to the last batch, which may take a whole timeout, and for handing on.
    """
    milliseconds: Callable[[], int] | None = getattr(context, "get_remaining_time_in_millis", None)
    if milliseconds is None:
        return None

    def remaining() -> float:
        return milliseconds() / 1000

    return Clock(remaining, min(settings.receiver.timeout + _HAND_ON_SECONDS, remaining() * _LARGEST_RESERVE))


def log_json(entry: Mapping[str, object]) -> None:
    """One structured line on standard output, which Lambda sends to CloudWatch Logs."""
    print(json.dumps(entry), flush=True)


class Invocation:
    """One event, with everything that it talks to given from outside."""

    def __init__(  # noqa: PLR0913 - what an invocation talks to
        self,
        settings: Settings,
        sink: ReceiverSink,
        open_object: s3.OpenObject,
        hand_on: Callable[[str], None],
        *,
        context: object = None,
        log: Log = log_json,
        now: Callable[[], str] = now,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._open_object = open_object
        self._hand_on = hand_on
        self._context = context
        self._clock = clock_of(context, settings)
        sink.limit(self._clock and self._clock.for_delivery)
        self._retries_before = sink.retries
        self._write = log
        self._now = now
        self._begun = False
        self._totals = {"objects": 0, "lines": 0, "unparsed": 0, "skipped": 0, "continued": 0}
        self._bytes = 0
        self._retries = 0
        self._refused = 0
        self._failures: list[str] = []
        self._lags: list[float] = []

    def run(self, event: object) -> Mapping[str, object]:
        """See :func:`lambda_handler`."""
        started = time.monotonic()
        try:
            opened = messages(event)
            failed = [message.id for message in opened if not self._succeeds(message)]
        except Exception as error:
            self._fail("event", error)
            raise
        finally:
            self._log_metrics(started)
        if any(message.id is not None for message in opened):
            return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
        if failed:
            attempted = self._totals["objects"] + self._totals["continued"] + len(self._failures)
            raise DeliveryError(
                f"{len(self._failures)} of {attempted} objects not delivered: {'; '.join(self._failures)}"
            )
        return self._totals

    def smoke_test(self, name: str) -> Mapping[str, object]:
        """Ship a synthetic line, whatever the settings leave out. It counts in no metric.

        :param name: the test's id.
        :raises DeliveryError: the receiver did not take it.
        """
        arrival = self._now()
        options = self._settings.options._replace(include={}, exclude={}, sampling={})
        try:
            shipped = ship(
                io.BytesIO(smoke.line(name, arrival)).read,
                self._sink,
                Encoder(self._settings.context, options, f"{smoke.BALANCER}/{name}", arrival=arrival),
            )
        except Exception as error:
            self._fail("smoke", error, id=name)
            raise
        counts = {"lines": shipped.counts.lines, "unparsed": shipped.counts.unparsed}
        self._write(self._entry("INFO", "smoke") | {"id": name} | counts)
        # ship() returns only once the receiver has taken everything.
        return {"smoke": name, **counts, "acknowledged": shipped.counts.lines - shipped.counts.left_out}

    def _succeeds(self, message: Message) -> bool:
        """Try every object of a message, whatever becomes of the others."""
        self._retries += message.retries
        if message.error:
            self._fail("message", message.error, message=message.id)
            return False
        before = len(self._failures)
        for source in message.sources:
            try:
                self._handle(source)
            except Exception as error:
                self._fail(source.name, error, bucket=source.bucket, key=source.key)
        return len(self._failures) == before

    def _handle(self, source: Source) -> None:
        if source.skip:
            self._totals["skipped"] += 1
            self._log("skipped", source, reason=source.skip)
            return
        if self._begun and self._clock and self._clock.is_late():
            self._continue(source, source.start, source.etag, source.end)
            return
        started = time.monotonic()
        first, self._begun = not self._begun, True
        refused = None
        with self._open_object(source.bucket, source.key, source.version, source.etag) as opened:
            try:
                shipped = ship(
                    opened.read,
                    self._sink,
                    Encoder(
                        self._settings.context,
                        self._settings.options,
                        source.name,
                        region=source.region,
                        account=source.account,
                        arrival=self._now(),
                    ),
                    start=source.start,
                    end=source.end,
                    should_stop=self._clock and self._clock.is_late,
                )
            except OversizedLinesError as error:
                refused, shipped = error, error.shipped
            finally:
                self._retries += opened.retries
        self._count(shipped)
        if shipped.stopped == source.start and first:
            raise DeliveryError(
                f"the time limit is too short to ship anything from byte {source.start.offset} on, where line "
                f"{source.start.line} starts. Raise the function's timeout or memory, or find out why the receiver is "
                "slow"
            )
        if shipped.stopped is not None:
            self._continue(source, shipped.stopped, opened.etag, source.end)
        if refused:
            self._put_aside(source, refused, opened.etag)
        if shipped.stopped is None:
            self._totals["objects"] += 1
        self._log(
            "shipped",
            source,
            lines=shipped.counts.lines,
            unparsed=shipped.counts.unparsed,
            bytes=shipped.counts.bytes,
            ms=round((time.monotonic() - started) * 1000),
        )

    def _continue(self, source: Source, start: Position, etag: str | None, end: int | None) -> None:
        self._hand_on(continuation(source, start, etag, end))
        self._totals["continued"] += 1
        self._log("continued", source, offset=start.offset, line=start.line)

    def _put_aside(self, source: Source, refused: OversizedLinesError, etag: str | None) -> None:
        """Lines that the receiver rejects as too large become messages of their own, so that only they fail, again and
        again until they lie in the queue of failed events.

        :raises DeliveryError: this is such a message, or the lines can't be handed on.
        """
        if source.end is not None or any(line.end is None for line in refused.lines):
            raise refused
        for line in refused.lines:
            try:
                self._hand_on(continuation(source, line.start, etag, line.end))
            except DeliveryError as error:
                raise DeliveryError(f"{refused}; {error}") from error
            self._refused += 1
            self._log(
                "refused",
                source,
                "ERROR",
                offset=line.start.offset,
                line=line.start.line,
                error=str(refused),
                code=refused.code,
            )

    def _count(self, shipped: Shipped) -> None:
        self._totals["lines"] += shipped.counts.lines
        self._totals["unparsed"] += shipped.counts.unparsed
        self._bytes += shipped.counts.bytes
        lag = metrics.lag(shipped.counts.last_time)
        if lag is not None:
            self._lags.append(lag)

    def _fail(self, what: str, error: Exception, **where: str | None) -> None:
        text = str(error)
        self._failures.append(text if text.startswith(what) else f"{what}: {text}")
        self._write(
            self._entry("ERROR", "failed") | where | {"error": text, "type": type(error).__name__, "code": _code(error)}
        )

    def _log(self, event: str, source: Source, level: str = "INFO", **more: object) -> None:
        self._write(self._entry(level, event) | {"bucket": source.bucket, "key": source.key} | more)

    def _entry(self, level: str, event: str) -> dict[str, object]:
        entry: dict[str, object] = {"level": level, "event": event}
        request = getattr(self._context, "aws_request_id", None)
        return entry | {"requestId": request} if request else entry

    def _log_metrics(self, started: float) -> None:
        values: dict[str, int | float | list[float]] = {
            "Objects": self._totals["objects"],
            "Lines": self._totals["lines"],
            "Bytes": self._bytes,
            "UnparsedLines": self._totals["unparsed"],
            "Retries": self._retries + self._sink.retries - self._retries_before,
            "Failures": len(self._failures),
            "Refused": self._refused,
            "Continued": self._totals["continued"],
            "Skipped": self._totals["skipped"],
            "Lag": self._lags,
            "Duration": round((time.monotonic() - started) * 1000),
        }
        context = self._settings.context
        function = getattr(self._context, "function_name", None) or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
        for line in metrics.lines(values, metrics.Dimensions(function, context.environment, context.component)):
            self._write(line)


def _code(error: Exception) -> str:
    """The code of an error; `unexpected` for one that is not this package's."""
    return error.code if isinstance(error, ShipperError) else "unexpected"
