"""Filter systemd_environment: variables as a file that systemd reads."""

from __future__ import annotations

from typing import Any

from ..module_utils.logstash.environment import environment_file


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"systemd_environment": environment_file}
