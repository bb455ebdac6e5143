"""From what Octopus Deploy exports to the toolkit's variable files.

Plain Python. In the order of the work: ``sources`` (a path's texts); ``json_text`` and ``json_sets`` (the REST API's
JSON), ``ocl_tokens``, ``ocl_parser`` and ``ocl_sets`` (``variables.ocl``), which all give what ``model`` describes;
``scopes``, ``slugs`` and ``conversion`` (names in place of ids, secrets in Ansible variables, what cannot be carried
over); ``yaml_text`` and ``report`` (texts); ``output`` (files).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import VariableFileError
from ..scoping.entries import parse_entries
from .conversion import REPORT, VAULT, Conversion, ConvertedSet, convert
from .errors import ImportFailed
from .json_sets import read_json
from .ocl_sets import read_ocl
from .output import sealed
from .report import code, report, settings, title, used_names, vault_example
from .sources import read_sources
from .yaml_text import entry_text

__all__ = ["ImportFailed", "Imported", "import_export"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an export becomes: the texts of all files by name, with the report among them, and the same as data."""

    files: Mapping[str, str]
    conversion: Conversion
    settings: str
    report: str

    def as_data(self) -> dict[str, object]:
        """For the result of a task: nothing but dictionaries, lists and texts."""
        conversion = self.conversion
        return {
            "sets": [
                {
                    "name": one.source.name,
                    "owner": one.source.owner,
                    "library": one.source.library,
                    "file": one.file,
                    "variables": one.variables,
                    "values": len(one.entries),
                }
                for one in conversion.sets
            ],
            "secrets": [
                {
                    "set": one.set,
                    "variable": one.variable,
                    "scope": str(one.scope),
                    "ansible_variable": one.ansible_variable,
                }
                for one in conversion.secrets
            ],
            **{
                key: [
                    {"set": one.set, "variable": one.variable, "scope": one.scope, "text": one.text} for one in remarks
                ]
                for key, remarks in (("left_out", conversion.left_out), ("attention", conversion.attention))
            },
            "names": {dimension: sorted(names) for dimension, names in used_names(conversion).items()},
            "settings": self.settings,
            "report": self.report,
        }


def import_export(path: str, folder: str) -> Imported:
    """Read the export at ``path`` and make all files of it; writes nothing.

    ``folder`` is how an inventory names the folder that the files will be in.

    :raises ImportFailed: with all faults.
    """
    sources, passed = read_sources(path)
    export = read_ocl(sources[0]) if sources[0].ocl else read_json(sources, passed)
    conversion = convert(export)
    text = report(export, conversion, folder)
    files = {one.file: sealed(_variable_file(one)) for one in conversion.sets}
    _check(conversion.sets, files)
    if conversion.secrets:
        files[VAULT] = sealed(vault_example(conversion))
    files[REPORT] = sealed(f"{text}\n<!-- import checksum -->\n")
    return Imported(files, conversion, settings(conversion, folder), text)


def _variable_file(one: ConvertedSet) -> str:
    head = [
        "---",
        "# yamllint disable rule:line-length",
        f"# The variables of Octopus Deploy's {title(one)}, imported from {code(one.source.file)}.",
        "# import checksum",
    ]
    return "\n".join(head) + "\n" + ("".join(map(entry_text, one.entries)) or "[]\n")


def _check(sets: Iterable[ConvertedSet], files: Mapping[str, str]) -> None:
    """Every file can be read back, before any of them is written."""
    faults = []
    for one in sets:
        try:
            parse_entries(files[one.file], one.file, one.stem if one.source.library else "")
        except VariableFileError as error:
            faults.append(f"{one.source.file}: what was made of it is no valid variable file: {error}")
    if faults:
        raise ImportFailed.of(faults)
