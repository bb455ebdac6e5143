#!/usr/bin/python
"""Activates a settings directory by switching one symbolic link, and restores a release in the same way."""

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_release
short_description: Switch the live settings directory in one atomic step
description:
  - Copies the named entries of a staged directory to C(releases/HASH) below the live directory, where HASH is computed
    from their names, modes and contents, and then points the link C(current) to it in one atomic step.
  - The hash is keyed with O(key), which only root can read and which is created once on each host. The name is
    world-readable, and must not help to test guesses of a secret in the files. If the key is lost, existing releases
    keep their names and can still be rolled back to; later ones are named with a new key.
  - The entries appear in the live directory as links through C(current), so that a program which reads them there sees
    either the old release or the new one, never a mixture.
  - A release whose files were edited by hand no longer matches its hash and is written again.
  - With O(release), it returns to a release that is kept, in the same step.
  - A file or folder that an entry's link replaces is kept in C(replaced), and is restored by a release without such an
    entry.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  src:
    description: The staged directory on the host. Required without O(release).
    type: path
  release:
    description: The kept release to return to.
    type: str
  dest:
    description: The live settings directory on the host.
    type: path
    required: true
  entries:
    description: The files and folders that every release consists of.
    type: list
    elements: str
    required: true
  optional:
    description: Files and folders that a release may contain. One that is not staged is not in the release.
    type: list
    elements: str
    default: []
  links:
    description:
      - Links outside O(dest), by their paths, each with the entry that it points to, such as a file that systemd reads
        elsewhere. Missing parent folders are created for root.
    type: dict
    default: {}
  group:
    description:
      - The group that may read the files. Their owner is root; their modes are those of the staged files without
        permissions for others.
    type: str
    required: true
  keep:
    description: How many releases stay in O(dest), including the live one.
    type: int
    default: 5
  key:
    description: The file on the host with the key that names releases. Its folder is accessible only to root.
    type: path
    default: /var/lib/elk-deploy/release.key
  protect:
    description: Releases that stay however old they are, such as the last known-good one.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Reports whether the live settings differ, and changes nothing.
  diff_mode:
    support: full
    description: Shows the names of the files that differ, never their contents, which may contain secrets.
"""

EXAMPLES = r"""
- name: Switch to the staged settings
  elk.deploy.settings_release:
    src: /etc/logstash/staged
    dest: /etc/logstash
    entries: [logstash.yml, pipelines.yml, pipelines]
    group: logstash

- name: Switch back to a release that is kept
  elk.deploy.settings_release:
    release: 0a1b2c3d4e5f6789
    dest: /etc/logstash
    entries: [logstash.yml, pipelines.yml, pipelines]
    group: logstash
"""

RETURN = r"""
release:
  description:
    - The keyed hash of the staged settings, which names the release. V(unnamed) for new settings in check mode on a
      host that has no key yet.
  type: str
  returned: success
previous:
  description: The release that was live before; empty if there was none.
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

import grp
import os
import shutil
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import live_settings, releases, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.live_settings import LiveSettings, is_linked
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.releases import (
    DIRECTORY_MODE,
    read_tree,
    tree_hash,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def write_release(files, directory, gid):
    """Writes a release beside its final place and renames it, so that a release that exists is always whole."""
    with atomic_files.new_directory(directory, 0o700) as part:
        make_directory(part, gid)
        for name, (mode, content) in files.items():
            for parent in reversed((part / name).relative_to(part).parents[:-1]):
                make_directory(part / parent, gid)
            atomic_files.create(part / name, content, mode, (0, gid))
        releases.note(part, {"digest": tree_hash(files)})


def make_directory(path, gid):
    """A directory of root's that the group may enter."""
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, 0, gid)
    path.chmod(DIRECTORY_MODE)


def link_entry(dest, name, gid):
    """Makes an entry the link through `current`; a file or folder that was there is kept in `replaced`."""
    if is_linked(dest, name):
        return
    path, kept = dest / name, dest / "replaced" / name
    if path.exists() and not path.is_symlink() and not kept.exists():
        make_directory(kept.parent, gid)
        if path.is_dir():
            path.rename(kept)
        else:
            shutil.copy2(path, kept)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    atomic_files.link(path, f"current/{name}")


def unlink_entry(dest, name):
    """Removes the link of an entry that the release does not have, and restores what the link once replaced."""
    if not is_linked(dest, name):
        return
    path, kept = dest / name, dest / "replaced" / name
    if kept.is_dir():
        path.unlink()
    if kept.exists():
        kept.replace(path)
    else:
        path.unlink()


def remove_old(directory, keep, wanted):
    """Removes all but the newest releases, and leftovers of killed runs. The wanted ones always stay."""
    for part in directory.glob("*.part"):
        shutil.rmtree(part)
    others = (path for path in directory.iterdir() if path.name not in wanted)
    found = sorted(others, key=lambda path: path.stat().st_mtime)
    for path in found[: max(0, len(found) - (keep - 1))]:
        shutil.rmtree(path)


def describe(files, live, wanted):
    """One line a file: whether it is added, changed or removed."""
    kinds = {(False, True): "added", (True, True): "changed", (True, False): "removed"}
    return "".join(f"{kinds[name in live, name in wanted]} {name}\n" for name in files)


def find_wanted(module, dest):
    """(files, entries) that should be live: those that are staged, or those of the given release."""
    params = module.params
    root = dest / "releases" / params["release"] if params["release"] else Path(params["src"])
    missing = [name for name in params["entries"] if not (root / name).exists()]
    if missing and params["release"]:
        kept = ", ".join(sorted(path.name for path in (dest / "releases").glob("*"))) or "none"
        module.fail_json(
            code="release_missing",
            msg=f"Release {params['release']!r} is not kept in {dest}/releases, or lacks {', '.join(missing)}. "
            f"Name one that is: {kept}.",
        )
    if missing and not module.check_mode:
        module.fail_json(
            code="settings_not_staged", msg=f"{root} has no {', '.join(missing)}; stage the settings first."
        )
    entries = live_settings.entries_of(root, params)
    files = read_tree(root, entries)
    if params["release"] and not releases.is_untouched(root, tree_hash(files)):
        module.warn(f"The files of release {params['release']} were changed since it was made.")
    return files, entries


def switch(module, dest, files, entries, release):
    """Writes the release unless it is a kept one, points to it, and makes the links of the entries agree with it."""
    params = module.params
    try:
        gid = grp.getgrnam(params["group"]).gr_gid
    except KeyError:
        module.fail_json(
            code="account_missing",
            msg=f"There is no group {params['group']!r} on the host; install the package that creates it.",
        )
    directory = dest / "releases" / release
    if not params["release"]:
        make_directory(directory.parent, gid)
        write_release(files, directory, gid)
    atomic_files.link(dest / "current", f"releases/{release}")
    for name in entries:
        link_entry(dest, name, gid)
    for name in set(params["optional"]) - set(entries):
        unlink_entry(dest, name)
    for path, name in params["links"].items():
        Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        atomic_files.link(path, f"{dest}/current/{name}")
    remove_old(directory.parent, params["keep"], {release, *params["protect"]})


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path"},
            "release": {"type": "str"},
            **live_settings.OPTIONS,
            "group": {"type": "str", "required": True},
            "keep": {"type": "int", "default": 5},
            "protect": {"type": "list", "elements": "str", "default": []},
        },
        mutually_exclusive=[["src", "release"]],
        required_one_of=[["src", "release"]],
        facts=["release", "previous"],
        supports_check_mode=True,
    )
    params = module.params
    dest = Path(params["dest"])
    wanted, entries = find_wanted(module, dest)

    live = LiveSettings(params)
    try:
        key_of = releases.read_key if module.check_mode else releases.make_key
        release = params["release"] or live.name_of(wanted, lambda: key_of(params["key"]))
    except OSError as error:
        module.fail_json(
            code="release_key_not_written",
            msg=f"The key that names releases cannot be kept in {params['key']}: {error}. Make room on that file "
            "system, or make it writable, and run again.",
        )
    differs, files = live.compare(wanted, entries, release)
    result = {"release": release, "previous": live.release, "differs": differs, "files": files}
    result["changed"] = result["differs"]
    if module._diff:
        result["diff"] = {"prepared": describe(files, live.files, wanted)}
    if not result["changed"] or module.check_mode:
        module.exit_json(**result)
    try:
        untrusted_paths.check_roots_own(
            str(dest), "root writes the settings there, and systemd takes what the service runs from them"
        )
        switch(module, dest, wanted, entries, release)
    except untrusted_paths.UntrustedPathError as error:
        module.fail_json(code="settings_refused", msg=f"Release {release} of the settings was not made live: {error}")
    except OSError as error:
        module.fail_json(
            code="settings_not_activated",
            msg=f"Release {release} of the settings could not be made live in {dest}: {error}. Make room on that file "
            "system, or make it writable, and run again.",
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
