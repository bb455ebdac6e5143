"""The keystore is made of exactly what is wanted, only when that has changed, and no secret is seen anywhere."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_keystore
from playbook_project import Project

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the keystore belongs to root, so only root can make it")

PASSWORD = "p\"a$s`w\\or'd#1"  # noqa: S105 - of a keystore that the test makes
SECRET = "hunter-two"  # noqa: S105
GROUP = "daemon"


class World:
    """A staged directory, and a program that writes down its arguments and its part of the environment."""

    def __init__(self, folder, unpacked):
        self.folder, self.unpacked = folder, unpacked
        self.staged = folder / "staged"
        self.staged.mkdir()
        self.record = folder / "keystore/record"
        self.program = folder / "logstash/bin/logstash-keystore"
        self.program.parent.mkdir(parents=True)
        self.seen = folder / "seen"
        self.use("9.5.2")

    def use(self, version):
        self.version = version
        real = self.unpacked(version) / "bin/logstash-keystore"
        self.script(f'echo "$*" >> {self.seen}; exec {real} "$@"')

    def script(self, text):
        self.program.write_text(f"#!/bin/sh\n{text}\n")
        self.program.chmod(0o755)

    def calls(self):
        """The commands since the last time this was asked, without the directory that they work in."""
        found = self.seen.read_text().splitlines() if self.seen.exists() else []
        self.seen.unlink(missing_ok=True)
        return [line.split(" ", 2)[2] for line in found]

    def names(self, password=""):
        """What the program finds in the staged keystore."""
        (self.staged / "logstash.yml").touch()
        listed = subprocess.run(
            [self.unpacked(self.version) / "bin/logstash-keystore", "--path.settings", self.staged, "list"],
            env={"LOGSTASH_KEYSTORE_PASS": password} if password else {},
            capture_output=True,
            text=True,
            check=True,
        )
        return listed.stdout.split("\n\n", 1)[1].split()

    def modes(self):
        return {
            path.name: (stat.S_IMODE(path.stat().st_mode), path.owner(), path.group())
            for path in (*self.staged.iterdir(), self.record.parent, self.record)
        }


@pytest.fixture
def world(tmp_path, unpacked):
    return World(tmp_path, unpacked)


@pytest.fixture
def make(run_module, world):
    def run(entries, **options):
        arguments = {
            "path": str(world.staged),
            "record": str(world.record),
            "program": str(world.program),
            "group": GROUP,
            "version": world.version,
        }
        return run_module(logstash_keystore, entries=entries, **{**arguments, **options})

    return run


def test_all_entries_are_made_with_two_starts(make, world):
    result = make({"ES_PWD": SECRET, "token": "two words"})
    assert (result["changed"], result["names"]) == (True, ["ES_PWD", "token"])
    assert world.calls() == ["create", "add ES_PWD token"]
    assert world.names() == ["es_pwd", "token"]


def test_program_has_a_temporary_directory_of_roots_that_goes_again(make, world):
    real = world.unpacked("9.5.2") / "bin/logstash-keystore"
    options = world.folder / "options"
    world.script(f'stat -c "%a %U" "$TMPDIR" >> {options}; echo "$LS_JAVA_OPTS" >> {options}; exec {real} "$@"')
    make({"A": "1"})
    path = world.folder / "logstash/vendor/elk-deploy/tmp"
    assert options.read_text().splitlines() == ["700 root", f"-Djava.io.tmpdir={path}"] * 2
    assert not path.exists()


def test_before_8_12_each_entry_takes_a_start(make, world):
    world.use("8.5.3")
    make({"A": "1", "B": "2"})
    assert world.calls() == ["create", "add A", "add B"]
    assert world.names() == ["a", "b"]


def test_service_can_read_the_keystore_and_only_root_the_rest(make, world):
    make({"ES_PWD": SECRET}, password=PASSWORD)
    assert world.modes() == {
        "logstash.keystore": (0o640, "root", GROUP),
        "keystore.env": (0o600, "root", "root"),
        "keystore": (0o700, "root", "root"),
        "record": (0o600, "root", "root"),
    }


def test_unchanged_run_starts_nothing_and_touches_nothing(make, world):
    make({"ES_PWD": SECRET}, password=PASSWORD)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in world.staged.iterdir()}
    world.calls()
    assert not make({"ES_PWD": SECRET}, password=PASSWORD)["changed"]
    assert world.calls() == []
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in world.staged.iterdir()} == before


@pytest.mark.parametrize(
    ("entries", "options", "names"),
    [
        ({"ES_PWD": "other", "KEPT": "x"}, {}, ["ES_PWD"]),
        ({"KEPT": "x"}, {}, ["ES_PWD"]),
        ({"ES_PWD": SECRET, "KEPT": "x", "NEW": "y"}, {}, ["NEW"]),
        ({"ES_PWD": SECRET, "KEPT": "x"}, {"password": "other"}, []),
        ({"ES_PWD": SECRET, "KEPT": "x"}, {"password": ""}, []),
        ({"ES_PWD": SECRET, "KEPT": "x"}, {"version": "9.6.0"}, []),
    ],
    ids=["value", "removed entry", "new entry", "password", "no password", "version"],
)
def test_any_change_makes_it_anew(make, world, entries, options, names):
    make({"ES_PWD": SECRET, "KEPT": "x"}, password=PASSWORD)
    world.calls()
    result = make(entries, **{"password": PASSWORD, **options})
    assert (result["changed"], result["names"]) == (True, names)
    assert world.calls()[0] == "create"
    assert world.names(options.get("password", PASSWORD)) == sorted(name.lower() for name in entries)
    assert (world.staged / "keystore.env").exists() == bool(options.get("password", PASSWORD))


@pytest.mark.parametrize("name", ["logstash.keystore", "keystore.env", "record"])
@pytest.mark.parametrize("how", ["gone", "edited"])
def test_file_that_somebody_changed_is_made_anew(make, world, name, how):
    make({"ES_PWD": SECRET}, password=PASSWORD)
    file = world.record if name == "record" else world.staged / name
    file.unlink() if how == "gone" else file.write_bytes(b"{}" + file.read_bytes())
    assert make({"ES_PWD": SECRET}, password=PASSWORD)["changed"]
    assert world.names(PASSWORD) == ["es_pwd"]
    assert not make({"ES_PWD": SECRET}, password=PASSWORD)["changed"]


def test_no_entries_remove_the_files(make, world):
    make({"ES_PWD": SECRET}, password=PASSWORD)
    result = make({}, diff=True)
    assert result["changed"]
    assert list(world.staged.iterdir()) == []
    assert not world.record.exists()
    assert not make({})["changed"]


def test_check_mode_says_so_and_does_nothing(make, world):
    result = make({"ES_PWD": SECRET}, check=True, diff=True)
    assert (result["changed"], result["diff"]) == (True, {"before": "", "after": "ES_PWD (new value)\n"})
    assert list(world.staged.iterdir()) == []
    assert make({"ES_PWD": SECRET}, check=True, path="/nowhere", program="/nowhere")["changed"]
    assert world.calls() == []


def test_no_secret_is_in_arguments_files_results_or_diff(make, world):
    world.script(f'cat /proc/$$/cmdline >> {world.seen}.all; exec {world.unpacked("9.5.2")}/bin/logstash-keystore "$@"')
    result = make({"ES_PWD": SECRET}, password=PASSWORD, diff=True)
    result |= {"second": make({"ES_PWD": "another"}, password=PASSWORD, diff=True)}
    assert SECRET not in json.dumps(result)
    assert json.dumps(PASSWORD)[1:-1] not in json.dumps(result)
    assert SECRET not in Path(f"{world.seen}.all").read_text()
    for path in (*world.staged.iterdir(), world.record):
        assert SECRET.encode() not in path.read_bytes()
        if path.name != "keystore.env":
            assert PASSWORD.encode() not in path.read_bytes()


def test_fingerprints_of_two_keystores_with_the_same_content_differ(make, world):
    make({"ES_PWD": SECRET})
    first = json.loads(world.record.read_text())
    make({})
    make({"ES_PWD": SECRET})
    second = json.loads(world.record.read_text())
    assert first["entries"] != second["entries"]
    assert first["rest"] != second["rest"]


def test_environment_file_is_salted(make, world):
    """Its checksum may be shown, so the same password must not give the same file."""
    texts = []
    for entries in ({"A": "1"}, {"A": "2"}):
        make(entries, password=PASSWORD)
        texts.append((world.staged / "keystore.env").read_text().splitlines())
    assert texts[0][0] != texts[1][0]
    assert texts[0][1] == texts[1][1] == 'LOGSTASH_KEYSTORE_PASS="p\\"a\\$s\\`w\\\\or\'d#1"'


def test_password_of_roots_own_environment_is_not_taken(make, world, monkeypatch):
    monkeypatch.setenv("LOGSTASH_KEYSTORE_PASS", "stray")
    make({"ES_PWD": SECRET})
    monkeypatch.delenv("LOGSTASH_KEYSTORE_PASS", raising=False)
    assert world.names() == ["es_pwd"]


@pytest.mark.parametrize(
    "script",
    [
        "echo 'ERROR: no' >&2; exit 1",
        "echo 'ERROR: Value must contain only ASCII characters'",
        "test \"$3\" = add || echo 'Created Logstash keystore at x'; echo ERROR",
    ],
    ids=["status", "an error that ends with status 0", "only created"],
)
def test_failure_leaves_the_old_files_and_nothing_else(make, world, script):
    make({"ES_PWD": SECRET})
    before = {path.name: path.read_bytes() for path in world.staged.iterdir()}
    world.script(script)
    result = make({"ES_PWD": "other"})
    assert result["failed"]
    assert "The keystore was not created" in result["msg"]
    assert "ERROR" in result["msg"]
    assert {path.name: path.read_bytes() for path in world.staged.iterdir()} == before


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo the cause; seq 1000; exit 1", "the cause"),
        ("printf 'ERROR: it failed:\\n  the cause\\n'; exit 1", "ERROR: it failed: the cause"),
    ],
    ids=["at the beginning", "in a line that continues another"],
)
def test_cause_of_a_failure_is_shown(make, world, script, said):
    world.script(script)
    assert said in make({"ES_PWD": SECRET})["msg"]


def test_what_a_killed_run_left_is_taken_away(make, world):
    (world.staged / "keystore.part").mkdir()
    (world.staged / "keystore.part/logstash.keystore").write_text("half")
    make({"ES_PWD": SECRET})
    assert not (world.staged / "keystore.part").exists()
    assert world.names() == ["es_pwd"]


@pytest.mark.parametrize(
    ("entries", "options", "message"),
    [
        ({"A": ""}, {}, "the value of A is empty"),
        ({"A": "über"}, {}, "the value of A is empty or has other than printable ASCII"),
        ({"A": "a\nb"}, {}, "the value of A is empty or has other than printable ASCII"),
        (
            {"A": "words with blanks"},
            {"version": "8.17.9"},
            "the value of A has a blank, at which Logstash 8.17.9 would cut it off",
        ),
        ({"a-b": "x"}, {}, "'a-b' is not a name"),
        ({"--stdin": "x"}, {}, "'--stdin' is not a name"),
        ({"Keystore.Seed": "x"}, {}, "'Keystore.Seed' is not a name"),
        ({"A": "x", "a": "y"}, {}, "a is there twice"),
        ({"A": "x"}, {"password": "pä"}, "the password has other than"),
        ({"A": "x"}, {"version": "6.1.4"}, "6.2.0 is the first"),
        ({"A": "x"}, {"group": "no-such-group"}, "no-such-group"),
    ],
)
def test_what_logstash_would_not_take_is_told_before_anything_is_done(make, world, entries, options, message):
    result = make(entries, **options)
    assert result["failed"]
    assert message in result["msg"]
    assert world.calls() == []


def test_numbers_are_values_too(make, world):
    make({"PORT": 9200})
    assert world.names() == ["port"]


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "null"), (True, "true or false"), (1.1, "a number with a point"), (["a"], "a list")]
)
def test_values_that_yaml_has_changed_are_refused(make, world, value, kind):
    for arguments in ({"entries": {"ES_PWD": value}}, {"entries": {"A": "b"}, "password": value}):
        result = make(**arguments)
        assert result["failed"]
        assert f"is {kind}, expected text" in result["msg"]
        assert "Put it in quotes" in result["msg"]
        assert not world.record.exists()


def test_a_genuine_run_shows_no_secret_even_when_it_is_verbose_or_fails(world, tmp_path):
    project = Project(tmp_path)
    arguments = {
        "path": str(world.staged),
        "record": str(world.record),
        "entries": {"ES_PWD": SECRET},
        "password": "keystore-pass-1",
        "program": str(world.program),
        "version": "9.5.2",
        "group": GROUP,
    }
    tasks = {"name": "Make", "elk.deploy.logstash_keystore": arguments, "register": "made"}
    show = {"name": "Show", "ansible.builtin.debug": {"var": "made"}}
    done = project.play(tasks, show, options=("-vvvv", "--diff"))
    assert done.returncode == 0, done.stdout
    assert "+ES_PWD (new value)" in done.stdout
    world.script("echo ERROR $LOGSTASH_KEYSTORE_PASS; cat; exit 1")
    arguments["entries"] = {"ES_PWD": SECRET, "B": "second-secret"}
    failed = project.play(tasks, options=("-vvvv", "--diff"))
    assert failed.returncode == 2
    for text in (SECRET, "keystore-pass-1", "second-secret"):
        assert text not in done.stdout + done.stderr + failed.stdout + failed.stderr
