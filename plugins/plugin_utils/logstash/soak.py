"""Judges a host that a rollout has just changed, by looks at it taken a few seconds apart.

Pure: neither clock nor connection. Times are seconds of the host's own clock, so that its clock may be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# What ends a soak. Of back pressure that still moves (`struggling`, `catching_up`), no release is to blame.
BAD_VERDICTS = ("stalled", "losing", "crashed", "gone")
# One request that gets no answer may be the monitor's restart.
MISSES = 2

# judge(answers of the node API with their times, ids of the pipelines) -> (pipeline, verdict, reason) of each.
Judge = Callable[
    [Sequence[tuple[float, Mapping[str, Any] | None, str]], Collection[str]], Sequence[tuple[str, str, str]]
]


@dataclass(frozen=True)
class Look:
    """What a host showed at a time: the monitor's /status, or the node API's statistics where it has no monitor.

    Without an answer, ``problem`` says why.
    """

    time: float
    answer: Mapping[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True)
class Judgement:
    """``bad`` says what is wrong, and is empty otherwise. ``good_since`` is None as long as the host is not ready.

    ``lacking`` is what it then still waits for.
    """

    bad: str = ""
    good_since: float | None = None
    lacking: str = ""
    verdicts: Mapping[str, str] = field(default_factory=dict)


def is_fresh(look: Look, start: float) -> bool:
    """Whether a status is of after ``start``: the monitor's last sample, and each canary that it goes by.

    It takes one an interval, and a verdict is of the last one.
    """
    status = look.answer or {}
    if look.time - start < float(status.get("interval") or 15) + 1:
        return False
    ages = [entry.get("canary_age") for entry in status.get("inputs") or ()]
    return not status.get("ready") or all(age is None or look.time - age >= start for age in ages)


def judge_monitored(looks: Sequence[Look], bad_verdicts: Collection[str] = BAD_VERDICTS) -> Judgement:
    """By the monitor's /status. What it says of the time before the first look does not count."""
    start, good_since, lacking, misses = looks[0].time, None, "the monitor has not looked since", 0
    verdicts: dict[str, str] = {}
    for look in looks:
        if look.answer is None:
            misses, lacking = misses + 1, f"the monitor does not answer: {look.problem}"
            if good_since is not None and misses >= MISSES:
                return Judgement(lacking, good_since, lacking, verdicts)
            continue
        misses = 0
        if not is_fresh(look, start):
            continue
        status = look.answer
        found = [_named(one, "pipeline", "verdict", "reason") for one in status.get("pipelines") or ()]
        verdicts = {name: verdict for name, verdict, _reason in found}
        bad = _in_words(found, bad_verdicts)
        if bad:
            return Judgement(bad, good_since, "", verdicts)
        # A host that somebody has taken out by hand is not ready on purpose.
        if status.get("ready") or status.get("drained"):
            good_since = look.time if good_since is None else good_since
            continue
        lacking = f"not ready: {'; '.join(map(str, status.get('reasons') or ())) or 'the monitor gives no reason'}"
        if good_since is not None:
            return Judgement(lacking, good_since, lacking, verdicts)
    return Judgement("", good_since, lacking if good_since is None else "", verdicts)


def judge_unmonitored(
    looks: Sequence[Look], pipelines: Collection[str], judge: Judge, bad_verdicts: Collection[str] = BAD_VERDICTS
) -> Judgement:
    """By the node API alone. A host that has just passed the health gate is ready with its first answer."""
    answered = [look for look in looks if look.answer is not None]
    good_since = answered[0].time if answered else None
    last = looks[-MISSES:]
    if good_since is not None and len(last) == MISSES and all(look.answer is None for look in last):
        return Judgement(f"the node API does not answer: {last[-1].problem}", good_since)
    if not answered:
        return Judgement(lacking=f"the node API does not answer: {looks[-1].problem}")
    found = judge([(look.time, look.answer, look.problem) for look in looks], pipelines)
    verdicts = {name: verdict for name, verdict, _reason in found}
    return Judgement(_in_words(found, bad_verdicts), good_since, "", verdicts)


def end(judgement: Judgement, now: float, watched: float, seconds: float, ready_seconds: float) -> Judgement | None:
    """The judgement that the soak ends with, or None as long as it goes on; ``watched`` is how long it has taken."""
    if judgement.bad:
        return judgement
    if judgement.good_since is not None:
        return judgement if now - judgement.good_since >= seconds else None
    if watched < ready_seconds:
        return None
    return replace(
        judgement, bad=f"not ready within {ready_seconds:g} s: {judgement.lacking.removeprefix('not ready: ')}"
    )


def _named(one: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    return tuple(str(one.get(key, "")) for key in keys)


def _in_words(found: Sequence[tuple[str, ...]], bad_verdicts: Collection[str]) -> str:
    return "; ".join(
        f"pipeline {name} is {verdict.replace('_', ' ')}{f': {reason}' if reason else ''}"
        for name, verdict, reason in found
        if verdict in bad_verdicts
    )


# What is recorded


def identity(record: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two configurations of a host the same: settings, version, plugins and keystore; empty of none."""
    return {name: record.get(name) for name in ("release", "version", "package", "fingerprints")} if record else {}


def target_of(record: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]], soaked: Mapping[str, Any]) -> str:
    """What role logstash returns to when ``record`` turns out bad; empty where nothing is kept.

    That is what last passed a soak, where it is kept and can be named by its release, also if runs that were cut off
    have deployed something else since; otherwise what was there before.
    """
    if not earlier:
        return ""
    known = [one for one in earlier if soaked and identity(one) == soaked]
    if known and known[0] is not earlier[0] and known[0].get("release") != record.get("release"):
        first = next(one for one in earlier if one.get("release") == known[0].get("release"))
        if first is known[0]:
            return str(first["release"])
    return "previous"


# The end of a batch


@dataclass(frozen=True)
class Host:
    """A host of a batch at its end.

    ``bad`` as in Judgement; ``is_new``: it was to pass a soak. ``deployed`` and ``target`` are what it ran in it, and
    what it can go back to, in the words of :func:`named`. ``went_back``: None where nobody tried, empty where that has
    succeeded, or why it has not.
    """

    name: str
    bad: str = ""
    is_new: bool = True
    deployed: str = ""
    target: str = ""
    went_back: str | None = None


def named(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return (
        f"version {record.get('version', 'unknown')}, release {record.get('release', 'unknown')}"
        if record
        else "nothing"
    )


def describe(
    hosts: Sequence[Host], finished: Sequence[str], untouched: Sequence[str], failed: Sequence[str] = ()
) -> str:
    """Why a run stops, and what each host runs now.

    ``finished`` are hosts of earlier batches, ``untouched`` those of later ones, and ``failed`` have failed before.
    """
    bad = [host for host in hosts if host.bad]
    lines = [f"The soak has found {', '.join(host.name for host in bad)} bad, so the run stops here."]
    lines += [f"{host.name}: {_state(host)}" for host in hosts]
    if finished:
        lines.append(f"Fine before, and left as deployed: {', '.join(finished)}.")
    if failed:
        lines.append(f"Failed before its soak, as told above: {', '.join(failed)}.")
    if untouched:
        lines.append(f"Not touched: {', '.join(untouched)}.")
    lines.append("Correct the cause and run again.")
    return "\n".join(lines)


def _state(host: Host) -> str:
    if not host.is_new:
        return f"not changed since its last soak. It stays on {host.deployed}."
    why = f"{host.bad.rstrip('.')}." if host.bad else "fine, but of the same batch."
    if host.went_back == "":
        return f"{why} It went back from {host.deployed} to {host.target}, and has passed the health gate."
    if host.went_back is not None:
        return f"{why} It could not go back from {host.deployed} to {host.target}: {host.went_back}"
    if not host.target:
        return f"{why} Nothing earlier is kept that it could go back to, so it stays on {host.deployed}."
    return f"{why} It stays on {host.deployed}."
