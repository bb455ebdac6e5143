"""Each run that changed a host, or failed, leaves one line, which others can read and which has no secret."""

import json
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import deployment_journal, deployment_record
from ansible_collections.elk.deploy.plugins.modules import logstash_deployment_record, logstash_health
from ansible_collections.elk.deploy.plugins.plugin_utils import journal_action, toolkit

OLD = {"release": "aaaa", "version": "8.5.3", "health": {"log_file": "/var/log/x"}}
NEW = {"release": "bbbb", "version": "9.5.2"}


@pytest.fixture
def journal(tmp_path):
    """The option `journal` of a deployment from OLD."""
    return {
        "path": str(tmp_path / "elk/deployments.jsonl"),
        "began": 1_790_000_000.0,
        "previous": OLD,
        "home": str(tmp_path),
        "by": "ann@control",
        "toolkit": "c0ffee",
    }


@pytest.fixture
def lines(tmp_path):
    return lambda: deployment_journal.read(tmp_path / "elk/deployments.jsonl")


@pytest.fixture
def record(run_module, tmp_path, monkeypatch, journal):
    """record(state, record, **journal) -> the module's result, at 83.2 s after the run began."""
    monkeypatch.setattr(deployment_record, "invocation", lambda *_: "process")
    monkeypatch.setattr(deployment_journal.time, "time", lambda: 1_790_000_083.24)

    def run(state, of=None, check=False, secrets=(), **told):
        given = {"record": of} if of else {}
        given |= {"secrets": list(secrets)} if secrets else {}
        return run_module(
            logstash_deployment_record,
            check=check,
            path=str(tmp_path / "proven"),
            state=state,
            journal={**journal, **told},
            **given,
        )

    return run


def test_change_that_is_complete_leaves_what_when_by_whom_and_how_long(record, lines):
    record("changing")
    record("healthy", NEW)
    assert lines() == [
        {
            "time": "2026-09-21T14:13:20Z",
            "seconds": 83.2,
            "by": "ann@control",
            "action": "deploy",
            "result": "deployed",
            "version": "9.5.2",
            "release": "bbbb",
            "previous": {"version": "8.5.3", "release": "aaaa"},
            "plugins": [],
            "toolkit": "c0ffee",
            "reason": "",
        }
    ]


def test_run_that_changes_nothing_leaves_none(record, lines):
    record("healthy", NEW)
    record("healthy", NEW)
    record("read")
    assert len(lines()) == 1


def test_completion_of_what_was_cut_off_leaves_one(record, lines):
    record("healthy", NEW)
    record("changing")
    record("healthy", NEW)
    assert len(lines()) == 2


def test_check_run_writes_none(record, lines):
    record("healthy", NEW, check=True)
    record("read", result="failed", check=True)
    assert lines() == []


def test_drained_host_has_its_line_only_once_it_is_back(record, lines):
    record("changing")
    record("pending", NEW)
    assert lines() == []
    record("healthy", NEW)
    assert [one["release"] for one in lines()] == ["bbbb"]


def test_failure_leaves_the_first_line_of_its_reason_without_secrets(record, lines):
    reason = "Test the settings: [config_invalid] hunter2secret is wrong\nA log of many lines"
    record(
        "read", result="restored", reason=reason, version="9.5.2", release="bbbb", action="rollback",
        secrets=["hunter2secret"],
    )  # fmt: skip
    (line,) = lines()
    assert (line["result"], line["action"], line["version"]) == ("restored", "rollback", "9.5.2")
    assert line["reason"] == "Test the settings: [config_invalid] ***** is wrong"


def test_health_gate_leaves_the_line_where_it_completes_the_change(run_module, tmp_path, monkeypatch, journal, lines):
    monkeypatch.setattr(deployment_record, "invocation", lambda *_: "process")
    monkeypatch.setattr(logstash_health, "wait", lambda *_: ("", "9.5.2", 0, None, []))

    def run(state):
        content = {"path": str(tmp_path / "proven"), "state": state, "content": NEW}
        options = {"pipelines": ["main"], "log_file": "/nonexistent"}
        return run_module(logstash_health, record=content, journal=journal, **options)

    run("pending")
    assert lines() == []
    run("healthy")
    run("healthy")
    assert [one["version"] for one in lines()] == ["9.5.2"]


def test_installed_plugins_are_named_with_their_versions(record, lines, journal, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "Gemfile").write_text(
        'gem "logstash-core", :path => "./logstash-core"\ngem "logstash-output-http", "6.0.2"\n'
    )
    (home / "Gemfile.lock").write_text("GEM\n  specs:\n    logstash-output-http (6.0.2-java)\n    other (1.0)\n")
    record("healthy", NEW, home=str(home), plugins=["logstash-output-http", "logstash-input-absent"])
    assert lines()[0]["plugins"] == ["logstash-output-http 6.0.2"]


def test_everybody_may_read_it_and_only_the_last_lines_stay(tmp_path, monkeypatch):
    path = tmp_path / "elk/deployments.jsonl"
    for number in range(7):
        deployment_journal.append(path, {"number": number}, keep=5)
    assert [one["number"] for one in deployment_journal.read(path)] == [2, 3, 4, 5, 6]
    assert [one["number"] for one in deployment_journal.read(path, 2)] == [5, 6]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755


def test_lines_of_another_form_are_passed_over_and_kept(tmp_path):
    path = tmp_path / "deployments.jsonl"
    path.write_text('{"number": 1}\nhalf a li\n[]\n')
    deployment_journal.append(path, {"number": 2, "reason": "a\u2028b"})
    assert [one["number"] for one in deployment_journal.read(path)] == [1, 2]
    assert "half a li" in path.read_text()


def test_journal_that_cannot_be_written_does_not_fail_the_run(record, tmp_path):
    (tmp_path / "elk").write_text("a file is in the way")
    result = record("healthy", NEW)
    assert not result["failed"]
    assert "deployments.jsonl" in json.dumps(result["warnings"])
    assert json.loads((tmp_path / "proven").read_text())["record"] == NEW


def test_clock_that_went_back_makes_no_negative_time(record, lines):
    record("healthy", NEW, began=1_790_000_999.0)
    assert lines()[0]["seconds"] == 0


def test_control_node_says_who_and_with_which_toolkit(monkeypatch, tmp_path):
    monkeypatch.setattr(journal_action.control_node, "user", lambda: "ann")
    monkeypatch.setattr(journal_action.platform, "node", lambda: "control-1")
    completed = journal_action.complete({"path": "x"})
    assert completed["by"] == "ann@control-1"
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3\n")
    assert toolkit.version(tmp_path) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.4"}}')
    assert toolkit.version(tmp_path) == "1.2.4"
    assert toolkit.version(tmp_path / "nowhere") == ""
