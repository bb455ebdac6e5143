"""Action of octopus_template: evaluate on the controller, then let copy do the rest."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own convention
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ..module_utils.octopus import Evaluation, render
from ..module_utils.octopus.host import HostVariables
from ..module_utils.octopus.report import report
from ..plugin_utils.octopus import read_host, read_text, shown_path

OWN_OPTIONS = ("src", "dest", "variables", "syntax_errors")
COPY_OPTIONS = (
    "owner", "group", "mode", "backup", "force", "validate", "follow", "unsafe_writes", "attributes",
    "seuser", "serole", "setype", "selevel",
)  # fmt: skip
SYNTAX_ERRORS = ("fail", "warn", "ignore")


class ActionModule(ActionBase):
    """Renders ``src`` and hands the result to ansible.builtin.copy."""

    # Copy transfers the file. Were it true here, Ansible would make a directory on the host before tokens are checked.
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        source, label = self._source()
        real = self._loader.get_real_file(source)
        text, mark = read_text(real, label)
        host = read_host(
            lambda name: self._templar.template(task_vars[name]) if name in task_vars else None,
            self._task.args.get("variables"),
        )
        evaluation = render(text, host.variables)
        self._report(label, evaluation, host)
        sensitive = sorted(name for name in evaluation.used if host.variables.is_sensitive(name))
        if real != source:
            sensitive.append("(the template itself is encrypted)")
        return self._copy(source, mark + (evaluation.text or "").encode("utf-8"), sensitive, task_vars)

    def _source(self) -> tuple[str, str]:
        """The template on the controller, and its name for messages."""
        arguments = self._task.args
        unknown = sorted(set(arguments) - {*OWN_OPTIONS, *COPY_OPTIONS})
        if unknown:
            known = ", ".join((*OWN_OPTIONS, *COPY_OPTIONS))
            raise AnsibleActionFail(f"octopus_template has no option {', '.join(unknown)}; it has {known}")
        for name in ("src", "dest"):
            if not arguments.get(name) or not isinstance(arguments[name], str):
                raise AnsibleActionFail(f"octopus_template: {name} is required, expected a path")
        if arguments.get("syntax_errors", "fail") not in SYNTAX_ERRORS:
            raise AnsibleActionFail(
                f"octopus_template: syntax_errors is {arguments['syntax_errors']!r}, expected one of "
                f"{', '.join(SYNTAX_ERRORS)}"
            )
        try:
            source = self._find_needle("templates", arguments["src"])
        except AnsibleError as error:
            raise AnsibleActionFail(str(error)) from None
        if os.path.isdir(source):
            raise AnsibleActionFail(f"octopus_template: src {source} is a directory, expected a file")
        return source, shown_path(source)

    def _report(self, label: str, evaluation: Evaluation, host: HostVariables) -> None:
        """Fail with everything that is unresolved; nothing was sent to the host so far."""
        for warning in host.warnings:
            self._display.warning(warning)
        mode = self._task.args.get("syntax_errors", "fail")
        problems = [one for one in evaluation.problems if one.kind != "syntax" or mode == "fail"]
        if problems:
            raise AnsibleActionFail(report([(label, problems)], host))
        if evaluation.problems and mode == "warn":
            self._display.warning(report([(label, evaluation.problems)], host))

    def _copy(self, source: str, content: bytes, sensitive: list[str], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run copy's action with the rendered file, so that check mode, diff and idempotence are copy's."""
        task = self._task.copy()
        task.args = {name: value for name, value in self._task.args.items() if name in COPY_OPTIONS}
        if task.args.get("mode") == "preserve":
            task.args["mode"] = f"0{stat.S_IMODE(os.stat(source).st_mode):o}"
        show_diff = bool(self._task.diff)
        if sensitive:
            task.diff = False
        directory = tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)
        try:
            rendered = os.path.join(directory, os.path.basename(source))
            with open(rendered, "wb") as stream:
                stream.write(content)
            task.args.update(src=rendered, dest=self._task.args["dest"])
            # ansible.legacy lets a project's own copy stand in, as it does for ansible.builtin.template.
            action = self._shared_loader_obj.action_loader.get(
                "ansible.legacy.copy",
                task=task,
                connection=self._connection,
                play_context=self._play_context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=self._shared_loader_obj,
            )
            result = action.run(task_vars=task_vars)
        finally:
            shutil.rmtree(directory)
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if sensitive and show_diff and result.get("changed"):
            result["diff"] = {
                "prepared": f"Not shown: {shown_path(source)} uses sensitive values: {', '.join(sensitive)}\n"
            }
        return result
