"""Metrics for CloudWatch (PutMetricData), one datum of each a minute, sent in a thread of their own.

What cannot be sent in its minute is sent with the next ones, for half an hour, with the time that it has. Nothing that
CloudWatch does reaches the monitor's loop.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .clock import Clock, iso
from .config import CloudWatchConfig
from .credentials import CredentialSource
from .errors import MetricsError, TransportError
from .signing import sign
from .transport import Deadline, Request, Transport, exchange

VERSION = "2010-08-01"
SERVICE = "monitoring"
# AWS takes 1000 data, and 1 MB, in a request.
BATCH = 500
KEPT_MINUTES = 30
REQUEST_SECONDS = 10.0
# A minute's data have to be there before the next ones are.
SENDING_SECONDS = 50.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0

# Codes of errors that pass: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_PASSING = {
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServiceFault",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestTimeTooSkewed",
}
# With these data among them, no request is ever taken.
_UNUSABLE = {
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "MissingParameter",
    "MissingRequiredParameter",
    "ValidationError",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}

_log = logging.getLogger(__name__)


class Datum(NamedTuple):
    """One value. ``time`` is a whole minute, in seconds since 1970; ``unit`` one of CloudWatch's.

    ``once`` is for a value that must not be there twice, such as a sign of life that is added up: it is not sent again
    when CloudWatch may have taken it.
    """

    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    time: float
    once: bool = False


class CloudWatch:
    """One region's CloudWatch, as far as a host sends to it."""

    def __init__(
        self, config: CloudWatchConfig, credentials: CredentialSource, clock: Clock, transport: Transport = exchange
    ) -> None:
        self._config, self._credentials, self._clock, self._transport = config, credentials, clock, transport
        domain = "amazonaws.com.cn" if config.region.startswith("cn-") else "amazonaws.com"
        self._url = f"{config.endpoint or f'https://{SERVICE}.{config.region}.{domain}'}/"

    def put(self, data: Sequence[Datum], seconds: float = REQUEST_SECONDS) -> None:
        """Sends at most BATCH data in one request.

        :raises MetricsError: they were not taken, or that is not known.
        """
        body = urllib.parse.urlencode(list(_parameters(self._config.namespace, data))).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        signed = sign(
            self._url,
            headers=headers,
            body=body,
            credentials=self._credentials.get(),
            region=self._config.region,
            service=SERVICE,
            now=self._clock.wall(),
        )
        try:
            response = self._transport(Request("POST", self._url, signed, body), seconds)
        except TransportError as error:
            raise MetricsError(f"CloudWatch: {error.message}.", again=True, sent=error.sent) from None
        if response.status == 200:
            return
        found = re.search(rb"<Code>([\w.]+)</Code>", response.body)
        code = found[1].decode() if found else ""
        told = re.search(rb"<Message>([^<]*)</Message>", response.body)
        said = " ".join(told[1].decode("utf-8", "replace").split())[:300] if told else response.excerpt()
        if code in _EXPIRED:
            self._credentials.forget()
        passes = code in _PASSING | _EXPIRED or response.status in (408, 429) or response.status >= 500
        hint = " Allow the host's role cloudwatch:PutMetricData." if "AccessDenied" in code else ""
        raise MetricsError(
            f"CloudWatch refuses metrics (status {response.status}, {code or 'no code'}): {said}{hint}",
            again=passes,
            # An error of the server may come after it has taken them.
            sent=response.status >= 500,
            unusable=code in _UNUSABLE,
        )


def _parameters(namespace: str, data: Sequence[Datum]) -> Iterable[tuple[str, str]]:
    yield "Action", "PutMetricData"
    yield "Version", VERSION
    yield "Namespace", namespace
    for number, datum in enumerate(data, 1):
        prefix = f"MetricData.member.{number}."
        yield f"{prefix}MetricName", datum.name
        for place, (name, value) in enumerate(datum.dimensions, 1):
            yield f"{prefix}Dimensions.member.{place}.Name", name
            yield f"{prefix}Dimensions.member.{place}.Value", value
        yield f"{prefix}Timestamp", iso(datum.time)
        yield f"{prefix}Value", repr(float(datum.value))
        yield f"{prefix}Unit", datum.unit


class Publisher:
    """Sends each minute's data beside the monitor's loop, and keeps what could not be sent.

    :param wait: takes seconds, and says whether to stop; tests have their own.
    """

    def __init__(self, cloudwatch: CloudWatch, clock: Clock, wait: Callable[[float], bool] | None = None) -> None:
        self._cloudwatch, self._clock = cloudwatch, clock
        # What the loop offers, and what is the sending thread's own.
        self._offered: queue.SimpleQueue[Sequence[Datum]] = queue.SimpleQueue()
        self._waiting: list[Datum] = []
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        # When data were last taken (seconds since 1970), and why they are not now: for /status.
        self.sent: float | None = None
        self.error = ""

    def offer(self, data: Sequence[Datum]) -> None:
        """Takes a minute's data, and returns at once."""
        self._offered.put(data)
        self._wake.set()

    def start(self) -> None:
        """Sends from now on, in a thread."""
        threading.Thread(target=self._run, name="cloudwatch", daemon=True).start()

    def stop(self) -> None:
        """Ends the thread; what is under way is given up with the process."""
        self._stopped.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait()
            self._wake.clear()
            if not self._stopped.is_set():
                try:
                    self.send()
                except Exception as error:
                    # The thread must live: the next minute is another try.
                    _log.exception("Metrics were not sent")
                    self.error = f"{type(error).__name__}: {error}"

    def send(self) -> None:
        """Sends what is pending, with tries for less than a minute. Failures are logged once, and kept in ``error``."""
        deadline = Deadline(SENDING_SECONDS, self._clock.monotonic)
        pause = _FIRST_PAUSE
        while True:
            try:
                self._take_offered()
                self._send_waiting(deadline)
            except MetricsError as error:
                self._tell(error)
                seconds = pause * random.uniform(0.5, 1)  # noqa: S311 - so that not all hosts try again at once
                if not error.again or deadline.left() <= seconds or self._wait(seconds):
                    return
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                if self.error:
                    _log.info("CloudWatch takes metrics again")
                self.error = ""
                return

    def _send_waiting(self, deadline: Deadline) -> None:
        while batch := self._waiting[:BATCH]:
            try:
                self._cloudwatch.put(batch, max(0.1, min(REQUEST_SECONDS, deadline.left())))
            except MetricsError as error:
                if error.unusable:
                    del self._waiting[: len(batch)]
                elif error.sent:
                    self._waiting[: len(batch)] = [datum for datum in batch if not datum.once]
                raise
            del self._waiting[: len(batch)]
            self.sent = self._clock.wall()

    def _take_offered(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting += self._offered.get_nowait()
        newest = max((datum.time for datum in self._waiting), default=0)
        self._waiting = [datum for datum in self._waiting if datum.time > newest - KEPT_MINUTES * 60]

    def _tell(self, error: MetricsError) -> None:
        if not self.error:
            _log.warning("%s Said once, until they are sent again; /status has the last reason.", error)
        self.error = error.message
