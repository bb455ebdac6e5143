"""What connects the layers has one of the known values; each wrong one is told with its value."""

import pytest
from ansible.errors import AnsibleError
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.layers import KEYWORDS, SECONDS, faults


def test_what_is_not_set_or_allowed_is_right():
    assert list(faults({})) == []
    for name, allowed in KEYWORDS.items():
        for value in allowed:
            assert list(faults({name: value})) == []


@pytest.mark.parametrize("value", [1, "1", 25, "1%", "99%", "100%"])
def test_a_number_or_a_share_of_hosts(value):
    assert list(faults({"logstash_serial": value})) == []


@pytest.mark.parametrize("value", ["abc", "0", "-1", "0%", "101%", "1.5", 0, 1.5, [1], None, True, "", "1\n"])
def test_what_is_no_number_of_hosts(value):
    (fault,) = faults({"logstash_serial": value})
    assert "expected a number of hosts such as 1, or a share from 1% to 100%" in fault


@pytest.mark.parametrize("name", SECONDS)
def test_seconds_of_a_rollout_are_whole_numbers(name):
    assert [list(faults({name: value})) for value in (0, 120, "120")] == [[], [], []]
    for value in ("2m", "", None, -1, 1.5, True, "120\n"):
        (fault,) = faults({name: value})
        assert f"{name} is " in fault
        assert "expected a whole number of seconds, such as 120, or 0 for none" in fault


def test_all_wrong_keywords_are_told_with_value_and_form():
    wrong = {"log_transport": "udp", "broker_output": None, "indexer_output": "redis", "open_hops": True}
    assert [fault.partition(". ")[0] for fault in faults(wrong)] == [
        'log_transport is "udp"; expected tcp or http',
        "broker_output is null; expected redis, elasticsearch or file",
        'indexer_output is "redis"; expected elasticsearch or file',
        "open_hops is true; expected warn, fail or ignore",
    ]


def test_one_that_cannot_be_evaluated_does_not_hide_the_others():
    class Variables(dict):
        def __getitem__(self, name):
            if name == "log_transport":
                raise AnsibleError("'nowhere' is undefined.")
            return super().__getitem__(name)

    first, second = faults(Variables(log_transport="", open_hops="no"))
    assert first.startswith("log_transport has no value: 'nowhere' is undefined. Expected tcp or http.")
    assert second.startswith('open_hops is "no"; expected')
