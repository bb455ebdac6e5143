"""What one evaluation may use: a number of steps, and an amount of memory.

There is one budget for all that an evaluation does - values, loops, filters, regular expressions, JSON - since in a
text of some lines each of these can use the result of the one before. A step is what a simple thing takes, some tenths
of a microsecond; characters count as parts of a step, more where a filter does more with each. Memory is what texts and
other results take that are kept, and what a filter needs meanwhile. Nothing is measured: a text always ends the same.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

from ..errors import BudgetExceeded

# Some seconds, and some hundred megabytes. A file of 1 MB with 10,000 tokens that have a filter takes the 40th part.
STEPS = 12_000_000
MEMORY = 256 * 1024 * 1024
# A large text may use more.
STEPS_FOR_A_CHARACTER = 4
MEMORY_FOR_A_CHARACTER = 16

_SMALL = 256


class Budget:
    """The rest of it."""

    __slots__ = ("memory", "steps")

    def __init__(self, size: int = 0) -> None:
        """:param size: of the text that is evaluated, in characters."""
        self.steps = STEPS + STEPS_FOR_A_CHARACTER * size
        self.memory = MEMORY + MEMORY_FOR_A_CHARACTER * size

    def spend(self, steps: int) -> None:
        """
        :raises BudgetExceeded: there are not so many left.
        """
        self.steps -= steps
        if self.steps < 0:
            self.steps = -1
            raise BudgetExceeded("too much work")

    def hold(self, size: int) -> None:
        """Keep ``size`` bytes until the evaluation ends.

        :raises BudgetExceeded: there are not so many left.
        """
        self.memory -= size
        if self.memory < 0:
            self.steps = -1
            raise BudgetExceeded("too much memory")

    def need(self, size: int) -> None:
        """Use ``size`` bytes for a moment. Errors as :meth:`hold`."""
        self.hold(size)
        self.memory += size

    def text(self, text: str) -> None:
        """Keep a text that was made."""
        length = len(text)
        if length > _SMALL:
            self.spend(length >> 6)
            self.hold(sys.getsizeof(text))
        else:
            self.hold(length + 64)


# That of the evaluation that runs; filters that cannot tell beforehand what they will use take it from here.
current: ContextVar[Budget | None] = ContextVar("current", default=None)


def spend(steps: int) -> None:
    """As :meth:`Budget.spend`, for what runs within an evaluation."""
    budget = current.get()
    if budget is not None:
        budget.spend(steps)
