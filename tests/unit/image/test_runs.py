"""A run says by its id when it began, and by its file whether it still runs."""

import json
import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.image.runs import Runs, began, new_id

NOW = datetime(2026, 11, 28, 17, 30, tzinfo=UTC)
AGE = timedelta(hours=3)


def test_an_id_says_when_its_run_began_and_is_given_once():
    first, second = new_id(NOW), new_id(NOW)
    assert first != second
    assert began(first) == began(second) == NOW


@pytest.mark.parametrize(
    "foreign", ["", "by-hand", "20261128T173000Z", "20261128T173000Z-xyz", "x-20261128T173000Z-0f1e2d"]
)
def test_what_is_not_an_id_began_at_no_time(foreign):
    assert began(foreign) is None


def test_a_run_of_this_checkout_runs_until_it_ends_and_its_files_are_the_users_alone(tmp_path):
    runs = Runs(tmp_path)
    run = new_id(NOW)
    with runs.running(run) as folder:
        assert runs.state(run) == "running"
        assert not runs.is_dead(run, timedelta(0), NOW + timedelta(days=1))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert runs.state(run) == "ended"
    assert runs.is_dead(run, AGE, NOW)


def test_a_run_that_was_killed_is_dead_though_its_file_is_there(tmp_path):
    runs = Runs(tmp_path)
    run = new_id(NOW)
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    (tmp_path / run).mkdir()
    (tmp_path / run / "running.json").write_text(json.dumps({"pid": int(ended.stdout), "started": 1}))
    assert runs.is_dead(run, AGE, NOW)


def test_another_process_with_its_id_is_not_the_run(tmp_path):
    runs = Runs(tmp_path)
    run = new_id(NOW)
    (tmp_path / run).mkdir()
    (tmp_path / run / "running.json").write_text(json.dumps({"pid": os.getpid(), "started": 1}))
    assert runs.state(run) == "ended"


def test_a_run_of_another_machine_is_dead_after_the_age(tmp_path):
    runs = Runs(tmp_path)
    assert not runs.is_dead(new_id(NOW - timedelta(hours=2)), AGE, NOW)
    assert runs.is_dead(new_id(NOW - timedelta(hours=4)), AGE, NOW)


@pytest.mark.parametrize("foreign", ["", "by-hand", "../../etc", "somebody-elses"])
def test_what_is_no_run_of_the_toolkit_is_never_dead(tmp_path, foreign):
    assert not Runs(tmp_path).is_dead(foreign, timedelta(0), NOW)
