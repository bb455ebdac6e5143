#!/usr/bin/python
"""Installs the desired versions of Logstash's plugins."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_plugins
short_description: Install Logstash plugins in exactly the versions you list
description:
  - Compares the whole list of plugins with the lock file of Logstash's plugin manager. Names are exact, and a version
    applies to bundled plugins too. If nothing differs, no Java is started.
  - It compares states. So plugins that a package upgrade removed are reinstalled, and so are those of an interrupted
    run, once its half-done change has been undone.
  - Gems and offline packs are files on the control node. They are read there, so that a file which is not the named
    plugin fails before anything is done; they are copied to the host only if they are needed.
  - Gems are installed as one offline pack, since the program resolves those offline. A gem's dependencies must already
    be in Logstash, as they are for another build of a bundled plugin; for anything else, prepare an offline pack.
  - Afterwards, the program lists its plugins once. If a plugin could not be installed, or is not the one you listed,
    the previous plugins are restored.
  - The last few sets of plugins stay on the host; O(fingerprint) restores one of them, without starting Java.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  plugins:
    description: The plugins. Plugins that are not listed stay as they are.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The plugin's full name, such as V(logstash-output-http).
        type: str
        required: true
      version:
        description:
          - The full version. Required without a file.
          - With a file, it must be the file's version, which is also the default.
        type: str
      gem:
        description:
          - A C(.gem) file of the plugin on the control node. It must have the name that RubyGems gives it.
          - Or its address, with O(plugins[].checksum). The control node downloads it, once.
        type: path
      pack:
        description:
          - An offline pack (C(.zip)) on the control node that contains the plugin and its dependencies, or its address.
          - Several plugins from one pack name the same file.
        type: path
      checksum:
        description: The checksum of the file, as V(sha256:...) or V(sha512:...). Needed with an address.
        type: str
        default: ""
      file:
        description: For internal use by the action - where it has put the pack with the plugin on the host.
        type: str
        default: ""
      state:
        description: Whether the plugin is installed. Without O(plugins[].gem) or O(plugins[].pack), from RubyGems.
        type: str
        choices: [present, absent]
        default: present
  check_only:
    description: Whether to only check the list against its files on the control node, without a host. Needs O(plugins).
    type: bool
    default: false
  require_checksums:
    description: Whether each plugin must come from a file with a checksum.
    type: bool
    default: false
  trusted_mirrors:
    description: Hosts from which files may be downloaded without TLS.
    type: list
    elements: str
    default: []
  installed:
    description:
      - What M(elk.deploy.logstash_host) returned as C(plugins). In check mode, the list is compared with it, and the
        host is not asked again.
    type: dict
  fingerprint:
    description: The RV(fingerprint) of a set of plugins to restore, instead of O(plugins).
    type: str
    default: ""
  home:
    description: The folder that Logstash is installed in.
    type: path
    default: /usr/share/logstash
  java_home:
    description: The Java to run the program with. Empty means the bundled one, or the one on PATH.
    type: str
    default: ""
  environment:
    description: The program's environment variables, such as C(https_proxy).
    type: dict
    default: {}
  timeout:
    description: How many seconds each call of the program may take. The program itself retries failed downloads.
    type: int
    default: 600
attributes:
  check_mode:
    support: full
    description: Reports what would change, from the files alone.
  diff_mode:
    support: full
    description: Shows the versions of the plugins that differ.
"""

EXAMPLES = r"""
- name: Bring the plugins to the wanted versions
  elk.deploy.logstash_plugins:
    plugins:
      - {name: logstash-output-http, version: 4.3.2, gem: files/logstash-output-http-4.3.2.gem}
      - {name: logstash-filter-acme, version: 1.2.0, pack: files/acme-plugins.zip}
      - {name: logstash-input-twitter, state: absent}
  register: plugins

- name: Restore the plugins that were there before
  elk.deploy.logstash_plugins:
    fingerprint: 0a1b2c3d4e5f6789
"""

RETURN = r"""
differs:
  description: Whether the plugins differed from the list.
  type: bool
  returned: success
changes:
  description: What differed, as C(name), C(before), C(after) and C(why). An empty version means that there was none.
  type: list
  elements: dict
  returned: success
fingerprint:
  description: Changes with every plugin, version and file; empty if it is not known before the change.
  type: str
  returned: success
undone:
  description: Whether an interrupted run's change was undone first.
  type: bool
  returned: success
"""

import re
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash.environment import text
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import logstash_log, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.installed_plugins import (
    PluginSet,
    find_changes,
    result_of,
)
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.native_code import own_directory
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

LISTED = re.compile(r"^(logstash-\S+) \(([^)]+)\)$", re.MULTILINE)
NOISE = re.compile(r"^(Using (bundled|system|LS_JAVA_HOME|JAVA_HOME)|warning:|OpenJDK)", re.IGNORECASE)
OUTPUT_LINES = 20
TIMED_OUT = 124


class ProgramError(Exception):
    """A call of the program failed, or had another outcome than it should; the message says why."""


def commands(changes):
    """The calls of the program, each as its arguments. Whatever a new plugin stands in for has to go first."""
    calls = [["remove", change["name"]] for change in changes if not change["after"]]
    wanted = [change["plugin"] for change in changes if change["after"]]
    packs = dict.fromkeys(plugin["file"] for plugin in wanted if plugin["file"])
    calls += [["install", f"file://{pack}"] for pack in packs]
    for plugin in wanted:
        if not plugin["file"]:
            version = ["--version", plugin["version"]] if plugin["version"] else []
            calls.append(["install", *version, plugin["name"]])
    return calls


class Program:
    """The program logstash-plugin of a Logstash."""

    def __init__(self, module):
        self._module = module
        self._path = Path(module.params["home"]) / "bin/logstash-plugin"
        # Specifications of gems are UTF-8, which Ruby takes for an error in another locale.
        self._environment = {"LC_ALL": "C.UTF-8"}
        self._environment.update({name: text(value) for name, value in module.params["environment"].items()})
        if module.params["java_home"]:
            self._environment.update(dict.fromkeys(("LS_JAVA_HOME", "JAVA_HOME"), module.params["java_home"]))

    def run(self, arguments):
        """Runs the program and returns what it printed. Raises ProgramError."""
        seconds = self._module.params["timeout"]
        # Whatever root's own umask is: the service has to read what is installed.
        with own_directory(self._module.params["home"]) as temporary:
            code, stdout, stderr = self._module.run_command(
                ["timeout", "--kill-after=10", str(seconds), str(self._path), *arguments],
                environ_update={**self._environment, **temporary},
                umask=0o022,
            )
        if code:
            shown = " ".join(arguments)
            reason = self._module.mask.foreign(find_reason(stdout + "\n" + stderr))
            if code == TIMED_OUT:
                reason = f"it did not end within {seconds} s. {reason}"
            raise ProgramError(f"logstash-plugin {shown} failed with exit status {code}: {reason}")
        return stdout

    def listed(self):
        """{name: version} as the program itself lists them."""
        return dict(LISTED.findall(self.run(["list", "--verbose"])))


def find_reason(output):
    """Why a call failed: the lines with an error and those that continue them, or else everything; in one line."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not NOISE.match(line)]
    errors, goes_on = [], False
    for line in lines:
        # What an error lists, such as the versions that do not fit together, is indented.
        goes_on = "error" in line.lower() or "failed" in line.lower() or (goes_on and line[0].isspace())
        errors += [line] if goes_on else []
    said = list(dict.fromkeys(line.strip() for line in errors or lines))
    return logstash_log.shortened("\n".join(said), OUTPUT_LINES, OUTPUT_LINES).replace("\n", " | ")


def apply(program, current, plugins, changes):
    """Makes the changes. If one fails, restores the former plugins and raises ProgramError."""
    before = current.begin_change()
    try:
        for arguments in commands(changes):
            program.run(arguments)
        wrong = [
            f"{change['name']} is {change['before'] or 'missing'} where {change['after'] or 'none'} is wanted"
            for change in find_changes(
                plugins, program.listed(), {plugin["name"]: plugin["checksum"] for plugin in plugins}
            )
        ]
        if wrong:
            raise ProgramError(
                f"After the change, logstash-plugin lists other versions: {'; '.join(wrong)}. Another plugin in "
                "the list may require or include them."
            )
        current.remember({plugin["name"]: plugin["checksum"] for plugin in plugins if plugin["checksum"]})
        current.keep()
    except BaseException:
        current.restore(before)
        raise
    current.end_change()


def go_back(module, current, wanted):
    """Restores the set with that fingerprint."""
    before = current.fingerprint()
    if before == wanted:
        module.exit_json(changed=False, differs=False, changes=[], undone=False, fingerprint=wanted)
    if not current.has(wanted):
        module.fail_json(
            code="plugins_not_restored",
            msg=f"No set of plugins with fingerprint {wanted!r} is kept in {current.home} for this version of "
            "Logstash. Give the list of plugins instead.",
        )
    if not module.check_mode:
        try:
            current.restore(wanted)
        except OSError as error:
            module.fail_json(
                code="plugins_not_restored",
                msg=f"The plugins could not be restored: {error}. Make room, or make it writable.",
            )
    diff = {"before": f"plugins {before}\n", "after": f"plugins {wanted}\n"}
    module.exit_json(changed=True, differs=True, changes=[], undone=False, fingerprint=wanted, diff=diff)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "plugins": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "version": {"type": "str"},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                    # From the action: the checksum of the plugin's file, and where the pack with it lies on the host.
                    "checksum": {"type": "str", "default": ""},
                    "file": {"type": "str", "default": ""},
                },
            },
            "fingerprint": {"type": "str", "default": ""},
            "home": {"type": "path", "default": "/usr/share/logstash"},
            "java_home": {"type": "str", "default": ""},
            # Not hidden as a whole: a message may name the proxy. Its password is masked, as all are in addresses.
            "environment": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 600},
        },
        mutually_exclusive=[["plugins", "fingerprint"]],
        facts=["fingerprint", "changes", "lacking"],
        supports_check_mode=True,
    )
    plugins = module.params["plugins"]
    current = PluginSet(module.params["home"])
    if not current.lock and not module.check_mode:
        module.fail_json(
            code="logstash_missing",
            msg=f"There is no Gemfile.lock in {current.home}, so no Logstash is installed there. Install it first, or "
            "correct home.",
        )

    if module.params["fingerprint"]:
        go_back(module, current, module.params["fingerprint"])
    interrupted = current.interrupted()
    if not module.check_mode:
        if interrupted:
            current.restore(interrupted)
        current.end_change()
    state = {**current.state(), "interrupted": interrupted}
    changes = find_changes(plugins, state["installed"], state["sources"])
    result = result_of(changes, state, module.check_mode, module._diff)
    if module.check_mode or not changes:
        module.exit_json(**result)

    # The action copies their files to the host, and calls this module again.
    lacking = [
        change["name"]
        for change in changes
        if change["after"] and change["plugin"]["checksum"] and not change["plugin"]["file"]
    ]
    if lacking:
        module.exit_json(**result, lacking=lacking)
    untrusted_paths.warn_of_foreign_program(module, module.params["home"])
    try:
        apply(Program(module), current, plugins, changes)
    except (ProgramError, OSError) as error:
        found = current.installed()
        now = ", ".join(f"{change['name']} {found.get(change['name'], 'missing')}" for change in changes)
        module.fail_json(
            code="plugins_failed",
            msg=f"{error} The plugins from before the change were restored, and the service was not touched; installed "
            f"now: {now}.",
            changes=result["changes"],
        )
    module.exit_json(**{**result, "fingerprint": current.fingerprint()})


if __name__ == "__main__":
    main()
