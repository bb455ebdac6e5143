#!/usr/bin/python
"""Keeps what was last proven healthy, and whether anything live was changed since."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_proven
short_description: Read and write the record of what last passed the health gate on a host
description:
  - A JSON file names what last passed the health gate, such as the version and the release of the settings, and what
    passed it before.
  - Before the first live change, the file is marked, together with the process that is running then. An interrupted run
    leaves the mark, so that the next run restarts the service; and a failed run knows whether the running process still
    has the last known-good configuration.
  - A file of another form is treated as empty.
  - With O(settings), releases whose names are an unkeyed hash are renamed with O(key), in the record, in C(releases)
    and in the link C(current). Their files stay as they are, so nothing has to be restarted.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The file.
    type: path
    required: true
  found:
    description: The record that the module M(elk.deploy.logstash_found) keeps, for RV(found).
    type: path
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  state:
    description:
      - V(read) changes nothing.
      - V(changing) marks that something live is about to change. An existing mark stays as it is.
      - V(proven) writes O(record), and removes the mark.
      - V(pending) writes O(record) and marks the current process, for work that remains to be done.
    type: str
    choices: [read, changing, proven, pending]
    default: read
  settings:
    description: The live settings directory, whose old releases are renamed.
    type: path
  key:
    description: The file on the host with the key that names releases, as for M(elk.deploy.settings_release).
    type: path
    default: /var/lib/elk-deploy/release.key
  record:
    description: What passed the health gate. No secrets, since the file is world-readable. Needs the key RV(release).
    type: dict
  keep:
    description: How many records are kept, including the last one.
    type: int
    default: 5
attributes:
  check_mode:
    support: full
    description: Reports what it would write, and changes nothing. Releases keep their names.
"""

EXAMPLES = r"""
- name: See what was last proven healthy
  elk.deploy.logstash_proven:
    path: /etc/logstash/proven
  register: proven

- name: Remember what was proven healthy
  elk.deploy.logstash_proven:
    path: /etc/logstash/proven
    state: proven
    record: {release: 0a1b2c3d4e5f6789, version: 9.5.2}
"""

RETURN = r"""
record:
  description: What last passed the health gate; empty if nothing has.
  type: dict
  returned: success
earlier:
  description: What passed it before that, newest first, each pair of release and version once.
  type: list
  elements: dict
  returned: success
changing:
  description: Whether something live was changed, or was about to be, since.
  type: bool
  returned: success
same_process:
  description: Whether the service runs, and in a process that was not started after the first change.
  type: bool
  returned: success
service:
  description:
    - The state of the service, V(running), V(restarting) if it ended and systemd is about to start it again, V(failed)
      if it ended and stays so, V(stopped), or V(absent).
  type: str
  returned: success
release:
  description: The release in RV(record); empty if nothing has passed the health gate.
  type: str
  returned: success
renamed:
  description: The former names of releases that were renamed, or in check mode would be.
  type: list
  elements: str
  returned: success
found:
  description: What was on the host before the first change, from O(found); empty if nothing is saved.
  type: dict
  returned: success
"""

import contextlib
import json
import os
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import releases, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def read(path):
    """The file's content as {record, earlier, changing}; `changing` is None or the invocation that ran at that time."""
    empty = {"record": {}, "earlier": [], "changing": None}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        known = {name: found[name] for name in empty}
        named = all(isinstance(record["release"], str) for record in [known["record"], *known["earlier"]] if record)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return empty
    return known if named else empty


def unit(module, service, *names):
    """Properties of a unit, as strings."""
    _code, stdout, _stderr = module.run_command(["systemctl", "show", "--property", ",".join(names), service])
    return dict(line.split("=", 1) for line in stdout.splitlines() if "=" in line)


def read_found(path):
    """The record of what was on the host before the first change; empty when there is none."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (FileNotFoundError, ValueError):
        return {}


def invocation(module, service):
    """What systemd calls this run of the service; empty while it does not run."""
    found = unit(module, service, "ActiveState", "InvocationID")
    return found.get("InvocationID", "") if found.get("ActiveState") == "active" else ""


def activity(module, service):
    """What the service does, one of the values that the module returns as `service`."""
    found = unit(module, service, "LoadState", "ActiveState")
    state = found.get("ActiveState")
    if state in ("active", "reloading"):
        return "running"
    if state in ("activating", "failed"):
        return {"activating": "restarting", "failed": "failed"}[state]
    return "absent" if found.get("LoadState") == "not-found" else "stopped"


def write(path, content):
    """Replaces the file in one step, so that it is never half. Before the first installation there is no folder yet."""
    part = Path(f"{path}.part")
    part.parent.mkdir(mode=0o755, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def rename_releases(path, content, settings, names, key):
    """Gives releases other names, in the record, too; the content with them. What was proven stays proven."""
    renamed = releases.rename(settings, names, releases.make_key(key))

    def with_name(record):
        return {**record, "release": renamed.get(record["release"], record["release"])} if record else record

    after = {**content, "record": with_name(content["record"]), "earlier": list(map(with_name, content["earlier"]))}
    if after != content:
        write(path, after)
    releases.remove_renamed(settings, names)
    return after


def advance(content, record, keep):
    """The content with a new record; the one before moves to the earlier ones, which hold every pair once."""

    def pair(proven):
        return proven["release"], proven.get("version")

    before = [content["record"]] if content["record"] else []
    earlier = [old for old in [*before, *content["earlier"]] if pair(old) != pair(record)]
    return {**content, "record": record, "earlier": earlier[: keep - 1]}


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "found": {"type": "path"},
            "service": {"type": "str", "default": "logstash.service"},
            "state": {"type": "str", "choices": ["read", "changing", "proven", "pending"], "default": "read"},
            "settings": {"type": "path"},
            "key": {"type": "path", "default": "/var/lib/elk-deploy/release.key"},
            "record": {"type": "dict"},
            "keep": {"type": "int", "default": 5},
        },
        required_if=[["state", "proven", ["record"]], ["state", "pending", ["record"]]],
        facts=["record", "earlier", "release"],
        supports_check_mode=True,
    )
    params = module.params
    try:
        untrusted_paths.check_roots_own(
            os.path.dirname(params["path"]), "root goes back to what is recorded there, and works on the releases there"
        )
    except OSError as error:
        module.fail_json(msg=f"What was proven is not read from {params['path']}: {error}")
    before = read(params["path"])
    former = releases.former(params["settings"]) if params["settings"] else []
    if former and not module.check_mode:
        try:
            before = rename_releases(params["path"], before, params["settings"], former, params["key"])
        except OSError as error:
            module.fail_json(
                msg=f"Releases of the settings in {params['settings']} could not be given other names: {error}. Make "
                "room on that file system, or make it writable, and run again."
            )
    running = invocation(module, params["service"])
    after = before
    if params["state"] in ("proven", "pending"):
        after = advance(before, params["record"], params["keep"])
    if params["state"] == "proven":
        after = {**after, "changing": None}
    elif params["state"] == "pending" or (params["state"] == "changing" and before["changing"] is None):
        after = {**after, "changing": running}
    changed = after != before
    if changed and not module.check_mode:
        try:
            write(params["path"], after)
        except OSError as error:
            module.fail_json(
                msg=f"{params['path']} cannot be written: {error}. Make room on that file system, or make it writable, "
                "and run again."
            )
    module.exit_json(
        changed=changed or bool(former),
        renamed=former,
        record=after["record"],
        earlier=after["earlier"],
        release=after["record"].get("release", ""),
        changing=after["changing"] is not None,
        service=activity(module, params["service"]),
        found=read_found(params["found"]),
        same_process=bool(running) and after["changing"] in (None, running),
    )


if __name__ == "__main__":
    main()
