"""The host's lock, from the control node: who this run is, and whether a run that holds the lock is still at work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible import context

from ..module_utils.logstash_host.deployment_lock import IDENTITY
from . import control_node
from .masked_action import MaskedAction


class LockingAction(MaskedAction):
    """The host keeps the lock; only the control node can tell whether its own processes live."""

    def owner(self, task_vars: Mapping[str, Any]) -> dict[str, str]:
        """Who this run is."""
        host = task_vars.get("inventory_hostname", "")
        playbooks = " ".join(context.CLIARGS.get("args") or ()) or task_vars.get("ansible_play_name", "")
        # A task runs in a process of its own; the run is the one that started it.
        return control_node.owner(os.getppid(), host, playbooks)

    def with_lock(
        self, path: str, run: Callable[[dict[str, Any]], dict[str, Any]], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """The result of a module that takes the lock at ``path``; failed where another run holds it.

        :param run: runs the module with the options ``owner`` and ``replace`` in addition to its own. Its result has
            ``holder``, which is empty where the lock was free.
        """
        owner = self.owner(task_vars)
        result = run({"owner": owner})
        holder = result.get("holder")
        if holder and control_node.is_gone(holder) and not self._task.check_mode:
            result = run({"owner": owner, "replace": {name: holder.get(name, "") for name in IDENTITY}})
            holder = result.get("holder")
        if holder and not control_node.is_gone(holder):
            text = describe(holder, owner, path)
            if self._task.check_mode:
                result.setdefault("warnings", []).append(f"{text} What this check run says may be out of date.")
            else:
                result.update(failed=True, msg=f"{text} {hint(holder, owner, path)}")
        return result


def describe(holder: dict[str, Any], owner: dict[str, str], path: str) -> str:
    """One sentence: who is at work on the host."""
    host = owner["host"]
    if not holder.get("run"):
        return f"{host} has a lock {path} that does not say whose it is; it is {holder['age']} seconds old."
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(holder["since"]))
    if holder["run"] == owner["run"]:
        return f"This run is already working on {host} under the name {holder.get('host')}."
    return (
        f"{host} is being changed by another deployment: {holder.get('who')}, process {holder.get('process')}, "
        f"{holder.get('playbook')}, since {since} by the host's clock, {holder['age']} seconds ago."
    )


def hint(holder: dict[str, Any], owner: dict[str, str], path: str) -> str:
    """What to do about it."""
    if holder.get("run") and holder["run"] == owner["run"]:
        return "Two names in the inventory lead to one machine: remove one of them."
    if holder.get("boot") == owner["boot"]:
        return "Nothing was changed by this run. Run again when that one has ended."
    return (
        "Nothing was changed by this run. Run again when that one has ended. If you know that it was killed, remove "
        f"its lock on the host (rm {path}), or run with -e logstash_lock_max_age=0."
    )
