"""Action of logstash_monitor_settings: the monitor's settings, from the variables of role logstash_monitor."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..module_utils.messages import coded
from ..plugin_utils import monitor_settings
from ..plugin_utils.evaluated import Evaluated
from ..plugin_utils.role_variables import NoValueYetError, RoleVariables
from ..plugin_utils.settings_action import OPTIONS as OF_DIRECTORY
from ..plugin_utils.settings_action import SettingsAction
from . import role_arguments

OPTIONS: dict[str, dict[str, Any]] = {
    **{name: OF_DIRECTORY[name] for name in ("owner", "group", "variables", "unresolved", "syntax_errors")},
    "path": {"type": "str"},
    "role_path": {"type": "path", "required": True},
    "entry": {"type": "str", "required": True},
}
# What settings_directory has beside.
OF_FILES = {"files": [], "leave": [], "record": None, "live": None, "placeholders": False}


class ActionModule(SettingsAction):
    """Reads the role's variables itself: a secret that went through a fact would not be known any more."""

    code = "settings_not_rendered"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        arguments = {"role_path": options["role_path"], "entry": options["entry"]}
        try:
            self.work_of(role_arguments.ActionModule, "role_arguments", arguments, task_vars)
        except AnsibleError as error:
            raise AnsibleActionFail(coded(role_arguments.ActionModule.code, str(error))) from None
        try:
            faults = list(monitor_settings.faults(RoleVariables(self.evaluated(task_vars))))
        except NoValueYetError as error:
            raise AnsibleActionFail(str(error)) from None
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        if not options["path"]:
            return result | {"changed": False}
        return result | self.write({**options, **OF_FILES}, task_vars)

    def more_files(self, variables: Evaluated) -> list[dict[str, Any]]:
        usual = {"content": None, "src": None, "template": None, "secret": False, "pipeline": False}
        return [{**usual, **file} for file in monitor_settings.files(RoleVariables(variables))]
