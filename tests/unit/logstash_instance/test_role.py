"""The role puts things where the program looks for them."""

import configparser
from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import overrides
from logstash_instance.__main__ import _COMMANDS
from logstash_instance.deployment import COMPLETE
from logstash_instance.paths import Paths

ROLE = Path(__file__).parents[3] / "roles/logstash_instance"
HOME = yaml.safe_load((ROLE / "vars/main.yml").read_text())["_logstash_instance_home"]
UNITS = yaml.safe_load((ROLE / "vars/main.yml").read_text())["_logstash_instance_units"]


def unit(name):
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read_string((ROLE / "files" / name).read_text())
    return read


def test_python_of_the_image_is_where_first_boot_looks_for_it():
    assert str(Paths().pythons) == f"{HOME}/python"
    build = (ROLE / "tasks/build_python.yml").read_text()
    assert f'dest: "{{{{ _logstash_instance_python }}}}/{COMPLETE}"' in build


def test_public_key_and_directories_are_where_first_boot_looks_for_them():
    tasks = (ROLE / "tasks/program.yml").read_text()
    assert f"dest: {Paths().public_key}\n" in tasks
    (created,) = [task["loop"] for task in yaml.safe_load(tasks) if task["name"].startswith("Create")]
    assert {str(Paths().state), str(Paths().log.parent), str(Paths().public_key.parent)} <= set(created)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_a_command_that_there_is_with_the_images_python(name):
    program, *words = unit(name)["Service"]["ExecStart"].split()
    assert program == f"{Paths().pythons}/current/bin/python"
    assert words[:2] == ["-m", "logstash_instance"]
    assert words[2] in _COMMANDS
    assert f"PYTHONPATH={HOME}" in unit(name)["Service"]["Environment"]


def test_termination_comes_after_a_first_boot_that_succeeded():
    assert "elk-first-boot.service" in unit("elk-termination.service")["Unit"]["Requires"]
    assert "elk-first-boot.service" in unit("elk-termination.service")["Unit"]["After"]
    assert unit("elk-first-boot.service")["Service"]["RemainAfterExit"] == "yes"


def test_systemd_sets_first_boot_no_deadline_of_its_own():
    assert unit("elk-first-boot.service")["Service"]["TimeoutStartSec"] == "infinity"


def test_the_condition_of_an_image_is_no_override_of_the_role_logstash(tmp_path):
    folder = tmp_path / "etc/systemd/system/logstash.service.d"
    folder.mkdir(parents=True)
    drop_in = folder / "50-first-boot.conf"
    drop_in.write_text("[Unit]\nConditionPathExists=/etc/logstash/current\n")
    assert overrides.find_deciding(tmp_path, [], "9.5.2") == []
    drop_in.write_text("[Service]\nUser=root\n")
    assert overrides.find_deciding(tmp_path, [], "9.5.2") != []
