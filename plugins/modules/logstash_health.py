#!/usr/bin/python
"""Waits until Logstash does what its users mean by being up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_health
short_description: Wait until a Logstash service runs every pipeline
description:
  - The service counts as healthy when its unit is active, the node API answers from that very process, every pipeline
    that is expected is there, and every expected port is listened on.
  - The unit being active alone says nothing. It is of type simple and restarts for ever when the settings are bad.
  - On failure the message says what is missing, and carries the end of the log.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  url:
    description: Address of the node API.
    type: str
    required: true
  pipelines:
    description: The ids of the pipelines that have to be there.
    type: list
    elements: str
    required: true
  ports:
    description: The TCP ports that have to accept connections.
    type: list
    elements: int
    default: []
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  log_file:
    description: The log whose end is shown on failure.
    type: path
    required: true
  timeout:
    description: How many seconds to wait.
    type: int
    default: 180
attributes:
  check_mode:
    support: full
    description: Waits for nothing, since nothing was started.
"""

EXAMPLES = r"""
- name: Wait until every pipeline runs
  elk.deploy.logstash_health:
    url: http://127.0.0.1:9600
    pipelines: [broker]
    ports: [5000, 8080]
    log_file: /var/log/logstash/logstash-plain.log
"""

RETURN = r"""
version:
  description: The version that the node API reports.
  type: str
  returned: success
seconds:
  description: How long it took.
  type: float
  returned: always
log:
  description: The end of the log.
  type: list
  elements: str
  returned: failure
"""

import json
import socket
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

LOG_LINES = 30
INTERVAL = 1.0
# A unit that systemd restarted this often since the wait began will not come up by itself.
HOPELESS_RESTARTS = 3


def unit_state(module, service):
    """The unit's ActiveState, MainPID and NRestarts, as strings."""
    properties = ["ActiveState", "MainPID", "NRestarts"]
    _code, stdout, _stderr = module.run_command(["systemctl", "show", "--property", ",".join(properties), service])
    return dict(line.split("=", 1) for line in stdout.splitlines() if "=" in line)


def ask(url):
    """One answer of the node API, or None while nobody answers."""
    try:
        with open_url(url, timeout=5, use_proxy=False) as response:
            return json.load(response)
    except (OSError, ValueError):
        return None


def listens(port):
    """Whether something accepts connections on the port of this host."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def find_problem(url, pipelines, ports, state):
    """What keeps the service from being healthy, in words, or an empty text. Second: the version that answered."""
    if state.get("ActiveState") != "active":
        return f"the unit is {state.get('ActiveState', 'unknown')}, not active", ""
    node = ask(f"{url}/_node")
    if node is None:
        return f"the node API at {url} does not answer", ""
    pid = str(node.get("jvm", {}).get("pid", ""))
    if pid != state.get("MainPID"):
        return f"the node API at {url} is answered by process {pid}, which is not the unit's {state.get('MainPID')}", ""
    stats = ask(f"{url}/_node/stats/pipelines") or {}
    running = stats.get("pipelines", {})
    missing = [pipeline for pipeline in pipelines if pipeline not in running]
    if missing:
        return f"pipeline {', '.join(missing)} does not run (running: {', '.join(running) or 'none'})", ""
    deaf = [str(port) for port in ports if not listens(port)]
    if deaf:
        return f"no input listens on port {', '.join(deaf)}", ""
    return "", node.get("version", "")


def log_tail(path):
    """The last lines of the log, or why there are none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError as error:
        return [f"({path}: {error.strerror})"]


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "pipelines": {"type": "list", "elements": "str", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "service": {"type": "str", "default": "logstash.service"},
            "log_file": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, msg="Health is proven once the service runs.")

    start = time.monotonic()
    first_restarts = int(unit_state(module, params["service"]).get("NRestarts") or 0)
    while True:
        state = unit_state(module, params["service"])
        problem, version = find_problem(params["url"], params["pipelines"], params["ports"], state)
        seconds = round(time.monotonic() - start, 1)
        if not problem:
            module.exit_json(changed=False, version=version, seconds=seconds)
        restarts = int(state.get("NRestarts") or 0) - first_restarts
        if seconds >= params["timeout"] or restarts >= HOPELESS_RESTARTS:
            break
        time.sleep(INTERVAL)

    log = log_tail(params["log_file"])
    again = f" systemd restarted it {restarts} times meanwhile." if restarts else ""
    module.fail_json(
        msg=(
            f"Logstash is not healthy after {seconds} s: {problem}.{again} The end of {params['log_file']}:\n"
            + "\n".join(log)
        ),
        seconds=seconds,
        log=log,
    )


if __name__ == "__main__":
    main()
