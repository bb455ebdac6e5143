"""Filter logstash_flatten: settings by their dotted names."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.logstash.table import flatten


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"logstash_flatten": flatten}
