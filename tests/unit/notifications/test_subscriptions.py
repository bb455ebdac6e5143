"""An environment's subscriptions, and the template that they become."""

import json
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import Template, TemplateError
from ansible_collections.elk.deploy.plugins.plugin_utils import subscriptions
from ansible_collections.elk.deploy.plugins.plugin_utils.subscriptions import Subscription

TEMPLATE = (Path(__file__).resolve().parents[3] / "templates/cloudformation/notifications.yml").read_text()
EMAIL = {"topic": "alarms", "protocol": "email", "endpoint": "on-call@shop.test"}
CHAT = {"topic": "notifications", "protocol": "https", "endpoint": "https://chat.test/hook/secret-part"}
QUEUE = {"topic": "alarms", "protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-1:123456789012:on-call"}


def made(*entries):
    found, faults = subscriptions.check(entries, [])
    assert faults == []
    return json.loads(subscriptions.template(TEMPLATE, found)), found


def test_each_subscription_is_a_resource_with_a_parameter_for_its_endpoint():
    document, found = made(EMAIL, CHAT, QUEUE)
    for one, topic in zip(found, ("AlarmsTopic", "NotificationsTopic", "AlarmsTopic"), strict=True):
        resource = document["Resources"][one.logical_id]
        assert resource["Type"] == "AWS::SNS::Subscription"
        assert resource["Properties"] == {
            "TopicArn": {"Ref": topic},
            "Protocol": one.protocol,
            "Endpoint": {"Ref": one.parameter},
        }
        assert topic in document["Resources"]
        assert one.parameter in document["Parameters"]
        assert one.logical_id.isalnum()


def test_addresses_that_may_be_secret_are_hidden_and_none_is_in_the_template():
    document, found = made(EMAIL, CHAT, QUEUE)
    hidden = Template(json.dumps(document), {}, {}).hidden_parameters
    assert hidden == {found[1].parameter}
    for entry in (EMAIL, CHAT, QUEUE):
        assert entry["endpoint"] not in json.dumps(document)


def test_the_order_of_the_list_changes_nothing():
    assert made(EMAIL, CHAT, QUEUE)[0] == made(QUEUE, EMAIL, CHAT)[0]


def test_one_more_leaves_the_others_as_they_are():
    fewer, more = made(EMAIL)[0]["Resources"], made(QUEUE, EMAIL)[0]["Resources"]
    assert fewer.items() <= more.items()
    assert len(more) == len(fewer) + 1


def test_the_rest_of_the_template_stays():
    plain = made()[0]
    assert {"AlarmsTopicArn", "NotificationsTopicArn", "KeyArn"} == set(plain["Outputs"])
    assert plain["Resources"].items() <= made(EMAIL)[0]["Resources"].items()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"topic": "alarm"}, "expected one of alarms, notifications"),
        ({"protocol": "sms"}, "expected one of email, https, sqs"),
        ({"endpoint": "nobody"}, "is not an e-mail address"),
        ({"endpoint": "on-call@example.com"}, "example.com"),
        ({"endpoint": "on-call@ops.example.org"}, "example.com"),
        ({"protocol": "https", "endpoint": "http://chat.test/x"}, "begins with https://"),
        ({"protocol": "sqs", "endpoint": "on-call"}, "the ARN of a queue"),
        ({"name": "x"}, "expected topic, protocol and endpoint"),
    ],
)
def test_an_entry_that_is_wrong_is_told_with_its_place(change, words):
    _found, faults = subscriptions.check([QUEUE, EMAIL | change], [])
    assert len(faults) == 1
    assert faults[0].startswith("notification_subscriptions, entry 2 has")
    assert words in faults[0]


def test_no_endpoint_is_shown():
    wrong = CHAT | {"endpoint": "http://chat.test/secret-part"}
    assert "secret-part" not in "".join(subscriptions.check([wrong], [])[1])


def test_all_faults_are_told_at_once():
    _found, faults = subscriptions.check(["x", EMAIL, EMAIL, EMAIL | {"topic": "y"}], ["notifications"])
    assert [" ".join(one.split()[:3]) for one in faults] == [
        "notification_subscriptions, entry 1",
        "notification_subscriptions, entry 3",
        "notification_subscriptions, entry 4",
        "Nobody is subscribed",
    ]


def test_an_endpoint_with_a_token_has_any_form():
    assert subscriptions.check([EMAIL | {"endpoint": "#{OnCall}"}], ["alarms"])[1] == []


def test_somebody_has_to_be_subscribed_to_what_is_needed():
    assert subscriptions.check([CHAT], [])[1] == []
    (fault,) = subscriptions.check([CHAT], ["alarms", "notifications"])[1]
    assert "topic alarms" in fault
    assert "notification_subscribers_required" in fault


def test_what_is_no_template_is_an_error():
    with pytest.raises(TemplateError):
        subscriptions.template("x", [Subscription("alarms", "email", "a@b.test")])
