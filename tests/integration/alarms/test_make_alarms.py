"""playbooks/alarms.yml in real runs: the default alarms with their tests, and what a failure prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import ansible_process
import pytest
from ansible_process import ROOT

INVENTORIES = ["ci", "local", "production", "scratch", "staging"]
# Everything that an environment can have, with each type of load balancer.
EVERYTHING = {
    "elasticsearch_load_balancer": {"type": "classic", "name": "elasticsearch"},
    "monitored": True,
    "cloudwatch_agent_group": "hosts",
    "elb_log_shipper_reserved_concurrency": 10,
}
BALANCERS = {
    "classic": {"type": "classic", "name": "brokers"},
    "application": {"type": "application", "name": "app/brokers/1", "target_group": "targetgroup/brokers/2"},
    "network": {"type": "network", "name": "net/brokers/1", "target_group": "targetgroup/brokers/2"},
}
OUTAGE = """\
tests:
  - name: An outage
    series: [{metric: BackendConnectionErrors, values: "0x10 (1x300)x20"}]
    expect:
      - {at: 10m, alarm: broker-connection-errors, state: OK}
      - {at: 15m, alarm: broker-connection-errors, state: ALARM}
"""


def run(inventory: str, **variables: object) -> subprocess.CompletedProcess[str]:
    return ansible_process.run(
        "ansible-playbook",
        ROOT / "playbooks/alarms.yml",
        *("-i", f"inventories/{inventory}", "-e", json.dumps(variables)),
        cwd=ROOT,
        environment={"ANSIBLE_STDOUT_CALLBACK": "elk.deploy.report", "PWD": str(ROOT)},
    )


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_every_alarm_of_an_environment_has_all_kinds_of_tests_and_passes_them(inventory: str) -> None:
    ended = run(inventory, alarm_coverage=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 0 failed" in ended.stdout
    assert "lack tests" not in ended.stdout


@pytest.mark.parametrize("kind", BALANCERS)
def test_so_has_every_alarm_of_one_that_has_everything(kind: str) -> None:
    ended = run("staging", **EVERYTHING, alarm_coverage=True, broker_load_balancer=BALANCERS[kind])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 0 failed" in ended.stdout


def test_nothing_but_the_report_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "outage.yml"
    file.write_text(OUTAGE, encoding="utf-8")
    ended = run("staging", alarm_tests=str(file))
    assert ended.stdout.splitlines() == [str(file), "  passed    An outage", "", "1 test: 1 passed, 0 failed"]


def test_sum_changed_to_maximum_fails_and_draws_why(tmp_path: Path) -> None:
    file = tmp_path / "outage.yml"
    file.write_text(OUTAGE, encoding="utf-8")
    changes = {"broker-connection-errors": {"statistic": "Maximum"}}
    ended = run("staging", alarm_tests=str(file), alarm_changes=changes)
    assert ended.returncode == 2
    assert f"{file}:6: broker-connection-errors: expected ALARM at 15m, seen OK" in ended.stdout
    assert "100 ─" in ended.stdout
    assert "1 test: 0 passed, 1 failed" in ended.stdout
    assert "PLAY" not in ended.stdout


def test_coverage_fails_where_an_alarm_lacks_tests(tmp_path: Path) -> None:
    (tmp_path / "outage.yml").write_text(OUTAGE, encoding="utf-8")
    lenient = run("staging", alarm_tests=str(tmp_path))
    assert lenient.returncode == 0
    assert "function-errors needs a test in which it goes to ALARM" in lenient.stdout
    assert run("staging", alarm_tests=str(tmp_path), alarm_coverage=True).returncode == 2


def test_mistakes_in_files_are_all_reported(tmp_path: Path) -> None:
    file = tmp_path / "outage.yml"
    file.write_text(OUTAGE.replace("state: ALARM", "state: ALRM").replace("(1x300)x20", "1x"), encoding="utf-8")
    ended = run("staging", alarm_tests=str(file))
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2
    assert "[alarm_tests_invalid]" in said
    assert f"{file}:3: test 'An outage': values: '1x' at character 6" in said
    assert f"{file}:6: test 'An outage': unknown state 'ALRM'" in said


def test_a_folder_without_tests_is_no_success(tmp_path: Path) -> None:
    ended = run("staging", alarm_tests=str(tmp_path))
    assert ended.returncode == 2
    assert str(tmp_path) in ended.stdout + ended.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose set-up is done already."""
    for name in (".venv", "ansible.cfg", "inventories", "playbooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".collections/ansible_collections/elk").mkdir(parents=True)
    (tmp_path / ".collections/ansible_collections/elk/deploy").symlink_to(ROOT)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "scripts/setup.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/outage.yml").write_text(OUTAGE, encoding="utf-8")
    return tmp_path


def make_alarms(checkout: Path, environment: str, **options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts/alarms.sh", environment],
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": str(checkout), "LC_ALL": "C.UTF-8", **options},
        capture_output=True,
        text=True,
        check=False,
    )


def test_script_takes_other_tests_and_can_ask_for_coverage(checkout: Path) -> None:
    ended = make_alarms(checkout, "staging", TESTS="tests/outage.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("tests/outage.yml\n  passed    An outage\n")
    assert make_alarms(checkout, "staging", TESTS="tests/outage.yml", COVERAGE="1").returncode != 0


def test_script_names_the_environments_there_are(checkout: Path) -> None:
    ended = make_alarms(checkout, "stageing")
    assert ended.returncode == 1
    assert "staging" in ended.stderr
