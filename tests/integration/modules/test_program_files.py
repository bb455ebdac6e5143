"""program_files in real ansible-playbook runs: what differs is copied as one archive, and nothing else is touched."""

from __future__ import annotations

import pytest
from playbook_project import Project


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.write("one/first.py", "first")
    project.write("second", bytes(range(256)) * 1000)
    (tmp_path / "two").mkdir()
    (tmp_path / "two/second.whl").symlink_to("../second")
    (tmp_path / "dest").mkdir()
    return project


def task(project, files=("one/first.py", "two/second.whl"), dest="dest", **keywords):
    """The task that copies the files."""
    paths = [str(project.path / name) for name in files]
    return {"elk.deploy.program_files": {"files": paths, "dest": str(project.path / dest)}, **keywords}


def changes(run):
    """How many tasks have changed something; all have to have ended well."""
    assert run.returncode == 0, run.stdout + run.stderr
    return int(run.stdout.partition("changed=")[2].split()[0])


def test_files_are_copied_once_and_check_mode_says_so_before(project):
    dest = project.path / "dest"
    said = project.play(task(project), task(project, dest="missing"), options=("--check", "--diff"))
    assert changes(said) == 2
    assert "+first.py" in said.stdout
    assert list(dest.iterdir()) == []
    assert changes(project.play(task(project), task(project))) == 1
    assert (dest / "first.py").read_text() == "first"
    assert (dest / "second.whl").read_bytes() == bytes(range(256)) * 1000
    assert not any(path.is_symlink() for path in dest.iterdir())
    assert {path.stat().st_mode & 0o7777 for path in dest.iterdir()} == {0o644}
    assert changes(project.play(task(project), options=("--check",))) == 0


def test_only_what_differs_is_written_and_other_files_stay(project):
    dest = project.path / "dest"
    for name in ("content", "mode", "link", "same"):
        project.write(f"from/{name}", name)
        project.write(f"dest/{name}", name).chmod(0o644)
    (dest / "other").write_text("other")
    (dest / "content").write_text("forged")
    (dest / "mode").chmod(0o666)
    (dest / "link").rename(project.path / "elsewhere")
    (dest / "link").symlink_to(project.path / "elsewhere")
    same = (dest / "same").stat().st_ino
    said = project.play(
        task(project, files=[f"from/{name}" for name in ("content", "mode", "link", "same")]), options=("--diff",)
    )
    assert changes(said) == 1
    assert [line for line in said.stdout.splitlines() if line.startswith("+") and not line.startswith("+++")] == [
        "+content",
        "+link",
        "+mode",
    ]
    assert (dest / "content").read_text() == "content"
    assert (dest / "mode").stat().st_mode & 0o7777 == 0o644
    assert not (dest / "link").is_symlink()
    assert (dest / "same").stat().st_ino == same
    assert (dest / "other").read_text() == "other"


def test_what_cannot_be_copied_is_said(project):
    said = project.play(
        task(project, dest="missing", ignore_errors=True),
        task(project, files=["one/first.py", "two/first.py"], ignore_errors=True),
        task(project, files=[], ignore_errors=True),
        task(project, files=["one/none.py"], ignore_errors=True),
    ).stdout
    missing, same_name, nothing, not_there = said.split("TASK [")[1:]
    for one in (missing, same_name, nothing, not_there):
        assert "[program_files_not_copied]" in one
    assert str(project.path / "missing") in missing
    assert "files has 2 paths with 1 names" in same_name
    assert "files has 0 paths with 0 names" in nothing
    assert "one/none.py" in not_there
