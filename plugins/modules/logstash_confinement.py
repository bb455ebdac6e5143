#!/usr/bin/python
"""Finds what pipelines need and the confined service does not have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_confinement
short_description: Check that the confinement of the unit leaves the pipelines what they need
description:
  - A confined service may not listen on low ports or reach the metadata of a cloud instance unless it is allowed to.
    Logstash starts anyway, and the plugin fails again and again. So this is checked first.
  - Low ports are those below the host's C(net.ipv4.ip_unprivileged_port_start), usually 1024. This checks the ports in
    O(ports) and those that inputs name literally, TCP and UDP.
  - Cloud plugins without keys - in their settings, in the environment of the service, or in C(.aws/credentials) in its
    home - ask the metadata for those of the instance's role. Pipelines that name the metadata address need it too, and
    so does a host that resolves names through that address.
  - A setting such as C(last_run_metadata_path) or C(sincedb_path) may name a place that is read-only for a confined
    service, or that disappears with it, such as its private C(/tmp). Logstash runs anyway, and reads events twice. The
    literal values count.
  - Fails with all of it at once, with file and line where it has them.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The folder with the pipeline files.
    type: path
    required: true
  ports:
    description: Further ports, each with C(port), and C(variable), the variable it comes from.
    type: list
    elements: dict
    default: []
  low_ports:
    description: Whether the service may listen on low ports.
    type: bool
    required: true
  instance_role:
    description: Whether the service may reach the metadata.
    type: bool
    required: true
  user:
    description: The user that the service runs as.
    type: str
    required: true
  writable:
    description: The directories that the service may write to.
    type: list
    elements: path
    required: true
  environment_files:
    description: The files that the service's environment is read from, in this order. Missing files are skipped.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    support: full
    description: Only reads.
"""

EXAMPLES = r"""
- name: Check that the confinement leaves the pipelines what they need
  elk.deploy.logstash_confinement:
    path: /etc/logstash/staged/pipelines
    ports: [{variable: logstash_api_port, port: 9600}]
    low_ports: false
    instance_role: false
    user: logstash
    writable: [/var/lib/logstash, /var/log/logstash]
    environment_files: [/etc/default/logstash, /etc/logstash/staged/environment]
"""

RETURN = r"""
low:
  description: What needs low ports.
  type: list
  elements: str
  returned: always
metadata:
  description: What needs the instance metadata.
  type: list
  elements: str
  returned: always
positions:
  description: The settings that name a place for a read position where the service cannot write, with file and line.
  type: list
  elements: str
  returned: always
"""

import os
import pwd
import re
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    environment,
    pipeline_plugins,
    service_manager,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.messages import coded

ROOT = "/"
# Settings of bundled plugins that name a file which counts after a restart.
POSITION = re.compile(
    r"""^[^#\n]*?\b(sincedb_path|last_run_metadata_path|sequence_path|aggregate_maps_path)\s*=>\s*(["'])(/.*?)\2""",
    re.MULTILINE,
)
NOWHERE = "/dev/null"
# A confined service has these to itself, and they go when it stops.
PRIVATE = ("/tmp", "/var/tmp")  # noqa: S108 - named, not used


def pipelines(folder):
    """(name, text) of each file of a pipeline."""
    for file in sorted(Path(folder).rglob("*.conf")):
        yield f"pipelines/{file.relative_to(folder)}", file.read_text(encoding="utf-8", errors="replace")


def find_low(files, ports, first_open):
    """What needs ports below the first one that is open to all."""
    for entry in ports:
        if 0 < int(entry["port"]) < first_open:
            yield f"{entry['variable']} has {entry['port']}"
    for name, text in files:
        for plugin in pipeline_plugins.find(text):
            port = pipeline_plugins.port_of(plugin)
            if port and port < first_open:
                yield f"{name}: the input {plugin.name} listens on {port}"


def has_keys(files, user, root):
    """Whether the service's process has keys of a cloud from elsewhere."""
    variables = environment.read(files)
    if any(variables.get(name) for name in pipeline_plugins.KEY_VARIABLES):
        return True
    try:
        home = variables.get("HOME") or pwd.getpwnam(user).pw_dir
    except KeyError:
        return False
    try:
        untrusted_paths.status_of(str(Path(root) / home.lstrip("/") / ".aws/credentials"))
    except FileNotFoundError:
        return False
    except OSError:
        # A link of the user's, say: where it leads to is not looked at.
        return True
    return True


def find_metadata(files, keys, root):
    """What needs the metadata of the instance."""
    for name, text in files:
        if pipeline_plugins.METADATA.search(text):
            yield f"{name} names its address"
        for plugin in pipeline_plugins.find(text):
            if not keys and pipeline_plugins.asks_for_keys(plugin):
                yield f"{name}: the {plugin.section} {plugin.name} is given no keys"
    try:
        resolver = (Path(root) / "etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for address in re.findall(r"^\s*nameserver\s+(\S+)", resolver, re.MULTILINE):
        if pipeline_plugins.METADATA.fullmatch(address):
            yield f"/etc/resolv.conf has names resolved by {address}"


def find_positions(files, writable):
    """The settings of all pipeline files that name a place outside of the writable directories."""
    allowed = [os.path.realpath(path) for path in writable if path not in PRIVATE]
    for name, text in files:
        for match in POSITION.finditer(text):
            path = match[3]
            real = os.path.realpath(path)
            inside = any(real == root or real.startswith(root.rstrip("/") + "/") for root in allowed)
            if path != NOWHERE and "${" not in path and not inside:
                line = text.count("\n", 0, match.start(1)) + 1
                yield f"{name}:{line}: {match[1]} => {path}"


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "ports": {"type": "list", "elements": "dict", "default": []},
            "low_ports": {"type": "bool", "required": True},
            "instance_role": {"type": "bool", "required": True},
            "user": {"type": "str", "required": True},
            "writable": {"type": "list", "elements": "path", "required": True},
            "environment_files": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    files = list(pipelines(params["path"]))
    first_open = service_manager.first_open_port(ROOT)
    keys = has_keys(params["environment_files"], params["user"], ROOT)
    low = list(dict.fromkeys(find_low(files, params["ports"], first_open)))
    metadata = list(dict.fromkeys(find_metadata(files, keys, ROOT)))
    positions = list(find_positions(files, params["writable"]))
    said = []
    if positions:
        said.append(
            coded(
                "position_file_blocked",
                "The confined service cannot write its read position there, and would read events twice: "
                f"{'; '.join(positions)}. Name a file below logstash_path_data, and move the one that is there now; or "
                "add its directory, unless it is a temporary one, to logstash_write_paths.",
            )
        )
    if low and not params["low_ports"]:
        said.append(
            coded(
                "low_port_blocked",
                f"The confined service may not listen on ports below {first_open}: {'; '.join(low)}. Set "
                "logstash_low_ports to true, which grants it that one capability, without a user namespace of its "
                "own, or choose a higher port.",
            )
        )
    if metadata and not params["instance_role"]:
        said.append(
            coded(
                "instance_role_blocked",
                "The confined service cannot reach the instance metadata (169.254.169.254): "
                f"{'; '.join(metadata)}. Set logstash_instance_role to true, which lets every plugin use the "
                "instance's role, or give these plugins keys, for example from the keystore.",
            )
        )
    if said:
        module.fail_json(msg="\n".join(said), low=low, metadata=metadata, positions=positions)
    module.exit_json(changed=False, low=low, metadata=metadata, positions=positions)


if __name__ == "__main__":
    main()
