#!/usr/bin/python
"""Watches a host that a rollout has just changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_soak
short_description: Watch a host that a rollout has just changed, and say whether it turns bad
description:
  - Health right after a restart says little of an output that takes connections and answers none. So a rollout waits,
    and looks on, before it goes on with the next hosts.
  - With O(monitor) it asks the monitor's C(/status). The host first has to be ready, with canaries that went in after
    the task began; from then on it has to stay so for O(seconds), and no pipeline may have one of O(bad_verdicts).
  - Without a monitor, the node API is asked, and the same program judges its answers on the control node.
  - A host is watched until what it runs has passed once, whatever has changed it. What passed is noted in O(passed),
    so that a run that was cut off in the middle is made good by the next one.
  - Does not fail where a host turns bad, since its batch is decided on as a whole
    (M(elk.deploy.logstash_batch_outcome)). Never reports a change.
  - This is an action, which looks again and again and judges. The module of the same name looks once.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  seconds:
    description: For how long the host has to stay fine. With V(0), one good look is enough.
    type: int
    default: 0
  ready_seconds:
    description: How long it may take until the host is ready.
    type: int
    default: 120
  interval:
    description: Seconds between two looks.
    type: int
    default: 10
  bad_verdicts:
    description: The verdicts of the monitor that end the soak.
    type: list
    elements: str
    default: [stalled, losing, crashed, gone]
  monitor:
    description: The address of the host's monitor, as the host reaches it. Empty where it has none.
    type: str
    default: ""
  record:
    description: The record of what passed the health gate, as M(elk.deploy.logstash_deployment_record) writes it.
    type: path
    default: /etc/logstash/proven
  passed:
    description: The file on the host that says what passed its soak last.
    type: path
    default: /var/lib/elk/soaked.json
  api_user:
    description: The user for the node API, if it requires one.
    type: str
    default: ""
  api_password:
    description: The user's password.
    type: str
    default: ""
  api_ca:
    description: As in M(elk.deploy.logstash_health).
    type: path
  look:
    description: Whether the monitor or the node API is asked, or only files are read. Set by the action.
    type: bool
    default: true
  has_passed:
    description: What the module writes to O(passed). Set by the action.
    type: dict
attributes:
  check_mode:
    support: full
    description: Watches nothing, and says that nothing is to be watched.
"""

EXAMPLES = r"""
- name: Watch the hosts of the batch
  elk.deploy.logstash_soak:
    seconds: 120
    monitor: http://127.0.0.1:9601
  register: soak
"""

RETURN = r"""
needed:
  description: Whether there was something to watch, which is what has not passed a soak yet.
  type: bool
  returned: success
bad:
  description: Why the host is bad; empty if it is not.
  type: str
  returned: success
rollback_to:
  description: What C(logstash_rollback_to) has to be in order to go back; empty where nothing is kept.
  type: str
  returned: success
deployed:
  description: What the host runs, in words.
  type: str
  returned: success
target:
  description: What it can go back to, in words.
  type: str
  returned: success
verdicts:
  description: The last verdict of each pipeline.
  type: dict
  returned: success
msg:
  description: How it went, in a sentence.
  type: str
  returned: success
"""

import time
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    deployment_record,
    monitored,
    node_api,
    soaked,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

STATISTICS = "/_node/stats"


def ask_logstash(params, health):
    """(the node API's statistics, "") or (None, why there are none); ``health`` is what the record says of it."""
    api = {name: health[name] for name in ("api_host", "api_port", "api_ssl")}
    try:
        client = node_api.Api({**api, **{name: params[name] for name in ("api_user", "api_password", "api_ca")}})
    except node_api.UncheckedHostError as error:
        return None, str(error)
    return client.ask(STATISTICS)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "monitor": {"type": "str", "default": ""},
            "record": {"type": "path", "default": "/etc/logstash/proven"},
            "passed": {"type": "path", "default": soaked.FILE},
            "api_user": {"type": "str", "default": ""},
            "api_password": {"type": "str", "default": "", "no_log": True},
            "api_ca": {"type": "path"},
            "look": {"type": "bool", "default": True},
            "has_passed": {"type": "dict"},
        },
        facts=["record", "earlier", "passed", "answer"],
        supports_check_mode=True,
    )
    params = module.params
    path = Path(params["passed"])
    try:
        if params["has_passed"] is not None:
            soaked.write(path, params["has_passed"])
        content = deployment_record.read(params["record"])
        passed = soaked.read(path)
    except OSError as error:
        module.fail_json(
            code="soak_not_recorded",
            msg=f"What passed the soak can't be read or written: {error}. Expected a directory of root's that "
            "nobody else may write to, and room in it. Correct that and run again: the run goes on with the soak.",
        )
    answer, problem = None, ""
    if params["look"] and content["record"]:
        ask = (
            monitored.ask(params["monitor"]) if params["monitor"] else ask_logstash(params, content["record"]["health"])
        )
        answer, problem = ask
    module.exit_json(
        changed=False,
        time=time.time(),
        record=content["record"],
        earlier=content["earlier"],
        passed=passed,
        answer=answer,
        problem=problem,
    )


if __name__ == "__main__":
    main()
