"""The deployment record is written in one step, and a mark says that something live has changed since."""

import json
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import deployment_record
from ansible_collections.elk.deploy.plugins.modules import logstash_deployment_record

FIRST = {"release": "aaaa", "version": "8.5.3"}
SECOND = {"release": "bbbb", "version": "8.5.3"}


@pytest.fixture
def proven(run_module, tmp_path, monkeypatch):
    """proven(state, record, running="process") -> the module's result, while systemd names the process so."""

    def run(state="read", record=None, running="process", **options):
        monkeypatch.setattr(deployment_record, "invocation", lambda *_: running)
        arguments = {"path": str(tmp_path / "proven"), "state": state, **options}
        return run_module(logstash_deployment_record, **arguments, **({"record": record} if record else {}))

    return run


def test_nothing_is_proven_at_first(proven):
    result = proven()
    assert (result["record"], result["earlier"], result["release"]) == ({}, [], "")
    assert not result["changing"]
    assert not result["changed"]


@pytest.mark.parametrize("content", ["9.5.2 0a1b2c3d\n", "", "[]", '{"record": {}}', '{"record": 1, "earlier": 2}'])
def test_file_of_another_form_names_nothing(proven, tmp_path, content):
    (tmp_path / "proven").write_text(content)
    assert proven()["record"] == {}


def test_what_is_proven_is_read_again(proven):
    assert proven("healthy", FIRST)["changed"]
    result = proven()
    assert (result["record"], result["release"]) == (FIRST, "aaaa")
    assert not result["changing"]


def test_same_again_changes_nothing(proven):
    proven("healthy", FIRST)
    assert not proven("healthy", FIRST)["changed"]


def test_everybody_may_read_it_and_nobody_write_it(proven, tmp_path):
    proven("healthy", FIRST)
    assert stat.S_IMODE((tmp_path / "proven").stat().st_mode) == 0o644


def test_what_was_proven_before_is_kept_newest_first_and_once(proven):
    for record in (FIRST, SECOND, FIRST, {**FIRST, "version": "8.6.0"}):
        proven("healthy", record)
    assert proven()["earlier"] == [FIRST, SECOND]


def test_no_more_than_so_many_are_kept(proven):
    for number in range(9):
        proven("healthy", {"release": str(number)}, keep=3)
    assert [record["release"] for record in proven()["earlier"]] == ["7", "6"]


def test_mark_survives_a_run_that_is_cut_off(proven):
    proven("healthy", FIRST)
    assert proven("changing")["changed"]
    result = proven()
    assert result["changing"]
    assert result["record"] == FIRST


def test_mark_is_made_on_a_host_where_nothing_is_proven(proven):
    proven("changing", running="")
    result = proven(running="started meanwhile")
    assert result["changing"]
    assert not result["same_process"]


def test_process_of_before_the_first_change_is_known(proven):
    proven("changing", running="old")
    assert not proven("changing", running="new")["changed"]
    assert proven(running="old")["same_process"]
    assert not proven(running="new")["same_process"]


def test_service_that_does_not_run_is_not_the_same_process(proven):
    proven("changing", running="")
    assert not proven(running="")["same_process"]


def test_proof_takes_the_mark_away(proven):
    proven("changing", running="old")
    proven("healthy", FIRST, running="new")
    assert not proven(running="new")["changing"]


def test_pending_proof_keeps_the_mark_but_names_the_process_of_now(proven):
    proven("changing", running="old")
    proven("pending", FIRST, running="new")
    result = proven(running="new")
    assert result["changing"]
    assert result["same_process"]
    assert result["record"] == FIRST


def test_check_mode_says_so_and_writes_nothing(proven, tmp_path):
    assert proven("healthy", FIRST, check=True)["changed"]
    assert not (tmp_path / "proven").exists()


def test_half_written_file_of_a_killed_run_is_no_obstacle(proven, tmp_path):
    (tmp_path / "proven.part").write_text("half")
    proven("healthy", FIRST)
    assert json.loads((tmp_path / "proven").read_text())["record"] == FIRST
    assert not (tmp_path / "proven.part").exists()


def test_file_system_that_is_full_is_an_error_that_says_so(proven, tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(deployment_record, "write", full)
    result = proven("healthy", FIRST)
    assert result["failed"]
    assert "No space left on device" in result["msg"]
    assert "Make room" in result["msg"]


def answering(properties):
    """A function that runs a command as a module does; systemctl prints these properties."""
    return lambda _command: (0, properties, "")


def test_only_an_active_unit_has_a_process():
    assert deployment_record.invocation(answering("ActiveState=active\nInvocationID=77\n"), "x") == "77"
    assert deployment_record.invocation(answering("ActiveState=activating\nInvocationID=77\n"), "x") == ""


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("LoadState=loaded\nActiveState=active", "running"),
        ("LoadState=loaded\nActiveState=activating", "restarting"),
        ("LoadState=loaded\nActiveState=failed", "failed"),
        ("LoadState=loaded\nActiveState=inactive", "stopped"),
        ("LoadState=loaded\nActiveState=deactivating", "stopped"),
        ("LoadState=not-found\nActiveState=inactive", "absent"),
        # Deleted while it runs.
        ("LoadState=not-found\nActiveState=active", "running"),
        ("LoadState=masked\nActiveState=inactive", "stopped"),
    ],
)
def test_what_the_service_does(properties, expected):
    assert deployment_record.activity(answering(properties), "x") == expected


@pytest.mark.parametrize(("state", "stays"), [("healthy", False), ("pending", True), ("changing", True)])
def test_what_was_kept_before_the_first_change_goes_once_something_is_proven(proven, tmp_path, state, stays):
    (tmp_path / "kept").mkdir()
    assert proven(state, FIRST, forget=f"{tmp_path}/kept")["changed"]
    assert (tmp_path / "kept").exists() == stays
    assert proven(state, FIRST, forget=f"{tmp_path}/kept")["changed"] is False


def test_host_that_is_as_before_the_first_run_has_no_record(proven, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "proven").write_text("of another form")
    assert proven("absent", forget=f"{tmp_path}/kept", check=True)["changed"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "proven"]
    assert proven("absent", forget=f"{tmp_path}/kept")["changed"]
    assert not any(tmp_path.iterdir())
    assert not proven("absent", forget=f"{tmp_path}/kept")["changed"]
