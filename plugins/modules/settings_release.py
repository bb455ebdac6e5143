#!/usr/bin/python
"""Makes a staged settings directory live with one switch of a symbolic link."""

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_release
short_description: Make a staged settings directory live with one switch
description:
  - Copies the named entries of a staged directory into C(releases/HASH) below the live directory, HASH being computed
    from their names and contents, and then points the link C(current) to it in one atomic step.
  - The entries appear in the live directory as links through C(current), so that a program which reads them there sees
    either the old release or the new one, never a mixture.
  - A release whose files were edited by hand no longer has its hash and is written again.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description: The staged directory on the host.
    type: path
    required: true
  dest:
    description: The live settings directory on the host.
    type: path
    required: true
  entries:
    description: The files and folders of O(src) that a release consists of.
    type: list
    elements: str
    required: true
  group:
    description: The group that may read the files; their owner is root, their mode 0640.
    type: str
    required: true
  keep:
    description: How many releases stay in O(dest), the live one included.
    type: int
    default: 5
attributes:
  check_mode:
    support: full
    description: Says whether the live settings differ, and changes nothing.
  diff_mode:
    support: full
    description: Shows the names of the files that differ.
"""

EXAMPLES = r"""
- name: Switch to the staged settings
  elk.deploy.settings_release:
    src: /etc/logstash/staged
    dest: /etc/logstash
    entries: [logstash.yml, pipelines.yml, pipelines]
    group: logstash
"""

RETURN = r"""
release:
  description: The hash of the staged settings, which names the release.
  type: str
  returned: success
previous:
  description: The release that was live before, empty when there was none.
  type: str
  returned: success
differs:
  description: Whether the live settings differed from the staged ones.
  type: bool
  returned: success
files:
  description: The files that were added, changed or removed.
  type: list
  elements: str
  returned: success
"""

import contextlib
import grp
import hashlib
import os
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DIRECTORY_MODE = 0o750
FILE_MODE = 0o640


def read_tree(root, entries):
    """The regular files below the entries of a directory, as {relative path: bytes}; what is missing is left out."""
    root = Path(root)
    files = {}
    for entry in entries:
        path = root / entry
        if path.is_file():
            files[entry] = path.read_bytes()
        elif path.is_dir():
            for file in path.rglob("*"):
                if file.is_file():
                    files[str(file.relative_to(root))] = file.read_bytes()
    return files


def tree_hash(files):
    """Sixteen hex digits that change with any name or content. Lengths keep names and contents apart."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


def write_release(files, directory, gid):
    """Writes a release beside its final place and renames it, so that a release that exists is always whole."""
    part = directory.with_name(directory.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    make_directory(part, gid)
    for name, content in files.items():
        for parent in reversed((part / name).relative_to(part).parents[:-1]):
            make_directory(part / parent, gid)
        with (part / name).open("wb") as file:
            os.fchown(file.fileno(), 0, gid)
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    if directory.exists():
        shutil.rmtree(directory)
    part.rename(directory)


def make_directory(path, gid):
    """A directory of root's that the group may enter."""
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, 0, gid)
    path.chmod(DIRECTORY_MODE)


def point(link, target):
    """Points a link to a target in one step, replacing what was there."""
    part = link.with_name(link.name + ".part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    part.symlink_to(target)
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    part.replace(link)


def remove_old(releases, keep, live):
    """Removes all but the newest releases; the live one always stays."""
    found = sorted((path for path in releases.iterdir() if path != live), key=lambda path: path.stat().st_mtime)
    for path in found[: max(0, len(found) - (keep - 1))]:
        shutil.rmtree(path)


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "dest": {"type": "path", "required": True},
            "entries": {"type": "list", "elements": "str", "required": True},
            "group": {"type": "str", "required": True},
            "keep": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    dest = Path(params["dest"])
    entries = params["entries"]
    staged = read_tree(params["src"], entries)
    missing = [name for name in entries if not (Path(params["src"]) / name).exists()]
    if missing and not module.check_mode:
        module.fail_json(msg=f"{params['src']} has no {', '.join(missing)}; stage the settings first.")

    current = dest / "current"
    live = read_tree(current, entries)
    linked = all((dest / name).is_symlink() and os.readlink(dest / name) == f"current/{name}" for name in entries)
    files = sorted(name for name in staged.keys() | live.keys() if staged.get(name) != live.get(name))
    result = {
        "release": tree_hash(staged),
        "previous": current.resolve().name if current.is_symlink() else "",
        "differs": bool(files) or not linked or not staged,
        "files": files,
    }
    result["changed"] = result["differs"]
    if module._diff:
        result["diff"] = {
            "before": "".join(f"{name} {tree_hash({name: live[name]})}\n" for name in files if name in live),
            "after": "".join(f"{name} {tree_hash({name: staged[name]})}\n" for name in files if name in staged),
        }
    if not result["changed"] or module.check_mode:
        module.exit_json(**result)

    try:
        gid = grp.getgrnam(params["group"]).gr_gid
    except KeyError:
        module.fail_json(msg=f"There is no group {params['group']!r} on the host; install the package that makes it.")
    release = dest / "releases" / result["release"]
    make_directory(release.parent, gid)
    write_release(staged, release, gid)
    point(current, f"releases/{release.name}")
    for name in entries:
        point(dest / name, f"current/{name}")
    remove_old(release.parent, params["keep"], release)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
