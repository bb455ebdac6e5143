#!/usr/bin/python
"""Looks after what a changed path.data, path.queue or path.dead_letter_queue would leave behind."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_old_data
short_description: Make sure that no events are left behind when one of Logstash's paths changes
description:
  - Compares the paths of two settings files. If one changed and the old directory still contains unread events, dead
    letters or input positions, it fails, moves them, or says what stays, depending on O(handling).
  - Some inputs keep their positions in the service's HOME, such as C(.logstash_jdbc_last_run). HOME is set in the file
    C(environment) next to the settings, or else is the home of O(user), which a confined service cannot write to.
  - Log files stay where they are. Nothing reads them again.
  - A move stops the service first and leaves it stopped, to be started once the new settings are live. If the move
    fails, nothing has moved, and a service that was running is started again.
  - An interrupted move is completed by the next one.
  - Both places belong to the service's user. Links are moved, and never followed. A move to another volume stops before
    it begins if there is another user's file with several hard links, a FIFO or a device. Every move stops if anyone
    but root may write to O(from_settings).
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  from_settings:
    description: The C(logstash.yml) that says where the data is now. If it is missing, there is no old data.
    type: path
  from_paths:
    description:
      - Instead of O(from_settings), the paths, with the keys V(data), V(queue), V(dead_letter_queue) and V(home).
    type: dict
  to_settings:
    description: The C(logstash.yml) that applies from now on.
    type: path
  to_paths:
    description: Instead of O(to_settings), the paths, with the same keys.
    type: dict
  to_queues:
    description:
      - The directories of the persistent queues that are read from now on, one per pipeline.
      - Warns about unread events in any other queue of O(from_settings), such as after a pipeline was renamed.
    type: list
    elements: path
  handling:
    description:
      - V(fail) fails if something would be left behind; V(leave) leaves it and says so.
      - V(move) moves it, if O(now) is set.
    type: str
    choices: [fail, move, leave]
    default: fail
  now:
    description: Whether V(move) moves now, or only reports what it will move.
    type: bool
    default: false
  user:
    description: The user of the service. It owns what was moved out of its home.
    type: str
    default: logstash
  service:
    description: The unit that must be stopped during a move.
    type: str
    default: logstash.service
attributes:
  check_mode:
    support: full
    description: Reports what it would move.
"""

EXAMPLES = r"""
- name: Move the data to where the new settings look for it
  elk.deploy.logstash_old_data:
    from_settings: /etc/logstash/logstash.yml
    to_paths: {data: /srv/logstash, queue: /srv/logstash/queue, dead_letter_queue: /srv/logstash/dead_letter_queue}
    handling: move
    now: true
"""

RETURN = r"""
found:
  description: What is at the old paths, each with kind, path, bytes, unread_events, unread_pages and in_use.
  type: list
  elements: dict
  returned: success
moved:
  description: Whether something was moved, and the service stopped for it.
  type: bool
  returned: success
"""

import functools
import os

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    data_move,
    left_data,
    service_manager,
    stored_data,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def is_active(module, service):
    """Whether the unit runs, or is about to."""
    state = service_manager.show(module.run_command, service, "ActiveState").get("ActiveState")
    return state in ("active", "activating", "reloading", "deactivating")


def stop_and_move(module, old, new, kinds):
    """Stops the service and moves the data. On failure, the service is started again if it ran."""
    service = module.params["service"]
    ran = is_active(module, service)
    if ran:
        service_manager.control(functools.partial(module.run_command, check_rc=True), "stop", service)
    try:
        if module.params["from_settings"] and os.path.exists(module.params["from_settings"]):
            untrusted_paths.check_roots_file(module.params["from_settings"], "root moves what lies where it says")
        if stored_data.is_locked(os.path.join(old.get("data", ""), ".lock")):
            raise data_move.MoveError(f"a Logstash other than {service} runs on {old['data']}. Stop it first")
        left_data.move_all(old, new, kinds, module.params["user"])
    except (data_move.MoveError, OSError) as error:
        if ran:
            service_manager.control(module.run_command, "start", service)
        module.fail_json(
            code="old_data_not_moved",
            msg=f"logstash_old_data is move, but the data can't be moved: {error}. Nothing was moved"
            f"{', and the service runs on as before' if ran else ''}.",
        )


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "from_settings": {"type": "path"},
            "from_paths": {"type": "dict"},
            "to_settings": {"type": "path"},
            "to_paths": {"type": "dict"},
            "to_queues": {"type": "list", "elements": "path"},
            "handling": {"type": "str", "choices": ["fail", "move", "leave"], "default": "fail"},
            "now": {"type": "bool", "default": False},
            "user": {"type": "str", "default": "logstash"},
            "service": {"type": "str", "default": "logstash.service"},
        },
        required_one_of=[["from_settings", "from_paths"], ["to_settings", "to_paths"]],
        mutually_exclusive=[["from_settings", "from_paths"], ["to_settings", "to_paths"]],
        supports_check_mode=True,
    )
    params = module.params
    try:
        look = left_data.look(params)
    except OSError as error:
        module.fail_json(
            code="old_data_unreadable", msg=f"Data at the former path cannot be examined: {error} Nothing was changed."
        )
    for warning in look.warnings:
        module.warn(warning)
    result = {"changed": False, "moved": False, "found": [stored.as_dict() for stored in look.stored]}
    if not look.stored:
        module.exit_json(**result)
    if params["handling"] == "fail":
        module.fail_json(code="old_data_found", msg=look.fault(), **result)
    if params["handling"] == "leave" or not params["now"]:
        module.warn(look.notice(params["handling"]))
        module.exit_json(**result)
    if not module.check_mode:
        stop_and_move(module, look.old, look.new, look.kinds)
    module.exit_json(**{**result, "changed": True, "moved": not module.check_mode})


if __name__ == "__main__":
    main()
