"""Action of logstash_validate: looks at what the confinement takes, before Logstash's own test."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.masked_action import MaskedAction

MODULE_OF_CONFINEMENT = "elk.deploy.logstash_confinement"


class ActionModule(MaskedAction):
    """Runs one module after the other, on the same staged settings."""

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(self._task.args)
        confinement = arguments.pop("confinement", None)
        try:
            if confinement:
                same = {name: arguments[name] for name in ("user", "environment_files") if name in arguments}
                options = {"path": f"{arguments['src']}/pipelines", **same, **confinement}
                found: dict[str, Any] = self._execute_module(MODULE_OF_CONFINEMENT, options, task_vars=task_vars)
                if found.get("failed"):
                    return found
            return result | self._execute_module(module_args=arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
