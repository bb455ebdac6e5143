"""What the actions share that make a settings directory on the controller and send it to the host at once."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.validation import check_type_path

from ..module_utils.messages import coded
from ..module_utils.settings_directory import Directory, SettingsDirectoryError, SettingsFile, ensure
from .evaluated import Evaluated
from .octopus.files.text_files import TextFileError
from .octopus.scoping.host import HostVariables
from .placeholders import made_again, names_in, placeholder
from .token_action import ENCRYPTED, TOKEN_OPTIONS, Rendered, TokenAction

OPTIONS = {
    "path": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "leave": {"type": "list", "elements": "str", "default": []},
    "placeholders": {"type": "bool", "default": False},
    "record": {"type": "str"},
    "live": {"type": "dict"},
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "required_one_of": [["content", "src", "template"]],
        "mutually_exclusive": [["content", "src", "template"]],
        "options": {
            "name": {"type": "str", "required": True},
            "content": {"type": "str"},
            "src": {"type": "str"},
            "template": {"type": "str"},
            "secret": {"type": "bool", "default": False},
            "pipeline": {"type": "bool", "default": False},
        },
    },
    **TOKEN_OPTIONS,
}
MODULE = "elk.deploy.settings_directory"


def _why(content: str, again: str | None) -> tuple[str, ...]:
    """Why a text must not be shown: what went into it. Nothing when it is the same without secrets."""
    if content == again:
        return ()
    if again is None:
        return ("it is not known which secrets are in it",)
    return (f"uses secret values: {', '.join(names_in(again)) or 'what is made of them'}",)


class SettingsAction(TokenAction):
    """Makes all files on the control node, and writes them there, or sends them to the host."""

    def write(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Writes the files of ``options``, which has the keys of OPTIONS; with ``control_node``, on this machine."""
        host, how = self.host_of_files(options, task_vars)
        files = [*options["files"], *self.more_files(self.evaluated(task_vars))]
        again = self._again()
        made = {file["name"]: self._made(file, host, again.get(file["name"])) for file in files}
        self.report_problems(list(made.values()), host, how)
        if options["placeholders"]:
            made = {file["name"]: self._without(file, made[file["name"]], host, again) for file in files}
        arguments = {name: options[name] for name in ("path", "owner", "group", "leave", "record")}
        if options.get("control_node"):
            return self._write_here(made, arguments)
        result = self._send(made, {**arguments, "live": options["live"]}, task_vars)
        result.pop("invocation", None)
        return result

    def more_files(self, variables: Evaluated) -> list[dict[str, Any]]:
        """Files beside those of the task, made from variables; as the option ``files``, with all of its keys."""
        return []

    def _again(self) -> dict[str, str]:
        """The contents of the files that are texts, made from placeholders; nothing where that is not possible."""

        def again() -> dict[str, str]:
            files = self.placeholders.template((self.written or {}).get("files", []))
            files = [*files, *self.more_files(self.placeholders.evaluated)]
            return {str(file["name"]): str(file["content"]) for file in files if file.get("content") is not None}

        return made_again(again)[0] or {}

    def _without(self, file: dict[str, Any], made: Rendered, host: HostVariables, again: dict[str, str]) -> Rendered:
        """A file for people to read, with placeholders for what is secret in it, or instead of it."""
        if not made.sensitive:
            return made
        text = again.get(file["name"], "") if file["content"] is not None else ""
        if file["template"] is not None and ENCRYPTED not in made.sensitive:
            try:
                text = self.redacted(self.find(file["template"]), host)
            except (AnsibleError, TextFileError) as error:
                raise AnsibleActionFail(f"{file['name']}: {error}") from None
        if file["secret"] or not names_in(text):
            whole = f"{placeholder([file['name']])}\n"
            return Rendered(made.label, whole.encode(), sensitive=made.sensitive)
        return Rendered(made.label, text.encode())

    def _made(self, file: dict[str, Any], host: HostVariables, again: str | None) -> Rendered:
        """A file's content, and why it must not be shown, if so. ``again`` is the content made from placeholders."""
        try:
            if file["content"] is not None:
                made = Rendered(file["name"], file["content"].encode(), sensitive=_why(file["content"], again))
            elif file["src"] is not None:
                made = self.unchanged(self._find_needle("files", file["src"]))
            else:
                made = self.rendered(self.find(file["template"]), host, None, is_pipeline=file["pipeline"])
        except (AnsibleError, TextFileError) as error:
            raise AnsibleActionFail(f"{file['name']}: {error}") from None
        hidden = ["it is a secret"] if file["secret"] else list(made.sensitive)
        return Rendered(made.label, made.content, made.problems, tuple(hidden), made.warning)

    def _write_here(self, made: dict[str, Rendered], arguments: dict[str, Any]) -> dict[str, Any]:
        """Without a process for the module, which takes longer to start than all the rest."""
        files = {name: SettingsFile(file.content, ", ".join(file.sensitive)) for name, file in made.items()}
        paths = {name: check_type_path(arguments[name]) for name in ("path", "record") if arguments[name] is not None}
        given = {**arguments, **paths, "files": files, "root": Path(paths["path"])}
        del given["path"]
        try:
            found = ensure(Directory(**given), check=self._task.check_mode, diff=self._task.diff)
        except SettingsDirectoryError as error:
            raise AnsibleActionFail(coded(error.code, str(error))) from None
        # As the module does.
        self._masked_on_the_host = True
        result: dict[str, Any] = self._mask.everything(found)
        if "diff" in found:
            result["diff"] = self._mask.difference(found["diff"])
        return result

    def _send(self, made: dict[str, Rendered], arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As one argument, which no log shows: a file for it would be three further calls of the connection."""
        bundle = [
            {
                "name": name,
                "content": base64.b64encode(file.content).decode(),
                "hidden": ", ".join(file.sensitive),
            }
            for name, file in made.items()
        ]
        try:
            sent = {**arguments, "bundle": json.dumps(bundle)}
            found: dict[str, Any] = self._execute_module(module_name=MODULE, module_args=sent, task_vars=task_vars)
            return found
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
