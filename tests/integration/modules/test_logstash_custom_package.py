"""A custom package is the real one with other plugins, under another version; nothing else of it changes."""

import gzip
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.custom_package import gems, process, rpm_spec
from ansible_collections.elk.deploy.plugins.module_utils.custom_package import sources as fetching
from ansible_collections.elk.deploy.plugins.module_utils.custom_package.errors import CustomPackageError
from ansible_collections.elk.deploy.plugins.modules import logstash_custom_package
from fake_logstash.build import build_archive, build_package, build_rpm_source
from noexec import mounted
from plugin_files import write_gem, write_pack

HTTP = {"name": "logstash-output-http", "version": "4.3.2"}
needs_rpm = pytest.mark.skipif(not shutil.which("rpmbuild"), reason="rpmbuild is not on this machine")


def sha256(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def build_rpm(version, folder):
    """An rpm as the vendor's are: with an epoch, scripts, and configuration files that stay."""
    source = build_rpm_source(version, folder)
    output("rpmbuild", "-tb", "--quiet", "--define", f"_topdir {folder}/top", source)
    return next(folder.glob("top/RPMS/*/*.rpm"))


def tar_of_folder(name):
    """The bytes of a tar archive with one folder, which is empty."""
    content, member = io.BytesIO(), tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(member)
    return content.getvalue()


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """sources(kind) -> a real package of 5.4.1; each built once."""
    folder, built = tmp_path_factory.mktemp("sources"), {}
    builders = {"deb": build_package, "tar.gz": build_archive, "rpm": build_rpm}

    def get(kind):
        if kind not in built:
            built[kind] = builders[kind]("5.4.1", folder)
        return built[kind]

    return get


@pytest.fixture
def gem(tmp_path):
    return write_gem(tmp_path, **HTTP)


@pytest.fixture
def work():
    """A folder that accounts without rights come through to; every start of pytest closes its own to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def build(run_module, sources, tmp_path, gem, work):
    """build(kind, **arguments) -> the module's result, by default for the http output in its own version."""
    gem_checksum = sha256(gem)

    def run(kind="deb", check=False, **changes):
        arguments = {
            "src": str(sources(kind)),
            "checksum": sha256(sources(kind)),
            "version": "5.4.1",
            "suffix": "acme.1",
            "plugins": [{**HTTP, "src": str(gem), "checksum": gem_checksum}],
            "dest": str(tmp_path / "out"),
            "work_path": str(work),
        }
        result = run_module(logstash_custom_package, check=check, **{**arguments, **changes})
        assert list(work.iterdir()) == []
        return result

    return run


def fails(result, *words):
    """The message of a run that has to fail with all of these words."""
    assert result["failed"], result
    for word in words:
        assert word in result["msg"]
    return result["msg"]


def listed(home):
    lines = output(home / "bin/logstash-plugin", "list", "--verbose", "logstash-output-http$").splitlines()
    return [line for line in lines if line.startswith("logstash-")]


def tree(root):
    """Kind, mode and content of everything below a folder."""
    found = {}
    for path in root.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (path.is_dir(), oct(path.stat().st_mode & 0o7777), content)
    return found


PLUGIN_FILES = ("usr/share/logstash/Gemfile", "usr/share/logstash/vendor")


class TestDeb:
    @pytest.fixture
    def built(self, build, tmp_path):
        result = build()
        assert not result["failed"], result
        return tmp_path / "out/logstash-5.4.1+acme.1-amd64.deb"

    def test_version_is_newer_than_the_release_and_older_than_the_next(self, built):
        version = output("dpkg-deb", "-f", built, "Version").strip()
        assert version == "1:5.4.1+acme.1-1"
        for other, relation in (("1:5.4.1-1", "gt"), ("1:5.4.2-1", "lt"), ("1:5.4.1+acme.2-1", "lt")):
            subprocess.run(["dpkg", "--compare-versions", version, relation, other], check=True)

    def test_plugin_is_in_it_and_works_from_any_place(self, built, tmp_path):
        output("dpkg-deb", "-x", built, tmp_path / "elsewhere")
        assert listed(tmp_path / "elsewhere/usr/share/logstash") == ["logstash-output-http (4.3.2)"]

    def test_nothing_else_changed(self, built, sources, tmp_path):
        output("dpkg-deb", "-R", built, tmp_path / "custom")
        output("dpkg-deb", "-R", sources("deb"), tmp_path / "real")
        custom, real = tree(tmp_path / "custom"), tree(tmp_path / "real")
        differs = {name for name in custom.keys() | real.keys() if custom.get(name) != real.get(name)}
        assert {name for name in differs if not name.startswith(PLUGIN_FILES)} == {"DEBIAN/control"}

    def test_control_fields_are_the_genuine_ones_but_for_version_and_size(self, built, sources):
        fields = [output("dpkg-deb", "-f", package).splitlines() for package in (built, sources("deb"))]
        changed = {line.split(":")[0] for line in set(fields[0]) ^ set(fields[1])}
        assert changed <= {"Version", "Installed-Size"}

    def test_size_is_that_of_what_is_in_it(self, built, tmp_path):
        output("dpkg-deb", "-x", built, tmp_path / "x")
        size = sum(len(content) for _, _, content in tree(tmp_path / "x").values())
        assert int(output("dpkg-deb", "-f", built, "Installed-Size")) == size // 1024 + 1

    def test_everything_belongs_to_root(self, built):
        assert {line.split()[1] for line in output("dpkg-deb", "-c", built).splitlines()} == {"root/root"}

    def test_a_list_of_sums_is_that_of_the_files_in_it(self, build, sources, tmp_path):
        root = tmp_path / "with-sums"
        output("dpkg-deb", "-R", sources("deb"), root)
        (root / "DEBIAN/md5sums").write_text("0" * 32 + "  etc/logstash/logstash.yml\n")
        package = tmp_path / "logstash-5.4.1.deb"
        output("dpkg-deb", "--root-owner-group", "-b", root, package)
        assert not build(src=str(package), checksum=sha256(package))["failed"]
        output("dpkg-deb", "-R", tmp_path / "out/logstash-5.4.1+acme.1.deb", tmp_path / "custom")
        output("md5sum", "--check", "DEBIAN/md5sums", cwd=tmp_path / "custom")
        assert "usr/share/logstash/Gemfile\n" in (tmp_path / "custom/DEBIAN/md5sums").read_text()

    def test_files_of_other_users_are_refused_since_their_owner_would_be_lost(self, build, sources, tmp_path):
        if os.geteuid() != 0:
            pytest.skip("only root can make a package with such files")
        root = tmp_path / "owned"
        output("dpkg-deb", "-R", sources("deb"), root)
        os.chown(root / "var/lib/logstash", 65534, 65534)
        package = tmp_path / "logstash-5.4.1.deb"
        output("dpkg-deb", "-b", root, package)
        fails(build(src=str(package), checksum=sha256(package)), "not root's", "/var/lib/logstash")


class TestArchive:
    def test_folder_has_the_version_and_the_plugin_works(self, build, tmp_path):
        build("tar.gz")
        package = tmp_path / "out/logstash-5.4.1+acme.1-linux-x86_64.tar.gz"
        output("tar", "-xzf", package, "-C", tmp_path)
        assert listed(tmp_path / "logstash-5.4.1+acme.1") == ["logstash-output-http (4.3.2)"]

    def test_owners_are_root_and_the_order_is_fixed(self, build, tmp_path):
        build("tar.gz")
        with tarfile.open(next((tmp_path / "out").glob("*.tar.gz"))) as archive:
            members = archive.getmembers()
        assert {(member.uid, member.gid) for member in members} == {(0, 0)}
        assert len({member.mtime for member in members if member.isfile()}) == 1


@needs_rpm
class TestRpm:
    @pytest.fixture
    def built(self, build, tmp_path):
        result = build("rpm")
        assert not result["failed"], result
        return next((tmp_path / "out").glob("*.rpm"))

    def test_version_keeps_epoch_and_release(self, built):
        assert output("rpm", "-qp", "--queryformat", "%{EPOCH}:%{VERSION}-%{RELEASE}", built) == "1:5.4.1+acme.1-1"

    def test_plugin_is_in_it(self, built, tmp_path):
        (tmp_path / "unpacked").mkdir()
        output("sh", "-c", f"rpm2cpio '{built}' | cpio -idm --quiet", cwd=tmp_path / "unpacked")
        assert listed(tmp_path / "unpacked/usr/share/logstash") == ["logstash-output-http (4.3.2)"]

    @pytest.mark.parametrize("query", ["--scripts", "--requires", "--configfiles", "--conflicts", "--obsoletes"])
    def test_scripts_dependencies_and_configuration_files_are_the_genuine_ones(self, built, sources, query):
        assert output("rpm", "-qp", query, built) == output("rpm", "-qp", query, sources("rpm"))

    def test_files_outside_are_the_genuine_ones(self, built, sources):
        form = "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILEDIGESTS}\n]"
        lists = [output("rpm", "-qp", "--queryformat", form, package) for package in (built, sources("rpm"))]
        outside = [[line for line in text.splitlines() if not line.startswith("/usr/share/logstash")] for text in lists]
        assert outside[0] == outside[1] != []

    def test_what_it_says_of_itself_is_the_genuine_text(self, built, sources):
        form = "%{SUMMARY}|%{LICENSE}|%{ARCH}|%{DESCRIPTION}"
        custom, real = (output("rpm", "-qp", "--queryformat", form, package) for package in (built, sources("rpm")))
        assert custom == real

    def test_triggers_are_refused(self):
        with pytest.raises(Exception, match="triggers on bash"):
            rpm_spec.read(lambda query: "bash " if "TRIGGER" in query else "")


@pytest.mark.parametrize("kind", ["deb", "tar.gz", pytest.param("rpm", marks=needs_rpm)])
class TestEveryFormat:
    def test_the_same_inputs_give_the_same_bytes(self, build, tmp_path, kind):
        first = build(kind, dest=str(tmp_path / "first"))
        second = build(kind, dest=str(tmp_path / "second"))
        assert first["checksum"] == second["checksum"]

    def test_checksum_files_are_those_that_the_tools_read(self, build, tmp_path, kind):
        result = build(kind)
        for algorithm in ("sha256", "sha512"):
            name = f"{os.path.basename(result['package'])}.{algorithm}"
            output(f"{algorithm}sum", "--check", name, cwd=tmp_path / "out")

    def test_nothing_is_built_when_nothing_has_changed(self, build, tmp_path, kind):
        first = build(kind)
        written = os.stat(first["package"]).st_mtime_ns
        second = build(kind)
        assert (first["changed"], second["changed"]) == (True, False)
        assert os.stat(first["package"]).st_mtime_ns == written
        assert second["checksum"] == first["checksum"] == sha256(tmp_path / "out" / os.path.basename(first["package"]))


class TestRebuilding:
    def test_other_plugins_are_another_package_and_it_warns(self, build, tmp_path):
        build()
        other = write_gem(tmp_path, "logstash-output-http", "4.3.4")
        plugins = [{"name": "logstash-output-http", "version": "4.3.4", "src": str(other), "checksum": sha256(other)}]
        result = build(plugins=plugins)
        assert result["changed"]
        assert "give it another suffix" in str(result["warnings"])

    @pytest.mark.parametrize("lost", ["{}", "{}.sha256", "{}.sha512", "{}.manifest.json"])
    def test_what_is_missing_is_made_again(self, build, tmp_path, lost):
        package = build()["package"]
        os.unlink(lost.format(package))
        assert build()["changed"]
        assert os.path.exists(lost.format(package))

    def test_a_package_that_was_changed_by_hand_is_built_again(self, build):
        result = build()
        with open(result["package"], "ab") as file:
            file.write(b"x")
        assert build()["checksum"] == result["checksum"]

    def test_the_sources_are_no_longer_needed_once_it_is_built(self, build, gem):
        build()
        gem.unlink()
        assert not build()["changed"]

    def test_the_manifest_names_what_went_in_and_no_address(self, build, tmp_path, sources, gem):
        result = build()
        manifest = json.loads((tmp_path / "out/logstash-5.4.1+acme.1-amd64.deb.manifest.json").read_text())
        assert manifest.pop("sha256") == result["checksum"].removeprefix("sha256:")
        assert manifest == {
            "builder": 1,
            "version": "5.4.1+acme.1",
            "source": {"name": "logstash-5.4.1-amd64.deb", "checksum": sha256(sources("deb"))},
            "plugins": [{**HTTP, "file": gem.name, "checksum": sha256(gem)}],
        }

    def test_what_a_killed_run_left_is_removed(self, build, work):
        left = work / "build-logstash-5.4.1+acme.1-amd64.deb/unpacked"
        left.mkdir(parents=True)
        assert not build()["failed"]


class TestCheckMode:
    def test_it_says_what_would_happen_and_does_nothing(self, build, tmp_path):
        result = build(check=True)
        assert result["changed"]
        assert result["version"] == "5.4.1+acme.1"
        assert "checksum" not in result
        assert not (tmp_path / "out").exists()

    def test_after_the_build_nothing_would_change(self, build):
        built = build()
        checked = build(check=True)
        assert not checked["changed"]
        assert checked["checksum"] == built["checksum"]

    def test_a_wrong_checksum_is_told_already(self, build):
        fails(build(check=True, checksum="sha256:" + "0" * 64), "The checksum of src is to be")

    def test_nothing_is_fetched(self, build):
        assert build(check=True, src="https://nowhere.invalid/logstash-5.4.1.deb")["changed"]


class TestPlugins:
    def test_several_of_one_pack_and_a_gem_beside_them(self, build, tmp_path, gem):
        wanted = {"logstash-filter-age": "1.0.3", "logstash-filter-tld": "3.1.3"}
        pack = write_pack(tmp_path / "pack.zip", wanted, {"public_suffix": "1.4.6"})
        entries = [
            {"name": name, "version": version, "src": str(pack), "checksum": sha256(pack)}
            for name, version in wanted.items()
        ]
        result = build(plugins=[*entries, {**HTTP, "src": str(gem), "checksum": sha256(gem)}])
        assert not result["failed"], result
        output("dpkg-deb", "-x", result["package"], tmp_path / "x")
        lines = output(tmp_path / "x/usr/share/logstash/bin/logstash-plugin", "list", "--verbose").splitlines()
        assert {"logstash-filter-age (1.0.3)", "logstash-filter-tld (3.1.3)", "logstash-output-http (4.3.2)"} <= set(
            lines
        )

    def test_gem_of_another_version(self, build, gem):
        plugins = [{"name": HTTP["name"], "version": "4.3.3", "src": str(gem), "checksum": sha256(gem)}]
        fails(build(plugins=plugins), "plugins names logstash-output-http 4.3.3", "holds logstash-output-http 4.3.2")

    def test_gem_of_another_plugin_under_a_wrong_name(self, build, tmp_path):
        other = write_gem(tmp_path, "logstash-output-tcp", "4.3.2").rename(tmp_path / "logstash-output-http-4.3.2.gem")
        plugins = [{**HTTP, "src": str(other), "checksum": sha256(other)}]
        fails(build(plugins=plugins), "holds logstash-output-tcp 4.3.2", "Correct the name or the version")

    def test_pack_that_lacks_the_plugin(self, build, tmp_path):
        # That it is there as a dependency does not make it one of those that the pack installs.
        pack = write_pack(tmp_path / "pack.zip", {"logstash-filter-age": "1.0.3"}, {HTTP["name"]: HTTP["version"]})
        fails(
            build(plugins=[{**HTTP, "src": str(pack), "checksum": sha256(pack)}]), "pack.zip holds logstash-filter-age"
        )

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("x.gem", b"<html>Not found</html>", "x.gem is not a gem"),
            ("x.gem", tar_of_folder("metadata.gz"), "x.gem is not a gem"),
            ("x.zip", b"<html>Not found</html>", "x.zip is not an offline pack"),
            ("x.tgz", b"", "expected a .gem file"),
        ],
    )
    def test_file_that_is_no_gem_and_no_pack(self, build, tmp_path, name, content, words):
        path = tmp_path / name
        path.write_bytes(content)
        fails(build(plugins=[{**HTTP, "src": str(path), "checksum": sha256(path)}]), words)

    def test_none_at_all(self, build):
        fails(build(plugins=[]), "plugins is []")


def repacked(tmp_path, archive, program):
    """An archive whose plugin program is this shell script."""
    path = tmp_path / "logstash-5.4.1.tar.gz"
    with tarfile.open(archive) as source, tarfile.open(path, "w:gz") as target:
        for member in source:
            content = source.extractfile(member).read() if member.isfile() else b""
            if member.name.endswith("bin/logstash-plugin"):
                content = b"#!/bin/sh\n" + program.encode()
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return {"src": str(path), "checksum": sha256(path)}


class TestPluginProgram:
    @pytest.fixture
    def run(self, build, sources, tmp_path):
        return lambda program, **changes: build(**repacked(tmp_path, sources("tar.gz"), program), **changes)

    def test_its_failure_is_shown_and_nothing_is_published(self, run, tmp_path):
        result = run("echo Bundler could not find compatible versions; exit 1")
        fails(result, "exit status 1", "Bundler could not find compatible versions")
        assert not (tmp_path / "out").exists()

    def test_an_installation_without_effect_is_noticed(self, run):
        message = "Logstash lists logstash-output-http as 4.2.0; expected 4.3.2"
        fails(run('[ "$1" = install ] || echo "logstash-output-http (4.2.0)"'), message)

    def test_a_package_that_only_works_where_it_was_built_is_noticed(self, run):
        program = 'home=$(dirname "$(dirname "$0")")\nif [ "$1" = install ]; then echo "$home" >"$home/where"\n'
        program += 'else cd "$(cat "$home/where")" && echo "logstash-output-http (4.3.2)"; fi'
        fails(run(program), "list --verbose failed")

    def test_one_that_does_not_end_is_stopped_with_what_it_started(self, run):
        fails(run("sleep 47.11 >/dev/null 2>&1 & wait", timeout=1), "did not end within 1 s")
        assert "sleep 47.11" not in output("ps", "-eo", "args").splitlines()

    def test_a_full_disk_has_a_message_of_its_own(self, run):
        result = run("echo 'write error: No space left on device' >&2; exit 1")
        fails(result, "The disk is full", "below work_path", "nothing was left behind")

    def test_it_gets_a_short_environment(self, run, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for gems")
        assert "not for gems" not in fails(run("env; exit 1"), "LC_ALL=C.UTF-8")

    def test_java_is_named_as_old_and_new_releases_want_it(self, run):
        fails(run("env; exit 1", java_home="/opt/java"), "JAVA_HOME=/opt/java", "LS_JAVA_HOME=/opt/java")

    @pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root has no rights to give up")
    def test_root_runs_it_as_an_account_without_rights(self, run):
        fails(run("id -un; id -G; exit 1"), "nobody\n65534")

    @pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root has no rights to give up")
    @pytest.mark.parametrize("user", ["root", "nosuchuser"])
    def test_account_that_has_rights_or_does_not_exist(self, run, user):
        fails(run("exit 1", user=user), f"user is {user!r}", "such as nobody")


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root has no rights to give up")
def test_root_publishes_no_file_that_a_link_leads_to(build, tmp_path, work, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("only root reads this")

    def evil_gem(_account, _work, _seconds):
        target = next(work.iterdir()) / "logstash-5.4.1+acme.1-amd64.deb"
        target.symlink_to(secret)

    monkeypatch.setattr(
        "ansible_collections.elk.deploy.plugins.module_utils.custom_package.build.without_rights", evil_gem
    )
    fails(build())
    assert list((tmp_path / "out").iterdir()) == []


def test_without_rights_passes_the_message_on():
    account = process.account_without_rights("nobody")

    def work():
        raise process.CustomPackageError("what went wrong")

    with pytest.raises(process.CustomPackageError, match="what went wrong"):
        process.without_rights(account, work)


class TestInputs:
    def test_work_path_that_cannot_execute(self, build, work):
        with mounted(work.with_name(f"{work.name}-noexec")) as path:
            fails(build(work_path=str(path)), f"work_path is {path}, which is mounted noexec", "Name another one")
            assert list(path.iterdir()) == []
        path.rmdir()

    def test_program_has_the_work_path_for_temporary_files(self, tmp_path):
        runner = process.Runner(tmp_path, {}, 30)
        said = runner.run("sh", "-c", 'echo "$TMPDIR $LS_JAVA_OPTS"').split()
        assert said == [str(tmp_path), f"-Djava.io.tmpdir={tmp_path}"]

    def test_wrong_checksum(self, build):
        fails(build(checksum="sha512:" + "0" * 128), "The checksum of src is to be sha512:000", "Fetch the file again")

    def test_wrong_checksum_of_a_gem(self, build, gem):
        plugins = [{**HTTP, "src": str(gem), "checksum": "sha256:" + "0" * 64}]
        fails(build(plugins=plugins), "The checksum of src of plugin logstash-output-http is to be")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"version": "5.4"}, "version is '5.4'; expected the release"),
            ({"version": "5.4.2"}, "version is '5.4.2', but src logstash-5.4.1-amd64.deb holds 5.4.1"),
            ({"suffix": "acme-1"}, "suffix is 'acme-1'; expected letters, digits and dots"),
            ({"suffix": ""}, "suffix is ''"),
            ({"checksum": "md5:abc"}, "checksum is 'md5:abc'; expected sha256:<64 hex digits>"),
            ({"src": "/nowhere/logstash-5.4.1.deb"}, "src is '/nowhere/logstash-5.4.1.deb', which cannot be read"),
            ({"src": "/nowhere/logstash-5.4.1.zip"}, "ends with .deb, .rpm, .tar.gz"),
        ],
    )
    def test_wrong_values(self, build, changes, words):
        fails(build(**changes), words)

    def test_source_that_is_no_package(self, build, tmp_path):
        path = tmp_path / "logstash-5.4.1.deb"
        path.write_text("<html>Not found</html>")
        fails(build(src=str(path), checksum=sha256(path)), "dpkg-deb: error")

    def test_source_that_is_no_archive(self, build, tmp_path):
        path = tmp_path / "logstash-5.4.1.tar.gz"
        path.write_bytes(gzip.compress(b"Not found"))
        fails(build(src=str(path), checksum=sha256(path)), "which is not a tar.gz archive")

    def test_package_of_something_else(self, build, tmp_path):
        root = tmp_path / "other"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN/control").write_text(
            "Package: other\nVersion: 5.4.1\nArchitecture: all\nMaintainer: x\nDescription: x\n"
        )
        package = tmp_path / "other-5.4.1.deb"
        output("dpkg-deb", "-b", root, package)
        fails(build(src=str(package), checksum=sha256(package)), "src holds other 5.4.1")

    def test_tools_that_are_missing(self, build, sources, monkeypatch):
        fails_with = "dpkg-deb is not on PATH. Install dpkg"
        source, checksum = str(sources("deb")), sha256(sources("deb"))
        monkeypatch.setenv("PATH", "/nowhere")
        fails(build(src=source, checksum=checksum), "This machine cannot build a .deb package", fails_with)

    def test_work_path_that_does_not_exist(self, run_module, sources, gem, tmp_path):
        result = run_module(
            logstash_custom_package,
            src=str(sources("deb")), checksum=sha256(sources("deb")), version="5.4.1", suffix="acme.1",
            plugins=[{**HTTP, "src": str(gem), "checksum": sha256(gem)}], dest=str(tmp_path), work_path="/nowhere",
        )  # fmt: skip
        fails(result, "/nowhere")


def gem_of(specification):
    """The bytes of a gem with these bytes as its metadata.gz; None makes it a folder."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo("metadata.gz")
        entry.type = tarfile.DIRTYPE if specification is None else tarfile.REGTYPE
        entry.size = len(specification or b"")
        archive.addfile(entry, io.BytesIO(specification or b""))
    return content.getvalue()


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        (gzip.compress(b"name: a" + b"\n" * (5 << 20)), "has more than"),
        (gzip.compress(b"name: a")[:-3], "cut off"),
        (gzip.compress(b"name: a")[:10] + b"\xff\xff\xff", "invalid"),
        (b"name: a", "header"),
        (None, "no file"),
    ],
    ids=["large", "short", "damaged", "plain", "folder"],
)
def test_a_specification_that_is_damaged_or_fills_the_memory_is_refused(specification, words):
    with pytest.raises(CustomPackageError, match="x.gem is not a gem.*" + words):
        gems.read_gem("x.gem", gem_of(specification))


def test_a_file_of_an_address_stays_in_its_folder(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(fetching, "open_url", lambda place, **_: asked.append(place) or io.BytesIO(b"evil"))
    folder = tmp_path / "inputs"
    folder.mkdir()
    for ending in ("..%2Foutside.gem", "%2e%2e%2foutside.gem", "x/%2E%2E", "%00.gem", ""):
        with pytest.raises(CustomPackageError):
            fetching.take("src", f"http://mirror/{ending}", "sha256:" + "0" * 64, folder)
    assert [path for path in tmp_path.rglob("*") if path.parent != folder] == [folder]
    assert fetching.name_of("https://mirror/a%2Fb/logstash%2Bacme.deb?x=/y") == "logstash+acme.deb"


def test_a_folder_of_any_name_is_one_word_of_the_spec_file():
    text = rpm_spec.write(
        rpm_spec.Spec("noarch", [], "", {}, []), "1.0.0", "/build-x'; id; '%(id)", "usr/share/logstash"
    )
    assert """mv '/build-x'"'"'; id; '"'"'%%(id)'/* %{buildroot}/""" in text.splitlines()


@pytest.fixture
def server(tmp_path, sources, gem):
    """The address of a loopback server that has the package and the gem, and the paths that it was asked for."""
    shutil.copy(sources("deb"), tmp_path / sources("deb").name)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=tmp_path)

        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", asked
        httpd.shutdown()


class TestAddresses:
    def test_package_and_gem_are_fetched(self, build, server, sources, gem):
        address, asked = server
        plugins = [{**HTTP, "src": f"{address}/{gem.name}?sig=secret", "checksum": sha256(gem)}]
        result = build(src=f"{address}/{sources('deb').name}", plugins=plugins)
        assert not result["failed"], result
        assert len(asked) == 2
        assert "secret" not in json.dumps(result["manifest"])

    def test_the_same_files_from_elsewhere_are_the_same_inputs(self, build, server, sources):
        address, asked = server
        build()
        assert not build(src=f"{address}/{sources('deb').name}")["changed"]
        assert asked == []

    def test_what_comes_is_checked(self, build, server, sources):
        address, _ = server
        result = build(src=f"{address}/{sources('deb').name}", checksum="sha256:" + "0" * 64)
        fails(result, "The checksum of src is to be")

    def test_what_is_not_there_is_named_without_its_signature(self, build, server):
        address, _ = server
        message = fails(build(src=f"{address}/logstash-5.4.1.deb?sig=secret"), "could not be fetched", "not found")
        assert "secret" not in message
