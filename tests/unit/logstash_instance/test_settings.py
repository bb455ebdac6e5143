"""User data and tags: what is taken, and all that is wrong at once."""

import json

import pytest
from logstash_instance.errors import InstanceSettingsError
from logstash_instance.settings import InstanceSettings, read

DIGEST = "a" * 64
WHOLE = {
    "environment": "staging",
    "layer": "brokers",
    "bundle": f"s3://artifacts/bundles/staging/{DIGEST}.json",
    "group": "brokers-staging",
    "launch_hook": "elk-launch",
    "launch_timeout": 600,
    "termination_hook": "elk-terminate",
    "termination_timeout": 1200,
    "stack": "brokers",
    "stack_resource": "Group",
    "archive": "s3://artifacts/queues/staging",
    "history": "s3://artifacts/deployments/staging/",
    "notifications_topic": "arn:aws:sns:eu-west-1:123456789012:alarms",
}
LEAST = {name: WHOLE[name] for name in ("environment", "layer", "bundle")}


def test_all_settings():
    assert read(json.dumps(WHOLE), {}) == InstanceSettings(**WHOLE)


def test_the_least_has_defaults_and_completes_nothing():
    settings = read(json.dumps(LEAST), {})
    assert (settings.launch_timeout, settings.termination_timeout) == (900, 900)
    assert (settings.group, settings.launch_hook, settings.stack, settings.history) == ("", "", "", "")


def test_tags_win_over_user_data():
    settings = read(json.dumps(WHOLE), {"Environment": "production", "Layer": "indexers", "Name": "x"})
    assert (settings.environment, settings.layer) == ("production", "indexers")


def test_tags_stand_in_for_user_data():
    assert read(json.dumps({"bundle": WHOLE["bundle"]}), {"Environment": "staging", "Layer": "brokers"})


def test_numbers_may_be_text_as_parameters_of_cloudformation_are():
    assert read(json.dumps(WHOLE | {"launch_timeout": "300"}), {}).launch_timeout == 300


def test_current_bundle():
    assert read(json.dumps(LEAST | {"bundle": "s3://artifacts/bundles/staging/current.json"}), {})


def test_everything_that_is_wrong_is_named_at_once():
    given = {
        "environment": "../etc",
        "layer": 5,
        "bundle": "https://example.com/current.json",
        "launch_timeout": 5,
        "termination_timeout": "soon",
        "stack": "brokers",
        "launch_hook": "elk-launch",
        "archive": "/var",
        "notifications_topic": "alarms",
        "bundles": "x",
    }
    with pytest.raises(InstanceSettingsError) as raised:
        read(json.dumps(given), {})
    message = str(raised.value)
    for part in (
        "environment is '../etc'",
        "layer is 5",
        "bundle is 'https://example.com/current.json', expected s3://",
        "launch_timeout is 5, expected 30 to 7200 seconds",
        "termination_timeout is 'soon'",
        "stack is given without stack_resource",
        "launch_hook is given without group",
        "archive is '/var'",
        "notifications_topic is 'alarms'",
        "bundles is unknown, did you mean bundle",
    ):
        assert part in message
    assert raised.value.code == "instance_settings_invalid"


def test_what_is_missing_is_named_with_where_it_could_be():
    with pytest.raises(
        InstanceSettingsError, match=r"environment is missing \(tag Environment.*layer is missing.*bundle"
    ):
        read("", {})


def test_what_is_right_can_be_used_to_say_what_is_wrong():
    with pytest.raises(InstanceSettingsError) as raised:
        read(json.dumps(WHOLE | {"archive": "x", "layer": ""}), {})
    assert raised.value.usable.launch_hook == "elk-launch"
    assert (raised.value.usable.layer, raised.value.usable.archive) == ("", "")


@pytest.mark.parametrize("text", ["#!/bin/sh\necho hunter2", "[1]", "{"])
def test_user_data_of_another_form_is_refused_and_not_shown(text):
    with pytest.raises(InstanceSettingsError) as raised:
        read(text, {"Environment": "staging"})
    assert "hunter2" not in str(raised.value)
