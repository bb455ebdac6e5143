"""Codes of messages: every failure of a module of role logstash has one, and tests and users can rely on it."""

import ast
import importlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.messages import CODES, coded, codes
from ansible_collections.elk.deploy.plugins.plugin_utils import masked_action
from ansible_collections.elk.deploy.plugins.plugin_utils.masked_action import MaskedAction

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
# Their messages consist of lines with a code each.
LINES = {"logstash_host", "logstash_confinement", "stack", "image_check", "image_clean"}
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
ACTIONS = sorted(path for path in (PLUGINS / "action").glob("*.py") if "raise AnsibleActionFail" in path.read_text())
# Lines of theirs have codes of their own, or they quote the message of what failed, with its code.
OWN_CODES = {"logstash_plan", "logstash_host", "logstash_outcome"}


def failures(path: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "fail_json"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_failure_of_a_module_has_a_code(path):
    for call in failures(path):
        named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
        assert named or path.stem in LINES, f"{path.name}:{call.lineno}"
        assert {code.value for code in named if isinstance(code, ast.Constant)} <= set(CODES)


def test_every_error_that_brings_its_code_has_a_known_one():
    """A module that says ``code=error.code`` relies on it."""
    source = (PLUGINS / "module_utils/settings_directory.py").read_text()
    named = re.findall(r'raise SettingsDirectoryError\(\s*"(\w+)"', source)
    assert len(named) == source.count("raise SettingsDirectoryError(") > 1
    assert set(named) <= set(CODES)


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.stem)
def test_every_action_that_fails_has_a_code(path):
    action = importlib.import_module(f"ansible_collections.elk.deploy.plugins.action.{path.stem}").ActionModule
    assert action.code in CODES or path.stem in OWN_CODES


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Two lines.\nOf one failure.", "[import_failed] Two lines.\nOf one failure."),
        ("[port_taken] It has its own.", "[port_taken] It has its own."),
    ],
)
def test_failure_of_an_action_begins_with_its_code_unless_it_has_another(monkeypatch, said, message):
    class Action(MaskedAction):
        code = "import_failed"

        def __init__(self):
            self._task = SimpleNamespace(args={})
            self._templar = SimpleNamespace(template=None)

        def work(self, result, task_vars):
            raise AnsibleActionFail(said)

    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(masked_action, "host_secrets", lambda *_: ())
    with pytest.raises(AnsibleActionFail) as raised:
        Action().run()
    assert str(raised.value) == message
    assert raised.value.result["codes"] == codes(message)


def test_every_code_is_in_use():
    sources = "".join(path.read_text() for path in PLUGINS.rglob("*.py") if path.name != "messages.py")
    assert [code for code in CODES if f'"{code}"' not in sources] == []


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_one_lower_case_name(code):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", code)
    assert codes(coded(code, "What happened.")) == [code]


def test_codes_are_found_in_their_order_and_once():
    text = coded("port_taken", "5044.") + "\n" + coded("java_missing", "Here.") + "\n" + coded("port_taken", "9600.")
    assert codes(text) == ["port_taken", "java_missing"]
    assert codes("[main] pipeline [port_taken]") == []


def test_a_code_that_is_not_in_the_table_is_an_error():
    with pytest.raises(KeyError):
        coded("no_such_code", "What happened.")


def test_a_failed_module_returns_the_codes_of_its_message(run_module):
    class Module:
        @staticmethod
        def main():
            module = AnsibleModule(argument_spec={"text": {"type": "str"}})
            module.fail_json(code="port_taken", msg=module.params["text"])

    result = run_module(Module, text="Port 5044.", secrets=["5044"])
    assert result["codes"] == ["port_taken"]
    assert result["msg"].startswith("[port_taken] Port ")
    assert "5044" not in result["msg"]
