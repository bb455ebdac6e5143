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

import contextlib
import os
import pwd

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    data_move,
    environment,
    settings_lines,
    stored_data,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

KINDS = ("queue", "dead_letter_queue", "data")
WITH_HOME = (*KINDS, "home")
NAMES = {"home": "the service's HOME"}
SHOWN = 10
# What path.data holds wherever a Logstash has run.
MADE_AT_START = ("uuid", ".lock")


def read_paths(settings, paths, user):
    """The paths, from a settings file or as they are given; none when the file is missing or names none."""
    found = paths or {
        **default_data(settings, user),
        **settings_lines.read_paths(settings),
        **read_home(settings, user),
    }
    return {kind: os.path.normpath(found[kind]) for kind in WITH_HOME if kind in found}


def default_data(settings, user):
    """The paths of settings that name none: below the program, in the user's home, where there is such data."""
    try:
        data = os.path.join(pwd.getpwnam(user).pw_dir, "data")
    except KeyError:
        return {}
    if not os.path.exists(settings) or not is_data(data):
        return {}
    if "data" in settings_lines.read_paths(settings):
        return {}
    return {"data": data, **{kind: os.path.join(data, kind) for kind in ("queue", "dead_letter_queue")}}


def is_data(path):
    """Whether a Logstash has run with a directory as its path.data."""
    try:
        with untrusted_paths.open_directory(path) as folder:
            return any(folder.find(name) for name in MADE_AT_START)
    except FileNotFoundError:
        return False


def read_home(settings, user):
    """{home: path} of a service with these settings; nothing where there are none, or no such user."""
    if not os.path.exists(settings):
        return {}
    own = environment.read([os.path.join(os.path.dirname(settings), "environment")]).get("HOME")
    try:
        return {"home": own or pwd.getpwnam(user).pw_dir}
    except KeyError:
        return {}


def changed_kinds(old, new):
    """The parts whose path changed, seen through links. A HOME in path.data changes with that."""
    both = [kind for kind in WITH_HOME if kind in old and kind in new]
    real = {kind: (os.path.realpath(old[kind]), os.path.realpath(new[kind])) for kind in both}
    kinds = [kind for kind, (before, after) in real.items() if before != after]
    if "home" in kinds and "data" in kinds and real["home"][0] == real["data"][0]:
        kinds.remove("home")
    return kinds


def warn_of_left_queues(module, moved):
    """Warns of unread events in queues that no pipeline reads from now on. Those below ``moved`` are looked after."""
    params = module.params
    wanted = {os.path.realpath(queue) for queue in params["to_queues"]}
    for queue in settings_lines.read_queues(params["from_settings"] or ""):
        if os.path.realpath(queue) in wanted or os.path.dirname(queue) == moved:
            continue
        stored = stored_data.read_queue(queue)
        if stored and stored.unread_events != 0:
            module.warn(
                f"No pipeline reads {stored} any more. It stays where it is. Restore the pipeline, with its id, its "
                "path.queue and queue.type persisted, until they are read; or remove the directory."
            )


def find_names(kind, old, new):
    """What of one part moves, as paths below it: all of a directory, or of a HOME the positions."""
    if kind == "home":
        return [found.name for found in stored_data.find_positions(old["home"])]
    everywhere = {paths[other] for paths in (old, new) for other in KINDS if other in paths}
    return data_move.find_names(old[kind], everywhere - {old[kind]})


def move_all(old, new, kinds, user="logstash"):
    """Moves the parts. Raises MoveError and OSError."""
    with contextlib.ExitStack() as held:
        moves = []
        for kind in kinds:
            names = find_names(kind, old, new)
            if not names:
                continue
            owner = None
            if kind == "home":
                # Whoever ran Logstash before: a position that cannot be written to is read from for ever.
                account = pwd.getpwnam(user)
                owner = account.pw_uid, account.pw_gid
            moves.append(data_move.Move(old[kind], new[kind], names, owner))
            held.callback(moves[-1].close)
        data_move.check(moves)
        for move in moves:
            move.carry_out()


def is_active(module, service):
    """Whether the unit runs, or is about to."""
    _code, stdout, _stderr = module.run_command(["systemctl", "is-active", service])
    return stdout.strip() in ("active", "activating", "reloading", "deactivating")


def stop_and_move(module, old, new, kinds):
    """Stops the service and moves; on failure the service is as it was before."""
    service = module.params["service"]
    ran = is_active(module, service)
    if ran:
        module.run_command(["systemctl", "stop", service], check_rc=True)
    try:
        if module.params["from_settings"] and os.path.exists(module.params["from_settings"]):
            untrusted_paths.check_roots_file(module.params["from_settings"], "root moves what lies where it says")
        if stored_data.is_locked(os.path.join(old.get("data", ""), ".lock")):
            raise data_move.MoveError(f"a Logstash other than {service} runs on {old['data']}. Stop it first")
        move_all(old, new, kinds, module.params["user"])
    except (data_move.MoveError, OSError) as error:
        if ran:
            module.run_command(["systemctl", "start", service])
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
        old = read_paths(params["from_settings"], params["from_paths"], params["user"])
        new = read_paths(params["to_settings"], params["to_paths"], params["user"])
        kinds = changed_kinds(old, new)
        if params["to_queues"] is not None:
            warn_of_left_queues(module, old["queue"] if "queue" in kinds else "")
        found = stored_data.find_stored(old, kinds)
    except OSError as error:
        module.fail_json(
            code="old_data_unreadable",
            msg=f"Data at the former path cannot be examined: {error} Nothing was changed.",
        )
    result = {"changed": False, "moved": False, "found": [stored.as_dict() for stored in found]}
    if not found:
        module.exit_json(**result)

    what = "; ".join(str(stored) for stored in found[:SHOWN])
    what += f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    where = ", ".join(f"{NAMES.get(kind, kind)} from {old[kind]} to {new[kind]}" for kind in kinds)
    if params["handling"] == "fail":
        module.fail_json(
            code="old_data_found",
            msg=f"A path changes ({where}), and Logstash would no longer read: {what}. Set logstash_old_data to "
            "move to move it while the service is stopped, or to leave if it is not needed.",
            **result,
        )
    if params["handling"] == "leave":
        module.warn(f"A path changes ({where}); as logstash_old_data is leave, this stays where it is: {what}.")
        module.exit_json(**result)
    if not params["now"]:
        module.warn(
            f"A path changes ({where}); this will be moved once the new settings have passed their test: {what}."
        )
        module.exit_json(**result)
    if not module.check_mode:
        stop_and_move(module, old, new, kinds)
    module.exit_json(**{**result, "changed": True, "moved": not module.check_mode})


if __name__ == "__main__":
    main()
