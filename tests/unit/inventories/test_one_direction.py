"""No value goes from an Ansible variable into an Octopus variable and from there into an Ansible variable again."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# What Ansible reads for a host: inventories, and what the roles make of them.
ANSIBLE = [
    *sorted((ROOT / "inventories").rglob("group_vars/*/*.yml")),
    *sorted((ROOT / "inventories/shared").glob("*.yml")),
    *sorted((ROOT / "roles").glob("*/defaults/**/*.yml")),
    *sorted((ROOT / "roles").glob("*/vars/**/*.yml")),
]


class Loader(yaml.SafeLoader):
    """Reads ``!ansible name``."""


class Taken(str):
    """The name of the Ansible variable that an Octopus variable takes its value from."""


Loader.add_constructor("!ansible", lambda loader, node: Taken(loader.construct_scalar(node)))


def octopus_variables():
    """{name: its values}, one for each scope."""
    found = {}
    for item in yaml.load((ROOT / "variables/elk.yml").read_text(), Loader):  # noqa: S506 - a SafeLoader
        found.setdefault(item["name"], []).append(item["value"])
    return found


def tokens(text):
    """The words in all tokens of a text."""
    return {word for token in re.findall(r"#\{[^}]*", text) for word in re.findall(r"[A-Za-z]\w*", token)}


def taken_by(name, variables):
    """The Ansible variables that an Octopus variable has its value from, directly or through others."""
    found, seen, left = set(), set(), [name]
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        for value in variables.get(one, ()):
            if isinstance(value, Taken):
                found.add(str(value))
            else:
                left += tokens(str(value))
    return found


def without_parameters(value):
    """A stack without its parameters: tokens in these go into CloudFormation, and never back into Ansible."""
    if isinstance(value, dict) and "template" in value:
        return {key: inner for key, inner in value.items() if key != "parameters"}
    return value


def round_trips(ansible, octopus):
    """(Ansible variable, Octopus variable in it, Ansible variables that this one takes its value from)."""
    return [
        (name, token, taken)
        for name, whole in ansible.items()
        for value in [without_parameters(whole)]
        for token in sorted(tokens(yaml.safe_dump(value, width=10**6)))
        if (taken := taken_by(token, octopus))
    ]


@pytest.mark.parametrize("path", ANSIBLE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_value_goes_to_octopus_and_back(path):
    assert round_trips(yaml.safe_load(path.read_text()) or {}, octopus_variables()) == []


def test_a_value_that_goes_there_and_back_would_be_found():
    octopus = octopus_variables()
    assert taken_by("LogPort", octopus) == {"log_transport"}
    ansible = {"firewall_ports": ["{{ '#{if LogTls}#{LogPort}#{/if}' | elk.deploy.octopus_substitute }}"]}
    assert round_trips(ansible, octopus) == [("firewall_ports", "LogPort", {"log_transport"})]
