"""Files on the disk: what nobody edited is replaced, everything else is kept until somebody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.errors import ImportFailed
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.output import (
    is_untouched,
    plan,
    sealed,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW = sealed("# import checksum\nold\n"), sealed("# import checksum\nnew\n")


def put(folder: Path, files: dict[str, str], overwrite: bool = False) -> list[str]:
    changes = plan(str(folder), files, overwrite)
    write(changes)
    return [os.path.basename(change.path) for change in changes if change.differs]


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_checksum_tells_edits(head: str, tail: str) -> None:
    text = sealed(f"{head}\n# import checksum\n{tail}")
    assert is_untouched(text)
    assert not is_untouched(text + "x")
    assert not is_untouched("x" + text)
    assert not is_untouched(f"{head}\n{tail}")


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert put(folder, {"x.yml": OLD, "y.md": NEW}) == ["x.yml", "y.md"]
    assert put(folder, {"x.yml": OLD, "y.md": NEW}) == []
    assert sorted(path.name for path in folder.iterdir()) == ["x.yml", "y.md"]
    assert (folder / "x.yml").read_bytes() == OLD.encode()


def test_a_newer_export_replaces_what_nobody_edited(tmp_path: Path) -> None:
    put(tmp_path, {"x.yml": OLD, "y.yml": OLD})
    (tmp_path / "x.yml").chmod(0o640)
    assert put(tmp_path, {"x.yml": NEW, "y.yml": OLD}) == ["x.yml"]
    assert (tmp_path / "x.yml").read_text() == NEW
    assert (tmp_path / "x.yml").stat().st_mode & 0o777 == 0o640


def test_new_files_have_the_mode_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    put(tmp_path, {"x.yml": NEW})
    assert (tmp_path / "x.yml").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_edited_and_foreign_files_are_kept_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "edited.yml").write_text(OLD + "mine\n")
    (tmp_path / "foreign.yml").write_text("mine\n")
    files = {"new.yml": NEW, "edited.yml": NEW, "foreign.yml": NEW}
    with pytest.raises(ImportFailed) as raised:
        put(tmp_path, files)
    for text in ("edited.yml", "foreign.yml", "-e overwrite=true", "Nothing was written"):
        assert text in str(raised.value)
    assert not (tmp_path / "new.yml").exists()
    assert put(tmp_path, files, overwrite=True) == ["new.yml", "edited.yml", "foreign.yml"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {NEW}


def test_an_edit_that_is_the_same_as_the_export_is_no_conflict(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("the same\n")
    assert put(tmp_path, {"x.yml": "the same\n"}) == []


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "binary.yml").write_bytes(b"\xff")
    (tmp_path / "lost.yml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ImportFailed, match="this is no folder; name another one with -e to=DIR"):
        put(tmp_path / "file", {"x.yml": NEW})
    with pytest.raises(ImportFailed) as raised:
        put(tmp_path, {"folder.yml": NEW, "binary.yml": NEW, "lost.yml": NEW, "x.yml": NEW})
    lines = str(raised.value).splitlines()
    assert "folder.yml: cannot read what is there: Is a directory" in lines[0]
    assert "binary.yml: cannot read what is there: it is no text" in lines[1]
    assert "lost.yml: cannot read what is there: No such file" in lines[2]
    assert not (tmp_path / "x.yml").exists()


def test_a_failure_leaves_neither_half_files_nor_temporary_ones(tmp_path: Path) -> None:
    changes = plan(str(tmp_path), {"a.yml": NEW, "b.yml": NEW}, False)
    (tmp_path / "b.yml").mkdir()
    (tmp_path / "b.yml" / "x").write_text("")
    with pytest.raises(ImportFailed, match=r"b.yml: cannot write this file"):
        write(changes)
    assert [path.name for path in tmp_path.iterdir()] == ["b.yml"]
