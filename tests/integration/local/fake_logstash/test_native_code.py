"""From 6.0 on, all programs need a temporary directory that native libraries can be loaded from."""

import os
import signal
import subprocess

import pytest
from noexec import mounted

REASON = "Could not load FFI Provider: (NotImplementedError) FFI not available: null"
OPTION = "-Djava.io.tmpdir="


@pytest.fixture
def noexec(tmp_path):
    with mounted(tmp_path / "noexec") as path:
        yield path


def programs(node):
    node.write()
    settings = ["--path.settings", node.settings_path]
    return [
        [node.home / "bin/logstash", *settings, "-t"],
        [node.home / "bin/logstash", *settings],
        [node.home / "bin/logstash-plugin", "list"],
        [node.home / "bin/logstash-keystore", *settings, "list"],
    ]


def ended(command, options, directory="/proc"):
    """What a program says in a working directory; in /proc, nobody can unpack anything."""
    environment = {"PATH": os.environ["PATH"], "LS_JAVA_OPTS": options}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=directory, timeout=60
    )


def test_no_program_starts_with_one_that_cannot_execute(make_node, noexec):
    node = make_node("9.5.2")
    # Root is refused before.
    node.settings["allow_superuser"] = True
    for command in programs(node):
        done = ended(command, f"-Xmx1g {OPTION}/srv {OPTION}{noexec}")
        assert done.returncode == 1
        assert REASON in done.stdout + done.stderr
    assert list(noexec.iterdir()) == []


def test_a_directory_that_is_not_there_is_none_either(make_node, tmp_path):
    for command in programs(make_node("8.5.3")):
        assert REASON in (done := ended(command, f"{OPTION}{tmp_path}/nothing")).stdout + done.stderr


def test_the_log_is_as_recorded(make_node, noexec):
    node = make_node("8.5.3")
    node.settings["allow_superuser"] = True
    done = ended(programs(node)[0], f"{OPTION}{noexec}")
    recorded = (
        "[FATAL][org.logstash.Logstash    ] Logstash stopped processing because of an error: (LoadError) " + REASON
    )
    assert done.stdout.rstrip().endswith(recorded)
    assert node.log().rstrip().endswith(recorded)
    assert "Starting Logstash" in done.stdout


def test_the_last_option_counts(make_node, noexec, tmp_path):
    node = make_node("8.5.3")
    node.pipeline("main", "input { stdin { } } output { null { } }")
    for command in programs(node)[:3:2]:
        assert REASON not in ended(command, f"{OPTION}{noexec} {OPTION}{tmp_path}").stdout
    assert list(tmp_path.glob("jffi*")) == []


def test_jruby_1_7_does_without(make_node, noexec):
    node = make_node("5.4.1")
    done = ended([node.home / "bin/logstash-plugin", "list"], f"{OPTION}{noexec}")
    assert done.returncode == 0


def test_a_working_directory_that_can_execute_is_taken_instead(make_node, noexec, tmp_path):
    """So a program that was tried in another directory than the service's proves nothing."""
    node = make_node("8.5.3")
    node.pipeline("main", "input { stdin { } } output { null { } }")
    for command in programs(node)[:3:2]:
        assert REASON not in ended(command, f"{OPTION}{noexec}", tmp_path).stdout
        assert REASON in (done := ended(command, f"{OPTION}{noexec}", noexec)).stdout + done.stderr
    assert list(tmp_path.glob("jffi*")) == list(noexec.iterdir()) == []


def test_the_directories_are_made_before(make_node, noexec):
    node = make_node("8.5.3")
    ended(programs(node)[0], f"{OPTION}{noexec}")
    assert "Creating directory" in node.log().partition("FFI not available")[0]


def test_nothing_that_was_unpacked_stays(node, tmp_path):
    node.environment["LS_JAVA_OPTS"] = f"{OPTION}{tmp_path}"
    node.pipeline("main", "input { heartbeat { } } output { null { } }")
    process = node.start()
    assert list(tmp_path.glob("jffi*")) == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob("jffi*")) == []
