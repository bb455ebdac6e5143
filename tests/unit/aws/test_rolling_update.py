"""What is said while the instances of a group are replaced: CloudFormation's events in its own words, and results."""

import datetime
import io
import json

import boto3
import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.rolling_update import History, Result, Watch, line
from botocore.response import StreamingBody
from botocore.stub import Stubber

STACK = "arn:aws:cloudformation:eu-west-1:111111111111:stack/broker-staging/1"
NOW = datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.UTC)


def event(reason, kind="AWS::AutoScaling::AutoScalingGroup", status="UPDATE_IN_PROGRESS", physical="broker-staging"):
    return {
        "StackId": STACK,
        "EventId": f"{status} {reason}",
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            "Rolling update initiated. Terminating 3 obsolete instance(s) in batches of 1, while keeping at least "
            "3 instance(s) in service. Waiting on resource signals with a timeout of PT20M when new instances are "
            "added to the autoscaling group.",
            "3 to be replaced, 1 at a time; at least 3 stay in service",
        ),
        (
            "New instance(s) added to autoscaling group - Waiting on 1 resource signal(s) with a timeout of PT20M.",
            "1 new, and given 20 min to deploy itself",
        ),
        ("Received SUCCESS signal with UniqueId i-0aaa", "i-0aaa is healthy"),
        ("Received FAILURE signal with UniqueId i-0aaa", "i-0aaa FAILED"),
        ("Terminating instance(s) [i-0bbb]; replacing with 1 new instance(s).", "i-0bbb goes, 1 new comes"),
        ("Terminating instance(s) [i-0bbb]; replacing with 0 new instance(s).", "i-0bbb goes"),
        ("Successfully terminated instance(s) [i-0bbb] (Progress 33%).", "i-0bbb is on its way out; 33 % done"),
        # What is not known is shown as it is.
        ("Temporarily setting autoscaling group MinSize and DesiredCapacity to 4.",) * 2,
        ("Received 1 FAILURE signal(s) out of 1.  Unable to satisfy 100% MinSuccessfulInstancesPercent requirement",)
        * 2,
    ],
)
def test_an_event_of_the_group_is_a_line(reason, said):
    assert line(event(reason)) == said


def test_the_way_back_is_said_and_other_resources_are_not():
    back = event("The following resource(s) failed to update: [Group].", "S", "UPDATE_ROLLBACK_IN_PROGRESS", STACK)
    assert line(back) == "going back. The following resource(s) failed to update: [Group]."
    assert line(event("Requested update required the creation of a new physical resource", "AWS::SNS::Topic")) == ""
    assert line(event("")) == ""


BOOT = {
    "began": "2026-03-02T08:01:00Z",
    "ended": "2026-03-02T08:02:32Z",
    "bundle": "3f" * 32,
    "image": "0123456789abcdef",
}


@pytest.mark.parametrize(
    ("kind", "document", "said", "is_bad"),
    [
        (
            "first-boot",
            BOOT | {"result": "continue"},
            "deployed itself in 92 s (image 0123456789ab, bundle 3f3f3f3f3f3f)",
            False,
        ),
        (
            "first-boot",
            {"result": "abandon", "code": "bundle_refused", "reason": "The checksum differs.", "attempts": 3},
            "GAVE UP after 3 attempts: [bundle_refused] The checksum differs.",
            True,
        ),
        (
            "termination",
            {"result": "draining", "at_notice": {"events": 12}},
            "closed its inputs, and drains 12 events",
            False,
        ),
        ("termination", {"result": "drained"}, "has delivered all events, and ends", False),
        (
            "termination",
            {"result": "saved", "left": {"events": 7}, "archive": {"address": "s3://b/q.tar"}},
            "saved 7 events in s3://b/q.tar, and ends",
            False,
        ),
        (
            "termination",
            {"result": "lost", "left": {"events": None}, "errors": ["save: [aws] no route"]},
            "LOST an unknown number of events: save: [aws] no route",
            True,
        ),
    ],
)
def test_a_result_is_a_line(kind, document, said, is_bad):
    result = Result("i-0aaa", kind, document)
    assert (result.line, result.is_bad) == (f"i-0aaa {said}", is_bad)


class Bucket:
    """A stub of S3 with the objects that a look is to find."""

    def __init__(self):
        self.client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
        self.stub = Stubber(self.client)
        self.stub.activate()

    def has(self, objects, fetched):
        """``objects``: (etag, document) by name; of them, ``fetched`` are read."""
        folder = "deployments/staging/"
        listed = [{"Key": folder + name, "ETag": tag, "Size": 100} for name, (tag, _unused) in objects.items()]
        # The clocks may differ by two minutes.
        asked = {"Bucket": "artifacts", "Prefix": folder, "StartAfter": f"{folder}2026-03-02T07:58:00Z"}
        self.stub.add_response("list_objects_v2", {"Contents": listed}, asked)
        for name in fetched:
            content = json.dumps(objects[name][1]).encode()
            body = StreamingBody(io.BytesIO(content), len(content))
            self.stub.add_response("get_object", {"Body": body}, {"Bucket": "artifacts", "Key": folder + name})


@pytest.fixture
def bucket():
    return Bucket()


@pytest.fixture
def history(bucket):
    return History(lambda: bucket.client, "s3://artifacts/deployments/staging/", NOW)


def test_the_history_has_what_is_new_and_what_has_changed(bucket, history):
    boot, end = "2026-03-02T08:01:00Z-i-0aaa-first-boot.json", "2026-03-02T08:04:00Z-i-0bbb-termination.json"
    objects = {boot: ("1", {"result": "continue"}), "notes.txt": ("1", {})}
    bucket.has(objects, [boot])
    assert [(one.instance, one.kind, one.outcome) for one in history.new()] == [("i-0aaa", "first-boot", "continue")]
    objects[end] = ("1", {"result": "draining"})
    bucket.has(objects, [end])
    assert [one.outcome for one in history.new()] == ["draining"]
    objects[end] = ("2", {"result": "saved"})
    bucket.has(objects, [end])
    assert [one.outcome for one in history.new()] == ["saved"]
    bucket.has(objects, [])
    assert history.new() == []


def test_what_is_not_json_is_left_out(bucket, history):
    name = "2026-03-02T08:01:00Z-i-0aaa-first-boot.json"
    bucket.has({name: ("1", ["no object"])}, [name])
    assert history.new() == []


def test_each_thing_is_said_once_oldest_first(bucket, history):
    said = []
    watch = Watch("broker-staging", said.append, history)
    first = event("Received SUCCESS signal with UniqueId i-0aaa")
    second = event("Terminating instance(s) [i-0bbb, i-0ccc]; replacing with 2 new instance(s).")
    bucket.has({}, [])
    watch([first])
    end = {"2026-03-02T08:04:00Z-i-0bbb-termination.json": ("1", {"result": "lost", "errors": ["no disk"]})}
    bucket.has(end, list(end))
    watch([second, first])
    assert said == [
        "broker-staging: i-0aaa is healthy",
        "broker-staging: i-0bbb, i-0ccc goes, 2 new comes",
        "broker-staging: i-0bbb LOST an unknown number of events: no disk",
    ]
    assert watch.going == ["i-0ccc"]
    assert watch.bad == ["i-0bbb LOST an unknown number of events: no disk"]


def test_a_history_that_cannot_be_read_is_said_once_and_ends_nothing(bucket, history):
    bucket.stub.add_client_error("list_objects_v2", "AccessDenied")
    said = []
    watch = Watch("broker-staging", said.append, history)
    watch([])
    watch([event("Received SUCCESS signal with UniqueId i-0aaa")])
    assert ["AccessDenied" in one for one in said] == [True, False]
    assert watch.going == [], "nobody would say what became of them"
