"""What somebody who has the service's user can lay out for root: links, FIFOs, hard links, and swaps at the worst time.

The directories belong to another user, as Logstash's do on a host. A secret lies where only root may look.
"""

import ctypes
import os
import pwd
import signal
import socket
import stat
import struct
import subprocess
import threading
import time
from contextlib import contextmanager, nullcontext, suppress

import pytest
import queue_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    accounts,
    data_move,
    kept_files,
    left_data,
    native_code,
    node_api,
    overrides,
    running_service,
    stored_data,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.unmanaged_files import find as find_unmanaged
from ansible_collections.elk.deploy.plugins.modules import (
    logstash_confinement,
    logstash_deployment_record,
    logstash_directories,
    logstash_health,
    logstash_log_end,
    logstash_old_data,
    logstash_validate,
    settings_directory,
    settings_release,
    unmanaged_files,
)
from waiting import PATIENCE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has anything to lose to another user")

USER = pwd.getpwnam("nobody")
SECRET = "root:$y$j9T$secret-of-root"  # noqa: S105 - stands for a line of /etc/shadow
EXCHANGE = 2


@pytest.fixture(autouse=True)
def no_wait_without_end():
    """Ends a test that waits for a FIFO, instead of the whole run."""

    def ended(*_arguments):
        raise AssertionError("root waits without end")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def place(open_path):
    """A directory of root's that every user may enter."""
    return open_path


@pytest.fixture
def secret(place):
    path = place / "shadow"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.fixture
def victim(place):
    """A directory of root's, empty, in which nobody else may write."""
    path = place / "victim"
    path.mkdir()
    return path


def give(path):
    """Gives something to the service's user; of a link, itself."""
    os.chown(path, USER.pw_uid, USER.pw_gid, follow_symlinks=False)
    return path


def folder(path):
    """A directory of the service's user."""
    path.mkdir(parents=True)
    return give(path)


def link(path, target):
    path.symlink_to(target)
    return give(path)


def exchange(first, second):
    """Swaps two entries in one step, as every user may do in their own directory."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), EXCHANGE):
        raise OSError(ctypes.get_errno(), "exchange")


@contextmanager
def swapping(first, second):
    """Swaps two entries again and again meanwhile."""
    done = threading.Event()

    def swap():
        while not done.is_set():
            exchange(first, second)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


# What lies in the place of a file.


def make_link(path, secret):
    link(path, secret)


def make_link_of_roots(path, secret):
    path.symlink_to(secret)


def make_hard_link(path, secret):
    os.link(secret, path)


def make_fifo(path, _secret):
    os.mkfifo(path)
    give(path)


def make_socket(path, _secret):
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        # Its address has no room for a long path.
        os.chdir(path.parent)
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)
    give(path)


def make_device(path, _secret):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("no device can be made here")
    give(path)


def make_link_to_endless(path, _secret):
    link(path, "/dev/zero")


TRAPS = [make_link, make_link_of_roots, make_hard_link, make_fifo, make_socket, make_device, make_link_to_endless]


# The log


@pytest.fixture
def logs(place):
    return folder(place / "logs")


@pytest.fixture
def health(run_module, logs, monkeypatch):
    """The message of a gate that fails."""
    monkeypatch.setattr(logstash_health, "read_journal", lambda *_: [])
    failed = {"ActiveState": "failed", "SubState": "failed", "MainPID": "0", "NRestarts": "0"}
    monkeypatch.setattr(logstash_health, "unit_state", lambda *_: failed)

    def run(path=logs / "logstash-plain.log"):
        options = {"pipelines": ["broker"], "log_file": str(path), "timeout": 0, "user": USER.pw_name}
        result = run_module(logstash_health, **options)
        assert result["failed"]
        return result["msg"] + "\n".join(result.get("log", ["the module itself failed"]))

    return run


@pytest.mark.parametrize("trap", TRAPS)
def test_log_that_is_a_trap_is_named_and_not_read(health, logs, secret, trap):
    path = logs / "logstash-plain.log"
    trap(path, secret)
    message = health()
    assert SECRET not in message
    assert f"({path}: {path}" in message
    assert "expected" in message


def test_directory_of_the_log_that_is_a_link_is_not_followed(health, place, logs, secret):
    logs.rmdir()
    (secret.parent / "etc").mkdir()
    give(secret.rename(secret.parent / "etc/logstash-plain.log"))
    link(folder(place / "data") / "logs", place / "etc")
    message = health(place / "data/logs/logstash-plain.log")
    assert SECRET not in message
    assert "is a symbolic link that belongs to user id" in message


def test_of_a_huge_log_only_the_end_is_read(health, logs):
    path = logs / "logstash-plain.log"
    with path.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\nthe end of it\n")
    give(path)
    assert "the end of it" in health()


@pytest.mark.parametrize("trap", TRAPS)
def test_end_of_a_log_that_is_a_trap_is_none(run_module, logs, secret, trap):
    trap(logs / "log", secret)
    assert run_module(logstash_log_end, path=str(logs / "log"), user=USER.pw_name)["end"] == {}


def test_end_of_a_log(run_module, logs):
    (logs / "log").write_text("line\n")
    status = give(logs / "log").stat()
    result = run_module(logstash_log_end, path=str(logs / "log"), user=USER.pw_name)
    assert result["end"] == {"inode": status.st_ino, "size": 5}


@pytest.fixture
def configuration_test(run_module, place):
    """Runs a shell script as the configuration test, outside of a unit; $2 is its copy of the settings."""
    live = place / "live"
    (live / "staged/pipelines/main").mkdir(parents=True)
    (live / "staged/logstash.yml").write_text("x: 1\n")
    (live / "staged/pipelines.yml").write_text(
        f'- pipeline.id: "main"\n  path.config: "{live}/pipelines/main/*.conf"\n'
    )
    (live / "staged/pipelines/main/10.conf").write_text("input {}\n")

    def run(script, **options):
        program = place / "logstash"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return run_module(
            logstash_validate,
            program=str(program),
            user=USER.pw_name,
            path=str(place / "validation"),
            src=str(live / "staged"),
            live=str(live),
            **options,
        )

    return run


@pytest.mark.parametrize("trap", ["ln -s {secret} $LOG", "mkfifo $LOG", "ln -s /dev/zero $LOG"])
def test_log_of_the_configuration_test_is_read_as_carefully(configuration_test, secret, trap):
    result = configuration_test(
        f'LOG="$2/../logs/logstash-plain.log"\n{trap.format(secret=secret)}\necho no reason\nexit 1'
    )
    assert "Logstash's own test refuses the staged settings" in result["msg"]
    assert SECRET not in str(result)
    assert "expected a regular file" in result["output"]


# The configuration test


def test_configuration_test_whose_end_somebody_stops_is_ended(configuration_test, monkeypatch):
    monkeypatch.setattr(logstash_validate, "UNIT_SECONDS", 0)
    result = configuration_test("kill -STOP $PPID $$", timeout=1)
    assert "did not end within 1 s" in result["msg"]


def test_process_that_the_configuration_test_leaves_behind_is_not_waited_for(configuration_test):
    result = configuration_test(f"sleep {10 * PATIENCE} & echo $!")
    os.kill(int(result["output"]), signal.SIGKILL)


def test_directories_that_the_configuration_test_nests_without_end_are_removed(configuration_test, place):
    nest = 'cd "$2/../tmp" && for _ in $(seq 1200); do mkdir d && cd -P d || exit 9; done; echo passed'
    result = configuration_test(nest)
    assert not result["failed"], result
    assert not (place / "validation").exists()


def test_live_file_of_roots_alone_is_not_shown_to_the_configuration_test(configuration_test, place):
    (place / "live/of_root").write_text(SECRET)
    (place / "live/of_root").chmod(0o600)
    (place / "live/of_all").write_text("free")
    result = configuration_test('cat "$2"/of_*')
    assert result["output"].strip() == "free"


@pytest.mark.parametrize(("trap", "found"), [(make_link, True), (make_fifo, True), (None, False)])
def test_keys_in_the_home_are_not_looked_for_through_a_link(place, secret, trap, found):
    folder(place / "home/.aws")
    (place / "environment").write_text("HOME=/home\n")
    secret.unlink()
    if trap:
        trap(place / "home/.aws/credentials", secret)
    assert logstash_confinement.has_keys([place / "environment"], USER.pw_name, place) == found


# The node API, which is the user's process


@contextmanager
def answering(begin, part, pause):
    """The address of a server that answers with a begin, and with a part of an answer again and again."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):
                while True:
                    client = server.accept()[0]
                    threading.Thread(target=answer, args=[client], daemon=True).start()

        def answer(client):
            with client, suppress(OSError):
                client.recv(1 << 16)
                client.sendall(begin)
                while True:
                    client.sendall(part)
                    time.sleep(pause)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("begin", "part"),
    [(OK + b"\r\n", b" "), (OK, b"X: y\r\n"), (b"HTTP/1.1 ", b"0"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
)
def test_answer_of_the_node_api_that_comes_byte_by_byte_is_not_waited_for(begin, part, monkeypatch):
    monkeypatch.setattr(node_api, "SECONDS", 1)
    with answering(begin, part, 0.1) as url, pytest.raises(OSError, match="no whole answer within 1 s"):
        node_api.ask(url)


def test_answer_of_the_node_api_that_has_no_end_is_not_kept(monkeypatch):
    monkeypatch.setattr(node_api, "MOST_BYTES", 1 << 20)
    with answering(OK + b"\r\n", b" " * (1 << 16), 0) as url, pytest.raises(ValueError, match="larger than"):
        node_api.ask(url)
    with answering(OK + b"\r\n", b" " * (1 << 16), 0) as url:
        assert running_service.ask(url) == {}


# Queues


@pytest.fixture
def data(place):
    """A path.data of the service's user with a queue that has been read."""
    root = folder(place / "data")
    queue = folder(root / "queue/p1")
    give(root / "queue")
    queue_files.write_queue(queue, [(10, 10)])
    for path in queue.iterdir():
        give(path)
    return root


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", ["checkpoint.head", "page.0"])
def test_file_of_a_queue_that_is_a_trap_tells_nothing_and_is_not_waited_for(data, secret, trap, name):
    (data / "queue/p1" / name).unlink()
    trap(data / "queue/p1" / name, secret)
    assert "an unknown number of unread events" in str(stored_data.read_queue(str(data / "queue/p1")))


@pytest.mark.parametrize("trap", TRAPS)
def test_lock_that_is_a_trap_is_not_waited_for(data, secret, trap):
    (data / "queue/p1/.lock").unlink()
    trap(data / "queue/p1/.lock", secret)
    assert stored_data.read_queue(str(data / "queue/p1")) is None


def test_directories_nested_without_end_are_refused(data):
    here = os.getcwd()
    os.chdir(data)
    try:
        for _level in range(1500):
            os.mkdir("d")
            os.chdir("d")
        with pytest.raises(OSError, match=r"directories deep\. Remove"):
            stored_data.read_state(str(data), set())
    finally:
        os.chdir(here)
        # Too deep for pytest, which removes what former runs left.
        subprocess.run(["rm", "-rf", data / "d"], check=True)


# Moves


@pytest.fixture
def other_volume(monkeypatch):
    monkeypatch.setattr(data_move, "is_other_volume", lambda *_: True)


def paths(root):
    return {"data": str(root), "queue": f"{root}/queue", "dead_letter_queue": f"{root}/dead_letter_queue"}


def move(old, new):
    left_data.move_all(paths(old), paths(new), left_data.KINDS, USER.pw_name)


@pytest.mark.usefixtures("other_volume")
def test_move_does_not_follow_a_link_of_the_users_at_its_target(data, place, victim):
    new = folder(place / "new")
    link(new / "queue", victim)
    with pytest.raises((OSError, data_move.MoveError), match="is a symbolic link"):
        move(data, new)
    assert list(victim.iterdir()) == []
    assert (data / "queue/p1/page.0").exists()


@pytest.mark.usefixtures("other_volume")
def test_move_does_not_write_through_a_copy_that_was_laid_out_before(data, place, secret):
    new = folder(place / "new")
    folder(new / "queue/p1")
    link(new / "queue/p1/.page.0.moving", secret)
    os.link(secret, new / "queue/p1/.checkpoint.head.moving")
    page = (data / "queue/p1/page.0").read_bytes()
    move(data, new)
    assert (secret.read_text(), secret.stat().st_uid) == (SECRET, 0)
    assert (new / "queue/p1/page.0").read_bytes() == page


@pytest.mark.usefixtures("other_volume")
@pytest.mark.parametrize("trap", [make_fifo, make_socket, make_device, make_hard_link])
def test_move_to_another_volume_names_what_cannot_be_copied_and_moves_nothing(data, place, secret, trap):
    (data / "queue/p1/page.0").unlink()
    trap(data / "queue/p1/page.0", secret)
    with pytest.raises(data_move.MoveError, match=r"page\.0 is .*; expected .* and run again"):
        move(data, place / "new")
    assert (data / "queue/p1/checkpoint.head").exists()
    assert not (place / "new").exists()


@pytest.mark.parametrize("volumes", [1, 2])
def test_position_with_a_second_name_is_given_to_nobody(place, secret, monkeypatch, volumes):
    monkeypatch.setattr(data_move, "is_other_volume", lambda *_: volumes == 2)
    home, new = folder(place / "home"), folder(place / "new")
    os.link(secret, home / ".sincedb_x")
    with pytest.raises(data_move.MoveError, match="with 2 hard links"):
        left_data.move_all({"home": str(home)}, {"home": str(new)}, ["home"], USER.pw_name)
    assert secret.stat().st_uid == 0


@pytest.mark.usefixtures("other_volume")
@pytest.mark.parametrize("swapped", ["target", "source"])
def test_directory_that_is_swapped_for_a_link_in_the_middle_does_not_win(place, victim, secret, swapped):
    """Whatever becomes of the move: nothing is written to where the link leads, and nothing is taken from there."""
    (victim / "page.7").write_text(SECRET)
    before = {path.name: (path.read_text(), path.stat().st_uid) for path in victim.iterdir()}
    for number in range(15):
        old, new = folder(place / f"{number}/old"), folder(place / f"{number}/new")
        for root in (old, new):
            give(folder(root / "queue/p1").parent)
        for page in range(8):
            give_file(old / f"queue/p1/page.{page}")
        attacked = (new if swapped == "target" else old) / "queue"
        link(attacked / "trap", victim)
        with swapping(attacked / "p1", attacked / "trap"), suppress(OSError, data_move.MoveError):
            move(old, new)
        assert {path.name: (path.read_text(), path.stat().st_uid) for path in victim.iterdir()} == before
    assert secret.read_text() == SECRET


def give_file(path):
    path.write_bytes(b"events")
    give(path)


@pytest.mark.usefixtures("other_volume")
def test_holes_owner_and_mode_are_kept_on_another_volume(data, place):
    page = data / "queue/p1/page.0"
    with page.open("r+b") as file:
        file.truncate(64 << 20)
    page.chmod(0o640)
    move(data, place / "new")
    status = (place / "new/queue/p1/page.0").stat()
    assert (status.st_size, status.st_uid, stat.S_IMODE(status.st_mode)) == (64 << 20, USER.pw_uid, 0o640)
    assert status.st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("mode", [0o644, 0o664])
def test_settings_that_others_may_write_do_not_say_what_root_moves(run_module, place, data, monkeypatch, mode):
    monkeypatch.setattr(logstash_old_data.AnsibleModule, "run_command", lambda *_a, **_o: (0, "inactive", ""))
    (data / "queue/p1/checkpoint.head").unlink()
    settings = place / "logstash.yml"
    settings.write_text(f'path.data: "{data}"\n')
    os.chown(settings, USER.pw_uid if mode == 0o644 else 0, USER.pw_gid)
    settings.chmod(mode)
    options = {"from_settings": str(settings), "to_paths": paths(place / "new"), "handling": "move", "now": True}
    message = run_module(logstash_old_data, user=USER.pw_name, **options)["msg"]
    assert f"{settings} belongs to user id" in message
    assert f"run chown root {settings}" in message
    assert (data / "queue/p1/page.0").exists()


# Owners


@pytest.fixture
def ensure(run_module, place):
    def run(*directories):
        listed = [{"path": str(path), "holds": holds} for path, holds in directories]
        return run_module(logstash_directories, directories=listed, user=USER.pw_name, group="daemon")

    return run


@pytest.mark.parametrize("look", [1, 2, 3])
def test_file_that_is_swapped_for_a_hard_link_after_a_look_is_not_given_away(ensure, data, secret, monkeypatch, look):
    (data / "uuid").write_text("of root")
    os.link(secret, data / "other")
    looks = []
    lstat = os.lstat

    def swap_after(name, **options):
        found = lstat(name, **options)
        if str(name).endswith("uuid"):
            looks.append(name)
            if len(looks) == look:
                exchange(data / "uuid", data / "other")
        return found

    monkeypatch.setattr(os, "lstat", swap_after)
    ensure((data, "data"))
    monkeypatch.undo()
    assert secret.stat().st_uid == 0


def test_root_s_own_link_leads_its_users_directory_nowhere_else(ensure, place, data, victim):
    """The user may rename a link that lies there to whatever the role looks for."""
    (data / "tmp").symlink_to(victim)
    message = ensure((data, "data"), (data / "tmp", "tmp"))["msg"]
    assert f"is a symbolic link in a directory of user id {USER.pw_uid}, who may rename it" in message
    assert "Set that path itself" in message
    assert victim.stat().st_uid == 0
    give(victim)
    assert not ensure((data, "data"), (data / "tmp", "tmp"))["failed"]


@pytest.mark.parametrize("path", ["data/../victim", "data/queue/../../victim"])
def test_path_that_leads_up_again_is_refused(ensure, place, victim, path):
    assert "without `..`" in ensure((f"{place}/{path}", "data"))["msg"]
    assert victim.stat().st_uid == 0


def test_temporary_directory_that_the_user_has_linked_is_not_followed(data, victim):
    link(data / "tmp", victim)
    message = native_code.temporary_directory_fault(str(data / "tmp"), "logstash_path_tmp", USER.pw_name)
    assert "is a symbolic link that belongs to" in message


# Files that are removed, kept and restored


def test_unmanaged_file_is_not_removed_through_a_link_that_came_meanwhile(run_module, place, victim, monkeypatch):
    (victim / "a.conf").write_text("root's")
    conf = folder(place / "conf.d/sub")
    give(conf.parent)
    give_file(conf / "a.conf")
    link(conf.parent / "trap", victim)
    find = find_unmanaged

    def found_and_swapped(places):
        found = find(places)
        exchange(conf, conf.parent / "trap")
        return found

    monkeypatch.setattr(unmanaged_files, "find", found_and_swapped)
    result = run_module(unmanaged_files, places=[str(conf.parent)], state="absent")
    assert "could not be removed" in result["msg"]
    assert (victim / "a.conf").exists()


def test_what_was_kept_is_not_brought_back_through_a_link(place, victim):
    live = folder(place / "live/sub")
    give(live.parent)
    give_file(live / "settings.yml")
    kept_files.keep(place / "copies", [live / "settings.yml"])
    live.rename(place / "live/before")
    link(live, victim)
    with pytest.raises(OSError, match="is a symbolic link that belongs to"):
        kept_files.bring_back(place / "copies", [live / "settings.yml"])
    assert list(victim.iterdir()) == []


def test_line_of_a_unit_s_environment_is_not_taken_out_through_a_link(place, secret):
    own = folder(place / "own")
    link(own / "environment.part", secret)
    give_file(own / "environment")
    (own / "environment").write_text("LS_OPTS=x\n")
    found = list(overrides.find_in_environment(str(own / "environment"), "/", {"set": (), "java_home_counts": False}))
    overrides.take_out("/", found)
    assert secret.read_text() == SECRET
    assert (own / "environment").read_text().startswith("# Taken out")


@pytest.mark.parametrize("trap", [make_link, make_fifo, make_device, make_link_to_endless])
def test_environment_that_is_a_trap_is_not_read(place, secret, trap):
    own = folder(place / "own")
    trap(own / "environment", secret)
    known = {"set": (), "java_home_counts": False}
    assert list(overrides.find_in_environment(str(own / "environment"), "/", known)) == []


def test_directories_nested_without_end_are_not_kept(place):
    nested = folder(place / "live")
    here = os.getcwd()
    os.chdir(nested)
    try:
        for _level in range(600):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    with pytest.raises(OSError, match=r"directories deep\. Remove"):
        kept_files.keep(place / "copies", [nested])


def test_owner_of_an_environment_is_that_of_the_file_that_was_read(place, secret, monkeypatch):
    own = folder(place / "own")
    give_file(own / "environment")
    (own / "environment").write_text("LS_OPTS=x\n")
    secret.write_text(f"LS_OPTS={SECRET}\n")
    os.link(secret, own / "other")
    found = list(overrides.find_in_environment(str(own / "environment"), "/", {"set": (), "java_home_counts": False}))
    exchange(own / "environment", own / "other")
    opened = []
    open_file = untrusted_paths.open_file

    def swap_after(*arguments):
        opened.append(open_file(*arguments))
        if len(opened) == 1:
            exchange(own / "environment", own / "other")
        return opened[-1]

    monkeypatch.setattr(untrusted_paths, "open_file", swap_after)
    overrides.take_out("/", found)
    assert SECRET in (own / "environment").read_text()
    assert (own / "environment").stat().st_uid == 0


# Directories that have to be root's


@pytest.mark.parametrize(("uid", "mode"), [(USER.pw_uid, 0o755), (0, 0o777), (0, 0o775)])
def test_settings_are_not_written_where_others_could_exchange_them(run_module, place, uid, mode):
    live = place / "etc"
    (live / "staged").mkdir(parents=True)
    os.chown(live, uid, USER.pw_gid)
    live.chmod(mode)
    options = {"path": str(live / "staged"), "owner": "root", "group": "daemon", "bundle": "[]"}
    message = run_module(settings_directory, check=True, **options)["msg"]
    assert f"{live} belongs to user id {uid} and has the mode {mode:04o}" in message
    assert f"chown root {live}" in message
    (live / "staged/logstash.yml").write_text("x")
    options = {"src": str(live / "staged"), "dest": str(live), "entries": ["logstash.yml"], "group": "daemon"}
    assert f"chown root {live}" in run_module(settings_release, **options)["msg"]


@pytest.mark.parametrize("state", ["read", "changing"])
def test_what_was_proven_is_not_read_where_others_could_have_written_it(run_module, place, state):
    own = folder(place / "etc")
    make_fifo(own / "proven", None)
    message = run_module(logstash_deployment_record, path=str(own / "proven"), state=state)["msg"]
    assert f"{own} belongs to user id {USER.pw_uid}" in message
    assert f"chown root {own}" in message
    assert os.listdir(own) == ["proven"]


USER_ID, NO_ID = USER.pw_uid, 0xFFFFFFFF


@pytest.mark.parametrize(
    ("entries", "refused"),
    [
        ([(1, 7, NO_ID), (2, 7, USER_ID), (4, 5, NO_ID), (16, 7, NO_ID), (32, 5, NO_ID)], True),
        ([(1, 7, NO_ID), (4, 5, NO_ID), (8, 7, USER.pw_gid), (16, 7, NO_ID), (32, 5, NO_ID)], True),
        ([(1, 7, NO_ID), (2, 7, USER_ID), (4, 5, NO_ID), (16, 5, NO_ID), (32, 5, NO_ID)], False),
        ([(1, 7, NO_ID), (2, 5, USER_ID), (4, 7, NO_ID), (16, 7, NO_ID), (32, 5, NO_ID)], False),
        ([(1, 7, NO_ID), (2, 7, 0), (4, 5, NO_ID), (16, 7, NO_ID), (32, 5, NO_ID)], False),
    ],
)
@pytest.mark.parametrize("kind", ["directory", "file"])
def test_access_control_list_that_lets_others_write_counts(place, victim, kind, entries, refused):
    path = victim if kind == "directory" else victim / "file"
    (victim / "file").write_text("")
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", access)
    except OSError:
        pytest.skip("the file system has no access control lists")
    check = untrusted_paths.check_roots_own if kind == "directory" else untrusted_paths.check_roots_file
    with pytest.raises(OSError, match=f"run setfacl -b {path}, chown root") if refused else nullcontext():
        check(str(path), "root relies on it")


def test_programs_that_their_user_could_exchange_are_not_run_without_a_warning(place):
    home = folder(place / "logstash")
    said = []
    module = type("Module", (), {"warn": said.append})
    untrusted_paths.warn_of_foreign_program(module, str(home))
    assert len(said) == 1
    assert f"{home} belongs to user id {USER.pw_uid}" in said[0]
    assert f"chown root {home}" in said[0]
    os.chown(home, 0, 0)
    untrusted_paths.warn_of_foreign_program(module, str(home))
    assert len(said) == 1


# Work as the user


def test_process_of_the_user_that_another_one_stops_is_ended():
    def stopped():
        os.kill(os.getpid(), signal.SIGSTOP)

    with pytest.raises(accounts.WorkFailedError, match="no answer within"):
        accounts.do_as(USER, stopped, seconds=0.5)
