"""The calls of AWS, against boto3's own clients: what is asked for, and what a failure means."""

import socket
import threading
from io import BytesIO

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber
from instance_world import INSTANCE, NO_HOOK
from logstash_instance.aws import ABANDON, SUCCESS, Aws
from logstash_instance.errors import AccessDeniedError, AwsError, ObjectMissingError

KEYS = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "y"}  # pragma: allowlist secret
ADDRESS = "s3://artifacts/bundles/staging/current.json"
OBJECT = {"Bucket": "artifacts", "Key": "bundles/staging/current.json"}
HOOK = {"AutoScalingGroupName": "brokers", "LifecycleHookName": "elk-launch", "InstanceId": INSTANCE}
SIGNAL = {"StackName": "s", "LogicalResourceId": "Group", "UniqueId": INSTANCE, "Status": "SUCCESS"}


@pytest.fixture
def stubbed():
    """An Aws whose clients answer as told: (aws, {service: Stubber})."""
    clients = {name: boto3.client(name, **KEYS) for name in ("s3", "autoscaling", "cloudformation", "sns")}
    stubs = {name: Stubber(client) for name, client in clients.items()}
    for stub in stubs.values():
        stub.activate()
    yield Aws("eu-west-1", clients.__getitem__), stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def fail(stub, operation, code, message="no", **more):
    stub.add_client_error(operation, code, message, more.get("status", 400), expected_params=more.get("expected"))


@pytest.mark.parametrize(
    ("code", "status", "kind", "retried_for"),
    [
        ("NoSuchKey", 404, ObjectMissingError, 0),
        ("NoSuchBucket", 404, ObjectMissingError, 0),
        ("AccessDenied", 403, AccessDeniedError, 60),
        ("SlowDown", 503, AwsError, float("inf")),
        ("Throttling", 400, AwsError, float("inf")),
        ("ExpiredToken", 400, AwsError, float("inf")),
        ("InternalError", 500, AwsError, float("inf")),
        ("InvalidRequest", 400, AwsError, 0),
    ],
)
def test_what_an_answer_means_and_how_long_it_is_asked_again(stubbed, code, status, kind, retried_for):
    aws, stubs = stubbed
    fail(stubs["s3"], "get_object", code, status=status, expected=OBJECT)
    with pytest.raises(AwsError) as raised:
        aws.read(ADDRESS)
    assert type(raised.value) is kind
    assert raised.value.retry_seconds == retried_for
    assert ADDRESS in str(raised.value)
    assert code in str(raised.value)


def test_a_wrong_request_is_not_sent_again():
    aws = Aws("eu-west-1", lambda service: boto3.client(service, **KEYS))
    with pytest.raises(AwsError) as raised:
        aws.read("s3://UPPER CASE/x")
    assert raised.value.retry_seconds == 0


def test_hook_is_completed_with_the_result(stubbed):
    aws, stubs = stubbed
    stubs["autoscaling"].add_response("complete_lifecycle_action", {}, HOOK | {"LifecycleActionResult": "ABANDON"})
    assert aws.complete_hook("brokers", "elk-launch", INSTANCE, ABANDON) is True


def test_hook_is_extended(stubbed):
    aws, stubs = stubbed
    stubs["autoscaling"].add_response("record_lifecycle_action_heartbeat", {}, HOOK)
    assert aws.extend_hook("brokers", "elk-launch", INSTANCE) is True


def test_hook_that_does_not_wait_is_no_error(stubbed):
    aws, stubs = stubbed
    for operation in ("complete_lifecycle_action", "record_lifecycle_action_heartbeat"):
        fail(stubs["autoscaling"], operation, "ValidationError", NO_HOOK)
    assert aws.complete_hook("brokers", "elk-launch", INSTANCE, ABANDON) is False
    assert aws.extend_hook("brokers", "elk-launch", INSTANCE) is False


def test_another_refusal_of_a_hook_is_an_error_with_the_permission(stubbed):
    aws, stubs = stubbed
    fail(stubs["autoscaling"], "complete_lifecycle_action", "ValidationError", "1 validation error detected")
    fail(stubs["autoscaling"], "complete_lifecycle_action", "AccessDenied", status=403)
    with pytest.raises(AwsError, match="1 validation error"):
        aws.complete_hook("brokers", "elk-launch", INSTANCE, ABANDON)
    with pytest.raises(AccessDeniedError, match="autoscaling:CompleteLifecycleAction"):
        aws.complete_hook("brokers", "elk-launch", INSTANCE, ABANDON)


def test_signal_outside_of_an_update_is_no_error(stubbed):
    aws, stubs = stubbed
    stubs["cloudformation"].add_response("signal_resource", {}, SIGNAL)
    fail(stubs["cloudformation"], "signal_resource", "ValidationError", "cannot be signaled", expected=SIGNAL)
    fail(stubs["cloudformation"], "signal_resource", "AccessDenied", status=403)
    assert aws.signal("s", "Group", INSTANCE, SUCCESS) is True
    assert aws.signal("s", "Group", INSTANCE, SUCCESS) is False
    with pytest.raises(AccessDeniedError, match="cloudformation:SignalResource"):
        aws.signal("s", "Group", INSTANCE, SUCCESS)


def test_subject_has_what_sns_takes(stubbed):
    aws, stubs = stubbed
    subject = "first-boot of i-1: abandon (st?ging)" + "x" * 63
    stubs["sns"].add_response("publish", {"MessageId": "1"}, {"TopicArn": "t", "Subject": subject, "Message": "m"})
    aws.publish("t", "first-boot of i-1: abandon (stäging)" + "x" * 99, "m")


# -- over a socket


@pytest.fixture
def broken_s3():
    """S3 that announces 1000 bytes, sends ten of them, and ends the connection. Its endpoint."""
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: "x"\r\n\r\n0123456789'
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(head)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_body_that_breaks_off_may_be_whole_the_next_time(broken_s3):
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=broken_s3, config=config, **KEYS)
    with pytest.raises(AwsError) as raised:
        Aws("eu-west-1", lambda _service: client).read(ADDRESS)
    assert raised.value.retry_seconds == float("inf")


def test_clients_read_the_address_of_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    client = Aws("eu-west-1").client("autoscaling")
    assert client.meta.endpoint_url == "http://127.0.0.1:5000"
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.connect_timeout == 5
    assert client.meta.config.retries["mode"] == "standard"


def test_an_object_that_is_too_large_is_not_read(stubbed):
    aws, stubs = stubbed
    stubs["s3"].add_response("get_object", {"Body": StreamingBody(BytesIO(b"x" * 30), 30)}, OBJECT)
    with pytest.raises(AwsError, match="more than 20 bytes"):
        aws.read(ADDRESS, most=20)
