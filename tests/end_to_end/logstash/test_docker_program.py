"""tests/support/programs/docker, with which scenarios run commands on their hosts, does what docker does."""

import os
import subprocess
from pathlib import Path

import pytest
import systemd_host

PROGRAM = Path(systemd_host.__file__).with_name("programs") / "docker"
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root enters a container's namespaces")


@pytest.fixture
def run(tmp_path):
    """run(program, word..., environment) -> the ended process, which had a line of input."""

    def ended(program, *words, **environment):
        environment = {**os.environ, "ELK_TEST_CONTAINERS": str(tmp_path), **environment}
        return subprocess.run(
            [program, *words], env=environment, input="a line\n", capture_output=True, text=True, check=False
        )

    return ended


@pytest.mark.parametrize("options", [(), ("-i",), ("-u", "root", "-i")], ids=" ".join)
def test_a_command_has_what_docker_gives_it(container, run, options):
    shown = "cat; env | sort; id; pwd; umask; hostname; readlink /proc/self/ns/net /proc/self/ns/pid; exit 7"
    by_docker, entered = (
        run(program, "exec", *options, container, "sh", "-c", shown, HOME="/nowhere") for program in ("docker", PROGRAM)
    )
    assert (entered.stdout, entered.returncode) == (by_docker.stdout, 7)
    assert ("a line" in entered.stdout) == ("-i" in options)


def test_the_engine_is_asked_for_a_container_once_and_again_after_a_restart(container, run):
    before = run(PROGRAM, "exec", container, "stat", "--format=%Z", "/proc/1")
    assert run(PROGRAM, "exec", container, "stat", "--format=%Z", "/proc/1", **NO_ENGINE).stdout == before.stdout
    systemd_host.docker("restart", "--time=0", container)
    assert run(PROGRAM, "exec", container, "true", **NO_ENGINE).returncode != 0
    after = run(PROGRAM, "exec", container, "stat", "--format=%Z", "/proc/1")
    assert after.returncode == 0
    assert after.stdout != before.stdout


@pytest.mark.parametrize("options", [("-u", "nobody"), ("--detach",), ("-e", "A=1")], ids=" ".join)
def test_what_has_other_options_is_dockers(container, run, options):
    assert run(PROGRAM, "exec", container, "id").returncode == 0
    assert run(PROGRAM, "exec", *options, container, "id").returncode == 0
    assert run(PROGRAM, "exec", *options, container, "id", **NO_ENGINE).returncode != 0


def test_a_process_that_is_not_the_containers_is_not_entered(container, run, tmp_path):
    """As the number that an engine on another machine gives would be."""
    engine = tmp_path / "engine/docker"
    engine.parent.mkdir()
    engine.write_text(f'#!/bin/sh\n[ "$1" = exec ] && echo by docker || echo {os.getpid()} {"0123456789abcdef" * 4}\n')
    engine.chmod(0o755)
    ended = run(PROGRAM, "exec", container, "true", PATH=f"{engine.parent}:{os.environ['PATH']}")
    assert ended.stdout == "by docker\n"


def test_a_container_that_is_not_there_is_dockers_error(run):
    ended = run(PROGRAM, "exec", "elk-test-nowhere", "true")
    assert ended.returncode != 0
    assert "No such container" in ended.stderr
