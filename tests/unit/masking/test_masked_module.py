"""What every module of the collection does about secrets, and that there is none that does not."""

import re
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.masking import MASK
from ansible_collections.elk.deploy.plugins.module_utils.masking import module as masked

PLUGINS = Path(__file__).parents[3] / "plugins"
MODULES = {path.stem: path.read_text() for path in (PLUGINS / "modules").glob("*.py")}
ACTIONS = {path.stem: path.read_text() for path in (PLUGINS / "action").glob("*.py")}
ON_HOSTS = sorted(name for name, text in MODULES.items() if "AnsibleModule(" in text)


@pytest.mark.parametrize("name", ON_HOSTS)
def test_every_module_masks_what_it_returns(name):
    assert "masking.module import AnsibleModule" in MODULES[name]
    assert "from ansible.module_utils.basic" not in MODULES[name]
    assert "elk.deploy.masking" in MODULES[name]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_module_is_told_what_is_secret(name):
    assert name in ACTIONS


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_masks_what_it_returns(name):
    assert re.search(
        r"class ActionModule\((MaskedAction|LockingAction|TokenAction|SettingsAction|AwsAction|ShowingAction)\)"
        "|(ModuleAction|JournalAction) as ActionModule",
        ACTIONS[name],
    )
    assert "def run(" not in ACTIONS[name]


class Example:
    """A module with a secret in everything that it can return."""

    @staticmethod
    def main():
        module = masked.AnsibleModule(
            {"end": {"type": "str"}, "key": {"type": "str", "no_log": True}, "note": {"type": "str"}}, facts=["name"]
        )
        text = f"x {module.params['key']} hunter22 http://u:pw@h"
        module.log(text)
        module.warn(text)
        if module.params["end"] == "exit":
            module.exit_json(changed=False, name="hunter22", lines=[text, {"a": text}], short="abc")
        try:
            raise ValueError(text)
        except ValueError:
            module.fail_json(msg=text, name="hunter22", lines=[text])


@pytest.fixture
def journal(monkeypatch):
    written = []
    monkeypatch.setattr(masked.basic.AnsibleModule, "log", lambda _self, *parts: written.append(str(parts)))
    return written


@pytest.mark.parametrize("end", ["exit", "fail"])
def test_what_a_module_returns_warns_of_and_logs_is_masked(run_module, journal, end):
    result = run_module(Example, end=end, key="open-sesame", note="hunter22 abc", secrets=["hunter22", "abc"])
    shown = f"x {MASK} {MASK} http://u:{MASK}@h"
    assert result["lines"][0] == shown
    assert shown in str(result["warnings"])
    assert result["invocation"]["module_args"] == {
        "end": end, "key": masked.HIDDEN, "note": f"{MASK} abc", "secrets": masked.HIDDEN,
    }  # fmt: skip
    # Later tasks go on with it; after a failure nobody does.
    assert result["name"] == ("hunter22" if end == "exit" else MASK)
    assert journal
    for text in (str({**result, "name": ""}), *journal):
        assert "open-sesame" not in text
        assert "hunter22" not in text
        assert ":pw@" not in text


def test_a_module_with_wrong_arguments_shows_no_secret(run_module):
    result = run_module(Example, nope="hunter22", secrets=["hunter22"])
    assert result["failed"]
    assert "hunter22" not in str(result)
