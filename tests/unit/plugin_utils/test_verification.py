"""A verification shows every check, counts what failed, and is read by whatever reads JUnit files."""

import re
from xml.etree import ElementTree

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils import verification
from ansible_collections.elk.deploy.plugins.plugin_utils.verification import Check, Suite

SUITES = [
    Suite(
        "broker-1",
        (
            Check("version", "passed", "9.5.2 runs"),
            Check("output broker_redis", "failed", "redis-1:6379: Connection refused"),
            Check("inputs", "skipped", "no monitor runs here"),
        ),
        2.25,
    ),
    Suite("broker-2", (Check("version", "passed", "9.5.2 runs"),), 1.5),
]


def parsed(suites):
    return ElementTree.fromstring(  # noqa: S314 - made here
        verification.junit(suites, "verify.staging", "2026-11-28T21:05:00")
    )


def test_each_host_has_a_table_with_check_result_and_detail():
    assert verification.table(SUITES).splitlines() == [
        "",
        "broker-1  1 passed, 1 failed, 1 skipped",
        "CHECK                RESULT   DETAIL",
        "version              passed   9.5.2 runs",
        "output broker_redis  failed   redis-1:6379: Connection refused",
        "inputs               skipped  no monitor runs here",
        "",
        "broker-2  1 passed",
        "CHECK    RESULT   DETAIL",
        "version  passed   9.5.2 runs",
    ]


def test_a_long_detail_goes_on_below_and_a_longer_one_is_cut():
    shown = verification.table([Suite("a", (Check("b", "failed", "word " * 200),))], width=60)
    assert max(map(len, shown.splitlines())) <= 60
    assert shown.rstrip().endswith("...")


def test_failures_are_named_with_their_hosts():
    assert verification.failures(SUITES) == ["broker-1: output broker_redis: redis-1:6379: Connection refused"]


def test_junit_has_a_suite_for_each_host_with_its_counts():
    root = parsed(SUITES)
    assert root.tag == "testsuites"
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "time": "3.750",
    }
    first, second = root
    assert (first.get("name"), first.get("hostname"), first.get("timestamp")) == (
        "broker-1",
        "broker-1",
        "2026-11-28T21:05:00",
    )
    assert (first.get("tests"), first.get("failures"), first.get("skipped")) == ("3", "1", "1")
    assert (second.get("tests"), second.get("failures"), second.get("skipped")) == ("1", "0", "0")


# The schema that Jenkins has, in short: which attributes an element may have, and which it must.
MAY = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
MUST = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}
WITHIN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "skipped", "system-out"},
}


def test_junit_fits_the_common_schema():
    for element in parsed(SUITES).iter():
        assert MUST.get(element.tag, set()) <= set(element.keys()) <= MAY[element.tag]
        assert {child.tag for child in element} <= WITHIN.get(element.tag, set())
        assert re.fullmatch(r"[0-9]+\.[0-9]*", element.get("time", "0."))


def test_junit_has_the_message_of_a_failure():
    failed = parsed(SUITES).find("testsuite/testcase[@name='output broker_redis']")
    assert failed.get("classname") == "verify.staging.broker-1"
    (failure,) = failed
    assert (failure.tag, failure.get("message")) == ("failure", "redis-1:6379: Connection refused")
    assert failure.text == "redis-1:6379: Connection refused"


def test_junit_takes_whatever_a_program_says():
    """Colours of a terminal and bytes of another encoding have no place in XML."""
    (case,) = parsed([Suite("a", (Check("b <&> \x00", "failed", "\x1b[31m<red> & \udc80\x07 \U0001f4a5"),))])[0]
    assert case.get("name") == "b <&> ?"
    assert case[0].text == "?[31m<red> & ?? \U0001f4a5"


def test_a_result_that_is_none_is_an_error():
    """What is not known to have passed must not look as if it had."""
    with pytest.raises(ValueError, match="expected passed, failed, skipped"):
        Check.of({"check": "version", "result": "ok"})
    with pytest.raises(ValueError, match="None"):
        Check.of({"check": "version"})


# What is compared


def test_one_version_everywhere_passes():
    assert verification.check_version("9.5.2", "9.5.2", "9.5.2", "9.5.2").result == "passed"


@pytest.mark.parametrize(
    ("running", "installed", "deployed", "said"),
    [
        ("8.5.3", "9.5.2", "9.5.2", "8.5.3 runs"),
        ("9.5.2", "8.5.3", "9.5.2", "8.5.3 is installed"),
        ("9.5.2", "9.5.2", "8.5.3", "8.5.3 has passed the health gate"),
        ("", "9.5.2", "9.5.2", "none runs"),
    ],
)
def test_a_version_that_differs_anywhere_fails(running, installed, deployed, said):
    check = verification.check_version(running, installed, deployed, "9.5.2")
    assert check.result == "failed"
    assert f"The inventory has 9.5.2, but {said}." in check.detail


def test_plugins_that_differ_or_were_cut_off_fail():
    change = {"name": "logstash-output-http", "why": "has another version"}
    assert (
        verification.check_plugins([change], 1, "").detail == "logstash-output-http has another version. Deploy again."
    )
    assert verification.check_plugins([], 1, "0a1b").result == "failed"
    assert verification.check_plugins([], 1, "").result == "passed"


def alarm(name, **more):
    return {"alarm_name": name, "actions_enabled": True, "alarm_actions": ["arn:topic"], "state_value": "OK", **more}


@pytest.mark.parametrize(
    ("deployed", "result", "said"),
    [
        ([alarm("staging-a")], "passed", "calls 1; its state is OK"),
        ([], "failed", "not deployed"),
        ([alarm("staging-a", actions_enabled=False)], "failed", "disabled"),
        ([alarm("staging-a", alarm_actions=[])], "failed", "no actions"),
        ([{"AlarmName": "staging-a", "ActionsEnabled": False, "AlarmActions": ["arn"]}], "failed", "disabled"),
    ],
)
def test_an_alarm_has_to_be_there_enabled_and_to_call_somebody(deployed, result, said):
    (check,) = verification.check_alarms({"staging-a": True}, deployed, ())
    assert (check.name, check.result) == ("alarm staging-a", result)
    assert said in check.detail


def test_a_member_of_a_composite_alarm_calls_nobody_itself_and_one_that_waits_is_skipped():
    checks = verification.check_alarms({"staging-a": False}, [alarm("staging-a", alarm_actions=[])], ["host-silent"])
    assert [(check.name, check.result) for check in checks] == [
        ("alarm staging-a", "passed"),
        ("alarm host-silent", "skipped"),
    ]
