"""The configuration test runs as the service's user, in a throw-away directory, and never leaves it behind."""

import os

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_validate

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")

USER = "nobody"


@pytest.fixture
def world(tmp_path):
    """A directory that every user may enter, with a live settings directory."""
    for directory in (tmp_path, *tmp_path.parents[:3]):
        if str(directory).startswith("/tmp/"):  # noqa: S108 - pytest's own directories are closed to other users
            directory.chmod(0o755)
    live = tmp_path / "live"
    live.mkdir()
    (live / "log4j2.properties").write_text("status = error\n")
    return tmp_path


@pytest.fixture
def validate(run_module, world):
    def run(script, check=False, **options):
        program = world / "logstash"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        arguments = {
            "program": str(program),
            "user": USER,
            "path": str(world / "validation"),
            "files": {"logstash.yml": "path.data: x\n"},
            "copy_from": str(world / "live"),
            "environment_file": str(world / "environment"),
        }
        return run_module(logstash_validate, check=check, **{**arguments, **options})

    return run


def test_runs_as_the_services_user(validate):
    assert validate("id -un")["output"] == USER


def test_passes_the_settings_and_asks_for_the_test_only(validate, world):
    settings = world / "validation" / "settings"
    assert validate('echo "$@"')["output"] == f"--path.settings {settings} --config.test_and_exit"


def test_settings_are_the_given_ones_beside_copies_of_the_others(validate):
    assert validate("cd settings && cat logstash.yml log4j2.properties")["output"] == "path.data: x\nstatus = error"


def test_user_can_write_data_and_logs_there_and_only_there(validate, world):
    assert not validate("touch data/x logs/x")["failed"]
    assert validate(f"touch {world}/live/x")["failed"]


def test_nobody_else_sees_the_copies(validate):
    assert validate("stat -c '%a %U' . settings settings/logstash.yml")["output"].splitlines() == [
        f"700 {USER}",
        f"700 {USER}",
        f"600 {USER}",
    ]


@pytest.mark.parametrize("script", ["true", "exit 1", "kill -9 $$"])
def test_directory_is_gone_afterwards(validate, world, script):
    validate(script)
    assert not (world / "validation").exists()


def test_directory_of_a_killed_run_is_replaced(validate, world):
    (world / "validation" / "settings").mkdir(parents=True)
    (world / "validation" / "settings" / "stale").write_text("x")
    assert validate("ls settings")["output"].splitlines() == ["log4j2.properties", "logstash.yml"]


def test_service_environment_is_there(validate, world):
    (world / "environment").write_text('# comment\nLS_QUOTED="a b"\n;x=y\nLS_PLAIN=c\n')
    assert validate('echo "$LS_QUOTED $LS_PLAIN"')["output"] == "a b c"


def test_failure_names_user_status_and_reason(validate):
    result = validate(
        "echo '[2026-01-01T00:00:00,000][FATAL][logstash.runner] The given configuration is invalid.'; exit 1"
    )
    assert result["failed"]
    assert "run as user nobody, exit status 1" in result["msg"]
    assert "The given configuration is invalid." in result["msg"]
    assert "Nothing live was changed" in result["msg"]


def test_reason_is_found_in_the_log_when_nothing_was_printed(validate):
    result = validate("echo '[x][ERROR][y] hidden reason' > logs/logstash-plain.log; exit 1")
    assert "hidden reason" in result["msg"]


def test_test_that_does_not_end_is_ended(validate):
    result = validate("sleep 60", timeout=1)
    assert "did not end within 1 s" in result["msg"]


def test_check_mode_runs_nothing(validate, world):
    assert not validate(f"touch {world}/ran", check=True)["failed"]
    assert not (world / "ran").exists()


def test_unknown_user_is_an_error_that_says_so(validate):
    assert "no-such-user" in validate("true", user="no-such-user")["msg"]
