"""Action of octopus_structured: replace values on the controller, then let copy do the rest."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.octopus.files.text_files import TextFile, TextFileError, encode
from ..plugin_utils.octopus.structured import ESCAPES, FORMATS, Outcome, StructuredFileError, replace
from ..plugin_utils.octopus.structured.xml_encoding import as_declared, encode_xml
from ..plugin_utils.octopus_variables import shown_path
from ..plugin_utils.rendered_copy import COPY_OPTIONS, copy_rendered
from ..plugin_utils.token_action import ENCRYPTED, TOKEN_OPTIONS, Rendered, TokenAction

OPTIONS = {
    "src": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "format": {"choices": ["auto", *FORMATS], "default": "auto"},
    "output_encoding": {"type": "str"},
    "properties_escape": {"choices": list(ESCAPES), "default": ESCAPES[0]},
    "variables": TOKEN_OPTIONS["variables"],
    "unresolved": TOKEN_OPTIONS["unresolved"],
    **COPY_OPTIONS,
}
_PATH = "a path such as Logging:Level"
_NAMES = {"json": _PATH, "yaml": _PATH, "xml": "an XPath such as /configuration/@mode", "properties": "a key, in full"}


class ActionModule(TokenAction):
    """Replaces the values in ``src`` that variables are named after, and hands the result to ansible.builtin.copy."""

    code = "values_not_replaced"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        source = self.find(options["src"])
        if os.path.isdir(source):
            raise AnsibleActionFail(f"src {source} is a directory, expected a file; use a loop for several")
        # The file's own text has no tokens, and a value that does not parse is used as it stands.
        host, how = self.host_of_files({**options, "syntax_errors": "ignore"}, task_vars)
        label = shown_path(source)
        try:
            file, encrypted = self.read(source)
            file = as_declared(file)
            outcome = replace(
                file.text,
                host.variables,
                name=label,
                format=None if options["format"] == "auto" else options["format"],
                properties_escape=options["properties_escape"],
            )
            rendered = _rendered(label, file, outcome, options["output_encoding"])
        except (StructuredFileError, TextFileError) as error:
            raise AnsibleActionFail(str(error)) from None
        self.report_problems([rendered], host, how)
        for warning in outcome.warnings:
            self._display.warning(host.masked(warning))
        sensitive = host.secret_names(outcome.used)
        if encrypted:
            sensitive.append(ENCRYPTED)
        result = copy_rendered(self, source, rendered.content, sensitive, task_vars)
        result["format"] = outcome.format
        result["replaced"] = [
            {"variable": one.variable, "line": one.line, "column": one.column} for one in outcome.replaced
        ]
        if not outcome.replaced:
            nothing = f"{label}: no variable is named after anything in this file, so nothing in it was replaced"
            self._display.warning(f"{nothing}; a name is {_NAMES[outcome.format]}")  # copy's own `msg` is not shown
            result.setdefault("msg", nothing)
        return result


def _rendered(label: str, file: TextFile, outcome: Outcome, output_encoding: str | None) -> Rendered:
    try:
        if outcome.format == "xml":
            encoded = encode_xml(file, outcome.text, output_encoding)
        else:
            encoded = encode(file.in_encoding(output_encoding), outcome.text)
    except TextFileError as error:
        raise TextFileError(f"{label}: {error}") from None
    return Rendered(label, encoded.content, outcome.problems, warning=encoded.warning)
