"""The metadata service: found, asked again, silent, refusing."""

import socket

import pytest
from instance_world import HOSTNAME, INSTANCE, REGION
from logstash_instance.errors import MetadataError
from logstash_instance.metadata import Metadata
from logstash_instance.retrying import Deadline


@pytest.fixture
def metadata(metadata_service, time):
    metadata_service.describe("{}", {"Environment": "staging", "Layer": "brokers"})
    return Metadata(Deadline.after(120, time.clock()), metadata_service.endpoint)


def test_what_the_instance_is(metadata):
    assert metadata.instance_id() == INSTANCE
    assert metadata.local_hostname() == HOSTNAME
    assert metadata.region() == REGION
    assert metadata.user_data() == "{}"
    assert metadata.tags() == {"Environment": "staging", "Layer": "brokers"}


def test_nothing_is_said_without_a_token(metadata, metadata_service):
    metadata.instance_id()
    metadata.region()
    assert metadata_service.requests[0] == ("PUT", "api/token")
    assert metadata_service.tokens == 1


def test_a_token_that_is_used_up_is_renewed(metadata, metadata_service):
    metadata.instance_id()
    metadata_service.tokens += 1  # as if it were another one by now
    assert metadata.region() == REGION


def test_user_data_and_tags_may_be_missing(metadata, metadata_service):
    metadata_service.describe(None, {})
    assert metadata.user_data() == ""
    assert metadata.tags() == {}


def test_what_has_to_be_there_and_is_not(metadata, metadata_service):
    del metadata_service.answers["meta-data/instance-id"]
    with pytest.raises(MetadataError, match=r"latest/meta-data/instance-id: not there \(404\)"):
        metadata.instance_id()


def test_a_service_that_fails_is_asked_again_with_growing_pauses(metadata, metadata_service, time):
    metadata_service.statuses["api/token"] = [503, 500]
    metadata_service.statuses["meta-data/instance-id"] = [503, 429]
    assert metadata.instance_id() == INSTANCE
    assert time.sleeps == [1.0, 2.0, 4.0, 8.0]


def test_a_service_that_refuses_tokens_is_not_asked_again(metadata, metadata_service, time):
    metadata_service.statuses["api/token"] = [403]
    with pytest.raises(MetadataError, match="status 403, expected a token"):
        metadata.instance_id()
    assert time.sleeps == []


def test_a_silent_service_is_given_up_at_the_deadline(time):
    with socket.create_server(("127.0.0.1", 0)) as server:  # it takes connections, and never answers
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        metadata = Metadata(Deadline.after(120, time.clock()), endpoint, request_seconds=0.01)
        with pytest.raises(MetadataError, match="api/token does not answer: timed out") as raised:
            metadata.instance_id()
    assert raised.value.code == "metadata_unavailable"
    assert 90 < time.seconds <= 120


def test_address_of_the_environment_and_no_proxy(metadata_service, time, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{metadata_service.endpoint}/")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    metadata_service.describe(None, {})
    assert Metadata(Deadline.after(5, time.clock())).instance_id() == INSTANCE
