#!/usr/bin/python
"""Makes a directory contain exactly the files that the action of the same name made on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_directory
short_description: Write exactly the given files to a directory, readable only by its owner and group
description:
  - Renders every file on the control node - texts, files as they are, templates with C(#{Tokens}) - and sends them to
    the host in one step. Anything else in the directory is removed.
  - Files have mode 0640, folders 0750. The difference of each file is shown, unless it is marked secret or contains a
    value of a sensitive variable, or one that is encrypted with Ansible Vault, in whatever form. Hosts remember which
    files these are, so that former secrets are not shown either. For a file written before this was recorded, that is
    unknown.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  path:
    description: The directory.
    type: path
    required: true
  owner:
    description: The owner of the directory, its folders and files. By default, whoever creates them.
    type: str
  group:
    description: Their group.
    type: str
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The file's path below O(path).
        type: str
        required: true
      content:
        description: The file's content.
        type: str
      src:
        description: A file on the control node, copied as it is, and decrypted if it is encrypted with Vault.
        type: str
      template:
        description: A file on the control node whose C(#{Tokens}) are substituted.
        type: str
      secret:
        description: Whether the content must never be shown.
        type: bool
        default: false
      pipeline:
        description:
          - Whether the template is a Logstash pipeline. A value that would end the string around its token, or be read
            as a part of the pipeline, then fails the task.
        type: bool
        default: false
  leave:
    description: Names at the top of O(path) that stay, since something else creates them.
    type: list
    elements: str
    default: []
  placeholders:
    description:
      - Whether secrets in the files are replaced with placeholders such as C(<secret Db.Password>), for files that
        people read. A file that is secret as a whole contains only its placeholder.
    type: bool
    default: false
  record:
    description: Another file on the host for the record of secret files, as for M(elk.deploy.secret_files).
    type: path
  live:
    description:
      - Compares the directory with the live settings afterwards, as M(elk.deploy.settings_release) does in check mode,
        for RV(comparison). The options are those of that module, and mean the same.
    type: dict
    suboptions:
      dest:
        description: The live settings directory.
        type: path
        required: true
      entries:
        description: What every release has.
        type: list
        elements: str
        required: true
      optional:
        description: What a release may have.
        type: list
        elements: str
        default: []
      links:
        description: Links outside of the live directory.
        type: dict
        default: {}
      key:
        description: The file with the key that names releases.
        type: path
        default: /var/lib/elk-deploy/release.key
  bundle:
    description: For internal use by the action - the file that it has sent to the host.
    type: path
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
  - elk.deploy.masking
attributes:
  check_mode:
    support: full
    description: Reports what would change, even if the directory does not exist yet.
  diff_mode:
    support: full
    description: Shows the difference of every file that is not secret.
"""

EXAMPLES = r"""
- name: Write the settings directory
  elk.deploy.settings_directory:
    path: /etc/logstash/staged
    owner: root
    group: logstash
    files:
      - {name: logstash.yml, content: "path.data: /var/lib/logstash\n"}
      - {name: pipelines/broker/10-input.conf, template: broker/input.conf}
      - {name: tls/broker.key, content: "{{ vault_broker_key }}", secret: true}
"""

RETURN = r"""
files:
  description: What was written, or got another owner or mode.
  type: list
  elements: str
  returned: success
removed:
  description: What was removed.
  type: list
  elements: str
  returned: success
left:
  description: What is there of O(leave).
  type: list
  elements: str
  returned: success
comparison:
  description:
    - How the directory differs from the live settings, as C(release), C(previous) and C(differs) of
      M(elk.deploy.settings_release). In check mode it is that of the directory as it was before.
  type: dict
  returned: success, with O(live)
"""

import base64
import grp
import json
import os
import pwd
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import live_settings, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.secret_files import SecretFiles

DIRECTORY_MODE = 0o750
FILE_MODE = 0o640


@dataclass
class Plan:
    """What has to be done to a directory."""

    make: list = field(default_factory=list)
    write: list = field(default_factory=list)
    remove: list = field(default_factory=list)


def is_right(path, wanted_type, mode, uid, gid):
    """Whether a path has this type, mode and owner. An owner of None matches any."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return (
        stat.S_IFMT(found.st_mode) == wanted_type
        and stat.S_IMODE(found.st_mode) == mode
        and uid in (None, found.st_uid)
        and gid in (None, found.st_gid)
    )


def make_plan(root, files, uid, gid, leave=()):
    """Compares a directory with its desired files, as {relative path: content}. Ignores those in ``leave``."""
    folders = {""} | {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
    plan = Plan()
    for name in sorted(folders):
        if not is_right(root / name, stat.S_IFDIR, DIRECTORY_MODE, uid, gid):
            plan.make.append(name)
    for name, content in files.items():
        path = root / name
        led_away = any((root / parent).is_symlink() for parent in Path(name).parents)
        if led_away or not is_right(path, stat.S_IFREG, FILE_MODE, uid, gid) or path.read_bytes() != content:
            plan.write.append(name)
    for directory, inside, others in os.walk(root):
        for name in list(inside):
            found = str((Path(directory) / name).relative_to(root))
            if found not in folders:
                plan.remove.append(found)
                inside.remove(name)
        paths = (str((Path(directory) / name).relative_to(root)) for name in others)
        plan.remove.extend(path for path in paths if path not in files and path not in leave)
    return plan


def carry_out(root, plan, files, uid, gid):
    """Carries out the plan."""
    for name in plan.remove:
        remove(root / name)
    for name in plan.make:
        path = root / name
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        own(path, uid, gid)
        path.chmod(DIRECTORY_MODE)
    for name in plan.write:
        write(root / name, files[name], uid, gid)


def remove(path):
    """Removes a file, a link or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def write(path, content, uid, gid):
    """Writes a file that is never readable for others, and appears complete."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    atomic_files.write(path, content, FILE_MODE, (-1 if uid is None else uid, -1 if gid is None else gid))


def own(path, uid, gid):
    """Sets owner and group, unless they are None."""
    if uid is not None or gid is not None:
        os.chown(path, -1 if uid is None else uid, -1 if gid is None else gid)


def why_hidden(path, was_secret):
    """Why the current content must not be shown; empty if it may be."""
    if not path.is_file():
        return ""
    secret = was_secret(path)
    if secret is None:
        return "it is not known whether what is there now has secrets"
    return "what is there now has secrets" if secret else ""


def differences(root, plan, files, hidden, was_secret):
    """The differences to show: one for each file, or the reason why it is not shown."""
    shown = [{"prepared": f"folder {name or '.'}\n"} for name in plan.make]
    for name in plan.write:
        if hidden[name]:
            shown.append({"prepared": f"Not shown: {name} ({hidden[name]})\n"})
            continue
        path = root / name
        reason = why_hidden(path, was_secret)
        if reason:
            shown.append({"prepared": f"Not shown: {name} ({reason})\n"})
            continue
        before = path.read_bytes() if path.is_file() else b""
        shown.append(
            {
                "before_header": name,
                "after_header": name,
                "before": before.decode("utf-8", "replace"),
                "after": files[name].decode("utf-8", "replace"),
            }
        )
    return shown + [{"prepared": f"removed {name}\n"} for name in plan.remove]


def remember(record, root, plan, hidden):
    """Writes down, before anything is written, what has secrets from then on; what has none any more, afterwards."""
    record.note(
        {root / name: True for name, why in hidden.items() if why} | {root / name: None for name in plan.remove}
    )


def find_account(module, kind, name, find):
    """The number of a user or group. A check run before the first installation has none yet."""
    if name is None:
        return None
    try:
        return find(name)
    except KeyError:
        if module.check_mode:
            return -1
        module.fail_json(
            code="account_missing", msg=f"There is no {kind} {name!r} on the host; install the package that creates it."
        )


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "leave": {"type": "list", "elements": "str", "default": []},
            "bundle": {"type": "path"},
            "record": {"type": "path"},
            "live": {"type": "dict", "options": live_settings.OPTIONS},
        },
        facts=["comparison"],
        supports_check_mode=True,
    )
    params = module.params
    root = Path(params["path"])
    bundle = json.loads(Path(params["bundle"]).read_text(encoding="utf-8"))
    files = {file["name"]: base64.b64decode(file["content"]) for file in bundle}
    outside = [name for name in files if os.path.isabs(name) or ".." in Path(name).parts]
    if outside:
        module.fail_json(code="settings_path_invalid", msg=f"{outside[0]!r} leads out of {root}; give a path below it.")
    uid = find_account(module, "user", params["owner"], lambda name: pwd.getpwnam(name).pw_uid)
    gid = find_account(module, "group", params["group"], lambda name: grp.getgrnam(name).gr_gid)
    hidden = {file["name"]: file["hidden"] for file in bundle}
    record = SecretFiles(params["record"])
    try:
        if uid == 0:
            untrusted_paths.check_roots_own(
                str(root), "root writes the settings there, and systemd takes what the service runs from them"
            )
        plan = make_plan(root, files, uid, gid, params["leave"])
        result = {
            "changed": bool(plan.make or plan.write or plan.remove),
            "files": plan.write,
            "removed": sorted(plan.remove),
            "left": [name for name in params["leave"] if os.path.lexists(root / name)],
        }
        if module._diff:
            result["diff"] = differences(root, plan, files, hidden, record.is_secret)
        if not module.check_mode:
            remember(record, root, plan, hidden)
            carry_out(root, plan, files, uid, gid)
            record.note({root / name: bool(hidden[name]) for name in files})
        if params["live"]:
            result["comparison"] = live_settings.compare_staged(root, params["live"])
    except untrusted_paths.UntrustedPathError as error:
        module.fail_json(code="settings_refused", msg=f"The settings were not written: {error}")
    except OSError as error:
        module.fail_json(
            code="settings_not_written",
            msg=f"The settings could not be written to {root}: {error}. Make room on that file "
            "system, or make it writable, and run again.",
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
