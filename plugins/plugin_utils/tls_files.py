"""The content of logstash_tls_files, as hosts get it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from .octopus import render
from .octopus.files.text_files import TextFileError
from .octopus.scoping.host import HostVariables
from .token_action import TokenAction


def contents(action: TokenAction, tls_files: list[dict[str, Any]], host: HostVariables) -> dict[str, bytes]:
    """Name to content: ``content`` with its tokens substituted, ``src`` decrypted.

    :raises AnsibleActionFail: a file is not there, or cannot be read.
    """
    found = {}
    for entry in tls_files:
        name = str(entry.get("name"))
        try:
            if entry.get("src"):
                found[name] = action.unchanged(action._find_needle("files", entry["src"])).content
            else:
                text = str(entry.get("content") or "")
                found[name] = (render(text, host.variables).text or "").encode()
        except (AnsibleError, TextFileError) as error:
            raise AnsibleActionFail(f"logstash_tls_files: {name}: {error}") from None
    return found
