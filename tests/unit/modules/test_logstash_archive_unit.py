"""The service runs the version from the archive that it is told, or the package; a package's own unit stays."""

import os

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.modules import logstash_archive_unit

UNIT = f"[Service]\nExecStart=/opt/logstash/current/bin/logstash\n# {packages.UNIT_OF_ARCHIVE}\n"


@pytest.fixture
def unit(run_module, tmp_path):
    """unit(version, **options) -> the module's result."""
    (tmp_path / "root").mkdir()

    def run(version, **options):
        arguments = {"path": str(tmp_path / "logstash.service"), "root": str(tmp_path / "root"), "content": UNIT}
        return run_module(logstash_archive_unit, **{**arguments, "version": version, **options})

    return run


def test_unit_and_link_are_written_once(unit, tmp_path):
    first = unit("8.19.5")
    assert [one["after"] for one in first["diff"]] == [UNIT, "logstash-8.19.5\n"]
    assert not unit("8.19.5")["changed"]
    second = unit("9.5.2")
    assert [(one["before"], one["after"]) for one in second["diff"]] == [("logstash-8.19.5\n", "logstash-9.5.2\n")]
    assert os.readlink(tmp_path / "root/current") == "logstash-9.5.2"
    assert sorted(os.listdir(tmp_path / "root")) == ["current"]


def test_unit_that_others_can_write_is_replaced(unit, tmp_path):
    unit("9.5.2")
    (tmp_path / "logstash.service").chmod(0o666)
    assert unit("9.5.2")["changed"]
    assert (tmp_path / "logstash.service").stat().st_mode & 0o777 == 0o644


def test_check_mode_changes_nothing(unit, tmp_path):
    assert len(unit("9.5.2", check=True)["diff"]) == 2
    assert not (tmp_path / "logstash.service").exists()
    assert not os.listdir(tmp_path / "root")


def test_package_takes_the_place_of_the_archive(unit, tmp_path):
    unit("9.5.2")
    assert unit("", check=True)["changed"]
    assert (tmp_path / "logstash.service").exists()
    assert unit("")["diff"][0]["before"] == UNIT
    assert not (tmp_path / "logstash.service").exists()
    assert not unit("")["changed"]


def test_unit_of_a_package_stays(unit, tmp_path):
    (tmp_path / "logstash.service").write_text("[Service]\nExecStart=/usr/share/logstash/bin/logstash\n")
    assert not unit("")["changed"]
    assert (tmp_path / "logstash.service").exists()


def test_place_that_cannot_be_written_is_told(unit, tmp_path):
    assert unit("9.5.2", path=str(tmp_path / "none/logstash.service"))["codes"] == ["archive_not_activated"]
