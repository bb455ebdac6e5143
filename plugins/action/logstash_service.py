"""Action of logstash_service: systemd's service, and where the log of its former process ends."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.masked_action import MaskedAction

LOG_END = "elk.deploy.logstash_log_end"
SYSTEMD = "ansible.builtin.systemd_service"
SERVICE = "logstash.service"
OPTIONS = {
    "state": {"type": "str", "choices": ["started", "stopped"], "required": True},
    "restart": {"type": "bool", "required": True},
    "log_file": {"type": "str", "required": True},
    "user": {"type": "str", "default": "logstash"},
}


class ActionModule(MaskedAction):
    """What the former process wrote says nothing about the new one: the health gate reads on from there."""

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        end = {"inode": 0, "size": 0}
        try:
            if options["restart"]:
                log = self._execute_module(
                    LOG_END, {"path": options["log_file"], "user": options["user"]}, task_vars=task_vars
                )
                if log.get("failed"):
                    return result | log
                end |= log["end"]
            service = {
                "name": SERVICE,
                "daemon_reload": options["restart"],
                "enabled": True,
                "state": "restarted" if options["restart"] else options["state"],
            }
            run = self._execute_module(SYSTEMD, service, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        # All that systemd knows of the unit, its environment included.
        for name in ("status", "invocation"):
            run.pop(name, None)
        return result | run | {"log_end": end}
