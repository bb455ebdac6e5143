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
  way_out:
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

import fnmatch
import glob
import os
import stat

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def directories(path):
    """The absolute paths of directories that a path means, each of whose steps may be a pattern."""
    above, step = os.path.split(path)
    if not step:
        return [path]
    if not glob.has_magic(path):
        return [path] if is_directory(path) else []
    found = []
    for folder in directories(above):
        with untrusted_paths.open_directory(folder) as opened:
            matching = [opened.place(name) for name in matches(opened, step)]
        found += [place for place in matching if is_directory(place)]
    return found


def is_directory(path):
    """Whether there is a directory at a path, seen through root's links; what others have linked there is none."""
    try:
        return untrusted_paths.is_directory(path)
    except untrusted_paths.UntrustedPathError:
        return False


def matches(directory, pattern):
    """The names in a directory that match a pattern as they do in a shell."""
    hidden = pattern.startswith(".")
    return [name for name in directory.names() if fnmatch.fnmatchcase(name, pattern) and (hidden or name[0] != ".")]


def find(places):
    """The files and links in the places, sorted. Folders that are links are taken as links, not entered."""
    found = set()
    for place in places:
        above, last = os.path.split(place.rstrip("/"))
        for folder in directories(above):
            with untrusted_paths.open_directory(folder) as opened:
                names = matches(opened, last) if glob.has_magic(last) else [last]
                for name in names:
                    found.update(files_of(opened, name))
    return sorted(found)


def files_of(directory, name):
    """An entry that is no folder, or all such entries below it."""
    status = directory.find(name)
    if status is None:
        return []
    if not stat.S_ISDIR(status.st_mode):
        return [directory.place(name)]
    with directory.enter(name) as folder:
        return [
            inside.place(entry)
            for inside, entry, below in untrusted_paths.walk(folder)
            if not stat.S_ISDIR(below.st_mode)
        ]


def remove(path):
    """Removes a file or a link. Raises OSError."""
    above, name = os.path.split(path)
    with untrusted_paths.open_directory(above) as folder:
        folder.unlink(name)


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
        module.warn(f"Unmanaged files were found: {', '.join(files)}. {params['way_out']}".strip())
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
