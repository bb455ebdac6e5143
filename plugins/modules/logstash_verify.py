#!/usr/bin/python
"""Checks on a host what a deployment has left there, and whether events can come in and go out."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_verify
short_description: Check what a host runs, and whether events can come in and go out
description:
  - One entry a check, and none keeps another from being made. What is wrong with the host is no failure of the task
    (M(elk.deploy.verify_report) fails with all of it).
  - That the version is the one that runs, is installed, has passed the health gate and is in the inventory; that the
    plugins are those of the inventory; that every pipeline runs and every input listens.
  - That the files of the live release are those that have passed the health gate.
  - The owner of every directory.
  - With a monitor, that an event has come in by each declared input, by its canary, and that no pipeline is bad.
  - That the first place that each output sends to can be reached from the host, with the output's own certificates.
    Nothing is sent there that could become an event.
  - Changes nothing. This is an action, which compares with the inventory; the module of the same name looks.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  record:
    description: The deployment record.
    type: path
    default: /etc/logstash/proven
  live:
    description: What says which settings are live, as in M(elk.deploy.settings_release).
    type: dict
    required: true
    suboptions:
      dest:
        description: As there.
        type: path
        required: true
      entries:
        description: As there.
        type: list
        elements: str
        required: true
      optional:
        description: As there.
        type: list
        elements: str
        default: []
      links:
        description: As there.
        type: dict
        default: {}
      key:
        description: As there.
        type: path
        default: /var/lib/elk-deploy/release.key
  directories:
    description: As in M(elk.deploy.logstash_host).
    type: dict
    required: true
    suboptions:
      directories:
        description: The directories.
        type: list
        elements: dict
        required: true
        suboptions:
          path:
            description: The path.
            type: path
            required: true
          holds:
            description: What is in it.
            type: str
            required: true
            choices: [data, queues, queue, dead_letter_queues, dead_letter_queue, logs, tmp]
          variable:
            description: The variable that says where it is.
            type: str
            default: ""
      user:
        description: Their owner.
        type: str
        required: true
      group:
        description: Their group.
        type: str
        required: true
      mode:
        description: Their mode.
        type: str
        default: "0750"
  monitor:
    description: The address of the host's monitor, as the host reaches it. Empty where it has none.
    type: str
    default: ""
  timeout:
    description: Seconds that each receiver may take.
    type: int
    default: 5
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  installation:
    description: As in M(elk.deploy.logstash_host). For the action.
    type: dict
  home:
    description: The home of the Logstash of the inventory. For the action.
    type: path
  version:
    description: The version of the inventory. For the action.
    type: str
  plugins:
    description: The plugins of the inventory, as in M(elk.deploy.logstash_plugins). For the action.
    type: list
    elements: dict
  health:
    description: The options of M(elk.deploy.logstash_health). For the action.
    type: dict
attributes:
  check_mode:
    support: full
    description: Makes no difference, since it changes nothing.
"""

EXAMPLES = r"""
- name: Verify the host
  ansible.builtin.include_role:
    name: elk.deploy.logstash
    tasks_from: verify
"""

RETURN = r"""
checks:
  description: The checks, each with C(check), C(result) (V(passed), V(failed) or V(skipped)) and C(detail).
  type: list
  elements: dict
  returned: success
seconds:
  description: How long they took.
  type: float
  returned: success
"""

import grp
import os
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    accounts,
    deployment_record,
    directories,
    first_hops,
    live_settings,
    monitored,
    releases,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def check_settings(live, record):
    """Whether the live release is the recorded one, and is as it was when it passed the health gate."""
    if not record:
        return "failed", "no configuration has passed the health gate on this host. Deploy it"
    settings = live_settings.LiveSettings(live)
    if settings.release != record["release"]:
        return "failed", (
            f"release {settings.release or 'none'} is live, and {record['release']} has passed the health gate. "
            "Deploy again"
        )
    digest = releases.tree_hash(settings.files)
    if not releases.is_untouched(settings.dest / "releases" / settings.release, digest):
        return "failed", (
            f"the files of release {settings.release} are not those that passed the health gate: somebody has changed "
            "one. Deploy again, which restores them"
        )
    entries = live_settings.entries_of(settings.dest / "current", live)
    differs, files = settings.compare(settings.files, entries, settings.release)
    if differs:
        return "failed", f"{', '.join(files) or settings.dest} is not what release {settings.release} has. Deploy again"
    return (
        "passed",
        f"release {settings.release} is live, and its {len(settings.files)} files have passed the health gate",
    )


def check_directory(options, item):
    """The owner and the mode of one directory, and the owner of what is in it."""
    try:
        account = accounts.find_account(options["user"])
        survey = directories.Survey(account, grp.getgrnam(options["group"]).gr_gid, int(options["mode"], 8), check=True)
    except (accounts.NoSuchUserError, KeyError) as error:
        return "failed", f"{error}. Deploy again, which makes user and group"
    # The others first: what is in a directory within this one is the check of that one.
    for other in options["directories"]:
        survey.ensure(other["path"], other["holds"])
    survey.look_for_foreign(item["path"])
    within = [other["path"] for other in options["directories"] if other["path"].startswith(f"{item['path']}/")]
    wrong = [
        f"{path} is {before}"
        for path, (before, _after) in survey.changes.items()
        if f"{path}/".startswith(f"{item['path']}/") and not any(f"{path}/".startswith(f"{other}/") for other in within)
    ]
    wrong += directories.by_owner(survey.foreign, "belong to")
    if not wrong:
        wrong = accounts.do_as(account, lambda: directories.unfit([item], []))
    expected = f"{options['user']}:{options['group']} {options['mode']}"
    if wrong:
        return "failed", f"{'; '.join(wrong)}. Expected {expected}, and nothing of another owner. Deploy again"
    return "passed", expected


def check_change(content):
    """Whether a deployment was begun and not ended."""
    if content["changing"] is not None:
        return "failed", "a deployment has begun a change and not ended it. Deploy again: it goes on where it stopped"
    return "passed", "no deployment was cut off"


def check_outputs(pipelines, timeout, user, tls):
    """A check for each place that an output of the live pipelines sends to."""

    def writable(directory):
        try:
            return accounts.do_as(accounts.find_account(user), lambda: why_not_writable(directory))
        except (OSError, accounts.WorkFailedError, accounts.NoSuchUserError) as error:
            return str(error)

    for file in sorted(pipelines.glob("*/*.conf")):
        for hop in first_hops.find(file.read_text(encoding="utf-8", errors="replace"), {"LOGSTASH_TLS_PATH": str(tls)}):
            finding = first_hops.probe(hop, timeout, writable)
            yield f"output {hop.output}", finding.result, finding.detail


def why_not_writable(directory):
    """What keeps this user from writing to a directory, or from making it; an empty text when nothing does."""
    while not os.path.exists(directory) and directory != "/":
        directory = os.path.dirname(directory)
    return directories.why_not_writable(directory)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "record": {"type": "path", "default": "/etc/logstash/proven"},
            "live": {"type": "dict", "required": True, "options": live_settings.OPTIONS},
            "directories": {"type": "dict", "required": True, "options": directories.OPTIONS},
            "monitor": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 5},
            "service": {"type": "str", "default": "logstash.service"},
        },
        supports_check_mode=True,
    )
    params = module.params
    found = []

    def add(name, make):
        """Makes a check; one that cannot be made has failed."""
        try:
            result, detail = make()
        except (OSError, ValueError, KeyError, accounts.WorkFailedError) as error:
            result, detail = "failed", f"it could not be checked: {error}"
        found.append({"check": name, "result": result, "detail": detail})

    content = {"record": {}, "changing": None}
    try:
        content = deployment_record.read(params["record"])
    except OSError as error:
        found.append({"check": "record", "result": "failed", "detail": str(error)})
    add("change", lambda: check_change(content))
    add("settings", lambda: check_settings(params["live"], content["record"]))
    for item in params["directories"]["directories"]:
        add(f"directory {item['path']}", lambda item=item: check_directory(params["directories"], item))
    if params["monitor"]:
        found += monitored.checks(*monitored.ask(params["monitor"]))
    else:
        detail = "no monitor runs here (monitored: false), so that no event proves the inputs"
        found.append({"check": "inputs", "result": "skipped", "detail": detail})
    dest = Path(params["live"]["dest"])
    try:
        for name, result, detail in check_outputs(
            dest / "pipelines", params["timeout"], params["directories"]["user"], dest / "tls"
        ):
            found.append({"check": name, "result": result, "detail": detail})
    except OSError as error:
        found.append({"check": "outputs", "result": "failed", "detail": str(error)})
    module.exit_json(changed=False, checks=found, record=content["record"])


if __name__ == "__main__":
    main()
