"""A backfill with the function's settings file sends what the function sends."""

import json

import pytest
from shipper_command import run

TEST_OBJECT = "elb/AWSLogs/156460612806/ELBAccessLogTestFile"


@pytest.fixture
def bucket(aws, sample):
    """Three logs and the balancers' test object."""
    keys = [f"elb/{name}.log" for name in "abc"]
    aws.objects = {TEST_OBJECT: b"Enable AccessLog for ELB: web-prod"} | {
        key: sample * (number + 1) for number, key in enumerate(keys)
    }
    found = "".join(
        f"<Contents><Key>{key}</Key><Size>{len(body)}</Size></Contents>" for key, body in aws.objects.items()
    )
    listing = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()

    def answer(request, body):
        body = listing if body is None else body
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    aws.always = answer
    return keys


def notification(keys):
    objects = [{"s3": {"bucket": {"name": "logs"}, "object": {"key": key}}} for key in keys]
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", **one} for one in objects]}


def without_arrival(batches):
    """The raw events say when their log was read, in the style ecs also in place of a time that the line has not."""
    for event in (event for batch in batches for event in batch if "tags" in event):
        event.pop("ArrivalTime", event.pop("arrival_time", None))
        if "event" in event and event["event"].pop("created") == event["@timestamp"]:
            del event["@timestamp"]
    return batches


@pytest.mark.parametrize("naming", ["original", "ecs", "aws"])
def test_the_same_events_in_the_same_requests(bucket, deployed, http_receiver, tmp_path, naming):
    receiver = http_receiver()
    path = tmp_path / "settings.json"  # that of the deployed function
    status = {"original": "Status", "ecs": "http.response.status_code", "aws": "elb_status_code"}[naming]
    more = {
        "LogPort": receiver.port,
        "LogTransport": "http",
        "LogPath": "/elb",
        "LogUser": "elb",
        "LogPassword": "pa55word",
        "BatchEvents": 7,
        "Naming": naming,
        "Exclude": {status: "404"},
        "Sampling": {"2xx": 0.5},
        "MaskAddresses": True,
        "MaskQuery": "*",
    }
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | more), encoding="utf-8")
    deployed.invoke(notification([TEST_OBJECT, *bucket]))
    from_function, requests = list(receiver.batches), len(receiver.requests)
    assert 20 < len(receiver.events) < 90

    done = run("ship", "s3://logs/elb/", "--settings", path)
    assert done.returncode == 0, done.stderr
    assert b"shipped 3 of 3 logs: 90 lines, 12 unparsed" in done.stderr
    assert without_arrival(receiver.batches[requests:]) == without_arrival(from_function)
    for index, (place, headers, _) in enumerate(receiver.requests):
        assert (place, headers) == receiver.requests[index % requests][:2]


def test_the_balancers_test_object_is_no_line_that_no_format_fits(bucket, aws):
    aws.objects = {key: body.splitlines()[0] for key, body in aws.objects.items() if key != TEST_OBJECT}
    done = run("check", "s3://logs/elb/")
    assert done.returncode == 0, done.stderr
    assert b"checked 3 of 3 logs: 3 lines, 0 unparsed" in done.stderr
