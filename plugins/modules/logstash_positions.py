#!/usr/bin/python
"""Finds inputs that are to keep how far they have read where the service cannot write."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_positions
short_description: Check that inputs can save how far they have read
description:
  - A setting such as C(last_run_metadata_path) or C(sincedb_path) may name a place that is read-only for a confined
    service, or that disappears with it, such as its private C(/tmp). Logstash runs anyway, and reads events twice.
  - Looks at the literal values in pipeline files, and fails with file and line. Changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The folder with the pipeline files.
    type: path
    required: true
  writable:
    description: The directories that the service may write to.
    type: list
    elements: path
    required: true
attributes:
  check_mode:
    support: full
    description: Only reads.
"""

EXAMPLES = r"""
- name: Check where inputs keep how far they have read
  elk.deploy.logstash_positions:
    path: /etc/logstash/staged/pipelines
    writable: [/var/lib/logstash, /var/log/logstash]
"""

RETURN = r"""
found:
  description: The settings that name such a place, each with C(file), C(line), C(setting) and C(path).
  type: list
  elements: dict
  returned: always
"""

import os
import re
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

# Settings of bundled plugins that name a file which counts after a restart.
SETTING = re.compile(
    r"""^[^#\n]*?\b(sincedb_path|last_run_metadata_path|sequence_path|aggregate_maps_path)\s*=>\s*(["'])(/.*?)\2""",
    re.MULTILINE,
)
NOWHERE = "/dev/null"
# A confined service has these to itself, and they go when it stops.
PRIVATE = ("/tmp", "/var/tmp")  # noqa: S108 - named, not used


def find(folder, writable):
    """The settings of all pipeline files that name a place outside of the writable directories."""
    allowed = [os.path.realpath(path) for path in writable if path not in PRIVATE]
    for file in sorted(Path(folder).rglob("*.conf")):
        text = file.read_text(encoding="utf-8", errors="replace")
        for match in SETTING.finditer(text):
            path = match[3]
            real = os.path.realpath(path)
            inside = any(real == root or real.startswith(root.rstrip("/") + "/") for root in allowed)
            if path != NOWHERE and "${" not in path and not inside:
                line = text.count("\n", 0, match.start(1)) + 1
                name = str(file.relative_to(folder))
                yield {"file": name, "line": line, "setting": match[1], "path": path}


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "writable": {"type": "list", "elements": "path", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    found = list(find(params["path"], params["writable"]))
    if found:
        what = "; ".join(f"pipelines/{one['file']}:{one['line']}: {one['setting']} => {one['path']}" for one in found)
        module.fail_json(
            code="position_file_blocked",
            msg=f"The confined service cannot write its read position there, and would read events twice: {what}. "
            "Name a file below logstash_path_data, and move the one that is there now; or add its directory, unless it "
            "is a temporary one, to logstash_write_paths.",
            found=found,
        )
    module.exit_json(changed=False, found=[])


if __name__ == "__main__":
    main()
