"""Filter logstash_outcome: what a failed run says of the service."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.logstash.outcome import Outcome, describe


def logstash_outcome(facts: dict[str, Any]) -> str:
    """The sentences for what is known at the end of a failed run.

    :raises AnsibleFilterError: a fact is missing, or unknown.
    """
    try:
        return describe(Outcome(**facts))
    except TypeError as error:
        raise AnsibleFilterError(f"logstash_outcome: {error}") from None


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"logstash_outcome": logstash_outcome}
