"""The form of a list of alarms: what is read from it, and what is said about an entry of another form."""

import pytest
from alarm_entries import WORDS, composite, entry, share
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.definitions import (
    COMPARISONS,
    MISSING_DATA,
    Metric,
    Suppression,
    read,
    without,
)
from hypothesis import given
from hypothesis import strategies as st

ENTRIES = {"metric": entry, "expression": share, "rule": composite}
SUPPRESSION = ["actions_suppressor", "actions_suppressor_wait_period", "actions_suppressor_extension_period"]
OPTIONAL = {"dimensions", "datapoints_to_alarm", "enabled", "alarm_actions", "ok_actions", "accepted", *SUPPRESSION}


def faults(*entries, changes=None):
    """-> (alarm, key, value) of each fault, all of which are about the form."""
    found = read(entries, changes).faults
    assert {fault.code for fault in found} <= {"alarm_invalid"}
    assert all(fault.expected and fault.hint for fault in found)
    return [(fault.alarm, fault.key, fault.value) for fault in found]


def test_alarm_over_one_metric():
    (alarm,) = read([entry(datapoints_to_alarm=3)]).alarms
    assert alarm.metrics == (
        Metric("AWS/ELB", "BackendConnectionErrors", {"LoadBalancerName": "brokers"}, "Sum", period=60),
    )
    assert (alarm.name, alarm.what_broke, alarm.expression) == ("broker-errors", WORDS["what_broke"], "")
    assert (alarm.threshold, alarm.period, alarm.evaluation_periods, alarm.datapoints_to_alarm) == (100, 60, 5, 3)


def test_alarm_over_an_expression():
    (alarm,) = read([share()]).alarms
    assert [(metric.id, metric.metric, metric.period) for metric in alarm.metrics] == [
        ("unparsed", "UnparsedLines", 300),
        ("lines", "Lines", 300),
    ]
    assert (alarm.expression, alarm.period) == ("100 * unparsed / lines", 300)


def test_composite_alarm():
    (found,) = read([composite(rule='ALARM(a) OR (ALARM("b") AND NOT OK( a ))')]).composites
    assert found.members == ("a", "b")


def suppressed(name="delivery-trouble", **keys):
    """A composite alarm whose actions another one holds back."""
    suppression = {
        "actions_suppressor": "broker-errors",
        "actions_suppressor_wait_period": 60,
        "actions_suppressor_extension_period": 0,
    }
    return composite(name, "ALARM(other)", **{**suppression, **keys})


def test_composite_alarm_with_a_suppressor():
    (found,) = read([suppressed()]).composites
    assert found.suppression == Suppression("broker-errors", wait_period=60, extension_period=0)
    assert (found.members, found.depends_on) == (("other",), ("other", "broker-errors"))
    assert read([composite()]).composites[0].suppression is None


def test_an_environment_does_without_a_suppressor():
    changes = {"delivery-trouble": dict.fromkeys(SUPPRESSION)}
    (found,) = read([suppressed()], changes).composites
    assert found.suppression is None


@pytest.mark.parametrize("key", SUPPRESSION)
def test_a_suppressor_has_both_periods(key):
    assert faults(suppressed(**{key: None})) == [("delivery-trouble", key, None)]


@pytest.mark.parametrize("value", [-1, 86401, 1.5, 60.0, "60", True, [60]])
@pytest.mark.parametrize("key", SUPPRESSION[1:])
def test_a_period_of_suppression_is_a_number_of_seconds(key, value):
    assert faults(suppressed(**{key: value})) == [("delivery-trouble", key, value)]


@pytest.mark.parametrize("value", [["broker-errors"], True, 1])
def test_a_suppressor_is_one_name(value):
    assert faults(suppressed(actions_suppressor=value)) == [("delivery-trouble", "actions_suppressor", value)]


def test_only_a_composite_alarm_has_a_suppressor():
    assert faults(entry(actions_suppressor="other")) == [("broker-errors", "actions_suppressor", "other")]


def test_what_is_left_out_has_defaults():
    (alarm,) = read([entry(dimensions=None)]).alarms
    assert alarm.datapoints_to_alarm == alarm.evaluation_periods == 5
    assert alarm.alarm_actions == alarm.ok_actions == ("alarms",)
    assert alarm.metrics[0].dimensions == {}
    assert alarm.accepted == {}


def test_members_of_a_composite_have_no_actions_of_their_own():
    (alarm,) = read([entry(alarm_actions=[], ok_actions=[])]).alarms
    assert alarm.alarm_actions == alarm.ok_actions == ()


def test_accepted_faults_are_read_with_their_reasons():
    (alarm,) = read([entry(accepted={"alarm_metric_unknown": "It is new."})]).alarms
    assert alarm.accepted == {"alarm_metric_unknown": "It is new."}


@pytest.mark.parametrize("kind", ENTRIES)
def test_each_key_that_is_not_optional_is_asked_for(kind):
    whole = ENTRIES[kind]()
    for key in whole.keys() - OPTIONAL - {"name", kind}:
        assert (whole["name"], key, None) in faults({name: value for name, value in whole.items() if name != key})
        assert (whole["name"], key, "") in faults({**whole, key: ""})


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_key_that_is_not_of_its_kind_is_a_fault(kind):
    whole = ENTRIES[kind]()
    others = {key: value for other in ENTRIES.values() for key, value in other().items()}
    for key, value in ((key, value) for key, value in others.items() if key not in (*whole, *ENTRIES)):
        assert faults({**whole, key: value}) == [(whole["name"], key, value)]
    assert faults({**whole, "missing_data": 1}) == [(whole["name"], "missing_data", 1)]


@pytest.mark.parametrize("kinds", [[], ["metric", "rule"], ["expression", "rule"], ["metric", "expression", "rule"]])
def test_an_alarm_is_of_exactly_one_kind(kinds):
    whole = {key: value for kind in ENTRIES.values() for key, value in kind("mixed").items() if key not in ENTRIES}
    mixed = whole | {kind: ENTRIES[kind]()[kind] for kind in kinds}
    assert [key for _alarm, key, _value in faults(mixed)] == ["metric"]


@pytest.mark.parametrize("name", ["", "Broker", "broker errors", "1-broker", "-", "a" * 101, None, 5, ["broker"]])
def test_names_have_one_form(name):
    (fault, *more) = faults({**entry(), "name": name})
    assert (fault[1:], more) == (("name", name), [])


@pytest.mark.parametrize("name", ["a", "broker-errors", "a1", "a" * 100])
def test_names_of_that_form_are_taken(name):
    assert faults(entry(name)) == []


@pytest.mark.parametrize("first", [entry(), entry(enabled=False), entry(threshold="high")])
def test_two_alarms_have_two_names(first):
    assert ("broker-errors", "name", "broker-errors") in faults(first, entry())


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("threshold", ["100", "high", [1], True, float("inf"), 10**400]),
        ("evaluation_periods", [0, -1, 1.5, "3", True, [3]]),
        ("datapoints_to_alarm", [0, -1, 1.5, "3", True]),
        ("period", [0, -60, 60.0, "60", True]),
        ("comparison_operator", ["greater", "GreaterThan", ">", ["GreaterThanThreshold"]]),
        ("treat_missing_data", ["notbreaching", "ok", True]),
        ("alarm_actions", ["alarms", {"alarms": True}, 1]),
        ("ok_actions", ["alarms"]),
        ("dimensions", ["LoadBalancerName", ["LoadBalancerName"]]),
        ("accepted", ["alarm_metric_unknown", {"alarm_metric_unknown": ""}, {"alarm_metric_unknown": None}]),
    ],
)
def test_value_of_another_form_is_a_fault_of_its_key(key, values):
    for value in values:
        where = "metric.dimensions" if key == "dimensions" else key
        assert faults({**entry(), key: value}) == [("broker-errors", where, value)]


@pytest.mark.parametrize("operator", COMPARISONS)
@pytest.mark.parametrize("choice", MISSING_DATA)
def test_every_comparison_and_choice_for_missing_data_is_taken(operator, choice):
    assert faults(entry(comparison_operator=operator, treat_missing_data=choice)) == []


@pytest.mark.parametrize("metrics", [{}, [], "unparsed", 1])
def test_an_expression_needs_metrics(metrics):
    assert ("lines-unparsed", "metrics", metrics) in faults({**share(), "metrics": metrics})


@pytest.mark.parametrize("name", ["Lines", "1", "a-b", "_a"])
def test_names_in_expressions_begin_with_a_small_letter(name):
    metrics = {name: share()["metrics"]["lines"]}
    assert faults(share(metrics=metrics)) == [("lines-unparsed", f"metrics.{name}", name)]


@pytest.mark.parametrize(
    ("key", "value"), [("metric", None), ("namespace", ""), ("statistic", None), ("period", "5m"), ("unit", "Count")]
)
def test_each_metric_of_an_expression_has_a_form(key, value):
    lines = share()["metrics"]["lines"] | {key: value}
    ((alarm, where, _seen),) = faults(share(metrics={"lines": lines}))
    assert (alarm, where) == ("lines-unparsed", f"metrics.lines.{key}")


def test_a_metric_of_an_expression_that_is_none_is_a_fault():
    assert faults(share(metrics={"lines": "Lines"})) == [("lines-unparsed", "metrics.lines", "Lines")]


@pytest.mark.parametrize("rule", ["broker-errors", "ALARM", "ALARM()", "TRUE", "ALARM[broker-errors]"])
def test_a_rule_without_the_name_of_an_alarm_is_a_fault(rule):
    assert faults(entry(), composite(rule=rule)) == [("broker-trouble", "rule", rule)]


def test_all_faults_of_all_alarms_are_told_at_once():
    found = faults(entry("One", threshold="x", period=0), "two", entry("three", unit="Count"))
    assert [(alarm, key) for alarm, key, _value in found] == [
        ("One", "name"),
        ("One", "threshold"),
        ("One", "period"),
        ("number 2", ""),
        ("three", "unit"),
    ]


def test_what_has_a_fault_is_not_read_and_the_rest_is():
    found = read([entry("one", threshold="x"), entry("two")])
    assert [alarm.name for alarm in found.alarms] == ["two"]


# An environment's changes.


def test_an_environment_changes_single_keys():
    found = read([entry(), entry("other")], {"broker-errors": {"threshold": 5, "datapoints_to_alarm": 2}})
    assert [(alarm.threshold, alarm.datapoints_to_alarm) for alarm in found.alarms] == [(5, 2), (100, 5)]


def test_a_change_is_checked_like_the_list():
    assert faults(entry(), changes={"broker-errors": {"missing_data": 5}}) == [("broker-errors", "missing_data", 5)]


def test_a_change_of_an_alarm_that_is_not_there_is_a_fault():
    assert faults(entry(), changes={"broker-error": {"threshold": 5}}) == [
        ("broker-error", "alarm_changes", "broker-error")
    ]


def test_a_change_that_is_none_is_a_fault():
    assert faults(entry(), changes={"broker-errors": 5}) == [("broker-errors", "alarm_changes", 5)]


def test_reading_changes_neither_the_list_nor_the_changes():
    entries, changes = [entry()], {"broker-errors": {"threshold": 5}}
    assert read(entries, changes) == read(entries, changes)
    assert (entries, changes) == ([entry()], {"broker-errors": {"threshold": 5}})


# What an environment does not have.


def test_an_alarm_that_is_not_enabled_is_left_out_whatever_its_form():
    found = read([entry(enabled=False, threshold="x"), entry("other")])
    assert ([alarm.name for alarm in found.alarms], found.left_out, found.faults) == (["other"], ["broker-errors"], [])


def test_a_rule_goes_on_without_the_alarms_that_are_left_out():
    found = read([entry(enabled=False), entry("other"), composite(rule="ALARM(broker-errors) OR ALARM(other)")])
    assert [(one.rule, one.members) for one in found.composites] == [("FALSE OR ALARM(other)", ("other",))]


def test_composites_of_which_nothing_is_left_are_left_out_and_those_above_them():
    found = read([entry(enabled=False), composite(), composite("above", "ALARM(broker-trouble)")])
    assert (found.composites, found.left_out) == ([], ["broker-errors", "above", "broker-trouble"])


def test_a_suppressor_that_is_left_out_holds_nothing_back():
    found = read([entry(enabled=False), entry("other"), suppressed()])
    assert [(one.name, one.suppression) for one in found.composites] == [("delivery-trouble", None)]
    # One that goes since nothing of its rule is left.
    entries = [entry(enabled=False), entry("other"), composite(), suppressed(actions_suppressor="broker-trouble")]
    assert [(one.name, one.suppression) for one in read(entries).composites] == [("delivery-trouble", None)]
    later = without(read([entry(), entry("other"), suppressed()]), ["broker-errors"])
    assert [(one.rule, one.suppression) for one in later.composites] == [("ALARM(other)", None)]


def test_alarms_can_be_left_out_later():
    found = without(read([entry(), entry("other"), composite(rule="ALARM(broker-errors) OR OK(other)")]), ["other"])
    assert [alarm.name for alarm in found.alarms] == ["broker-errors"]
    assert [one.rule for one in found.composites] == ["ALARM(broker-errors) OR FALSE"]
    assert found.left_out == ["other"]


# Messages.


def test_a_fault_says_what_is_wrong_where_and_what_to_do():
    (fault,) = read([entry(threshold="high")]).faults
    assert str(fault) == "alarm broker-errors: threshold is 'high'; expected a number. Correct it."
    (fault,) = read(["high"]).faults
    assert str(fault).startswith("alarm number 1: it is 'high'; expected a mapping")


# Whatever is in the list.

KEYS = sorted({key for kind in ENTRIES.values() for key in kind()} | OPTIONAL)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@given(
    kind=st.sampled_from(sorted(ENTRIES)),
    keys=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3),
    changes=st.dictionaries(st.just("broker-errors") | st.text(max_size=3), VALUES, max_size=2),
)
def test_every_entry_is_read_or_has_a_fault(kind, keys, changes):
    found = read([{**ENTRIES[kind](), **keys}], changes)
    read_ones = len(found.alarms) + len(found.composites)
    assert read_ones + len(found.left_out) + bool(found.faults) >= 1
    assert read_ones <= 1
    for fault in found.faults:
        assert fault.code == "alarm_invalid"
        assert str(fault)


def test_names_that_a_template_cannot_tell_apart_are_refused():
    assert faults(entry("queue-1"), entry("queue1")) == [("queue1", "name", "queue1")]
    assert faults(entry("queue-1", enabled=False), entry("queue1")) == [("queue1", "name", "queue1")]


@pytest.mark.parametrize("value", ["no", "False", "maybe", 0])
def test_enabled_is_true_or_false(value):
    assert faults(entry(enabled=value)) == [("broker-errors", "enabled", value)]


def test_a_message_is_never_cut():
    """Its end is the address of the runbook."""
    words = {"what_broke": "It is down.", "runbook": "docs/operate.md#x"}
    fixed = len("It is down. What to do:  Runbook: docs/operate.md#x")
    assert faults(entry(**words, what_to_do="x" * (1024 - fixed))) == []
    long = "x" * (1025 - fixed)
    assert faults(entry(**words, what_to_do=long)) == [("broker-errors", "what_to_do", long)]


@pytest.mark.parametrize("changes", [[{"broker-errors": {"threshold": 5}}], "broker-errors", 5])
def test_changes_that_are_no_mapping(changes):
    assert faults(entry(), changes=changes) == [("", "alarm_changes", changes)]


def test_a_stack_holds_500_alarms():
    assert faults(*[entry(f"a{number}") for number in range(500)]) == []
    assert faults(*[entry(f"a{number}") for number in range(500)], composite("c", "ALARM(a1)")) == [
        ("", "the number of alarms", 501)
    ]


def test_a_fault_of_the_list_names_no_alarm():
    (fault,) = read([entry()], [1]).faults
    assert str(fault).startswith("alarm_changes is [1]; expected a mapping")
