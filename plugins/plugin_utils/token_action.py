"""What the actions have in common that look at tokens in files: options, finding and rendering files, reporting."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible.errors import AnsibleActionFail, AnsibleError

from .logstash import pipeline_values
from .masked_action import MaskedAction
from .octopus import Problem, render
from .octopus.files.file_tree import Glob, GlobError, Tree, choose, walk
from .octopus.files.text_files import TextFile, TextFileError, encode, read, read_bytes
from .octopus.language.evaluation import render_with_places
from .octopus.language.redaction import redact
from .octopus.scoping.host import INVENTORY, PROMPTED, TASK, HostVariables
from .octopus_variables import read_host, shown_path
from .placeholders import Placeholders, as_written, made_again, placeholder
from .problems import WAYS, Handling, handling, report_problems

# Values of `variables` are checked where they are read, by the same rules as those of the inventory.
TOKEN_OPTIONS: dict[str, dict[str, Any]] = {
    "variables": {"type": "raw"},
    "unresolved": {"choices": list(WAYS)},
    "syntax_errors": {"choices": list(WAYS)},
}
DIRECTORY_OPTIONS: dict[str, dict[str, Any]] = {
    "files": {"type": "list", "elements": "str", "default": ["**/*"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "warn_no_match": {"type": "bool", "default": True},
}

ENCRYPTED = "(the file itself is encrypted)"

_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file's content for the host, and what there is to say about it.

    ``sensitive`` is why a difference must not be shown: names of variables, or that the file is encrypted.
    """

    label: str
    content: bytes
    problems: tuple[Problem, ...] = ()
    sensitive: tuple[str, ...] = ()
    warning: str = ""


class TokenAction(MaskedAction):
    """Base of these actions. All of their work is done on the controller, before the host is touched."""

    placeholders: Placeholders
    written: Mapping[str, Any] | None
    # Were it true, Ansible would make a directory on the host before tokens are checked.
    TRANSFERS_FILES = False

    def options(self, expected: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """As for every action; the encoding has to exist, too."""
        options = super().options(expected)
        try:
            TextFile("").in_encoding(options.get("output_encoding"))
        except TextFileError as error:
            raise AnsibleActionFail(f"output_encoding: {error}") from None
        return options

    def host(self, options: dict[str, Any], task_vars: dict[str, Any]) -> tuple[HostVariables, Handling]:
        """The variables that hold for the host, and what to do about problems."""
        read = self.evaluated(task_vars).get
        how = handling(read, unresolved=options["unresolved"], syntax_errors=options["syntax_errors"])
        return self.host_variables(task_vars, options["variables"]), how

    def host_of_files(self, options: dict[str, Any], task_vars: dict[str, Any]) -> tuple[HostVariables, Handling]:
        """The same for what is written: variables that secrets of Ansible's variables went into are sensitive, too."""
        host, how = self.host(options, task_vars)
        self.placeholders = Placeholders(task_vars, self._templar, {*self._secrets, *host.secrets})
        self.written = as_written(self._task)
        return host.with_sensitive(self._tainted(host)), how

    def _tainted(self, host: HostVariables) -> list[str]:
        """The Octopus variables whose values are made with secrets of Ansible's variables."""

        def again() -> HostVariables:
            given = self.placeholders.template((self.written or {}).get("variables"))
            return read_host(self.placeholders.read, given, warn=False)

        made, is_made = made_again(again)
        given = {TASK} if self.written is None else set()
        if not is_made:
            # Which of those that Ansible evaluates have one is not known.
            given = {INVENTORY, PROMPTED, TASK}
        return [
            name
            for name, value in host.variables.items()
            if host.layers[name.lower()][-1].source in given or (is_made and made.variables.get(name) != value)
        ]

    def find(self, name: str) -> str:
        """The file or directory on the controller, looked for as the template module does."""
        if not name:
            raise AnsibleActionFail("src is empty, expected a path")
        try:
            return os.path.normpath(self._find_needle("templates", name))
        except AnsibleError as error:
            raise AnsibleActionFail(str(error)) from None

    def tree(self, root: str, options: dict[str, Any]) -> tuple[Tree, set[str]]:
        """What is in a directory, and the files in it whose tokens are of interest."""
        try:
            globs = [Glob(pattern) for pattern in options["files"]]
            tree = walk(root, [Glob(pattern) for pattern in options["exclude"]])
        except GlobError as error:
            raise AnsibleActionFail(str(error)) from None
        chosen, unmatched = choose(tree.files, globs)
        if options["warn_no_match"]:
            for pattern in unmatched:
                self._display.warning(f"{shown_path(root)}: no file matches {pattern}")
        tree.faults = [f"{shown_path(root)}/{fault}" for fault in tree.faults]
        return tree, chosen

    def read(self, path: str) -> tuple[TextFile, bool]:
        """A file's text, and whether it is encrypted with Ansible Vault.

        :raises TextFileError, AnsibleError: it cannot be read.
        """
        return self._read(path, read)

    def _read(self, path: str, how: Callable[[str, str], _Content]) -> tuple[_Content, bool]:
        real = self._loader.get_real_file(path)
        try:
            return how(real, shown_path(path)), real != self._loader.path_dwim(path)
        finally:
            self._loader.cleanup_tmp_file(real)

    def unchanged(self, path: str) -> Rendered:
        """A file as it is, but decrypted.

        :raises TextFileError, AnsibleError: it cannot be read.
        """
        content, encrypted = self._read(path, read_bytes)
        return Rendered(shown_path(path), content, sensitive=(ENCRYPTED,) if encrypted else ())

    def rendered(
        self, path: str, host: HostVariables, output_encoding: str | None, *, is_pipeline: bool = False
    ) -> Rendered:
        """A file with its tokens substituted. Problems are only noted: :meth:`report_problems` acts on them.

        :param is_pipeline: of Logstash, in which a value must not be read as a part of the pipeline.
        :raises TextFileError, AnsibleError: it cannot be read, or not be written in the encoding.
        """
        label = shown_path(path)
        file, encrypted = self.read(path)
        if is_pipeline:
            evaluation, inserted = render_with_places(file.text, host.variables)
        else:
            evaluation, inserted = render(file.text, host.variables), ()
        problems = evaluation.problems
        if is_pipeline:
            problems = (*problems, *map(_as_problem, pipeline_values.faults(evaluation.text or "", inserted)))
        sensitive = host.secret_names(evaluation.used)
        if encrypted:
            sensitive.append(ENCRYPTED)
        try:
            encoded = encode(file.in_encoding(output_encoding), evaluation.text or "")
        except TextFileError as error:
            raise TextFileError(f"{label}: {error}") from None
        return Rendered(label, encoded.content, problems, tuple(sensitive), encoded.warning)

    def redacted(self, path: str, host: HostVariables) -> str:
        """A file with its tokens substituted, with placeholders where a secret variable was read.

        :raises TextFileError, AnsibleError: it cannot be read.
        """
        file, _encrypted = self.read(path)
        return redact(file.text, host.variables, host.is_secret, placeholder)

    def report_problems(
        self, texts: Sequence[Rendered], host: HostVariables, how: Handling, faults: Sequence[str] = ()
    ) -> None:
        """Warn, or fail with everything that is wrong with all texts, and with the other ``faults``."""
        failure = report_problems(((text.label, text.problems) for text in texts), host, how, self._display.warning)
        if failure or faults:
            raise AnsibleActionFail("\n".join([*faults, *filter(None, [failure])]))
        for text in texts:
            if text.warning:
                self._display.warning(f"{text.label}: {text.warning}")


def _as_problem(fault: pipeline_values.Fault) -> Problem:
    place = fault.inserted
    variable = f" (variable {place.variable})" if place.variable else ""
    return Problem(place.line, place.column, f"{place.token}{variable}", fault.reason, "value")
