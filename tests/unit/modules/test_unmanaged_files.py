"""Files that nobody manages are named once or removed, and nothing else is."""

import pytest
from ansible_collections.elk.deploy.plugins.modules import unmanaged_files


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "conf.d/sub").mkdir(parents=True)
    (tmp_path / "conf.d/a.conf").write_text("input {}")
    (tmp_path / "conf.d/sub/.hidden").write_text("x")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/kept.conf").write_text("x")
    (tmp_path / "conf.d/link").symlink_to(tmp_path / "own")
    (tmp_path / "b.conf").write_text("x")
    (tmp_path / "logstash.yml").write_text("x")
    return tmp_path


@pytest.fixture
def warnings(monkeypatch):
    found = []
    monkeypatch.setattr(unmanaged_files.AnsibleModule, "warn", lambda _self, text: found.append(text))
    return found


@pytest.fixture
def look(run_module, etc, warnings):
    def run(**options):
        return run_module(
            unmanaged_files,
            places=[f"{etc}/conf.d", f"{etc}/*.conf", f"{etc}/missing"],
            hint="Move them.",
            **options,
        )

    return run


EXPECTED = ["b.conf", "conf.d/a.conf", "conf.d/link", "conf.d/sub/.hidden"]


def test_they_are_named_in_one_warning_and_stay(look, etc, warnings):
    result = look()
    assert (result["changed"], result["files"]) == (False, [f"{etc}/{name}" for name in EXPECTED])
    (warning,) = warnings
    assert all(f"{etc}/{name}" in warning for name in EXPECTED)
    assert warning.endswith("Move them.")
    assert (etc / "conf.d/a.conf").exists()


def test_they_are_removed_and_listed(look, etc):
    result = look(state="absent", diff=True)
    assert (result["changed"], result["files"]) == (True, [f"{etc}/{name}" for name in EXPECTED])
    assert result["diff"]["before"].count("\n") == len(EXPECTED)
    left = sorted(str(path.relative_to(etc)) for path in etc.rglob("*"))
    assert left == ["conf.d", "conf.d/sub", "logstash.yml", "own", "own/kept.conf"]


def test_check_mode_removes_nothing(look, etc):
    assert look(state="absent", check=True)["changed"]
    assert (etc / "b.conf").exists()


@pytest.mark.parametrize("state", ["absent", "reported"])
def test_nothing_to_find_changes_nothing_and_warns_of_nothing(look, warnings, state):
    look(state="absent")
    result = look(state=state)
    assert (result["changed"], result["files"], warnings) == (False, [], [])


def test_place_that_is_a_link_is_removed_and_not_entered(run_module, etc):
    (etc / "place").symlink_to(etc / "own")
    result = run_module(unmanaged_files, places=[f"{etc}/place"], state="absent")
    assert result["files"] == [f"{etc}/place"]
    assert (etc / "own/kept.conf").exists()
    assert not (etc / "place").is_symlink()
