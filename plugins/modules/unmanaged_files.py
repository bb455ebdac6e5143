#!/usr/bin/python
"""Finds unmanaged files, and says so or removes them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unmanaged_files
short_description: Report or remove unmanaged files
description:
  - Looks for files and links in places where the deployment puts none. They are listed in one warning, or removed and
    listed.
  - Folders stay, since packages own them. Links themselves are removed, never their targets.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  places:
    description:
      - At least one folder, which is searched recursively, or file pattern such as C(/etc/logstash/*.conf). Paths are
        absolute. One that does not exist is not an error.
    type: list
    elements: path
    required: true
  state:
    description: Whether the files are V(reported) or V(absent).
    type: str
    choices: [reported, absent]
    default: reported
  hint:
    description: What to do about them; ends the warning.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Reports what would be removed.
  diff_mode:
    support: full
    description: Lists what was removed.
"""

EXAMPLES = r"""
- name: Look for pipeline files that are not ours
  elk.deploy.unmanaged_files:
    places: [/etc/logstash/conf.d, "/etc/logstash/*.conf"]
"""

RETURN = r"""
files:
  description: What was found, and removed with O(state=absent).
  type: list
  elements: str
  returned: success
"""

import os

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.unmanaged_files import find, remove
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "places": {"type": "list", "elements": "path", "required": True},
            "state": {"type": "str", "choices": ["reported", "absent"], "default": "reported"},
            "hint": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = [place for place in params["places"] if not os.path.isabs(place)]
    if wrong or not params["places"]:
        seen = f"places has {', '.join(wrong)}" if wrong else "places is empty"
        module.fail_json(
            code="unmanaged_places_invalid",
            msg=f"{seen}, so nothing would be found. Expected absolute paths of folders or patterns of files.",
        )
    try:
        files = find(params["places"])
    except OSError as error:
        module.fail_json(code="unmanaged_files_unreadable", msg=f"The search for unmanaged files failed: {error}")
    removes = params["state"] == "absent"
    result = {"changed": removes and bool(files), "files": files}
    if files and not removes:
        module.warn(f"Unmanaged files were found: {', '.join(files)}. {params['hint']}".strip())
    if removes and module._diff:
        result["diff"] = {"before": "".join(f"{path}\n" for path in files), "after": ""}
    if removes and not module.check_mode:
        for path in files:
            try:
                remove(path)
            except OSError as error:
                module.fail_json(
                    code="unmanaged_file_not_removed",
                    msg=f"{path} could not be removed: {error.strerror}. Remove it by hand.",
                    files=files,
                )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
