"""Credentials: of the environment, or of the instance, and never older than they may be."""

import json

import monitor_world
import pytest
from logstash_monitor.clock import iso
from logstash_monitor.credentials import CredentialSource
from logstash_monitor.errors import CredentialsError, TransportError
from logstash_monitor.signing import Credentials
from logstash_monitor.transport import Response


class Metadata:
    """An instance's metadata service: credentials that last an hour, with a token only."""

    def __init__(self, time):
        self.time, self.fault, self.given, self.role = time, None, 0, "monitor"
        self.asked = []

    def __call__(self, request, seconds):
        path = request.url.removeprefix("http://169.254.169.254/latest/")
        self.asked.append((request.method, path))
        assert seconds <= 5
        if self.fault:
            raise self.fault
        if request.method == "PUT":
            assert request.headers["X-aws-ec2-metadata-token-ttl-seconds"]
            return Response(200, b"token")
        assert request.headers == {"X-aws-ec2-metadata-token": "token"}
        if path == "meta-data/iam/security-credentials/":
            return Response(200, self.role.encode()) if self.role else Response(404, b"")
        assert path == "meta-data/iam/security-credentials/monitor"
        self.given += 1
        found = {"AccessKeyId": f"ASIA{self.given}", "SecretAccessKey": "s3cret", "Token": "t"}
        return Response(200, json.dumps({**found, "Expiration": iso(self.time.wall() + 3600)}).encode())


@pytest.fixture
def time():
    return monitor_world.Time()


@pytest.fixture
def metadata(time):
    return Metadata(time)


def source(time, transport, **environment):
    return CredentialSource(time, transport, environment)


def test_the_environment_comes_first(time, metadata):
    found = source(time, metadata, AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="s3cret", AWS_SESSION_TOKEN="t")  # noqa: S106
    assert found.get() == Credentials("AKIA", "s3cret", "t")
    assert metadata.asked == []


def test_those_of_the_instance_are_asked_for_once(time, metadata):
    found = source(time, metadata)
    assert found.get() == found.get() == Credentials("ASIA1", "s3cret", "t", time.wall() + 3600)
    assert metadata.given == 1


def test_new_ones_are_there_before_the_old_ones_end(time, metadata):
    found = source(time, metadata)
    for _ in range(24 * 60):
        credentials = found.get()
        assert credentials.expires - time.wall() >= 900
        time.sleep(60)
    assert metadata.given < 24 * 2


def test_old_ones_are_used_while_the_service_fails(time, metadata):
    found = source(time, metadata)
    found.get()
    metadata.fault = TransportError("timed out")
    time.sleep(3000)
    assert found.get().access_key == "ASIA1"
    asked = len(metadata.asked)
    assert found.get().access_key == "ASIA1"
    assert len(metadata.asked) == asked  # it is left alone for a minute
    time.sleep(3000)
    with pytest.raises(CredentialsError, match="timed out") as caught:
        found.get()
    assert caught.value.again
    metadata.fault = None
    assert found.get().access_key == "ASIA2"


def test_expired_ones_are_forgotten(time, metadata):
    found = source(time, metadata)
    found.get()
    found.forget()
    assert found.get().access_key == "ASIA2"


def test_an_instance_without_a_role(time, metadata):
    metadata.role = ""
    with pytest.raises(CredentialsError, match=r"\[credentials_missing\] The instance has no role"):
        source(time, metadata).get()


def test_what_is_no_answer(time, metadata):
    def transport(request, seconds):
        if request.url.endswith("monitor"):
            return Response(200, b'{"SecretAccessKey": "s3cret"}')
        return metadata(request, seconds)

    with pytest.raises(CredentialsError, match="gives no credentials") as caught:
        source(time, transport).get()
    assert "s3cret" not in str(caught.value)
