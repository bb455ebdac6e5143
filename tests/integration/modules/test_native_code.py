"""Java's temporary directory: what it needs, where the programs that root runs have it, and what is said about it."""

import os
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import explanations, native_code, stored_data
from ansible_collections.elk.deploy.plugins.modules import logstash_directories
from noexec import mounted

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")

USER = "nobody"


@pytest.fixture
def place(open_path):
    """A directory that every user may enter."""
    return open_path


@pytest.fixture
def noexec(place):
    with mounted(place / "noexec") as path:
        yield path


def look(path, **options):
    """What is wrong with the directory."""
    return native_code.temporary_directory_fault(str(path), "logstash_path_tmp", **options)


def test_directory_that_does(place):
    (place / "tmp").mkdir()
    os.chown(place / "tmp", 65534, 65534)
    before = os.stat(place / "tmp").st_mtime_ns
    assert look(place / "tmp", user=USER) == ""
    assert os.stat(place / "tmp").st_mtime_ns == before


@pytest.mark.parametrize("below", ["", "data/tmp"])
def test_mount_without_execution_is_seen_also_before_the_directory_is_there(noexec, below):
    message = look(noexec / below)
    assert f"logstash_path_tmp makes {noexec / below} the temporary directory of Java" in message
    assert f"the file system of {noexec} is mounted noexec" in message
    assert "FFI not available" in message
    assert "set logstash_path_tmp to a directory on another one" in message
    assert list(noexec.iterdir()) == []


def test_user_that_cannot_write(place):
    assert f"but user {USER} cannot write to it" in look(place, user=USER)


def test_user_that_is_still_to_come_is_not_tried(place):
    assert look(place, user="no-such-user") == ""
    assert look(place / "new", user=USER) == ""


def test_directory_that_somebody_else_should_have_made(place):
    assert "there is no such directory" in look(place / "new", required=True)


def test_directories_are_tried_when_they_are_made(run_module, noexec):
    directories = [{"path": f"{noexec}/own", "holds": "tmp", "variable": "logstash_path_tmp"}]
    result = run_module(logstash_directories, directories=directories, user=USER, group="nogroup")
    assert f"{noexec}/own: native libraries can't be loaded from it" in result["msg"]
    assert "mounted noexec (set logstash_path_tmp to another one)" in result["msg"]


def test_programs_of_root_have_one_that_is_roots_alone(tmp_path):
    left = tmp_path / "vendor/elk-deploy/tmp/jffi1.so"
    left.parent.mkdir(parents=True)
    left.touch()
    with native_code.own_directory(tmp_path) as variables:
        path = variables["TMPDIR"]
        assert variables["LS_JAVA_OPTS"] == f"-Djava.io.tmpdir={path}"
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        assert os.listdir(path) == []
    assert not os.path.exists(path)


def test_what_java_unpacks_below_path_data_is_nothing_to_move(tmp_path):
    for name in ("tmp/jffi123.so", "tmp/jruby-42/jar/a.jar", "jffi/1"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    paths = {"data": str(tmp_path), "queue": f"{tmp_path}/queue", "dead_letter_queue": f"{tmp_path}/dlq"}
    assert stored_data.find_stored(paths, ["data"]) == []
    (tmp_path / "tmp/of-a-plugin").write_text("event")
    assert [stored.kind for stored in stored_data.find_stored(paths, ["data"])] == ["state"]


def test_reason_of_jruby_is_explained():
    line = "(LoadError) Could not load FFI Provider: (NotImplementedError) FFI not available: null"
    assert any("Set logstash_path_tmp" in text for text in explanations.explain(line))
