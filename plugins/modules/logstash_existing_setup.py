#!/usr/bin/python
"""Keeps what ran on a host before the role's first change, and restores it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_existing_setup
short_description: Save the Logstash that was on a host before the first change, and restore it
description:
  - A host may have a Logstash that somebody set up by hand. Before any of it changes, V(kept) saves what is there - the
    package and its hold, the plugins, the settings directory, the unit with its drop-ins and links, the environment
    files, and what the running service does - its ports, its node API, its pipelines.
  - If another version of the package is to be installed, the old version's package file is put into O(cache) first. It
    comes from the package manager's cache or from one of the host's repositories, or a deb is built from what is
    installed. If none of these works and the service runs, the task fails.
  - V(restored) restores the files and brings the service back to what it did, or stops it if it was stopped. Other
    modules restore the package and the plugins.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  state:
    description:
      - V(kept) saves what is there now, and replaces what was saved before. Without a Logstash, nothing is saved.
      - V(restored) restores the files, starts or stops the service, and waits until it does what it did before.
      - M(elk.deploy.logstash_deployment_record) removes what was saved.
    type: str
    choices: [kept, restored]
    required: true
  path:
    description: The folder for what is saved, which only root can enter.
    type: path
    required: true
  settings:
    description: The settings directory.
    type: path
    default: /etc/logstash
  also:
    description: Further files to save and restore.
    type: list
    elements: path
    default: []
  skip:
    description: Paths below the settings directory that are neither saved nor touched.
    type: list
    elements: path
    default: []
  home:
    description: Where the package installs the program and its plugins.
    type: path
    default: /usr/share/logstash
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  manager:
    description: The host's package manager. With an unknown one, no package is known.
    type: str
    default: ""
  cache:
    description: The directory for package files.
    type: path
    default: /var/cache/elk-deploy
  version:
    description: The version of the package that is about to be installed; empty if the package stays as it is.
    type: str
    default: ""
  held:
    description: Whether the package was held.
    type: bool
    default: false
  restart:
    description: Whether V(restored) restarts a service that was running. V(false) is for a process that still runs.
    type: bool
    default: true
  timeout:
    description: How many seconds the service may take until it does what it did before.
    type: int
    default: 180
  min_ready_seconds:
    description: For how many seconds it must keep doing so.
    type: int
    default: 0
attributes:
  check_mode:
    support: full
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Keep what runs
  elk.deploy.logstash_existing_setup:
    state: kept
    path: /var/lib/logstash-found
    manager: apt
    version: 9.5.2
"""

RETURN = r"""
record:
  description: What is saved, with C(version), C(package), C(fingerprints), C(settings), C(serves) and C(does); empty if
    nothing is.
  type: dict
  returned: success
files:
  description: The files that were restored.
  type: list
  elements: str
  returned: when O(state=restored)
"""

import contextlib
import functools
import glob
import json
import os
import shutil
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files, waiting
from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    kept_files,
    running_service,
    service_manager,
    stored_data,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.installed_plugins import PluginSet
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

INTERVAL = 1.0
# What package managers put beside a settings file that somebody changed.
ENDS = ("", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmnew", ".rpmsave")
# Ports that systems give away, which may be others after each start.
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class UnhealthySetupError(Exception):
    """The service does not do what it did; the message says what is missing."""


def kept_paths(service, settings, also):
    """What is saved and restored: the settings, the unit in each place, its drop-ins, its links, its environment."""
    folders = [
        *("/etc/systemd/system.control", "/run/systemd/system.control"),
        *("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system"),
    ]
    links = [path for kind in ("wants", "requires") for path in glob.glob(f"/etc/systemd/system/*.{kind}")]
    paths = [f"{folder}/{service}{end}" for folder in folders for end in ("", ".d")]
    paths += [f"{link}/{service}" for link in sorted({*links, "/etc/systemd/system/multi-user.target.wants"})]
    paths += [f"/etc/{folder}/logstash{end}" for folder in ("default", "sysconfig") for end in ENDS]
    # A settings directory that is a link counts with what it leads to.
    paths += [*also, settings, os.path.realpath(settings)]
    return list(dict.fromkeys(paths))


def seen_through_links(paths):
    """The paths as they are given, and those that they lead to."""
    return [*paths, *(os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)) for path in paths)]


def vendor_paths(service):
    """The package's unit, which is restored but never removed: the package may be new on the host."""
    folders = ("/usr/lib/systemd/system", "/lib/systemd/system")
    return list(dict.fromkeys(os.path.realpath(f"{folder}/{service}") for folder in folders))


def lasting_ports(ports, settings):
    """The ports without those that the system gave away: of these only what the settings name."""
    try:
        first = int(EPHEMERAL.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        first = 32768
    named = set()
    for found in stored_data.files_below(str(settings)) if max(ports, default=0) >= first else []:
        # Whoever set the host up may have given the settings to another user, who could have linked anything there.
        with contextlib.suppress(OSError):
            text = untrusted_paths.read_file(found.path)
            named |= {port for port in ports if str(port).encode() in text}
    return [port for port in ports if port < first or port in named]


def keep(module):
    """Keeps what there is, and returns the record. Raises PackageError and OSError."""
    params = module.params
    service, settings = params["service"], params["settings"]
    state = running_service.properties(module.run_command, service)
    manager = packages.MANAGERS.get(params["manager"])
    manager = manager(module.run_command) if manager else None
    installed = manager.installed() if manager else packages.Installed()
    version = installed.version if installed.whole else ""
    if not version and state.get("LoadState") in ("not-found", None):
        return {}
    serves = running_service.observe(module.run_command, service, f"{settings}/logstash.yml")
    serves["ports"] = lasting_ports(serves["ports"], settings)
    if module.check_mode:
        return {"version": version or serves["version"], "serves": serves}
    file = ""
    if version and params["version"] not in ("", version):
        try:
            packages.obtain(manager, params["cache"], version)
            file = str(packages.cached(manager, params["cache"], version))
        except packages.PackageError as error:
            if serves["running"]:
                raise
            # Nobody relies on what does not run, such as a package whose installation failed.
            module.warn(f"The package of Logstash {version} could not be restored if the run failed: {error}.")
    plugins = PluginSet(params["home"])
    path = Path(params["path"])
    record = {
        "version": version or serves["version"],
        "package": {"version": version, "source": "package", "file": file, "held": params["held"]},
        "fingerprints": {"plugins": plugins.keep() if version and plugins.lock else ""},
        "settings": str(kept_files.place(path / "files", Path(settings) / "logstash.yml")),
        "serves": serves,
        "does": running_service.describe(serves),
        "paths": kept_paths(service, settings, params["also"]),
    }
    with atomic_files.new_directory(path, 0o700) as part:
        kept_files.keep(part / "files", [*record["paths"], *vendor_paths(service)], seen_through_links(params["skip"]))
        atomic_files.create(part / "record.json", json.dumps(record, indent=1, sort_keys=True) + "\n", 0o644)
    return record


def restore(module, record):
    """Restores the files and the service; returns their paths. Raises UnhealthySetupError, OSError."""
    params, service = module.params, module.params["service"]
    copies = Path(params["path"]) / "files"
    vendor = [path for path in vendor_paths(service) if kept_files.place(copies, path).exists()]
    paths = [*kept_paths(service, params["settings"], params["also"]), *record["paths"], *vendor]
    changed = kept_files.bring_back(copies, dict.fromkeys(paths), seen_through_links(params["skip"]))
    service_manager.control(functools.partial(module.run_command, check_rc=True), "daemon-reload")
    runs = record["serves"]["running"]
    if runs and params["restart"]:
        service_manager.control(module.run_command, "reset-failed", service)
        service_manager.control(module.run_command, "restart", service)
    elif not runs:
        service_manager.control(module.run_command, "stop", service)
        service_manager.control(module.run_command, "reset-failed", service)
    prove(module, record["serves"])
    return changed


def prove(module, before):
    """Waits until the service does what it did, and goes on doing so. Raises UnhealthySetupError."""
    params = module.params

    def look():
        now = running_service.observe(module.run_command, params["service"], f"{params['settings']}/logstash.yml")
        state = running_service.properties(module.run_command, params["service"])
        return waiting.Seen(running_service.lacks(now, before), state.get("MainPID", "0"))

    stable = params["min_ready_seconds"] if before["running"] else 0
    problem = waiting.until_stable(look, params["timeout"], stable, pause=INTERVAL).problem
    if problem:
        raise UnhealthySetupError(problem)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["kept", "restored"], "required": True},
            "path": {"type": "path", "required": True},
            "settings": {"type": "path", "default": "/etc/logstash"},
            "also": {"type": "list", "elements": "path", "default": []},
            "skip": {"type": "list", "elements": "path", "default": []},
            "home": {"type": "path", "default": "/usr/share/logstash"},
            "service": {"type": "str", "default": "logstash.service"},
            "manager": {"type": "str", "default": ""},
            "cache": {"type": "path", "default": "/var/cache/elk-deploy"},
            "version": {"type": "str", "default": ""},
            "held": {"type": "bool", "default": False},
            "restart": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 180},
            "min_ready_seconds": {"type": "int", "default": 0},
        },
        facts=["record"],
        supports_check_mode=True,
    )
    params = module.params
    path = Path(params["path"])
    record_file = path / "record.json"
    try:
        if params["state"] == "kept":
            record = keep(module)
            if not record and path.exists() and not module.check_mode:
                shutil.rmtree(path)
            module.exit_json(changed=bool(record), record=record)
        record = json.loads(record_file.read_text(encoding="utf-8"))
        if module.check_mode:
            module.exit_json(changed=True, record=record, files=[])
        module.exit_json(changed=True, record=record, files=restore(module, record))
    except packages.PackageError as error:
        module.fail_json(
            code="existing_setup_package_missing",
            msg=f"Logstash {params['version']} would replace a package that was installed by hand. If the run "
            "failed, that package could not be restored, since its package file is not available: "
            f"{error}. Copy the file to {params['cache']}/logstash-<its version>.deb or .rpm on the host, or add a "
            "repository that has it; or set logstash_rollback to false, if it does not have to be restored.",
        )
    except UnhealthySetupError as error:
        module.fail_json(
            code="existing_setup_unhealthy", msg=f"The restored service does not do what it did before: {error}."
        )
    except OSError as error:
        module.fail_json(
            code="existing_setup_not_saved",
            msg=f"{error}. Make room on that file system, or make it writable, and run again.",
        )


if __name__ == "__main__":
    main()
