#!/usr/bin/python
"""Reads what a host says of itself: its monitor, and the journal of its deployments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_status
short_description: Read what a host's monitor says, and its last deployments
description:
  - Asks the monitor of role C(logstash_monitor) for C(/status) and C(/history), and reads the end of the journal of
    deployments.
  - Changes nothing. A monitor that does not answer, and a journal that can't be read, is no failure - the result says
    so.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  url:
    description: The monitor's address on the host. Without it, only the journal is read.
    type: str
    default: ""
  journal:
    description: The journal of deployments.
    type: path
    default: /var/lib/elk/deployments.jsonl
  last:
    description: How many of the last deployments are returned.
    type: int
    default: 20
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Read what the host says of itself
  elk.deploy.host_status:
    url: http://127.0.0.1:9601
    last: 1
"""

RETURN = r"""
now:
  description: The host's time, in seconds since 1970.
  type: float
  returned: success
status:
  description: What the monitor answers at C(/status); empty if it does not.
  type: dict
  returned: success
history:
  description: What the monitor answers at C(/history); empty if it does not.
  type: dict
  returned: success
monitor_problem:
  description: Why the monitor did not answer; empty if it did, or was not asked.
  type: str
  returned: success
deployments:
  description: The last lines of the journal, the oldest first.
  type: list
  elements: dict
  returned: success
journal_problem:
  description: Why the journal can't be read; empty if it could, or if there is none.
  type: str
  returned: success
"""

import time
from urllib.error import HTTPError

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import deployment_journal, node_api
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def ask(url):
    """(JSON object, "") or ({}, why there is none)."""
    try:
        found = node_api.ask(url)
    except HTTPError as error:
        return {}, f"it answers with status {error.code}"
    except ValueError:
        return {}, "its answer is no JSON"
    except OSError as error:
        return {}, str(getattr(error, "reason", error))
    return (found, "") if isinstance(found, dict) else ({}, "its answer is no JSON object")


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": ""},
            "journal": {"type": "path", "default": "/var/lib/elk/deployments.jsonl"},
            "last": {"type": "int", "default": 20},
        },
        facts=["now"],
        supports_check_mode=True,
    )
    url = module.params["url"].rstrip("/")
    result = {"status": {}, "history": {}, "monitor_problem": "", "deployments": [], "journal_problem": ""}
    if url:
        result["status"], problem = ask(f"{url}/status")
        if not problem:
            result["history"], problem = ask(f"{url}/history")
        result["monitor_problem"] = f"The monitor at {url} does not answer: {problem}" if problem else ""
    try:
        result["deployments"] = deployment_journal.read(module.params["journal"], module.params["last"])
    except OSError as error:
        result["journal_problem"] = f"The journal of deployments can't be read: {error}"
    module.exit_json(changed=False, now=time.time(), **result)


if __name__ == "__main__":
    main()
