"""Within an action the Octopus variables of a host are chosen once, and nobody gets those of another."""

import json

import pytest
from ansible.errors import AnsibleError
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus_variables import chosen_once, read_host
from ansible_collections.elk.deploy.plugins.plugin_utils.placeholders import MARK


class Reader:
    """Reads variables of a host, and counts how often it is asked for its Octopus variables."""

    def __init__(self, **variables):
        self.variables = {"inventory_hostname": "web1", "octopus_environment": "staging", **variables}
        self.times = 0

    def __call__(self, name):
        self.times += name == "octopus_variables"
        return self.variables.get(name)


def port(read, given=None):
    return read_host(read, given).variables["Port"]


def test_one_host_is_asked_once_whoever_asks():
    """An action reads in another way than the filters in the variables that it evaluates."""
    readers = [Reader(octopus_variables={"Port": 1}) for _time in range(3)]
    with chosen_once():
        assert [port(read) for read in readers] == ["1", "1", "1"]
    assert [read.times for read in readers] == [1, 0, 0]


def test_a_tie_is_warned_of_unless_the_caller_tells_it(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda _self, text, *_more: told.append(text))
    tie = [{"name": "Port", "value": value, "scope": {"role": role}} for value, role in (("1", "web"), ("2", "db"))]
    (tmp_path / "variables.yml").write_text(json.dumps({"variables": tie}))
    read = Reader(octopus_variable_files=[str(tmp_path / "variables.yml")], group_names=["web", "db"])
    with chosen_once():
        read_host(read, warn=False)
        assert told == []
        read_host(read)
    assert len(told) == 1
    assert "Port" in told[0]


def test_outside_of_an_action_each_time():
    read = Reader(octopus_variables={"Port": 1})
    with chosen_once():
        port(read)
    read.variables["octopus_variables"] = {"Port": 2}
    assert [port(read), port(read)] == ["2", "2"]


@pytest.mark.parametrize("other", [{"inventory_hostname": "web2"}, {MARK: True}])
def test_other_hosts_and_placeholders_have_their_own(other):
    with chosen_once():
        assert port(Reader(octopus_variables={"Port": 1})) == "1"
        assert port(Reader(octopus_variables={"Port": 2}, **other)) == "2"


def test_values_of_a_task_count_for_it_alone():
    read = Reader(octopus_variables={"Port": 1})
    with chosen_once():
        assert [port(read, given) for given in (None, {"Port": 3}, None)] == ["1", "3", "1"]


def test_an_action_within_an_action_has_its_own():
    """Such as the look at another environment, whose hosts have the same names."""
    with chosen_once():
        assert port(Reader(octopus_variables={"Port": 1})) == "1"
        with chosen_once():
            assert port(Reader(octopus_variables={"Port": 2})) == "2"
        assert port(Reader(octopus_variables={"Port": 3})) == "1"


def test_a_failure_is_told_each_time():
    read = Reader(octopus_environment="")
    with chosen_once():
        for _time in range(2):
            with pytest.raises(AnsibleError, match="octopus_environment is missing"):
                read_host(read)
