"""The playbook on the instance: its command, its Python, and the reason of its failure."""

import hashlib
import json
import os
import re
import stat
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.messages import CODES
from instance_world import HOSTNAME, REGION, REQUIREMENTS
from logstash_instance.bundle import Bundle, Manifest
from logstash_instance.deployment import Deployment, failure, python_of
from logstash_instance.errors import BadBundleError, DeadlineError, DeploymentError, PythonError
from logstash_instance.retrying import Clock, Deadline
from logstash_instance.settings import InstanceSettings

DIGEST = hashlib.sha256(REQUIREMENTS).hexdigest()
RECAP = f"PLAY RECAP ****\n{HOSTNAME} : ok=12   changed=3    unreachable=0    failed=0"


@pytest.fixture
def bundle(paths):
    """One that is unpacked."""
    path = paths.bundles / ("a" * 64)
    (path / "toolkit").mkdir(parents=True)
    (path / "requirements-instance.txt").write_bytes(REQUIREMENTS)
    return Bundle(Manifest("staging", "a" * 64, "a" * 64 + ".tar.gz", 1, DIGEST, {"brokers": "9.5.2"}), path)


@pytest.fixture
def deployment(bundle, paths):
    return Deployment(bundle, InstanceSettings("staging", "brokers", "s3://b/current.json"), HOSTNAME, REGION, paths)


@pytest.fixture
def playbook(paths):
    """Puts a program into the place of ansible-playbook; it runs the text that this is given."""
    python = paths.pythons / DIGEST[:16]
    (python / "bin").mkdir(parents=True)
    (python / ".complete").write_text("")

    def put(script):
        program = python / "bin/ansible-playbook"
        program.write_text(f"#!{sys.executable}\n{script}\n")
        program.chmod(0o755)

    return put


def run(deployment, deadline=None):
    deployment.run(deadline or Deadline.after(60), lambda: None)


def test_the_playbook_runs_as_the_agreement_says(deployment, playbook, paths, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/opt/elk")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    playbook(
        "import json, os, sys\n"
        "json.dump([sys.argv[1:], os.getcwd(), dict(os.environ)], open(os.environ['ANSIBLE_HOME'] + '.seen', 'w'))\n"
        f"print({RECAP!r})"
    )
    run(deployment)
    arguments, directory, environment = json.loads(Path(f"{paths.ansible_home}.seen").read_text())
    assert arguments == [
        *("-i", "inventories/staging", "-i", str(paths.inventory), "--limit", HOSTNAME),
        *("playbooks/logstash.yml", "-e", "@../extra_vars.json"),
    ]
    assert directory == str(deployment.bundle.path / "toolkit")
    assert environment["ANSIBLE_COLLECTIONS_PATH"] == "../collections"
    assert environment["AWS_REGION"] == REGION
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert environment["PATH"].startswith(str(paths.pythons / DIGEST[:16] / "bin"))
    assert "PYTHONPATH" not in environment


def test_this_host_is_in_the_group_of_its_layer(deployment, playbook, paths):
    playbook(f"print({RECAP!r})")
    run(deployment)
    inventory = yaml.safe_load(paths.inventory.read_text())
    host = inventory["all"]["children"]["brokers"]["hosts"][HOSTNAME]
    assert host == {
        "ansible_connection": "local",
        "ansible_host": "localhost",
        "ansible_python_interpreter": "/usr/bin/python3",
        # Its queue goes with it: a stop drains it.
        "drain_queue_on_stop": True,
        "logstash_first_boot": True,
    }


def test_log_is_for_root_and_its_group_and_keeps_earlier_attempts(deployment, playbook, paths):
    paths.log.touch()
    paths.log.chmod(0o644)
    old = os.umask(0)
    try:
        playbook(f"print('first'); print({RECAP!r})")
        run(deployment)
        playbook(f"print('second'); print({RECAP!r})")
        run(deployment)
    finally:
        os.umask(old)
    assert stat.S_IMODE(paths.log.stat().st_mode) == 0o640
    assert re.findall(r"(?m)^(?:first|second)$", paths.log.read_text()) == ["first", "second"]


def test_a_playbook_that_has_no_such_host_is_no_deployment(deployment, playbook):
    """Ansible ends with 0 then."""
    playbook("print('[WARNING]: Could not match supplied host pattern'); print('PLAY RECAP ****')")
    with pytest.raises(DeploymentError, match=f"nothing for host {HOSTNAME} in group brokers"):
        run(deployment)


def test_a_playbook_that_fails(deployment, playbook):
    playbook("import sys; print('[ERROR]: Task failed: [health_failed] main does not run\\nOrigin: x'); sys.exit(2)")
    with pytest.raises(DeploymentError, match=r"\[health_failed\] main does not run") as raised:
        run(deployment)
    assert raised.value.code == "health_failed"


def test_the_deadline_ends_the_playbook_and_says_where_it_was(deployment, playbook, paths):
    playbook("import time; print('TASK [Wait until every pipeline runs] ****\\n', flush=True); time.sleep(300)")

    def now():
        return 1000.0 if "TASK" in paths.log.read_text() else 0.0

    with pytest.raises(DeadlineError, match=r"ansible-playbook still ran .* TASK \[Wait until every pipeline runs\]$"):
        deployment.run(Deadline(Clock(now), 900.0), lambda: None)


# -- the reason

# As ansible-core 2.19 prints them.
UNKNOWN_NAME = """
TASK [elk.deploy.logstash : Plan what the host should have] ********************
[ERROR]: Task failed: Error while resolving value for 'x': Failed to find secret staging/keystore (ResourceNotFound)

Task failed.
Origin: /var/lib/elk/bundles/a/toolkit/roles/logstash/tasks/preflight_inputs.yml:4:3

2 # Needs no host: works in check mode.
<<< caused by >>>

Failed to find secret staging/keystore (ResourceNotFound)

fatal: [ip-10-0-0-5]: FAILED! =>
    changed: false
    msg: 'Task failed: ...'

PLAY RECAP *********************************************************************
ip-10-0-0-5 : ok=3    changed=0    unreachable=0    failed=1
"""

OUTCOME = """
TASK [elk.deploy.logstash : Test the staged settings as the service's user] ****
[ERROR]: Task failed: Module failed: [configuration_refused] Logstash's own configuration test refuses them
Origin: /x.yml:4:7

fatal: [h]: FAILED! =>
    msg: '[configuration_refused] ...'

TASK [elk.deploy.logstash : Fail with what happened] ***************************
[ERROR]: Task failed: The service was stopped. What failed: [configuration_refused] Logstash's own test refuses them:
[2026-11-28T17:00:00,000][ERROR][logstash.agent] Failed to execute action

Expected one of [ \\t]
Origin: /x.yml:4:7

fatal: [h]: FAILED! =>
    codes:
    - configuration_refused
"""


def test_a_missing_secret_is_the_reason():
    error = failure(UNKNOWN_NAME, 2)
    assert "Failed to find secret staging/keystore (ResourceNotFound)" in str(error)
    # Where, as it has no code to look for.
    assert str(error).endswith("/toolkit/roles/logstash/tasks/preflight_inputs.yml:4:3)")
    assert error.code == "instance_deployment_failed"
    assert error.retry_seconds == 0


def test_the_last_message_with_the_code_of_what_failed_and_all_of_its_lines():
    error = failure(OUTCOME, 2)
    assert error.code == "configuration_refused"
    assert str(error).startswith("The service was stopped.")
    assert str(error).endswith("Expected one of [ \\t]")
    assert "Failed to execute action" in str(error)


def test_a_failure_without_a_message_has_the_last_lines():
    assert str(failure("one\ntwo", 250)) == "one\ntwo"
    assert "status 250" in str(failure("", 250))


@pytest.mark.parametrize(
    "message",
    [
        "[package_failed] the repository does not answer",
        "The lookup plugin 'amazon.aws.ssm_parameter' failed: An error occurred (ThrottlingException)",
        'Failed to retrieve secret: Could not connect to the endpoint URL: "https://secretsmanager..."',
    ],
)
def test_what_may_pass_is_worth_another_run(message):
    assert failure(f"[ERROR]: Task failed: {message}\nOrigin: x", 2).retry_seconds > 0


def test_every_code_of_the_roles_is_found():
    assert [code for code in CODES if failure(f"[ERROR]: [{code}] text\nOrigin: x", 2).code != code] == []


# -- the Python


def test_python_of_the_image(bundle, paths, playbook):
    playbook("")
    assert python_of(bundle, paths, Deadline.after(1)) == paths.pythons / DIGEST[:16]


def test_requirements_that_are_not_the_manifests(bundle, paths):
    (bundle.path / "requirements-instance.txt").write_bytes(b"other==1\n")
    with pytest.raises(BadBundleError, match=f"its manifest says {DIGEST}"):
        python_of(bundle, paths, Deadline.after(1))


@pytest.fixture
def commands(monkeypatch):
    """Keeps the commands that make a Python, which then make what they should; each takes seconds."""
    run_so_far = []

    def run_one(command, _deadline):
        run_so_far.append(command)
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)

    monkeypatch.setattr("logstash_instance.deployment._run", run_one)
    return run_so_far


def test_python_that_the_image_has_not_is_made_from_the_wheels_of_the_bundle(bundle, paths, commands):
    python = python_of(bundle, paths, Deadline.after(1))
    assert (python / ".complete").read_text() == f"{DIGEST}\n"
    venv, pip = commands
    assert venv[1:] == ["-m", "venv", str(python)]
    assert pip[0] == str(python / "bin/python")
    assert {"--no-index", "--require-hashes", str(bundle.path / "wheels")} <= set(pip)


def test_half_a_python_is_made_again(bundle, paths, commands):
    half = paths.pythons / DIGEST[:16]
    (half / "bin").mkdir(parents=True)
    (half / "bin/ansible-playbook").write_text("half")
    python_of(bundle, paths, Deadline.after(1))
    assert not (half / "bin/ansible-playbook").exists()
    assert len(commands) == 2


def test_python_that_cannot_be_made_says_why_and_is_not_taken_the_next_time(bundle, paths, monkeypatch):
    monkeypatch.setattr("sys._base_executable", "/bin/false")
    for _boot in range(2):
        with pytest.raises(PythonError, match=r"/bin/false -m venv .* ended with status 1"):
            python_of(bundle, paths, Deadline.after(60))
    assert not (paths.pythons / DIGEST[:16] / ".complete").exists()


def test_python_that_takes_too_long(bundle, paths, monkeypatch):
    python = paths.root / "slow"
    python.write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys._base_executable", str(python))
    with pytest.raises(PythonError, match="timed out"):
        python_of(bundle, paths, Deadline.after(0.05))
