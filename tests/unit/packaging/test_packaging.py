"""The checkout is a collection, and its lists of dependencies agree with one another."""

import json
import re
import sys
from importlib import import_module, metadata, resources
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


REQUIREMENTS = ["requirements", "requirements-dev", "requirements-instance"]


def direct(name):
    """The packages that people wrote into a list, as they are called on an index."""
    names = re.findall(r"^([A-Za-z0-9._-]+)", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names if not name.startswith("-")}


def pins(name):
    """{package: versions} of a compiled list; one has several where Python or the platform decides."""
    found = {}
    for package, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / f"{name}.txt").read_text(), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_with_hashes_and_no_address(name):
    text = (ROOT / f"{name}.txt").read_text()
    lines = re.findall(r"^\S.*\n.*", text, re.MULTILINE)
    assert [line for line in lines if not re.match(r"[a-z0-9.-]+==.*\\\n    --hash=sha256:", line)] == []
    assert "://" not in text


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_direct_requirement_is_compiled(name):
    assert direct(name) - pins(name).keys() == set()


def test_what_is_developed_with_is_what_runs():
    assert pins("requirements").items() <= pins("requirements-dev").items()


def test_an_instance_runs_what_the_control_node_runs():
    """The same versions with the same hashes, so that what was tested there runs here."""
    assert pins("requirements-instance").items() <= pins("requirements").items()
    control_node = (ROOT / "requirements.txt").read_text()
    blocks = re.split(r"(?m)^(?=[a-z0-9])", (ROOT / "requirements-instance.txt").read_text())
    assert [block for block in blocks if block not in control_node] == []


def test_an_instance_has_what_plugins_import():
    """All that a control node needs, but for what edits XML, shows variables, or belongs to other programs."""
    elsewhere = {"ansible", "isal", "lxml", "orjson", "requests", "rich"}
    assert direct("requirements") - direct("requirements-instance") == elsewhere


def test_control_node_needs_no_tools_of_tests():
    """All that runs there imports is in requirements.in, and nothing only in requirements-dev.in."""
    folders = ("plugins", "lambda", "scripts", "local")
    texts = [path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")]
    imported = {name for text in texts for name in re.findall(r"(?m)^ *(?:import|from) (\w+)", text)}
    modules = {
        re.sub(r"[-_.]+", "-", package).lower(): module
        for module, packages in metadata.packages_distributions().items()
        for package in packages
    }
    # Jinja2 comes with Ansible's own markupsafe and brings it; boto3 brings botocore.
    used = {package for package in pins("requirements-dev") if modules.get(package) in imported}
    assert used - direct("requirements") - {"markupsafe"} == set()


def test_link_makes_the_checkout_the_collection():
    link = ROOT / ".collections/ansible_collections/elk/deploy"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT


def test_module_utils_import_by_the_collections_name():
    assert resources.files("ansible_collections.elk.deploy.plugins.plugin_utils.octopus")
