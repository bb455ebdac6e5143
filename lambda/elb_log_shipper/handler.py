"""The Lambda's entry point: ``elb_log_shipper.handler.lambda_handler``, for S3's own notifications.

Delivery is at least once: any object that did not arrive as a whole makes the invocation fail, after the others were
tried, and the trigger sends the whole event again.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote_plus

from . import s3
from .delivery import Sink, make_sink
from .errors import DeliveryError, EventError
from .events import Encoder
from .settings import Settings, load
from .shipping import ship

TEST_OBJECT = "ELBAccessLogTestFile"
"""What a balancer writes when its logs are switched on. It is not a log."""


def lambda_handler(event: Mapping, _context: object = None) -> dict[str, int]:
    """Ship every object of an S3 event. Returns the counts ``objects``, ``lines``, ``unparsed`` and ``skipped``.

    :raises DeliveryError: at least one object was not delivered.
    :raises SettingsError: the package's settings can't be used.
    :raises EventError: the event is not one of S3.
    """
    settings = load()
    with contextlib.closing(sink_of(settings)) as sink:
        return ship_event(event, settings, sink, s3.open_object)


def sink_of(settings: Settings) -> Sink:
    return make_sink(
        settings.transport,
        settings.host,
        settings.port,
        path=settings.path,
        connect_timeout=settings.connect_timeout,
        timeout=settings.timeout,
        batch_events=settings.batch_events,
        batch_bytes=settings.batch_bytes,
    )


def ship_event(
    event: Mapping,
    settings: Settings,
    sink: Sink,
    open_object: s3.OpenObject,
    log: Callable[[dict], None] | None = None,
) -> dict[str, int]:
    """The handler with everything that it talks to given from outside. Errors as :func:`lambda_handler`."""
    log = log or log_json
    totals = {"objects": 0, "lines": 0, "unparsed": 0, "skipped": 0}
    failures = []
    for bucket, key, skip in _objects(event):
        if skip:
            totals["skipped"] += 1
            log({"event": "skipped", "bucket": bucket, "key": key, "reason": skip})
            continue
        started = time.monotonic()
        try:
            with open_object(bucket, key) as read:
                counts = ship(read, sink, Encoder(settings.context, object_name=f"s3://{bucket}/{key}"))
        except Exception as error:
            failures.append(f"s3://{bucket}/{key}: {error}")
            log({"event": "failed", "bucket": bucket, "key": key, "error": str(error), "type": type(error).__name__})
            continue
        totals["objects"] += 1
        totals["lines"] += counts.lines
        totals["unparsed"] += counts.unparsed
        log(
            {
                "event": "shipped",
                "bucket": bucket,
                "key": key,
                "lines": counts.lines,
                "unparsed": counts.unparsed,
                "bytes": counts.bytes,
                "ms": round((time.monotonic() - started) * 1000),
            }
        )
    if failures:
        attempted = totals["objects"] + len(failures)
        raise DeliveryError(f"{len(failures)} of {attempted} objects not delivered: {'; '.join(failures)}")
    return totals


def log_json(entry: dict) -> None:
    """One structured line on standard output, which Lambda sends to CloudWatch Logs."""
    print(json.dumps(entry), flush=True)


def _objects(event: Mapping) -> Iterator[tuple[str, str, str | None]]:
    """Bucket, key, and the reason to skip it or ``None``, for each record of an event.

    :raises EventError: before the first object, when any record is not one of S3.
    """
    if event.get("Event") == "s3:TestEvent":  # sent once, when the notification is configured
        return iter([(str(event.get("Bucket", "")), "", "s3:TestEvent")])
    records = event.get("Records")
    if not isinstance(records, list):
        raise EventError("the event has no Records: let S3 notify this function directly")
    objects = []
    for number, record in enumerate(records, 1):
        try:
            bucket = record["s3"]["bucket"]["name"]
            key = unquote_plus(record["s3"]["object"]["key"])  # S3 encodes keys as forms do: + is a space
        except (KeyError, TypeError) as error:
            raise EventError(
                f"record {number} of {len(records)} is not one of S3 ({error!r}): let S3 notify this function directly"
            ) from None
        objects.append((bucket, key, _skip_reason(key, str(record.get("eventName", "")))))
    return iter(objects)


def _skip_reason(key: str, event_name: str) -> str | None:
    if key.rpartition("/")[2] == TEST_OBJECT:
        return "the balancer's test object"
    if event_name.startswith("ObjectRemoved:"):
        return "the object was removed"
    return None
