"""What `make lint` looks for in what is committed: each kind of weakness is planted once, and found."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).resolve().parents[3]
SCANNER = ROOT / "build/policy_scanner/venv"
RUFF = Path(sys.executable).with_name("ruff")

needs_scanner = pytest.mark.skipif(
    not (SCANNER / ".stamp").exists(), reason="`make lint` has not run here, which installs the scanners"
)


# -- Python

WEAK = {
    "S102": "exec(input())",
    "S103": "import os\nos.chmod('/etc/logstash', 0o777)",
    "S105": "password = 'hunter-two'",
    "S108": "open('/tmp/logstash', 'w')",
    "S202": "import tarfile\ntarfile.open('plugins.tar').extractall()",
    "S301": "import pickle\npickle.loads(b'')",
    "S306": "import tempfile\ntempfile.mktemp()",
    "S307": "eval(input())",
    "S310": "import urllib.request\nurllib.request.urlopen(input())",
    "S311": "import random\nTOKEN = random.random()",
    "S314": "from xml.etree import ElementTree\nElementTree.fromstring(input())",
    "S323": "import ssl\nssl._create_unverified_context()",
    "S324": "import hashlib\nhashlib.md5(b'')",
    "S501": "import requests\nrequests.get('https://example.com', verify=False, timeout=1)",
    "S506": "import yaml\nyaml.load('')",
    "S602": "import subprocess\nsubprocess.run('id ' + input(), shell=True)",
    "S603": "import subprocess\nsubprocess.run(input().split())",
    "S605": "import os\nos.system('id ' + input())",
    "S701": "import jinja2\njinja2.Environment(autoescape=False)",
    "PLE2502": "x = 'a\N{RIGHT-TO-LEFT OVERRIDE}b'",
}


@pytest.mark.parametrize("place", ["plugins/modules", "plugins/module_utils", "lambda/elb_log_shipper", "scripts"])
def test_weak_python_is_found(place, tmp_path):
    """By ruff's security rules, as the project has set them."""
    for rule, code in WEAK.items():
        plant(tmp_path, f"{place}/weak_{rule.lower()}.py", code)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = [RUFF, "check", "--no-cache", "--output-format", "json", "."]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = {(Path(one["filename"]).stem, one["code"]) for one in json.loads(ended.stdout)}
    assert {(f"weak_{rule.lower()}", rule) for rule in WEAK} - found == set()


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
    for folder in ("templates", "roles", "playbooks", "inventories", "variables", "local", "molecule"):
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
def test_value_without_quotes_in_a_script_is_found(checkout):
    assert scan(checkout, "shell").returncode == 0
    places = ["scripts/planted.sh", "tests/support/planted"]
    for place in places:
        plant(checkout, place, "#!/bin/sh\nrm -r $1\n")
    ended = scan(checkout, "shell")
    assert ended.returncode != 0
    assert "SC2086" in ended.stdout
    assert [place for place in places if place not in ended.stdout] == []


BUCKET = """\
Resources:
  Weak:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicReadWrite
"""
DOWNLOAD = """\
- name: Fetch
  ansible.builtin.get_url: {{url: "https://example.com/{0}", dest: /etc/{0}, mode: "0644", validate_certs: false}}
"""


@needs_scanner
def test_weak_settings_are_found(checkout):
    plant(checkout, "templates/cloudformation/planted.yml", BUCKET)
    plant(checkout, "roles/planted/tasks/main.yml", "---\n" + DOWNLOAD.format("in-a-role"))
    tasks = textwrap.indent(DOWNLOAD.format("in-a-playbook"), "    ")
    plant(checkout, "playbooks/planted.yml", f"---\n- hosts: all\n  tasks:\n{tasks}")
    plant(checkout, "roles/planted/files/stack.yml", BUCKET)
    plant(checkout, "local/planted/Dockerfile", "FROM debian:12\nUSER root\n")
    ended = scan(checkout, "policies")
    assert ended.returncode != 0
    found = re.findall(r"Check: (\w+):.*\n\s*FAILED for resource: .*\n\s*File: (\S+):", ended.stdout)
    wanted = {
        ("CKV_AWS_57", "/cloudformation/planted.yml"),
        ("CKV_AWS_57", "/planted/files/stack.yml"),
        ("CKV_ANSIBLE_2", "/planted/tasks/main.yml"),
        ("CKV_ANSIBLE_2", "/planted.yml"),
        ("CKV_DOCKER_8", "/planted/Dockerfile"),
    }
    assert wanted - set(found) == set()


@needs_scanner
def test_secrets_are_found(checkout):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    planted = {
        "inventories/production/group_vars/all.yml": ("Secret Keyword", "redis_password: hunter2-and-more\n"),
        "variables/production.yml": ("Basic Auth Credentials", 'url: "https://elk:Zk3jdKq9x8@logs.internal.net/"\n'),
        "docs/page.md": ("Private Key", key.decode()),
        # In two parts, since this file is looked at too.
        "tests/unit/test_planted.py": ("AWS Access Key", 'KEY = "AKIA' + 'IOSFODNN7EXAMPLQ"\n'),
        "molecule/planted.yml": ("GitHub Token", "name: ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz\n"),
    }
    names = 'password: "${KEY}"\nsecret: secretsmanager:elk#key\napi_key: "#{Key}"\n'
    plant(checkout, "inventories/names.yml", names)
    clean = scan(checkout, "secrets")
    assert clean.returncode == 0, clean.stdout
    for path, (_, text) in planted.items():
        plant(checkout, path, text)
    ended = scan(checkout, "secrets")
    assert ended.returncode != 0
    found = re.findall(r"Secret Type: (.*)\nLocation: +(\S+):\d+", ended.stdout)
    assert {(kind, path) for path, (kind, _) in planted.items()} - set(found) == set()


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
        if path.is_symlink() or name == "scripts/scan.sh" or name.startswith(("tests/unit/", "tests/integration/")):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            # In quotes, it is only spoken of.
            skips = re.findall(r"checkov:skip=(.*)|pragma: allowlist secret(?![`\"])(.*)", line)
            for policy, secret in skips:
                if not re.fullmatch(r"CKV2?_[A-Z]+_\d+:\S.{20,}\.| - \S.*", policy or secret):
                    bare.append(f"{name}:{number}")
    assert bare == []


def test_lint_runs_every_part():
    lint = re.search(r"^run_lint\(\) \{\n(.*?)^\}", (ROOT / "scripts/test.sh").read_text(), re.MULTILINE | re.DOTALL)[1]
    assert re.search(r"scripts/scan\.sh(?= &&|$)", lint, re.MULTILINE)
    assert "set -- shell templates policies packer secrets advisories" in (ROOT / "scripts/scan.sh").read_text()


@needs_scanner
@pytest.mark.parametrize("path", ["roles/elb_log_shipper/files/planted.yml", "templates/cloudformation/planted.yml"])
def test_faults_of_stacks_are_found(checkout, path):
    plant(checkout, path, "Resources:\n  Nothing:\n    Type: AWS::S3::Nothing\n")
    ended = scan(checkout, "templates")
    assert ended.returncode != 0
    assert "AWS::S3::Nothing" in ended.stdout
    assert path in ended.stdout
