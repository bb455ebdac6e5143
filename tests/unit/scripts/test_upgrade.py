"""scripts/upgrade.py: the walk from version to replaced instances, its exit codes, and what it says at the end."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.instance_groups import LAYERS

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("upgrade", ROOT / "scripts/upgrade.py")
upgrade = importlib.util.module_from_spec(SPEC)
sys.modules["upgrade"] = upgrade  # a data class looks for its module there
SPEC.loader.exec_module(upgrade)

BUNDLE = f"s3://artifacts/bundles/staging/{'3f' * 32}.json"
GROUPS = {"brokers": {"min": 3}, "indexers": {"min": 2}}
INVENTORY = {"instance_groups": GROUPS, "logstash_version": "9.5.1", "bundle_extra_vars": {"a": 1}}
CHANGED = {"indexer-staging": ["~ Group"], "broker-staging": ["~ Group"]}


class Checkout:
    """What the commands of the walk do, and the variables that playbooks were given."""

    def __init__(self, result=None, fails=(), images=("ami-0aaaaaaa", "ami-0bbbbbbb")):
        self.result, self.fails, self.images = result, fails, list(images)
        self.ran, self.given, self.baked = [], [], []

    def run(self, command):
        name = next(Path(one).name for one in command if one.endswith((".sh", ".yml")) and "/" in one)
        self.ran.append(name)
        if name == "bake.sh":
            self.baked.append(command[1:])
        if name.endswith(".yml"):
            self.given.append(json.loads(command[-1]))
        code = 2 if name in self.fails else 0
        if name == "upgrade.yml" and self.result is not None:
            Path(self.given[-1]["upgrade_result"]).write_text(json.dumps(self.result))
            return (2 if self.result["failed"] else code), ""
        said = {
            "bake.sh": f"fingerprint 3f: Logstash on ami-0ba5e000\nimage {self.images.pop(0)} serves; nothing baked\n"
            if name == "bake.sh" and self.images
            else "",
            "bundle.yml": BUNDLE,
        }
        return code, said.get(name, "")


def walk(checkout, version="9.5.2", **variables):
    environment = upgrade.read("inventories/staging", INVENTORY | variables)
    said = []
    code = upgrade.Upgrade(environment, "staging", version, checkout.run, said.append).walk()
    return code, "\n".join(said)


def test_images_then_the_bundle_then_the_replacement():
    checkout = Checkout({"failed": False, "changes": CHANGED})
    code, said = walk(checkout)
    assert code == 0
    assert checkout.ran == ["bake.sh", "bake.sh", "bundle.yml", "upgrade.yml", "bundle.yml"]
    assert checkout.baked == [
        [f"LAYER={layer}", "VERSION=9.5.2", "scripts/bake.sh", "bake", "staging"] for layer in ("indexers", "brokers")
    ]
    bundle, replaced, current = checkout.given
    assert bundle == {"bundle_current": False, "bundle_extra_vars": {"a": 1, "logstash_version": "9.5.2"}}
    assert replaced["instance_parts"] == {
        "indexers": {"image": "ami-0aaaaaaa", "bundle": BUNDLE},
        "brokers": {"image": "ami-0bbbbbbb", "bundle": BUNDLE},
    }
    assert replaced["logstash_version"] == "9.5.2"
    assert current == {"bundle": "3f" * 32}
    assert "inventories/staging/group_vars/all/20-staging.yml" in said
    assert 'logstash_version: "9.5.2"' in said
    assert "make upgrade ENV=staging VERSION=9.5.1" in said


def test_without_a_version_it_is_what_the_inventory_says():
    checkout = Checkout({"failed": False, "changes": CHANGED})
    code, said = walk(checkout, version="")
    assert code == 0
    assert checkout.given[0] == {"bundle_current": False}
    assert "logstash_version" not in checkout.given[1]
    assert "Write into" not in said


def test_what_the_groups_have_already_is_no_upgrade():
    code, said = walk(Checkout({"failed": False, "changes": {"broker-staging": []}}), version="9.5.1")
    assert code == 0
    assert "Nothing was replaced" in said
    assert "Write into" not in said


@pytest.mark.parametrize("checkout", [Checkout(images=()), Checkout(fails=["bake.sh"]), Checkout(fails=["bundle.yml"])])
def test_without_image_or_bundle_nothing_is_replaced(checkout):
    with pytest.raises(upgrade.UpgradeError, match="Nothing was replaced"):
        walk(checkout)
    assert "upgrade.yml" not in checkout.ran


FAILED = {"failed": True, "status": "", "codes": [], "changes": {}}


@pytest.mark.parametrize(
    ("result", "code", "words"),
    [
        (FAILED | {"codes": ["stack_unusable"]}, 1, "was not begun"),
        (FAILED | {"status": "UPDATE_ROLLBACK_COMPLETE"}, 3, "its group went back"),
        (FAILED | {"status": "DELETE_COMPLETE"}, 3, "its group went back"),
        (FAILED | {"status": "UPDATE_ROLLBACK_FAILED"}, 4, "did not come to an end"),
        (FAILED | {"codes": ["stack_timeout"]}, 4, "did not come to an end"),
        (None, 4, "did not come to an end"),
    ],
)
def test_a_bad_end_has_a_code_of_its_own_and_leaves_the_bundle_before_the_current_one(result, code, words):
    checkout = Checkout(result, fails=["upgrade.yml"])
    assert walk(checkout)[0] == code
    assert words in walk(Checkout(result, fails=["upgrade.yml"]))[1]
    assert checkout.ran.count("bundle.yml") == 1


def test_the_groups_before_the_bad_one_are_named_with_their_way_back():
    result = FAILED | {"status": "UPDATE_ROLLBACK_COMPLETE", "changes": {"indexer-staging": ["~ Group"]}}
    said = walk(Checkout(result))[1]
    assert "indexer-staging got Logstash 9.5.2" in said
    assert "make upgrade ENV=staging VERSION=9.5.1" in said


@pytest.mark.parametrize("groups", [{}, None, "{{ groups_of_mine }}"])
def test_an_environment_without_groups_is_refused(groups):
    with pytest.raises(upgrade.UpgradeError, match="instance_groups"):
        upgrade.read("inventories/staging", {"instance_groups": groups})


def test_a_version_that_is_a_template_is_not_known():
    assert upgrade.read("i", INVENTORY | {"logstash_version": "{{ mine }}"}).version == ""


@pytest.mark.parametrize("arguments", [["nowhere"], ["staging", "9.5"], ["staging", "latest"]])
def test_what_cannot_be_meant_is_refused_at_once(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        upgrade.main(*arguments)
    assert ended.value.code == 1
    assert arguments[-1] in capsys.readouterr().err


def test_layers_are_those_of_the_collection():
    assert upgrade.LAYERS == LAYERS


def test_what_a_command_says_is_shown_and_kept(capfd):
    command = [sys.executable, "-c", "import sys; print('== 1/3 Tools'); sys.exit(3)"]
    assert upgrade.run(command) == (3, "== 1/3 Tools\n")
    assert capfd.readouterr().out == "-- 1/3 Tools\n"


# Says what it does when the terminal interrupts it, as scripts/bake.sh removes what it made.
SLOW = """
import os, signal, sys, time
try:
    print("begun", flush=True)
    os.kill(os.getppid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    print("cleaned up", flush=True)
"""


def test_an_interrupted_command_may_end_by_itself(capfd):
    with pytest.raises(KeyboardInterrupt):
        upgrade.run([sys.executable, "-c", SLOW])
    assert capfd.readouterr().out == "begun\ncleaned up\n"


def test_an_interrupt_ends_with_the_way_on(monkeypatch, capsys):
    def interrupted(_inventory):
        raise KeyboardInterrupt

    monkeypatch.setattr(upgrade, "variables_of", interrupted)
    with pytest.raises(SystemExit) as ended:
        upgrade.main("staging", "9.5.2")
    assert ended.value.code == 130
    assert "`make upgrade ENV=staging VERSION=9.5.2` again" in capsys.readouterr().err
