"""What `make lint` looks for in what is committed: each kind of weakness is planted once, and found."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCANNER = ROOT / "build/policy_scanner/venv"
RUFF = Path(sys.executable).with_name("ruff")

needs_scanner = pytest.mark.skipif(
    not (SCANNER / ".stamp").exists(), reason="`make lint` has not run here, which installs the scanners"
)


# -- Python


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("S102", "exec(input())"),
        ("S103", "import os\nos.chmod('/etc/logstash', 0o777)"),
        ("S105", "password = 'hunter-two'"),
        ("S108", "open('/tmp/logstash', 'w')"),
        ("S202", "import tarfile\ntarfile.open('plugins.tar').extractall()"),
        ("S301", "import pickle\npickle.loads(b'')"),
        ("S306", "import tempfile\ntempfile.mktemp()"),
        ("S307", "eval(input())"),
        ("S310", "import urllib.request\nurllib.request.urlopen(input())"),
        ("S311", "import random\nTOKEN = random.random()"),
        ("S314", "from xml.etree import ElementTree\nElementTree.fromstring(input())"),
        ("S323", "import ssl\nssl._create_unverified_context()"),
        ("S324", "import hashlib\nhashlib.md5(b'')"),
        ("S501", "import requests\nrequests.get('https://example.com', verify=False, timeout=1)"),
        ("S506", "import yaml\nyaml.load('')"),
        ("S602", "import subprocess\nsubprocess.run('id ' + input(), shell=True)"),
        ("S603", "import subprocess\nsubprocess.run(input().split())"),
        ("S605", "import os\nos.system('id ' + input())"),
        ("S701", "import jinja2\njinja2.Environment(autoescape=False)"),
        ("PLE2502", "x = 'a\N{RIGHT-TO-LEFT OVERRIDE}b'"),
    ],
)
@pytest.mark.parametrize("place", ["plugins/module_utils/planted.py", "lambda/elb_log_shipper/planted.py"])
def test_weak_python_is_found(rule, code, place):
    command = [RUFF, "check", "--no-cache", "--output-format", "concise", "--stdin-filename", place, "-"]
    ended = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    found = subprocess.run(
        [*command[:-1], "--output-format", "json", "-"],
        cwd=ROOT,
        input=code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'"{rule}"' in found.stdout


def test_each_security_finding_of_python_that_stays_has_its_reason_beside_it():
    """Behind it or in the line above."""
    bare = []
    for folder in ("lambda", "playbooks", "plugins", "roles", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            lines = path.read_text().splitlines()
            for number, line in enumerate(lines):
                match = re.search(r"# noqa: ([A-Z0-9, ]*\bS\d{3}[A-Z0-9, ]*)(.*)", line)
                above = lines[number - 1].strip() if number else ""
                if match and not match[2].startswith("- ") and not above.startswith("#"):
                    bare.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert bare == []


# -- everything else, with the script itself, on a checkout of its own


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the scripts, and with nothing that would be found."""
    for part in ("scripts", "tests/support/policy_scanner", "tests/support/advisories"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("templates", "roles", "playbooks", "inventories", "variables", "molecule"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "README").touch()
    (tmp_path / "build/policy_scanner").mkdir(parents=True)
    (tmp_path / "build/policy_scanner/venv").symlink_to(SCANNER)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    (tmp_path / ".gitignore").write_text("build/\n.venv\n__pycache__\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def scan(checkout, *parts):
    return subprocess.run(
        [checkout / "scripts/scan.sh", *parts], cwd=checkout, capture_output=True, text=True, check=False
    )


def plant(checkout, path, text):
    (checkout / path).parent.mkdir(parents=True, exist_ok=True)
    (checkout / path).write_text(text)


@needs_scanner
@pytest.mark.parametrize("path", ["scripts/planted.sh", "tests/support/planted"])
def test_value_without_quotes_in_a_script_is_found(checkout, path):
    assert scan(checkout, "shell").returncode == 0
    plant(checkout, path, "#!/bin/sh\nrm -r $1\n")
    ended = scan(checkout, "shell")
    assert ended.returncode != 0
    assert path in ended.stdout
    assert "SC2086" in ended.stdout


BUCKET = "Resources: {Weak: {Type: AWS::S3::Bucket, Properties: {AccessControl: PublicReadWrite}}}\n"
DOWNLOAD = """\
- name: Fetch
  ansible.builtin.get_url: {url: "https://example.com/key", dest: /etc/key, mode: "0644", validate_certs: false}
"""


@needs_scanner
@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("templates/cloudformation/planted.yml", BUCKET, "CKV_AWS_57"),
        ("roles/planted/tasks/main.yml", DOWNLOAD, "CKV_ANSIBLE_2"),
        (
            "playbooks/planted.yml",
            f"- hosts: all\n  tasks:\n    {DOWNLOAD.replace(chr(10), chr(10) + '    ')}",
            "CKV_ANSIBLE_2",
        ),
        ("tests/support/planted/Dockerfile", "FROM debian:12\nRUN useradd --system x\nUSER root\n", "CKV_DOCKER_8"),
    ],
)
def test_weak_setting_is_found(checkout, path, text, rule):
    plant(checkout, path, text)
    ended = scan(checkout, "policies")
    assert ended.returncode != 0
    assert rule in ended.stdout


@needs_scanner
@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("inventories/production/group_vars/all.yml", "redis_password: hunter2-and-more\n", "Secret Keyword"),
        ("variables/production.yml", "- name: url\n  value: https://elk:hunter2@logs.example.com\n", "Basic Auth"),
        ("docs/page.md", "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\n", "Private Key"),
        ("tests/unit/test_planted.py", 'KEY = "' + "AKIA" + 'IOSFODNN7EXAMPLQ"\n', "AWS Access Key"),
        ("molecule/planted.yml", "token: ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz\n", "GitHub Token"),
    ],
)
def test_secret_is_found(checkout, path, text, kind):
    plant(checkout, path, text)
    ended = scan(checkout, "secrets")
    assert ended.returncode != 0
    assert f"Secret Type: {kind}" in ended.stdout
    assert path in ended.stdout


@needs_scanner
def test_pin_that_an_advisory_is_about_is_found(checkout):
    pin = "urllib3==2.5.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    plant(checkout, "requirements-planted.txt", pin)
    ended = scan(checkout, "advisories")
    assert ended.returncode != 0
    assert (
        "requirements-planted.txt:1: urllib3 2.5.0 is affected by GHSA-2xpw-w6gg-jr37 (CVE-2025-66471" in ended.stderr
    )


@needs_scanner
def test_all_parts_run_when_one_has_found_something(checkout):
    plant(checkout, "scripts/planted.sh", "#!/bin/sh\nrm -r $1\n")
    plant(checkout, "inventories/planted.yml", "redis_password: hunter2-and-more\n")
    ended = scan(checkout, "shell", "secrets")
    assert ended.returncode != 0
    assert "SC2086" in ended.stdout
    assert "Secret Keyword" in ended.stdout


def test_each_finding_of_a_scanner_that_stays_has_its_reason_beside_it():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    bare = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_symlink() or name == "scripts/scan.sh" or name.startswith("tests/unit/"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            skips = re.findall(r"checkov:skip=(.*)|pragma: allowlist secret(.*)", line)
            for policy, secret in skips:
                if not re.fullmatch(r"CKV2?_[A-Z]+_\d+:\S.{20,}\.| - \S.*", policy or secret):
                    bare.append(f"{name}:{number}")
    assert bare == []


def test_lint_runs_every_part():
    lint = re.search(r"^run_lint\(\) \{\n(.*?)^\}", (ROOT / "scripts/test.sh").read_text(), re.MULTILINE | re.DOTALL)[1]
    assert re.search(r"scripts/scan\.sh(?= &&|$)", lint, re.MULTILINE)
    assert "set -- shell policies secrets advisories" in (ROOT / "scripts/scan.sh").read_text()
