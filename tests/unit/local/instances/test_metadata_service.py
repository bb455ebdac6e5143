"""The stand-in of the instance metadata service answers as EC2 documents it."""

import http.client
import json
import threading

import pytest
from instances.metadata_service import LONGEST_TOKEN_SECONDS, Answers, Server, look_up

ADDRESS = "10.230.1.4"
INSTANCE = {
    "id": "i-1",
    "state": "running",
    "image": "ami-1",
    "type": "t3.small",
    "architecture": "x86_64",
    "address": ADDRESS,
    "name": "ip-10-230-1-4.eu-west-1.compute.internal",
    "zone": "eu-west-1a",
    "region": "eu-west-1",
    "account": "123456789012",
    "profile": "broker",
    "profile_arn": "arn:aws:iam::123456789012:instance-profile/broker",
    "tags": {"Environment": "local", "Layer": "brokers"},
    "user_data": '{"environment": "local"}',
    "target_state": "InService",
}


class Source:
    """One instance; `changes` are facts that differ."""

    def __init__(self, **changes):
        self.instance = INSTANCE | changes

    def by_address(self, address):
        return self.instance if address == self.instance["address"] else None


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def token_of(answers, address=ADDRESS, seconds="60"):
    status, token = answers.token(address, {"x-aws-ec2-metadata-token-ttl-seconds": seconds})
    assert status == 200
    return token


def get(answers, path, address=ADDRESS):
    return answers.get(address, {"x-aws-ec2-metadata-token": token_of(answers, address)}, path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/latest/meta-data/instance-id", "i-1"),
        ("/latest/meta-data/local-hostname", "ip-10-230-1-4.eu-west-1.compute.internal"),
        ("/latest/meta-data/local-ipv4", ADDRESS),
        ("/latest/meta-data/placement/region", "eu-west-1"),
        ("/latest/meta-data/tags/instance", "Environment\nLayer"),
        ("/latest/meta-data/tags/instance/Layer", "brokers"),
        ("/latest/meta-data/iam/security-credentials/", "broker"),
        ("/latest/meta-data/autoscaling/target-lifecycle-state", "InService"),
        ("/latest/user-data", '{"environment": "local"}'),
    ],
)
def test_paths_have_what_ec2_says_of_the_caller(path, text):
    assert get(Answers(Source()), path) == (200, text)


@pytest.mark.parametrize(
    "path",
    [
        "/latest/meta-data/spot/instance-action",
        "/latest/meta-data/events/recommendations/rebalance",
        "/latest/meta-data/tags/instance/Nothing",
        "/latest/meta-data/instance-id/more",
        "/2021-01-01/meta-data/instance-id",
    ],
)
def test_what_there_is_not_is_not_found(path):
    assert get(Answers(Source()), path)[0] == 404


def test_tags_are_there_only_where_the_launch_template_lets_instances_read_them():
    assert get(Answers(Source(tags=None)), "/latest/meta-data/tags/instance/Layer")[0] == 404
    assert "tags/" not in get(Answers(Source(tags=None)), "/latest/meta-data/")[1]


def test_credentials_are_those_of_the_instance_profile():
    given = json.loads(get(Answers(Source()), "/latest/meta-data/iam/security-credentials/broker")[1])
    assert {"Code", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"} <= set(given)
    assert get(Answers(Source(profile="")), "/latest/meta-data/iam/security-credentials/")[0] == 404


def test_nothing_is_said_without_a_token_or_with_that_of_another():
    answers = Answers(Source())
    assert answers.get(ADDRESS, {}, "/latest/meta-data/instance-id")[0] == 401
    other = {"x-aws-ec2-metadata-token": token_of(answers, "10.230.1.5")}
    assert answers.get(ADDRESS, other, "/latest/meta-data/instance-id")[0] == 401


def test_a_token_ends_with_its_time():
    clock = Clock()
    answers = Answers(Source(), clock)
    headers = {"x-aws-ec2-metadata-token": token_of(answers, seconds="60")}
    clock.now = 59
    assert answers.get(ADDRESS, headers, "/latest/meta-data/instance-id")[0] == 200
    clock.now = 61
    assert answers.get(ADDRESS, headers, "/latest/meta-data/instance-id")[0] == 401


@pytest.mark.parametrize("seconds", ["", "0", "-1", "ten", str(LONGEST_TOKEN_SECONDS + 1)])
def test_a_token_has_to_be_asked_for_with_a_time(seconds):
    assert Answers(Source()).token(ADDRESS, {"x-aws-ec2-metadata-token-ttl-seconds": seconds})[0] == 400


def test_a_request_that_came_through_a_proxy_gets_no_token():
    headers = {"x-aws-ec2-metadata-token-ttl-seconds": "60", "x-forwarded-for": "192.0.2.1"}
    assert Answers(Source()).token(ADDRESS, headers)[0] == 403


def test_who_is_no_instance_is_told_nothing():
    assert get(Answers(Source()), "/latest/meta-data/instance-id", "10.230.1.9")[0] == 404


def test_a_spot_notice_appears_when_it_is_told_and_goes_when_it_is_taken_back():
    answers = Answers(Source())
    notice = {"action": "terminate", "time": "2026-11-28T17:02:00Z"}
    assert answers.control("/stand-in/i-1", json.dumps({"spot": notice}).encode())[0] == 200
    assert json.loads(get(answers, "/latest/meta-data/spot/instance-action")[1]) == notice
    answers.control("/stand-in/i-1", b'{"spot": null}')
    assert get(answers, "/latest/meta-data/spot/instance-action")[0] == 404


@pytest.mark.parametrize(
    ("path", "body"), [("/stand-in/i-1", b"["), ("/stand-in/i-1", b'{"x": 1}'), ("/stand-in/x", b"{}")]
)
def test_a_control_that_is_not_known_is_refused(path, body):
    assert Answers(Source()).control(path, body)[0] == 400


def test_names_below_a_path_are_listed_as_ec2_lists_them():
    assert look_up({"meta-data": {"b": {"c": "1"}, "a": "2"}}, "/latest/meta-data/") == "a\nb/"


@pytest.fixture
def server():
    source = Source(address="127.0.0.1")
    with Server(("127.0.0.1", 0), Answers(source)) as made:
        threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        made.shutdown()


def ask(server, request, body=None, headers=None, timeout=5):
    method, path = request.split()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=timeout)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read().decode(), response.headers


def test_over_http_a_token_opens_the_paths(server):
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    status, token, headers = ask(server, "PUT /latest/api/token", headers=ttl)
    assert (status, headers["X-aws-ec2-metadata-token-ttl-seconds"]) == (200, "60")
    given = {"X-aws-ec2-metadata-token": token}
    assert ask(server, "GET /latest/meta-data/instance-id", headers=given)[:2] == (200, "i-1")
    assert ask(server, "GET /latest/meta-data/instance-id")[0] == 401


def test_a_silent_service_accepts_connections_and_says_nothing(server):
    assert ask(server, "PUT /stand-in/i-1", '{"silent": true}')[0] == 200
    with pytest.raises(TimeoutError):
        ask(server, "GET /latest/meta-data/instance-id", timeout=0.3)
    assert ask(server, "PUT /stand-in/i-1", '{"silent": null}')[0] == 200
    assert ask(server, "GET /latest/meta-data/instance-id")[0] == 401
