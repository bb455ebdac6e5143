"""Tokens in values of Ansible variables: which values cost the choice of the host's Octopus variables."""

import pytest
from ansible.errors import AnsibleError
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus_variables import read_host
from ansible_collections.elk.deploy.plugins.plugin_utils.substitution import Substitution, has_token

ANSIBLE = {
    "inventory_hostname": "broker-1",
    "octopus_environment": "staging",
    "octopus_variables": {"LogHost": "logs.example.com"},
}


def substitution(variables=ANSIBLE, chosen=None):
    def choose():
        if chosen is not None:
            chosen.append(True)
        return read_host(variables.get)

    return Substitution(variables.get, choose)


@pytest.mark.parametrize(
    "value", ["", "a # {b}", 7, None, True, ["a", {"b": ["c"]}], {"#{Name}": "keys stay as they are"}]
)
def test_a_value_without_a_token_needs_no_octopus_variables(value):
    chosen = []
    assert substitution(chosen=chosen).of(value) == value
    assert not chosen
    assert not has_token(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("#{LogHost}", "logs.example.com"),
        (["a", "#{LogHost}:1"], ["a", "logs.example.com:1"]),
        ({"a": {"b": ("#{LogHost}", 7)}}, {"a": {"b": ["logs.example.com", 7]}}),
        ("##{LogHost}", "#{LogHost}"),
    ],
)
def test_a_token_at_any_depth_is_substituted(value, expected):
    assert has_token(value)
    assert substitution().of(value) == expected


def test_a_token_without_a_value_is_named_with_its_place():
    with pytest.raises(AnsibleError, match=r"(?s)octopus_substitute: .*a\.b\[0\]:1:1: #{Missing}"):
        substitution().of({"a": {"b": ["#{Missing}"]}})


def test_wrong_octopus_settings_are_told_where_a_token_needs_them():
    with pytest.raises(AnsibleError, match="octopus_substitute: octopus_environment is missing"):
        substitution({"inventory_hostname": "broker-1"}).of("#{LogHost}")
