"""From a path to texts, and what is refused on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer import sources
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.errors import ImportFailed
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.sources import read_sources

JSON = '{"Variables": []}'


def texts(path: Path) -> dict[str, tuple[str, bool]]:
    return {one.label: (one.text, one.ocl) for one in read_sources(str(path))[0]}


@pytest.mark.parametrize(
    "content",
    [
        JSON.encode(),
        b"\xef\xbb\xbf" + JSON.encode(),
        b"\xff\xfe" + JSON.encode("utf-16-le"),
        b"\xfe\xff" + JSON.encode("utf-16-be"),
    ],
    ids=["UTF-8", "with a mark", "as PowerShell writes it", "UTF-16, big end first"],
)
def test_encodings(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert texts(tmp_path / "a.json") == {"a.json": (JSON, False)}


def test_the_ending_tells_the_language_and_without_one_the_first_sign(tmp_path: Path) -> None:
    for name, text, ocl in (("a.OCL", "{", True), ("a.json", "x", False), ("a.txt", f" \n{JSON}", False)):
        (tmp_path / name).write_text(text)
        assert texts(tmp_path / name) == {name: (text, ocl)}


def test_a_folder_gives_its_json_files_in_order(tmp_path: Path) -> None:
    for name in ("b.json", "a/c.JSON", "a/d.txt", ".git/e.json", "a/variables.ocl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(JSON)
    found, passed = read_sources(str(tmp_path))
    assert [one.label for one in found] == ["b.json", "a/c.JSON"]
    assert passed == ("a/variables.ocl",)


def test_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'"\xe9"')
    (tmp_path / "nul.json").write_bytes(b'{}\n"\0"')
    (tmp_path / "prose.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "variables.ocl").write_text("")
    for path, message in (
        ("none", "none: there is no such file or folder; expected the JSON of a variable set"),
        ("latin.json", "latin.json: byte 1 is not UTF-8; save the export as UTF-8"),
        ("nul.json", "nul.json:2: the file has a NUL character"),
        ("prose.txt", "prose.txt: this is neither JSON nor a file named *.ocl; expected"),
        ("empty", "empty: this folder has no JSON file; expected"),
        ("empty", "It has variables.ocl: name that file."),
        ("/dev/zero", "/dev/zero: this is no regular file"),
    ):
        with pytest.raises(ImportFailed) as raised:
            read_sources(str(tmp_path / path))
        assert message in str(raised.value)


def test_a_folder_that_cannot_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(sources.os, "scandir", refuse)
    with pytest.raises(ImportFailed, match="cannot look into this folder: Permission denied"):
        read_sources(str(tmp_path))


def test_all_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xe9")
    (tmp_path / "b.json").symlink_to("nowhere")
    (tmp_path / "c.json").write_text(JSON)
    with pytest.raises(ImportFailed) as raised:
        read_sources(str(tmp_path))
    assert [line.split(":")[0].rsplit("/")[-1] for line in str(raised.value).splitlines()] == ["a.json", "b.json"]


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST", 2**20)
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(" " * (2**20 - 1))
    with pytest.raises(ImportFailed, match="its JSON files are larger than 1 MiB together"):
        read_sources(str(tmp_path))
    (tmp_path / "a.json").write_text(" " * (2**20 + 1))
    with pytest.raises(ImportFailed, match=r"a.json: this file is larger than 1 MiB"):
        read_sources(str(tmp_path / "a.json"))
