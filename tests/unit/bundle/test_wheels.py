"""The cache of Python packages: one directory for each list, Python and processor, whole or not there."""

import hashlib

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import BundleError
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle import wheels


def test_what_is_in_the_cache_is_not_fetched_again(tmp_path):
    requirements = tmp_path / "requirements-instance.txt"
    requirements.write_text("not-there==1.0\n")
    identity = hashlib.sha256(b"not-there==1.0\n").hexdigest()[:16]
    (tmp_path / f"cache/{identity}-3.11-aarch64").mkdir(parents=True)

    assert wheels.fetch(requirements, "3.11", "aarch64", tmp_path / "cache") == (
        tmp_path / f"cache/{identity}-3.11-aarch64",
        False,
    )


def test_a_package_without_a_hash_is_refused_and_leaves_nothing(tmp_path):
    requirements = tmp_path / "requirements-instance.txt"
    requirements.write_text("boto3==1.0\n")

    with pytest.raises(BundleError, match="hash") as error:
        wheels.fetch(requirements, "3.11", "x86_64", tmp_path / "cache")

    assert error.value.code == "wheels_not_fetched"
    assert "requirements-instance.txt for Python 3.11 on x86_64" in str(error.value)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_a_wheel_for_every_processor_is_there_once(tmp_path):
    for folder, name in (("one", "a-any.whl"), ("two", "a-any.whl"), ("two", "b-aarch64.whl"), ("two", "x.txt")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()

    assert sorted(wheels.names([tmp_path / "one", tmp_path / "two"])) == ["a-any.whl", "b-aarch64.whl"]
