"""Documentation that the Octopus plugins share."""

from __future__ import annotations


class ModuleDocFragment:
    """What everything has that uses Octopus variables; the further parts are for some of it."""

    DOCUMENTATION = r"""
options:
  variables:
    description:
      - Octopus variables for this use alone. They override those of the inventory and of the variable files.
      - A value is text or a number, or a dictionary with V(value) and V(sensitive).
    type: dict
    default: {}
notes:
  - What holds for a host comes from its Ansible variables. C(octopus_environment) is required. Values come from
    C(octopus_variable_files), C(octopus_library_files), C(octopus_variables) and C(octopus_prompted). Scopes are
    compared with the environment, the host, its groups (as roles), C(octopus_step), C(octopus_step_roles),
    C(octopus_channel), C(octopus_tenant), C(octopus_tenant_tags) and C(octopus_process). C(octopus_project),
    C(octopus_release) and C(octopus_deployment) are for names such as C(Octopus.Release.Number). The collection's
    docs/octopus.md has more.
  - Contents and values are never evaluated as Jinja2. A C(octopus_variables) value of the inventory may be an Ansible
    template, as any Ansible variable may.
"""

    TOKENS = r"""
options:
  unresolved:
    description:
      - What to do about tokens that cannot be resolved, because a variable is missing, or a filter is unknown or gives
        no result. V(fail) stops with all of them and their places. V(warn) tells the same and leaves the tokens in the
        text; V(ignore) says nothing.
      - A variable that leads back to itself, and a filter that is given what it cannot work with at all, always fail.
      - The default is the Ansible variable C(octopus_unresolved), else V(fail).
    type: str
    choices: [fail, warn, ignore]
  syntax_errors:
    description:
      - What to do about text that starts like a token and is none, for example C(#{dog) or C(#{"text"}).
      - Such text always stays as it is. V(fail) stops the run with its place, V(warn) tells, V(ignore) says nothing.
      - Write C(##{) where C(#{) is meant literally.
      - The default is the Ansible variable C(octopus_syntax_errors), else V(fail).
    type: str
    choices: [fail, warn, ignore]
"""

    FILES = r"""
options:
  output_encoding:
    description:
      - The encoding to write in, by the name that .NET has for it. V(utf-8), V(utf-16) (or V(unicode)), V(utf-16be),
        V(utf-32) and V(utf-32be) write a byte order mark. V(us-ascii), V(iso-8859-1), V(windows-1252) and the like have
        none.
      - Without it a file keeps its encoding, its byte order mark or the lack of one.
    type: str
notes:
  - A byte order mark tells the encoding of a file. Without one it is UTF-8, or windows-1252 where it is no valid UTF-8.
    What the encoding of the result has no character for makes the whole result UTF-8 without byte order mark, with a
    warning. Line ends stay as they are.
  - Check mode, differences and idempotence are those of M(ansible.builtin.copy). The difference of a file is not shown
    when a sensitive variable is used in it, or when it is encrypted with Ansible Vault.
"""

    DIRECTORY = r"""
options:
  files:
    description:
      - Globs, relative to the directory, that choose the files in which tokens are of interest. C(*) and C(?) stand for
        characters of a name and C(**) for any number of directories. Hidden files are files like all others.
      - A file that several globs match is looked at once. Files that are no text, having a zero byte, are left out.
    type: list
    elements: str
    default: ["**/*"]
  exclude:
    description: Globs of files and directories that are left out altogether.
    type: list
    elements: str
    default: []
  warn_no_match:
    description: Whether to warn of a glob of O(files) that matches no file.
    type: bool
    default: true
"""
