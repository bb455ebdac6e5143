#!/usr/bin/python
"""Looks at all that a deployment needs to know of a host, and reports all that is wrong with it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_host
short_description: Look at what a deployment of Logstash needs to know of a host
description:
  - Returns what is installed, what last passed the health gate and what was set up by hand, and fails with all that is
    wrong with the host at once, one message a line.
  - What is not asked for is not looked at. Only O(installation) is always needed.
  - Ports that the process of O(service) listens on are not taken.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  host:
    description: How messages name the host.
    type: str
    required: true
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  installation:
    description: Where to look for what is installed.
    type: dict
    required: true
    suboptions:
      manager:
        description: The package manager of the host; another one than those that are known means that no package is.
        type: str
        required: true
      cache:
        description: The directory on the host for package files, where an installation that did not end is noted.
        type: path
        required: true
      archive_root:
        description: The directory that archives are unpacked in.
        type: path
        required: true
      archive:
        description: Whether the service runs from an archive rather than from the package.
        type: bool
        required: true
      unit:
        description: The unit file that exists only where the service runs from an archive.
        type: path
        required: true
  lock:
    description:
      - The host's lock, which is taken before anything is looked at, so that what is returned stays true. Where another
        run holds it, nothing is looked at. In check mode it is not taken, and a warning says who holds it.
    type: dict
    suboptions:
      path:
        description: The file, as in M(elk.deploy.deployment_lock), which releases the lock.
        type: path
        required: true
      max_age:
        description: As in M(elk.deploy.deployment_lock).
        type: int
        default: 7200
      owner:
        description: Who takes it; the action says so.
        type: dict
        required: true
      replace:
        description: Whose lock is taken over; the action says so.
        type: dict
  checks:
    description: Whether O(platform), O(java_home), O(temporary_directory) and O(ports) count.
    type: bool
    default: true
  platform:
    description:
      - What the host runs on, from its facts. Without systemd nothing is looked at that it would have to say.
    type: dict
    suboptions:
      distribution:
        description: The name and the release of the distribution.
        type: str
        required: true
      source:
        description: The value of C(logstash_source); V(archive) needs no package manager.
        type: str
        required: true
      service_manager:
        description: What runs the host's services.
        type: str
        required: true
  java_home:
    description: The home of a Java that has to be there. Empty for the one that Logstash brings.
    type: str
    default: ""
  temporary_directory:
    description:
      - The temporary directory of Java, which unpacks native libraries there and loads them. Logstash does so at every
        start, and does not come up where that directory is on a file system that is mounted noexec.
      - The mount of the directory counts, or of the nearest one above it as long as it does not exist.
    type: dict
    suboptions:
      path:
        description: The directory.
        type: path
        required: true
      variable:
        description: The variable that says where it is, for messages.
        type: str
        required: true
      user:
        description:
          - Tries it as this user, with a file that has no name, so that nothing is ever left there. A user that does
            not exist yet is not tried.
        type: str
      required:
        description: Whether it is an error that the directory does not exist.
        type: bool
        default: false
  ports:
    description: The TCP ports that have to be free, or the service's own.
    type: list
    elements: dict
    default: []
    suboptions:
      variable:
        description: The variable that has the port, for messages.
        type: str
        required: true
      port:
        description: Its number.
        type: int
        required: true
  record:
    description: The record of what passed the health gate, as M(elk.deploy.logstash_deployment_record) writes it.
    type: dict
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      found:
        description: The record that the module M(elk.deploy.logstash_existing_setup) keeps.
        type: path
      settings:
        description:
          - The live settings directory. Its releases whose names are a hash without a key get names by O(record.key),
            in the record, in C(releases) and in the link C(current). Their files stay as they are, so that nothing has
            to be restarted.
          - Nothing is renamed on a host that has anything wrong.
        type: path
      key:
        description: The file on the host with the key that names releases, as M(elk.deploy.settings_release) has it.
        type: path
        default: /var/lib/elk-deploy/release.key
  overrides:
    description:
      - Asks for what was set up by hand and decides what Logstash runs, which are drop-ins of the unit with another
        command, user or root, variables such as C(LS_JAVA_OPTS) in the files and lines of the service's environment,
        and a unit in the place of the package's. With O(record), what holds the package at another version counts too,
        as long as another version is to come and none of the holds can be the role's.
      - Each find has its file and line. Values are never shown, since they may hold passwords.
    type: dict
    suboptions:
      handling:
        description: V(fail) fails when there is something; V(leave) and V(remove) say so in a warning.
        type: str
        choices: [fail, leave, remove]
        default: fail
      environment:
        description:
          - The names of the variables that the role sets itself, so that what a file says of them does not count.
        type: list
        elements: str
        default: []
      version:
        description: The version of Logstash that is to run. Before 8.0, C(JAVA_HOME) says which Java that is.
        type: str
        required: true
  old_data:
    description:
      - Asks for what a changed path would leave behind, as M(elk.deploy.logstash_old_data) does, which moves it later.
      - With V(fail), what would be left behind counts as wrong; otherwise a warning says what becomes of it.
    type: dict
    suboptions:
      settings:
        description: The C(logstash.yml) that says where the data is now.
        type: path
        required: true
      paths:
        description: The paths that apply from now on, as in O(elk.deploy.logstash_old_data#module:to_paths).
        type: dict
        required: true
      queues:
        description: As in O(elk.deploy.logstash_old_data#module:to_queues).
        type: list
        elements: path
        default: []
      handling:
        description: The value of C(logstash_old_data).
        type: str
        choices: [fail, move, leave]
        default: fail
      user:
        description: The user of the service.
        type: str
        default: logstash
  plan:
    description:
      - Further options of this module at once, such as C(look) of M(elk.deploy.logstash_plan). Those of the task go
        before them.
    type: dict
    default: {}
  wanted:
    description:
      - What the host should have. The action compares RV(installed) and RV(deployment) with it on the control node.
    type: dict
    suboptions:
      version:
        description: The version of Logstash.
        type: str
        required: true
      source:
        description: The value of C(logstash_source).
        type: str
        required: true
      hold:
        description: Whether the package is to be held.
        type: bool
        required: true
      rollback_to:
        description: The release to return to, or V(previous), for RV(target). It is an error if it is not kept.
        type: str
        default: ""
  plugins_of:
    description: The home of the Logstash whose plugins RV(plugins) has.
    type: path
  directories:
    description:
      - The options of M(elk.deploy.logstash_directories), for RV(directories_ready). They mean the same.
    type: dict
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
  unmanaged:
    description: Places in which M(elk.deploy.unmanaged_files) looks for unmanaged files.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    support: full
    description: Renames nothing, and says what it would rename.
"""

EXAMPLES = r"""
- name: Look at the host
  elk.deploy.logstash_host:
    host: "{{ inventory_hostname }}"
    installation:
      manager: apt
      cache: /var/cache/elk-deploy
      archive_root: /opt/logstash
      archive: false
      unit: /etc/systemd/system/logstash.service
    ports:
      - {variable: logstash_api_port, port: 9600}
    record: {path: /etc/logstash/proven}
    overrides: {handling: fail, version: 9.5.2}
  register: __logstash_host
"""

RETURN = r"""
began:
  description: When the look began, in seconds since 1970 by the host's clock.
  type: float
  returned: success
installed:
  description: What is installed.
  type: dict
  returned: success
  contains:
    package:
      description:
        - The version of the package. Empty when there is none, when it is half installed, and when it has left no
          program, no user or no unit; with O(installation.archive) the last three do not count, since the service runs
          without them.
      type: str
    missing:
      description: What the package should have left on the host and is not there.
      type: list
      elements: str
    held:
      description: Whether the package is held at its version.
      type: bool
    archives:
      description: The versions that are unpacked.
      type: list
      elements: str
    current:
      description: The version that the link C(current) of the archives leads to, empty when there is none.
      type: str
    has_archive_unit:
      description: Whether the unit file of the archives is there. One that a package wrote is not.
      type: bool
    outdated:
      description: Whether the service's process was started before what it runs was installed.
      type: bool
    is_wanted:
      description: Whether the version of O(wanted) is installed. Only with O(wanted), as the three after it.
      type: bool
    is_held:
      description: Whether it is held as O(wanted) says.
      type: bool
    is_current:
      description: Whether the service's process runs it.
      type: bool
    keep:
      description: The other versions whose package files have to stay on the host.
      type: list
      elements: str
    serves:
      description: What the service does, with C(active), whether it runs, and C(enabled), whether it starts at boot.
      type: dict
    system_call_groups:
      description: Whether the host's systemd knows the group C(@system-service) of system calls.
      type: bool
    user_namespaces:
      description: Whether the host's kernel makes user namespaces.
      type: bool
deployment:
  description: What O(record) says, as M(elk.deploy.logstash_deployment_record) returns it. Empty without O(record).
  type: dict
  returned: success
overrides:
  description: What was set up by hand. Without O(overrides), nothing.
  type: dict
  returned: success
  contains:
    found:
      description: What was found, each with C(file), C(line), C(what) and C(instead).
      type: list
      elements: dict
    handling:
      description: The value of O(overrides.handling), or empty.
      type: str
    removable:
      description: The files with lines that M(elk.deploy.logstash_overrides) takes out.
      type: list
      elements: str
holder:
  description: Who holds the lock; empty if it was free or is this run's. Only with O(lock).
  type: dict
  returned: success
plugins:
  description:
    - The plugins in O(plugins_of), from its files - C(installed), the versions by name, C(sources), the checksums of
      the files that plugins came from, by name, C(fingerprint), and C(interrupted), the set of plugins that a run which
      was cut off has to restore. M(elk.deploy.logstash_plugins) compares a list with it.
  type: dict
  returned: success, with O(plugins_of)
directories_ready:
  description:
    - Whether M(elk.deploy.logstash_directories) with O(directories) would neither change anything, nor warn, nor fail.
      Never without O(directories).
  type: bool
  returned: success
unmanaged:
  description: The unmanaged files in O(unmanaged).
  type: list
  elements: str
  returned: success
releases:
  description: The releases of the settings that have passed the health check, newest first.
  type: list
  elements: str
  returned: success, with O(wanted)
target:
  description: The record of the release to return to; empty without O(wanted.rollback_to).
  type: dict
  returned: success, with O(wanted)
renamed:
  description: The former names of releases that got, or in check mode would get, other names.
  type: list
  elements: str
  returned: success
"""

import dataclasses
import time

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    deployment_lock,
    deployment_record,
    directories,
    host_faults,
    installation,
    installed_plugins,
    left_data,
    overrides,
    releases,
    service_manager,
    unmanaged_files,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.messages import coded

ROOT = "/"
OPTIONS = {
    "host": {"type": "str", "required": True},
    "service": {"type": "str", "default": "logstash.service"},
    "installation": {
        "type": "dict",
        "required": True,
        "options": {
            "manager": {"type": "str", "required": True},
            "cache": {"type": "path", "required": True},
            "archive_root": {"type": "path", "required": True},
            "archive": {"type": "bool", "required": True},
            "unit": {"type": "path", "required": True},
        },
    },
    "lock": {
        "type": "dict",
        "options": {
            "path": {"type": "path", "required": True},
            "max_age": {"type": "int", "default": 7200},
            "owner": {"type": "dict", "required": True},
            "replace": {"type": "dict"},
        },
    },
    "checks": {"type": "bool", "default": True},
    "platform": {
        "type": "dict",
        "options": {
            "distribution": {"type": "str", "required": True},
            "source": {"type": "str", "required": True},
            "service_manager": {"type": "str", "required": True},
        },
    },
    "java_home": {"type": "str", "default": ""},
    "temporary_directory": {
        "type": "dict",
        "options": {
            "path": {"type": "path", "required": True},
            "variable": {"type": "str", "required": True},
            "user": {"type": "str"},
            "required": {"type": "bool", "default": False},
        },
    },
    "ports": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"variable": {"type": "str", "required": True}, "port": {"type": "int", "required": True}},
    },
    "record": {
        "type": "dict",
        "options": {
            "path": {"type": "path", "required": True},
            "found": {"type": "path"},
            "settings": {"type": "path"},
            # The path of a file, not what is in it.
            "key": {"type": "path", "default": "/var/lib/elk-deploy/release.key", "no_log": False},
        },
    },
    "overrides": {
        "type": "dict",
        "options": {
            "handling": {"type": "str", "choices": ["fail", "leave", "remove"], "default": "fail"},
            "environment": {"type": "list", "elements": "str", "default": []},
            "version": {"type": "str", "required": True},
        },
    },
    "old_data": {
        "type": "dict",
        "options": {
            "settings": {"type": "path", "required": True},
            "paths": {"type": "dict", "required": True},
            "queues": {"type": "list", "elements": "path", "default": []},
            "handling": {"type": "str", "choices": ["fail", "move", "leave"], "default": "fail"},
            "user": {"type": "str", "default": "logstash"},
        },
    },
    "plugins_of": {"type": "path"},
    "directories": {"type": "dict", "options": directories.OPTIONS},
    "unmanaged": {"type": "list", "elements": "path", "default": []},
}


def take_lock(module):
    """Who holds the host's lock, as a dictionary; empty where this run has it now, or would have it."""
    lock = module.params["lock"]
    if not lock:
        return {}
    try:
        return deployment_lock.hold(lock, module.check_mode)
    except (deployment_lock.DeploymentLockError, OSError) as error:
        module.fail_json(code="lock_unavailable", msg=str(error))


def find_overrides(params, installed, content):
    """What was set up by hand and decides, as Overrides; ``content`` is that of the record, None where none is read."""
    wanted, where = params["overrides"], params["installation"]
    if not wanted:
        return []
    found = overrides.find_deciding(ROOT, wanted["environment"], wanted["version"])
    # Once the role has changed the host, the hold is its own.
    untouched = content is not None and not content["record"] and content["changing"] is None
    if untouched and not where["archive"] and installed["package"] != wanted["version"]:
        found += overrides.find_holds(ROOT, where["manager"], installed["held"])
    return found


def look_at_data(wanted):
    """What is wrong, and what is to be warned of, where a changed path would leave something behind: two lists."""
    if not wanted:
        return [], []
    look = left_data.look(
        {
            "from_settings": wanted["settings"],
            "from_paths": None,
            "to_settings": None,
            "to_paths": wanted["paths"],
            "to_queues": wanted["queues"],
            "user": wanted["user"],
        }
    )
    if not look.stored:
        return [], look.warnings
    if wanted["handling"] == "fail":
        return [look.fault()], look.warnings
    return [], [*look.warnings, look.notice(wanted["handling"])]


def rename_releases(module, content, former):
    """The record's content. Releases from earlier versions of the role are renamed."""
    record = module.params["record"]
    try:
        return deployment_record.rename_releases(record["path"], content, record["settings"], former, record["key"])
    except OSError as error:
        module.fail_json(
            code="releases_not_renamed",
            msg=f"Releases of the settings in {record['settings']} could not be renamed: {error}. Make room "
            "on that file system, or make it writable, and run again.",
        )


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec=OPTIONS,
        facts=["installed", "deployment", "plugins", "unmanaged", "holder"],
        supports_check_mode=True,
    )
    params = module.params
    began = time.time()
    holder = take_lock(module)
    if holder and not module.check_mode:
        module.exit_json(changed=False, holder=holder)
    record, service = params["record"], params["service"]
    faults = host_faults.find_general(params) if params["checks"] else []
    if params["checks"] and not host_faults.has_systemd(params):
        module.fail_json(msg="\n".join(faults))

    pid = service_manager.main_process(module.run_command, service)
    if params["checks"]:
        faults += host_faults.find_taken_ports(params["ports"], params["host"], pid)
    installed = installation.look(module, params["installation"], pid, service)
    content = None
    if record:
        try:
            content = deployment_record.read(record["path"])
        except OSError as error:
            faults.append(coded("record_unreadable", f"The deployment record {record['path']} cannot be read: {error}"))
    found = find_overrides(params, installed, content)
    handling = params["overrides"]["handling"] if params["overrides"] else ""
    if found and handling == "fail":
        faults.append(coded("overrides_found", overrides.refusal(found)))
    finds = [dataclasses.asdict(override) for override in found]
    warnings, unmanaged = [], []
    try:
        left, warnings = look_at_data(params["old_data"])
        faults += left
        unmanaged = unmanaged_files.find(params["unmanaged"])
    except OSError as error:
        faults.append(f"Old data, or unmanaged files, can't be looked for: {error} Nothing was changed.")
    if faults:
        module.fail_json(msg="\n".join(faults), found=finds)
    if found:
        module.warn(overrides.warning(found, handling))
    for warning in warnings:
        module.warn(warning)

    former = releases.former(record["settings"]) if record and record["settings"] else []
    if former and not module.check_mode:
        content = rename_releases(module, content, former)
    deployment = {}
    if record:
        running = deployment_record.invocation(module.run_command, service)
        deployment = deployment_record.describe(content, running, record["found"], module.run_command, service)
        # What was set up by hand is another's, and may say anything.
        deployment["found"] = module.mask.everything(deployment["found"])
    module.exit_json(
        changed=bool(former),
        began=began,
        renamed=former,
        holder=holder,
        unmanaged=unmanaged,
        installed=installed,
        plugins=installed_plugins.PluginSet(params["plugins_of"]).state() if params["plugins_of"] else {},
        directories_ready=bool(params["directories"]) and directories.are_ready(params["directories"]),
        deployment=deployment,
        overrides={"found": finds, "handling": handling, "removable": overrides.removable(found)},
    )


if __name__ == "__main__":
    main()
