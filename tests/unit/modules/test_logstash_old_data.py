"""A changed path leaves no event behind unnoticed, and a move that is cut off anywhere loses nothing."""

import errno
import fcntl
import os
import pwd
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import queue_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    data_move,
    left_data,
    stored_data,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.modules import logstash_old_data

KILLED = 9
SUPPORT = Path(queue_files.__file__).parent


def make_old(path):
    """Old data with 3 unread events, a dead letter and a position."""
    queue_files.write_queue(path / "queue/p1", [(10, 7)])
    (path / "dead_letter_queue/p1").mkdir(parents=True)
    (path / "dead_letter_queue/p1/1.log").write_bytes(b"1letter")
    (path / "plugins").mkdir()
    (path / "plugins/.sincedb").write_text("position")
    (path / "uuid").write_text("id")
    (path / ".lock").touch()
    return path


@pytest.fixture
def old(tmp_path):
    """Old data, and the settings that name it."""
    (tmp_path / "logstash.yml").write_text(f'# old\npath.data: "{tmp_path}/old"\n')
    return make_old(tmp_path / "old")


@pytest.fixture
def old_data(run_module, tmp_path, monkeypatch):
    """old_data(handling) -> result; old_data.commands has what systemctl was told; the unit is active."""
    commands = []

    def systemctl(_module, command, **_options):
        commands.append(command[1])
        return 0, "ActiveState=active\n", ""

    monkeypatch.setattr(logstash_old_data.AnsibleModule, "run_command", systemctl)

    def run(handling="fail", now=True, data=None, check=False, to_queues=None, **paths):
        new = data or tmp_path / "new"
        to_paths = {"data": new, "queue": f"{new}/queue", "dead_letter_queue": f"{new}/dead_letter_queue"} | paths
        return run_module(
            logstash_old_data,
            check=check,
            from_settings=str(tmp_path / "logstash.yml"),
            to_paths={kind: str(path) for kind, path in to_paths.items()},
            to_queues=to_queues,
            handling=handling,
            now=now,
        )

    run.commands = commands
    return run


def tree(path):
    """{relative path: content} of the files that count."""
    files = [file for file in path.rglob("*") if file.is_file() and file.name not in (".lock", "uuid")]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def test_fails_and_names_what_would_be_lost_and_the_way_out(old_data, old):
    before = tree(old)
    result = old_data()
    assert result["failed"]
    assert f"queue {old}/queue/p1 (" in result["msg"]
    assert "3 unread events on 1 pages" in result["msg"]
    assert f"dead letter queue {old}/dead_letter_queue/p1 (7 bytes)" in result["msg"]
    assert f"state {old} (8 bytes)" in result["msg"]
    assert "Set logstash_old_data to move" in result["msg"]
    assert tree(old) == before
    assert old_data.commands == []


def test_leave_says_so_and_touches_nothing(old_data, old):
    before = tree(old)
    result = old_data("leave")
    assert (result["failed"], result["changed"], tree(old)) == (False, False, before)
    assert len(result["found"]) == 3


@pytest.mark.parametrize(
    ("pipelines", "wanted", "warned"),
    [
        ("- pipeline.id: p1\n", ["old/queue/p1"], False),
        ("- pipeline.id: p0\n- pipeline.id: p1\n", ["old/queue/p0"], True),
        ("- pipeline.id: p1\n", [], True),
        ('- pipeline.id: "p1"\n  queue.type: "memory"\n', [], False),
        ('- pipeline.id: "p1"\n  path.queue: "HERE/own"\n', ["own/p1"], False),
        ('- pipeline.id: "p1"\n  path.queue: "HERE/own"\n', ["old/queue/p1"], True),
        ("- pipeline.id: empty\n", [], False),
    ],
)
def test_queue_that_is_read_no_more_is_not_left_in_silence(old_data, tmp_path, pipelines, wanted, warned):
    old = make_old(tmp_path / "old")
    (tmp_path / "logstash.yml").write_text(f'path.data: "{old}"\nqueue.type: "persisted"\n')
    (tmp_path / "pipelines.yml").write_text(pipelines.replace("HERE", str(tmp_path)))
    shutil.copytree(old / "queue/p1", tmp_path / "own/p1")
    before = tree(old)
    result = old_data(data=old, to_queues=[str(tmp_path / queue) for queue in wanted])
    assert (result["failed"], result["changed"], tree(old)) == (False, False, before)
    assert ("3 unread events" in str(result.get("warnings"))) == warned


def test_queue_that_moves_is_not_said_to_be_left(old_data, tmp_path):
    make_old(tmp_path / "old")
    (tmp_path / "logstash.yml").write_text(f'path.data: "{tmp_path}/old"\nqueue.type: "persisted"\n')
    (tmp_path / "pipelines.yml").write_text("- pipeline.id: p1\n")
    result = old_data("move", now=False, to_queues=[str(tmp_path / "new/queue/p1")])
    assert "No pipeline reads" not in str(result.get("warnings"))


def test_move_waits_until_it_is_time(old_data, old):
    before = tree(old)
    assert not old_data("move", now=False)["moved"]
    assert (tree(old), old_data.commands) == (before, [])


def test_check_mode_moves_nothing(old_data, old):
    before = tree(old)
    assert old_data("move", check=True)["changed"]
    assert (tree(old), old_data.commands) == (before, [])


def test_move_stops_the_service_and_leaves_it_stopped(old_data, old, tmp_path):
    before = tree(old)
    result = old_data("move")
    assert (result["moved"], result["changed"]) == (True, True)
    assert tree(tmp_path / "new") == before
    assert tree(old) == {}
    assert old_data.commands == ["show", "stop"]
    assert not old_data("move")["changed"]


def test_way_back_after_a_failed_start(old_data, old, run_module, tmp_path):
    """From the paths of the run that failed to those of the release that counts again."""
    before = tree(old)
    old_data("move")
    (tmp_path / "new/plugins/late").write_text("written meanwhile")
    run_module(
        logstash_old_data,
        from_paths=paths(old, tmp_path / "new")[1],
        to_settings=str(tmp_path / "logstash.yml"),
        handling="move",
        now=True,
    )
    assert tree(old) == {**before, "plugins/late": b"written meanwhile"}


def test_paths_that_did_not_change(old_data, old):
    assert old_data(data=old)["found"] == []


def test_only_the_queue_moves_when_only_its_path_changed(old_data, old, tmp_path):
    before = tree(old / "queue")
    old_data("move", data=old, queue=tmp_path / "fast")
    assert tree(tmp_path / "fast") == before
    assert (old / "plugins/.sincedb").exists()
    assert (old / "dead_letter_queue/p1/1.log").exists()


def test_new_path_below_the_old_one(old_data, old):
    before = tree(old)
    old_data("move", data=old / "node1")
    assert tree(old / "node1") == before


def test_nothing_to_lose_is_no_reason_to_fail(old_data, old):
    queue_files.write_queue(old / "queue/p1", [(10, 10)])
    (old / "dead_letter_queue/p1/1.log").write_bytes(b"1")
    (old / "plugins/.sincedb").unlink()
    assert not old_data()["failed"]


def test_first_run_has_no_old_settings(old_data):
    assert old_data()["found"] == []


def test_settings_of_the_package(old_data, old, tmp_path):
    (tmp_path / "logstash.yml").write_text(f"# path.data: /nowhere\npath.data: {old} # where it is\n")
    assert old_data()["failed"]


# Reading queues


def test_queue_with_all_events_read_holds_nothing(old):
    queue_files.write_queue(old / "queue/p1", [(10, 10)])
    assert stored_data.read_queue(str(old / "queue/p1")) is None


def test_unread_events_of_older_pages_count(old):
    queue_files.write_queue(old / "queue/p1", [(50, 48), (10, 7)])
    stored = stored_data.read_queue(str(old / "queue/p1"))
    assert (stored.unread_events, stored.unread_pages) == (5, 2)


@pytest.mark.parametrize(("queue", "events", "pages"), [("one", 20, 1), ("several", 43, 2)])
def test_events_that_came_after_the_last_checkpoint_count(tmp_path, queue, events, pages):
    """Queues of Logstash 8.5.3 after SIGKILL; so many events came out of them at its next start."""
    with tarfile.open(SUPPORT / "queues_after_kill.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    stored = stored_data.read_queue(str(tmp_path / queue))
    assert (stored.unread_events, stored.unread_pages) == (events, pages)


@pytest.mark.parametrize("content", [b"", b"short", queue_files.checkpoint(0, 0, 10, 0, 10)[:-1] + b"x"])
def test_checkpoint_that_cannot_be_read_counts_as_unread(old, content):
    (old / "queue/p1/checkpoint.head").write_bytes(content)
    assert "an unknown number of unread events on 1 pages" in str(stored_data.read_queue(str(old / "queue/p1")))


def test_queue_in_use_counts_even_when_it_is_empty_now(old):
    queue_files.write_queue(old / "queue/p1", [(10, 10)])
    holder = subprocess.Popen(
        ["python3", "-c", "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f,2); print(flush=True); input()",
         old / "queue/p1/.lock"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        holder.stdout.readline()
        assert stored_data.read_queue(str(old / "queue/p1")).in_use
    finally:
        holder.communicate(b"\n")


# Between volumes, and cut off


@pytest.fixture
def other_volume(monkeypatch):
    """Has every file look as if its target were on another volume."""
    monkeypatch.setattr(data_move, "is_other_volume", lambda *_: True)


@pytest.mark.usefixtures("other_volume")
def test_between_volumes_everything_is_copied_with_owner_and_mode(old_data, old, tmp_path):
    before = tree(old)
    (old / "plugins").chmod(0o700)
    (old / "plugins/.sincedb").chmod(0o600)
    old_data("move")
    assert tree(tmp_path / "new") == before
    assert tree(old) == {}
    assert (tmp_path / "new/plugins").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new/plugins/.sincedb").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("other_volume")
def test_move_that_is_killed_before_any_step_is_completed_by_the_next(tmp_path):
    """Every change to the disk is a step; the process is gone before one of them, without any clean-up."""
    step, code = 0, KILLED
    while code == KILLED:
        old, new = make_old(tmp_path / f"{step}/old"), tmp_path / f"{step}/new"
        before = tree(old)
        code = in_child(lambda roots=(old, new), step=step: (die_at(step), move(*roots)))
        assert tree(new).items() | tree(old).items() >= before.items(), step
        move(old, new)
        assert (tree(new), tree(old)) == (before, {}), step
        step += 1
    assert code == 0
    assert step > 20


def in_child(work):
    """The exit code of a process that does the work."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at(step):
    """Ends this process before its step of that number."""
    left = iter([*[True] * step, False])

    def dying(function):
        def call(*arguments, **options):
            if not next(left):
                os._exit(KILLED)
            return function(*arguments, **options)

        return call

    for name in ("mkdir", "unlink", "replace", "rmdir"):
        setattr(os, name, dying(getattr(os, name)))
    data_move.copy = dying(data_move.copy)


def move(old, new):
    left_data.move_all(*paths(old, new), left_data.KINDS)


def paths(old, new):
    return [
        {"data": str(root), "queue": f"{root}/queue", "dead_letter_queue": f"{root}/dead_letter_queue"}
        for root in (old, new)
    ]


@pytest.mark.usefixtures("other_volume")
def test_disk_that_gets_full_leaves_the_old_data_and_starts_the_service_again(old_data, old, tmp_path, monkeypatch):
    before = tree(old)

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(untrusted_paths, "write_at", full)
    result = old_data("move")
    assert "No space left on device" in result["msg"]
    assert "the service runs on as before" in result["msg"]
    assert old_data.commands == ["show", "stop", "start"]
    assert tree(old) == before
    assert tree(tmp_path / "new") == {}


@pytest.mark.usefixtures("other_volume")
def test_too_little_room_is_found_before_anything_is_copied(old_data, old, monkeypatch):
    monkeypatch.setattr(data_move, "RESERVE", 2**60)
    assert "bytes on the volume of" in old_data("move")["msg"]


def test_something_else_at_the_target_is_kept(old_data, old, tmp_path):
    (tmp_path / "new/queue/p1").mkdir(parents=True)
    (tmp_path / "new/queue/p1/page.0").write_text("other")
    before = tree(old)
    result = old_data("move")
    assert f"{tmp_path}/new/queue/p1/page.0 is there already" in result["msg"]
    assert tree(old) == before


def test_logstash_that_still_runs_there_is_not_disturbed(old_data, old, monkeypatch):
    monkeypatch.setattr(stored_data, "is_locked", lambda _path: True)
    assert "a Logstash other than logstash.service runs on" in old_data("move")["msg"]


def test_locks_are_those_of_the_jvm(old):
    """POSIX record locks: a lock of this very process does not count, and looking does not take it away for long."""
    with (old / ".lock").open("w") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        assert not stored_data.is_locked(str(old / ".lock"))


JDBC, SINCEDB = ".logstash_jdbc_last_run", ".sincedb_0123"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home of the service's user, which is this one's, with positions of inputs and what else lies there."""
    own = pwd.getpwuid(os.getuid())
    path = tmp_path / "home"
    path.mkdir()
    account = pwd.struct_passwd([*own[:5], str(path), own[6]])
    monkeypatch.setattr(left_data.pwd, "getpwnam", lambda _name: account)
    for name in (JDBC, SINCEDB, ".bashrc", "Gemfile"):
        (path / name).write_text(name)
    (path / ".sincedb_folder").mkdir()
    return path


@pytest.mark.usefixtures("old")
def test_positions_in_the_home_of_the_user_stop_the_run(old_data, home, tmp_path):
    (tmp_path / "new").mkdir()
    result = old_data("fail", data=tmp_path / "old", home=tmp_path / "new")
    assert result["failed"]
    assert [item["path"] for item in result["found"]] == [f"{home}/{JDBC}", f"{home}/{SINCEDB}"]
    assert f"the service's HOME from {home} to {tmp_path}/new" in result["msg"]
    assert "Set logstash_old_data to move" in result["msg"]


@pytest.mark.usefixtures("old")
def test_positions_move_to_the_new_home_and_nothing_else_does(old_data, home, tmp_path):
    (tmp_path / "new").mkdir()
    result = old_data("move", data=tmp_path / "old", home=tmp_path / "new")
    assert result["moved"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [JDBC, SINCEDB]
    assert {".bashrc", "Gemfile", ".sincedb_folder"} == {path.name for path in home.iterdir()}
    assert not old_data("move", data=tmp_path / "old", home=tmp_path / "new")["found"]


@pytest.mark.usefixtures("old")
def test_position_that_is_at_the_new_home_with_another_content_stops_the_move(old_data, home, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / JDBC).write_text("newer")
    assert (
        "is there already, with another content"
        in old_data("move", data=tmp_path / "old", home=tmp_path / "new")["msg"]
    )
    assert (home / SINCEDB).exists()


@pytest.mark.usefixtures("old")
def test_live_environment_says_which_home_the_service_has(old_data, home, tmp_path):
    (tmp_path / "environment").write_text(f'HOME="{tmp_path}/new"\n')
    assert not old_data("fail", data=tmp_path / "old", home=tmp_path / "new")["found"]
    assert (home / JDBC).exists()


def test_home_in_path_data_moves_with_it(old, old_data, home, tmp_path):
    (tmp_path / "environment").write_text(f'HOME="{old}"\n')
    (old / JDBC).write_text("position")
    assert old_data("move", home=tmp_path / "new")["moved"]
    assert (tmp_path / "new" / JDBC).read_text() == "position"
    assert (home / JDBC).exists()


def test_data_of_settings_that_name_no_path_lie_below_the_home(old_data, home, tmp_path):
    (tmp_path / "logstash.yml").write_text("pipeline.workers: 2\n")
    make_old(home / "data")
    assert "3 unread events on 1 pages" in old_data("fail")["msg"]
    assert old_data("move")["moved"]
    assert (tmp_path / "new/plugins/.sincedb").read_text() == "position"
