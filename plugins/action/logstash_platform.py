"""Action of logstash_platform: asks the host by one command of the shell."""

from __future__ import annotations

import shlex
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.logstash import platform
from ..plugin_utils.masked_action import FACTS, MaskedAction


class ActionModule(MaskedAction):
    """Changes nothing."""

    code = "platform_not_read"
    facts = FACTS | {"distribution", "distribution_version", "pkg_mgr", "service_mgr"}
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.options({})
        ended = self._low_level_execute_command(shlex.join(platform.COMMAND))
        if ended["rc"]:
            said = ended["stderr"].strip() or ended["stdout"].strip()
            raise AnsibleActionFail(
                f"What the host runs on cannot be read: {said}. Expected Linux, with sh, cat and readlink."
            )
        return {**result, "changed": False, **platform.parse(ended["stdout"])}
