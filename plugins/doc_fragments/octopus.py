"""Documentation that the Octopus plugins share."""

from __future__ import annotations


class ModuleDocFragment:
    """What everything has that uses Octopus variables; the further parts are for some of it."""

    DOCUMENTATION = r"""
options:
  variables:
    description:
      - Octopus variables for this task only. They override those of the inventory and of the variable files.
      - A value is text or a number, or a dictionary with V(value) and V(sensitive).
    type: dict
    default: {}
notes:
  - A host's values come from its Ansible variables. C(octopus_environment) is required. Values come from
    C(octopus_variable_files), C(octopus_library_files), C(octopus_variables) and C(octopus_prompted). Scopes are
    compared with the environment, the host, its groups (as roles), C(octopus_step), C(octopus_step_roles),
    C(octopus_channel), C(octopus_tenant), C(octopus_tenant_tags) and C(octopus_process). C(octopus_project),
    C(octopus_release) and C(octopus_deployment) provide names such as C(Octopus.Release.Number). The collection's
    docs/octopus.md has more.
  - Contents and values are never evaluated as Jinja2. A value in the inventory's C(octopus_variables) may be an Ansible
    template, like any Ansible variable.
"""

    TOKENS = r"""
options:
  unresolved:
    description:
      - What to do about unresolved tokens, where a variable is missing, or a filter is unknown or gives no result.
        V(fail) stops and lists all of them with their places; V(warn) reports the same and leaves the tokens in the
        text; V(ignore) says nothing.
      - A variable that refers back to itself, and a filter with input that it cannot process at all, always fail.
      - The default is the Ansible variable C(octopus_unresolved), or V(fail).
    type: str
    choices: [fail, warn, ignore]
  syntax_errors:
    description:
      - What to do about text that starts like a token but is not one, for example C(#{dog) or C(#{"text"}).
      - Such text always stays as it is. V(fail) stops the run with its place, V(warn) warns, V(ignore) says nothing.
      - Write C(##{) for a literal C(#{).
      - The default is the Ansible variable C(octopus_syntax_errors), or V(fail).
    type: str
    choices: [fail, warn, ignore]
"""

    FILES = r"""
options:
  output_encoding:
    description:
      - The encoding to write, by its .NET name. V(utf-8), V(utf-16) (or V(unicode)), V(utf-16be), V(utf-32) and
        V(utf-32be) write a byte order mark. V(us-ascii), V(iso-8859-1), V(windows-1252) and the like have none.
      - By default, a file keeps its encoding, with or without a byte order mark.
    type: str
notes:
  - A byte order mark determines a file's encoding. Without one it is UTF-8, or windows-1252 if it is not valid UTF-8.
    If the result has characters that its encoding lacks, it is written as UTF-8 without a byte order mark, with a
    warning. Line endings stay as they are.
  - Check mode, differences and idempotence are those of M(ansible.builtin.copy). The difference of a file is not shown
    if it uses a sensitive variable, or is encrypted with Ansible Vault.
"""

    DIRECTORY = r"""
options:
  files:
    description:
      - Globs, relative to the directory, that choose the files with tokens. C(*) and C(?) match characters of a name
        and C(**) any number of directories. Hidden files match too.
      - A file that several globs match is processed once. Files that are not text, with a zero byte, are left out.
    type: list
    elements: str
    default: ["**/*"]
  exclude:
    description: Globs of files and directories that are left out completely.
    type: list
    elements: str
    default: []
  warn_no_match:
    description: Whether to warn about a glob in O(files) that matches no file.
    type: bool
    default: true
"""
