"""The filters that take a line apart, without a process."""

import pytest
from fake_logstash.runtime import filters
from fake_logstash.runtime.event import Event


def filtered(name: str, parameters: dict, **fields) -> dict:
    """What a filter makes of an event, without the fields that every event has."""
    event = Event({"@timestamp": "2020-01-02T03:04:05.678Z", **fields})
    filters.make(name, parameters)(event)
    return {key: value for key, value in event.data.items() if key != "@version"}


def without_time(event: dict) -> dict:
    return {key: value for key, value in event.items() if key != "@timestamp"}


@pytest.mark.parametrize(
    ("parameters", "line", "expected"),
    [
        ({"columns": ["a", "b"]}, '"x, y",', {"a": "x, y", "b": ""}),
        ({"columns": ["a", "b"], "skip_empty_columns": "true"}, '"x",""', {"a": "x"}),
        ({"columns": ["a"], "separator": ";"}, "x;y", {"a": "x", "column2": "y"}),
        ({"columns": ["a", "b"], "convert": {"a": "integer", "b": "float"}}, "1,2.5", {"a": 1, "b": 2.5}),
        ({"columns": ["a"], "convert": {"a": "float"}}, "none", {"a": "none"}),
    ],
)
def test_csv(parameters, line, expected):
    assert without_time(filtered("csv", {**parameters, "remove_field": ["message"]}, message=line)) == expected


@pytest.mark.parametrize("line", ['"open', '"a"b'])
def test_csv_tags_what_it_cannot_read_and_keeps_it(line):
    event = filtered("csv", {"columns": ["a"], "remove_field": ["message"]}, message=line)
    assert without_time(event) == {"message": line, "tags": ["_csvparsefailure"]}


def test_csv_leaves_an_event_without_its_source_alone():
    assert without_time(filtered("csv", {"source": "line"}, message="x")) == {"message": "x"}


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        ("%{a} %{b}", "1 2 3", {"a": "1", "b": "2 3"}),
        ("[%{a}]: %{b}", "[x]: y", {"a": "x", "b": "y"}),
        ("%{?no} %{} %{[deep][er]}", "1 2 3", {"deep": {"er": "3"}}),
        ("%{a},%{b},%{c}", "1,,3", {"a": "1", "b": "", "c": "3"}),
        ("%{a}!", "x!", {"a": "x"}),
    ],
)
def test_dissect(pattern, line, expected):
    event = filtered("dissect", {"mapping": {"message": pattern}, "remove_field": ["message"]}, message=line)
    assert without_time(event) == expected


@pytest.mark.parametrize(("pattern", "line"), [("%{a} %{b} %{c}", "1 2"), ("<%{a}>", "a>")])
def test_dissect_tags_what_has_another_form_and_changes_nothing_else(pattern, line):
    event = filtered("dissect", {"mapping": {"message": pattern}, "remove_field": ["message"]}, message=line)
    assert without_time(event) == {"message": line, "tags": ["_dissectfailure"]}


@pytest.mark.parametrize(
    ("formats", "zone", "text", "expected"),
    [
        (["yyyy-MM-dd HH:mm:ss"], "UTC", "2026-03-02 08:05:00", "2026-03-02T08:05:00.000Z"),
        (["MM/dd/yyyy HH:mm:ss.SSS"], "Etc/UTC", "03/02/2026 08:05:00.123", "2026-03-02T08:05:00.123Z"),
        (["MM/dd/yyyy HH:mm:ss.SSS"], "Europe/Berlin", "07/02/2026 08:05:00.123", "2026-07-02T06:05:00.123Z"),
        (["ISO8601"], "UTC", "2026-03-02T08:05:00+01:00", "2026-03-02T07:05:00.000Z"),
        (["yyyy-MM-dd", "ISO8601"], "UTC", "2026-03-02T08:05:00.5Z", "2026-03-02T08:05:00.500Z"),
    ],
)
def test_date(formats, zone, text, expected):
    event = filtered("date", {"match": ["at", *formats], "timezone": zone, "remove_field": ["at"]}, at=text)
    assert event == {"@timestamp": expected}


def test_date_tags_what_it_cannot_read_and_leaves_an_event_without_the_field_alone():
    event = filtered("date", {"match": ["at", "ISO8601"]}, at="yesterday")
    assert event == {"@timestamp": "2020-01-02T03:04:05.678Z", "at": "yesterday", "tags": ["_dateparsefailure"]}
    assert filtered("date", {"match": ["at", "ISO8601"]}) == {"@timestamp": "2020-01-02T03:04:05.678Z"}
