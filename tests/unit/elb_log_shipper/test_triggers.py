"""Every way in which an object can be named to the function, and what is refused."""

import contextlib
import json
from urllib.parse import quote_plus

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws import log_delivery
from elb_log_shipper.aws import s3 as s3_objects
from elb_log_shipper.aws.triggers import TEST_OBJECTS, Message, Source, continuation, messages
from elb_log_shipper.command_line.logs import find_logs
from elb_log_shipper.errors import EventError
from elb_log_shipper.shipping import Position
from hypothesis import given
from hypothesis import strategies as st

KEY = "AWSLogs/1/a b+c=é.log"
WANTED = Source("logs", KEY, "v1", "e1")


def s3(key: str = KEY, name: str = "ObjectCreated:Put") -> dict:
    target = {"key": quote_plus(key), "versionId": "v1", "eTag": "e1"}
    return {
        "Records": [{"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": "logs"}, "object": target}}]
    }


def eventbridge(key: str = KEY, kind: str = "Object Created") -> dict:
    target = {"key": key, "version-id": "v1", "etag": "e1", "size": 5}
    return {"source": "aws.s3", "detail-type": kind, "detail": {"bucket": {"name": "logs"}, "object": target}}


def sns(*inner: dict) -> dict:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(one)}} for one in inner]}


def sns_body(inner: dict) -> dict:
    return {"Type": "Notification", "MessageId": "x", "Message": json.dumps(inner)}


def sqs(*bodies: object, received: str = "1") -> dict:
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": f"m{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": received},
            }
            for number, body in enumerate(bodies)
        ]
    }


def given_up(event: dict) -> dict:
    return {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}


@pytest.mark.parametrize(
    "event",
    [s3(), eventbridge(), sns(s3()), sns(eventbridge()), given_up(s3()), given_up(sns(s3()))],
    ids=["s3", "eventbridge", "s3 in sns", "eventbridge in sns", "given up", "given up sns"],
)
def test_an_event_is_one_message_without_id(event):
    assert messages(event) == [Message(None, [WANTED])]


@pytest.mark.parametrize(
    "body",
    [s3(), eventbridge(), sns_body(s3()), sns_body(eventbridge()), sns(s3()), given_up(s3()), sns_body(sns_body(s3()))],
    ids=["s3", "eventbridge", "s3 in sns", "eventbridge in sns", "sns event", "given up", "sns in sns"],
)
def test_a_message_of_sqs_holds_any_of_them(body):
    assert messages(sqs(body, body)) == [Message("m0", [WANTED]), Message("m1", [WANTED])]


def test_every_record_of_every_level():
    two = {"Records": s3("a")["Records"] + s3("b")["Records"]}
    opened = messages(sqs(sns_body(two), s3("c")))
    assert [[source.key for source in message.sources] for message in opened] == [["a", "b"], ["c"]]
    assert [source.key for source in messages(sns(two, eventbridge("c")))[0].sources] == ["a", "b", "c"]


def test_keys_are_form_encoded_except_by_eventbridge():
    encoded = {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a+b%2Bc%3D"}}}]}
    assert messages(encoded)[0].sources == [Source("b", "a b+c=")]
    assert messages(eventbridge("a+b%2Bc%3D"))[0].sources[0].key == "a+b%2Bc%3D"


@pytest.mark.parametrize(
    "wrap", [lambda one: one, sns, sqs, lambda one: sqs(sns_body(one))], ids=["", "sns", "sqs", "both"]
)
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"}, "s3:TestEvent"),
        (s3("AWSLogs/123456789012/ELBAccessLogTestFile"), "the balancer's test object"),
        (s3("AWSLogs/123456789012/ELBConnectionLogTestFile"), "the balancer's test object"),
        (s3("AWSLogs/123456789012/ELBHealthCheckLogTestFile"), "the balancer's test object"),
        (eventbridge("ELBAccessLogTestFile"), "the balancer's test object"),
        (s3(name="ObjectRemoved:Delete"), "ObjectRemoved:Delete: no new object"),
        (eventbridge(kind="Object Deleted"), "Object Deleted: no new object"),
    ],
)
def test_what_is_no_log_is_skipped_by_name_and_never_an_error(wrap, event, reason):
    (message,) = messages(wrap(event))
    assert message.error is None
    assert [source.skip for source in message.sources] == [reason]


def test_the_command_line_leaves_out_the_same_objects(monkeypatch):
    keys = ["elb/a.log", *(f"elb/AWSLogs/1/{name}" for name in sorted(TEST_OBJECTS)), "elb/ELBAccessLogTestFile.log"]
    monkeypatch.setattr(
        s3_objects, "list_objects", lambda _bucket, _prefix: [s3_objects.Listed(key, 1) for key in keys]
    )
    assert [log.name for log in find_logs(["s3://logs/elb/"])] == [f"s3://logs/{key}" for key in (keys[0], keys[-1])]
    assert [log.name for log in find_logs(keys)] == [keys[0], keys[-1]]
    assert len(TEST_OBJECTS) == 3


def test_they_are_those_that_the_buckets_policy_lets_balancers_write():
    assert {kind.test_file for kind in log_delivery.KINDS if kind.test_file} == TEST_OBJECTS


@pytest.mark.parametrize("key", ["ELBAccessLogTestFile/a.log", "a-ELBAccessLogTestFile", "ELBAccessLogTestFile.log"])
def test_a_name_that_only_contains_the_test_objects_name_is_a_log(key):
    assert messages(s3(key))[0].sources[0].skip is None


UNKNOWN = [
    None,
    [],
    "text",
    7,
    {},
    {"Records": None},
    {"Records": ["x"]},
    {"Records": [{"kinesis": {}}]},
    {"Records": [{"s3": {}}]},
    {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {}}}]},
    {"Records": [{"s3": {"bucket": {"name": 1}, "object": {"key": "k"}}}]},
    {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}]},
    {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k", "eTag": 5}}}]},
    {"Records": [*s3()["Records"], {"Sns": {}}]},
    {"source": "aws.s3", "detail": {"bucket": {}}},
    {"source": "aws.s3", "detail": None},
    {"source": "aws.ec2", "detail": {}},
    {"Type": "SubscriptionConfirmation", "Message": "{}"},
    {"Records": [{"Sns": {"Message": "not json"}}]},
    {"Records": [{"Sns": {"Message": "[" * 100_000}}]},
    {"continue": None},
    {"continue": {"bucket": "b", "key": "k", "offset": -1, "line": 0}},
    {"continue": {"bucket": "b", "key": "k", "offset": True, "line": 0}},
    {"continue": {"bucket": "b", "key": "k", "offset": "5", "line": 0}},
    {"continue": {"bucket": "b", "offset": 5, "line": 0}},
    {"continue": {"bucket": "b", "key": "k", "offset": 5, "line": 0, "end": "9"}},
    {"continue": {"bucket": "b", "key": "k", "offset": 5, "line": 0, "end": -1}},
]


@pytest.mark.parametrize("event", UNKNOWN, ids=lambda event: repr(event)[:60])
def test_other_events_are_refused(event):
    with pytest.raises(EventError):
        messages(event)


@pytest.mark.parametrize("event", UNKNOWN, ids=lambda event: repr(event)[:60])
def test_such_a_message_of_sqs_has_its_error_and_the_others_their_objects(event):
    wrong, right = messages(sqs(event, s3()))
    assert (wrong.id, wrong.sources) == ("m0", [])
    assert str(wrong.error).startswith("message m0: ")
    assert right == Message("m1", [WANTED])


def test_no_records_is_nothing_to_do():
    assert messages({"Records": []}) == [Message(None, [])]


def test_envelopes_without_end_are_refused():
    event = s3()
    for _ in range(8):
        event = sns_body(event)
    with pytest.raises(EventError, match="envelopes around each other"):
        messages(event)


def test_a_message_that_is_none_of_sqs_among_those_of_sqs():
    event = sqs(s3())
    event["Records"].append({"messageId": "x"})
    with pytest.raises(EventError, match="record 2 of 2 is not an SQS message"):
        messages(event)


@pytest.mark.parametrize(("received", "retries"), [("1", 0), ("4", 3), ("0", 0), ("x", 0), (None, 0)])
def test_earlier_deliveries_are_counted(received, retries):
    assert messages(sqs(s3(), received=received))[0].retries == retries


def test_a_message_of_error_is_short():
    with pytest.raises(EventError) as caught:
        messages({"a": "x" * 100_000})
    assert len(str(caught.value)) < 500


names = st.text(min_size=1)


@given(
    st.builds(
        Source,
        names,
        names,
        st.none() | names,
        st.just("before"),
        skip=st.none(),
        end=st.none(),
        region=st.none() | names,
        account=st.none() | names,
    ),
    st.builds(Position, st.integers(0, 2**63), st.integers(0, 2**63)),
    st.none() | names,
    st.none() | st.integers(0, 2**63),
)
def test_a_rest_comes_back_as_it_was_handed_on(source, start, etag, end):
    (message,) = messages(sqs(continuation(source, start, etag, end)))
    assert message.sources == [source._replace(etag=etag or "before", start=start, end=end)]


def test_a_rest_that_an_earlier_version_handed_on_goes_to_the_end():
    body = {"continue": {"bucket": "b", "key": "k", "version": None, "etag": None, "offset": 5, "line": 1}}
    assert messages(sqs(body))[0].sources == [Source("b", "k", start=Position(5, 1))]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "Records",
                        "s3",
                        "Sns",
                        "Message",
                        "Type",
                        "detail",
                        "source",
                        "continue",
                        "requestPayload",
                        "body",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=20,
    )
)
def test_any_event_is_opened_or_refused(event):
    for value in (event, sqs(event)):
        with contextlib.suppress(EventError):
            messages(value)
