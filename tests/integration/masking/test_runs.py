"""Real runs with secrets in every place, which fail and succeed: none is in what is shown with -vvv and --diff."""

import base64
import json
import os
from urllib.parse import quote

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_project import Project

# Recognisable, and with what has to be escaped.
SECRETS = {
    "octopus": 'octo"pus\\one',
    "task": "task-given-two",
    "vaulted": "vaulted 'three'",
    "file": "vault-file-four",
    "named": "named-five",
    "proxy": "proxy@six",
    "keystore": "keystore-seven",
    "line": "MIIEvTLSlineEIGHT",
}
PASSWORD = "vault-password"  # noqa: S105 - of the test


def encrypted(text):
    return VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))]).encrypt(text).decode()


def shown_forms(secret):
    yield from (secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1], quote(secret, safe=""))
    yield base64.b64encode(secret.encode()).decode()[: len(secret) * 8 // 6 - 1]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What all runs below printed, in one."""
    folder = tmp_path_factory.mktemp("project")
    project = Project(folder)
    project.write("variables.yml", "[]\n")
    project.write("group_vars/all/secret.yml", encrypted(f"vault_file: {SECRETS['file']}\nvault_number: 5\n"))
    inline = "".join(f"    {line}\n" for line in encrypted(SECRETS["vaulted"]).splitlines())
    project.write("group_vars/all/plain.yml", f"logstash_settings:\n  a: !vault |\n{inline}")
    project.write("password", PASSWORD)
    every = " | ".join(form for secret in SECRETS.values() for form in (secret, json.dumps(secret)))
    project.write("all.txt", every)
    project.write("old.txt", f"old {every}\n")
    project.write("plain.txt", "new\n")
    project.write("templates/missing.txt", "#{Nope}\n")
    project.write("home/Gemfile.lock", "GEM\n  specs:\n    logstash-core (9.5.2)\n")
    program = project.write(
        "home/bin/logstash-plugin", f"#!/bin/sh\ncat {folder}/all.txt >&2\necho $https_proxy\nexit 1\n"
    )
    program.chmod(0o755)
    tasks = [
        {"elk.deploy.octopus_template": {"src": f"{folder}/plain.txt", "dest": f"{folder}/old.txt"}},
        {
            "elk.deploy.octopus_template": {
                "src": f"{folder}/plain.txt",
                "dest": f"{folder}/new.txt",
                "validate": f"sh -c 'cat {folder}/all.txt >&2; exit 3' %s",
            }
        },
        {
            "elk.deploy.octopus_check": {
                "text": {every: "#{Nope}"},
                "variables": {"T": {"value": "{{ 'task-given' ~ '-two' }}", "sensitive": True}},
            }
        },
        {
            "elk.deploy.settings_release": {
                "src": "/x/{{ all_texts }}",
                "dest": "/nowhere",
                "entries": ["{{ all_texts }}"],
                "group": "nobody",
            }
        },
        {"elk.deploy.unmanaged_files": {"places": ["/nowhere/{{ all_texts }}"], "hint": "{{ all_texts }}"}},
        {
            "elk.deploy.logstash_plugins": {
                "plugins": [{"name": "logstash-filter-x", "version": "1.0.0"}],
                "home": f"{folder}/home",
                "environment": "{{ logstash_environment }}",
            }
        },
        {"elk.deploy.logstash_plugins": {"plugins": "{{ all_texts }}"}},
        {"elk.deploy.logstash_check": {"version": "{{ all_texts }}"}},
        {"ansible.builtin.fail": {"msg": "{{ [all_texts] | elk.deploy.masked(_test_secrets + of_others) }}"}},
    ]
    if os.geteuid() == 0:
        test = project.write("bin/logstash", f"#!/bin/sh\ncat {folder}/all.txt\nexit 1\n")
        test.chmod(0o755)
        for path in [folder, *folder.parents]:
            if path.stat().st_uid == os.getuid() and path != path.parent:
                path.chmod(0o755)
        project.write("staged/logstash.yml", "path.data: /x\n")
        tasks.append(
            {
                "elk.deploy.logstash_validate": {
                    "program": str(test),
                    "user": "root",
                    "path": f"{folder}/validation",
                    "src": f"{folder}/staged",
                    "live": f"{folder}/live",
                }
            }
        )
    secret = {"value": SECRETS["octopus"], "sensitive": True}
    ended = project.play(
        *[{**task, "ignore_errors": True} for task in tasks],
        options=("-vvv", "--diff", "--vault-password-file", "password"),
        octopus_variables={"Key": secret},
        octopus_variable_files=[],
        some_token="{{ 'named-' ~ 'five' }}",  # noqa: S106
        logstash_environment={"https_proxy": "http://me:proxy%40six@proxy:3128"},
        _test_secrets=["{{ [['keystore-seven']] }}", "-----BEGIN X-----\n" + SECRETS["line"] + "\n-----END X-----"],
        all_texts=every,
        of_others=[
            "{{ some_token }}",
            SECRETS["vaulted"],
            SECRETS["task"],
            SECRETS["file"],
            "{{ [['proxy@six']] }}",
        ],
        file="{{ vault_file }}",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr, len(tasks)


def test_every_task_did_what_shows_secrets(told):
    output, count = told
    assert output.count("TASK [") == count
    assert output.count("...ignoring") == count - 2
    assert output.count("*****") > 50
    assert "http://me:*****@proxy:3128" in output


@pytest.mark.parametrize("place", SECRETS)
def test_no_secret_is_shown(told, place):
    output = told[0]
    if place == "task":
        # It is given with one task, and secret for that alone.
        output = output.partition("TASK [elk.deploy.octopus_check]")[2].partition("TASK [")[0]
    for form in shown_forms(SECRETS[place]):
        assert form not in output
