"""Whether so many hosts can be changed at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# What is neither would become 0 in a play's serial, which is all hosts at once.
_NUMBER_OR_SHARE = re.compile(r"[1-9][0-9]*|[1-9][0-9]?%|100%")


def is_batch_size(value: Any) -> bool:
    """Whether it is a number of hosts from 1 on, or a share from 1% to 100%; a number may be a text."""
    return _NUMBER_OR_SHARE.fullmatch(str(value)) is not None


class TestModule:
    """Ansible looks for this class."""

    def tests(self) -> dict[str, Callable[[Any], bool]]:
        """The tests of this file by their names."""
        return {"batch_size": is_batch_size}
