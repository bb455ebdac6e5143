"""A deployment with an alarm that could not ring stops before it reaches AWS, and says why."""

import json

from alarm_entries import composite, entry
from inventory_runs import run

ALARMS = [entry(alarm_actions=[], ok_actions=[]), composite()]


def preflight(*alarms, **variables):
    """-> exit code, and all that was said in one line."""
    nobody = {"notification_subscribers_required": []}
    ended = run(
        *("ansible-playbook", "-i", "inventories/staging", "playbooks/preflight.yml"),
        *("-e", json.dumps({"alarms": alarms, "alarm_changes": {}, **nobody, **variables})),
    )
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


def test_alarms_that_can_ring_are_taken():
    code, said = preflight(*ALARMS)
    assert code == 0, said
    assert "TASK [Check the alarms]" in said


def test_changing_sum_to_maximum_stops_the_run_with_the_reason():
    """As an environment's change, so that the list itself stays right."""
    code, said = preflight(*ALARMS, alarm_changes={"broker-errors": {"statistic": "Maximum"}})
    assert code != 0
    assert (
        "[alarm_statistic_meaningless] alarm broker-errors: statistic is 'Maximum'; "
        "expected Sum for BackendConnectionErrors. Only Sum counts them."
    ) in said
    assert "Maximum can stay at 1 while thousands fail" in said


def test_everything_that_is_wrong_is_told_at_once():
    code, said = preflight(
        entry("one", datapoints_to_alarm=9),
        entry("two", alarm_actions=["arn:aws:sns:us-east-1:123456789012:alarms"]),
        entry("three", threshold="high"),
    )
    assert code != 0
    assert "[alarm_evaluation_invalid] alarm one: datapoints_to_alarm is 9" in said
    assert "[alarm_action_invalid] alarm two: alarm_actions is 'arn:aws:sns:us-east-1:123456789012:alarms'" in said
    assert "expected an action in eu-west-1" in said
    assert "[alarm_invalid] alarm three: threshold is 'high'; expected a number" in said
