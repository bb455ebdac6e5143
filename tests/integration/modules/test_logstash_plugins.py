"""Plugins are compared with the lock, changed with few calls of the program, verified by one, and undone on failure."""

import functools
import hashlib
import http.server
import os
import shutil
import threading

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.installed_plugins import PluginSet
from ansible_collections.elk.deploy.plugins.modules import logstash_plugins
from playbook_project import Project
from plugin_files import write_gem, write_pack

HTTP = "logstash-output-http"


class Home:
    """A Logstash of its own for one test, whose program writes down how it was called."""

    def __init__(self, folder, unpacked):
        self.path, self.unpacked = folder / "logstash", unpacked
        self.calls_file = folder / "calls"
        self.install("8.5.3")

    def install(self, version):
        """What a package manager does: the package's files replace what is there; others stay."""
        shutil.copytree(self.unpacked(version), self.path, dirs_exist_ok=True)
        program = self.path / "bin/logstash-plugin"
        program.rename(program.with_name("real"))
        program.write_text(f'#!/bin/sh\necho "$*" >> {self.calls_file}\nexec {self.path}/bin/real "$@"\n')
        program.chmod(0o755)

    def calls(self):
        """The calls since the last time this was asked."""
        found = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return found

    def break_program(self, script):
        (self.path / "bin/logstash-plugin").write_text("#!/bin/sh\n" + script)

    def version(self, name):
        return PluginSet(self.path).installed().get(name)

    @property
    def files(self):
        return [(self.path / name).read_text() for name in ("Gemfile", "Gemfile.lock")]


@pytest.fixture
def home(tmp_path, unpacked):
    return Home(tmp_path, unpacked)


@pytest.fixture
def pack(tmp_path):
    """pack(name=version, ...) -> the entries of plugins whose files the action has brought as one pack."""

    def make(dependencies=None, **versions):
        plugins = {name.replace("__", "-"): version for name, version in versions.items()}
        path = write_pack(tmp_path / f"{'-'.join(plugins)}.zip", plugins, dependencies)
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        return [
            {"name": name, "version": version, "file": str(path), "checksum": checksum}
            for name, version in plugins.items()
        ]

    return make


@pytest.fixture
def bring(run_module, home):
    def run(*plugins, **options):
        return run_module(logstash_plugins, home=str(home.path), plugins=list(plugins), **options)

    return run


OWN = {"logstash__output__http": "5.5.99"}


def test_what_is_as_wanted_starts_no_program(bring, home):
    result = bring(
        {"name": HTTP, "version": "5.5.0"}, {"name": "logstash-input-http"}, {"name": "x", "state": "absent"}
    )
    assert (result["changed"], result["changes"]) == (False, [])
    assert home.calls() == []


def test_names_are_exact(bring, home):
    """The program finds logstash-input-http_poller for logstash-input-http."""
    assert not bring({"name": "logstash-input-http", "version": "3.6.0"})["changed"]
    result = bring({"name": "logstash-input-htt", "version": "3.6.0"}, check=True)
    assert [change["why"] for change in result["changes"]] == ["is missing"]


def test_bundled_plugin_is_replaced_by_one_install_and_one_listing(bring, home, pack):
    [entry] = pack(**OWN)
    result = bring(entry)
    assert result["changes"] == [{"name": HTTP, "before": "5.5.0", "after": "5.5.99", "why": "has another version"}]
    assert home.calls() == [f"install file://{entry['file']}", "list --verbose"]
    assert home.version(HTTP) == "5.5.99"


def test_program_has_a_temporary_directory_of_its_own_that_goes_again(bring, home, pack, tmp_path):
    [entry] = pack(**OWN)
    path = home.path / "vendor/elk-deploy/tmp"
    home.break_program(f'ls -d "$TMPDIR" > {tmp_path}/seen; echo "$LS_JAVA_OPTS" >> {tmp_path}/seen; exit 9\n')
    assert bring(entry)["failed"]
    assert (tmp_path / "seen").read_text().splitlines() == [str(path), f"-Djava.io.tmpdir={path}"]
    assert not path.exists()


def test_second_run_changes_nothing_and_starts_no_program(bring, home, pack):
    [entry] = pack(**OWN)
    first = bring(entry)
    home.calls()
    second = bring({**entry, "file": ""})
    assert not second["changed"]
    assert second["fingerprint"] == first["fingerprint"] != ""
    assert home.calls() == []


def test_several_changes_take_one_call_each_and_removal_comes_first(bring, home, pack):
    entries = pack(logstash__filter__a="1.0.0", logstash__filter__b="2.0.0")
    bring(
        *entries,
        {"name": "logstash-input-twitter", "state": "absent"},
        {"name": HTTP, "version": "5.6.0"},
        {"name": "logstash-output-newrelic"},
    )
    assert home.calls() == [
        "remove logstash-input-twitter",
        f"install file://{entries[0]['file']}",
        f"install --version 5.6.0 {HTTP}",
        "install logstash-output-newrelic",
        "list --verbose",
    ]
    assert home.version("logstash-filter-b") == "2.0.0"
    assert home.version("logstash-input-twitter") is None


def test_drift_is_reported_and_brought_back(bring, home):
    bring({"name": HTTP, "version": "5.6.0"})
    (home.path / "Gemfile.lock").write_text(home.files[1].replace(f"{HTTP} (5.6.0)", f"{HTTP} (5.7.1)"))
    result = bring({"name": HTTP, "version": "5.6.0"}, diff=True)
    assert result["diff"]["before"] == f"{HTTP} 5.7.1 (has another version)\n"
    assert result["diff"]["after"] == f"{HTTP} 5.6.0 (has another version)\n"
    assert home.version(HTTP) == "5.6.0"


def test_upgrade_that_drops_plugins_is_made_good(bring, home, pack):
    entries = pack(**OWN, logstash__filter__a="1.0.0")
    bring(*entries)
    home.install("8.6.2")
    assert home.version("logstash-filter-a") is None
    assert {change["name"] for change in bring(*entries)["changes"]} == {HTTP, "logstash-filter-a"}
    assert home.version(HTTP) == "5.5.99"


def test_upgrade_to_a_release_that_bundles_the_same_version_installs_the_own_file_again(bring, home, pack):
    [entry] = pack(logstash__output__http="5.5.0")
    assert [change["why"] for change in bring(entry)["changes"]] == ["did not come from this file"]
    home.install("8.6.2")
    assert [change["why"] for change in bring(entry)["changes"]] == ["did not come from this file"]


def test_other_file_of_the_same_version_is_installed(bring, pack):
    [entry] = pack(**OWN)
    bring(entry)
    result = bring({**entry, "checksum": "0" * 64})
    assert [change["why"] for change in result["changes"]] == ["did not come from this file"]


@pytest.mark.parametrize("lock", ["untouched", "half-written", "empty"])
def test_change_that_was_cut_off_is_undone_and_made_again(bring, home, pack, lock):
    [entry] = pack(**OWN)
    before = home.files
    PluginSet(home.path).begin_change()
    (home.path / "Gemfile").write_text("")
    if lock != "untouched":
        (home.path / "Gemfile.lock").write_text(before[1][100:300] if lock == "half-written" else "")
    result = bring(check=True)
    assert (result["changed"], result["undone"]) == (True, True)
    assert home.files != before
    result = bring({**entry, "file": ""})
    assert result["undone"]
    assert home.files == before
    bring(entry)
    assert home.version(HTTP) == "5.5.99"
    assert not bring({**entry, "file": ""})["undone"]


def test_what_an_older_package_left_half_done_is_not_put_into_a_newer_one(bring, home):
    PluginSet(home.path).begin_change()
    home.install("8.6.2")
    before = home.files
    assert not bring()["undone"]
    assert home.files == before
    assert not (home.path / "vendor/elk-deploy/changing").exists()


def test_set_that_was_half_kept_when_the_run_was_killed_counts_as_none(bring, home, pack):
    (home.path / f"vendor/elk-deploy/sets/{PluginSet(home.path).fingerprint()}.part").mkdir(parents=True)
    assert not bring()["changed"]
    bring(*pack(**OWN))
    assert home.version(HTTP) == "5.5.99"


def test_going_back_to_an_earlier_set_starts_no_program(bring, run_module, home, pack):
    first = bring()["fingerprint"]
    second = bring(*pack(**OWN))["fingerprint"]
    home.calls()

    def go_back(fingerprint, **options):
        return run_module(logstash_plugins, home=str(home.path), fingerprint=fingerprint, **options)

    assert go_back(first, check=True)["changed"]
    assert home.version(HTTP) == "5.5.99"
    assert go_back(first)["fingerprint"] == first
    assert home.version(HTTP) == "5.5.0"
    assert not go_back(first)["changed"]
    assert go_back(second)["changed"]
    assert bring()["fingerprint"] == second
    assert home.version(HTTP) == "5.5.99"
    assert home.calls() == []


def test_going_back_to_a_set_of_the_same_versions_from_elsewhere(bring, run_module, home, pack):
    from_rubygems = bring({"name": HTTP, "version": "5.5.99"})["fingerprint"]
    bring(*pack(**OWN))
    run_module(logstash_plugins, home=str(home.path), fingerprint=from_rubygems)
    assert bring()["fingerprint"] == from_rubygems


def test_set_of_another_version_of_logstash_is_not_gone_back_to(bring, run_module, home, pack):
    first = bring()["fingerprint"]
    bring(*pack(**OWN))
    home.install("8.6.2")
    result = run_module(logstash_plugins, home=str(home.path), fingerprint=first)
    assert "No set of plugins with fingerprint" in result["msg"]


def test_set_is_there_again_after_an_upgrade_and_back(bring, run_module, home, pack):
    fingerprint = bring(*pack(**OWN))["fingerprint"]
    home.install("8.6.2")
    home.install("8.5.3")
    assert home.version(HTTP) == "5.5.0"
    run_module(logstash_plugins, home=str(home.path), fingerprint=fingerprint)
    assert home.version(HTTP) == "5.5.99"


def test_few_sets_are_kept(bring, home):
    for number in range(8):
        bring({"name": HTTP, "version": f"6.0.{number}"})
    assert len(list((home.path / "vendor/elk-deploy/sets").iterdir())) == 5


def test_failure_puts_back_what_was_there_and_says_what_is_installed(bring, home, pack):
    [entry] = pack(**OWN)
    before = home.files
    home.break_program(
        f"echo broken > {home.path}/Gemfile; echo 'Using bundled JDK: /x'; echo 'Installing file: x'; "
        "echo 'ERROR: Installation Aborted, message: no route to host' >&2; exit 1"
    )
    result = bring(entry)
    assert result["failed"]
    assert "exit status 1: ERROR: Installation Aborted, message: no route to host" in result["msg"]
    assert f"installed now: {HTTP} 5.5.0" in result["msg"]
    assert home.files == before


def test_folders_of_gems_that_were_installed_by_hand_come_back_too(bring, home, pack):
    folder = home.path / "vendor/local_gems/ab/x"
    folder.mkdir(parents=True)
    (folder / "x.rb").write_text("code")
    home.break_program(f"rm -r {home.path}/vendor/local_gems; exit 1")
    assert bring(*pack(**OWN))["failed"]
    assert (folder / "x.rb").read_text() == "code"


def test_program_that_ends_well_but_did_something_else_is_a_failure(bring, home, pack):
    before = home.files
    home.break_program(f'test "$1" = install || echo "{HTTP} (5.5.1)"')
    result = bring(*pack(**OWN))
    assert f"{HTTP} is 5.5.1 where 5.5.99 is wanted" in result["msg"]
    assert home.files == before


def test_call_that_does_not_end_is_ended(bring, home, pack):
    home.break_program("sleep 60")
    assert "did not end within 1 s" in bring(*pack(**OWN), timeout=1)["msg"]


def test_roots_umask_and_java_and_locale(bring, home, pack, tmp_path):
    home.break_program(f'echo "$(umask) $LS_JAVA_HOME $JAVA_HOME $LC_ALL" > {tmp_path}/seen; exit 1')
    old = os.umask(0o077)
    try:
        bring(*pack(**OWN), java_home="/opt/java")
    finally:
        os.umask(old)
    assert (tmp_path / "seen").read_text() == "0022 /opt/java /opt/java C.UTF-8\n"


def test_the_proxy_reaches_the_program_and_its_password_nobody(bring, home, pack, tmp_path):
    home.break_program(f'echo "$https_proxy $X" > {tmp_path}/seen; echo "error: no way through $https_proxy"; exit 1')
    result = bring(*pack(**OWN), environment={"https_proxy": "http://me:pa%3Ass@proxy:3128", "X": True})
    assert (tmp_path / "seen").read_text() == "http://me:pa%3Ass@proxy:3128 true\n"
    assert "no way through http://me:*****@proxy:3128" in result["msg"]
    assert "pa%3Ass" not in str(result)


def test_check_mode_says_what_would_change_and_starts_no_program(bring, home):
    before = home.files
    result = bring(
        {"name": HTTP, "version": "9.9.9"}, {"name": "logstash-input-twitter", "state": "absent"}, check=True
    )
    assert [(change["name"], change["after"]) for change in result["changes"]] == [
        (HTTP, "9.9.9"),
        ("logstash-input-twitter", ""),
    ]
    assert home.calls() == []
    assert home.files == before


def test_check_mode_before_logstash_is_installed(run_module, tmp_path):
    result = run_module(logstash_plugins, check=True, home=str(tmp_path), plugins=[{"name": HTTP, "version": "1.0.0"}])
    assert (result["changed"], result["fingerprint"]) == (True, "")


def test_no_logstash_is_an_error_that_says_so(run_module, tmp_path):
    assert "no Logstash is installed there" in run_module(logstash_plugins, home=str(tmp_path), plugins=[])["msg"]


def test_lock_of_5_x_and_platforms_are_read(unpacked):
    installed = PluginSet(unpacked("5.4.1")).installed()
    assert installed[HTTP] == "4.2.0"
    assert PluginSet(unpacked("5.4.1")).lock.name == "Gemfile.jruby-1.9.lock"


def test_lock_in_bundlers_form_is_read(tmp_path):
    (tmp_path / "Gemfile.lock").write_text(
        "PATH\n  remote: logstash-core\n  specs:\n    logstash-core (7.5.1-java)\n      clamp (~> 0.6)\n\n"
        "PATH\n  remote: vendor/local_gems/1/x\n  specs:\n    logstash-filter-x (1.0.0)\n      logstash-core (>= 1)\n\n"
        "GEM\n  remote: https://gems.example.com/\n  specs:\n    logstash-codec-avro (3.2.3-java)\n      avro\n"
        "      logstash-core-plugin-api (>= 1.60, <= 2.99)\n    logstash-devutils (1.3.6-java)\n"
        "    logstash-output-csv (3.0.7)\n      logstash-output-file\n\n"
        "PLATFORMS\n  java\n\nDEPENDENCIES\n  logstash-codec-avro\n  logstash-filter-x (= 1.0.0)!\n"
    )
    assert PluginSet(tmp_path).installed() == {
        "logstash-filter-x": "1.0.0",
        "logstash-codec-avro": "3.2.3",
        "logstash-output-csv": "3.0.7",
    }


def test_fingerprint_changes_with_versions_and_files(bring, pack):
    prints = [bring()["fingerprint"]]
    [entry] = pack(**OWN)
    prints.append(bring(entry)["fingerprint"])
    prints.append(bring({**entry, "checksum": "0" * 64})["fingerprint"])
    assert len(set(prints)) == 3
    assert all(prints)


# The action: what the files on the controller say, and what is brought to the host.


@pytest.fixture
def play(home, tmp_path):
    project = Project(tmp_path)

    def run(*plugins, options=(), check_only=False, **more):
        given = {"plugins": list(plugins), "home": str(home.path), "check_only": check_only, **more}
        task = {
            "name": "Ensure the plugins",
            "elk.deploy.logstash_plugins": given,
            "register": "brought",
        }
        show = {"name": "Show", "ansible.builtin.debug": {"var": "brought.undone"}}
        return project.play(task, show, options=options)

    return run


def test_gems_come_as_one_pack_and_a_pack_as_it_is_and_nothing_is_left(play, home, tmp_path):
    gems = [write_gem(tmp_path, HTTP, "5.5.99"), write_gem(tmp_path, "logstash-filter-own", "0.1.0")]
    write_pack(tmp_path / "files.zip", {"logstash-filter-a": "1.0.0", "logstash-filter-b": "2.0.0"})
    plugins = [
        {"name": HTTP, "gem": str(gems[0]), "version": "5.5.99"},
        {"name": "logstash-filter-own", "gem": gems[1].name},
        {"name": "logstash-filter-a", "pack": "files.zip"},
        {"name": "logstash-filter-b", "pack": "files.zip", "version": "2.0.0"},
    ]
    done = play(*plugins)
    assert done.returncode == 0, done.stdout
    assert [call.split("/")[-1] for call in home.calls()] == ["pack-0.zip", "pack-1.zip", "list --verbose"]
    assert [home.version(plugin["name"]) for plugin in plugins] == ["5.5.99", "0.1.0", "1.0.0", "2.0.0"]
    assert list((tmp_path / "remote").rglob("*.zip")) == []

    done = play(*plugins)
    assert "changed=0" in done.stdout
    assert home.calls() == []


def test_what_was_undone_first_is_told_also_when_a_file_is_brought(play, home, tmp_path):
    write_gem(tmp_path, HTTP, "5.5.99")
    PluginSet(home.path).begin_change()
    done = play({"name": HTTP, "gem": f"{HTTP}-5.5.99.gem"})
    assert '"brought.undone": true' in done.stdout
    assert home.version(HTTP) == "5.5.99"


def test_check_run_copies_nothing(play, home, tmp_path):
    write_gem(tmp_path, HTTP, "5.5.99")
    done = play({"name": HTTP, "gem": f"{HTTP}-5.5.99.gem"}, options=("--check", "--diff"))
    assert f"+{HTTP} 5.5.99 (has another version)" in done.stdout
    assert home.calls() == []


def test_check_run_with_what_is_installed_asks_no_host(play, home, tmp_path):
    write_gem(tmp_path, HTTP, "5.5.99")
    installed = PluginSet(home.path).state()
    plugin = {"name": HTTP, "gem": f"{HTTP}-5.5.99.gem"}
    shutil.rmtree(home.path)
    done = play(plugin, options=("--check", "--diff"), installed=installed)
    assert f"+{HTTP} 5.5.99 (has another version)" in done.stdout, done.stdout
    checksum = hashlib.sha256((tmp_path / plugin["gem"]).read_bytes()).hexdigest()
    installed["installed"][HTTP], installed["sources"] = "5.5.99", {HTTP: checksum}
    assert "changed=0" in play(plugin, options=("--check",), installed=installed).stdout
    # What a run that was cut off left behind has to be undone.
    assert "changed=1" in play(plugin, options=("--check",), installed={**installed, "interrupted": "set"}).stdout


def test_list_is_checked_without_a_host(play, home, tmp_path):
    write_gem(tmp_path, HTTP, "5.5.99")
    gem = {"name": HTTP, "gem": f"{HTTP}-5.5.99.gem"}
    assert "changed=0" in play(gem, check_only=True).stdout
    assert "and not logstash-output-http 5.5.98" in play({**gem, "version": "5.5.98"}, check_only=True).stdout
    assert home.calls() == []


def test_every_fault_of_the_list_is_told_before_anything_is_done(play, home, tmp_path):
    write_gem(tmp_path, HTTP, "5.5.99")
    write_gem(tmp_path, "logstash-filter-no", "1.0.0", plugin=False)
    (tmp_path / "logstash-filter-x-1.0.0.gem").write_text("no gem")
    shutil.copy(tmp_path / f"{HTTP}-5.5.99.gem", tmp_path / "renamed.gem")
    write_pack(tmp_path / "pack.zip", {"logstash-filter-a": "1.0.0"})
    done = play(
        {"name": HTTP, "version": "5.5.98", "gem": f"{HTTP}-5.5.99.gem"},
        {"name": "logstash-filter-no", "gem": "logstash-filter-no-1.0.0.gem"},
        {"name": "logstash-filter-x", "gem": "logstash-filter-x-1.0.0.gem"},
        {"name": HTTP, "gem": "renamed.gem"},
        {"name": "logstash-filter-b", "pack": "pack.zip"},
        {"name": "logstash-filter-c", "gem": "pack.zip"},
        {"name": "logstash-filter-d", "gem": "nowhere.gem"},
        {"name": "http"},
        {"name": "logstash-filter-e", "version": "~> 1.0"},
        {"name": "logstash-filter-f", "state": "latest"},
        {"name": "logstash-filter-g", "gem": "x.gem", "pack": "pack.zip"},
        {"name": "logstash-filter-h", "versoin": "1.0.0"},
        {"name": "logstash-filter-i", "version": "1.0.0"},
        {"name": "logstash-filter-i", "state": "absent"},
        {"name": "logstash-filter-j"},
        {"name": "logstash-filter-k", "pack": "pack.zip", "checksum": f"sha256:{'0' * 64}"},
        {"name": "logstash-filter-l", "pack": "pack.zip", "checksum": "md5:0"},
        {"name": "logstash-filter-m", "version": "1.0.0", "checksum": f"sha256:{'0' * 64}"},
        {"name": "logstash-filter-n", "pack": "https://127.0.0.1:9/pack.zip"},
    )
    assert done.returncode == 2
    for text in (
        f"plugin 1 ({HTTP}): {HTTP}-5.5.99.gem holds {HTTP} 5.5.99, and not {HTTP} 5.5.98",
        "plugin 2 (logstash-filter-no): logstash-filter-no-1.0.0.gem holds logstash-filter-no, whose specification",
        "plugin 3 (logstash-filter-x): logstash-filter-x-1.0.0.gem is not a gem",
        f"plugin 4 ({HTTP}): renamed.gem holds {HTTP} 5.5.99; expected the name {HTTP}-5.5.99.gem",
        "plugin 5 (logstash-filter-b): pack.zip holds logstash-filter-a 1.0.0, and not logstash-filter-b.",
        "plugin 6 (logstash-filter-c): gem is pack.zip; expected a .gem file",
        "plugin 7 (logstash-filter-d): Could not find or access",
        "plugin 8 (http): name is 'http'; expected a plugin's whole name",
        "plugin 9 (logstash-filter-e): version is '~> 1.0'; expected one version in full",
        "plugin 10 (logstash-filter-f): state is 'latest'; expected present or absent",
        "plugin 11 (logstash-filter-g): it has more than it can use",
        "plugin 12 (logstash-filter-h): it has no option versoin",
        "logstash-filter-i is in the list more than once",
        "plugin 15 (logstash-filter-j): it has no version, so that each host would get what the public gem server",
        f"plugin 16 (logstash-filter-k): The checksum of pack.zip is to be sha256:{'0' * 64}, but ",
        "plugin 17 (logstash-filter-l): checksum is 'md5:0'; expected sha256:<64 hex digits>",
        "plugin 18 (logstash-filter-m): it has a checksum, but no gem or pack that it belongs to",
        "plugin 19 (logstash-filter-n): https://127.0.0.1:9/pack.zip has no checksum, which an address needs",
    ):
        assert text in done.stdout.replace("\\n", " ").replace("\\", ""), text
    assert home.calls() == []


def test_failure_on_the_host_is_the_tasks(play, home, tmp_path):
    write_gem(tmp_path, HTTP, "5.5.99")
    home.break_program("echo 'ERROR: no' >&2; exit 3")
    done = play({"name": HTTP, "gem": f"{HTTP}-5.5.99.gem"})
    assert done.returncode == 2
    assert "failed with exit status 3: ERROR: no" in done.stdout
    assert list((tmp_path / "remote").rglob("*.zip")) == []


def sha256(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_with_checksums_required_only_what_is_told_beforehand_is_taken(play, home, tmp_path):
    gem = write_gem(tmp_path, HTTP, "5.5.99")
    told = {"name": HTTP, "gem": gem.name, "checksum": sha256(gem)}
    done = play(
        {**told, "checksum": ""},
        {"name": "logstash-filter-a", "version": "1.0.0"},
        {"name": "logstash-codec-msgpack", "state": "absent"},
        require_checksums=True,
        check_only=True,
    )
    text = done.stdout.replace("\\n", " ").replace("\\", "")
    assert done.returncode == 2
    assert f"plugin 1 ({HTTP}): {gem.name} has no checksum; set checksum: {sha256(gem)} once you know" in text
    assert "plugin 2 (logstash-filter-a): it comes from the public gem server, where nothing identifies what" in text
    assert "plugin 3" not in text
    done = play(told, require_checksums=True)
    assert done.returncode == 0, done.stdout
    assert home.version(HTTP) == "5.5.99"


@pytest.fixture
def mirror(tmp_path):
    """A folder, the address that it is served at, and the paths that were asked for."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_a_file_from_an_address_is_fetched_once_and_is_what_its_checksum_says(
    play, home, tmp_path, mirror, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, address, asked = mirror
    gem = write_gem(folder, HTTP, "5.5.99")
    plugin = {"name": HTTP, "gem": f"{address}/{gem.name}", "checksum": sha256(gem)}
    options = {"require_checksums": True}
    done = play(plugin, **options)
    assert done.returncode == 0, done.stdout
    assert home.version(HTTP) == "5.5.99"
    assert play(plugin, **options).returncode == 0
    assert asked == [f"/{gem.name}"]
    # The server has another one now, of the same name: with the old checksum that does not matter.
    gem.write_bytes(gem.read_bytes() + b"\0")
    assert play(plugin, **options).returncode == 0
    wrong = play({**plugin, "checksum": f"sha256:{'0' * 64}"}, **options)
    assert wrong.returncode == 2
    assert f"has {sha256(gem)}" in wrong.stdout
    assert [one.name for one in (tmp_path / "cache").rglob("*.gem")] == [gem.name]
    # And what somebody puts into the cache is looked at each time.
    (kept,) = (tmp_path / "cache").rglob("*.gem")
    # Packages from S3 lie beside that folder, by the same form of names.
    assert kept.parent.parent == tmp_path / "cache/elk-deploy/plugins"
    kept.write_bytes(b"evil")
    again = play(plugin, **options)
    assert again.returncode == 2
    assert f"has {sha256(gem)}" in again.stdout


def test_an_address_without_tls_is_not_asked(play, home):
    plugin = {"name": HTTP, "gem": f"http://mirror.invalid/{HTTP}-5.5.99.gem", "checksum": f"sha256:{'0' * 64}"}
    done = play(plugin, check_only=True)
    assert done.returncode == 2
    assert "would be fetched without TLS; use https, or add its host to logstash_trusted_mirrors" in done.stdout
    done = play(plugin, check_only=True, trusted_mirrors=["mirror.invalid"])
    assert "which could not be fetched" in done.stdout
