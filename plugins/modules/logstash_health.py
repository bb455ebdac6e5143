#!/usr/bin/python
"""Waits until Logstash does what its users mean by being up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_health
short_description: Wait until a Logstash service runs every pipeline
description:
  - The service counts as healthy when its unit is active, the node API answers from that very process, every pipeline
    that is expected runs, and that process listens on every expected port.
  - The unit being active alone says nothing. It is of type simple and restarts for ever when the settings are bad.
  - A pipeline that is there may be dead. The node API's statistics, its health report (from 8.16) and the log tell.
  - On failure the message says what is missing and what to do, and carries the end of the log.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  api_host:
    description: The address that the node API listens on. An address that means all of them is asked on loopback.
    type: str
    default: 127.0.0.1
  api_port:
    description: The port of the node API.
    type: int
    default: 9600
  api_ssl:
    description: Whether the node API speaks TLS. Its certificate is not checked, since the process itself is.
    type: bool
    default: false
  api_user:
    description: The user of the node API, where it asks for one.
    type: str
    default: ""
  api_password:
    description: The user's password.
    type: str
    default: ""
  pipelines:
    description:
      - The ids of the pipelines that have to run, at least one. Before version 6.0 there is one, whatever it is called.
    type: list
    elements: str
    required: true
  ports:
    description: The TCP ports that the service's process has to listen on.
    type: list
    elements: int
    default: []
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  log_file:
    description: The log whose end is shown on failure, beside the end of the service's journal.
    type: path
    required: true
  secrets:
    description: Texts that must not show in what is taken from the log.
    type: list
    elements: str
    default: []
  timeout:
    description: How many seconds to wait.
    type: int
    default: 180
  settle:
    description: For how many seconds the service has to stay healthy in one process, before it counts.
    type: int
    default: 0
attributes:
  check_mode:
    support: full
    description: Waits for nothing, since nothing was started.
"""

EXAMPLES = r"""
- name: Wait until every pipeline runs
  elk.deploy.logstash_health:
    pipelines: [broker]
    ports: [5000, 8080]
    log_file: /var/log/logstash/logstash-plain.log
    settle: 5
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
problem:
  description: What was missing last, and what to do.
  type: str
  returned: failure
log:
  description: The end of the log.
  type: list
  elements: str
  returned: failure
"""

import json
import os
import re
import time
from pathlib import Path
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import explanations

LOG_LINES = 30
JOURNAL_LINES = 10
LINE_LENGTH = 500
# Only the end of the log is read, however large it is.
LOG_BYTES = 200_000
INTERVAL = 1.0
# A unit that systemd restarted this often since the wait began will not come up by itself.
HOPELESS_RESTARTS = 3
# How long a pipeline may count as failed for good before it is given up: an automatic reload might replace it.
HOPELESS_SECONDS = 10
STARTED_OR_ENDED = re.compile(r'Pipeline (started|(?:has )?terminated)\b[^{]*\{.*?pipeline[._]id"?=>"([^"]+)"')
FAILED = re.compile(r'Failed to execute action .*?pipeline_id:([^,]+),.*?:message=>"((?:[^"\\]|\\.)*)"')
# What stands for a secret in a log line, where nobody told which texts are secret.
SECRET = re.compile(
    r"""((?:password|passphrase|secret|api_key|cloud_auth)"?\s*(?:=>|=|:)\s*)("[^"]*"|'[^']*'|[^\s,}]+)""",
    re.IGNORECASE,
)
CREDENTIALS = re.compile(r"://[^/\s:@]+:[^/\s@]+@")


class Api:
    """The node API of one host."""

    def __init__(self, params):
        every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
        host = every.get(params["api_host"], params["api_host"])
        host = f"[{host}]" if ":" in host else host
        self.port = params["api_port"]
        self.url = f"{'https' if params['api_ssl'] else 'http'}://{host}:{self.port}"
        self._options = {"timeout": 5, "use_proxy": False, "validate_certs": False}
        if params["api_user"]:
            self._options.update(
                url_username=params["api_user"], url_password=params["api_password"], force_basic_auth=True
            )

    def ask(self, path):
        """An answer as (object, ""), or (None, why there is none)."""
        try:
            with open_url(self.url + path, **self._options) as response:
                found = json.load(response)
        except HTTPError as error:
            return None, f"it answers with status {error.code}"
        except (OSError, ValueError) as error:
            return None, str(getattr(error, "reason", error))
        return (found, "") if isinstance(found, dict) else (None, "its answer is no JSON object")


def unit_state(module, service):
    """The unit's ActiveState, SubState, MainPID and NRestarts, as strings."""
    properties = ["ActiveState", "SubState", "MainPID", "NRestarts"]
    _code, stdout, _stderr = module.run_command(["systemctl", "show", "--property", ",".join(properties), service])
    return dict(line.split("=", 1) for line in stdout.splitlines() if "=" in line)


def listeners(pid):
    """The sockets that listen in the network of a process, as {inode: (port, user)}."""
    found = {}
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A":
                found[fields[9]] = int(fields[1].rpartition(":")[2], 16), int(fields[7])
    return found


def open_sockets(pid):
    """The inodes of a process's sockets. Raises PermissionError where root may not look into another user's process."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield os.readlink(descriptor).partition("socket:[")[2].rstrip("]")
        except FileNotFoundError:
            # Closed meanwhile.
            continue


def own_ports(pid):
    """The ports that a process listens on."""
    sockets = listeners(pid)
    try:
        return {sockets[inode][0] for inode in open_sockets(pid) if inode in sockets}
    except PermissionError:
        # In a container; there the sockets of the process's user have to do.
        owner = Path(f"/proc/{pid}").stat().st_uid
        return {port for port, user in sockets.values() if user == owner}
    except OSError:
        # The process has ended.
        return set()


def join(names):
    """Names for a message."""
    return ", ".join(map(str, names)) or "none"


def find_api_problem(api, state):
    """What keeps the node API from being the unit's own, or an empty text; second: its answer to /_node."""
    pid = state.get("MainPID", "0")
    node, reason = api.ask("/_node")
    if node is None:
        return (
            f"the node API at {api.url} does not answer: {reason} (the service's process listens on port "
            f"{join(sorted(own_ports(pid)))}). Look at logstash_api_host and logstash_api_port, at settings that turn "
            "the node API off or protect it, and at the log's end",
            {},
        )
    answering = str(node.get("jvm", {}).get("pid", ""))
    if answering != pid:
        return (
            f"the node API at {api.url} is answered by process {answering}, which is not the unit's {pid}. End that "
            "process, or set another logstash_api_port",
            {},
        )
    return "", node


def since_start(log, restarts=0):
    """The lines of the log since Logstash last started, or since some starts before that."""
    return "".join("\n".join(log).split("Starting Logstash")[-1 - restarts :]).splitlines()


def read_log(log):
    """What the log says since the last start: (pipelines that have ended, {pipeline that could not be made: why})."""
    text = "\n".join(since_start(log))
    last = {name: word for word, name in STARTED_OR_ENDED.findall(text)}
    return {name for name, word in last.items() if word != "started"}, dict(FAILED.findall(text))


def find_dead(api, pipelines, log):
    """The pipelines that do not run, as {id: (why, whether it is for good)}."""
    stats, reason = api.ask("/_node/stats/pipelines")
    if stats is None:
        stats, _reason = api.ask("/_node/stats/pipeline")
    if stats is None:
        return dict.fromkeys(pipelines, (f"the node API does not tell: {reason}", False))
    if "pipelines" in stats:
        found = stats["pipelines"] or {}
    else:
        # Before 6.0 there is one pipeline, and its name is not told.
        found = {pipelines[0]: stats.get("pipeline")} if pipelines else {}
    report, _reason = api.ask("/_health_report")
    reported = ((report or {}).get("indicators", {}).get("pipelines", {}).get("indicators")) or {}
    ended, failed = read_log(log)
    running = [name for name, item in found.items() if (item or {}).get("events")]
    dead = {}
    for name in pipelines:
        state = reported.get(name, {}).get("details", {}).get("status", {}).get("state", "RUNNING")
        error = (((found.get(name) or {}).get("reloads") or {}).get("last_error") or {}).get("message")
        if name not in running:
            why = error or failed.get(name)
            dead[name] = (why or f"the node API does not show it at work (at work: {join(running)})", bool(why))
        elif state != "RUNNING":
            # Only the state counts: an output that nobody answers makes the report yellow or red too.
            symptom = reported[name].get("symptom", "")
            dead[name] = (f"the health report has it as {state}: {symptom}", state in ("TERMINATED", "FINISHED"))
        elif name not in reported and name in ended:
            dead[name] = ("it has ended, as the log says", True)
    return dead


def find_problem(api, pipelines, ports, state, log):
    """What keeps the service from being healthy.

    Returns (the problem and what to do, or an empty text; whether it is for good; the version that answered).
    """
    if state.get("ActiveState") != "active":
        now = f"{state.get('ActiveState', 'unknown')} ({state.get('SubState', 'unknown')})"
        return f"the unit is {now}, not active. Its process ends by itself; the log's end says why", False, ""
    problem, node = find_api_problem(api, state)
    if problem:
        return problem, False, ""
    dead = find_dead(api, pipelines, log)
    if dead:
        reasons = "; ".join(f"pipeline {name} does not run: {why}" for name, (why, _final) in dead.items())
        final = any(final for _why, final in dead.values())
        return f"{reasons}. Correct its templates or its settings; the log's end says more", final, ""
    own = own_ports(state["MainPID"])
    taken = {port for port, _user in listeners(state["MainPID"]).values()} - own
    deaf = [port for port in ports if port not in own]
    if deaf:
        held = [port for port in deaf if port in taken]
        others = f" Another program listens on {join(held)}: stop that, or set another port." if held else ""
        return (
            f"no input listens on port {join(deaf)} (the service's process listens on port {join(sorted(own))})."
            f"{others} Look whether the log's end shows an input that fails, or correct logstash_input_ports",
            False,
            "",
        )
    return "", False, node.get("version", "")


def log_tail(path):
    """The last lines of the log, or why there are none."""
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError as error:
        return [f"({path}: {error.strerror})"]


def journal_tail(module, service):
    """The last lines that the service printed: what ends it early never reaches the log file."""
    command = ["journalctl", "--unit", service, "--lines", str(JOURNAL_LINES), "--output", "cat", "--no-pager"]
    code, stdout, _stderr = module.run_command(command)
    return stdout.splitlines() if code == 0 else []


def show(lines, secrets):
    """Lines for a message: bounded, and without what is secret."""
    shown = []
    for line in lines:
        text = CREDENTIALS.sub("://********@", SECRET.sub(r"\1********", line))
        for secret in secrets:
            text = text.replace(secret, "********")
        shown.append(text if len(text) <= LINE_LENGTH else text[:LINE_LENGTH] + " ...")
    return shown


def wait(module, api):
    """Waits until the service is healthy and stays so. Returns (problem, version, restarts meanwhile, its last log)."""
    params = module.params
    start = time.monotonic()
    first_restarts = int(unit_state(module, params["service"]).get("NRestarts") or 0)
    healthy = failed = None
    process = ""
    while True:
        state = unit_state(module, params["service"])
        log = log_tail(params["log_file"])
        problem, final, version = find_problem(api, params["pipelines"], params["ports"], state, log)
        now = time.monotonic()
        restarts = int(state.get("NRestarts") or 0) - first_restarts
        failed = (failed or now) if final else None
        if problem or process != state["MainPID"]:
            healthy = None
        if not problem:
            healthy, process = healthy or now, state["MainPID"]
            if now - healthy >= params["settle"]:
                return "", version, restarts, log
        hopeless = restarts >= HOPELESS_RESTARTS or (failed and now - failed >= HOPELESS_SECONDS)
        if hopeless:
            return problem or "it did not stay healthy in one process", version, restarts, log
        if now - start >= params["timeout"] + (0 if problem else params["settle"]):
            problem = problem or "it did not stay healthy in one process"
            slow = "If it only needs longer to start, raise logstash_health_timeout"
            return f"{problem}. {slow}", version, restarts, log
        time.sleep(INTERVAL)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "api_host": {"type": "str", "default": "127.0.0.1"},
            "api_port": {"type": "int", "default": 9600},
            "api_ssl": {"type": "bool", "default": False},
            "api_user": {"type": "str", "default": ""},
            "api_password": {"type": "str", "default": "", "no_log": True},
            "pipelines": {"type": "list", "elements": "str", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "service": {"type": "str", "default": "logstash.service"},
            "log_file": {"type": "path", "required": True},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "timeout": {"type": "int", "default": 180},
            "settle": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    params = module.params
    if not params["pipelines"]:
        module.fail_json(
            msg="pipelines is empty, so nothing would be proven: a Logstash without pipelines answers, too. Expected "
            "the id of each pipeline that has to run."
        )
    if module.check_mode:
        module.exit_json(changed=False, msg="Health is proven once the service runs.")

    start = time.monotonic()
    problem, version, restarts, log = wait(module, Api(params))
    seconds = round(time.monotonic() - start, 1)
    if not problem:
        module.exit_json(changed=False, version=version, seconds=seconds)

    printed = journal_tail(module, params["service"])
    meanings = "".join(f" {text}" for text in explanations.explain("\n".join([*since_start(log, restarts), *printed])))
    tail = log[-LOG_LINES:]
    printed = [line for line in printed if line not in tail]
    tail = show(tail, params["secrets"])
    printed = show(printed, params["secrets"])
    again = f" systemd restarted it {restarts} times meanwhile." if restarts else ""
    message = f"Logstash is not healthy after {seconds} s: {problem}.{again}{meanings}"
    message += "\n".join([f" The end of {params['log_file']}:", *tail])
    if printed:
        message += "\nWhat the service printed last:\n" + "\n".join(printed)
    module.fail_json(msg=message, problem=problem, seconds=seconds, log=tail + printed)


if __name__ == "__main__":
    main()
