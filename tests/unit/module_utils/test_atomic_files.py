"""Files and directories that appear as a whole or not at all."""

import os
import re
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils import atomic_files


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "file"
    file.write_text("old")
    return file


def test_file_is_replaced_with_the_mode_that_it_is_to_have_whatever_the_umask(file):
    umask = os.umask(0o077)
    try:
        atomic_files.write(file, "neu \u00e9", 0o644)
    finally:
        os.umask(umask)
    assert (file.read_bytes(), mode(file)) == ("neu \u00e9".encode(), 0o644)


def test_file_is_closed_to_others_unless_a_mode_is_given(tmp_path):
    atomic_files.write(tmp_path / "one", b"1")
    atomic_files.create(tmp_path / "two", b"2")
    assert {mode(tmp_path / name) for name in ("one", "two")} == {0o600}


def test_content_is_on_the_disk_before_it_has_the_name(file, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append((os.fstat(descriptor).st_size, file.read_text())))
    atomic_files.write(file, "longer")
    assert seen == [(6, "old")]


def test_file_that_is_there_is_not_created(file):
    with pytest.raises(FileExistsError, match=re.escape(f"'{file}'")):
        atomic_files.create(file, "new")
    assert file.read_text() == "old"


def test_an_error_names_the_whole_path(file):
    with pytest.raises(FileNotFoundError, match=re.escape(f"'{file}.part' -> '{file}'")), atomic_files.replacing(file):
        pass  # nothing is made that could take the place


def test_an_error_of_the_body_with_another_path_stays_as_it_is(file):
    with pytest.raises(FileNotFoundError, match="'/nowhere/else'"), atomic_files.replacing(file):
        os.stat("/nowhere/else")


def test_link_in_the_place_of_the_file_is_replaced_and_not_followed(file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file)
    atomic_files.write(link, "new")
    assert (link.is_symlink(), link.read_text(), file.read_text()) == (False, "new", "old")


def test_link_in_a_folder_above_is_followed(file, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "way").symlink_to("folder")
    atomic_files.write(tmp_path / "way/new", "new")
    assert (tmp_path / "folder/new").read_text() == "new"


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_what_a_killed_run_left_is_removed_and_not_followed(file, tmp_path, kind):
    left, other = tmp_path / "file.part", tmp_path / "other"
    other.write_text("other")
    if kind == "file":
        left.write_text("half")
    elif kind == "link":
        left.symlink_to(other)
    else:
        (left / "inside").mkdir(parents=True)
    atomic_files.write(file, "new")
    assert (file.read_text(), other.read_text()) == ("new", "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]


@pytest.mark.parametrize("shared", [False, True])
def test_nothing_is_left_or_changed_if_the_body_raises(file, tmp_path, shared):
    with pytest.raises(ZeroDivisionError), atomic_files.replacing(file, shared) as (folder, part):  # noqa: PT012
        folder.write_new(part, b"half")
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_two_that_write_a_shared_file_do_not_meet(file, tmp_path):
    with atomic_files.replacing(file, shared=True) as (folder, part):
        folder.write_new(part, b"first")
        atomic_files.write(file, "second", shared=True)
        assert file.read_text() == "second"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "first")]


def test_link_is_made_and_moved_to_another_target(tmp_path):
    for target in ("releases/one", "releases/two"):
        atomic_files.link(tmp_path / "current", target)
        assert os.readlink(tmp_path / "current") == target
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_directory_takes_the_place_of_another_with_all_that_was_in_it(tmp_path):
    (tmp_path / "set/old").mkdir(parents=True)
    (tmp_path / "set.part/half").mkdir(parents=True)
    with atomic_files.new_directory(tmp_path / "set", 0o700) as part:
        (part / "new").write_text("new")
        assert (tmp_path / "set/old").is_dir()
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["new"]
    assert ([path.name for path in tmp_path.iterdir()], mode(tmp_path / "set")) == (["set"], 0o700)


def test_directory_stays_as_it_is_if_the_body_raises(tmp_path):
    (tmp_path / "set/old").mkdir(parents=True)
    with pytest.raises(ZeroDivisionError), atomic_files.new_directory(tmp_path / "set"):
        raise ZeroDivisionError
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["set", "set/old"]
