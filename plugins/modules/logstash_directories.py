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
import grp

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import accounts, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.directories import (
    OPTIONS,
    Survey,
    bounded,
    by_owner,
    unfit,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


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
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
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
