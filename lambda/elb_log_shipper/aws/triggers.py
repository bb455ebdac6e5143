"""What an invocation is about: the objects that its event names, whatever they came through. No input or output here.

    S3's notification           {"Records": [{"s3": {...}}, ...]}, keys encoded as forms are (``+`` is a space)
    EventBridge                 {"detail-type": "Object Created", "detail": {...}}, keys as they are
    SNS                         {"Records": [{"Sns": {"Message": "..."}}]}
    SNS, in a message of SQS    {"Type": "Notification", "Message": "..."}
    SQS                         {"Records": [{"messageId": "...", "body": "..."}]}
    a rest, handed on by us     {"continue": {"bucket", "key", "version", "etag", "offset", "line", "end", ...}}
    what Lambda gave up         {"requestPayload": {...}}, put back from the queue of failed events

Any of them may be wrapped in SNS, SQS, or both. Shapes: "Event message structure" in the S3 user guide, "Using Lambda
with SQS / SNS" in Lambda's.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard
from urllib.parse import unquote_plus

from ..errors import EventError
from ..shipping import Position

TEST_OBJECTS = frozenset(["ELBAccessLogTestFile", "ELBConnectionLogTestFile", "ELBHealthCheckLogTestFile"])
"""What a balancer writes when one of its logs is switched on. They are not logs."""

_MAX_DEPTH = 5  # S3 in SNS in SQS, put back by hand, is four
_EXCERPT = 200


class Source(NamedTuple):
    """One object, and where to begin in it.

    ``end`` is where to end, in bytes, when only one line was handed on; ``None`` is the object's end. ``version`` and
    ``etag`` are ``None`` where the event doesn't tell, likewise region and account of the bucket; ``skip`` is the
    reason not to ship it.
    """

    bucket: str
    key: str
    version: str | None = None
    etag: str | None = None
    start: Position = Position()
    skip: str | None = None
    end: int | None = None
    region: str | None = None
    account: str | None = None

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Message(NamedTuple):
    """What succeeds or fails as one: a message of SQS, or any other event as a whole.

    ``id`` is SQS's; ``None`` for other events. ``error`` says why a message of SQS can't be understood. ``retries``
    counts the deliveries of it before this one.
    """

    id: str | None
    sources: list[Source]
    error: EventError | None = None
    retries: int = 0


def messages(event: object) -> list[Message]:
    """Open an event.

    A message of SQS that can't be understood has its ``error``, so that it does not keep the others from being shipped.

    :raises EventError: any other event that can't be understood, before anything of it is shipped.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if isinstance(records, list) and any(_is_sqs(record) for record in records):
        return [_sqs_message(record, number, len(records)) for number, record in enumerate(records, 1)]
    return [Message(None, list(_open(event, 0)))]


def continuation(source: Source, start: Position, etag: str | None, end: int | None = None) -> str:
    """The body of a message that :func:`messages` opens as the rest of ``source``, from ``start`` on, or to ``end``."""
    rest = {
        "bucket": source.bucket,
        "key": source.key,
        "version": source.version,
        "etag": etag or source.etag,
        "offset": start.offset,
        "line": start.line,
        "end": end,
        "region": source.region,
        "account": source.account,
    }
    return json.dumps({"continue": rest})


def is_test_object(key: str) -> bool:
    return key.rpartition("/")[2] in TEST_OBJECTS


def _is_sqs(record: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(record, Mapping) and record.get("eventSource") == "aws:sqs"


def _sqs_message(record: object, number: int, total: int) -> Message:
    if not _is_sqs(record) or not isinstance(record.get("messageId"), str):
        raise EventError(f"record {number} of {total} is not an SQS message: {_excerpt(record)}")
    attributes = record.get("attributes")
    received = attributes.get("ApproximateReceiveCount") if isinstance(attributes, Mapping) else None
    retries = int(received) - 1 if isinstance(received, str) and received.isdecimal() and received != "0" else 0
    try:
        return Message(record["messageId"], list(_open(record.get("body"), 0)), retries=retries)
    except EventError as error:
        return Message(record["messageId"], [], EventError(f"message {record['messageId']}: {error}"), retries)


def _open(value: object, depth: int) -> Iterator[Source]:
    """The sources in one envelope, at any depth."""
    if depth > _MAX_DEPTH:
        raise EventError(f"more than {_MAX_DEPTH} envelopes around each other")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise EventError(f"a message that is not JSON: {_excerpt(value)}") from None
    if not isinstance(value, Mapping):
        raise _unknown(value)
    if value.get("Event") == "s3:TestEvent":  # sent once, when the notification is configured
        yield Source(str(value.get("Bucket", "")), "", skip="s3:TestEvent")
    elif isinstance(value.get("Records"), list):
        for record in value["Records"]:
            yield from _open_record(record, depth)
    elif "continue" in value:
        yield _rest(value["continue"])
    elif value.get("source") == "aws.s3" and "detail" in value:
        yield _eventbridge(value)
    elif value.get("Type") == "Notification" and "Message" in value:
        yield from _open(value["Message"], depth + 1)
    elif "requestPayload" in value:
        yield from _open(value["requestPayload"], depth + 1)
    else:
        raise _unknown(value)


def _open_record(record: object, depth: int) -> Iterator[Source]:
    if not isinstance(record, Mapping):
        raise _unknown(record)
    if isinstance(record.get("s3"), Mapping):
        yield _s3_record(record)
    elif isinstance(record.get("Sns"), Mapping) and "Message" in record["Sns"]:
        yield from _open(record["Sns"]["Message"], depth + 1)
    else:
        raise _unknown(record)


def _s3_record(record: Mapping[str, Any]) -> Source:
    s3 = record["s3"]
    bucket, target = s3.get("bucket"), s3.get("object")
    if not isinstance(bucket, Mapping) or not isinstance(target, Mapping):
        raise _unknown(record)
    key = unquote_plus(_text(target, "key", record))
    name = str(record.get("eventName", ""))
    return Source(
        _text(bucket, "name", record),
        key,
        _optional(target, "versionId", record),
        _optional(target, "eTag", record),
        skip=_skip_reason(key, created=not name or name.startswith("ObjectCreated:"), event=name),
        region=_optional(record, "awsRegion", record),
    )


def _eventbridge(event: Mapping[str, Any]) -> Source:
    detail = event["detail"]
    bucket, target = (detail.get("bucket"), detail.get("object")) if isinstance(detail, Mapping) else (None, None)
    if not isinstance(bucket, Mapping) or not isinstance(target, Mapping):
        raise _unknown(event)
    key = _text(target, "key", event)
    name = str(event.get("detail-type", ""))
    return Source(
        _text(bucket, "name", event),
        key,
        _optional(target, "version-id", event),
        _optional(target, "etag", event),
        skip=_skip_reason(key, created=name == "Object Created", event=name),
        region=_optional(event, "region", event),
        account=_optional(event, "account", event),
    )


def _rest(value: object) -> Source:
    if not isinstance(value, Mapping):
        raise _unknown(value)
    start = Position(_whole(value, "offset"), _whole(value, "line"))
    end = None if value.get("end") is None else _whole(value, "end")
    return Source(
        _text(value, "bucket", value),
        _text(value, "key", value),
        _optional(value, "version", value),
        _optional(value, "etag", value),
        start,
        end=end,
        region=_optional(value, "region", value),
        account=_optional(value, "account", value),
    )


def _skip_reason(key: str, *, created: bool, event: str) -> str | None:
    if is_test_object(key):
        return "the balancer's test object"
    return None if created else f"{event}: no new object"


def _whole(mapping: Mapping[str, Any], name: str) -> int:
    value = mapping.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _unknown(mapping)
    return value


def _text(mapping: Mapping[str, Any], name: str, whole: object) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or not value:
        raise _unknown(whole)
    return value


def _optional(mapping: Mapping[str, Any], name: str, whole: object) -> str | None:
    return None if mapping.get(name) is None else _text(mapping, name, whole)


def _unknown(value: object) -> EventError:
    return EventError(
        f"not an event that names an object: {_excerpt(value)}. Let S3, SNS, SQS or EventBridge notify this function"
    )


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}..."
