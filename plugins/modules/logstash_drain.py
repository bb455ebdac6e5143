#!/usr/bin/python
"""Takes a host out of its load balancer by its monitor, and says which events wait in its queues."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_drain
short_description: Take a host out of its load balancer by its monitor, and look at its queues
description:
  - Load balancers ask the monitor's C(/ready). A file tells it to answer 503, so that a balancer of any kind takes the
    host out within its own threshold, and no right to change the balancer is needed.
  - Waits that threshold out only where the host was ready before. A host without a monitor, or whose monitor does not
    answer, gets no traffic by it.
  - Then waits until nothing is under way in memory queues. What waits in persisted queues stays there, and is
    delivered after the restart.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  state:
    description: V(drained) takes the host out, V(undrained) lets the monitor answer as it sees fit again.
    type: str
    choices: [drained, undrained]
    default: drained
  host:
    description: How messages name the host.
    type: str
    required: true
  monitor:
    description: The address of the host's monitor, as the host reaches it.
    type: str
    default: http://127.0.0.1:9601
  directory:
    description:
      - The monitor's directory, in which the file C(drained) is made. Where it does not exist, there is no monitor.
      - A file of that name which somebody else has made stays, and so does the host's state.
    type: path
    default: /var/lib/logstash-monitor
  balancer_seconds:
    description: How long the load balancer takes to give up a host that is not ready.
    type: int
    default: 30
  queue_seconds:
    description: How long to wait until nothing is under way in memory queues.
    type: int
    default: 15
  record:
    description: The deployment record, which says where the node API is.
    type: path
    default: /etc/logstash/proven
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
attributes:
  check_mode:
    support: full
    description: Only looks at the queues.
"""

EXAMPLES = r"""
- name: Take the host out
  elk.deploy.logstash_drain:
    host: "{{ inventory_hostname }}"
"""

RETURN = r"""
was_ready:
  description: Whether the monitor said that the host was ready, so that the balancer had to be waited for.
  type: bool
  returned: success
queues:
  description: The queue of each pipeline, with C(pipeline), C(persisted), and C(events), null where nobody counts them.
  type: list
  elements: dict
  returned: success
msg:
  description: A line for each queue, and what became of the traffic.
  type: list
  elements: str
  returned: success
"""

import contextlib
import os
import time
from urllib.error import HTTPError

from ansible_collections.elk.deploy.plugins.module_utils import waiting
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    deployment_record,
    node_api,
    untrusted_paths,
    waiting_events,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

# What says that the file is a deployment's, and not somebody's who works on the host.
OURS = b"elk-deploy\n"
MARK = "drained"
# The monitor looks for the file once a second.
NOTICED_SECONDS = 10
PAUSE = 1.0
API = ("api_user", "api_password", "api_ca")


def is_ready(url):
    """Whether the monitor says that the host is ready; None where it does not answer."""
    try:
        return bool(node_api.ask(f"{url.rstrip('/')}/ready").get("ready"))
    except HTTPError as error:
        return False if error.code == 503 else None
    except (OSError, ValueError, AttributeError):
        return None


def mark(directory):
    """Makes the file, unless somebody has; returns False where there is no monitor's directory."""
    try:
        with untrusted_paths.open_directory(directory) as folder, contextlib.suppress(FileExistsError):
            folder.write_new(MARK, OURS, 0o644)
    except FileNotFoundError:
        return False
    return True


def unmark(directory):
    """Removes the file where a deployment has made it; whether it did."""
    try:
        with untrusted_paths.open_directory(directory) as folder:
            with os.fdopen(folder.open_file(MARK), "rb") as file:
                is_ours = file.read(len(OURS) + 1) == OURS
            if is_ours:
                folder.unlink(MARK)
            return is_ours
    except FileNotFoundError:
        return False


def take_out(params):
    """Takes the host out; returns (whether it was ready, what to say of it)."""
    host, monitor = params["host"], params["monitor"]
    was_ready = is_ready(monitor)
    if not mark(params["directory"]):
        return False, f"{host}: has no monitor, so that no load balancer has to be waited for"
    if not was_ready:
        why = "its monitor does not answer" if was_ready is None else "was not ready before"
        return False, f"{host}: {why}, so that no load balancer has to be waited for"
    for _attempt in waiting.attempts(NOTICED_SECONDS, PAUSE):
        if not is_ready(monitor):
            break
    else:
        raise TimeoutError(f"the monitor at {monitor} still answers that the host is ready, after {NOTICED_SECONDS} s")
    time.sleep(params["balancer_seconds"])
    return True, f"{host}: out of its load balancer, which had {params['balancer_seconds']} s for it"


def look_at_queues(params, patience):
    """(the queues, the pipelines that still move); waits ``patience`` seconds for those. Empty without a node API."""
    health = (deployment_record.read(params["record"])["record"] or {}).get("health")
    if not health:
        return [], []
    api = {name: health[name] for name in ("api_host", "api_port", "api_ssl")}
    client = node_api.Api({**api, **{name: params[name] for name in API}})
    before, moving = [], []
    for _attempt in waiting.attempts(patience, PAUSE):
        answer, _reason = client.ask("/_node/stats")
        if answer is None:
            return [], []
        queues = waiting_events.read(answer)
        moving = waiting_events.under_way(before, queues)
        before = queues
        if not moving:
            break
    return before, moving


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["drained", "undrained"], "default": "drained"},
            "host": {"type": "str", "required": True},
            "monitor": {"type": "str", "default": "http://127.0.0.1:9601"},
            "directory": {"type": "path", "default": "/var/lib/logstash-monitor"},
            "balancer_seconds": {"type": "int", "default": 30},
            "queue_seconds": {"type": "int", "default": 15},
            "record": {"type": "path", "default": "/etc/logstash/proven"},
            "api_user": {"type": "str", "default": ""},
            "api_password": {"type": "str", "default": "", "no_log": True},
            "api_ca": {"type": "path"},
        },
        facts=["queues"],
        supports_check_mode=True,
    )
    params, check = module.params, module.check_mode
    try:
        if params["state"] == "undrained":
            gone = not check and unmark(params["directory"])
            said = f"{params['host']}: back, as soon as it is ready" if gone else f"{params['host']}: was not taken out"
            module.exit_json(changed=False, was_ready=False, queues=[], msg=[said])
        was_ready, said = (False, "") if check else take_out(params)
        queues, moving = look_at_queues(params, 0 if check else params["queue_seconds"])
    except (OSError, node_api.UncheckedHostError) as error:
        module.fail_json(
            code="drain_failed",
            msg=f"{params['host']} could not be taken out of its load balancer, and nothing was restarted: {error}. "
            f"Look at the service logstash-monitor and at {params['directory']}, and run again.",
        )
    lines = waiting_events.describe(params["host"], queues, moving)
    module.exit_json(
        changed=False,
        was_ready=was_ready,
        queues=[queue.as_dict() for queue in queues],
        msg=[line for line in [said, *lines] if line],
    )


if __name__ == "__main__":
    main()
