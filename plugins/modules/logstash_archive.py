#!/usr/bin/python
"""Unpacks an archive of Logstash beside the versions that are there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_archive
short_description: Unpack an archive of Logstash beside the versions that are already there
description:
  - Unpacks the tar.gz into O(root)/C(logstash-VERSION), which appears completely or not at all. The running version is
    not touched.
  - As the packages do, creates the service's user with its group, O(settings) and the file of the service's
    environment, where they are missing.
  - As the packages do, copies its settings files, such as C(jvm.options) and C(log4j2.properties), to O(settings) if
    there is no file of that name, or only another version's unchanged one.
  - Removes all other versions except those in O(keep), the one that the link C(current) points to, and the one that was
    unpacked before this one. Removes O(file) once it is unpacked.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  file:
    description: The archive on the host.
    type: path
    required: true
  version:
    description: The version of Logstash that the archive must contain.
    type: str
    required: true
  root:
    description: The directory with the versions.
    type: path
    required: true
  settings:
    description: The settings directory of the service.
    type: path
    required: true
  user:
    description: The user of the service.
    type: str
    required: true
  group:
    description: The user's group.
    type: str
    required: true
  environment:
    description: The file of the service's environment.
    type: path
    default: /etc/default/logstash
  exclude:
    description: Names of settings files that are not copied.
    type: list
    elements: str
    default: []
  keep:
    description: Versions that are kept in addition to this one.
    type: list
    elements: str
    default: []
  origin:
    description: How messages name the source of the archive.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Says what would be created and unpacked, and changes nothing.
  diff_mode:
    support: full
    description: Shows the directories, the user, the group and the version that appear.
"""

EXAMPLES = r"""
- name: Unpack the desired version
  elk.deploy.logstash_archive:
    file: /var/cache/elk-deploy/logstash-9.5.2.tar.gz
    version: 9.5.2
    root: /opt/logstash
    settings: /etc/logstash
    user: logstash
    group: logstash
    exclude: [logstash.yml, pipelines.yml]
    origin: https://packages.example.com/logstash-9.5.2-linux-x86_64.tar.gz
"""

RETURN = r"""
path:
  description: The directory of the version.
  type: str
  returned: success
settings:
  description: The settings files that were copied.
  type: list
  elements: str
  returned: success
removed:
  description: The versions that were removed.
  type: list
  elements: str
  returned: success
"""

import os
import shutil
import stat
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import accounts
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

PREFIX = "logstash-"
OUTPUT_LINES = 8
ROOT = (0, 0)
DIRECTORY = 0o755


class ArchiveError(Exception):
    """The archive cannot be used; the message says why, and what to do."""


def prepare(module):
    """Creates what a package creates, and returns what that is, a line each. Raises AccountNotMadeError, OSError."""
    params = module.params
    missing = accounts.missing(params["user"], params["group"])
    lines = [f"{kind} {params[kind]}" for kind in missing]
    environment = Path(params["environment"])
    if missing and not module.check_mode:
        accounts.make(module.run_command, params["user"], params["group"], params["root"])
    for path in (Path(params["root"]), Path(params["settings"]), environment.parent):
        if is_right(path):
            continue
        lines.append(f"directory {path}")
        if not module.check_mode:
            for made in [*reversed(path.parents), path]:
                if not made.is_dir():
                    made.mkdir()
                    made.chmod(DIRECTORY)
            os.chown(path, *ROOT)
            path.chmod(DIRECTORY)
    if not os.path.lexists(environment):
        lines.append(f"file {environment}")
        if not module.check_mode:
            environment.write_text("# Environment of the service logstash.\n", encoding="utf-8")
            environment.chmod(0o644)
    return lines


def is_right(path):
    """Whether a directory is there, and root's."""
    if not path.is_dir():
        return False
    status = path.stat()
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (*ROOT, DIRECTORY)


def unpack(run, file, target, origin):
    """Unpacks an archive to a directory that appears whole. Raises ArchiveError."""
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        command = ["tar", "--extract", "--gzip", "--no-same-owner", f"--file={file}", f"--directory={part}"]
        code, output, errors = run(command)
        if code:
            tail = "\n".join((output + errors).strip().splitlines()[-OUTPUT_LINES:])
            raise ArchiveError(f"{origin} could not be unpacked to {target.parent}: {tail}")
        found = sorted(path.name for path in part.iterdir())
        if not (part / target.name / "bin/logstash").is_file():
            raise ArchiveError(
                f'logstash_version is "{target.name[len(PREFIX) :]}", but {origin} holds {", ".join(found[:5])!r}; '
                f"expected {target.name}/bin/logstash. Set the version that the archive has, or name its archive."
            )
        (part / target.name).chmod(0o755)
        # The archive's own time would say when it was made; which version was unpacked last is what is asked later.
        os.utime(part / target.name)
        (part / target.name).rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def bring_settings(version, others, settings, exclude):
    """Copies the settings files of a version, where none is there or it is another version's unchanged one."""
    brought = []
    for source in sorted((version / "config").glob("*")):
        target = settings / source.name
        if not source.is_file() or source.name in exclude or target.is_symlink():
            continue
        content = source.read_bytes()
        if target.exists():
            shipped = [
                path.read_bytes() for path in (other / "config" / source.name for other in others) if path.is_file()
            ]
            if target.read_bytes() == content or target.read_bytes() not in shipped:
                continue
        atomic_files.write(target, content, 0o644)
        brought.append(source.name)
    return brought


def find_old(others, target, link, keep):
    """The versions that are needed neither by the service nor by a rollback."""
    kept = {f"{PREFIX}{version}" for version in keep}
    current = os.readlink(link) if link.is_symlink() else target.name
    if current == target.name and others:
        current = max(others, key=lambda path: path.stat().st_mtime).name
    return [path for path in others if path.name not in kept | {current}]


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "file": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "root": {"type": "path", "required": True},
            "settings": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "environment": {"type": "path", "default": "/etc/default/logstash"},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "keep": {"type": "list", "elements": "str", "default": []},
            "origin": {"type": "str", "required": True},
        },
        facts=["path", "settings", "removed"],
        supports_check_mode=True,
    )
    params = module.params
    root = Path(params["root"])
    target = root / f"{PREFIX}{params['version']}"
    unpacks = not target.exists()
    try:
        created = prepare(module)
        if unpacks and not module.check_mode:
            unpack(module.run_command, params["file"], target, params["origin"])
            Path(params["file"]).unlink()
    except accounts.AccountNotMadeError as error:
        module.fail_json(code="account_missing", msg=f"{error} Create it, and run again.")
    except (ArchiveError, OSError) as error:
        # It quotes programs, which may name an address with its password.
        module.fail_json(code="archive_not_unpacked", msg=module.mask.foreign(str(error)))
    created += [f"version {params['version']}"] if unpacks else []
    diff = {"before": "", "after": "".join(f"{line}\n" for line in created)}
    if module.check_mode:
        module.exit_json(changed=bool(created), path=str(target), settings=[], removed=[], diff=diff)
    others = [path for path in root.glob(PREFIX + "*") if path.is_dir() and path != target]
    brought = bring_settings(target, others, Path(params["settings"]), params["exclude"])
    old = find_old(others, target, root / "current", params["keep"])
    for path in old:
        shutil.rmtree(path)
    module.exit_json(
        changed=bool(created or brought or old),
        diff=diff,
        path=str(target),
        settings=brought,
        removed=[path.name[len(PREFIX) :] for path in old],
    )


if __name__ == "__main__":
    main()
