"""What somebody has changed on a host since its deployment is found, each in its own check."""

import grp
import json
import os
import pwd

import pytest
from ansible_collections.elk.deploy.plugins.action import logstash_verify as action
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    monitored,
    node_api,
    releases,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.modules import logstash_verify

ENTRIES = ["logstash.yml", "pipelines"]
NOBODY = pwd.getpwnam("nobody")
OWNER = {"user": "nobody", "group": grp.getgrgid(NOBODY.pw_gid).gr_name}
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="looks at owners, as root")


@pytest.fixture
def host(open_path, monkeypatch):
    """A settings directory with a live release, its record, and a data directory."""
    monkeypatch.setattr(untrusted_paths, "check_roots_own", lambda *_: None)
    settings = open_path / "etc"
    release = settings / "releases/0a1b"
    (release / "pipelines/broker").mkdir(parents=True)
    (release / "logstash.yml").write_text("path.data: /x\n")
    (release / "pipelines/broker/10-output.conf").write_text(f'output {{ file {{ path => "{open_path}/out/x" }} }}')
    releases.note(release, {"digest": releases.tree_hash(releases.read_tree(release, ENTRIES))})
    (settings / "current").symlink_to("releases/0a1b")
    for name in ENTRIES:
        (settings / name).symlink_to(f"current/{name}")
    content = {"record": {"release": "0a1b", "version": "9.5.2"}, "earlier": [], "changing": None}
    (settings / "proven").write_text(json.dumps(content))
    for name in ("data", "out"):
        (open_path / name).mkdir(mode=0o750)
        os.chown(open_path / name, NOBODY.pw_uid, NOBODY.pw_gid)
    return open_path


@pytest.fixture
def verify(run_module, host):
    """verify(**options) -> {check: (result, detail)}."""

    def run(**options):
        result = run_module(
            logstash_verify,
            **{
                "record": str(host / "etc/proven"),
                "live": {"dest": str(host / "etc"), "entries": ENTRIES},
                "directories": {"directories": [{"path": str(host / "data"), "holds": "data"}], **OWNER},
                **options,
            },
        )
        assert not result["failed"], result
        return {check["check"]: (check["result"], check["detail"]) for check in result["checks"]}

    return run


def results(checks):
    return {name: result for name, (result, _detail) in checks.items()}


def test_a_host_as_it_was_deployed_passes(verify, host):
    assert results(verify()) == {
        "change": "passed",
        "settings": "passed",
        f"directory {host}/data": "passed",
        "inputs": "skipped",
        "output file": "passed",
    }


def test_a_file_that_somebody_has_changed_is_found(verify, host):
    (host / "etc/releases/0a1b/logstash.yml").write_text("path.data: /y\n")
    result, detail = verify()["settings"]
    assert result == "failed"
    assert "not those that passed the health gate" in detail


def test_a_link_that_somebody_has_replaced_is_found(verify, host):
    (host / "etc/logstash.yml").unlink()
    (host / "etc/logstash.yml").write_text("path.data: /x\n")
    assert verify()["settings"][0] == "failed"


def test_another_release_than_the_recorded_one_is_found(verify, host):
    content = {"record": {"release": "2c3d", "version": "9.5.2"}, "earlier": [], "changing": None}
    (host / "etc/proven").write_text(json.dumps(content))
    assert verify()["settings"] == (
        "failed",
        "release 0a1b is live, and 2c3d has passed the health gate. Deploy again",
    )


def test_a_deployment_that_was_cut_off_is_found(verify, host):
    content = {"record": {"release": "0a1b", "version": "9.5.2"}, "earlier": [], "changing": "an invocation"}
    (host / "etc/proven").write_text(json.dumps(content))
    assert verify()["change"][0] == "failed"


def test_a_directory_of_another_owner_is_found(verify, host):
    os.chown(host / "data", 0, 0)
    result, detail = verify()[f"directory {host}/data"]
    assert result == "failed"
    assert detail.startswith(f"{host}/data is root:root 0750. Expected nobody:")


def test_what_lies_in_a_directory_within_another_is_told_once(verify, host):
    (host / "data/queue").mkdir(mode=0o750)
    (host / "data/strange").write_text("x")
    directories = [{"path": f"{host}/data", "holds": "data"}, {"path": f"{host}/data/queue", "holds": "queues"}]
    checks = verify(directories={**OWNER, "directories": directories})
    assert checks[f"directory {host}/data/queue"][1].startswith(
        f"{host}/data/queue is root:root 0750. Expected nobody:"
    )
    result, detail = checks[f"directory {host}/data"]
    assert (result, f"{host}/data/strange" in detail, "queue" in detail) == ("failed", True, False)


def test_a_directory_that_is_missing_is_found_and_not_made(verify, host):
    (host / "data").rmdir()
    assert verify()[f"directory {host}/data"][0] == "failed"
    assert not (host / "data").exists()


def test_an_output_that_cannot_be_written_to_is_found(verify, host):
    os.chown(host / "out", 0, 0)
    result, detail = verify()["output file"]
    assert result == "failed"
    assert detail.startswith(f"{host}/out: ")


def test_a_monitor_that_does_not_answer_is_a_failed_check(verify, monkeypatch):
    def refuse(_url):
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(node_api, "ask", refuse)
    checks = verify(monitor="http://127.0.0.1:9601")
    assert checks["monitor"][0] == "failed"
    assert checks["settings"][0] == "passed"


# What the monitor says

FINE = {
    "interval": 15,
    "ready": True,
    "pipelines": [{"pipeline": "broker", "verdict": "idle", "reason": "nothing comes"}],
    "inputs": [{"name": "broker_tcp", "kind": "tcp", "port": 5000, "canary_age": 7.0, "reason": ""}],
}


def said(**changes):
    return {one["check"]: one["result"] for one in monitored.checks({**FINE, **changes}, "")}


def test_a_host_that_is_ready_passes_with_its_inputs():
    assert said() == {"monitor": "passed", "pipeline broker": "passed", "input broker_tcp": "passed"}


@pytest.mark.parametrize("verdict", ["stalled", "losing", "crashed", "gone", "old_configuration"])
def test_a_pipeline_through_which_events_do_not_get_fails(verdict):
    assert said(pipelines=[{"pipeline": "broker", "verdict": verdict}])["pipeline broker"] == "failed"


@pytest.mark.parametrize("changes", [{"canary_age": 46}, {"canary_age": None}])
def test_an_input_without_a_canary_fails(changes):
    assert said(inputs=[{**FINE["inputs"][0], **changes}])["input broker_tcp"] == "failed"


def test_a_host_that_is_not_ready_fails():
    assert said(ready=False, reasons=["no canary"])["monitor"] == "failed"
    assert said(drained=True)["monitor"] == "failed"


# The comparison with the inventory

OPTIONS = {
    "installation": {"archive": False},
    "version": "9.5.2",
    "plugins": [{"name": "logstash-output-http", "version": "5.7.0"}],
    "health": {"pipelines": ["broker"]},
}
HOST = {
    "installed": {"package": "9.5.2", "current": ""},
    "plugins": {"installed": {"logstash-output-http": "5.7.0"}, "sources": {}, "interrupted": ""},
}


def compared(host=HOST, health=None, own=None):
    found = action._compared(OPTIONS, host, health or {"version": "9.5.2"}, own or {"record": {"version": "9.5.2"}})
    return {check["check"]: check["result"] for check in found}


def test_what_agrees_with_the_inventory_passes():
    assert compared() == {"pipelines": "passed", "version": "passed", "plugins": "passed"}


def test_each_difference_is_a_check_of_its_own():
    assert compared(health={"failed": True, "msg": "[pipelines_dead] broker"})["pipelines"] == "failed"
    older = {**HOST, "plugins": {**HOST["plugins"], "installed": {"logstash-output-http": "5.6.0"}}}
    assert compared(older) == {"pipelines": "passed", "version": "passed", "plugins": "failed"}


def test_a_module_that_fails_is_a_failed_check():
    assert compared({"failed": True, "msg": "no room"}) == {"pipelines": "passed", "host": "failed"}
    assert compared(own={"failed": True, "msg": "no room"})["files and receivers"] == "failed"
