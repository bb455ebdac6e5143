#!/usr/bin/python
"""Waits until Logstash does what its users mean by being up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_health
short_description: Wait until a Logstash service runs every pipeline
description:
  - The service is healthy if its unit is active, the node API answers from that very process, every expected pipeline
    runs, and that process listens on every expected port.
  - An active unit alone means nothing. It is of type simple, and restarts forever if the settings are bad.
  - A pipeline that exists may be dead. The node API's statistics, its health report (since 8.16) and the log tell.
  - Logstash restarts a failing plugin forever, and only the log shows it. A plugin that still fails is a problem; one
    that has not failed for the last ten seconds is not.
  - If it fails, the message says what is missing and what to do, and ends with the end of the log.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking, elk.deploy.journal]
options:
  api_host:
    description: The address that the node API listens on. For a wildcard address, loopback is queried.
    type: str
    default: 127.0.0.1
  api_port:
    description: The port of the node API.
    type: int
    default: 9600
  api_ssl:
    description:
      - Whether the node API uses TLS. Its certificate is verified if a password is sent to an address other than
        loopback; otherwise it is not, since the process itself is identified.
    type: bool
    default: false
  api_ca:
    description: A file on the host with the CA certificates for the node API. By default, the system's CAs.
    type: path
  api_user:
    description:
      - The user for the node API, if it requires one. User and password are sent to loopback, and anywhere else only
        over TLS.
    type: str
    default: ""
  api_password:
    description: The user's password.
    type: str
    default: ""
  pipelines:
    description:
      - The ids of the pipelines that must run, at least one. Before version 6.0, there is one, whatever its id.
    type: list
    elements: str
    required: true
  ports:
    description: The TCP ports that the service's process must listen on.
    type: list
    elements: int
    default: []
  pipeline_directory:
    description:
      - The folder of the live pipelines, with a folder of files for each, named after its id.
      - The service must also listen on ports that inputs in these files name literally.
    type: path
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  log_file:
    description: The log whose end is shown on failure, together with the end of the service's journal.
    type: path
    required: true
  user:
    description: The user of the service. A log that belongs to another user, or is not a regular file, is not read.
    type: str
    default: logstash
  log_before:
    description:
      - Where the log ended before the service was started, as C(inode) and C(size), as returned by
        M(elk.deploy.logstash_log_end). Only what comes after it counts.
      - Without it, everything since the last start counts.
    type: dict
    default: {}
  option_files:
    description: Files with Java options. If Java rejects an option, the file that contains it is named.
    type: list
    elements: path
    default: []
  timeout:
    description: How many seconds to wait.
    type: int
    default: 180
  min_ready_seconds:
    description:
      - For how many seconds the service must stay healthy in one process before it counts as healthy.
      - Unless it is 0, it is at least 10 if an input listens on a port that is neither literal nor one of O(ports).
    type: int
    default: 0
  record:
    description:
      - What is recorded of a healthy service, in the file that M(elk.deploy.logstash_deployment_record) reads. Without
        it, nothing is written.
    type: dict
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      state:
        description: V(healthy) removes the mark of a change; V(pending) leaves it, for work that remains to be done.
        type: str
        choices: [healthy, pending]
        default: healthy
      content:
        description: As O(elk.deploy.logstash_deployment_record#module:record).
        type: dict
        required: true
      keep:
        description: How many records are kept, including this one.
        type: int
        default: 5
      forget:
        description: A folder that is removed with V(healthy), such as the one of M(elk.deploy.logstash_existing_setup).
        type: path
attributes:
  check_mode:
    support: full
    description: Does not wait, since nothing was started. Reports whether O(record) would change.
"""

EXAMPLES = r"""
- name: Wait until every pipeline runs
  elk.deploy.logstash_health:
    pipelines: [broker]
    ports: [5000, 8080]
    log_file: /var/log/logstash/logstash-plain.log
    min_ready_seconds: 5
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

import os
import time
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import waiting
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    accounts,
    deployment_journal,
    deployment_record,
    explanations,
    input_ports,
    java_options,
    listening,
    logstash_log,
    service_manager,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.node_api import Api, UncheckedHostError
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

LOG_LINES = 30
JOURNAL_LINES = 10
JOURNAL_READ = 500
LINE_LENGTH = 500
# A reason is shown whole, unless it is a book.
REASON_LENGTH = 4000
# Only the end of the log is read, however large it is.
LOG_BYTES = 1_000_000
INTERVAL = 1.0
# A unit that systemd restarted this often since the wait began will not come up by itself.
HOPELESS_RESTARTS = 3
# How long a pipeline may count as failed for good before it is given up: an automatic reload might replace it.
HOPELESS_SECONDS = 10
# For how long a plugin must not have failed before it counts as at work. Logstash starts one again after a second;
# inputs need up to seven to notice that their port is taken.
QUIET_SECONDS = 10
# For how long a plugin may fail again and again before it is given up: whoever has its port might end meanwhile.
HOPELESS_RESTARTING = 30


def unit_state(module, service):
    """The unit's ActiveState, SubState, MainPID, NRestarts and InvocationID, as strings."""
    names = ("ActiveState", "SubState", "MainPID", "NRestarts", "InvocationID")
    return service_manager.show(module.run_command, service, *names)


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
            f"{join(sorted(listening.own_ports(pid)))}). Look at logstash_api_host and logstash_api_port, at settings "
            "that turn the node API off or protect it, and at the end of the log",
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


class ServiceLog:
    """What the log says of the service that is waited for."""

    def __init__(self, lines=(), marked=False, restarts=0, silence=0.0):
        """`silence`: for how many seconds nothing was written. For the others see logstash_log.starts."""
        self.lines = list(lines)
        self.starts = logstash_log.starts(logstash_log.entries(self.lines), marked, restarts)
        self.silence = silence

    def failures(self, pipelines):
        """Pipelines that failed in any start that counts: {id: Failure}."""
        found = logstash_log.failures(self.starts)
        only = found.pop(logstash_log.UNNAMED, None)
        return {pipelines[0]: only, **found} if only and pipelines else found

    def ended(self):
        """Pipelines that have ended in the last start: {id: Failure}."""
        return logstash_log.ended(self.starts[-1]) if self.starts else {}

    def restarting(self, pipelines):
        """Plugins of the pipelines that failed in the last start and were started again."""
        found = logstash_log.restarting(self.starts[-1], self.silence) if self.starts else []
        return [item for item in found if item.pipeline in (logstash_log.UNNAMED, *pipelines)]

    def fatal(self):
        """Why the process of the last start that tells has ended, or an empty text."""
        for start in reversed(self.starts):
            said = logstash_log.reasons([entry for entry in start if entry.level == "FATAL"])
            if said and "(SystemExit) exit" not in said[-1]:
                return said[-1]
        return ""


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
    ended, failed = log.ended(), log.failures(pipelines)
    running = [name for name, item in found.items() if (item or {}).get("events")]
    dead = {}
    for name in pipelines:
        state = reported.get(name, {}).get("details", {}).get("status", {}).get("state", "RUNNING")
        error = (((found.get(name) or {}).get("reloads") or {}).get("last_error") or {}).get("message")
        if name not in running:
            why = str(failed.get(name) or error or "")
            dead[name] = (why or f"the node API does not list it as running (running: {join(running)})", bool(why))
        elif state != "RUNNING":
            # Only the state counts: an output that nobody answers makes the report yellow or red too.
            symptom = reported[name].get("symptom", "")
            error = failed.get(name) or ended.get(name)
            why = f". Its last error: {error}" if error and error.reason else ""
            dead[name] = (f"the health report has it as {state}: {symptom}{why}", state in ("TERMINATED", "FINISHED"))
        elif name in failed and failed[name].crashed:
            dead[name] = (f"it has crashed: {failed[name]}", True)
        elif name not in reported and name in ended:
            error = failed.get(name) or ended[name]
            why = f". Its last error: {error}" if error.reason else ""
            dead[name] = (f"it has ended, as the log says{why}", True)
    return dead


def find_restarting(pipelines, state, log):
    """The plugins that fail again and again, as [(what is wrong, whether for good)]."""
    found = []
    failed = log.restarting(pipelines)
    if not failed:
        return found
    own = listening.own_ports(state["MainPID"])
    taken = {other.port for other in listening.others(state["MainPID"])}
    for item in failed:
        # It failed while something else had its port, say, and does no more.
        if item.quiet >= QUIET_SECONDS:
            continue
        times = f"{item.count} times so far" if item.count > 1 else "once so far"
        name = item.pipeline or pipelines[0]
        text = f"{item.plugin} of pipeline {name} fails and is started again, {times}: {item.reason}"
        if item.port in taken:
            text += f". Another program listens on {item.port}: stop that, or set another port"
        elif item.port in own:
            text += f". Another input of this Logstash listens on {item.port}: give each a port of its own"
        found.append((text, item.lasted >= HOPELESS_RESTARTING))
    return found


def find_failed(pipelines, log):
    """Why expected pipelines could not be started, as the log says, or an empty text."""
    failed = log.failures(pipelines)
    return "; ".join(f"pipeline {name} does not run: {failed[name]}" for name in pipelines if name in failed)


def find_problem(api, pipelines, ports, state, log):
    """What keeps the service from being healthy; `ports` are {port: which setting or input it is of}.

    Returns (the problem and what to do, or an empty text; whether it is for good; the version that answered).
    """
    if state.get("ActiveState") != "active":
        now = f"the unit is {state.get('ActiveState', 'unknown')} ({state.get('SubState', 'unknown')}), not active"
        problem, node = f"{now}. Its process ends by itself: {log.fatal() or 'the end of the log says why'}", {}
    else:
        problem, node = find_api_problem(api, state)
    if problem:
        # The process ends with its last pipeline, and the next one has not come as far yet.
        failed = find_failed(pipelines, log)
        hint = "Correct its templates or its settings; see the end of the log"
        return (f"{failed}. {hint}", True, "") if failed else (problem, False, "")
    dead = find_dead(api, pipelines, log)
    if dead:
        reasons = "; ".join(f"pipeline {name} does not run: {why}" for name, (why, _final) in dead.items())
        final = any(final for _why, final in dead.values())
        return f"{reasons}. Correct its templates or its settings; see the end of the log", final, ""
    failing = find_restarting(pipelines, state, log)
    if failing:
        return "; ".join(text for text, _final in failing), any(final for _text, final in failing), ""
    own = listening.own_ports(state["MainPID"])
    taken = {other.port for other in listening.others(state["MainPID"])}
    deaf = [port for port in ports if port not in own]
    if deaf:
        held = [port for port in deaf if port in taken]
        others = f" Another program listens on {join(held)}: stop that, or set another port." if held else ""
        sources = join(dict.fromkeys(ports[port] for port in deaf))
        return (
            f"no input listens on port {join(deaf)} (the service's process listens on port {join(sorted(own))})."
            f"{others} Check whether the end of the log shows an input that fails, or correct {sources}",
            False,
            "",
        )
    return "", False, node.get("version", "")


def expected_ports(params):
    """The ports that have to listen, as {port: where it is set}; second: whether an input's port is not among them."""
    ports = dict.fromkeys(params["ports"], "logstash_input_ports")
    literal, unknown = set(), 0
    for name in params["pipelines"] if params["pipeline_directory"] else ():
        for file in sorted(Path(params["pipeline_directory"], name).glob("*.conf")):
            for found in input_ports.listeners(file.read_text(encoding="utf-8", errors="replace")):
                if found.port:
                    literal.add(found.port)
                    ports.setdefault(found.port, f"the input {found.plugin} in {file}")
                else:
                    unknown += 1
    # Those that nobody named literally may be listed.
    return ports, unknown > len(set(params["ports"]) - literal)


def read_log(path, before, user):
    """The last lines of the log as (lines, whether they begin where the log ended before, seconds since the last).

    Where there is no log, or no regular file of the user's, the line says why: its directory is the user's, who could
    have put a link or a FIFO there.
    """
    try:
        descriptor = untrusted_paths.open_file(path, {accounts.find_account(user).pw_uid})
    except (OSError, accounts.NoSuchUserError) as error:
        return [f"({path}: {getattr(error, 'strerror', None) or error})"], bool(before), 0.0
    try:
        status = os.fstat(descriptor)
        # The file itself, not one that has taken its place meanwhile.
        known = bool(before) and int(before.get("inode", 0)) == status.st_ino and before["size"] <= status.st_size
        start = max(int(before["size"]) if known else 0, status.st_size - LOG_BYTES)
        content = untrusted_paths.read_up_to(descriptor, LOG_BYTES, start)
    finally:
        os.close(descriptor)
    return content.decode("utf-8", "replace").splitlines(), bool(before), max(0.0, time.time() - status.st_mtime)


def read_journal(module, service, invocations):
    """What the service printed in these runs of it: what ends it early never reaches the log file."""
    chosen = [f"_SYSTEMD_INVOCATION_ID={found}" for found in invocations] or ["--unit", service]
    lines = JOURNAL_READ if invocations else JOURNAL_LINES
    command = ["journalctl", *chosen, "--lines", str(lines), "--output", "cat", "--no-pager"]
    code, stdout, _stderr = module.run_command(command)
    return stdout.splitlines() if code == 0 else []


def shortened(text, length):
    """A text for a message, bounded."""
    return text if len(text) <= length else text[:length] + " ..."


def show(lines, mask):
    """Lines for a message: bounded, and without what is secret."""
    # Masked as a whole: a secret may have several lines.
    return [shortened(line, LINE_LENGTH) for line in mask.foreign("\n".join(lines)).splitlines()]


def wait(module, api):
    """Waits until the service is healthy and stays so.

    Returns (problem, version, restarts meanwhile, its last ServiceLog, the runs of the service that were seen).
    """
    params = module.params
    ports, unverifiable = expected_ports(params)
    # Whether an input has its port is shown by the port, or by its failure, which takes some time to come.
    min_ready_seconds = params["min_ready_seconds"]
    if min_ready_seconds and unverifiable:
        min_ready_seconds = max(min_ready_seconds, QUIET_SECONDS)
    first_restarts = int(unit_state(module, params["service"]).get("NRestarts") or 0)
    runs = {}
    found = {}

    def look():
        state = unit_state(module, params["service"])
        runs.update(dict.fromkeys(filter(None, [state.get("InvocationID", "")])))
        restarts = int(state.get("NRestarts") or 0) - first_restarts
        lines, marked, silence = read_log(params["log_file"], params["log_before"], params["user"])
        log = ServiceLog(lines, marked, restarts, silence)
        problem, final, version = find_problem(api, params["pipelines"], ports, state, log)
        found.update(version=version, restarts=restarts, log=log, final=final)
        return waiting.Seen(problem, state.get("MainPID", "0"), final, restarts >= HOPELESS_RESTARTS)

    end = waiting.until_stable(look, params["timeout"], min_ready_seconds, pause=INTERVAL, final=HOPELESS_SECONDS)
    # What has failed does not get better with time.
    slow = end.timed_out and not found["final"]
    more = ". If it only needs longer to start, raise logstash_health_timeout" if slow else ""
    return end.problem + more, found["version"], found["restarts"], found["log"], list(runs)


def write_record(module):
    """Writes down that the service is healthy; returns whether that changed anything."""
    wanted = module.params["record"]
    if not wanted:
        return {"changed": False}
    path, service, forget = wanted["path"], module.params["service"], wanted["forget"]
    try:
        before = deployment_record.read(path)
    except OSError as error:
        module.fail_json(code="record_unreadable", msg=f"The deployment record {path} cannot be read: {error}")
    running = deployment_record.invocation(module.run_command, service)
    after = deployment_record.healthy(before, wanted["content"], wanted["state"], running, wanted["keep"])
    changed = after != before
    forgets = deployment_record.forgets(forget, wanted["state"])
    if not module.check_mode:
        try:
            if changed:
                deployment_record.write(path, after)
            if forgets:
                deployment_record.forget(forget)
        except OSError as error:
            module.fail_json(
                code="record_not_written",
                msg=f"{error.filename or path} cannot be written: {error}. Make room on that file system, or make it "
                "writable, and run again.",
            )
    # A pending change ends once the host is back in service.
    if changed and module.params["journal"] and wanted["state"] == "healthy":
        deployment_journal.leave(module, module.params["journal"], after["record"])
    return {"changed": changed or forgets}


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "api_host": {"type": "str", "default": "127.0.0.1"},
            "api_port": {"type": "int", "default": 9600},
            "api_ssl": {"type": "bool", "default": False},
            "api_ca": {"type": "path"},
            "api_user": {"type": "str", "default": ""},
            "api_password": {"type": "str", "default": "", "no_log": True},
            "pipelines": {"type": "list", "elements": "str", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "pipeline_directory": {"type": "path"},
            "service": {"type": "str", "default": "logstash.service"},
            "log_file": {"type": "path", "required": True},
            "log_before": {"type": "dict", "default": {}},
            "user": {"type": "str", "default": "logstash"},
            "option_files": {"type": "list", "elements": "path", "default": []},
            "timeout": {"type": "int", "default": 180},
            "min_ready_seconds": {"type": "int", "default": 0},
            "record": {
                "type": "dict",
                "options": {
                    "path": {"type": "path", "required": True},
                    "state": {"type": "str", "choices": ["healthy", "pending"], "default": "healthy"},
                    "content": {"type": "dict", "required": True},
                    "keep": {"type": "int", "default": 5},
                    "forget": {"type": "path"},
                },
            },
            "journal": {"type": "dict", "options": deployment_journal.OPTIONS},
        },
        facts=["version"],
        supports_check_mode=True,
    )
    params = module.params
    if not params["pipelines"]:
        module.fail_json(
            code="health_check_invalid",
            msg="pipelines is empty, so nothing would be checked: a Logstash without pipelines answers as well. "
            "Expected the id of each pipeline that has to run.",
        )
    if module.check_mode:
        module.exit_json(msg="The health is checked once the service runs.", **write_record(module))

    start = time.monotonic()
    try:
        api = Api(params)
    except UncheckedHostError as error:
        module.fail_json(
            code="health_api_untrusted", msg=f"The node API was not queried, and no password was sent: {error}."
        )
    try:
        problem, version, restarts, log, runs = wait(module, api)
    except OSError as error:
        module.fail_json(
            code="health_pipelines_unreadable",
            msg=f"The live pipelines in {params['pipeline_directory']} cannot be read: {error}",
        )
    seconds = round(time.monotonic() - start, 1)
    if not problem:
        module.exit_json(version=version, seconds=seconds, **write_record(module))

    printed = read_journal(module, params["service"], runs)
    said = [entry for entries in [*log.starts, logstash_log.entries(printed)] for entry in entries]
    words = logstash_log.words(said)
    meanings = "".join(
        f" {text}" for text in [*explanations.explain(words), *java_options.explain(words, params["option_files"])]
    )
    tail = log.lines[-LOG_LINES:]
    printed = [line for line in printed if line not in log.lines][-JOURNAL_LINES:]
    tail = show(tail, module.mask)
    printed = show(printed, module.mask)
    # Both may quote the log.
    problem, meanings = (shortened(module.mask.foreign(text), REASON_LENGTH) for text in (problem, meanings))
    again = f" systemd restarted it {restarts} times meanwhile." if restarts else ""
    message = f"Logstash is not healthy after {seconds} s: {problem}.{again}{meanings}"
    message += "\n".join([f" The end of {params['log_file']}:", *tail])
    if printed:
        message += "\nWhat the service printed last:\n" + "\n".join(printed)
    module.fail_json(code="health_failed", msg=message, problem=problem, seconds=seconds, log=tail + printed)


if __name__ == "__main__":
    main()
