"""Whether load balancers can write logs below a prefix of a bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.aws.log_delivery import is_prefix


class TestModule:
    """Ansible looks for this class."""

    def tests(self) -> dict[str, Callable[[Any], bool]]:
        """The tests of this file by their names."""
        return {"log_prefix": lambda value: is_prefix(str(value))}
