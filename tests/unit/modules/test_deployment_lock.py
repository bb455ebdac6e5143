"""The lock of a host: real processes and real runs of ansible-playbook that meet at one file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import process_tree
import pytest
from ansible_collections.elk.deploy.plugins.action import deployment_lock
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.deployment_lock import DeploymentLockError, Lock
from ansible_collections.elk.deploy.plugins.plugin_utils import control_node

ROOT = Path(__file__).parents[3]
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
        program = Path(sys.executable).with_name("ansible-playbook")
        inventory = ",".join(hosts.split()) + ","
        python = "{{ ansible_playbook_python }}"
        given = {"lock": str(self.path), "ansible_python_interpreter": python, **variables}
        return {
            "args": [
                program, "-i", inventory, "play.yml", "-e", json.dumps(given), *["--check"] * check
            ],
            "cwd": self.folder,
            "env": {
                **os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "ANSIBLE_FORCE_COLOR": "0",
                "ANSIBLE_HOME": str(self.folder), "ANSIBLE_LOCALHOST_WARNING": "0",
            },
            "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
        }  # fmt: skip

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


def test_file_that_is_no_lock_is_named():
    holder, mine = {"age": 5, "since": 0}, control_node.owner(os.getpid(), "broker-1", "site.yml")
    assert "broker-1 has a lock /l that does not say whose it is" in deployment_lock.describe(holder, mine, "/l")
    assert "rm /l" in deployment_lock.way_out(holder, mine, "/l")


class TestFile:
    """The file alone, as the host sees it."""

    def test_of_many_at_once_one_has_it(self, tmp_path):
        """Each adds one to a number in a file, in two steps, while it holds the lock; who does not get it waits."""
        (tmp_path / "count").write_text("0")
        program = (
            "import sys, time, pathlib\n"
            f"sys.path.insert(0, {str(ROOT / 'plugins/module_utils')!r})\n"
            "from logstash_host.deployment_lock import Lock\n"
            "folder = pathlib.Path(sys.argv[1])\n"
            "owner = {'run': sys.argv[2], 'host': 'h', 'boot': 'x'}\n"
            "lock = Lock(folder / 'run/l')\n"
            "try:\n"
            "    for _ in range(20):\n"
            "        while lock.take(owner, 7200):\n"
            "            time.sleep(0.001)\n"
            "            assert not (folder / 'broken').exists()\n"
            "        number = int((folder / 'count').read_text())\n"
            "        time.sleep(0.001)\n"
            "        (folder / 'count').write_text(str(number + 1))\n"
            "        assert lock.release(owner)\n"
            "except BaseException:\n"
            "    (folder / 'broken').touch()\n"
            "    raise\n"
        )
        workers = [subprocess.Popen([sys.executable, "-c", program, tmp_path, str(name)]) for name in range(6)]
        assert [worker.wait() for worker in workers] == [0] * 6
        assert (tmp_path / "count").read_text() == "120"

    def test_of_two_that_find_it_left_behind_one_takes_it_over(self, lock):
        one, two = ({**OTHER, "run": name} for name in ("one", "two"))
        lock.take(OTHER, 7200)
        assert lock.take(one, 7200, replace=OTHER) == {}
        assert lock.take(two, 7200, replace=OTHER)["run"] == "one"

    def test_old_one_of_another_control_node_is_taken_over(self, lock):
        mine = {**OTHER, "run": "mine", "boot": "kernel-a"}
        lock.take(OTHER, 7200)
        assert lock.take(mine, 60)["who"] == OTHER["who"]
        os.utime(lock.path, (1000, 1000))
        assert lock.take({**mine, "boot": OTHER["boot"]}, 60)["who"] == OTHER["who"]
        assert lock.take(mine, 60) == {}

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"owner": 1}', "\x00"])
    def test_file_that_is_no_lock_grows_old(self, lock, text):
        lock.path.parent.mkdir()
        lock.path.write_text(text)
        assert lock.take(OTHER, 60).keys() == {"age", "since"}
        os.utime(lock.path, (1000, 1000))
        assert lock.take(OTHER, 60) == {}

    def test_place_that_cannot_be_written(self, lock):
        lock.path.parent.write_text("a file")
        with pytest.raises(DeploymentLockError, match=r"logstash\.lock cannot be taken: .*Make room"):
            lock.take(OTHER, 7200)

    def test_boot_of_the_host_ends_it_where_its_file_stays(self, lock):
        lock.take(OTHER, 7200)
        after = Lock(lock.path, boot="another")
        assert after.holder() == {}
        assert after.take({**OTHER, "run": "next"}, 7200) == {}

    def test_release_leaves_what_is_anothers(self, lock):
        lock.take(OTHER, 7200)
        assert not lock.release({**OTHER, "run": "mine"})
        assert lock.release(OTHER)
        assert not lock.release(OTHER)

    def test_clock_that_was_set_back_makes_it_no_older(self, lock):
        lock.take(OTHER, 7200)
        assert Lock(lock.path, clock=lambda: 0).holder()["age"] == 0

    def test_everybody_may_read_who_it_is_and_nobody_else_writes(self, lock):
        lock.take(OTHER, 7200)
        assert lock.path.stat().st_mode & 0o777 == 0o644
        assert lock.path.with_name("logstash.lock.guard").stat().st_mode & 0o777 == 0o600


class TestControlNode:
    """What only the control node can tell."""

    def test_this_process_lives(self):
        assert not control_node.is_gone(control_node.owner(os.getpid(), "h", "p"))

    def test_ended_process_is_gone_also_before_anybody_asked_how_it_ended(self):
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        holder = control_node.owner(child.pid, "h", "p")
        assert not control_node.is_gone(holder)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert control_node.is_gone(holder)
        child.wait()
        assert control_node.is_gone(holder)

    def test_another_process_of_the_same_number_is_another(self):
        assert control_node.is_gone({**control_node.owner(os.getpid(), "h", "p"), "started": "1"})

    def test_process_that_is_hidden_counts_as_living(self, monkeypatch):
        def hidden(process):
            raise PermissionError(process)

        holder = control_node.owner(os.getpid(), "h", "p")
        monkeypatch.setattr(control_node, "started", hidden)
        assert not control_node.is_gone(holder)

    def test_control_node_that_was_booted_since(self, monkeypatch):
        holder = control_node.owner(os.getpid(), "h", "p")
        monkeypatch.setattr(control_node, "_read", lambda path: "id" if path == control_node.MACHINE_ID else "next")
        holder["machine"] = control_node.machine()
        assert control_node.is_gone(holder)
        assert not control_node.is_gone({**holder, "machine": "ci-2/id"})

    def test_container_on_the_same_kernel_cannot_tell(self, monkeypatch):
        holder = control_node.owner(os.getpid(), "h", "p")
        kernel = control_node.boot().split()[0]
        monkeypatch.setattr(control_node, "boot", lambda: f"{kernel} pid:[other]")
        assert not control_node.is_gone(holder)

    def test_machine_without_an_id_cannot_tell_its_boots(self, monkeypatch):
        holder = control_node.owner(os.getpid(), "h", "p")
        monkeypatch.setattr(control_node, "_read", lambda path: "" if path == control_node.MACHINE_ID else "next")
        holder["machine"] = control_node.machine()
        assert not control_node.is_gone(holder)

    def test_system_without_proc_asks_ps(self, tmp_path, monkeypatch):
        monkeypatch.setattr(control_node, "PROC", tmp_path)
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        holder = control_node.owner(child.pid, "h", "p")
        assert holder["started"]
        assert not control_node.is_gone(holder)
        child.kill()
        child.wait()
        assert control_node.is_gone(holder)

    @pytest.mark.parametrize("holder", [{}, {"run": "x"}, {**OTHER, "process": "no"}])
    def test_what_is_not_known_counts_as_living(self, holder):
        assert not control_node.is_gone(holder)
