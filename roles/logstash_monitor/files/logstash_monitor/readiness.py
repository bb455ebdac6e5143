"""Whether a load balancer may send to this host: a decision without clock or I/O.

It goes by whether the host takes events. A pipeline that stalls is no reason while its inputs take canaries: its
persistent queue takes events for hours, and if all hosts were out, nobody could send.

It is made so that one late response changes nothing: a canary may be ``max_age`` old, and a single failure, or a node
API that does not answer for a moment, is no reason. Two canaries that failed in a row are: then something was seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .canaries import InputState

# Verdicts of a pipeline with which the host takes no events, and how many samples in a row must say so. A reload takes
# a pipeline out of the node API for a moment.
UNREADY = {"crashed": 1, "gone": 2}
# A verdict that is told with the reasons, although it is none.
NOTED = "stalled"
FAILURES = 2

DRAINED, STARTING = "drained", "starting"


@dataclass(frozen=True)
class Readiness:
    """``reasons`` are sentences; there are none for a host that is ready. ``notes`` are what else is wrong."""

    ready: bool
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A pipeline's verdict, since when it is the same (monotonic), and how many samples in a row have given it."""

    pipeline: str
    verdict: str
    reason: str
    since: float
    times: int


def decide(  # noqa: PLR0913 - all that it goes by
    *,
    now: float,
    max_age: float,
    inputs: Sequence[InputState],
    standings: Sequence[Standing],
    declared: Collection[str],
    answered: float | None,
    unreachable: str = "",
    drained: bool = False,
) -> Readiness:
    """:param now: on the monotonic clock, as all times here.
    :param max_age: how old a canary, and the last response of the node API, may be.
    :param declared: the pipelines that matter.
    :param answered: when the node API last answered; None before its first response.
    :param unreachable: why it did not, the last time.
    """
    if drained:
        return Readiness(False, (DRAINED,))
    if answered is None and not unreachable:
        return Readiness(False, (STARTING,))
    reasons = []
    if answered is None:
        reasons.append(unreachable)
    elif now - answered >= max_age:
        reasons.append(f"Logstash's node API has not answered for {now - answered:.0f} s. {unreachable}".strip())
    reasons += [
        _sentence(one)
        for one in standings
        if one.pipeline in declared and one.verdict in UNREADY and one.times >= UNREADY[one.verdict]
    ]
    reasons += [reason for one in inputs for reason in _of_input(one, now, max_age)]
    if not reasons and not all(one.passed for one in inputs):
        reasons = [STARTING]
    notes = [_sentence(one) for one in standings if one.pipeline in declared and one.verdict == NOTED]
    return Readiness(not reasons, tuple(reasons), tuple(notes))


def _sentence(one: Standing) -> str:
    return f"Pipeline {one.pipeline} is {one.verdict}: {one.reason}"


def _of_input(one: InputState, now: float, max_age: float) -> list[str]:
    age = now - one.since
    if one.failures >= FAILURES:
        return [f"Input {one.input.name} takes no canary, {one.failures} in a row. {one.reason}"]
    if age < max_age:
        return []
    if one.passed:
        return [f"Input {one.input.name}: the last canary passed {age:.0f} s ago. {one.reason}".strip()]
    return [f"Input {one.input.name}: no canary has passed in {age:.0f} s. {one.reason}".strip()]
