"""The checkout is a collection, and its lists of dependencies agree with one another."""

import json
import re
import sys
from importlib import import_module, resources
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


@pytest.mark.parametrize("wanted", load("requirements.yml")["collections"], ids=lambda item: item["name"])
def test_collection_has_the_version_that_the_ansible_package_brings(wanted):
    module = import_module("ansible_collections." + wanted["name"])
    manifest = json.loads((Path(next(iter(module.__path__))) / "MANIFEST.json").read_text())
    assert manifest["collection_info"]["version"] == wanted["version"]


def test_galaxy_and_requirements_name_the_same_collections():
    assert set(load("galaxy.yml")["dependencies"]) == {item["name"] for item in load("requirements.yml")["collections"]}


def test_every_collection_that_is_used_is_required():
    used = set()
    for folder in ("roles", "playbooks", "local", "molecule"):
        for path in (ROOT / folder).rglob("*.yml"):
            used |= set(
                re.findall(r"\b((?:amazon|community|ansible)\.(?:aws|docker|general|posix))\.", path.read_text())
            )
    assert used == {item["name"] for item in load("requirements.yml")["collections"]}


def test_every_requirement_is_pinned_with_hashes_and_no_address():
    text = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
    assert len(re.findall(r"^[a-z0-9-]+==.*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins)
    assert "://" not in text


def test_every_direct_requirement_is_compiled():
    direct = re.findall(r"^([A-Za-z0-9.-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    compiled = (ROOT / "requirements.txt").read_text()
    missing = [name for name in direct if f"\n{name.lower().replace('.', '-')}==" not in f"\n{compiled}"]
    assert missing == []


def test_link_makes_the_checkout_the_collection():
    link = ROOT / ".collections/ansible_collections/elk/deploy"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT


def test_module_utils_import_by_the_collections_name():
    assert resources.files("ansible_collections.elk.deploy.plugins.module_utils.octopus")
