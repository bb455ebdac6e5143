#!/usr/bin/python
"""Finds files that nobody manages, and says so or removes them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unmanaged_files
short_description: Report or remove files that nobody manages
description:
  - Looks for files and links in places where the deployment puts none. They are named in one warning, or removed and
    listed.
  - Folders stay, since packages own them. Links are removed themselves, never what they lead to.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  places:
    description:
      - Folders, which are looked through as a whole, and patterns of files such as C(/etc/logstash/*.conf), at least
        one. Their paths are absolute. One that does not exist is no mistake.
    type: list
    elements: path
    required: true
  state:
    description: Whether the files are V(reported) or V(absent).
    type: str
    choices: [reported, absent]
    default: reported
  way_out:
    description: What people can do about them. The end of the warning.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Says what would be removed.
  diff_mode:
    support: full
    description: Lists what is removed.
"""

EXAMPLES = r"""
- name: Look for pipeline files that are not ours
  elk.deploy.unmanaged_files:
    places: [/etc/logstash/conf.d, "/etc/logstash/*.conf"]
"""

RETURN = r"""
files:
  description: What was found, and removed if that was asked for.
  type: list
  elements: str
  returned: success
"""

import glob
import os

from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def find(places):
    """The files and links in the places, sorted. Folders that are links are taken as links, not entered."""
    found = set()
    for place in places:
        for path in glob.glob(place):
            if os.path.isdir(path) and not os.path.islink(path):
                for directory, folders, files in os.walk(path):
                    links = [name for name in folders if os.path.islink(os.path.join(directory, name))]
                    found.update(os.path.join(directory, name) for name in files + links)
            else:
                found.add(path)
    return sorted(found)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "places": {"type": "list", "elements": "path", "required": True},
            "state": {"type": "str", "choices": ["reported", "absent"], "default": "reported"},
            "way_out": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = [place for place in params["places"] if not os.path.isabs(place)]
    if wrong or not params["places"]:
        seen = f"places has {', '.join(wrong)}" if wrong else "places is empty"
        module.fail_json(
            msg=f"{seen}, so nothing would be found. Expected absolute paths of folders or patterns of files."
        )
    files = find(params["places"])
    remove = params["state"] == "absent"
    result = {"changed": remove and bool(files), "files": files}
    if files and not remove:
        module.warn(f"There are files that nobody manages: {', '.join(files)}. {params['way_out']}".strip())
    if remove and module._diff:
        result["diff"] = {"before": "".join(f"{path}\n" for path in files), "after": ""}
    if remove and not module.check_mode:
        for path in files:
            try:
                os.unlink(path)
            except OSError as error:
                module.fail_json(msg=f"{path} could not be removed: {error.strerror}. Remove it by hand.", files=files)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
