"""An object in S3 is fetched once; what has another hash is neither kept nor used."""

import hashlib

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils import s3_file
from object_store import ObjectStore

CONTENT = b"a package"
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def fetch(tmp_path):
    """fetch(objects, checksum) -> the content of what was fetched from a store that has these."""

    def run(objects, checksum=CHECKSUM):
        paths = {}
        for number, (name, content) in enumerate(objects.items()):
            paths[name] = tmp_path / f"object-{number}"
            paths[name].write_bytes(content)
        with ObjectStore(paths) as store:
            connection = {name.removeprefix("aws_"): value for name, value in store.variables.items()}
            found = s3_file.fetch("s3://packages/a/b.deb", checksum, connection, tmp_path / "cache/elk")
        return found.read_bytes()

    return run


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache/elk").iterdir() if path.suffix != ".lock")


def test_object_is_fetched_once(fetch, tmp_path):
    assert fetch({"packages/a/b.deb": CONTENT}) == CONTENT
    assert names(tmp_path) == [CHECKSUM.replace(":", "-")]
    assert (tmp_path / "cache/elk").stat().st_mode & 0o777 == 0o700
    assert fetch({}) == CONTENT


def test_file_that_was_damaged_is_fetched_again(fetch, tmp_path):
    fetch({"packages/a/b.deb": CONTENT})
    (tmp_path / "cache/elk" / CHECKSUM.replace(":", "-")).write_bytes(b"half")
    assert fetch({"packages/a/b.deb": CONTENT}) == CONTENT


def test_object_with_another_hash_is_not_kept(fetch, tmp_path):
    with pytest.raises(s3_file.S3FileError, match=f"it has {CHECKSUM}"):
        fetch({"packages/a/b.deb": CONTENT}, f"sha256:{'0' * 64}")
    assert names(tmp_path) == []


def test_object_that_is_not_there_is_an_error(fetch, tmp_path):
    with pytest.raises(s3_file.S3FileError, match="404"):
        fetch({})
    assert names(tmp_path) == []
