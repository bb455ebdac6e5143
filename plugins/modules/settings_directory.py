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
    description: For internal use by the action - the files, as JSON. Never logged or shown.
    type: str
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
import json
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import live_settings
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.settings_directory import (
    Directory,
    SettingsDirectoryError,
    SettingsFile,
    ensure,
)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "leave": {"type": "list", "elements": "str", "default": []},
            "bundle": {"type": "str", "no_log": True},
            "record": {"type": "path"},
            "live": {"type": "dict", "options": live_settings.OPTIONS},
        },
        facts=["comparison"],
        supports_check_mode=True,
    )
    params = module.params
    # As a whole it is in no message, and a mask for it would be large. The option is hidden all the same.
    module.no_log_values.discard(params["bundle"])
    bundle = json.loads(params["bundle"])
    files = {file["name"]: SettingsFile(base64.b64decode(file["content"]), file["hidden"]) for file in bundle}
    options = {name: params[name] for name in ("owner", "group", "leave", "record")}
    try:
        result = ensure(Directory(Path(params["path"]), files, **options), check=module.check_mode, diff=module._diff)
        if params["live"]:
            result["comparison"] = live_settings.compare_staged(params["path"], params["live"])
    except SettingsDirectoryError as error:
        module.fail_json(code=error.code, msg=str(error))
    except OSError as error:
        module.fail_json(
            code="settings_not_written",
            msg=f"The settings in {params['path']} could not be compared with the live ones: {error}. Repair that file "
            "system, and run again.",
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
