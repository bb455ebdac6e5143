"""The files that Packer reads: described, validated, and the same for each of its releases."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.image.errors import ImageError
from ansible_collections.elk.deploy.plugins.plugin_utils.image.packer import Packer

ROOT = Path(__file__).resolve().parents[3]
GIVEN = {"environment": "staging", "layer": "brokers", "playbook": "playbooks/logstash.yml"}
ENVIRONMENTS = sorted((ROOT / "packer/environments").glob("*.pkrvars.hcl"))


def variables():
    """{name: its block} of packer/variables.pkr.hcl."""
    text = (ROOT / "packer/variables.pkr.hcl").read_text()
    return dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))


def test_every_variable_has_a_description_and_a_type_and_all_but_switches_a_validation():
    for name, block in variables().items():
        assert re.search(r'^  description = "[A-Z].{10,}"$', block, re.MULTILINE), name
        assert re.search(r"^  type +=", block, re.MULTILINE), name
        assert "validation {" in block or re.search(r"^  type +=.*bool$", block, re.MULTILINE), name


def test_every_variable_is_used():
    used = "".join(file.read_text() for file in (ROOT / "packer").glob("*.pkr.hcl") if file.stem != "variables.pkr")
    by_the_bake = (ROOT / "plugins/plugin_utils/image/packer.py").read_text()
    for name in variables():
        assert f"var.{name}" in used or f'"{name}"' in by_the_bake, name


def test_every_environment_has_values():
    inventories = {path.parent.name for path in (ROOT / "inventories").glob("*/hosts.yml")}
    assert {file.name.partition(".")[0] for file in ENVIRONMENTS} == inventories


def test_only_the_file_for_new_releases_has_what_old_ones_do_not_know():
    for file in (ROOT / "packer").glob("*.pkr.hcl"):
        code = re.sub(r"^\s*#.*$", "", file.read_text(), flags=re.MULTILINE)
        assert "required_plugins" not in code
        assert not re.search(r"\b(regex|regexall|env)\(", code), file


@pytest.fixture
def packer(tmp_path, monkeypatch):
    """Packer with the values of an environment, and others above them."""
    if not shutil.which("packer"):
        subprocess.run([ROOT / "scripts/packer.sh"], check=True)
    # Packer asks ansible-playbook for its version.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")

    def read(environment="staging", **values):
        more = tmp_path / "more.pkrvars.json"
        more.write_text(json.dumps(values))
        files = [ROOT / f"packer/environments/{environment}.pkrvars.hcl", more]
        return Packer(ROOT, files, GIVEN | {"environment": environment}, {}).read()

    return read


@pytest.mark.parametrize("environment", [file.name.partition(".")[0] for file in ENVIRONMENTS])
def test_values_of_each_environment_are_taken(packer, environment):
    found = packer(environment)
    assert found.builder == ("docker" if environment == "local" else "amazon-ebs")
    assert found.tags == ({} if environment == "local" else {"Environment": environment})


def test_values_are_read_as_packer_has_them(packer):
    found = packer(root_volume_size=30, ssh_cidrs=["10.9.0.0/16"], kms_key="alias/a-b/c", tags={"team": "logs"})
    assert (found.root_volume_size, found.ssh_cidrs, found.tags) == (30, ["10.9.0.0/16"], {"team": "logs"})
    assert found.disk == {"size": 30, "type": "gp3", "key": "alias/a-b/c"}
    assert found.architecture == "x86_64"


WRONG = {
    "builder": "virtualbox",
    "distribution": "debian-11",
    "architecture": "amd64",
    "base_image_owners": ["amazon", "12345"],
    "base_image_name": "debian $(id)",
    "region": "Ireland",
    "instance_type": "big",
    "vpc_id": "vpc",
    "subnet_id": "sg-1",
    "ssh_cidrs": ["10.0.0.0/8", "0.0.0.0/0"],
    "ssh_host": "a b",
    "ssh_port": 0,
    "endpoint": "ec2.example.com",
    "root_volume_size": 4,
    "root_volume_type": "io1",
    "kms_key": "my-key",
    "tags": {"elk:fingerprint": "0123456789abcdef"},
    "identity": {"Name": "x"},
    "bake": "a/b",
    "image_name": "a b",
    "root_device": "xvda",
    "security_group_id": "default",
    "key_name": "a b",
    "container_options": ["--privileged"],
    "inventory": "a b",
    "inputs_file": "inputs.yml",
}


def test_every_wrong_value_is_refused_with_its_own_message(packer):
    with pytest.raises(ImageError, match=r"^\[image_settings_invalid\]") as refused:
        packer(**WRONG)
    said = " ".join(str(refused.value).split())
    missing = [
        name
        for name in WRONG
        if re.search(r'error_message = "(.+?)(?<!\\)"\n', variables()[name])[1].replace('\\"', '"') not in said
    ]
    assert missing == []


def test_every_variable_that_takes_text_or_numbers_has_a_wrong_value_here():
    validated = {name for name, block in variables().items() if "validation {" in block}
    # These are given above the files here.
    assert validated - set(WRONG) == {"environment", "layer", "base_image", "key_file", "playbook"}
