"""Globs, and what is in a directory, as tables that read like the rules.

Marks in the names: [S] read in the reference's source; rows without mark are choices of this project.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.files.file_tree import (
    Glob,
    GlobError,
    choose,
    walk,
)
from growth import assert_linear
from hypothesis import given
from hypothesis import strategies as st

GLOBS = [
    # rule, glob, paths that match, paths that do not
    ("[S] a name matches that file only", "web.config", ["web.config"], ["a/web.config", "web.configs", "xweb.config"]),
    ("[S] * stands within a name", "*.config", ["web.config", ".config"], ["a/web.config", "web.config.bak"]),
    ("[S] * may stand for nothing", "a*", ["a", "ab"], ["ba", "a/b"]),
    ("[S] * in a directory's name", "*/a.conf", ["x/a.conf"], ["a.conf", "x/y/a.conf"]),
    ("[S] **/ stands for any directories", "**/*.conf", ["a.conf", "x/a.conf", "x/y/a.conf"], ["a.conf/b"]),
    ("[S] **/ in the middle", "a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["b", "a/x/b/c", "ab"]),
    ("[S] paths match with regard to case", "A.conf", ["A.conf"], ["a.conf"]),
    ("** at the end: everything in it, and itself", "a/**", ["a/b", "a/b/c", "a"], ["b/a", "ab"]),
    ("** alone is everything", "**", ["a", "a/b", ".c"], []),
    ("? is one character", "a?c", ["abc", "a.c"], ["ac", "a/c", "abbc"]),
    ("hidden names are names", "**/*", [".git/config", ".env", "a/.b"], []),
    ("a leading ./ says nothing", "./a/*.conf", ["a/x.conf"], ["x.conf"]),
    ("two ** in a row are one", "**/**/a", ["a", "x/a", "x/y/a"], ["b"]),
    ("brackets are literal", "[ab].conf", ["[ab].conf"], ["a.conf"]),
    ("braces, plus signs and dots are literal", "{a,b}+.x", ["{a,b}+.x"], ["a.x", "{a,b}}.x", "{a,b}+x"]),
    ("** in a name is *", "a**c", ["ac", "abbc"], ["a/c"]),
]


@pytest.mark.parametrize(("glob", "matching", "others"), [row[1:] for row in GLOBS], ids=[row[0] for row in GLOBS])
def test_globs(glob: str, matching: list[str], others: list[str]) -> None:
    compiled = Glob(glob)
    assert [path for path in [*matching, *others] if compiled.matches(path)] == matching


@pytest.mark.parametrize("glob", ["", "/etc/*", "../*", "a/../../b"])
def test_a_glob_never_leads_out_of_the_directory(glob: str) -> None:
    with pytest.raises(GlobError, match="leads out of the directory; expected one such as"):
        Glob(glob)


@pytest.mark.parametrize("glob", ["/".join(["**", "*"] * 200), "*a" * 200, "**/" * 400 + "b", "?*" * 200])
def test_a_hostile_glob_takes_no_longer(glob: str) -> None:
    assert_linear(lambda size: Glob(glob).matches("/".join(["a" * 60] * size)), 15)
    assert_linear(lambda size: Glob(glob).matches("a" * size), 1000)


NAMES = st.text(alphabet="ab.[?*", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_every_path_matches_itself_with_stars_for_names(names: list[str]) -> None:
    path = "/".join(names)
    assert Glob("**/*").matches(path)
    assert Glob("**").matches(path)
    assert Glob("/".join("*" * len(names))).matches(path)
    assert not Glob("/".join("*" * (len(names) + 1))).matches(path)
    assert Glob(f"**/{names[-1]}").matches(path)


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            (root / path).mkdir()
        else:
            (root / path).write_text("")


def test_everything_is_found_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.conf", "a/x", "a/.hidden/y", ".env", "empty/")
    tree = walk(str(tmp_path))
    assert tree.files == [".env", "a/.hidden/y", "a/x", "b.conf"]
    assert tree.directories == ["a", "a/.hidden", "empty"]
    assert tree.faults == []


def test_what_is_excluded_is_not_entered(tmp_path: Path) -> None:
    make(tmp_path, "a/x", "a/x.bak", ".git/objects/o", "keep/.git", "gone/empty/", "y.bak")
    tree = walk(str(tmp_path), [Glob(".git/**"), Glob("**/*.bak"), Glob("gone")])
    assert tree.files == ["a/x", "keep/.git"]
    assert tree.directories == ["a", "keep"]


def test_links_are_followed_to_files_in_the_directory_only(tmp_path: Path) -> None:
    make(tmp_path, "outside", "elsewhere/file", "root/real", "root/sub/file", "rooted/file")
    root = tmp_path / "root"
    links = {
        "good": "real",
        "sub/good": "../real",
        "out": "../outside",
        "beside": "../rooted/file",
        "absolute": str(tmp_path / "outside"),
        "directory": "sub",
        "up": "..",
        "dangling": "none",
        "loop": "loop",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    tree = walk(str(root), [Glob("absolute")])
    assert tree.files == ["good", "real", "sub/file", "sub/good"]
    assert tree.directories == ["sub"]
    assert [fault.partition(":")[0] for fault in tree.faults] == [
        "beside",
        "dangling",
        "directory",
        "loop",
        "out",
        "up",
    ]
    assert "leads to no file in the directory; put the file here, or exclude it" in tree.faults[0]


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    make(tmp_path, "real/file")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/other").symlink_to("file")
    assert walk(str(tmp_path / "link")).files == ["file", "other"]


def test_what_is_no_file_is_a_fault(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert walk(str(tmp_path)).faults == ["pipe: neither a file nor a directory; exclude it"]
    assert walk(str(tmp_path), [Glob("pipe")]).faults == []


def test_a_name_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    """Ansible has no way to copy it."""
    (tmp_path / "ä").write_text("")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe4.conf")).write_text("")
    tree = walk(str(tmp_path))
    assert tree.files == ["ä"]
    assert tree.faults == ["'\\udce4.conf': this name is not UTF-8; rename or exclude it"]


def test_a_directory_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    assert walk(str(tmp_path / "none")).faults == [".: cannot read this directory: No such file or directory"]


def test_a_file_of_two_globs_is_chosen_once() -> None:
    chosen, unmatched = choose(["a.conf", "b.txt"], [Glob("*.conf"), Glob("a*"), Glob("*.xml")])
    assert chosen == {"a.conf"}
    assert unmatched == ["*.xml"]
