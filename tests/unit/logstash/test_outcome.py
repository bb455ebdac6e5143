"""What a failed run says of the service is true in every case, and no sentence contradicts another."""

import itertools
from dataclasses import replace

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.outcome import SERVICE, Outcome, describe

RECORD = {"version": "9.5.2", "release": "abc", "health": {"log_file": "/var/log/logstash/logstash-plain.log"}}
UNCHANGED = Outcome(changing=False, same_process=True, before="running", now="running", record=RECORD)
CHANGED = replace(UNCHANGED, changing=True)
RESTARTED = replace(CHANGED, same_process=False)
FIRST = Outcome(changing=True, same_process=False, before="stopped", now="stopped")
BY_HAND = {"version": "9.5.2", "does": "it listens on port 5000", "files": "/etc/logstash/found/files"}
FOUND = replace(FIRST, found=BY_HAND, now="running")
# What was done.
GOOD = "version 9.5.2, release abc"
NOTHING_DONE = "Nothing live was changed, and nothing was restarted."
NOTHING_THERE = "No configuration has passed the health gate on this host yet, so there is nothing to restore:"
STOPPED_IT = f"{NOTHING_THERE} the service was stopped, since it would fail and restart for ever."
BACK = f"The last known-good configuration was restored ({GOOD})"
PROVEN_BACK = f"{BACK}, and the service is healthy with it."
NOT_BACK = (
    f"The last known-good configuration ({GOOD}) could not be restored either: No. Check on the host: "
    "`journalctl -u logstash` and /var/log/logstash/logstash-plain.log."
)
FOUND_IS = "The setup from before the first run (Logstash 9.5.2, its plugins, settings, unit and drop-ins)"
FOUND_BACK = (
    "The setup from before the first run was restored (Logstash 9.5.2, its plugins, settings, unit and "
    "drop-ins), and does what it did before: it listens on port 5000."
)
FOUND_NOT_BACK = (
    f"{FOUND_IS} could not be restored as it was: No. Check on the host: `journalctl -u logstash`, and "
    "/etc/logstash/found/files."
)
LEFT = "logstash_rollback is false: everything was left as it is."
# What the service does.
DOWN, NONE, RUNS = "The service does not run.", "There is no service.", "The service runs."
RUNS_GOOD = f"The service runs the last known-good configuration ({GOOD})."
AS_BEFORE = "The service runs as it did before this run."
OLD_PROCESS = "The service still runs in the process from before the change."
UNPROVEN = "The service runs, but what it runs has not passed the health gate."
AGAIN = "The service does not stay up: systemd starts it again and again."


@pytest.mark.parametrize(
    ("outcome", "done", "does"),
    [
        # A failed validation, a refused plugin: nothing live is touched yet.
        (UNCHANGED, NOTHING_DONE, RUNS_GOOD),
        (replace(UNCHANGED, same_process=False, before="stopped", now="stopped"), NOTHING_DONE, DOWN),
        (replace(UNCHANGED, record={}), NOTHING_DONE, AS_BEFORE),
        (replace(UNCHANGED, record={}, same_process=False, before="absent", now="absent"), NOTHING_DONE, NONE),
        (
            replace(UNCHANGED, recorded_now=True),
            "What is live now passed the health gate in this run, and stays.",
            RUNS_GOOD,
        ),
        # The same after the package was changed, and an unhealthy start.
        (CHANGED, PROVEN_BACK, RUNS),
        (replace(RESTARTED, before="restarting"), PROVEN_BACK, RUNS),
        (replace(RESTARTED, before="stopped", now="stopped", to_run=False), f"{BACK}.", DOWN),
        # On a first run the service was never started, or started and stopped.
        (FIRST, f"{NOTHING_THERE} the service was not started.", DOWN),
        (replace(FIRST, before="absent", now="absent"), f"{NOTHING_THERE} the service was not started.", NONE),
        (replace(FIRST, before="running"), STOPPED_IT, DOWN),
        (replace(FIRST, before="restarting"), STOPPED_IT, DOWN),
        (replace(FIRST, before="failed", now="failed"), f"{NOTHING_THERE} the service has ended by itself.", DOWN),
        (
            replace(FIRST, before="running", now="running", same_process=True),
            f"{NOTHING_THERE} the process that ran before was left alone.",
            OLD_PROCESS,
        ),
        (
            replace(FIRST, before="running", now="restarting"),
            f"{NOTHING_THERE} the service could not be stopped.",
            AGAIN,
        ),
        # What was there before the first run.
        (FOUND, FOUND_BACK, RUNS),
        (replace(FOUND, failure="No.", now="restarting"), FOUND_NOT_BACK, AGAIN),
        # What could not be restored, and what may not.
        (replace(RESTARTED, now="restarting", failure="No."), NOT_BACK, AGAIN),
        (replace(RESTARTED, failure="No."), NOT_BACK, UNPROVEN),
        (replace(CHANGED, rollback=False), LEFT, OLD_PROCESS),
        (replace(RESTARTED, rollback=False), LEFT, UNPROVEN),
        (replace(CHANGED, check=True), "This is a check run: nothing was changed.", AS_BEFORE),
    ],
)
def test_what_is_said(outcome, done, does):
    assert describe(outcome) == f"{done} {does} Correct the cause and run again."


def test_host_that_is_out_of_service_is_said():
    assert "the host stays out of service" in describe(replace(CHANGED, failure="No.", out_of_service=True))


def every_outcome():
    """Every combination that can be: a process that is the same runs, and only what may be restored can fail to."""
    flags = itertools.product([False, True], repeat=7)
    for changing, same, recorded_now, rollback, to_run, check, fails in flags:
        for before, now, record, found in itertools.product(SERVICE, SERVICE, ({}, RECORD), ({}, BY_HAND)):
            if same and before != "running":
                continue
            if fails and not (changing and rollback and not check and (record or found)):
                continue
            failure = "It failed." if fails else ""
            yield Outcome(changing, same, before, now, record, recorded_now, found, rollback, to_run, check, failure)


def test_no_sentence_contradicts_the_state_or_another():
    """Each claim is looked for in every combination, and has to hold there."""
    states = ("does not run", "There is no service", "systemd starts it again", "The service runs", "still runs")
    claims = {
        "Nothing live was changed": lambda o: not o.changing,
        "nothing was changed": lambda o: o.check,
        "is healthy with it": lambda o: o.now == "running" and o.record and not o.failure and o.to_run,
        "was restored": lambda o: o.changing and o.rollback and not o.failure and (o.record or o.found),
        "could not be restored": lambda o: o.failure,
        "nothing to restore": lambda o: not o.record and not o.found,
        "was stopped": lambda o: o.before in ("running", "restarting") and o.now not in ("running", "restarting"),
        "could not be stopped": lambda o: o.now in ("running", "restarting"),
        "was not started": lambda o: o.before in ("stopped", "absent"),
        "was left alone": lambda o: o.same_process,
        "The service runs": lambda o: o.now == "running",
        "The service still runs": lambda o: o.now == "running" and o.same_process,
        "does not run": lambda o: o.now in ("failed", "stopped"),
        "There is no service": lambda o: o.now == "absent",
        "systemd starts it again": lambda o: o.now == "restarting",
        "last known-good configuration": lambda o: o.record,
        "has not passed the health gate": lambda o: o.changing and not o.same_process and o.now == "running",
        "setup from before the first run": lambda o: o.found,
    }
    outcomes = list(every_outcome())
    assert len(outcomes) > 1000
    said = dict.fromkeys(claims, 0)
    for outcome in outcomes:
        text = describe(outcome)
        for claim, holds in claims.items():
            if claim in text:
                said[claim] += 1
                assert holds(outcome), (claim, text, outcome)
        assert sum(state in text for state in states) == 1, text
    assert all(said.values()), said
