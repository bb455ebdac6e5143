"""Rules of composite alarms."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.rules import RuleError, parse

STATES = {"up": "OK", "down": "ALARM", "new": "INSUFFICIENT_DATA", "node-silent": "ALARM"}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ('ALARM("down")', True),
        ("ALARM(down)", True),
        ("ALARM( node-silent )", True),
        ("ALARM(up)", False),
        ("OK(up)", True),
        ("INSUFFICIENT_DATA(new)", True),
        ("NOT ALARM(up)", True),
        ("NOT NOT ALARM(up)", False),
        ("ALARM(up) OR ALARM(down)", True),
        ("ALARM(up) AND ALARM(down)", False),
        # AND before OR, NOT before both.
        ("ALARM(down) OR ALARM(up) AND ALARM(up)", True),
        ("(ALARM(down) OR ALARM(up)) AND ALARM(up)", False),
        ("NOT ALARM(down) OR ALARM(down)", True),
        ("TRUE", True),
        ("FALSE OR (TRUE AND NOT FALSE)", True),
        ("ALARM(down)\n  AND OK(up)", True),
    ],
)
def test_a_rule(rule: str, holds: bool) -> None:
    assert parse(rule)(STATES) is holds


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("", "its end"),
        ("ALARM(down) AND", "its end"),
        ("ALARM(down", "ALARM(down"),
        ("(ALARM(down)", "its end"),
        ("ALARM(down))", "')'"),
        ("ALARM(down) ALARM(up)", "character 13"),
        ("ALARM(down) XOR OK(up)", "character 13"),
        ("alarm(down)", "character 1"),
        ("AT_LEAST(1, ALARM, (up, down))", "AT_LEAST"),
    ],
)
def test_a_bad_rule_is_reported_with_its_place(rule: str, place: str) -> None:
    with pytest.raises(RuleError) as error:
        parse(rule)
    assert place in str(error.value)
