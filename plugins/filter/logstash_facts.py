"""Filter logstash_facts: what differs between the releases of Logstash."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.logstash import plugin_settings
from ..plugin_utils.logstash.versions import facts, parse


def logstash_facts(version: str) -> dict[str, object]:
    """The facts of a version.

    :raises AnsibleFilterError: it is none.
    """
    try:
        parsed = parse(version)
        return {**facts(parsed), "plugins": plugin_settings.of(parsed)}
    except ValueError as error:
        raise AnsibleFilterError(f"logstash_facts: {error}") from None


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"logstash_facts": logstash_facts}
