"""Action of octopus_check: look at every token of many texts, on the controller only."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ..module_utils.octopus import render
from ..module_utils.octopus.host import HostVariables
from ..module_utils.octopus.report import report
from ..module_utils.octopus.text_files import TextFileError, read
from ..plugin_utils.octopus import read_host, shown_path

OPTIONS = ("src", "text", "required", "variables", "syntax_errors")
SYNTAX_ERRORS = ("fail", "warn", "ignore")


class ActionModule(ActionBase):
    """Evaluates files and texts for the host without writing anything, and reports all that is unresolved."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = self._arguments()
        host = read_host(
            lambda name: self._templar.template(task_vars[name]) if name in task_vars else None,
            arguments["variables"],
        )
        for warning in host.warnings:
            self._display.warning(warning)
        faults, texts = self._texts(arguments)
        checked = [(label, render(text, host.variables).problems) for label, text in texts]
        mode = arguments["syntax_errors"]
        failing = [
            (label, [one for one in found if one.kind != "syntax" or mode == "fail"]) for label, found in checked
        ]
        syntax = [(label, [one for one in found if one.kind == "syntax"]) for label, found in checked]
        messages = [*faults, *_required(arguments["required"], host)]
        if any(found for _, found in failing):
            messages.append(report(failing, host))
        if messages:
            raise AnsibleActionFail("\n".join(messages))
        if mode == "warn" and any(found for _, found in syntax):
            self._display.warning(report(syntax, host))
        result.update(changed=False, checked=[label for label, _ in texts])
        return result

    def _arguments(self) -> dict[str, Any]:
        """The task's options, checked and completed."""
        given = self._task.args
        unknown = sorted(set(given) - set(OPTIONS))
        if unknown:
            raise AnsibleActionFail(f"octopus_check has no option {', '.join(unknown)}; it has {', '.join(OPTIONS)}")
        arguments = {
            "src": _list("src", given.get("src")),
            "text": given.get("text") or {},
            "required": _list("required", given.get("required")),
            "variables": given.get("variables"),
            "syntax_errors": given.get("syntax_errors", "fail"),
        }
        if not isinstance(arguments["text"], dict):
            raise AnsibleActionFail("octopus_check: text is no dictionary, expected labels and texts")
        if arguments["syntax_errors"] not in SYNTAX_ERRORS:
            raise AnsibleActionFail(
                f"octopus_check: syntax_errors is {arguments['syntax_errors']!r}, expected one of "
                f"{', '.join(SYNTAX_ERRORS)}"
            )
        return arguments

    def _texts(self, arguments: dict[str, Any]) -> tuple[list[str], list[tuple[str, str]]]:
        """What to look at, labelled; files that cannot be read are faults beside the others' problems."""
        faults, texts = [], []
        for name in arguments["src"]:
            try:
                path = self._find_needle("templates", name)
                texts.append((shown_path(path), read(self._loader.get_real_file(path), shown_path(path)).text))
            except (AnsibleError, TextFileError) as error:
                faults.append(str(error))
        texts.extend((str(label), str(text)) for label, text in arguments["text"].items())
        return faults, texts


def _list(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise AnsibleActionFail(f"octopus_check: {name} is {value!r}, expected a list of texts")


def _required(names: list[str], host: HostVariables) -> list[str]:
    """A message for each required variable that is missing, empty or unresolved, and where to define them."""
    messages = []
    for name in names:
        evaluation = render(f"#{{{name}}}", host.variables)
        if evaluation.problems:
            problem = evaluation.problems[0]
            state = "not defined" if problem.name == name and not problem.origin else "not resolvable"
        elif not (evaluation.text or "").strip():
            state = "empty"
        else:
            continue
        messages.append(f"required variable {name} is {state} for host {host.host.name}{host.known_elsewhere(name)}")
    return [*messages, host.way_out] if messages else []
