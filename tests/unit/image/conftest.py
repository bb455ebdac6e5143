"""What the tests of images share: a root of a file system with what a machine and a bake leave."""

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image.leftovers import Place
from ansible_collections.elk.deploy.plugins.module_utils.image.machine import Machine


@pytest.fixture
def machine():
    return Machine(("ip-10-0-3-7",), ("0a:1b:2c:3d:4e:5f", "10.0.3.7", "2001:db8::7"))


@pytest.fixture
def place(tmp_path, machine):
    return Place(tmp_path, machine=machine)


@pytest.fixture
def put(tmp_path):
    """put(path, text=...) -> the file below the root."""

    def write(path: str, text: str | bytes = "left") -> Path:
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write
