"""What a drill does about the suppressor of a composite alarm; the emulator, where the rest is tested, ignores it."""

from types import SimpleNamespace

import pytest
from ansible_collections.elk.deploy.plugins.modules import alarm_drill

ACTIONS = {"AlarmActions": ["topic"], "OKActions": ["topic"], "ActionsEnabled": True}
SUPPRESSED = {"ActionsSuppressorWaitPeriod": 120, "ActionsSuppressorExtensionPeriod": 1200}


class FailedError(Exception):
    """The module failed; has what it said."""


class Module:
    def __init__(self):
        self.params = {"name": "staging-delivery-trouble", "queue_url": "queue", "timeout": 60}

    def fail_json(self, **said):
        raise FailedError(said)


class CloudWatch:
    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, **alarms):
        self.alarms = {name.replace("_", "-"): {"StateValue": "OK", **ACTIONS, **one} for name, one in alarms.items()}
        self.states = []

    def describe_alarms(self, **asked):
        return {"CompositeAlarms": [self.alarms[name] for name in asked["AlarmNames"] if name in self.alarms]}

    def set_alarm_state(self, **asked):
        self.states.append(asked["StateValue"])


class Listener:
    messages = ()

    def __init__(self):
        self.timeouts = []

    def wait_for(self, name, state, timeout, since):
        self.timeouts.append(timeout)
        return state


def drill(cloudwatch):
    """-> the seconds that the module waits for each message."""
    listener = Listener()
    alarm_drill.ring(Module(), cloudwatch, listener)
    return listener.timeouts


def test_a_message_takes_the_wait_period_longer():
    suppressed = {"ActionsSuppressor": "staging-broker-trouble", **SUPPRESSED}
    assert drill(CloudWatch(staging_delivery_trouble={}, staging_broker_trouble={})) == [60, 60]
    assert drill(CloudWatch(staging_delivery_trouble=suppressed, staging_broker_trouble={})) == [180, 180]


@pytest.mark.parametrize(
    "suppressor", ["staging-broker-trouble", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:staging-broker-trouble"]
)
def test_an_alarm_whose_suppressor_rings_is_not_rung(suppressor):
    suppressed = {"ActionsSuppressor": suppressor, **SUPPRESSED}
    cloudwatch = CloudWatch(staging_delivery_trouble=suppressed, staging_broker_trouble={"StateValue": "ALARM"})
    with pytest.raises(FailedError, match=r"alarm_rings.*staging-broker-trouble is in state ALARM") as failed:
        drill(cloudwatch)
    assert "staging-delivery-trouble" in str(failed.value)
    assert cloudwatch.states == []


def test_an_alarm_that_nobody_hears_is_not_left_ringing(monkeypatch):
    """One that keeps its state without data would stay in ALARM for good."""
    monkeypatch.setattr(Listener, "wait_for", lambda *_asked: None)
    cloudwatch = CloudWatch(staging_delivery_trouble={})
    with pytest.raises(FailedError, match="alarm_unheard"):
        drill(cloudwatch)
    assert cloudwatch.states == ["ALARM", "OK"]


def test_an_alarm_whose_actions_somebody_has_disabled_is_not_rung():
    cloudwatch = CloudWatch(staging_delivery_trouble={"ActionsEnabled": False})
    with pytest.raises(FailedError, match=r"alarm_silent.*enable-alarm-actions --alarm-names staging-delivery-trouble"):
        drill(cloudwatch)
    assert cloudwatch.states == []
