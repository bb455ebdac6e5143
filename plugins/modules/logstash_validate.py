#!/usr/bin/python
"""Runs Logstash's configuration test where it can do no harm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_validate
short_description: Run Logstash's configuration test as the service's user, away from everything live
description:
  - The configuration test of Logstash is not read-only. It creates path.data, queues and dead letter queues, takes the
    locks of their running owner, and leaves files that belong to whoever ran it.
  - This module makes a throw-away directory for the settings, the data and the logs, runs the test in it as the
    service's user with the service's environment, and removes the directory whatever the outcome is.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  program:
    description: The C(logstash) program.
    type: path
    required: true
  user:
    description: The user that the service runs as.
    type: str
    required: true
  path:
    description: The throw-away directory. It is removed first when an earlier run was killed.
    type: path
    required: true
  files:
    description:
      - The settings files to write into the throw-away directory, as name and content.
      - The paths in them must all lead to the O(path) folder, or to files that are only read.
    type: dict
    required: true
  copy_from:
    description: The live settings directory. Its other files, such as C(log4j2.properties), are copied.
    type: path
    required: true
  environment_file:
    description: The file that systemd reads the service's environment from.
    type: path
    required: true
  timeout:
    description: How many seconds the test may take.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: Runs nothing, since the settings have not been written.
"""

EXAMPLES = r"""
- name: Test the staged settings as the service's user
  elk.deploy.logstash_validate:
    program: /usr/share/logstash/bin/logstash
    user: logstash
    path: /var/lib/logstash-validation
    copy_from: /etc/logstash
    environment_file: /etc/default/logstash
    files:
      logstash.yml: "{{ lookup('ansible.builtin.template', 'logstash.yml.j2') }}"
      pipelines.yml: "{{ lookup('ansible.builtin.template', 'pipelines.yml.j2') }}"
"""

RETURN = r"""
reasons:
  description: The lines of the test's output that say why it failed.
  type: list
  elements: str
  returned: failure
output:
  description: The end of what the test printed.
  type: str
  returned: when it ran
"""

import os
import pwd
import re
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

OUTPUT_LINES = 40
TIMED_OUT = 124
REASON = re.compile(r"\[(FATAL|ERROR)|^ERROR|Reason:|settings are invalid")


def read_environment(path):
    """The variables of a systemd EnvironmentFile: NAME=VALUE lines, values optionally quoted, comments with # or ;."""
    variables = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return variables
    for line in lines:
        name, sign, value = line.strip().partition("=")
        if sign and not name.startswith(("#", ";")):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            variables[name.strip()] = value
    return variables


def prepare(path, files, copy_from, account):
    """Makes the throw-away directory: settings readable, data and logs writable for the account, nobody else let in."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    os.chown(path, account.pw_uid, account.pw_gid)
    settings = path / "settings"
    for directory in (settings, path / "data", path / "logs"):
        directory.mkdir(mode=0o700)
        os.chown(directory, account.pw_uid, account.pw_gid)
    for live in Path(copy_from).iterdir():
        if live.is_file() and live.name not in files:
            write(settings / live.name, live.read_bytes(), account)
    for name, content in files.items():
        write(settings / name, content.encode(), account)
    return settings


def write(path, content, account):
    """A file of the account's that nobody else can read: it may be a keystore."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchown(file.fileno(), account.pw_uid, account.pw_gid)
        file.write(content)


def find_reasons(output):
    """The lines that state why the test failed, each once, in the order of the output."""
    return list(dict.fromkeys(line.strip() for line in output.splitlines() if REASON.search(line)))


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "program": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "copy_from": {"type": "path", "required": True},
            "environment_file": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, msg="The configuration test runs once the settings are staged.")
    try:
        account = pwd.getpwnam(params["user"])
    except KeyError:
        module.fail_json(msg=f"There is no user {params['user']!r} on the host; install the package that makes it.")

    path = Path(params["path"])
    try:
        settings = prepare(path, params["files"], params["copy_from"], account)
        command = ["timeout", "--kill-after=10", str(params["timeout"])]
        command += ["runuser", "-u", params["user"], "--", params["program"], "--path.settings", str(settings)]
        command += ["--config.test_and_exit"]
        code, stdout, stderr = module.run_command(
            command, cwd=str(path), environ_update=read_environment(params["environment_file"])
        )
        logged = path / "logs" / "logstash-plain.log"
        log = logged.read_text(encoding="utf-8", errors="replace") if logged.exists() else ""
    finally:
        shutil.rmtree(path, ignore_errors=True)

    output = "\n".join((stdout + stderr).splitlines()[-OUTPUT_LINES:])
    if code == 0:
        module.exit_json(changed=False, output=output)
    reasons = find_reasons(stdout + stderr) or find_reasons(log)
    if code == TIMED_OUT:
        reasons.insert(0, f"It did not end within {params['timeout']} s.")
    module.fail_json(
        msg=(
            f"Logstash's own test refuses the staged settings (run as user {params['user']}, exit status {code}). "
            f"Nothing live was changed. {' | '.join(reasons) or output}"
        ),
        reasons=reasons,
        output=output,
    )


if __name__ == "__main__":
    main()
