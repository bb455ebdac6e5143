"""One look of a soak at a host: what it runs, what passed before, and what monitor or node API say of it."""

import json
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.action import logstash_soak as action
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import node_api, untrusted_paths
from ansible_collections.elk.deploy.plugins.modules import logstash_soak
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import soak

HEALTH = {"api_host": "127.0.0.1", "api_port": 9600, "api_ssl": False, "pipelines": ["broker"]}
RECORD = {"release": "b", "version": "9.5.2", "package": {"version": "9.5.2"}, "fingerprints": {}, "health": HEALTH}
EARLIER = {**RECORD, "release": "a"}


@pytest.fixture
def look(run_module, tmp_path, monkeypatch):
    """look(**options) -> the module's result; look.asked are the addresses that were asked."""
    (tmp_path / "proven").write_text(json.dumps({"record": RECORD, "earlier": [EARLIER], "changing": None}))
    # Whoever runs the tests has made the directory, and above it anybody may write.
    monkeypatch.setattr(untrusted_paths, "check_roots_own", lambda *_: None)

    def ask(url, **_options):
        run.asked.append(url)
        return {"ready": True}

    monkeypatch.setattr(node_api, "ask", ask)

    def run(**options):
        paths = {"record": str(tmp_path / "proven"), "passed": str(tmp_path / "elk/soaked.json")}
        return run_module(logstash_soak, **{**paths, **options})

    run.asked = []
    return run


def test_the_monitor_is_asked_where_there_is_one(look):
    assert look(monitor="http://127.0.0.1:9601")["answer"] == {"ready": True}
    assert look.asked == ["http://127.0.0.1:9601/status"]


def test_the_node_api_of_the_record_is_asked_otherwise(look):
    look()
    assert look.asked == ["http://127.0.0.1:9600/_node/stats"]


def test_what_does_not_answer_is_told_with_its_reason(look, monkeypatch):
    def refuse(_url, **_options):
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(node_api, "ask", refuse)
    result = look(monitor="http://127.0.0.1:9601")
    assert (result["answer"], "Connection refused" in result["problem"]) == (None, True)


def test_what_passed_is_noted_and_known_again(look):
    assert look(look=False)["passed"] == {}
    look(look=False, has_passed=soak.identity(RECORD))
    result = look(look=False)
    assert result["passed"] == soak.identity(result["record"])
    assert look.asked == []


def test_a_note_that_is_damaged_means_that_nothing_has_passed(look, tmp_path):
    (tmp_path / "elk").mkdir()
    (tmp_path / "elk/soaked.json").write_text('{"release": ')
    assert look(look=False)["passed"] == {}


def test_a_host_without_a_record_is_not_asked(look, tmp_path):
    (tmp_path / "proven").unlink()
    assert look()["record"] == {}
    assert look.asked == []


# The action, over the module


@pytest.fixture
def watch(look, monkeypatch):
    """watch(answers, **options) -> the action's result; each look advances the host's clock by ten seconds."""

    class Soak(action.ActionModule):
        def __init__(self, options, check):
            self._task = type("Task", (), {"args": options, "check_mode": check, "action": "elk.deploy.logstash_soak"})

        def _execute_module(self, module_args, task_vars):
            result = look(**module_args)
            run.time += 10 if module_args.get("look", True) else 0
            return {**result, "time": run.time}

        def _remove_tmp_path(self, _path):
            pass

        _connection = type("Connection", (), {"_shell": type("Shell", (), {"tmpdir": ""})})

    monkeypatch.setattr(action.time, "sleep", lambda _seconds: None)

    def run(answers=(), *, check=False, **options):
        run.time, given = 1000.0, iter(answers)
        monkeypatch.setattr(node_api, "ask", lambda _url, **_options: next(given))
        return Soak({"monitor": "http://127.0.0.1:9601", **options}, check).work({}, {})

    return run


def status(verdict="fine", ready=True):
    pipelines = [{"pipeline": "broker", "verdict": verdict, "reason": "9 events wait"}]
    return {"interval": 15, "ready": ready, "reasons": ["no canary"], "pipelines": pipelines, "inputs": []}


def test_a_host_that_stays_fine_passes_and_is_not_watched_again(watch):
    result = watch([status()] * 6, seconds=30)
    assert (result["needed"], result["bad"]) == (True, "")
    assert result["msg"] == "version 9.5.2, release b was fine for 50 s."
    assert watch(seconds=30)["needed"] is False


def test_a_host_that_stalls_is_bad_can_go_back_and_has_not_passed(watch):
    result = watch([status(), status(), status(), status("stalled")], seconds=60)
    assert result["bad"] == "pipeline broker is stalled: 9 events wait"
    assert (result["rollback_to"], result["target"]) == ("previous", "version 9.5.2, release a")
    assert watch([status()] * 9, seconds=30)["needed"] is True


def test_a_run_that_is_cut_off_in_the_soak_is_made_good_by_the_next(watch):
    class KilledError(Exception):
        """The run is killed."""

    def killed():
        yield status()
        raise KilledError

    with pytest.raises(KilledError):
        watch(killed(), seconds=30)
    assert watch([status()] * 6, seconds=30)["needed"] is True


def test_a_host_that_does_not_become_ready_is_bad(watch):
    result = watch([status(ready=False)] * 20, ready_seconds=60)
    assert result["bad"] == "not ready within 60 s: no canary"


def test_check_mode_watches_nothing(watch):
    assert watch(check=True)["needed"] is False


def test_the_program_that_judges_is_where_the_action_looks_for_it():
    assert Path(action.MONITOR, "logstash_monitor/judge.py").is_file()
