"""A directory holds exactly the given files, closed to others; check mode and differences are honest."""

import base64
import json
import os
import shutil
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils import settings_directory as directory
from ansible_collections.elk.deploy.plugins.modules import settings_directory

FILES = {"a.yml": "a: 1\n", "pipelines/p/10-input.conf": "input {}\n", "tls/key": "secret-key"}
HIDDEN = {"tls/key": "it is a secret"}


@pytest.fixture
def bring(run_module, tmp_path):
    """bring(files, **options) -> the module's result for a directory `staged`."""

    def run(files, hidden=HIDDEN, **options):
        bundle = [
            {"name": name, "content": base64.b64encode(text.encode()).decode(), "hidden": hidden.get(name, "")}
            for name, text in files.items()
        ]
        return run_module(
            settings_directory, path=str(tmp_path / "staged"), bundle=json.dumps(bundle),
            record=str(tmp_path / "state/record"), **options,
        )  # fmt: skip

    return run


@pytest.fixture
def staged(tmp_path):
    return tmp_path / "staged"


def content(root):
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_files_are_written_and_closed_to_others(bring, staged):
    assert bring(FILES)["changed"]
    assert content(staged) == FILES
    modes = {stat.S_IMODE(path.stat().st_mode) for path in staged.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [staged, *staged.rglob("*")] if path.is_dir()}
    assert (modes, folders) == ({0o640}, {0o750})


def test_what_is_sent_is_neither_logged_nor_shown(bring, monkeypatch):
    logged = []
    monkeypatch.setattr(
        settings_directory.AnsibleModule, "log", lambda _self, *what, **more: logged.append(f"{what} {more}")
    )
    result = bring(FILES)
    assert result["changed"]
    assert "bundle" in "".join(logged)
    for content in FILES.values():
        assert base64.b64encode(content.encode()).decode() not in f"{logged} {result}"


def test_same_again_changes_nothing(bring):
    bring(FILES)
    result = bring(FILES)
    assert (result["changed"], result["files"], result["removed"]) == (False, [], [])


def test_check_mode_says_what_would_change_and_changes_nothing(bring, staged):
    result = bring(FILES, check=True)
    assert (result["changed"], sorted(result["files"]), staged.exists()) == (True, sorted(FILES), False)
    bring(FILES)
    result = bring({"a.yml": "a: 2\n"}, check=True)
    assert (result["files"], result["removed"]) == (["a.yml"], ["pipelines", "tls"])
    assert content(staged) == FILES


class TestComparison:
    """What is staged, beside what is live."""

    @pytest.fixture
    def compare(self, bring, tmp_path):
        """compare(files) stages them; returns how they differ from what is live in `live`."""
        live = {"dest": str(tmp_path / "live"), "entries": ["a.yml", "pipelines"], "key": str(tmp_path / "key")}
        (tmp_path / "key").write_bytes(b"k" * 32)
        (tmp_path / "key").chmod(0o600)
        return lambda files, **options: bring(files, live=live, **options)["comparison"]

    @pytest.fixture
    def is_live(self, staged, tmp_path):
        """is_live(name) has a copy of what is staged live, as the release of that name."""

        def make(name):
            live = tmp_path / "live"
            shutil.copytree(staged, live / "releases" / name)
            (live / "current").symlink_to(f"releases/{name}")
            for entry in os.listdir(staged):
                (live / entry).symlink_to(f"current/{entry}")

        return make

    def test_nothing_is_live_yet(self, compare):
        assert {**compare(FILES), "release": ""} == {"release": "", "previous": "", "differs": True}

    def test_what_was_just_written_counts(self, compare, is_live):
        name = compare(FILES)["release"]
        is_live(name)
        assert compare(FILES) == {"release": name, "previous": name, "differs": False}
        changed = compare({**FILES, "a.yml": "a: 2\n"})
        assert (changed["differs"], changed["previous"], changed["release"] != name) == (True, name, True)

    def test_check_mode_compares_what_is_there(self, compare, is_live):
        name = compare(FILES)["release"]
        is_live(name)
        expected = {"release": name, "previous": name, "differs": False}
        assert compare({"a.yml": "a: 2\n"}, check=True) == expected

    def test_a_release_has_no_name_without_the_hosts_key_and_none_is_made(self, compare, tmp_path):
        (tmp_path / "key").unlink()
        assert compare(FILES)["release"] == "unnamed"
        assert not (tmp_path / "key").exists()


def test_check_mode_before_the_user_exists(bring):
    assert bring(FILES, check=True, owner="nobody-of-that-name", group="none-of-that-name")["changed"]


def test_missing_user_is_told(bring):
    result = bring(FILES, owner="nobody-of-that-name")
    assert result["failed"]
    assert "install the package that creates it" in result["msg"]


def test_what_is_not_wanted_is_removed(bring, staged):
    bring(FILES)
    (staged / "pipelines/p/99-left.conf").write_text("x")
    (staged / "pipelines/.hidden").write_text("x")
    (staged / "old").mkdir()
    (staged / "old/file").write_text("x")
    (staged / "link").symlink_to("/etc")
    (staged / "broken").symlink_to("/nowhere")
    result = bring(FILES)
    assert result["removed"] == ["broken", "link", "old", "pipelines/.hidden", "pipelines/p/99-left.conf"]
    assert content(staged) == FILES
    assert os.path.isdir("/etc")


def test_what_is_to_be_left_stays_as_it_is(bring, staged):
    bring(FILES)
    for name in ("kept", "other"):
        (staged / name).write_text("made by something else")
    result = bring(FILES, leave=["kept", "not-there"])
    assert result["removed"] == ["other"]
    assert (staged / "kept").read_text() == "made by something else"
    assert not bring(FILES, leave=["kept"])["changed"]


def test_wrong_mode_is_made_right(bring, staged):
    bring(FILES)
    (staged / "tls/key").chmod(0o644)
    staged.chmod(0o755)
    assert bring(FILES)["files"] == ["tls/key"]
    assert stat.S_IMODE((staged / "tls/key").stat().st_mode) == 0o640
    assert stat.S_IMODE(staged.stat().st_mode) == 0o750


def test_link_in_place_of_a_file_is_replaced_and_not_followed(bring, staged, tmp_path):
    bring(FILES)
    (tmp_path / "elsewhere").write_text("untouched")
    (staged / "a.yml").unlink()
    (staged / "a.yml").symlink_to(tmp_path / "elsewhere")
    bring(FILES)
    assert not (staged / "a.yml").is_symlink()
    assert (tmp_path / "elsewhere").read_text() == "untouched"


def test_link_in_place_of_a_folder_is_replaced_and_not_followed(bring, staged, tmp_path):
    bring(FILES)
    (staged / "tls").rename(tmp_path / "elsewhere")
    (staged / "tls").symlink_to(tmp_path / "elsewhere")
    bring(FILES)
    assert not (staged / "tls").is_symlink()
    assert content(staged) == FILES


def test_file_and_folder_change_places(bring, staged):
    bring({"x": "file", "y/z": "inside"})
    bring({"x/z": "inside", "y": "file"})
    assert content(staged) == {"x/z": "inside", "y": "file"}


def test_left_part_of_a_killed_run_is_no_obstacle(bring, staged):
    bring(FILES)
    (staged / "a.yml.part").write_text("half")
    (staged / "a.yml").write_text("other")
    bring(FILES)
    assert content(staged) == FILES


def test_difference_shows_texts_but_no_secret(bring):
    bring(FILES)
    result = bring({**FILES, "a.yml": "a: 2\n", "tls/key": "other-key"}, diff=True)
    assert result["diff"][0] | {} == {
        "before_header": "a.yml",
        "after_header": "a.yml",
        "before": "a: 1\n",
        "after": "a: 2\n",
    }
    assert result["diff"][1] == {"prepared": "Not shown: tls/key (it is a secret)\n"}
    assert "key" not in json.dumps(result).replace("tls/key", "")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_path_that_leads_out_is_refused(bring, name):
    result = bring({name: "x"})
    assert result["failed"]
    assert "leads out of" in result["msg"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner_and_group(bring, staged):
    bring(FILES)
    assert bring(FILES, owner="daemon", group="daemon")["changed"]
    assert {(path.owner(), path.group()) for path in [staged, *staged.rglob("*")]} == {("daemon", "daemon")}
    assert not bring(FILES, owner="daemon", group="daemon")["changed"]


def test_full_disk_is_told(bring, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(directory, "write", full)
    result = bring(FILES)
    assert result["failed"]
    assert "No space left on device" in result["msg"]
    assert "Make room on that file system" in result["msg"]


def shown(result):
    return json.dumps(result["diff"])


def test_what_was_secret_is_not_shown_when_the_new_content_is_free(bring, tmp_path):
    """As when a value moves into the keystore."""
    bring({"a.yml": "x: old-hunter\n"}, hidden={"a.yml": "uses secret values: x"})
    for check in (True, False):
        result = bring({"a.yml": "x: ${X}\n"}, diff=True, check=check)
        assert result["diff"] == [{"prepared": "Not shown: a.yml (what is there now has secrets)\n"}]
    # From then on both sides are free.
    assert "${Y}" in shown(bring({"a.yml": "x: ${Y}\n"}, diff=True))
    assert stat.S_IMODE((tmp_path / "state/record").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert "hunter" not in (tmp_path / "state/record").read_text()


def test_what_nobody_remembers_is_not_shown_until_it_was_written_once(bring, tmp_path):
    bring({"a.yml": "x: hunter2\n"})
    (tmp_path / "state/record").unlink()
    result = bring({"a.yml": "x: 1\n"}, diff=True)
    assert result["diff"] == [
        {"prepared": "Not shown: a.yml (it is not known whether what is there now has secrets)\n"}
    ]
    assert "x: 2" in shown(bring({"a.yml": "x: 2\n"}, diff=True))


def test_run_that_was_cut_off_has_noted_what_it_writes(bring, monkeypatch):
    bring({"a.yml": "a: 1\n"})

    def killed(*_arguments):
        raise OSError("cut off")

    with monkeypatch.context() as broken:
        broken.setattr(directory, "write", killed)
        assert bring({"a.yml": "a: hunter2\n"}, hidden={"a.yml": "secret"})["failed"]
    assert "Not shown" in shown(bring({"a.yml": "a: 3\n"}, diff=True, check=True))


def test_check_mode_notes_nothing(bring, tmp_path):
    bring(FILES, check=True, diff=True)
    assert not (tmp_path / "state").exists()


def test_names_that_mean_secrets_are_never_shown(bring):
    bring({"a.yml": "db.password: old-hunter\nport: 1\n"})
    result = bring({"a.yml": "db.password: new-hunter\nport: 2\n"}, diff=True)
    assert "hunter" not in shown(result)
    assert "port: 2" in shown(result)
    result = bring({"a.yml": "db.password: third-hunter\nport: 2\n"}, diff=True)
    assert result["diff"] == [{"prepared": "Not shown: a.yml (only values that are not to be shown differ)\n"}]
