#!/usr/bin/python
"""Installs one version of the Logstash package and holds it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_package
short_description: Install exactly one version of the Logstash package, and hold it
description:
  - Installs, upgrades or downgrades the package to exactly this version, with apt or dnf, from a package file in
    O(cache) or, with O(download), from the host's repositories. Verifies the installed version afterwards.
  - The package file stays in O(cache) as C(logstash-VERSION.deb) or C(.rpm), so that a rollback needs no network.
  - Changed settings files of the package stay as they are. The service is neither started nor restarted.
  - A package whose scripts failed, or without a program, user or unit, counts as not installed. The message contains
    what its scripts said. The next run reinstalls it; if there was no package before, it is removed.
  - Compares states. A version that someone else installed is replaced, and the leftovers of a killed run are repaired.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  manager:
    description: The package manager of the host.
    type: str
    choices: [apt, dnf]
    required: true
  version:
    description: The full version of Logstash.
    type: str
    required: true
  cache:
    description: The directory on the host for package files.
    type: path
    required: true
  download:
    description: Whether a package file that is not in O(cache) is downloaded from the host's repositories.
    type: bool
    default: false
  hold:
    description:
      - Whether the package is held, so that an update of the whole host leaves it alone. On apt this is a hold mark, on
        dnf an entry of the plugin versionlock, which is written even if the plugin is missing.
    type: bool
    default: true
  keep:
    description: Versions whose package files stay in O(cache), in addition to the installed one.
    type: list
    elements: str
    default: []
  refresh:
    description:
      - With O(download), whether a package file in O(cache) is compared with the one in the repositories, and
        downloaded again if they differ. If the repositories cannot be reached, the cached one is used, with a warning.
    type: bool
    default: false
  key:
    description: The file with the repositories' signing key, to explain a rejected signature.
    type: path
  only_if_installed:
    description:
      - Whether nothing is done where O(version) is not installed, so that only the hold changes. For a version whose
        package file cannot be had.
    type: bool
    default: false
  repository:
    description:
      - A repository that is added before, where a package file has to be downloaded from it; O(key) is then its key's
        file. If that or the installation fails, the repository is removed, since one that does not answer would make
        every other use of the package manager fail. This is an option of the action.
    type: dict
    suboptions:
      url:
        description: Its address, for messages.
        type: str
        required: true
      key_url:
        description: The address of the key that signs it.
        type: str
        required: true
      fingerprints:
        description: The fingerprints of the keys that are accepted, as in M(elk.deploy.repository_key).
        type: list
        elements: str
        default: []
      file:
        description: The package manager's file that names it.
        type: path
        required: true
      key:
        description: The file for the key.
        type: path
        required: true
      content:
        description: What is in O(repository.file).
        type: str
        required: true
      mode:
        description: The mode of O(repository.file); an address with a password or a token is for root alone.
        type: str
        default: "0644"
  origin:
    description: How messages name the source of the package file.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Reports what would be installed, and changes nothing.
  diff_mode:
    support: full
    description: Shows the version and the hold before and after.
"""

EXAMPLES = r"""
- name: Install the desired version
  elk.deploy.logstash_package:
    manager: apt
    version: 9.5.2
    cache: /var/cache/elk-deploy
    download: true
    origin: https://packages.example.com/9.x/apt
"""

RETURN = r"""
previous:
  description: The version that was installed before; empty if there was none.
  type: str
  returned: success
file:
  description: The package file of the version; empty if none is kept.
  type: str
  returned: success
installs:
  description: Whether the version was, or in check mode would be, installed, rather than only held.
  type: bool
  returned: success
"""

from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.module_utils.logstash.repository_keys import (
    KeyFileError,
    explain_refusal,
    read_keys,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "manager": {"type": "str", "choices": list(packages.MANAGERS), "required": True},
            "version": {"type": "str", "required": True},
            "cache": {"type": "path", "required": True},
            "download": {"type": "bool", "default": False},
            "hold": {"type": "bool", "default": True},
            "keep": {"type": "list", "elements": "str", "default": []},
            "refresh": {"type": "bool", "default": False},
            # The path of a file, not what is in it.
            "key": {"type": "path", "no_log": False},
            "only_if_installed": {"type": "bool", "default": False},
            "origin": {"type": "str", "required": True},
        },
        facts=["previous", "file", "installs"],
        supports_check_mode=True,
    )
    params = module.params
    manager = packages.MANAGERS[params["manager"]](module.run_command)
    module.run_command_environ_update = dict(manager.environment)
    version, cache, hold = params["version"], params["cache"], params["hold"]
    try:
        before = packages.look(manager, cache)
        moves = (before.version, before.sound) != (version, True)
        skips = moves and params["only_if_installed"]
        result = {
            "changed": not skips and (moves or before.held != hold),
            "installs": moves and not skips,
            "previous": before.version,
            "diff": {
                "before": describe(before.version, before.held),
                "after": describe(*((before.version, before.held) if skips else (version, hold))),
            },
        }
        file = packages.cached(manager, cache, version)
        if result["changed"] and not module.check_mode:
            if moves:
                bring(module, manager, file)
                packages.move(manager, cache, version, before, params["origin"])
                packages.remove_old(manager, cache, [version, *params["keep"]])
            if manager.installed().held != hold:
                manager.hold(hold)
            if hold and manager.missing_for_hold():
                module.warn(
                    f"logstash_hold is true, but takes effect only once the host has {manager.missing_for_hold()}."
                )
        result["file"] = str(file) if file.exists() else ""
    except packages.PackageError as error:
        # It quotes programs, which may name an address with its password.
        module.fail_json(code="package_failed", msg=module.mask.foreign(str(error)), hint=error.hint)
    module.exit_json(**result)


def bring(module, manager, file):
    """Has the package file in the cache, the one of the repositories where they are asked. Raises PackageError."""
    params = module.params
    if not params["download"]:
        return
    try:
        if not file.exists():
            packages.fetch(manager, params["cache"], params["version"])
        elif params["refresh"]:
            reason = packages.refresh(manager, params["cache"], params["version"])
            if reason:
                module.warn(
                    f"{file} was downloaded earlier and is installed, since {params['origin']} cannot be reached: "
                    f"{reason}"
                )
    except packages.PackageError as error:
        try:
            keys = read_keys(Path(params["key"]).read_bytes()) if params["key"] else []
        except (OSError, KeyFileError):
            keys = []
        explained = explain_refusal(str(error), keys)
        if not explained:
            raise
        reason, hint = explained
        raise packages.PackageError(f"{reason} What was said: {error}", hint) from error


def describe(version, held):
    """One line for a diff."""
    return f"logstash {version or '(none)'}{' (held)' if version and held else ''}\n"


if __name__ == "__main__":
    main()
