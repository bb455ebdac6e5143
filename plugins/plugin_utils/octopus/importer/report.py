"""What an import did and what is left to do, in plain words: Markdown that also reads well on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..scoping.scopes import DIMENSIONS
from . import yaml_text
from .conversion import VAULT, Conversion, ConvertedSet, Remark
from .model import Export

_COMPARED = {
    "environment": "octopus_environment",
    "machine": "the host's name in the inventory",
    "role": "the host's groups",
    "step": "octopus_step",
    "channel": "octopus_channel",
    "tenant": "octopus_tenant",
    "tenant_tag": "octopus_tenant_tags",
    "process": "`deployment`, or the runbook's name",
}


def report(export: Export, conversion: Conversion, folder: str) -> str:
    """The whole report; ``folder`` is where the files are, for the settings to be pasted."""
    sections = [
        _summary(conversion),
        _settings(conversion, folder),
        _secrets(conversion),
        _remarks("Left out", "These values are in no file. Each says what to do.", conversion.left_out),
        _remarks("To look at", "These are in the files, but something is different.", conversion.attention),
        _names(conversion),
        _not_covered(export, conversion),
    ]
    return "# Import from Octopus Deploy\n\n" + "\n".join(section for section in sections if section)


def settings(conversion: Conversion, folder: str) -> str:
    """Lines for an inventory's group_vars: one block for each project."""
    blocks = []
    libraries = [one for one in conversion.sets if one.source.library]
    projects = [one for one in conversion.sets if not one.source.library]
    wanted: Sequence[ConvertedSet | None] = projects or [None]
    for project in wanted:
        lines = [f"# {title(project)}"] if project and len(projects) > 1 else []
        included = _included(project, libraries) if project else libraries
        lines.extend(_paths("octopus_library_files", included, folder))
        lines.extend(_paths("octopus_variable_files", [project] if project else [], folder))
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _included(project: ConvertedSet, libraries: Sequence[ConvertedSet]) -> list[ConvertedSet]:
    """The library sets of a project; all where the export does not say."""
    wanted = project.source.included
    if not wanted:
        return list(libraries)
    by_owner = {one.source.owner: one for one in libraries}
    return [by_owner[owner] for owner in wanted if owner in by_owner]


def _paths(setting: str, sets: Sequence[ConvertedSet], folder: str) -> list[str]:
    return [f"{setting}:", *(f"  - {yaml_text.quoted(f'{folder}/{one.file}')}" for one in sets)] if sets else []


def _summary(conversion: Conversion) -> str:
    values = sum(len(one.entries) for one in conversion.sets)
    variables = sum(one.variables for one in conversion.sets)
    lines = [
        f"{_count(values, 'value')} of {_count(variables, 'variable')} imported, {len(conversion.left_out)} left out, "
        f"{_count(len(conversion.secrets), 'secret')} to fill in, {len(conversion.attention)} to look at.",
        "",
    ]
    lines += [
        f"- `{one.file}`: {title(one)}, {_count(len(one.entries), 'value')}, from {code(one.source.file)}"
        for one in conversion.sets
    ]
    return "\n".join(lines) + "\n"


def _settings(conversion: Conversion, folder: str) -> str:
    return (
        "## Use the files\n\n"
        "Add this to the group_vars/all of your inventories, behind the files that are there already:\n\n"
        f"```yaml\n{settings(conversion, folder)}```\n"
    )


def _secrets(conversion: Conversion) -> str:
    if not conversion.secrets:
        return ""
    lines = [
        "## Fill in the secrets\n",
        "An export has no sensitive values. The files take them from these Ansible variables; a run that needs one "
        f"fails until it is defined. `{VAULT}` says how.\n",
    ]
    lines += [
        f"- `{one.ansible_variable}`: {_where(one.set, one.variable, str(one.scope))}" for one in conversion.secrets
    ]
    return "\n".join(lines) + "\n"


def _remarks(title: str, text: str, remarks: Sequence[Remark]) -> str:
    if not remarks:
        return ""
    lines = [f"- {_where(one.set, one.variable, one.scope)}: {one.text}" for one in remarks]
    return "\n".join([f"## {title}\n", f"{text}\n", *lines]) + "\n"


def _names(conversion: Conversion) -> str:
    """The names that scopes use, to be compared with the inventory's."""
    used = {dimension: sorted(names) for dimension, names in used_names(conversion).items()}
    if not used:
        return ""
    lines = [
        f"- {dimension}, compared with {_COMPARED[dimension]}: {', '.join(map(code, used[dimension]))}"
        for dimension in DIMENSIONS
        if dimension in used
    ]
    text = "A value holds where these names are those of your inventory (without regard to case)."
    return "\n".join(["## Names in scopes\n", f"{text}\n", *lines]) + "\n"


def used_names(conversion: Conversion) -> dict[str, set[str]]:
    """Dimension to the names that the written scopes list."""
    used: dict[str, set[str]] = {}
    for entry in (entry for one in conversion.sets for entry in one.entries):
        for dimension, names in entry.scope.dimensions.items():
            used.setdefault(dimension, set()).update(names)
    return used


def _not_covered(export: Export, conversion: Conversion) -> str:
    lines = list(_gaps(export, conversion))
    return "\n".join(["## Not part of this import\n", *(f"- {line}" for line in lines)]) + "\n" if lines else ""


def _gaps(export: Export, conversion: Conversion) -> Iterator[str]:
    if export.kind == "ocl":
        yield (
            "Sensitive variables: Octopus never writes them into variables.ocl. Import the JSON of the project's "
            "variable set to learn their names."
        )
        yield "Names: scopes have slugs (`pre-production`) where Octopus shows names (`Pre Production`)."
        yield "Library variable sets: a project's variables.ocl does not have them. Import their JSON."
    for one in export.sets:
        if one.templates:
            yield (
                f"{_count(one.templates, 'variable template')} of {code(one.name)}: each tenant gives them values of "
                "its own. Write those as entries with the scope tenant."
            )
    libraries = {one.source.owner for one in conversion.sets if one.source.library}
    for one in export.sets:
        for owner in one.included:
            if owner not in libraries:
                yield f"{code(owner)}, a library variable set that {code(one.name)} includes, is not in the export."
    if export.unused:
        yield f"Files without variables: {', '.join(map(code, export.unused[:20]))}{_more(export.unused)}"


def _more(items: Sequence[str]) -> str:
    return f" and {len(items) - 20} more" if len(items) > 20 else ""


def title(one: ConvertedSet) -> str:
    kind = "library variable set" if one.source.library else "project"
    return f"{kind} {code(one.source.name)}" + (f" ({code(one.source.owner)})" if one.source.owner else "")


def code(text: str) -> str:
    """A name of somebody else's within Markdown, on one line."""
    plain = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    fence = "``" if "`" in plain else "`"
    return f"{fence} {plain} {fence}" if "`" in plain else f"{fence}{plain}{fence}"


def _where(owner: str, variable: str, scope: str) -> str:
    return f"{code(variable)} ({code(scope)}; set {code(owner)})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def vault_example(conversion: Conversion) -> str:
    """The file that names the Ansible variables to be filled in. All are commented out: an empty value is no secret."""
    lines = [
        "---",
        "# yamllint disable rule:line-length",
        "# The secrets that the imported files take from Ansible variables. Copy the lines with a name into a file of",
        "# your inventory, without the `# ` in front, fill in the values, and encrypt that file:",
        "#   ansible-vault create inventories/production/group_vars/all/vault.yml",
        "# Each inventory needs those that its hosts use. A run that needs one fails until it is defined.",
        "# import checksum",
    ]
    for one in conversion.secrets:
        lines.append(f"# {_where(one.set, one.variable, str(one.scope))}")
        lines.append(f'# {one.ansible_variable}: ""')
    return "\n".join(lines) + "\n"
