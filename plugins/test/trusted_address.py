"""Whether a file may be fetched from an address."""

from __future__ import annotations

from collections.abc import Callable

from ..module_utils.downloads import is_trusted


class TestModule:
    """Ansible looks for this class."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """The tests of this file by their names."""
        return {"trusted_address": lambda value, mirrors=(): is_trusted(str(value), map(str, mirrors))}
