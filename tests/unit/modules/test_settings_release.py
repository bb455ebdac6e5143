"""The switch of a settings directory: whole releases, one step, healed when edited by hand or cut off."""

import os
import stat

import pytest
from ansible_collections.elk.deploy.plugins.modules import settings_release

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="releases belong to root, so only root can make them")


@pytest.fixture
def staged(tmp_path):
    source = tmp_path / "live" / "staged"
    (source / "pipelines" / "broker").mkdir(parents=True)
    (source / "logstash.yml").write_text("path.data: /x\n")
    (source / "pipelines" / "broker" / "10-input.conf").write_text("input {}\n")
    return source


@pytest.fixture
def switch(run_module, staged):
    def run(**options):
        return run_module(
            settings_release,
            src=str(staged),
            dest=str(staged.parent),
            entries=["logstash.yml", "pipelines"],
            group="daemon",
            **options,
        )

    return run


def test_first_release_is_linked(switch, staged):
    result = switch()
    live = staged.parent
    assert result["changed"]
    assert os.readlink(live / "current") == f"releases/{result['release']}"
    assert os.readlink(live / "logstash.yml") == "current/logstash.yml"
    assert (live / "pipelines" / "broker" / "10-input.conf").read_text() == "input {}\n"


def test_same_again_changes_nothing(switch):
    switch()
    result = switch()
    assert (result["changed"], result["files"]) == (False, [])


def test_check_mode_says_so_and_changes_nothing(switch, staged):
    assert switch(check=True)["changed"]
    assert sorted(path.name for path in staged.parent.iterdir()) == ["staged"]


def test_check_mode_before_anything_is_staged(switch, staged):
    staged.rename(staged.with_name("elsewhere"))
    assert switch(check=True)["changed"]


def test_nothing_staged_is_an_error(switch, staged):
    staged.rename(staged.with_name("elsewhere"))
    result = switch()
    assert result["failed"]
    assert "stage the settings first" in result["msg"]


def test_change_is_a_new_release_and_names_its_files(switch, staged):
    first = switch()
    (staged / "logstash.yml").write_text("path.data: /y\n")
    second = switch(diff=True)
    assert second["files"] == ["logstash.yml"]
    assert second["previous"] == first["release"]
    assert second["diff"]["before"] != second["diff"]["after"]
    assert (staged.parent / "releases" / first["release"] / "logstash.yml").read_text() == "path.data: /x\n"


def test_file_that_is_gone_from_the_stage_is_gone_from_the_release(switch, staged):
    switch()
    (staged / "pipelines" / "broker" / "10-input.conf").unlink()
    switch()
    assert not (staged.parent / "pipelines" / "broker" / "10-input.conf").exists()


def test_file_edited_by_hand_is_put_right(switch, staged):
    switch()
    (staged.parent / "logstash.yml").write_text("edited")
    assert switch()["changed"]
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /x\n"


def test_half_written_release_of_a_killed_run_is_replaced(switch, staged):
    name = settings_release.tree_hash(settings_release.read_tree(staged, ["logstash.yml", "pipelines"]))
    part = staged.parent / "releases" / f"{name}.part"
    part.mkdir(parents=True)
    (part / "logstash.yml").write_text("half")
    switch()
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /x\n"
    assert not part.exists()


def test_files_of_the_package_are_replaced_by_links(switch, staged):
    (staged.parent / "logstash.yml").write_text("# the package's own")
    (staged.parent / "pipelines").mkdir()
    switch()
    assert (staged.parent / "logstash.yml").is_symlink()
    assert (staged.parent / "pipelines").is_symlink()


def test_nobody_else_can_read_a_release(switch, staged):
    switch()
    mode = (staged.parent / "current" / "logstash.yml").stat().st_mode
    assert stat.S_IMODE(mode) == 0o640
    assert stat.S_IMODE((staged.parent / "current").stat().st_mode) == 0o750


def test_old_releases_go_and_the_live_one_stays(switch, staged):
    for number in range(5):
        (staged / "logstash.yml").write_text(str(number))
        result = switch(keep=2)
    names = [path.name for path in (staged.parent / "releases").iterdir()]
    assert len(names) == 2
    assert result["release"] in names


def test_unknown_group_is_an_error_that_says_so(run_module, staged):
    result = run_module(
        settings_release,
        src=str(staged),
        dest=str(staged.parent),
        entries=["logstash.yml"],
        group="no-such-group",
    )
    assert result["failed"]
    assert "no-such-group" in result["msg"]


def test_hash_tells_names_from_contents():
    assert settings_release.tree_hash({"ab": b"c"}) != settings_release.tree_hash({"a": b"bc"})
