"""Packed modules with compiled code: what Ansible packed is all there, and a host of any Python takes what it can."""

import base64
import io
import subprocess
import sys
import zipfile

import pytest
from ansible_callbacks import module_cache

SOURCE = b"VALUE = 'of the source'\n"


@pytest.fixture
def archive(tmp_path):
    """archive({name: content}) -> the path of a zip file with compiled code."""

    def write(files):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as target:
            for name, content in files.items():
                target.writestr(name, content)
        path = tmp_path / "packed.zip"
        path.write_bytes(base64.b64decode(module_cache.with_compiled_code(base64.b64encode(packed.getvalue()))))
        return path

    return write


def value(path):
    """What a Python that imports from the zip file finds, and in which file."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import one; print(one.VALUE, one.__file__)"
    return subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    ).stdout.rsplit(maxsplit=1)


def test_everything_that_was_packed_is_there_and_compiled_code_beside_it(archive):
    files = {"one.py": SOURCE, "package/__init__.py": b"", "package/data.json": b"{}"}
    with zipfile.ZipFile(archive(files)) as found:
        assert {name: found.read(name) for name in files} == files
        assert set(found.namelist()) - set(files) == {"one.pyc", "package/__init__.pyc"}


def test_compiled_code_is_what_is_imported(archive):
    path = archive({"one.py": SOURCE})
    assert value(path) == ["of the source", f"{path}/one.pyc"]


def test_another_python_takes_the_source(archive, monkeypatch):
    monkeypatch.setattr(module_cache._bootstrap_external, "MAGIC_NUMBER", b"\0\0\r\n")
    path = archive({"one.py": SOURCE})
    assert value(path) == ["of the source", f"{path}/one.py"]
