"""Action of octopus_template: evaluate on the controller, then let copy do the rest."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ..module_utils.octopus import Evaluation, render
from ..module_utils.octopus.host import HostVariables
from ..module_utils.octopus.report import report
from ..module_utils.octopus.text_files import TextFileError, encode, read
from ..plugin_utils.octopus import read_host, shown_path
from ..plugin_utils.rendered_copy import COPY_OPTIONS, copy_rendered

OWN_OPTIONS = ("src", "dest", "variables", "syntax_errors")
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
        try:
            file = read(real, label)
        except TextFileError as error:
            raise AnsibleActionFail(str(error)) from None
        host = read_host(
            lambda name: self._templar.template(task_vars[name]) if name in task_vars else None,
            self._task.args.get("variables"),
        )
        evaluation = render(file.text, host.variables)
        self._report(label, evaluation, host)
        sensitive = sorted(name for name in evaluation.used if host.variables.is_sensitive(name))
        if real != source:
            sensitive.append("(the template itself is encrypted)")
        encoded = encode(file, evaluation.text or "")
        if encoded.warning:
            self._display.warning(f"{label}: {encoded.warning}")
        return copy_rendered(self, source, encoded.content, sensitive, task_vars)

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
