"""What an action reads of a host's Ansible variables is evaluated once, and only what it reads."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.evaluated import Evaluated
from ansible_collections.elk.deploy.plugins.plugin_utils.role_variables import RoleVariables


class Templar:
    """Evaluates texts by writing them in capitals."""

    def __init__(self):
        self.evaluated = []

    def template(self, value):
        self.evaluated.append(value)
        if value == "broken":
            raise ValueError("cannot be evaluated")
        return value.upper()


@pytest.fixture
def templar():
    return Templar()


def test_each_is_evaluated_once_and_only_if_it_is_read(templar):
    variables = Evaluated({"a": "x", "b": "y"}, templar)
    assert [variables["a"], variables.get("a"), RoleVariables(variables)("a")] == ["X", "X", "X"]
    assert "b" in variables
    assert templar.evaluated == ["x"]


def test_one_that_is_not_there_and_one_that_cannot_be_evaluated(templar):
    variables = Evaluated({"a": "broken"}, templar)
    assert variables.get("nowhere") is None
    with pytest.raises(KeyError):
        variables["nowhere"]
    for _time in range(2):
        with pytest.raises(ValueError, match="cannot be evaluated"):
            variables.get("a")
