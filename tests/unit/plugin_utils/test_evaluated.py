"""What an action reads of a host's Ansible variables is evaluated once, and only what it reads."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.evaluated import Evaluated
from ansible_collections.elk.deploy.plugins.plugin_utils.role_variables import RoleVariables


class Templar:
    """Evaluates texts by writing them in capitals."""

    def __init__(self):
        self.evaluated = []

    def copy_with_new_env(self, available_variables):
        made = Templar()
        made.template = lambda value: (value, available_variables)
        return made

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
    assert "c" not in variables
    assert (list(variables), len(variables)) == (["a", "b"], 2)
    assert templar.evaluated == ["x"]


def test_one_that_is_not_there_and_one_that_cannot_be_evaluated(templar):
    variables = Evaluated({"a": "broken"}, templar)
    assert variables.get("nowhere") is None
    with pytest.raises(KeyError):
        variables["nowhere"]
    for _time in range(2):
        with pytest.raises(ValueError, match="cannot be evaluated"):
            variables.get("a")


def test_a_template_of_the_collections_own_gets_what_is_evaluated_already(templar):
    variables = Evaluated({"a": "x", "b": "y", "c": "z"}, templar)
    assert [variables["a"], variables["c"]] == ["X", "Z"]
    given = {"a": "X", "b": "y", "c": "own", "d": "more"}
    assert variables.render("template", c="own", d="more") == ("template", given)
    assert templar.evaluated == ["x", "z"]


def test_the_hosts_of_the_inventory_are_not_evaluated(templar):
    assert Evaluated({"groups": {"all": ["web1"]}}, templar)["groups"] == {"all": ["web1"]}
