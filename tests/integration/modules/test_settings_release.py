"""The switch of a settings directory: whole releases, one step, healed when edited by hand or cut off."""

import json
import os
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import deployment_record, releases
from ansible_collections.elk.deploy.plugins.modules import logstash_host, settings_release

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="releases belong to root, so only root can make them")


@pytest.fixture
def staged(tmp_path):
    source = tmp_path / "live" / "staged"
    (source / "pipelines" / "broker").mkdir(parents=True)
    (source / "logstash.yml").write_text("path.data: /x\n")
    (source / "pipelines" / "broker" / "10-input.conf").write_text("input {}\n")
    return source


@pytest.fixture
def key(tmp_path):
    return tmp_path / "state" / "release.key"


@pytest.fixture
def switch(run_module, staged, key):
    def run(**options):
        return run_module(
            settings_release,
            src=str(staged),
            key=str(key),
            dest=str(staged.parent),
            entries=["logstash.yml", "pipelines"],
            optional=["jvm.options", "tls"],
            group="daemon",
            **options,
        )

    return run


@pytest.fixture
def go_back(run_module, staged, key):
    def run(release, **options):
        return run_module(
            settings_release,
            release=release,
            key=str(key),
            dest=str(staged.parent),
            entries=["logstash.yml", "pipelines"],
            optional=["jvm.options", "tls"],
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
    assert second["diff"] == {"prepared": "changed logstash.yml\n"}
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


def test_half_written_release_that_is_not_wanted_any_more_goes(switch, staged):
    part = staged.parent / "releases" / "0123456789abcdef.part"
    part.mkdir(parents=True)
    switch()
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


def test_hash_tells_names_from_contents_and_knows_modes():
    hashes = {
        settings_release.tree_hash(files)
        for files in ({"ab": (0o640, b"c")}, {"a": (0o640, b"bc")}, {"ab": (0o600, b"c")})
    }
    assert len(hashes) == 3


def test_optional_entry_is_live_while_a_release_has_it(switch, staged):
    (staged / "jvm.options").write_text("-Xmx1g\n")
    switch()
    assert os.readlink(staged.parent / "jvm.options") == "current/jvm.options"
    (staged / "jvm.options").unlink()
    assert switch()["files"] == ["jvm.options"]
    assert not os.path.lexists(staged.parent / "jvm.options")
    assert not switch()["changed"]


def test_what_an_optional_entry_replaced_comes_back(switch, staged):
    live = staged.parent
    (live / "jvm.options").write_text("the package's")
    (live / "tls").mkdir()
    (live / "tls" / "key").write_text("of before")
    (staged / "jvm.options").write_text("-Xmx1g\n")
    (staged / "tls").mkdir()
    (staged / "tls" / "key").write_text("ours")
    switch()
    assert ((live / "jvm.options").read_text(), (live / "tls" / "key").read_text()) == ("-Xmx1g\n", "ours")
    (staged / "jvm.options").unlink()
    (staged / "tls" / "key").unlink()
    (staged / "tls").rmdir()
    switch()
    assert ((live / "jvm.options").read_text(), (live / "tls" / "key").read_text()) == ("the package's", "of before")
    assert not (live / "jvm.options").is_symlink()


def test_what_was_there_before_the_first_release_is_kept(switch, staged):
    (staged.parent / "logstash.yml").write_text("written by hand")
    (staged.parent / "pipelines").mkdir()
    (staged.parent / "pipelines" / "old.conf").write_text("written by hand")
    switch()
    assert (staged.parent / "replaced" / "logstash.yml").read_text() == "written by hand"
    assert (staged.parent / "replaced" / "pipelines" / "old.conf").exists()


def test_binary_files_and_their_modes_go_along_without_rights_for_others(switch, staged):
    content = bytes(range(256))
    (staged / "pipelines" / "store").write_bytes(content)
    (staged / "pipelines" / "store").chmod(0o604)
    switch()
    live = staged.parent / "pipelines" / "store"
    assert live.read_bytes() == content
    assert stat.S_IMODE(live.stat().st_mode) == 0o600


def test_change_of_a_mode_is_a_change(switch, staged):
    switch()
    (staged / "logstash.yml").chmod(0o600)
    assert switch()["files"] == ["logstash.yml"]


def test_difference_shows_no_contents(switch, staged):
    (staged / "logstash.yml").write_text("password: hunter2\n")
    assert "hunter2" not in str(switch(diff=True))


def test_goes_back_to_a_release_that_is_kept(switch, go_back, staged):
    first = switch()
    (staged / "logstash.yml").write_text("path.data: /y\n")
    (staged / "jvm.options").write_text("-Xmx1g\n")
    second = switch()
    result = go_back(first["release"])
    assert (result["changed"], result["previous"]) == (True, second["release"])
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /x\n"
    assert not os.path.lexists(staged.parent / "jvm.options")
    assert not go_back(first["release"])["changed"]


def test_check_mode_goes_back_to_nothing(switch, go_back, staged):
    first = switch()
    (staged / "logstash.yml").write_text("path.data: /y\n")
    switch()
    assert go_back(first["release"], check=True)["changed"]
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /y\n"


def test_release_that_is_not_kept_is_an_error_that_names_those_that_are(switch, go_back):
    first = switch()
    result = go_back("0123456789abcdef")
    assert result["failed"]
    assert first["release"] in result["msg"]


def test_release_that_was_edited_is_gone_back_to_with_a_warning(switch, go_back, staged):
    first = switch()
    (staged / "logstash.yml").write_text("path.data: /y\n")
    switch()
    (staged.parent / "releases" / first["release"] / "logstash.yml").write_text("edited")
    result = go_back(first["release"])
    assert "were changed since" in str(result["warnings"])
    assert (staged.parent / "logstash.yml").read_text() == "edited"


def test_protected_releases_stay_however_old_they_are(switch, staged):
    first = switch()
    for number in range(5):
        (staged / "logstash.yml").write_text(str(number))
        switch(keep=1, protect=[first["release"]])
    assert (staged.parent / "releases" / first["release"]).exists()
    assert len(list((staged.parent / "releases").iterdir())) == 2


def test_file_system_that_is_full_leaves_the_live_release(switch, staged, monkeypatch):
    switch()
    (staged / "logstash.yml").write_text("path.data: /y\n")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(settings_release.os, "fsync", full)
    result = switch()
    assert result["failed"]
    assert "No space left on device" in result["msg"]
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /x\n"


def test_links_outside_lead_to_their_entry_and_are_healed(switch, staged, tmp_path):
    link = tmp_path / "system" / "unit.d" / "addition.conf"
    assert switch(links={str(link): "logstash.yml"})["changed"]
    assert os.readlink(link) == f"{staged.parent}/current/logstash.yml"
    assert not switch(links={str(link): "logstash.yml"})["changed"]
    link.unlink()
    link.write_text("by hand")
    assert switch(check=True, links={str(link): "logstash.yml"})["differs"]
    switch(links={str(link): "logstash.yml"})
    assert link.read_text() == "path.data: /x\n"


def plain_hash(staged):
    """What everybody could compute who guesses what is in the files: how releases were called before."""
    return releases.tree_hash(releases.read_tree(staged, ["logstash.yml", "pipelines"]))


def call_as_before(live, name):
    """Makes the live release one of before: called by its hash, without a note."""
    current = live / "current"
    found = live / "releases" / os.readlink(current).partition("/")[2]
    (found / releases.NOTE).unlink()
    found.rename(found.with_name(name))
    current.unlink()
    current.symlink_to(f"releases/{name}")


def test_name_tells_nothing_of_the_content(switch, staged, key):
    name = switch()["release"]
    assert not plain_hash(staged).startswith(name[:8])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    noted = staged.parent / "releases" / name / releases.NOTE
    assert (stat.S_IMODE(noted.stat().st_mode), noted.owner()) == (0o600, "root")


def test_name_is_another_one_on_each_host(run_module, staged, tmp_path):
    names = {
        run_module(
            settings_release, src=str(staged), dest=str(tmp_path / host), entries=["logstash.yml"], group="daemon",
            key=str(tmp_path / f"{host}.key"),
        )["release"]
        for host in ("one", "two")
        if (tmp_path / host).mkdir() is None
    }  # fmt: skip
    assert len(names) == 2


def test_same_settings_have_the_same_name_again(switch, staged):
    first = switch()["release"]
    (staged / "logstash.yml").write_text("path.data: /y\n")
    second = switch()["release"]
    (staged / "logstash.yml").write_text("path.data: /x\n")
    assert switch()["release"] == first != second


def test_check_mode_without_a_key_makes_none_and_is_honest(switch, staged, key):
    result = switch(check=True)
    assert (result["changed"], result["release"]) == (True, "unnamed")
    assert not key.parent.exists()
    switch()
    key.unlink()
    assert not switch(check=True)["changed"]
    (staged / "logstash.yml").write_text("path.data: /y\n")
    assert switch(check=True)["release"] == "unnamed"
    assert not key.exists()


def test_lost_key_changes_nothing_of_what_is_there(switch, go_back, staged, key):
    first = switch()["release"]
    (staged / "logstash.yml").write_text("path.data: /y\n")
    second = switch()["release"]
    key.unlink()
    assert not switch()["differs"]
    back = go_back(first)
    assert back["changed"]
    assert "warnings" not in back
    # What is new has a name by a new key.
    (staged / "logstash.yml").write_text("path.data: /z\n")
    assert switch()["release"] not in (first, second)
    assert key.exists()


@pytest.mark.parametrize("state", ["readable", "cut off", "link"])
def test_key_that_does_not_count_is_made_anew(switch, key, tmp_path, state):
    key.parent.mkdir()
    old = b"k" * 32
    if state == "link":
        (tmp_path / "elsewhere").write_bytes(old)
        key.symlink_to(tmp_path / "elsewhere")
    else:
        key.write_bytes(old[:9] if state == "cut off" else old)
        key.chmod(0o644 if state == "readable" else 0o600)
    switch()
    assert not key.is_symlink()
    assert releases.read_key(key) not in (None, old)


def test_edit_by_hand_counts_also_when_it_was_staged_later(switch, staged):
    """What runs was started on other files than those that are there."""
    first = switch()["release"]
    for place in (staged, staged.parent / "releases" / first):
        (place / "logstash.yml").write_text("path.data: /edited\n")
    result = switch()
    assert result["differs"]
    assert result["release"] != first


def test_release_of_before_keeps_what_runs_and_can_be_gone_back_to(switch, go_back, staged):
    former = plain_hash(staged)[:16]
    switch()
    call_as_before(staged.parent, former)
    assert not switch()["differs"]
    (staged / "logstash.yml").write_text("path.data: /y\n")
    switch()
    back = go_back(former)
    assert back["changed"]
    assert "warnings" not in back
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /x\n"


@pytest.fixture
def read_proven(run_module, staged, key, monkeypatch):
    monkeypatch.setattr(logstash_host.AnsibleModule, "run_command", lambda *_, **__: (0, "", ""))
    where = {"manager": "none", "cache": "/none", "archive_root": "/none", "archive": False, "unit": "/none"}
    record = {"path": str(staged.parent / "proven"), "settings": str(staged.parent), "key": str(key)}

    def run(**options):
        result = run_module(logstash_host, host="a", installation=where, record=record, **options)
        return {**result, **result.get("deployment", {})}

    return run


@pytest.fixture
def of_before(switch, staged):
    """A live release of before and an earlier one, both proven: their names."""
    names = []
    for value in ("x", "y"):
        (staged / "logstash.yml").write_text(f"path.data: /{value}\n")
        names.append(plain_hash(staged)[:16])
        switch()
        call_as_before(staged.parent, names[-1])
    record, earlier = ({"release": name, "version": "9.5.2"} for name in reversed(names))
    content = {"record": record, "earlier": [earlier], "changing": None}
    (staged.parent / "proven").write_text(json.dumps(content))
    return names


def kept(staged):
    return sorted(path.name for path in (staged.parent / "releases").iterdir())


def test_releases_of_before_get_other_names_and_stay_proven(of_before, read_proven, switch, go_back, staged):
    live = (staged.parent / "logstash.yml").read_text()
    result = read_proven()
    assert result["changed"]
    assert result["renamed"] == sorted(of_before)
    names = [result["record"]["release"], result["earlier"][0]["release"]]
    assert kept(staged) == sorted(names)
    assert not set(of_before) & set(names)
    assert not any(name in (staged.parent / "proven").read_text() for name in of_before)
    assert os.readlink(staged.parent / "current") == f"releases/{names[0]}"
    assert (staged.parent / "logstash.yml").read_text() == live
    compared = switch(check=True)
    assert (compared["differs"], compared["release"]) == (False, names[0])
    back = go_back(names[1])
    assert back["changed"]
    assert "warnings" not in back
    assert not read_proven()["changed"]


def test_check_mode_renames_nothing_and_says_so(of_before, read_proven, switch, staged, key):
    key.unlink()
    result = read_proven(check=True)
    assert result["changed"]
    assert result["record"]["release"] == of_before[-1]
    assert kept(staged) == sorted(of_before)
    assert not switch(check=True)["differs"]
    assert not key.exists()


@pytest.mark.parametrize("step", ["link", "write", "remove_renamed"])
def test_renaming_that_was_cut_off_is_finished_by_the_next_run(of_before, read_proven, staged, monkeypatch, step):
    place = {"link": atomic_files, "write": deployment_record, "remove_renamed": releases}[step]

    class KilledError(BaseException):
        """As a signal would."""

    def killed(*_arguments):
        raise KilledError

    with monkeypatch.context() as broken:
        broken.setattr(place, step, killed)
        with pytest.raises(KilledError):
            read_proven()
    assert (staged.parent / "logstash.yml").read_text() == "path.data: /y\n"
    names = read_proven()
    assert kept(staged) == sorted([names["record"]["release"], names["earlier"][0]["release"]])
    assert os.readlink(staged.parent / "current") == f"releases/{names['record']['release']}"


def test_release_of_before_that_was_edited_by_hand_is_written_again(of_before, read_proven, switch, staged):
    (staged.parent / "releases" / of_before[-1] / "logstash.yml").write_text("edited")
    read_proven()
    assert switch(check=True)["differs"]
