"""The package: the same bytes everywhere, nothing in it that doesn't belong there."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import build_zip as builder
import pytest
from build_zip import build_zip

SOURCE = Path(builder.__file__).parent
SETTINGS = json.dumps({"LogHost": "logs.example.com", "LogPort": "5045"})


@pytest.fixture
def other_source(tmp_path) -> Path:
    """A copy with other dates, modes and litter, made under another umask."""
    target = tmp_path / "elsewhere" / "deeper"
    before = os.umask(0o077)
    try:
        target.mkdir(parents=True)
        package = target / "elb_log_shipper"
        for path in sorted(SOURCE.joinpath("elb_log_shipper").rglob("*.py"), reverse=True):
            copy = package / path.relative_to(SOURCE / "elb_log_shipper")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copy.chmod(0o755)
            os.utime(copy, (86400 * 5000, 86400 * 5000))
        for litter in ("__pycache__/x.py", "__pycache__/x.pyc", "tests/test_x.py", "notes.txt", ".env", "x.py~"):
            (package / litter).parent.mkdir(exist_ok=True)
            (package / litter).write_text("litter", encoding="utf-8")
        (target / "other.py").write_text("", encoding="utf-8")
    finally:
        os.umask(before)
    return target


def test_two_builds_are_identical(tmp_path, other_source):
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    digest = build_zip(SOURCE, SETTINGS, first)
    before = os.umask(0o077)
    try:
        assert build_zip(str(other_source), SETTINGS, str(second)) == digest
    finally:
        os.umask(before)
    assert first.read_bytes() == second.read_bytes()
    assert hashlib.sha256(first.read_bytes()).hexdigest() == digest


def test_content(tmp_path, other_source):
    output = tmp_path / "x.zip"
    build_zip(other_source, SETTINGS, output)
    with zipfile.ZipFile(output) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        assert archive.read("elb_log_shipper/settings.json").decode() == SETTINGS
    modules = [path.relative_to(SOURCE).as_posix() for path in (SOURCE / "elb_log_shipper").rglob("*.py")]
    assert names == sorted([*modules, "elb_log_shipper/settings.json"])
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert {(info.compress_type, info.create_system) for info in infos} == {(zipfile.ZIP_STORED, 3)}


def test_handler_runs_out_of_the_package(tmp_path):
    output = tmp_path / "x.zip"
    build_zip(SOURCE, SETTINGS, output)
    code = (
        "from elb_log_shipper.handler import lambda_handler as h; from elb_log_shipper import errors\n"
        "try: h({'Records': []}, None)\nexcept errors.SettingsError as e: print(e)"
    )
    unpacked = tmp_path / "task"
    with zipfile.ZipFile(output) as archive:
        archive.extractall(unpacked)
    done = subprocess.run([sys.executable, "-c", code], cwd=unpacked, capture_output=True, text=True, check=True)
    assert "LogTransport: missing" in done.stdout


def test_other_settings_give_another_hash(tmp_path):
    output = tmp_path / "x.zip"
    first = build_zip(SOURCE, SETTINGS, output)
    second = build_zip(SOURCE, SETTINGS.replace("5045", "5046"), output)
    assert first != second
    assert hashlib.sha256(output.read_bytes()).hexdigest() == second


def test_identical_file_is_left_untouched(tmp_path):
    output = tmp_path / "x.zip"
    build_zip(SOURCE, SETTINGS, output)
    os.utime(output, (1, 1))
    before = output.stat()
    build_zip(SOURCE, SETTINGS, output)
    after = output.stat()
    assert (before.st_mtime, before.st_ino) == (after.st_mtime, after.st_ino)


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    output = tmp_path / "x.zip"
    output.write_bytes(b"old")

    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        build_zip(SOURCE, SETTINGS, output)
    assert output.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.zip"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object"),
        ('{"LogHost": "#{LogHost}"}', r"the token #\{LogHost\} was not substituted"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path, text, reason):
    with pytest.raises(ValueError, match=reason):
        build_zip(SOURCE, text, tmp_path / "x.zip")
    assert os.listdir(tmp_path) == []


def test_directory_without_the_package(tmp_path):
    with pytest.raises(FileNotFoundError, match="no package there"):
        build_zip(tmp_path, SETTINGS, tmp_path / "x.zip")


def wheel(directory: Path, platform: str) -> Path:
    path = directory / f"isal-1.9.1-cp311-cp311-{platform}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("isal/__init__.py", "")
        archive.writestr("isal/isal_zlib.so", platform)
    return path


@pytest.mark.parametrize(
    ("architecture", "platform"),
    [
        ("arm64", "manylinux_2_17_aarch64.manylinux2014_aarch64"),
        ("x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("arm64", "any"),
    ],
)
def test_wheels_go_into_the_package_of_their_processor(tmp_path, architecture, platform):
    outputs = [tmp_path / "x.zip", tmp_path / "y.zip"]
    options = {"architecture": architecture, "wheels": [wheel(tmp_path, platform)]}
    first, second = [build_zip(SOURCE, SETTINGS, output, **options) for output in outputs]
    assert first == second
    with zipfile.ZipFile(outputs[0]) as archive:
        assert archive.read("isal/isal_zlib.so").decode() == platform
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def wheel_of_installed(name: str, directory: Path) -> Path:
    """The wheel that a distribution was installed from, as far as it is still there."""
    found = metadata.distribution(name)
    tags = [line.removeprefix("Tag: ") for line in found.read_text("WHEEL").splitlines() if line.startswith("Tag: ")]
    interpreter = tags[0].rpartition("-")[0]
    platforms = ".".join(tag.rpartition("-")[2] for tag in tags)
    path = directory / f"{name}-{found.version}-{interpreter}-{platforms}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in found.files:
            if "__pycache__" not in file.parts and file.locate().is_file():
                archive.write(file.locate(), file.as_posix())
    return path


def test_the_package_with_both_native_parts_uses_them(tmp_path):
    """In a Python that has nothing but the package, as the function's."""
    architecture = {processor: name for name, processor in builder.ARCHITECTURES.items()}[platform.machine()]
    wheels = [wheel_of_installed(name, tmp_path) for name in ("isal", "orjson")]
    outputs = [tmp_path / "x.zip", tmp_path / "y.zip"]
    hashes = {
        build_zip(SOURCE, SETTINGS, output, architecture=architecture, wheels=ordered)
        for output, ordered in zip(outputs, [wheels, wheels[::-1]], strict=True)
    }
    assert len(hashes) == 1
    with zipfile.ZipFile(outputs[0]) as archive:
        assert archive.namelist() == sorted(set(archive.namelist()))
        archive.extractall(tmp_path / "task")
    code = "import sys; sys.path.insert(0, sys.argv[1]); from elb_log_shipper import native; print(*native.in_use())"
    command = [sys.executable, "-I", "-S", "-c", code, tmp_path / "task"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["isal", "orjson"]


@pytest.mark.parametrize("architecture", builder.ARCHITECTURES)
def test_both_wheels_of_either_processor_go_in_whatever_their_order_and_date(tmp_path, architecture):
    processor = builder.ARCHITECTURES[architecture]
    contents = {"isal/isal_zlib.so": "inflates", "orjson/orjson.so": "encodes"}
    hashes = []
    for date, reverse in ((2001, False), (2026, True)):
        folder = tmp_path / str(date)
        folder.mkdir()
        wheels = []
        for name, content in contents.items():
            part = name.partition("/")[0]
            wheels.append(folder / f"{part}-1.0-cp311-cp311-manylinux_2_17_{processor}.manylinux2014_{processor}.whl")
            with zipfile.ZipFile(wheels[-1], "w") as archive:
                for member in (name, f"{part}-1.0.dist-info/RECORD"):
                    archive.writestr(zipfile.ZipInfo(member, (date, 1, 1, 0, 0, 0)), content)
        output = folder / "x.zip"
        ordered = sorted(wheels, reverse=reverse)
        hashes.append(build_zip(SOURCE, SETTINGS, output, architecture=architecture, wheels=ordered))
        with zipfile.ZipFile(output) as archive:
            assert {name: archive.read(name).decode() for name in contents} == contents
        (other,) = set(builder.ARCHITECTURES) - {architecture}
        with pytest.raises(ValueError, match=f"not one for Linux .glibc. on {other}"):
            build_zip(SOURCE, SETTINGS, output, architecture=other, wheels=ordered)
    assert hashes[0] == hashes[1]


def test_without_wheels_the_package_is_the_same_for_every_processor(tmp_path):
    hashes = {build_zip(SOURCE, SETTINGS, tmp_path / "x.zip", architecture=one) for one in ("arm64", "x86_64")}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "platform", ["manylinux2014_x86_64", "musllinux_1_2_aarch64", "macosx_11_0_arm64", "win_arm64", "linux_aarch64"]
)
def test_a_wheel_for_another_machine_is_refused(tmp_path, platform):
    with pytest.raises(ValueError, match=r"not one for Linux .glibc. on arm64"):
        build_zip(SOURCE, SETTINGS, tmp_path / "x.zip", architecture="arm64", wheels=[wheel(tmp_path, platform)])
    assert not (tmp_path / "x.zip").exists()


def test_a_wheel_that_is_none_is_refused(tmp_path):
    path = tmp_path / "isal-1-py3-none-any.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"wheel isal-1-py3-none-any.whl: .*Fetch it again"):
        build_zip(SOURCE, SETTINGS, tmp_path / "x.zip", wheels=[path])


def test_command_line(tmp_path):
    settings, output = tmp_path / "s.json", tmp_path / "x.zip"
    settings.write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, SOURCE / "build_zip.py", "--settings", settings, "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(output.read_bytes()).hexdigest()
    settings.write_text("{", encoding="utf-8")
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("build_zip: settings: not JSON")


# -- secrets, guesses, and files from outside


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"LogPassword": "hunter2-in-plain"}, "LogPassword"),
        ({"LogPassword": 12345678}, "LogPassword"),
        ({"LogPassword": ["hunter2-in-plain"]}, "LogPassword"),
        ({"LogClientKeyPassphrase": "hunter2-in-plain"}, "LogClientKeyPassphrase"),
        ({"LogHeaders": {"Authorization": "Bearer hunter2-in-plain"}}, "LogHeaders: Authorization"),
        ({"LogHeaders": {"X-Tenant": "shop", "X-Api-Key": "hunter2-in-plain"}}, "LogHeaders: X-Api-Key"),
        ({"LogClientKey": "-----BEGIN PRIVATE KEY-----\nhunter2-in-plain\n"}, "LogClientKey"),
        ({"LogClientCertificate": "x\n-----BEGIN RSA PRIVATE KEY-----\nhunter2-in-plain"}, "LogClientCertificate"),
    ],
)
def test_a_secret_in_plain_text_is_refused_and_not_shown(tmp_path, settings, named):
    with pytest.raises(ValueError, match=f"settings: {named} is a secret in plain text") as refused:
        build_zip(SOURCE, json.dumps(json.loads(SETTINGS) | settings), tmp_path / "x.zip")
    assert "hunter2" not in str(refused.value)
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"LogPassword": "secretsmanager:elb-logs#password", "LogClientKeyPassphrase": "ssm:/elb/passphrase"},
        {"LogPassword": "", "LogHeaders": None},
        {"LogPassword": None, "LogHeaders": {"X-Tenant": "shop", "X-Api-Key": "ssm:/elb/key"}},
        {"LogClientKey": "secretsmanager:elb-logs#key", "MaskQuery": ["token", "password"]},
    ],
)
def test_references_are_taken(tmp_path, settings):
    build_zip(SOURCE, json.dumps(json.loads(SETTINGS) | settings), tmp_path / "x.zip")


def test_the_hash_cannot_be_worked_out_without_the_salt(tmp_path):
    """Key and CodeSha256 are seen by more people than the package."""
    salts = ("", "0" * 64, "1" * 64)
    digests = [build_zip(SOURCE, SETTINGS, tmp_path / "x.zip", salt=salt) for salt in salts]
    assert len(set(digests)) == len(salts)
    assert build_zip(SOURCE, SETTINGS, tmp_path / "again.zip", salt="1" * 64) == digests[-1]
    (tmp_path / "salt").write_text("1" * 64)
    (tmp_path / "settings.json").write_text(SETTINGS)
    command = [sys.executable, SOURCE / "build_zip.py", f"--settings={tmp_path}/settings.json"]
    command += [f"--output={tmp_path}/out.zip", f"--salt={tmp_path}/salt"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert printed == digests[-1]


def wheel_with_hash(folder):
    path = folder / "isal-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("isal/__init__.py", "")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_wheel_with_its_hash(tmp_path):
    path, digest = wheel_with_hash(tmp_path)
    build_zip(SOURCE, SETTINGS, tmp_path / "x.zip", wheels=[f"{path}#sha256={digest}"])
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "isal/__init__.py" in archive.namelist()


@pytest.mark.parametrize("wrong", ["0" * 64, "", "0123"])
def test_a_wheel_with_another_hash_is_refused(tmp_path, wrong):
    path, digest = wheel_with_hash(tmp_path)
    with pytest.raises(ValueError, match=f"wheel {path.name}: its SHA-256 is {digest}, expected {wrong}"):
        build_zip(SOURCE, SETTINGS, tmp_path / "x.zip", wheels=[f"{path}#sha256={wrong}"])
