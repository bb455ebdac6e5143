"""What may pass is tried again, for as long as there is time and it may pass."""

import pytest
from logstash_instance.errors import AS_LONG_AS_THERE_IS_TIME, InstanceError
from logstash_instance.retrying import LONGEST_WAIT, Deadline


class Flaky:
    """Fails so often, then gives 5."""

    def __init__(self, failures, retry_seconds=AS_LONG_AS_THERE_IS_TIME):
        self.failures, self.retry_seconds, self.tries = failures, retry_seconds, 0

    def __call__(self):
        self.tries += 1
        if self.tries <= self.failures:
            raise InstanceError(f"try {self.tries}", retry_seconds=self.retry_seconds)
        return 5


def test_it_is_tried_until_it_works(time):
    assert Deadline.after(600, time.clock()).retry(Flaky(3)) == 5
    assert time.sleeps == [1, 2, 4]


def test_waits_are_bounded(time):
    Deadline.after(6000, time.clock()).retry(Flaky(40))
    assert max(time.sleeps) == LONGEST_WAIT


def test_a_wait_is_drawn_from_the_whole_range(time):
    bounds = []
    clock = time.clock()
    drawn = type(clock)(clock.now, clock.sleep, lambda low, high: bounds.append((low, high)) or high / 2)
    Deadline.after(600, drawn).retry(Flaky(2))
    assert bounds == [(0.0, 1.0), (0.0, 2.0)]


def test_it_never_waits_beyond_the_deadline(time):
    action = Flaky(1000)
    with pytest.raises(InstanceError, match=r"^try \d+$"):
        Deadline.after(100, time.clock()).retry(action)
    assert time.seconds < 100


def test_what_cannot_pass_is_tried_once(time):
    action = Flaky(1, retry_seconds=0)
    with pytest.raises(InstanceError):
        Deadline.after(100, time.clock()).retry(action)
    assert action.tries == 1


def test_what_may_pass_soon_is_tried_so_long(time):
    with pytest.raises(InstanceError):
        Deadline.after(1000, time.clock()).retry(Flaky(1000, retry_seconds=60))
    assert 30 < time.seconds <= 60


def test_it_is_tried_once_even_without_time(time):
    assert Deadline.after(0, time.clock()).retry(Flaky(0)) == 5


def test_a_nearer_deadline(time):
    deadline = Deadline.after(100, time.clock())
    assert deadline.within(20).left() == 20
    assert deadline.within(500).left() == 100
    time.sleep(150)
    assert deadline.left() == 0
