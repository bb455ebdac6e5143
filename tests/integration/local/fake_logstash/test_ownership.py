"""The ownership table: what is not writable or readable, and what the program says and does about it."""

import os

import pytest

SOURCE = 'input {{ tcp {{ host => "127.0.0.1" port => {port} }} }} output {{ stdout {{}} }}'


@pytest.fixture
def owned(node, as_other_user, port):
    """A node whose directories belong to the other user, after one test run of that user."""
    node.root.chmod(0o777)
    node.pipeline("p1", SOURCE.format(port=port))
    assert node.test(user=as_other_user).returncode == 0
    return node


@pytest.mark.parametrize("name", ["", "queue", "dead_letter_queue"])
def test_a_directory_that_is_not_writable_stops_it_even_with_a_memory_queue(owned, as_other_user, name):
    os.chown(owned.data / name, 0, 0)
    done = owned.run(user=as_other_user)
    path = os.path.join(owned.data, name).rstrip("/")
    reason = f'Your settings are invalid. Reason: Path "{path}" must be a writable directory. It is not writable.'
    assert done.returncode == 1
    assert reason in done.stderr
    assert reason not in done.stdout
    assert reason not in owned.log()
    last = owned.log().splitlines()[-2]
    assert "[FATAL][org.logstash.Logstash    ] Logstash stopped processing because of an error: (SystemExit)" in last


def test_a_missing_path_data_below_a_parent_that_is_not_writable(node, as_other_user):
    node.settings["path.data"] = str(node.root / "closed/data")
    (node.root / "closed").mkdir()
    done = node.test(user=as_other_user)
    assert done.returncode == 1
    message = f'Path "{node.root}/closed/data" does not exist, and I failed trying to create it: Errno::EACCES'
    assert message in done.stdout + done.stderr


def test_one_queue_that_is_not_writable_leaves_the_other_pipelines_running(owned, as_other_user):
    owned.settings["queue.type"] = "persisted"
    owned.pipeline("p2", "input { heartbeat {} } output { stdout {} }")
    assert owned.test(user=as_other_user).returncode == 0
    for path in [owned.data / "queue/p1", *(owned.data / "queue/p1").iterdir()]:
        os.chown(path, 0, 0)
    process = owned.start(until='Pipeline started {"pipeline.id"=>"p2"}', user=as_other_user)
    assert "Logstash failed to create queue." in owned.output()
    assert "Failed to execute action" in owned.output()
    assert f"AccessDeniedException: {owned.data}/queue/p1/.lock" in owned.output()
    assert "Pipelines running" not in owned.output()
    assert list(owned.get("/_node/pipelines")[1]["pipelines"]) == ["p2"]
    assert owned.stop(process) == 0


def test_it_exits_1_when_the_queues_of_all_pipelines_are_not_writable(owned, as_other_user):
    owned.settings["queue.type"] = "persisted"
    (owned.data / "queue/p1").mkdir(exist_ok=True)
    done = owned.run(user=as_other_user)
    assert done.returncode == 1
    assert "Failed to execute action" in done.stdout


def test_a_lock_of_path_data_that_is_roots(owned, as_other_user):
    (owned.data / ".lock").touch(mode=0o644)
    done = owned.run(user=as_other_user)
    assert done.returncode == 1
    assert f"AccessDeniedException: {owned.data}/.lock" in done.stdout


@pytest.mark.parametrize(("mode", "warned"), [(0o644, False), (0o600, True)])
def test_a_uuid_of_root_is_harmless_or_a_warning(owned, as_other_user, mode, warned):
    (owned.data / "uuid").write_text("3d1f0a52-52ac-4a5b-9f0e-1c8f39ae0b5a")
    (owned.data / "uuid").chmod(mode)
    process = owned.start(user=as_other_user)
    assert ("[WARN ][logstash.agent           ] Could not open persistent UUID file!" in owned.output()) is warned
    assert (owned.get("/")[1]["id"] == "3d1f0a52-52ac-4a5b-9f0e-1c8f39ae0b5a") is not warned
    assert owned.stop(process) == 0


@pytest.mark.parametrize("what", ["file", "directory"])
def test_it_runs_on_without_file_logs(owned, as_other_user, what):
    before = owned.log()
    if what == "file":
        os.chown(owned.logs / "logstash-plain.log", 0, 0)
    else:
        for path in owned.logs.iterdir():
            path.unlink()
        os.chown(owned.logs, 0, 0)
    process = owned.start(user=as_other_user)
    assert "RollingFileManager" in owned.output()
    assert "(Permission denied)" in owned.output()
    if what == "file":
        assert owned.log() == before
    assert owned.stop(process) == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("settings/logstash.yml", 'Failed to load settings file from "path.settings"'),
        ("settings/pipelines.yml", "Failed to read pipelines yaml file"),
        ("p1.conf", "Could not fetch all the sources"),
    ],
)
def test_a_file_that_is_not_readable_exits_1(owned, as_other_user, name, message):
    (owned.root / name).chmod(0o600)
    done = owned.run(user=as_other_user, write=False)
    assert done.returncode == 1
    assert message in done.stdout + done.stderr


def test_the_files_of_a_run_with_two_pipelines(node, port, eventually):
    node.settings["dead_letter_queue.enable"] = True
    node.pipeline("ingest", SOURCE.format(port=port), queue__type="persisted")
    node.pipeline("sink", "input { heartbeat {} } output { stdout {} }")
    old = os.umask(0o022)
    try:
        node.start()
    finally:
        os.umask(old)
    found = sorted(str(path.relative_to(node.data)) for path in node.data.rglob("*"))
    assert found == [
        ".lock",
        "dead_letter_queue",
        "dead_letter_queue/ingest",
        "dead_letter_queue/ingest/.lock",
        "dead_letter_queue/ingest/1.log.tmp",
        "dead_letter_queue/sink",
        "dead_letter_queue/sink/.lock",
        "dead_letter_queue/sink/1.log.tmp",
        "queue",
        "queue/ingest",
        "queue/ingest/.lock",
        "queue/ingest/.queue-version",
        "queue/ingest/checkpoint.head",
        "queue/ingest/page.0",
        "uuid",
    ]
    for path in node.data.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
