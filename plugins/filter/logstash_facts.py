"""Filter logstash_facts: what differs between the releases of Logstash."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.logstash.versions import facts, parse, parse_or_newest
from ..plugin_utils.logstash import plugin_settings, table


def logstash_facts(version: str, or_newest: bool = False) -> dict[str, object]:
    """The facts of a version. With ``or_newest``, what is no version has those of the newest release.

    :raises AnsibleFilterError: it is none.
    """
    try:
        parsed = parse_or_newest(version) if or_newest else parse(version)
        return {**facts(parsed), "plugins": plugin_settings.of(parsed), "settings": sorted(table.known(parsed))}
    except ValueError as error:
        raise AnsibleFilterError(f"logstash_facts: {error}") from None


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"logstash_facts": logstash_facts}
