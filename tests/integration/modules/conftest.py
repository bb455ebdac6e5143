"""What tests of several modules share."""

import tarfile

import pytest
from fake_logstash.build import build_archive


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """Homes of the fake Logstash, each unpacked once and not to be changed: unpacked(version)."""
    made = {}

    def get(version):
        if version not in made:
            folder = tmp_path_factory.mktemp("unpacked")
            with tarfile.open(build_archive(version, folder)) as archive:
                archive.extractall(folder / "unpacked", filter="data")
            made[version] = next((folder / "unpacked").iterdir())
        return made[version]

    return get
