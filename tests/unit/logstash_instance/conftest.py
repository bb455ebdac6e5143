"""The world of an instance, for all tests of its program."""

import pytest
from instance_world import Bundles, FakeAws, MetadataService, SimulatedTime
from logstash_instance.paths import Paths


@pytest.fixture
def time():
    return SimulatedTime()


@pytest.fixture
def aws():
    return FakeAws()


@pytest.fixture
def metadata_service():
    with MetadataService().running() as service:
        yield service


@pytest.fixture
def paths(tmp_path):
    """An instance's file system, with what its image has."""
    found = Paths(tmp_path)
    for place in (found.state, found.public_key.parent, found.log.parent, found.pythons):
        place.mkdir(parents=True)
    (found.public_key.parent / "image.json").write_text('{"fingerprint": "0123456789abcdef"}')
    return found


@pytest.fixture
def bundles(aws, paths):
    made = Bundles(aws)
    paths.public_key.write_bytes(made.public_key)
    return made
