"""Action of logstash_package: adds the repository before, where the package file has to come from it."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils.messages import coded, codes
from ..plugin_utils.masked_action import MaskedAction, failure, other_action

KEY = "elk.deploy.repository_key"
FILE = "ansible.builtin.file"
COPY = "ansible.legacy.copy"
OF_ROOT = {"owner": "root", "group": "root"}
REPOSITORY: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "key_url": {"type": "str", "required": True},
    "fingerprints": {"type": "list", "elements": "str", "default": []},
    "file": {"type": "str", "required": True},
    "key": {"type": "str", "required": True},
    "content": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0644"},
}
HINT = (
    "Set a version that is there, or the address of a repository that carries it and that this host reaches; or name a "
    "package file in logstash_package_url."
)


class ActionModule(MaskedAction):
    """Runs the module alone where there is no repository."""

    code = "package_failed"
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(self._task.args)
        given = arguments.pop("repository", None)
        try:
            if not given:
                return result | self._execute_module(module_args=arguments, task_vars=task_vars)
            checked = ArgumentSpecValidator(REPOSITORY).validate(given)
            if checked.error_messages:
                raise AnsibleActionFail(f"logstash_package: repository: {'; '.join(checked.error_messages)}")
            return result | self._from(checked.validated_parameters, arguments, task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _from(self, repository: dict[str, Any], arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What came of it, with the result of each step. A repository that failed does not stay."""
        arguments = {**arguments, "key": repository["key"]}
        done = [self._look(arguments, task_vars)]
        if not done[0].get("failed"):
            if done[0]["installs"] and (arguments.get("refresh") or not done[0]["file"]):
                done += self._add(repository, task_vars)
            if not done[-1].get("failed"):
                done.append(self._execute_module(module_args=arguments, task_vars=task_vars))
        last = done[-1]
        if last.get("failed"):
            self._execute_module(FILE, {"path": repository["file"], "state": "absent"}, task_vars=task_vars)
            return last | {"msg": self._explained(failure(last), last, repository, str(arguments["version"]))}
        differences = [one["diff"] for one in done[1:] if "diff" in one]
        return last | {
            "changed": any(one.get("changed") for one in done[1:]),
            **({"diff": differences} if differences else {}),
        }

    def _look(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What the module would do."""
        is_check = self._task.check_mode
        self._task.check_mode = True
        try:
            found: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars)
        finally:
            self._task.check_mode = is_check
        return found

    def _add(self, repository: dict[str, Any], task_vars: dict[str, Any]) -> list[dict[str, Any]]:
        """The results of the steps that add it, up to the first one that failed."""
        done: list[dict[str, Any]] = []
        for path in (repository["key"], repository["file"]):
            directory = {"path": os.path.dirname(path), "state": "directory", "mode": "0755", **OF_ROOT}
            done.append(self._execute_module(FILE, directory, task_vars=task_vars))
            if done[-1].get("failed"):
                return done
        # By content, not by date: the right key may be older than a wrong one that was fetched before.
        key = {"url": repository["key_url"], "fingerprints": repository["fingerprints"], "path": repository["key"]}
        done.append(self._execute_module(KEY, key, task_vars=task_vars))
        if not done[-1].get("failed"):
            file = {"content": repository["content"], "dest": repository["file"], "mode": repository["mode"], **OF_ROOT}
            copy = other_action(self, COPY, file)
            # The address of before may have had a password. Nothing else is in the file that could differ.
            copy._task.diff = False
            done.append(copy.run(task_vars=task_vars))
        return done

    def _explained(self, said: str, failed: dict[str, Any], repository: dict[str, Any], version: str) -> str:
        url, key_url = (json.dumps(self._mask.text(repository[name])) for name in ("url", "key_url"))
        code = (codes(said) or [self.code])[0]
        return coded(
            code,
            f"Logstash {version} could not be installed from logstash_repository_url {url} (key: "
            f"logstash_repository_key_url {key_url}): {said.removeprefix(f'[{code}] ')} {failed.get('hint') or HINT}",
        )
