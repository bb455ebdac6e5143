#!/usr/bin/python
"""Makes the keystore of a Logstash, when its content is to change."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_keystore
short_description: Create a Logstash keystore, without a secret on a command line
description:
  - Writes C(logstash.keystore) with exactly the given entries into a settings directory, and next to it
    C(keystore.env), which gives the service the keystore's password.
  - The keystore is recreated whenever its content, its password or the version of Logstash differs from what it was
    created with, or if somebody changed it. Otherwise no Java is started. O(record), which only root can read, has a
    fingerprint of each entry, keyed with a random key, to tell.
  - Values go to the program through its standard input, the password through its environment.
  - The file is replaced as a whole, once all entries are in it. It is meant for a staged directory that goes live
    later.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The settings directory that the files are written to.
    type: path
    required: true
  record:
    description: The file on the host that records, by keyed fingerprints, what the keystore was created with.
    type: path
    required: true
  entries:
    description:
      - Names and secret values. Without any, the files are removed.
      - A value is text, or a whole number without leading zeros. V(true), V(null), V(1.10) and the like are refused,
        since YAML has already changed them; in quotes they are text.
      - Names are case-insensitive. Values must be printable ASCII, without spaces before 8.18.
    type: dict
    required: true
  password:
    description:
      - The keystore's password, as text. Without one, whoever can read the file can read the values.
    type: raw
    default: ""
  version:
    description: The version of Logstash. Its Java determines the file's format, so each version needs its own keystore.
    type: str
    required: true
  program:
    description: The C(logstash-keystore) program.
    type: path
    default: /usr/share/logstash/bin/logstash-keystore
  java_home:
    description: The Java to run the program with. Empty means the bundled one, or the one on PATH.
    type: str
    default: ""
  group:
    description: The group that may read the keystore. Its owner is root, and its mode 0640.
    type: str
    required: true
  timeout:
    description: How many seconds each call of the program may take.
    type: int
    default: 120
attributes:
  check_mode:
    support: full
    description: Says what would change, and starts no Java.
  diff_mode:
    support: full
    description: Shows the names of the entries that differ, never a value or anything computed from one.
"""

EXAMPLES = r"""
- name: Make the keystore
  elk.deploy.logstash_keystore:
    path: /etc/logstash/staged
    record: /etc/logstash/keystore/record
    entries: {ES_PWD: "{{ vault_elasticsearch_password }}"}
    password: "{{ vault_keystore_password }}"
    version: 9.5.2
    group: logstash
"""

RETURN = r"""
names:
  description: The names of the entries that were added, changed or removed.
  type: list
  elements: str
  returned: success
"""

import contextlib
import grp
import hashlib
import hmac
import json
import os
import secrets
import shutil
import subprocess
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash import keystore_entries, versions
from ansible_collections.elk.deploy.plugins.module_utils.logstash.environment import environment_file
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    explanations,
    logstash_log,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.native_code import own_directory
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

KEYSTORE = "logstash.keystore"
ENVIRONMENT = "keystore.env"
PASSWORD_NAME = "LOGSTASH_KEYSTORE_PASS"  # noqa: S105 - a name


class KeystoreProgramError(Exception):
    """The keystore cannot be made; the message names the entry and never its value."""


class Program:
    """The program logstash-keystore on a directory of its own."""

    def __init__(self, params, directory):
        self._timeout = params["timeout"]
        self._command = [params["program"], "--path.settings", str(directory)]
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        # Set but empty would be refused, so without a password it must not be there at all.
        self._environment.pop(PASSWORD_NAME, None)
        if params["password"]:
            self._environment[PASSWORD_NAME] = params["password"]
        if params["java_home"]:
            self._environment.update(dict.fromkeys(("LS_JAVA_HOME", "JAVA_HOME"), params["java_home"]))

    def run(self, arguments, answers, expected):
        """Runs the program. It ends with status 0 after most errors, so what it says has to have the expected texts."""
        # Not with the module's run_command, which breaks when a program ends without reading its input.
        with own_directory(Path(self._command[0]).parents[1]) as temporary:
            ended = subprocess.run(  # noqa: S603 - the program is the package's
                ["timeout", "--kill-after=10", str(self._timeout), *self._command, *arguments],  # noqa: S607 - of the system
                input="".join(f"{answer}\n" for answer in answers).encode(),
                env={**self._environment, **temporary},
                capture_output=True,
                check=False,
            )
        output = (ended.stdout + b"\n" + ended.stderr).decode("utf-8", "replace")
        if ended.returncode or not all(text in output.lower() for text in expected):
            reasons = logstash_log.reasons(logstash_log.entries(output.splitlines()))
            raise KeystoreProgramError(
                f"logstash-keystore {' '.join(arguments)} failed with exit status {ended.returncode}: "
                + (" | ".join(reasons) or logstash_log.shortened(output))
                + "".join(f" {text}" for text in explanations.explain(output))
            )


def make(program, entries, version):
    """Fills a new keystore, starting Java as few times as the version allows."""
    program.run(["create"], ["y"], ["created logstash keystore"])
    names = list(entries)
    several = versions.parse(version) >= versions.KEYSTORE_SEVERAL_NAMES
    for some in [names] if several else [[name] for name in names]:
        program.run(["add", *some], [entries[name] for name in some], [f"added '{name.lower()}'" for name in some])


class Staged:
    """The two files in the settings directory, and the record of what they were made with."""

    def __init__(self, path, record):
        self.directory, self.record = Path(path), Path(record)
        self.keystore, self.environment = self.directory / KEYSTORE, self.directory / ENVIRONMENT

    def read(self):
        """What the keystore was made from; empty if that is not known, or if one of the files has changed since."""
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
            same = record["files"] == self._checksums()
        except (FileNotFoundError, ValueError, KeyError):
            return {}
        return record if same else {}

    def _checksums(self):
        """The keystore's salt and the other's first line keep these from telling whether a guess is right."""
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.keystore, self.environment)
            if path.exists()
        }

    def write(self, keystore, group, password, record):
        """Replaces the files. The record is written last: without it, the next run creates them again."""
        self.record.unlink(missing_ok=True)
        os.chown(keystore, 0, group)
        keystore.chmod(0o640)
        keystore.replace(self.keystore)
        self.environment.unlink(missing_ok=True)
        if password:
            # The random line keeps the password from being guessed by a checksum of the file, which logs may show.
            text = f"# {secrets.token_hex(16)}\n" + environment_file({PASSWORD_NAME: password})
            atomic_files.write(self.environment, text)
        self.record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_files.write(self.record, json.dumps({**record, "files": self._checksums()}))

    def remove(self):
        """Removes the files."""
        for path in (self.record, self.environment, self.keystore):
            path.unlink(missing_ok=True)

    def exists(self):
        """Whether there is anything to remove."""
        return any(path.exists() for path in (self.record, self.environment, self.keystore))


def fingerprints(key, entries, password, version):
    """Keyed fingerprints that tell whether an entry has changed. Without the key they reveal nothing."""

    def of(*parts):
        return hmac.new(bytes.fromhex(key), json.dumps(parts).encode(), "sha256").hexdigest()

    return {
        "entries": {name: of("entry", name, value) for name, value in entries.items()},
        "rest": of("password and version", password, version),
    }


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "record": {"type": "path", "required": True},
            "entries": {"type": "dict", "required": True, "no_log": True},
            # Of any type: as a string, a number or null could not be told from text.
            "password": {"type": "raw", "default": "", "no_log": True},
            "version": {"type": "str", "required": True},
            "program": {"type": "path", "default": "/usr/share/logstash/bin/logstash-keystore"},
            "java_home": {"type": "str", "default": ""},
            "group": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 120},
        },
        facts=["names"],
        supports_check_mode=True,
    )
    params = module.params
    entries = {name: keystore_entries.as_text(value) for name, value in params["entries"].items()}
    params["password"] = keystore_entries.as_text(params["password"])
    fault = keystore_entries.fault(entries, params["password"], params["version"])
    if fault:
        module.fail_json(code="keystore_input_invalid", msg=fault)

    staged = Staged(params["path"], params["record"])
    before = staged.read()
    key = before.get("key") or secrets.token_hex(32)
    wanted = fingerprints(key, entries, params["password"], params["version"])
    old, new = before.get("entries", {}), wanted["entries"]
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    changed = (bool(names) or before.get("rest") != wanted["rest"]) if entries else staged.exists()
    result = {"changed": changed, "names": names}
    if module._diff:
        result["diff"] = {
            "before": "".join(f"{name}\n" for name in names if name in old),
            "after": "".join(f"{name} (new value)\n" for name in names if name in new),
        }
    if module.check_mode or not changed:
        module.exit_json(**result)
    if not entries:
        staged.remove()
        module.exit_json(**result)

    try:
        group = grp.getgrnam(params["group"]).gr_gid
    except KeyError:
        module.fail_json(
            code="account_missing",
            msg=f"There is no group {params['group']!r} on the host; install the package that creates it.",
        )
    untrusted_paths.warn_of_foreign_program(module, str(Path(params["program"]).parents[1]))
    work = staged.directory / "keystore.part"
    # Left by a run that was killed.
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(mode=0o700)
        # Without the file, the program prints a warning.
        (work / "logstash.yml").write_text("# For making a keystore only.\n", encoding="utf-8")
        make(Program(params, work), entries, params["version"])
        staged.write(work / KEYSTORE, group, params["password"], {"key": key, **wanted})
    except (KeystoreProgramError, OSError) as error:
        module.fail_json(code="keystore_failed", msg=f"The keystore was not created: {module.mask.foreign(str(error))}")
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(work)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
