#!/usr/bin/python
"""Makes the directories that Logstash writes to, and repairs the owners of what it made there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_directories
short_description: Create the directories that Logstash writes to and repair wrong owners in them
description:
  - Logstash refuses to start if it cannot write to one of its directories, and creates a missing one only where it is
    allowed to. Its configuration test, run as root, leaves queues that belong to root.
  - Creates every directory with this owner, group and mode. Missing parent directories belong to root.
  - Checks, as the user, that it can write to them, and load native libraries from the one for V(tmp).
  - Repairs the owner of the directories, and of files in them that Logstash is known to create, one by one. Anything
    else with a wrong owner is reported and left alone.
  - Follows a symbolic link only if root made it, and a link in another user's directory only to a directory of that
    same user. A file with several hard links is left alone.
  - Repairs are safe while Logstash runs. It continues to use the files it has open.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  directories:
    description: The directories, parents first.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The directory.
        type: path
        required: true
      holds:
        description: What Logstash keeps in it, which decides which files it is known to create there.
        type: str
        choices: [data, queues, queue, dead_letter_queues, dead_letter_queue, logs, tmp]
        required: true
      variable:
        description: The variable that sets the path, for messages.
        type: str
        default: ""
  user:
    description: The user that Logstash runs as.
    type: str
    required: true
  group:
    description: The group of the directories.
    type: str
    required: true
  mode:
    description: The mode of the directories.
    type: str
    default: "0750"
attributes:
  check_mode:
    support: full
    description: Says what it would create and repair.
  diff_mode:
    support: full
    description: Shows each directory and file with its owner and mode before and after.
"""

EXAMPLES = r"""
- name: Create the directories for Logstash's user
  elk.deploy.logstash_directories:
    user: logstash
    group: logstash
    directories:
      - {path: /var/lib/logstash, holds: data, variable: logstash_path_data}
      - {path: /var/lib/logstash/queue, holds: queues, variable: logstash_path_queue}
      - {path: /var/lib/logstash/queue/broker, holds: queue, variable: logstash_path_queue}
      - {path: /var/log/logstash, holds: logs, variable: logstash_path_logs}
"""

RETURN = r"""
created:
  description: The directories that were missing.
  type: list
  elements: str
  returned: success
repaired:
  description: What had a wrong owner or mode, as text.
  type: list
  elements: str
  returned: success
foreign:
  description: What has another owner and was left alone, as text.
  type: list
  elements: str
  returned: success
"""

import errno
import fnmatch
import grp
import os
import stat
from collections import defaultdict

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    accounts,
    native_code,
    stored_data,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

# The files that Logstash itself makes directly in a directory; whatever is not here belongs to somebody else.
KNOWN_FILES = {
    "data": (".lock", "uuid", *stored_data.POSITIONS),
    "queues": (),
    "queue": (".lock", ".queue-version", "checkpoint.*", "page.*"),
    "dead_letter_queues": (),
    "dead_letter_queue": (".lock", "*.log", "*.log.tmp"),
    "logs": ("logstash-*.log*", "pipeline_*.log*"),
    "tmp": ("jffi*",),
}
# Without write access to these Logstash does not start, or a pipeline does not. The rest costs at most a warning.
VITAL = {"data": (".lock",), "queue": KNOWN_FILES["queue"], "dead_letter_queue": (".lock",)}
SHOWN = 10


class Survey:
    """Goes through the directories, repairs what is wrong unless it only checks, and notes all of it."""

    def __init__(self, account, gid, mode, check):
        self.account, self.gid, self.mode, self.check = account, gid, mode, check
        self.created, self.wrong_modes, self.vital = [], [], []
        # {user id: [path]}, since one message names an owner and its probable cause once.
        self.wrong_owners, self.foreign = defaultdict(list), defaultdict(list)
        # {path: (before, after)} for the diff.
        self.changes = {}
        self.own_directories = set()

    def ensure(self, path, holds):
        """Makes one directory what it has to be, and the known files in it."""
        try:
            directory = untrusted_paths.open_directory(path)
        except FileNotFoundError:
            self.created.append(path)
            self.changes[path] = ("absent", self._wanted(self.mode))
            if self.check:
                return
            directory = untrusted_paths.open_directory(path, make_missing=True)
            directory.own(self.account.pw_uid, self.gid, self.mode)
        with directory:
            self._ensure_directory(directory)
            for name in directory.names():
                if matches(name, KNOWN_FILES[holds]):
                    self._ensure_file(directory, name, holds)

    def _ensure_directory(self, directory):
        status, path = directory.own_status(), directory.path
        self.own_directories.add((status.st_dev, status.st_ino))
        if status.st_uid != self.account.pw_uid:
            self.wrong_owners[status.st_uid].append(path)
        elif status.st_gid != self.gid or stat.S_IMODE(status.st_mode) != self.mode:
            self.wrong_modes.append(path)
        else:
            return
        self.changes[path] = (describe(status), self._wanted(self.mode))
        if not self.check:
            directory.own(self.account.pw_uid, self.gid, self.mode)

    def _ensure_file(self, directory, name, holds):
        status = directory.find(name)
        # A running Logstash has removed it since.
        if status is None or status.st_uid == self.account.pw_uid:
            return
        path = directory.place(name)
        try:
            descriptor = directory.open_file(name, give=True)
        except FileNotFoundError:
            return
        except untrusted_paths.UntrustedPathError:
            if matches(name, VITAL.get(holds, ())):
                self.vital.append(path)
            return
        try:
            status = os.fstat(descriptor)
            self.wrong_owners[status.st_uid].append(path)
            self.changes[path] = (describe(status), self._wanted(stat.S_IMODE(status.st_mode)))
            if not self.check:
                os.fchown(descriptor, self.account.pw_uid, self.gid)
        finally:
            os.close(descriptor)

    def _wanted(self, mode):
        return f"{self.account.pw_name}:{group_name(self.gid)} {mode:04o}"

    def look_for_foreign(self, path):
        """Notes what is left with another owner below a directory; other volumes and links are not entered."""
        try:
            directory = untrusted_paths.open_directory(path)
        except FileNotFoundError:
            return
        with directory:
            device = directory.own_status().st_dev

            def is_here(below, status):
                return not self._is_elsewhere(status, device, os.path.basename(below))

            for folder, name, status in untrusted_paths.walk(directory, is_here):
                if not stat.S_ISDIR(status.st_mode) or is_here(name, status):
                    self._look(folder.place(name), status)

    def _is_elsewhere(self, status, device, name):
        """Whether a directory is not to be entered: visited already, another volume, or what ext4 makes on each."""
        own = (status.st_dev, status.st_ino) in self.own_directories
        return own or status.st_dev != device or (name == "lost+found" and status.st_uid == 0)

    def _look(self, path, status):
        if status.st_uid == self.account.pw_uid or path in self.changes:
            return
        what = " (a symbolic link)" if stat.S_ISLNK(status.st_mode) else ""
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            what = f" (has {status.st_nlink} hard links)"
        self.foreign[status.st_uid].append(path + what)

    def repairs_in_words(self):
        """What was wrong, one text for each owner, and one for modes and groups."""
        lines = by_owner(self.wrong_owners, "belonged to")
        if self.wrong_modes:
            lines.append(f"other group or mode than {self._wanted(self.mode)}: {bounded(self.wrong_modes)}")
        return lines


def by_owner(found, verb):
    """{user id: [path]} as one text for each owner: how many, whose, probably why, and the first of them."""
    return [
        f"{len(paths)} {verb} {accounts.owner_name(uid)} ({accounts.probable_cause(uid)}): {bounded(paths)}"
        for uid, paths in found.items()
    ]


def matches(name, patterns):
    """Whether a name matches one of the patterns."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def describe(status):
    """Owner, group and mode for the diff."""
    return f"{accounts.owner_name(status.st_uid)}:{group_name(status.st_gid)} {stat.S_IMODE(status.st_mode):04o}"


def group_name(gid):
    """The name of a group, or its number where the host has no such group."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def bounded(lines):
    """The first of them as one text, and how many more there are."""
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(lines[:SHOWN]) + more


def why_not_writable(path):
    """What keeps the user that runs this from writing to a directory; an empty text when nothing does."""
    if os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return ""
    parts = path.rstrip("/").split("/")
    for count in range(2, len(parts)):
        above = "/".join(parts[:count])
        if not os.access(above, os.X_OK):
            return f"{above} does not let it in (chmod o+x {above}, or choose another path)"
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "its file system is mounted read-only (mount it read-write, and see in the kernel's log why it was not)"
    return "its mode or an access control list denies it"


def unfit(directories, vital):
    """For the user that runs this: what it can't write to, or not load native libraries from, in words."""
    paths = [item["path"] for item in directories]
    found = [f"{path}: {reason}" for path in paths for reason in [why_not_writable(path)] if reason]
    return (
        found
        + [
            f"{path}: it is a link or has several, and leads to a file that is not the user's"
            for path in vital
            if not os.access(path, os.R_OK | os.W_OK)
        ]
        + [
            f"{item['path']}: native libraries can't be loaded from it, since {reason} "
            "(set logstash_path_tmp to another one)"
            for item in directories
            if item["holds"] == "tmp" and not why_not_writable(item["path"])
            for reason in [native_code.refuses_programs(item["path"])]
            if reason
        ]
    )


def explain(error, path, variable):
    """An OSError as something that a user can act on."""
    reasons = {
        errno.EROFS: "its file system is mounted read-only. Mount it read-write; the kernel's log says why it was not",
        errno.ENOSPC: "its file system is full. Free some space, or use a larger volume",
        errno.EDQUOT: "a quota is used up. Raise it, or use another volume",
        errno.EPERM: "root may not do this there, as on a network volume that squashes root. Have its server create it",
    }
    named = f"{variable} is {path}, but it" if variable else f"{path}"
    return f"{named} can't be prepared: {reasons.get(error.errno, error.strerror)}."


def main():
    """Runs the module."""
    directory = {
        "path": {"type": "path", "required": True},
        "holds": {"type": "str", "choices": list(KNOWN_FILES), "required": True},
        "variable": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "directories": {"type": "list", "elements": "dict", "options": directory, "required": True},
            "user": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "mode": {"type": "str", "default": "0750"},
        },
        supports_check_mode=True,
    )
    params = module.params
    directories = params["directories"]
    try:
        account = accounts.find_account(params["user"])
        gid = grp.getgrnam(params["group"]).gr_gid
    except (accounts.NoSuchUserError, KeyError) as error:
        if module.check_mode:
            paths = [item["path"] for item in directories]
            module.exit_json(changed=True, created=paths, repaired=[], foreign=[], msg="Waits for the package's user.")
        missing = (
            str(error) if isinstance(error, accounts.NoSuchUserError) else f"There is no group {params['group']!r}."
        )
        module.fail_json(code="account_missing", msg=missing)

    survey = Survey(account, gid, int(params["mode"], 8), module.check_mode)
    item = directories[0]
    try:
        for item in directories:
            survey.ensure(item["path"], item["holds"])
        for item in directories:
            survey.look_for_foreign(item["path"])
    except untrusted_paths.UntrustedPathError as error:
        module.fail_json(
            code="directory_refused", msg=f"{item['variable'] or 'A directory'} is {item['path']}: {error}"
        )
    except OSError as error:
        module.fail_json(code="directory_not_created", msg=explain(error, item["path"], item["variable"]))

    foreign = by_owner(survey.foreign, "belong to")
    repaired = survey.repairs_in_words()
    for line in repaired:
        module.warn(
            f"{'Would repair' if module.check_mode else 'Repaired'} below Logstash's directories, {line}. "
            "This is safe while Logstash runs: it keeps using the files that it has open."
        )
    for line in foreign:
        module.warn(
            f"Not changed below Logstash's directories, since Logstash does not create it, {line}. "
            f"If Logstash needs it, chown it to {account.pw_name}; otherwise move it away."
        )
    if not module.check_mode:
        try:
            problems = accounts.do_as(account, lambda: unfit(directories, survey.vital))
        except (OSError, accounts.WorkFailedError) as error:
            module.fail_json(
                code="directory_not_checked",
                msg=f"Whether user {account.pw_name} can write to Logstash's directories could not be checked. {error}",
                foreign=foreign,
            )
        if problems:
            module.fail_json(
                code="directory_not_writable",
                msg=f"Logstash could not start, since user {account.pw_name} can't use {bounded(problems)}.",
                foreign=foreign,
            )
    result = {"changed": bool(survey.changes)}
    if module._diff:
        result["diff"] = {
            "before": "".join(f"{path} {before}\n" for path, (before, _after) in survey.changes.items()),
            "after": "".join(f"{path} {after}\n" for path, (_before, after) in survey.changes.items()),
        }
    module.exit_json(created=survey.created, repaired=repaired, foreign=foreign, **result)


if __name__ == "__main__":
    main()
