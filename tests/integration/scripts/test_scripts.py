"""The set-up scripts say what to install where they cannot do it themselves, and do nothing twice."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(open_path):
    """A copy of the scripts in a folder that every user may read."""
    shutil.copytree(ROOT / "scripts", open_path / "scripts")
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, open_path)
    return open_path


def run(checkout, *command, path=None, **options):
    environment = {
        "PATH": path or os.environ["PATH"],
        "HOME": str(checkout),
        "DOCKER_HOST": "unix:///nowhere/docker.sock",
    }
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, **options
    )


@pytest.fixture
def bare_path(tmp_path):
    """A PATH with the basic tools, and neither apt nor Docker nor Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "cat", "dirname", "env", "id", "sed", "sha256sum", "basename", "mkdir", "awk", "seq", "sleep"):
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


def test_machine_without_apt_is_told_what_to_install(checkout, bare_path):
    ended = run(checkout, checkout / "scripts/engine.sh", "start", "x", path=bare_path)
    assert ended.returncode != 0
    assert "Docker Engine" in ended.stderr
    assert "apt-get install docker.io iptables" in ended.stderr
    assert not (checkout / "build").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_user_who_is_not_root_is_told_what_to_do(checkout):
    ended = run(checkout, checkout / "scripts/engine.sh", "start", "x", user="nobody", group="nogroup", extra_groups=[])
    assert ended.returncode != 0
    assert "No Docker Engine answers" in ended.stderr
    assert "Docker Engine" in ended.stderr
    assert "run this again" in ended.stderr


def test_python_that_does_not_fit_is_named_with_the_versions_that_do(checkout, bare_path):
    script = (checkout / "scripts/setup.sh").read_text().replace("/usr/bin/python3", "/nowhere/python3")
    (checkout / "scripts/setup.sh").write_text(script)
    ended = run(checkout, checkout / "scripts/setup.sh", path=bare_path)
    assert ended.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13 was found" in ended.stderr


@pytest.fixture
def made_from(checkout):
    """Makes .venv of the checkout look as if it had been made from a list of requirements."""

    def make(requirements):
        folder = checkout / ".venv"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "bin/python").unlink(missing_ok=True)
        (folder / "bin/python").symlink_to(sys.executable)
        digest = hashlib.sha256((checkout / requirements).read_bytes()).hexdigest()
        (folder / ".stamp").write_text(f"Python {platform.python_version()}\n{digest}  {requirements}\n")

    return make


@pytest.fixture
def python(checkout):
    """The path of a Python that has what setup.sh asks for, and fails when it is to make a virtual environment."""
    path = checkout / "python"
    path.write_text(
        f"""#!/bin/sh
case "$*" in "-m venv "*) echo would install >&2; exit 7;; *) exec {sys.executable} "$@";; esac
"""
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("made", "wanted", "is_up_to_date"),
    [
        ("requirements.txt", [], True),
        ("requirements.txt", ["dev"], False),
        ("requirements-dev.txt", ["dev"], True),
        ("requirements-dev.txt", [], True),  # a deployment takes nothing away from somebody who develops
    ],
)
def test_setup_installs_what_the_target_needs(checkout, made_from, python, made, wanted, is_up_to_date):  # noqa: PLR0913, PLR0917 - a table
    made_from(made)
    ended = run(checkout, "env", f"PYTHON={python}", checkout / "scripts/setup.sh", *wanted)
    if is_up_to_date:
        assert ended.returncode == 0, ended.stderr
        assert "up to date" in ended.stdout
    else:
        assert "requirements-dev.txt" in ended.stdout
        assert ended.returncode != 0
        assert "would install" in ended.stderr


@pytest.mark.parametrize("up_to_date", [True, False])
def test_a_linked_environment_is_used_and_never_emptied(checkout, made_from, python, tmp_path, up_to_date):
    elsewhere = tmp_path / "elsewhere"
    made_from("requirements-dev.txt" if up_to_date else "requirements.txt")
    (checkout / ".venv").rename(elsewhere)
    (checkout / ".venv").symlink_to(elsewhere)
    ended = run(checkout, "env", f"PYTHON={python}", checkout / "scripts/setup.sh", "dev")
    if up_to_date:
        assert ended.returncode == 0, ended.stderr
    else:
        assert ended.returncode == 1
        assert f".venv is a link to {elsewhere}" in ended.stderr
        assert "requirements-dev.txt" in ended.stderr
        assert "rm .venv" in ended.stderr
        assert "would install" not in ended.stderr


def test_only_targets_for_developing_install_the_tools_for_it():
    calls = {}
    for path in (ROOT / "Makefile", *sorted((ROOT / "scripts").glob("*.sh"))):
        for line in path.read_text().splitlines():
            if found := re.search(r"^\t?@?\s*scripts/setup\.sh( dev)?(?= &&| \|\||$)", line):
                calls.setdefault(bool(found[1]), set()).add(path.name)
    assert calls == {
        True: {"Makefile", "test.sh"},
        False: {
            *("Makefile", "alarms.sh", "bake.sh", "bake_local.sh", "deploy.sh", "destroy.sh", "plan.sh"),
            *("requirements.sh", "upgrade_local.sh"),
        },
    }


def test_setup_names_what_it_can_be_called_with(checkout):
    ended = run(checkout, checkout / "scripts/setup.sh", "tests")
    assert ended.returncode != 0
    assert "scripts/setup.sh [dev]" in ended.stderr


def test_stop_ends_nothing_that_was_not_started_here(checkout):
    state = checkout / "build/engine"
    state.mkdir(parents=True)
    (state / "started").write_text(f"{os.getpid()} 1 x\n")
    ended = run(checkout, checkout / "scripts/engine.sh", "stop", "x")
    assert ended.returncode == 0
    assert not (state / "started").exists()


def test_engine_of_another_owner_is_left_on(checkout):
    state = checkout / "build/engine"
    state.mkdir(parents=True)
    started = Path(f"/proc/{os.getpid()}/stat").read_text().split()[21]
    (state / "started").write_text(f"{os.getpid()} {started} somebody-else\n")
    assert run(checkout, checkout / "scripts/engine.sh", "stop", "x").returncode == 0
    assert (state / "started").exists()
