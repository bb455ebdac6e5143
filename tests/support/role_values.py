"""Values of role variables for what reads them: plugin_utils/logstash/plan.py and inputs.py."""

from __future__ import annotations

from typing import Any


class Given(dict[str, Any]):
    """The values by name; none of them has a token."""

    def __call__(self, name: str) -> Any:
        return self[name]

    def substituted(self, name: str, of_each: str = "") -> Any:
        return [entry.get(of_each, "") for entry in self[name]] if of_each else self[name]
