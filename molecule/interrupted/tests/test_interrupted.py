"""A run that is killed, wherever it is, and run again ends where an undisturbed one does. The tests are in order."""

import json
import shutil
import uuid
from pathlib import Path

import host_state
import pytest
from killed_run import Kill, kill_run, phases
from other_versions import package
from playbook_run import Run, event_arrives, service
from plugin_files import write_gem

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

PLAYBOOK = "playbooks/logstash.yml"
EVENTS = "/var/log/logstash/events.jsonl"
PIPELINE = f"""
input {{ tcp {{ port => 5000 codec => json_lines }} }}
filter {{ mutate {{ add_field => {{ "proof" => "${{PROOF}}" }} }} }}
output {{ file {{ path => "{EVENTS}" codec => json_lines }} }}
"""
SECOND = "input { heartbeat { } }\noutput { stdout { } }\n"

# Wherever a run reads or compares, nothing that runs is changed by its end.
READING = [
    Kill("Check the inputs on the control node", "Plan what the host should have"),
    Kill("Check the inputs on the control node", "Gather the state of the host"),
    Kill("Check the inputs on the control node", "Gather the state of the host", after=0.5),
]
CHANGING = [
    [Kill("Install the package", "Record that something live is about to change")],
    [Kill("Install the package", process=r"dpkg-deb .*--fsys-tarfile", dies="host")],
    [Kill("Install the package", process=r"logstash\.postinst", dies="processes")],
    [Kill("Ensure the plugins", process=r"^(?!timeout).*bin/logstash-plugin install", dies="processes")],
    # The second run is killed on what the first one left.
    [
        Kill("Stage the settings", "Ensure that Logstash's directories exist with the right owner"),
        Kill("Stage the settings", process=r"^(?!timeout).*bin/logstash-keystore .*add", dies="processes"),
    ],
    [
        Kill("Stage the settings", "Compare the staged settings with the live ones"),
        Kill("Apply the staged settings", process=r"^\S*python\S* .*--config\.test_and_exit"),
    ],
    [Kill("Apply the staged settings", "Activate the staged settings", after=0.3)],
    [Kill("Run the service", "Run the service with the live settings")],
    [Kill("Verify the health of the service", "Wait until every pipeline runs", after=0.7, dies="host")],
]
# The new configuration fails its gate, and the run dies while it brings the old one back.
PACKAGE_BACK = Kill("Restore the last known-good configuration", process=r"dpkg-deb .*--fsys-tarfile", dies="processes")
RESTART_BACK = Kill("Restore the last known-good configuration", "Run the service with the live settings")
LAST = Kill("Verify the health of the service", "Search for unmanaged pipeline files")
UNLOCKED = Kill("Verify the health of the service", "Release the host's lock")
LOCK = "/run/elk-deploy/logstash.lock"
UNHEALTHY = {"logstash_input_ports": [5000, 5999], "logstash_health_timeout": 4}


class Scene:
    """The host and two configurations, between which the tests go to and fro. `now` names the one that it has."""

    def __init__(self, host, folder: Path) -> None:
        self.host, self.folder, self.now = host, folder, ""
        self.name = host.backend.get_hostname()
        (folder / "broker.conf").write_text(PIPELINE)
        (folder / "second.conf").write_text(SECOND)
        broker = {"id": "broker", "templates": ["broker.conf"], "settings": {"queue.type": "persisted"}}
        second = {"id": "second", "templates": ["second.conf"], "settings": {"queue.type": "persisted"}}
        self.wanted = {
            "a": {
                **self._common("1.0.0"),
                **self._package("9.4.0"),
                "logstash_pipelines": [{**broker, "settings": {"queue.type": "persisted", "pipeline.workers": 1}}],
                "logstash_keystore": {"PROOF": "value-of-a", "ONLY_A": "other"},
            },
            "b": {
                **self._common("2.0.0"),
                **self._package("9.5.2"),
                "logstash_pipelines": [broker, second],
                "logstash_keystore": {"PROOF": "value-of-b"},
                "logstash_environment": {"ONLY_B": "text"},
                "logstash_tls_files": [{"name": "only-b.pem", "content": "text"}],
            },
        }
        self.recorded = {}

    def _package(self, version: str) -> dict:
        """A copy of the package, since other scenarios may make theirs anew meanwhile."""
        found = package(version)
        copy = shutil.copy(found["logstash_package_url"], self.folder)
        return {**found, "logstash_package_url": str(copy)}

    def _common(self, plugin: str) -> dict:
        gem = write_gem(self.folder, "logstash-filter-acme", plugin)
        return {
            "logstash_template_path": str(self.folder),
            "logstash_input_ports": [5000],
            "logstash_plugins": [{"name": "logstash-filter-acme", "version": plugin, "gem": str(gem)}],
            "logstash_require_checksums": False,
            "logstash_keystore_password": "password",
            # A process that lives for a second will do, with a Logstash that starts within one.
            "_logstash_min_ready_seconds": 1,
        }

    @property
    def other(self) -> str:
        """The configuration that the host does not have."""
        return "b" if self.now == "a" else "a"

    def run(self, name: str) -> Run:
        """A run to its end, towards one of the two."""
        run = Run(PLAYBOOK, self.wanted[name], self.folder)
        assert run.code == 0, run.output
        assert not self.host.file(LOCK).exists
        self.now = name
        return run

    def kill(self, kill: Kill, name: str, **more) -> None:
        """A run towards one of the two that is killed on its way."""
        kill_run(self.name, kill, {**self.wanted[name], **more}, self.folder)

    def state(self) -> list[str]:
        """All that a deployment determines."""
        return self.host.check_output("python3 -c %s", Path(host_state.__file__).read_text()).splitlines()

    def serves(self) -> str:
        """What the filter adds to an event, from the keystore: it tells which configuration serves."""
        text = str(uuid.uuid4())
        assert event_arrives(self.host, text, EVENTS)
        return json.loads(self.host.check_output("grep -F %s %s", text, EVENTS))["proof"]


@pytest.fixture(scope="module")
def scene(host, tmp_path_factory):
    """The scene, with what undisturbed runs make of the host. What b leaves behind belongs to a's state as well."""
    scene = Scene(host, tmp_path_factory.mktemp("scene"))
    for name in ("a", "b", "a"):
        scene.run(name)
        scene.recorded[name] = scene.state()
    return scene


def test_every_phase_has_its_kill():
    """Whoever adds a phase says here how a run dies in it."""
    kills = [*READING, *[kill for kills in CHANGING for kill in kills], PACKAGE_BACK, RESTART_BACK, LAST]
    assert set(phases()) == {kill.phase for kill in kills}


@pytest.mark.parametrize("kill", READING, ids=str)
def test_kill_while_it_reads_changes_nothing(scene, kill):
    before = service(scene.host)
    scene.kill(kill, scene.other)
    assert service(scene.host) == before
    assert scene.state() == scene.recorded[scene.now]


@pytest.mark.parametrize("kills", CHANGING, ids=lambda kills: " + ".join(map(str, kills)))
def test_next_run_ends_where_an_undisturbed_one_does(scene, kills):
    target = scene.other
    for kill in kills:
        scene.kill(kill, target)
        # Until the next run a half-installed package may have nothing that could be started.
        if (kill.phase, kill.dies) != ("Install the package", "host"):
            assert scene.serves() in ("value-of-a", "value-of-b")
    scene.run(target)
    assert scene.state() == scene.recorded[target]
    assert scene.serves() == f"value-of-{target}"


def test_next_run_may_want_what_there_was_before(scene):
    """The one way on which what a killed run made of the keystore is not wanted any more."""
    stage = next(kill for kills in CHANGING for kill in kills if "keystore" in kill.process)
    scene.kill(stage, scene.other)
    scene.run(scene.now)
    assert scene.state() == scene.recorded[scene.now]
    assert scene.serves() == f"value-of-{scene.now}"


def test_kill_while_the_package_is_rolled_back(scene):
    scene.kill(PACKAGE_BACK, scene.other, **UNHEALTHY)
    assert scene.serves() == f"value-of-{scene.other}"
    scene.run(scene.now)
    assert scene.state() == scene.recorded[scene.now]
    assert scene.serves() == f"value-of-{scene.now}"


def test_kill_before_the_restart_of_a_rollback(scene):
    """All files are the last good ones again, and only the process is not: nothing but the mark tells the next run."""
    scene.kill(RESTART_BACK, scene.now, **UNHEALTHY, logstash_keystore={"PROOF": "value-of-neither"})
    assert scene.serves() == "value-of-neither"
    scene.run(scene.now)
    assert scene.state() == scene.recorded[scene.now]
    assert scene.serves() == f"value-of-{scene.now}"


@pytest.mark.parametrize("kill", [LAST, UNLOCKED], ids=str)
def test_kill_after_the_change_leaves_nothing_to_do(scene, kill):
    before = service(scene.host)
    scene.kill(kill, scene.now)
    run = scene.run(scene.now)
    assert "changed=0" in run.text
    assert service(scene.host) == before
    assert scene.state() == scene.recorded[scene.now]
