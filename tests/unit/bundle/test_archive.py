"""The same members give the same bytes, wherever they lie, whenever they were written, in whatever order they come."""

import gzip
import hashlib
import io
import os
import tarfile

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import BundleError
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle import archive
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle.members import Member
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.lists(
    st.text("abcä-._ ", min_size=1, max_size=8).filter(lambda name: set(name) > {"."}), min_size=1, max_size=3
)
FILES = st.dictionaries(NAMES.map("/".join), st.binary(max_size=64), max_size=6).filter(
    # Nothing is a file and a directory.
    lambda files: not any(other.startswith(f"{name}/") for name in files for other in files)
)


def opened(content):
    return tarfile.open(fileobj=io.BytesIO(content), mode="r:gz")


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter_and_nothing_is_lost(files, random):
    members = [Member(name, content=content) for name, content in files.items()]
    shuffled = random.sample(members, len(members))

    packed = archive.write(members)

    assert archive.write(shuffled) == packed
    with opened(packed) as tar:
        assert {one.name: tar.extractfile(one).read() for one in tar if one.isreg()} == files


@given(FILES.filter(bool), st.data())
def test_any_other_byte_is_another_archive(files, data):
    name = data.draw(st.sampled_from(sorted(files)))
    other = {**files, name: files[name] + b"x"}

    first, second = (
        archive.write([Member(one, content=text) for one, text in each.items()]) for each in (files, other)
    )

    assert hashlib.sha256(first).digest() != hashlib.sha256(second).digest()


def test_time_owner_and_mask_of_the_files_do_not_matter(tmp_path):
    packed = []
    for folder, mode, time in (("one", 0o600, 1_000_000_000), ("two", 0o664, 1_700_000_000)):
        path = tmp_path / folder / "all.yml"
        path.parent.mkdir()
        path.write_text("a: 1\n")
        path.chmod(mode)
        os.utime(path, (time, time))
        packed.append(archive.write([Member("inventories/all.yml", source=path), Member("link", link="inventories")]))

    assert packed[0] == packed[1]
    with opened(packed[0]) as tar:
        entries = {one.name: one for one in tar}
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in entries.values()} == {
        (0, 0, 0, "root", "root")
    }
    assert entries["inventories"].isdir()
    assert (entries["inventories/all.yml"].mode, entries["link"].linkname) == (0o644, "inventories")
    # Neither a time nor a name in the header of gzip.
    assert packed[0][3:8] == b"\0\0\0\0\0"


def test_a_program_stays_one(tmp_path):
    path = tmp_path / "program"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)

    with opened(archive.write([Member("program", source=path)])) as tar:
        assert tar.getmember("program").mode == 0o755


def test_a_name_that_is_there_twice_is_refused():
    with pytest.raises(BundleError, match="wheels/a would be in the bundle twice"):
        archive.write([Member("wheels/a", content=b"1"), Member("wheels/a", content=b"2")])


def test_it_is_an_ordinary_tar_gz():
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.write([Member("a", content=b"b")])))) as tar:
        assert tar.getnames() == ["a"]
