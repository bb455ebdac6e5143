"""An image is known by what it is made of, and by nothing else."""

import copy
import dataclasses
import json
import os
import shutil

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image.manifest import fingerprint
from ansible_collections.elk.deploy.plugins.plugin_utils.image.inputs import Base, inputs_of, tags_of
from ansible_collections.elk.deploy.plugins.plugin_utils.image.packer import Variables

BASE = Base("ami-1", "/dev/xvda")
VARIABLES = Variables(
    builder="amazon-ebs",
    distribution="debian-12",
    architecture="x86_64",
    base_image_owners=[],
    base_image_name="",
    vpc_id="",
    subnet_id="",
    ssh_cidrs=["10.0.0.0/16"],
    ssh_port=22,
    root_volume_size=20,
    root_volume_type="gp3",
    kms_key="",
    tags={},
)
VALUES = {
    "region": "eu-west-1",
    "profile": "",
    "endpoint": "",
    "public_key": "-----BEGIN PUBLIC KEY-----\nMFkw\n",
    "variables": {
        "logstash_version": "9.5.2",
        "logstash_source": "package",
        "logstash_package_url": "https://packages.example.com/logstash.deb",
        "logstash_package_checksum": "sha256:0",
        "logstash_plugins": [{"name": "logstash-output-http", "version": "6.0.2"}],
        "logstash_path_data": "/var/lib/logstash",
    },
}


@pytest.fixture
def checkout(tmp_path):
    """What of a checkout makes an image."""
    for name in (
        "roles/logstash/tasks/install.yml",
        "roles/logstash_instance/files/main.py",
        "plugins/modules/one.py",
        "playbooks/bake.yml",
        "packer/build.pkr.hcl",
        "packer/environments/staging.pkrvars.hcl",
        "requirements-instance.txt",
        "docs/bake.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def mark(checkout, base=BASE, variables=VARIABLES, values=VALUES):
    return fingerprint(inputs_of(checkout, base, variables, values))


def changed(name, value):
    values = copy.deepcopy(VALUES)
    values["variables"][name] = value
    return values


def test_same_inputs_give_the_same_fingerprint_in_another_place(checkout, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "checkout"
    shutil.copytree(checkout, other)
    assert mark(checkout) == mark(other)
    assert len(mark(checkout)) == 16
    int(mark(checkout), 16)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("logstash_version", "9.5.3"),
        ("logstash_source", "repository"),
        ("logstash_package_url", "https://packages.example.com/other.deb"),
        ("logstash_package_checksum", "sha256:1"),
        ("logstash_plugins", []),
        ("logstash_path_data", "/data"),
    ],
)
def test_each_variable_of_the_role_changes_it(checkout, name, value):
    assert mark(checkout, values=changed(name, value)) != mark(checkout)


def test_public_key_and_base_image_change_it(checkout):
    assert mark(checkout, values=VALUES | {"public_key": "other"}) != mark(checkout)
    assert mark(checkout, base=Base("ami-2", "/dev/xvda")) != mark(checkout)


@pytest.mark.parametrize(
    ("name", "value"),
    [("architecture", "arm64"), ("root_volume_size", 30), ("root_volume_type", "gp2"), ("kms_key", "alias/x")],
)
def test_what_packer_makes_of_the_disk_and_for_which_processor_changes_it(checkout, name, value):
    assert mark(checkout, variables=dataclasses.replace(VARIABLES, **{name: value})) != mark(checkout)


@pytest.mark.parametrize(
    "name",
    [
        "roles/logstash/tasks/install.yml",
        "roles/logstash_instance/files/main.py",
        "plugins/modules/one.py",
        "playbooks/bake.yml",
        "packer/build.pkr.hcl",
        "requirements-instance.txt",
    ],
)
def test_each_file_that_makes_the_image_changes_it(checkout, name):
    before = mark(checkout)
    (checkout / name).write_text("other")
    content = mark(checkout)
    (checkout / name).unlink()
    assert len({before, content, mark(checkout)}) == 3


def test_a_file_that_becomes_executable_changes_it(checkout):
    before = mark(checkout)
    (checkout / "plugins/modules/one.py").chmod(0o700)
    assert mark(checkout) != before


def test_what_makes_no_difference_to_the_image_does_not(checkout):
    before = mark(checkout)
    (checkout / "docs/bake.md").write_text("other")
    (checkout / "packer/environments/staging.pkrvars.hcl").write_text("other")
    (checkout / "plugins/modules/one.cpython-311.pyc").write_bytes(b"x")
    os.utime(checkout / "playbooks/bake.yml", (1, 1))
    variables = dataclasses.replace(VARIABLES, ssh_cidrs=["10.9.0.0/16"], subnet_id="subnet-1", tags={"team": "logs"})
    assert mark(checkout, variables=variables, values=VALUES | {"region": "eu-central-1"}) == before


def test_passwords_in_addresses_are_neither_in_the_inputs_nor_make_a_difference(checkout):
    secret = changed("logstash_package_url", "https://baker:correct-horse@packages.example.com/logstash.deb")
    found = inputs_of(checkout, BASE, VARIABLES, secret)
    assert "correct-horse" not in json.dumps(found)
    assert found["package"]["url"] == "https://packages.example.com/logstash.deb"
    assert fingerprint(found) == mark(checkout)


def test_a_plugin_from_an_address_has_its_password_left_out_as_well(checkout):
    plugins = [{"name": "logstash-filter-acme", "pack": "https://u:battery-staple@gems.example.com/acme.zip"}]
    found = inputs_of(checkout, BASE, VARIABLES, changed("logstash_plugins", plugins))
    assert "battery-staple" not in json.dumps(found)


def tags(checkout, plugins):
    return tags_of(
        inputs_of(checkout, BASE, VARIABLES, changed("logstash_plugins", plugins)), "staging", "1.2.0", "abc"
    )


def test_tags_say_what_is_in_the_image(checkout):
    plugins = [
        {"name": "logstash-output-http", "version": "6.0.2"},
        {"name": "logstash-filter-acme"},
        {"name": "logstash-input-twitter", "state": "absent"},
    ]
    assert tags(checkout, plugins) == {
        "elk:logstash": "9.5.2",
        "elk:plugins": "logstash-output-http=6.0.2 logstash-filter-acme -logstash-input-twitter",
        "elk:toolkit": "1.2.0",
        "elk:base-image": "ami-1",
        "elk:commit": "abc",
        "elk:environment": "staging",
    }
    assert tags(checkout, [])["elk:plugins"] == "none"


@pytest.mark.parametrize("number", [1, 8, 9, 10, 20, 300])
def test_a_tag_is_never_longer_than_ec2_takes_it_and_counts_what_it_leaves_out(checkout, number):
    names = [f"logstash-filter-example-{one:03}" for one in range(number)]
    value = tags(checkout, [{"name": one} for one in names])["elk:plugins"]
    assert len(value) <= 256
    *shown, last = value.split(" ")
    left_out = int(last[1:]) if last.startswith("+") else 0
    shown = shown if left_out else [*shown, last]
    assert shown == names[: number - left_out]
    assert left_out == 0 or len(" ".join(names)) > 256
