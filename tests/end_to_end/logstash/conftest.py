"""A host of its own for each file of tests, and the collection as a team would install it."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import systemd_host

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def container():
    """The name of a running container with systemd."""
    name = f"{os.environ.get('ELK_TEST_ID', 'elk-integration')}-{secrets.token_hex(3)}"
    with systemd_host.running(name):
        yield name


@pytest.fixture(scope="module")
def ansible(tmp_path_factory):
    """ansible(program, *words, cwd) -> the ended process, with no collection but what is in the given path."""
    home = tmp_path_factory.mktemp("ansible")

    def run(program, *words, cwd, collections):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment = {
            **kept,
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",  # quicker
            "COLUMNS": "500",
        }
        return subprocess.run(
            [BIN / program, *map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )

    return run
