"""Action of octopus_check: look at every token of many texts, on the controller only."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..plugin_utils.octopus import render
from ..plugin_utils.octopus.files.text_files import BinaryFileError, TextFileError
from ..plugin_utils.octopus.report import required_state
from ..plugin_utils.octopus.scoping.host import HostVariables
from ..plugin_utils.octopus_variables import shown_path
from ..plugin_utils.token_action import DIRECTORY_OPTIONS, TOKEN_OPTIONS, Rendered, TokenAction

OPTIONS = {
    "src": {"type": "list", "elements": "str", "default": []},
    "pipelines": {"type": "list", "elements": "str", "default": []},
    "text": {"type": "dict", "default": {}},
    "required": {"type": "list", "elements": "str", "default": []},
    **TOKEN_OPTIONS,
    **DIRECTORY_OPTIONS,
}


class ActionModule(TokenAction):
    """Evaluates files and texts for the host without writing anything, and reports all that is wrong with them."""

    code = "octopus_check_failed"

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        if not (options["src"] or options["pipelines"] or any(options["text"].values()) or options["required"]):
            raise AnsibleActionFail(
                "octopus_check has nothing to check: src, pipelines, text and required are all missing or empty; give "
                "one of them files, texts or names of variables, or leave the task out"
            )
        host, how = self.host(options, task_vars)
        texts: list[Rendered] = []
        faults: list[str] = []
        for name, is_pipeline in [
            *((one, True) for one in options["pipelines"]),
            *((one, False) for one in options["src"]),
        ]:
            try:
                path = self.find(name)
            except AnsibleError as error:
                faults.append(str(error))
                continue
            if os.path.isdir(path) and not is_pipeline:
                self._look_at_directory(path, options, host, texts, faults)
            else:
                self._look_at_file(path, host, texts, faults, "pipeline" if is_pipeline else "text")
        for label, text in options["text"].items():
            if text is None:
                faults.append(f"text {label} is null; expected a text")
            else:
                texts.append(Rendered(str(label), b"", render(str(text), host.variables).problems))
        if not (texts or faults or options["required"]):
            faults.append(f"octopus_check has nothing to check: no text file was found in {', '.join(options['src'])}")
        self.report_problems(texts, host, how, [*faults, *_required(options["required"], host)])
        return result | {"changed": False, "checked": [text.label for text in texts]}

    def _look_at_directory(
        self, path: str, options: dict[str, Any], host: HostVariables, texts: list[Rendered], faults: list[str]
    ) -> None:
        tree, chosen = self.tree(path, options)
        faults.extend(tree.faults)
        before = len(texts) + len(faults)
        for name in sorted(chosen):
            self._look_at_file(os.path.join(path, name), host, texts, faults, "any")
        if options["warn_no_match"] and len(texts) + len(faults) == before:
            globs = ", ".join(options["files"])
            reason = f"no text file in it matches files ({globs})" if tree.files else "it has no files"
            faults.append(f"{shown_path(path)}: nothing to check: {reason}; correct src, files or exclude")

    def _look_at_file(
        self, path: str, host: HostVariables, texts: list[Rendered], faults: list[str], what: str = "text"
    ) -> None:
        """Add the file to ``texts``, or why it cannot be read to ``faults``.

        :param what: a ``text``, a ``pipeline``, or ``any`` file: one that is no text is then left out.
        """
        try:
            texts.append(self.rendered(path, host, None, is_pipeline=what == "pipeline"))
        except BinaryFileError as error:
            if what != "any":
                faults.append(str(error))
        except (AnsibleError, TextFileError) as error:
            faults.append(str(error))


def _required(names: list[str], host: HostVariables) -> list[str]:
    """A message for each required variable that is missing, empty or unresolved, and where to define them."""
    states = {name: required_state(name, host) for name in names}
    wrong = {name: state for name, state in states.items() if state}
    messages = [
        f"required variable {name} is {state} for host {host.host.name}{host.why_missing(name)}"
        for name, state in wrong.items()
    ]
    if any(name.lower() not in host.unfilled for name in wrong):
        messages.append(host.hint)
    return messages
