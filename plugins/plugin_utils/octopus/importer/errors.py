"""What is wrong with an export, or with the place that it is to be written to."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import VariableError

# A file that is no export at all has a fault for each of its items; nobody reads more.
MOST_FAULTS = 20


class ImportFailed(VariableError):  # noqa: N818 - says what happened
    """The export cannot be imported, or not written. Nothing was written. The message lists every fault."""

    @classmethod
    def of(cls, faults: Sequence[str]) -> ImportFailed:
        more = ["... and more like these"] if len(faults) > MOST_FAULTS else []
        return cls("\n".join([*faults[:MOST_FAULTS], *more]))
