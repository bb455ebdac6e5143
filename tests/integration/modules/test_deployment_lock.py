"""The lock of a host: real runs of ansible-playbook that meet at one file."""

import json
import subprocess
from pathlib import Path

import process_tree
import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.deployment_lock import Lock
from ansible_collections.elk.deploy.plugins.plugin_utils import control_node
from ansible_process import process

OTHER = {
    "run": "kernel-b pid:[1]/7/99", "host": "broker-1", "who": "bea@ci-2", "process": "7", "started": "99",
    "boot": "kernel-b pid:[1]", "machine": "ci-2/b", "playbook": "playbooks/site.yml",
}  # fmt: skip
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - block:
        - name: Take it
          elk.deploy.deployment_lock: {path: "{{ lock }}", max_age: "{{ age | default(7200) }}"}
        - name: Take it again, as a role that is there twice does
          elk.deploy.deployment_lock: {path: "{{ lock }}"}
        - name: Work
          ansible.builtin.shell: {cmd: "until [ -s {{ ends }} ]; do sleep 0.1; done; exit $(cat {{ ends }})"}
          check_mode: false
          when: ends is defined
        - name: See the lock
          ansible.builtin.command: {argv: [cat, "{{ lock }}"]}
          when: ends is not defined
      always:
        - name: Release it
          elk.deploy.deployment_lock: {path: "{{ lock }}", state: released}
"""


class Runs:
    """Runs of one playbook from this machine, which take the lock `path`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "run/logstash.lock"
        (folder / "play.yml").write_text(PLAY)

    def command(self, hosts="broker-1", check=False, **variables) -> dict:
        inventory = ",".join(hosts.split()) + ","
        python = "{{ ansible_playbook_python }}"
        given = {"lock": str(self.path), "ansible_python_interpreter": python, **variables}
        words = ("-i", inventory, "play.yml", "-e", json.dumps(given), *["--check"] * check)
        home = {"ANSIBLE_HOME": str(self.folder)}
        started = process("ansible-playbook", *words, cwd=self.folder, environment=home)
        return {**started, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}

    def start(self, **variables):
        """A run that holds the lock until `ends` says with which code its work ends. Returns both once it holds it."""
        ends = self.folder / "ends"
        run = subprocess.Popen(**self.command(ends=str(ends), **variables))
        seen = []
        for line in run.stdout:
            seen.append(line)
            if "TASK [Work]" in line:
                return run, ends
        raise AssertionError("".join(seen))

    def run(self, **variables):
        """A run to its end: whether it was good, and its words in one line."""
        ended = subprocess.run(**self.command(**variables), check=False)
        return ended.returncode == 0, " ".join(ended.stdout.split())


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


@pytest.fixture
def lock(tmp_path):
    return Lock(tmp_path / "run/logstash.lock")


def kill(run):
    """As a control node that dies: nothing of the run gets to clean up."""
    process_tree.kill_tree(run.pid)
    run.wait()
    run.stdout.close()


def test_second_run_fails_at_once_and_the_first_ends_as_it_would(runs):
    first, ends = runs.start()
    before = runs.path.read_text()
    # Its control node sees that it lives, whatever its age.
    good, words = runs.run(age=0)
    assert not good
    assert f"broker-1 is being changed by another deployment: {control_node.user()}@" in words
    assert f"process {first.pid}, play.yml, since 20" in words
    assert "Run again when that one has ended" in words
    good, words = runs.run(check=True)
    assert good, words
    assert "[WARNING]: broker-1 is being changed by another deployment" in words
    assert runs.path.read_text() == before
    ends.write_text("1")
    output, _ = first.communicate()
    # It failed by its own work, and has let the lock go.
    assert "ok=3" in output, output
    assert not runs.path.exists()


def test_run_that_was_killed_is_taken_over_at_once(runs):
    first, _ends = runs.start()
    kill(first)
    assert runs.path.exists()
    good, words = runs.run()
    assert good, words
    assert not runs.path.exists()


def test_two_hosts_of_one_run(runs):
    """Two names of one machine are a mistake, which leaves no lock behind; two machines have a lock each."""
    good, words = runs.run(hosts="broker-1 alias-1")
    assert not good
    assert "This run is already working on" in words
    assert "Two names in the inventory lead to one machine" in words
    assert not runs.path.exists()
    runs.path = Path(str(runs.path) + "-{{ inventory_hostname }}")
    good, words = runs.run(hosts="broker-1 broker-2")
    assert good, words


def test_run_of_another_control_node_is_believed_and_the_way_out_works(runs, lock):
    assert lock.take(OTHER, 7200) == {}
    good, words = runs.run()
    assert not good
    assert "another deployment: bea@ci-2, process 7, playbooks/site.yml, since" in words
    assert f"remove its lock on the host (rm {runs.path}), or run with -e logstash_lock_max_age=0" in words
    assert lock.holder()["who"] == "bea@ci-2"
    good, words = runs.run(age=0)
    assert good, words
    assert not runs.path.exists()
