"""Inputs whose positions would lie where the confined service cannot write are named; others are not."""

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_positions


@pytest.fixture
def positions(run_module, tmp_path):
    """positions(text) -> the module's result for one pipeline file of this text."""

    def run(text):
        (tmp_path / "pipelines/broker").mkdir(parents=True, exist_ok=True)
        (tmp_path / "pipelines/broker/10-input.conf").write_text(text)
        return run_module(
            logstash_positions, path=str(tmp_path / "pipelines"), writable=["/var/lib/logstash", "/srv/positions/"]
        )

    return run


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("last_run_metadata_path", "/usr/share/logstash/.logstash_jdbc_last_run"),
        ("sincedb_path", "/var/log/.sincedb"),
        ("sequence_path", "/var/lib/logstash-other/seq"),
        ("aggregate_maps_path", "/var/lib/logstash/../maps"),
    ],
)
def test_place_outside_is_named_with_file_and_line(positions, setting, path):
    result = positions(f'input {{\n  x {{ {setting} => "{path}" }}\n}}\n')
    assert result["failed"]
    assert f"pipelines/broker/10-input.conf:2: {setting} => {path}" in result["msg"]
    assert "logstash_write_paths" in result["msg"]


@pytest.mark.parametrize(
    "text",
    [
        'sincedb_path => "/var/lib/logstash/own/.sincedb"',
        "sincedb_path => '/srv/positions/a'",
        'sincedb_path => "/dev/null"',
        'sincedb_path => "${POSITIONS}/a"',
        'sincedb_path => "/${POSITIONS}/a"',
        '# sincedb_path => "/usr/share/logstash/a"',
        'path => "/srv/logs/*.log"',
    ],
)
def test_other_places_are_not(positions, text):
    assert not positions(f"input {{ x {{\n{text}\n}} }}\n")["failed"]


@pytest.mark.parametrize("folder", logstash_positions.PRIVATE)
def test_temporary_folders_do_not_outlive_the_service(run_module, tmp_path, folder):
    (tmp_path / "a.conf").write_text(f'sincedb_path => "{folder}/.sincedb"')
    assert run_module(logstash_positions, path=str(tmp_path), writable=[folder])["failed"]
