"""PutMetricData: against a server that checks the signature as AWS does, and one that fails in every way."""

import hmac
import http.server
import re
import threading
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
import monitor_world
import pytest
from logstash_monitor import cloudwatch as module
from logstash_monitor.cloudwatch import CloudWatch, Datum, Publisher
from logstash_monitor.config import CloudWatchConfig
from logstash_monitor.credentials import CredentialSource
from logstash_monitor.errors import MetricsError, TransportError
from logstash_monitor.transport import Response
from monitor_world import MIDNIGHT

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_SESSION_TOKEN": "token"}


def datum(name="QueueBytes", minute=0, once=False):
    dimensions = (("Environment", "staging"), ("Host", 'broker-1 "&"'))
    return Datum(name, 1.5, "Bytes", dimensions, MIDNIGHT + 60 * minute, once)


class Aws(http.server.BaseHTTPRequestHandler):
    """Takes metrics whose signature is right; ``taken`` has them."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        given = self.headers["Authorization"]
        names = re.search("SignedHeaders=([^,]*)", given)[1].split(";")
        request = botocore.awsrequest.AWSRequest(
            "POST",
            f"http://{self.headers['Host']}{self.path}",
            headers={name: self.headers[name] for name in names},
            data=body,
        )
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        credentials = botocore.credentials.Credentials("AKIA", "s3cret", "token")
        signer = botocore.auth.SigV4Auth(credentials, "monitoring", "eu-west-1")
        expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if hmac.compare_digest(expected, given.rpartition("Signature=")[2]):
            self.server.taken.append(dict(urllib.parse.parse_qsl(body.decode())))
            self.send_response(200)
            content = b"<PutMetricDataResponse/>"
        else:
            self.send_response(403)
            content = b"<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>"
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        return


@pytest.fixture
def aws():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Aws) as server:
        server.taken = []
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def against(server, **keys):
    config = CloudWatchConfig("eu-west-1", f"http://127.0.0.1:{server.server_port}", "Logstash")
    time = monitor_world.Time()
    return CloudWatch(config, CredentialSource(time, environment={**KEYS, **keys}), time)


def test_metrics_are_taken_with_a_signature_that_is_right(aws):
    against(aws).put([datum(), datum("Heartbeat", 1)])
    assert aws.taken == [
        {
            "Action": "PutMetricData",
            "Version": "2010-08-01",
            "Namespace": "Logstash",
            "MetricData.member.1.MetricName": "QueueBytes",
            "MetricData.member.1.Dimensions.member.1.Name": "Environment",
            "MetricData.member.1.Dimensions.member.1.Value": "staging",
            "MetricData.member.1.Dimensions.member.2.Name": "Host",
            "MetricData.member.1.Dimensions.member.2.Value": 'broker-1 "&"',
            "MetricData.member.1.Timestamp": "2026-11-28T00:00:00Z",
            "MetricData.member.1.Value": "1.5",
            "MetricData.member.1.Unit": "Bytes",
            "MetricData.member.2.MetricName": "Heartbeat",
            "MetricData.member.2.Dimensions.member.1.Name": "Environment",
            "MetricData.member.2.Dimensions.member.1.Value": "staging",
            "MetricData.member.2.Dimensions.member.2.Name": "Host",
            "MetricData.member.2.Dimensions.member.2.Value": 'broker-1 "&"',
            "MetricData.member.2.Timestamp": "2026-11-28T00:01:00Z",
            "MetricData.member.2.Value": "1.5",
            "MetricData.member.2.Unit": "Bytes",
        }
    ]


def test_it_is_the_version_of_the_api_that_aws_has():
    model = botocore.session.Session().get_service_model("cloudwatch")
    assert model.api_version == module.VERSION
    assert model.signing_name == module.SERVICE


def test_a_wrong_key_is_said_with_the_code_of_aws(aws):
    with pytest.raises(MetricsError, match=r"status 403, SignatureDoesNotMatch\): No\.") as caught:
        against(aws, AWS_SECRET_ACCESS_KEY="other").put([datum()])  # noqa: S106
    assert not caught.value.again
    assert aws.taken == []


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-west-1", "monitoring.eu-west-1.amazonaws.com"), ("cn-north-1", "monitoring.cn-north-1.amazonaws.com.cn")],
)
def test_the_address_is_that_of_the_region(region, host):
    asked = []

    def transport(request, seconds):
        asked.append(request.url)
        return Response(200, b"")

    time = monitor_world.Time()
    CloudWatch(CloudWatchConfig(region, "", "Logstash"), CredentialSource(time, environment=KEYS), time, transport).put(
        []
    )
    assert asked == [f"https://{host}/"]


class Receiver:
    """A transport that answers as told: a status, a code of AWS, or an exception; 200 when nothing is left."""

    def __init__(self):
        self.answers, self.batches, self.seconds = [], [], []

    def __call__(self, request, seconds):
        fields = dict(urllib.parse.parse_qsl(request.body.decode()))
        names = [value for name, value in fields.items() if name.endswith("MetricName")]
        self.batches.append(names)
        self.seconds.append(seconds)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return Response(answer, b"")
        return Response(400, f"<ErrorResponse><Error><Code>{answer}</Code></Error></ErrorResponse>".encode())


@pytest.fixture
def time():
    return monitor_world.Time()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def publisher(time, receiver):
    source = CredentialSource(time, environment=KEYS)
    cloudwatch = CloudWatch(CloudWatchConfig("eu-west-1", "", "Logstash"), source, time, receiver)

    def wait(seconds):
        time.sleep(seconds)
        return False

    return Publisher(cloudwatch, time, wait)


def test_what_was_sent_is_not_sent_again(publisher, receiver, time):
    publisher.offer([datum("A"), datum("B")])
    publisher.send()
    publisher.send()
    assert receiver.batches == [["A", "B"]]
    assert (publisher.sent, publisher.error) == (time.wall(), "")


def test_it_is_tried_again_within_the_minute(publisher, receiver, time):
    receiver.answers = [TransportError("refused"), 503, 429, "Throttling", "ExpiredToken"]
    publisher.offer([datum("A")])
    publisher.send()
    assert receiver.batches == [["A"]] * 6
    assert time.monotonic() - 1000 < 60
    assert time.waits == sorted(time.waits)


def test_it_ends_within_the_minute_and_goes_on_with_the_next(publisher, receiver, time, caplog):
    receiver.answers = [TransportError("refused")] * 1000
    for minute in range(3):
        began = time.monotonic()
        publisher.offer([datum(f"M{minute}", minute)])
        publisher.send()
        assert time.monotonic() - began < 60
    assert len(caplog.messages) == 1  # said once
    assert publisher.error == "CloudWatch: refused."
    receiver.answers, receiver.batches = [], []
    publisher.offer([datum("M3", 3)])
    publisher.send()
    assert receiver.batches == [["M0", "M1", "M2", "M3"]]
    assert publisher.error == ""


@pytest.mark.parametrize("answer", [TransportError("no whole response", sent=True), 503])
def test_a_sign_of_life_is_never_there_twice(publisher, receiver, answer):
    """CloudWatch may have taken it, and the alarm adds them up."""
    receiver.answers = [answer]
    publisher.offer([datum("Heartbeat", once=True), datum("A")])
    publisher.send()
    assert receiver.batches == [["Heartbeat", "A"], ["A"]]


def test_a_sign_of_life_that_was_not_taken_is_sent_again(publisher, receiver):
    receiver.answers = [TransportError("refused", sent=False), "Throttling"]
    publisher.offer([datum("Heartbeat", once=True)])
    publisher.send()
    assert receiver.batches == [["Heartbeat"]] * 3


def test_data_that_aws_never_takes_do_not_stop_the_others(publisher, receiver):
    receiver.answers = ["InvalidParameterValue"]
    publisher.offer([datum("A")])
    publisher.send()
    assert "InvalidParameterValue" in publisher.error
    publisher.offer([datum("B")])
    publisher.send()
    assert receiver.batches == [["A"], ["B"]]


def test_what_is_denied_is_tried_once_a_minute(publisher, receiver):
    receiver.answers = ["AccessDenied"]
    publisher.offer([datum("A")])
    publisher.send()
    assert receiver.batches == [["A"]]
    assert "Allow the host's role cloudwatch:PutMetricData" in publisher.error
    publisher.send()
    assert receiver.batches == [["A"], ["A"]]


def test_what_waits_is_bounded_and_goes_in_batches(publisher, receiver):
    receiver.answers = ["AccessDenied"] * 40
    for minute in range(40):
        publisher.offer([datum(f"M{minute}", minute)] * 20)
        publisher.send()
    receiver.answers, receiver.batches = [], []
    publisher.send()
    assert [len(batch) for batch in receiver.batches] == [500, 100]
    assert receiver.batches[0][0] == "M10"


def test_offering_does_not_wait_for_a_server_that_hangs(time):
    hanging = threading.Event()

    def transport(request, seconds):
        hanging.wait(60)
        return Response(200, b"")

    source = CredentialSource(time, environment=KEYS)
    publisher = Publisher(
        CloudWatch(CloudWatchConfig("eu-west-1", "", "Logstash"), source, time, transport), time, lambda seconds: False
    )
    publisher.start()
    for minute in range(5):
        publisher.offer([datum("A", minute)])
    assert publisher.sent is None  # it hangs still, and all five were offered
    hanging.set()
    publisher.stop()
