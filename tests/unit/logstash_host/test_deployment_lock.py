"""The lock of a host: processes that meet at one file, and what the control node can tell of the one that holds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.deployment_lock import (
    DeploymentLockError,
    Lock,
    release_command,
)
from ansible_collections.elk.deploy.plugins.plugin_utils import control_node, host_lock

ROOT = Path(__file__).parents[3]
OTHER = {
    "run": "kernel-b pid:[1]/7/99", "host": "broker-1", "who": "bea@ci-2", "process": "7", "started": "99",
    "boot": "kernel-b pid:[1]", "machine": "ci-2/b", "playbook": "playbooks/site.yml",
}  # fmt: skip


@pytest.fixture
def lock(tmp_path):
    return Lock(tmp_path / "run/logstash.lock")


def test_file_that_is_no_lock_is_named():
    holder, mine = {"age": 5, "since": 0}, control_node.owner(os.getpid(), "broker-1", "site.yml")
    assert "broker-1 has a lock /l that does not say whose it is" in host_lock.describe(holder, mine, "/l")
    assert "rm /l" in host_lock.hint(holder, mine, "/l")


class TestFile:
    """The file alone, as the host sees it."""

    def test_of_many_at_once_one_has_it(self, tmp_path):
        """Each adds one to a number in a file, in two steps, while it holds the lock; who does not get it waits."""
        (tmp_path / "count").write_text("0")
        program = (
            "import pathlib, subprocess, sys, time\n"
            f"sys.path.insert(0, {str(ROOT / 'plugins')!r})\n"
            "from module_utils.logstash_host.deployment_lock import Lock, release_command\n"
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
            "        subprocess.run(release_command(lock.path, owner), check=True)\n"
            "        assert lock.holder().get('run') != owner['run']\n"
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
        for other in ({**OTHER, "run": "mine"}, {**OTHER, "host": "mine"}):
            subprocess.run(release_command(lock.path, other), check=True)
            assert lock.holder()["run"] == OTHER["run"]
        for _time in range(2):
            subprocess.run(release_command(lock.path, OTHER), check=True)
            assert lock.holder() == {}

    def test_owner_may_have_any_name(self, lock):
        owner = {**OTHER, "run": 'a\'b "c" $(d) \\ é', "host": "-e"}
        lock.take(owner, 7200)
        subprocess.run(release_command(lock.path, owner), check=True)
        assert lock.holder() == {}

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
