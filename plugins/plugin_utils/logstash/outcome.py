"""What a failed run says of the service: what was done about the failure, and what the service does now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HINT = "Correct the cause and run again."


@dataclass(frozen=True)
class Outcome:
    """What is known at the end of a failed run.

    `changing`: something live was changed, or about to be. `same_process`: the process that ran before the first
    change still did when the run failed. `before` and `now` are what the service did then and does at the end, one of
    SERVICE. `record`: what last passed the health gate; `recorded_now`: in this run. `found`: the setup before the
    first run, with XX could not be. `out_of_service`: the host was drained and not undrained.
    """

    changing: bool
    same_process: bool
    before: str
    now: str
    record: dict[str, Any] = field(default_factory=dict)
    recorded_now: bool = False
    found: dict[str, Any] = field(default_factory=dict)
    rollback: bool = True
    to_run: bool = True
    check: bool = False
    failure: str = ""
    out_of_service: bool = False


# What systemd says of a service: it runs, it ended and is about to be started again, it ended and stays so, it was
# stopped or never started, there is none.
SERVICE = ("running", "restarting", "failed", "stopped", "absent")


def describe(outcome: Outcome) -> str:
    """The sentences, without the failure itself: each says what is true at the end of the run."""
    parts = [what_was_done(outcome), what_it_does(outcome), HINT]
    if outcome.out_of_service:
        parts.append("Until then the host stays out of service: logstash_undrain_tasks were not run.")
    return " ".join(filter(None, parts))


def named(record: Mapping[str, Any]) -> str:
    """A record by its version and release."""
    return f"version {record.get('version', 'unknown')}, release {record.get('release', 'unknown')}"


def found_as(found: Mapping[str, Any]) -> str:
    """What was set up by hand, in brackets."""
    return f"Logstash {found.get('version', 'unknown')}, its plugins, settings, unit and drop-ins"


def is_restored(outcome: Outcome) -> bool:
    """Whether what was there before was restored."""
    there = outcome.record or outcome.found
    return bool(there and outcome.changing and outcome.rollback and not outcome.check and not outcome.failure)


def what_was_done(outcome: Outcome) -> str:
    """What the run did about the failure: the first sentence whose condition holds."""
    log = outcome.record.get("health", {}).get("log_file")
    if outcome.record:
        good, proved = f"The last known-good configuration ({named(outcome.record)})", "restored either"
        look = f"`journalctl -u logstash`{f' and {log}' if log else ''}"
    else:
        good, proved = f"The setup from before the first run ({found_as(outcome.found)})", "restored as it was"
        look = f"`journalctl -u logstash`, and {outcome.found.get('files', 'what was kept of it')}"
    proof = ", and the service is healthy with it" if outcome.to_run and outcome.now == "running" else ""
    sentences: tuple[tuple[object, str], ...] = (
        (outcome.check, "This is a check run: nothing was changed."),
        (
            not outcome.changing and outcome.recorded_now,
            "What is live now passed the health gate in this run, and stays.",
        ),
        (not outcome.changing, "Nothing live was changed, and nothing was restarted."),
        (not outcome.rollback, "logstash_rollback is false: everything was left as it is."),
        (
            not outcome.record and not outcome.found,
            "No configuration has passed the health gate on this host yet, so there is nothing to restore: "
            f"{what_stays(outcome)}.",
        ),
        (
            outcome.failure,
            f"{good} could not be {proved}: {outcome.failure} Check on the host: {look}.",
        ),
        (outcome.record, f"The last known-good configuration was restored ({named(outcome.record)}){proof}."),
        (
            True,
            f"The setup from before the first run was restored ({found_as(outcome.found)}), and does "
            f"what it did before: {outcome.found.get('does', 'as before')}.",
        ),
    )
    return next(sentence for condition, sentence in sentences if condition)


def what_stays(outcome: Outcome) -> str:
    """What became of the service if there is nothing to restore."""
    if outcome.same_process:
        return "the process that ran before was left alone"
    if outcome.before in ("stopped", "absent"):
        return "the service was not started"
    if outcome.before == "failed":
        return "the service has ended by itself"
    if outcome.now in ("running", "restarting"):
        return "the service could not be stopped"
    return "the service was stopped, since it would fail and restart for ever"


def what_it_does(outcome: Outcome) -> str:
    """What the service does at the end of the run: the first sentence whose condition holds."""
    sentences: tuple[tuple[object, str], ...] = (
        (outcome.now == "absent", "There is no service."),
        (outcome.now in ("failed", "stopped"), "The service does not run."),
        (outcome.now == "restarting", "The service does not stay up: systemd starts it again and again."),
        (is_restored(outcome), "The service runs."),
        (
            not outcome.changing and outcome.record,
            f"The service runs the last known-good configuration ({named(outcome.record)}).",
        ),
        (outcome.check or not outcome.changing, "The service runs as it did before this run."),
        (outcome.same_process, "The service still runs in the process from before the change."),
        (True, "The service runs, but what it runs has not passed the health gate."),
    )
    return next(sentence for condition, sentence in sentences if condition)
