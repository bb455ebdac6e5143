"""Inventories of other environments, read beside the run's own: what each of their hosts has and gets.

Ansible merges several ``-i`` into one inventory, and so would mix the environments' group_vars. Here each has an
inventory manager of its own. No host is contacted; of a host's Ansible variables only those that are needed are
templated, since others may need facts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from .octopus.files.file_tree import walk
from .octopus.files.text_files import BinaryFileError, TextFileError
from .octopus.preview import Column, Target, Text
from .octopus_settings import Settings
from .octopus_variables import chosen_once, read_host, shown_path

# Takes the place of a host in an inventory without hosts: it is in no group but `all`, and matches no scope by name.
_NO_HOST = "(no host)"

# So many hosts are named in a message.
MANY = 3

_REQUIRED = "_required_variables"


class Inventory:
    """One inventory: some sources that belong together.

    ``read`` gives the text of a file; it raises TextFileError or AnsibleError.
    """

    def __init__(self, sources: Sequence[str], loader: DataLoader, read: Callable[[str], str]) -> None:
        self.label = ", ".join(shown_path(source) for source in sources)
        self._loader = loader
        self._read = read
        self._inventory = InventoryManager(loader=loader, sources=list(sources))
        self._variables = VariableManager(loader=loader, inventory=self._inventory)
        HostVars(inventory=self._inventory, variable_manager=self._variables, loader=loader)  # registers itself
        self._files: dict[str, Text] = {}

    def columns(self) -> list[Column]:
        """A column for each environment that hosts of this inventory belong to; mostly one.

        :raises AnsibleError: with the faults of all hosts.
        """
        hosts = sorted(self._inventory.hosts.values(), key=lambda host: str(host.name))
        found: dict[str, tuple[list[Target], dict[str, list[str]]]] = {}
        faults: dict[str, list[str]] = {}
        for host in hosts or [Host(_NO_HOST)]:
            try:
                # Other inventories have hosts of the same names.
                with chosen_once():
                    target, notes = self._target(host)
            except AnsibleError as error:
                faults.setdefault(error.message, []).append(str(host.name))
                continue
            targets, by_note = found.setdefault(target.variables.host.environment, ([], {}))
            targets.append(target)
            for note in dict.fromkeys(notes):
                by_note.setdefault(note, []).append(str(host.name))
        if faults:
            raise AnsibleError("\n".join(f"{self.label}: {_said(names, text)}" for text, names in faults.items()))
        return [
            Column(
                environment,
                self.label,
                tuple(targets),
                bool(hosts),
                tuple(_said(names, note) for note, names in by_note.items()),
            )
            for environment, (targets, by_note) in found.items()
        ]

    def _target(self, host: Host) -> tuple[Target, list[str]]:
        variables = self._variables.get_vars(host=host)
        if host.name == _NO_HOST:
            variables["inventory_hostname"] = ""
        reader = _HostReader(variables, Templar(loader=self._loader, variables=variables))
        chosen = read_host(reader, warn=False)  # they are notes
        reader.notes += chosen.warnings
        texts = [*self._listed(reader), *_inventory_texts(variables)]
        required = [name for key in variables if key.endswith(_REQUIRED) for name in reader(key) or ()]
        return Target(chosen, tuple(texts), tuple(map(str, required))), reader.notes

    def _listed(self, reader: _HostReader) -> Iterator[Text]:
        """The files that the host gets, from its variable octopus_files; those of a directory that are text."""
        settings = Settings(reader)
        names = settings.texts("octopus_files", "files and directories")
        if settings.faults:
            raise AnsibleError("\n".join(settings.faults))
        base = str(reader("playbook_dir"))
        for name in dict.fromkeys(names):
            path = os.path.normpath(os.path.join(base, os.path.expanduser(name)))
            if not os.path.isdir(path):
                yield from self._file(path, reader)
                continue
            tree = walk(path)
            reader.notes += [f"octopus_files: {shown_path(path)}/{fault}" for fault in tree.faults]
            for part in tree.files:
                yield from self._file(os.path.join(path, part), reader, binary_is_fine=True)

    def _file(self, path: str, reader: _HostReader, binary_is_fine: bool = False) -> Iterator[Text]:
        try:
            if path not in self._files:
                self._files[path] = Text(shown_path(path), self._read(path))
            yield self._files[path]
        except BinaryFileError as error:
            if not binary_is_fine:
                reader.notes.append(f"octopus_files: {error}")
        except (AnsibleError, TextFileError) as error:
            reader.notes.append(f"octopus_files: {error}")


def _said(hosts: Sequence[str], text: str) -> str:
    """What is said of some hosts; a text about variable files is the same for all of them, so few names will do."""
    names = [name for name in hosts if name != _NO_HOST]
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"{', '.join(names[:MANY])}{more}: {text}" if names else text


class _HostReader:
    """Templates a host's variables one at a time. One that cannot be is noted, and counts as not defined."""

    def __init__(self, variables: Mapping[str, Any], templar: Templar) -> None:
        self._variables = variables
        self._templar = templar
        self.notes: list[str] = []

    def __call__(self, name: str) -> Any:
        if name not in self._variables:
            return None
        try:
            return self._templar.template(self._variables[name])
        except AnsibleError as error:
            self.notes.append(f"{name} is left out: {error.message}")
            return None


def _inventory_texts(variables: Mapping[str, Any]) -> Iterator[Text]:
    """Ansible variables that have tokens in them. With Jinja2 in it, such a text is only known as it is written."""
    for name, value in variables.items():
        if name in ("hostvars", "groups", "vars") or name.startswith("octopus_"):
            continue
        for text in _strings(value):
            if "#{" in text:
                yield Text(f"Ansible variable {name}", text, checked="{{" not in text and "{%" not in text)


def _strings(value: Any) -> Iterator[str]:
    """All texts in a value of Ansible's. Encrypted ones are of another type, and stay closed."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
