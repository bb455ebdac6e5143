#!/usr/bin/python
"""Makes the service run a version that was unpacked from an archive, or the package."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_archive_unit
short_description: Have the service run a version from an archive, or the package
description:
  - With a version, writes the unit file, and leads the link C(current) in O(root) to C(logstash-VERSION). Both are
    replaced in one step.
  - Without one, removes the unit file, which would take precedence over the package's. Before 8.0 the packages write
    theirs to the same place; that one stays.
  - systemd does not read its units again, and the service is not restarted.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The unit file.
    type: path
    required: true
  root:
    description: The directory with the versions.
    type: path
    required: true
  version:
    description: The version to run; empty for the package's.
    type: str
    default: ""
  content:
    description: The unit.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Reports what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows the unit, and where the link leads to.
"""

EXAMPLES = r"""
- name: Run a version from an archive
  elk.deploy.logstash_archive_unit:
    path: /etc/systemd/system/logstash.service
    root: /opt/logstash
    version: 9.5.2
    content: "{{ lookup('ansible.builtin.template', 'logstash.service.j2') }}"
"""

RETURN = r"""#"""

import os
import stat
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import installation
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

ROOT = (0, 0)
MODE = 0o644


def is_right(path, content):
    """Whether the unit is there, as it is to be, and root's."""
    if path.is_symlink() or not path.is_file():
        return False
    status = path.stat()
    has_mode = (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (*ROOT, MODE)
    return has_mode and path.read_bytes() == content.encode()


def write(path, content):
    """Replaces the unit in one step."""
    part = path.with_name(path.name + ".part")
    part.write_text(content, encoding="utf-8")
    os.chown(part, *ROOT)
    part.chmod(MODE)
    part.replace(path)


def switch(link, target):
    """Replaces the link by renaming another one over it."""
    part = link.with_name(f".{link.name}.part")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(link)


def text_of(path):
    """The unit that is there, for a diff."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "root": {"type": "path", "required": True},
            "version": {"type": "str", "default": ""},
            "content": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    path, link = Path(params["path"]), Path(params["root"]) / "current"
    target = f"{installation.PREFIX}{params['version']}"
    led = os.readlink(link) if link.is_symlink() else ""
    diff = []
    try:
        before = text_of(path)
        if not params["version"]:
            if installation.is_of_archive(path):
                diff.append({"before_header": str(path), "before": before, "after": ""})
                if not module.check_mode:
                    path.unlink()
        else:
            if not is_right(path, params["content"]):
                header = {"before_header": str(path), "after_header": str(path)}
                diff.append({**header, "before": before, "after": params["content"]})
                if not module.check_mode:
                    write(path, params["content"])
            if led != target:
                header = {"before_header": str(link), "after_header": str(link)}
                diff.append({**header, "before": f"{led}\n" if led else "", "after": f"{target}\n"})
                if not module.check_mode:
                    switch(link, target)
    except OSError as error:
        module.fail_json(
            code="archive_not_activated",
            msg=f"{error}. Make room on that file system, or make it writable, and run again.",
        )
    module.exit_json(changed=bool(diff), diff=diff)


if __name__ == "__main__":
    main()
