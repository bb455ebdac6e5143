"""How long and how often something is tried again.

The waits grow exponentially and are drawn from the whole range below their bound ("full jitter", see the AWS
Architecture Blog, "Exponential Backoff And Jitter"), so that many senders don't retry at the same moment.
"""

import math
import random
import time
from collections.abc import Callable

from ..errors import DeliveryError

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 20.0

RemainingSeconds = Callable[[], float]


class AttemptError(DeliveryError):
    """One try has failed.

    :param most_tries: after so many there is no other one; ``None``: as many as the time allows.
    :param retry_after: seconds that the receiver wants to be left alone.
    """

    def __init__(self, message: str, *, most_tries: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.most_tries = most_tries
        self.retry_after = retry_after


class RetryBudget:
    """The time that there is, shared by everything that a sink does.

    ``retries`` counts the tries after each first one.
    """

    def __init__(
        self,
        retry_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.retries = 0
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform
        self._remaining: RemainingSeconds | None = None

    def limit(self, remaining_seconds: RemainingSeconds | None) -> None:
        """From now on everything ends before this says 0."""
        self._remaining = remaining_seconds

    def time_left(self) -> float:
        return self._remaining() if self._remaining else math.inf

    def bound(self, timeout: float, *, shares: int = 1) -> float:
        """A timeout, or the time that is left if that is less.

        :param shares: so many such timeouts are to come, and the time that is left is for all of them.
        :raises DeliveryError: no time is left.
        """
        left = self.time_left()
        if left <= 0:
            raise DeliveryError("the time limit is reached. Raise it, or find out why the receiver is slow")
        return min(timeout, left / shares)

    def tries(self) -> "Tries":
        return Tries(self)


class Tries:
    """The tries of one thing; made before the first."""

    def __init__(self, budget: RetryBudget) -> None:
        self._budget = budget
        self._started = budget._clock()
        self._failed = 0

    def wait(self, failure: AttemptError, *, at_once: bool = False) -> None:
        """Return when it is time for another try.

        :param at_once: don't wait; there is another address, or the failure was only a kept connection's.
        :raises DeliveryError: there will be none. The message is that of the last failure, and says how often it was.
        """
        budget = self._budget
        self._failed += 1
        if failure.most_tries is not None and self._failed >= failure.most_tries:
            self._give_up(failure, "")
        pause = 0.0
        if not at_once:
            bound = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failed - 1, 16))
            pause = failure.retry_after + budget._uniform(0.0, bound)
            spent = budget._clock() - self._started
            if spent + pause > budget._retry_seconds:
                self._give_up(failure, _wanted(failure))
        if pause >= budget.time_left():
            self._give_up(failure, f"{_wanted(failure)}; the time limit leaves no time for another try")
        if pause:
            budget._sleep(pause)
        budget.retries += 1

    def _give_up(self, failure: AttemptError, why: str) -> None:
        times = f" ({self._failed} tries{why})" if self._failed > 1 or why else ""
        raise DeliveryError(f"{failure}{times}") from failure


def _wanted(failure: AttemptError) -> str:
    return f"; it asks for {failure.retry_after:g} s" if failure.retry_after else ""
