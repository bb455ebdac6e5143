"""The directories of Logstash: made for its user, repaired one by one, and nothing else touched."""

import os
import pwd
import stat
import subprocess

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.directories import are_ready
from ansible_collections.elk.deploy.plugins.modules import logstash_directories

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

USER = pwd.getpwnam("nobody")
GROUP = "daemon"
NO_SUCH_UID = 54321


@pytest.fixture
def place(open_path):
    """A directory that every user may enter."""
    return open_path


@pytest.fixture
def ensure(run_module, place):
    def run(*, check=False, diff=False, directories=None, **options):
        directories = directories or [
            {"path": str(place / "data"), "holds": "data", "variable": "logstash_path_data"},
            {"path": str(place / "data/queue"), "holds": "queues"},
            {"path": str(place / "data/queue/p1"), "holds": "queue"},
            {"path": str(place / "data/dlq"), "holds": "dead_letter_queues"},
            {"path": str(place / "data/dlq/p1"), "holds": "dead_letter_queue"},
            {"path": str(place / "logs"), "holds": "logs"},
        ]
        arguments = {"directories": directories, "user": USER.pw_name, "group": GROUP, "mode": "0750", **options}
        ready = are_ready(arguments)
        result = run_module(logstash_directories, check=check, diff=diff, **arguments)
        # The look at a host says beforehand whether there is anything to do or to say. Check mode tries no writing.
        if not check:
            assert ready == (not result["failed"] and not result["changed"] and not result.get("warnings"))
        return result

    return run


def owner(path):
    return os.lstat(path).st_uid


def put(path, uid=0):
    """A file that belongs to a user."""
    path.write_text("x")
    os.chown(path, uid, uid)
    return path


def text(result):
    return " ".join(map(str, result.get("warnings", []))) + result.get("msg", "")


def test_missing_directories_are_made_for_the_user(ensure, place):
    result = ensure()
    assert result["created"] == [
        str(place / name) for name in ("data", "data/queue", "data/queue/p1", "data/dlq", "data/dlq/p1", "logs")
    ]
    status = (place / "data/queue/p1").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (USER.pw_uid, 0o750)


def test_directories_above_them_are_roots_and_can_be_entered_whatever_the_umask(ensure, place):
    before = os.umask(0o077)
    try:
        result = ensure(directories=[{"path": str(place / "volume/queues/p1"), "holds": "queue"}])
    finally:
        os.umask(before)
    assert not result["failed"]
    status = (place / "volume/queues").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o755)


def test_again_changes_nothing(ensure):
    ensure()
    result = ensure()
    assert (result["changed"], result["created"], result["repaired"], result["foreign"]) == (False, [], [], [])


def test_check_mode_makes_nothing_and_says_what_it_would(ensure, place):
    result = ensure(check=True, diff=True)
    assert result["changed"]
    assert f"{place}/data/queue/p1 absent" in result["diff"]["before"]
    assert list(place.iterdir()) == []


def test_mode_of_a_directory_is_put_right(ensure, place):
    ensure()
    (place / "data").chmod(0o777)
    assert "other group or mode" in text(ensure())
    assert stat.S_IMODE((place / "data").stat().st_mode) == 0o750


@pytest.mark.parametrize(
    "name",
    [
        "data/.lock",
        "data/uuid",
        "data/queue/p1/.lock",
        "data/queue/p1/.queue-version",
        "data/queue/p1/checkpoint.head",
        "data/queue/p1/checkpoint.7",
        "data/queue/p1/page.0",
        "data/dlq/p1/.lock",
        "data/dlq/p1/1.log",
        "data/dlq/p1/2.log.tmp",
        "logs/logstash-plain.log",
        "logs/logstash-plain-2026-01-01-1.log.gz",
    ],
)
def test_file_that_logstash_makes_is_repaired(ensure, place, name):
    ensure()
    put(place / name).chmod(0o644)
    result = ensure(diff=True)
    assert owner(place / name) == USER.pw_uid
    assert stat.S_IMODE((place / name).stat().st_mode) == 0o644
    assert f"{place / name} root:root 0644\n" == result["diff"]["before"]
    assert f"{place / name} nobody:{GROUP} 0644\n" == result["diff"]["after"]
    assert "probably Logstash or its configuration test was run as root" in text(result)
    assert "safe while Logstash runs" in text(result)


@pytest.mark.parametrize(
    "name",
    [
        "data/notes.txt",
        "data/page.0",
        "data/queue/page.0",
        "data/queue/p1/notes",
        "data/dlq/p1/page.0",
        "logs/other.log",
    ],
)
def test_file_that_it_does_not_make_is_reported_and_left_alone(ensure, place, name):
    ensure()
    put(place / name)
    result = ensure()
    assert owner(place / name) == 0
    assert (result["failed"], result["changed"]) == (False, False)
    assert (
        "1 belong to root (probably Logstash or its configuration test was run as root, or a backup was restored "
        in (result["foreign"][0])
    )
    assert str(place / name) in text(result)


def test_queue_of_a_pipeline_that_is_not_wanted_is_left_alone(ensure, place):
    ensure()
    (place / "data/queue/old").mkdir()
    put(place / "data/queue/old/page.0")
    result = ensure()
    assert owner(place / "data/queue/old/page.0") == owner(place / "data/queue/old") == 0
    assert "2 belong to root" in text(result)


def test_owner_that_the_host_does_not_know_hints_at_a_backup(ensure, place):
    ensure()
    put(place / "data/queue/p1/page.0", NO_SUCH_UID)
    result = ensure()
    assert f"belonged to user id {NO_SUCH_UID} (no user here has this id: probably a backup" in text(result)


def test_check_mode_lists_repairs_and_makes_none(ensure, place):
    ensure()
    put(place / "data/uuid")
    result = ensure(check=True, diff=True)
    assert "Would repair" in text(result)
    assert str(place / "data/uuid") in result["diff"]["before"]
    assert owner(place / "data/uuid") == 0


def test_message_is_bounded_and_counts_the_rest(ensure, place):
    ensure()
    for number in range(25):
        put(place / f"data/queue/p1/page.{number}")
    result = ensure()
    assert "25 belonged to root" in text(result)
    assert "and 15 more" in text(result)
    assert "/page.9" not in text(result)
    assert all(owner(place / f"data/queue/p1/page.{number}") == USER.pw_uid for number in range(25))


# What the service's user could lay out to get something of root's.


def test_link_in_place_of_a_file_is_not_followed(ensure, place):
    ensure()
    secret = put(place / "secret")
    (place / "data/queue/p1/page.0").symlink_to(secret)
    result = ensure()
    assert owner(secret) == 0
    assert owner(place / "data/queue/p1/page.0") == 0
    assert "a symbolic link" in text(result)
    assert "Logstash could not start" in text(result)


def test_link_of_the_users_in_place_of_a_directory_is_refused(ensure, place):
    ensure()
    (place / "private").mkdir()
    (place / "data/queue/p1").rmdir()
    (place / "data/queue/p1").symlink_to(place / "private")
    os.lchown(place / "data/queue/p1", USER.pw_uid, USER.pw_gid)
    result = ensure()
    assert result["failed"]
    assert f"{place}/data/queue/p1 is a symbolic link" in result["msg"]
    assert owner(place / "private") == 0


def test_link_of_roots_is_followed(ensure, place):
    (place / "volume").mkdir()
    (place / "data").symlink_to("volume")
    assert not ensure()["failed"]
    assert owner(place / "volume/queue/p1") == USER.pw_uid


def test_links_in_a_circle_end(ensure, place):
    (place / "data").symlink_to("data")
    assert "in a circle" in ensure()["msg"]


def test_file_with_a_second_name_is_left_alone(ensure, place):
    ensure()
    secret = put(place / "secret")
    os.link(secret, place / "data/uuid")
    result = ensure()
    assert owner(secret) == 0
    assert "has 2 hard links" in text(result)
    assert not result["failed"]


def test_file_at_the_place_of_a_directory(ensure, place):
    put(place / "data")
    result = ensure()
    assert f"logstash_path_data is {place}/data: {place}/data is a regular file; expected a directory" in result["msg"]


# Where Logstash could not start.


def test_directory_above_that_lets_nobody_in(ensure, place):
    (place / "closed").mkdir(mode=0o700)
    result = ensure(directories=[{"path": str(place / "closed/data"), "holds": "data"}])
    assert result["failed"]
    assert f"{place}/closed does not let it in (chmod o+x" in result["msg"]


@pytest.fixture
def volume(place):
    """A small volume: volume(options) -> its path, or the test is skipped where nothing can be mounted."""
    mounted = []

    def mount(options):
        path = place / "volume"
        path.mkdir()
        ended = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", path], check=False, capture_output=True)
        if ended.returncode:
            pytest.skip("no volume can be mounted here")
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", path], check=True)


def test_volume_that_is_mounted_read_only(ensure, volume):
    path = volume("size=1m,ro")
    result = ensure(directories=[{"path": f"{path}/data", "holds": "data", "variable": "logstash_path_data"}])
    assert (
        f"logstash_path_data is {path}/data, but it can't be prepared: its file system is mounted read-only"
        in (result["msg"])
    )
    assert "Mount it read-write" in result["msg"]


def test_volume_that_became_read_only_later(ensure, volume):
    path = volume("size=1m")
    directories = [{"path": f"{path}/data", "holds": "data"}]
    ensure(directories=directories)
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    assert "its file system is mounted read-only" in ensure(directories=directories)["msg"]


def test_what_every_new_volume_has_is_no_news(ensure, volume):
    path = volume("size=1m")
    (path / "lost+found").mkdir(mode=0o700)
    assert ensure(directories=[{"path": str(path), "holds": "data"}])["foreign"] == []


def test_unknown_user_is_an_error_but_not_before_the_first_installation(ensure):
    assert "no-such-user" in ensure(user="no-such-user")["msg"]
    assert ensure(user="no-such-user", check=True)["changed"]
