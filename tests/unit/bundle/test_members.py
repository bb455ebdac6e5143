"""What of a checkout goes into a bundle: one environment's files, and no link that leads out of it."""

import os
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import BundleError
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle import members

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path):
    """A small one, with two environments and what programs leave behind."""
    root = tmp_path / "checkout"
    for path in (
        "playbooks/logstash.yml",
        "roles/logstash/tasks/main.yml",
        "roles/logstash/tasks/__pycache__/main.pyc",
        "plugins/action/bundle.py",
        "meta/runtime.yml",
        "templates/logstash/broker.conf",
        "templates/logstash/broker.conf~",
        "variables/elk.yml",
        "variables/production.yml",
        "inventories/shared/all.yml",
        "inventories/staging/hosts.yml",
        "inventories/staging/group_vars/all/generated.yml",
        "inventories/staging/.hidden",
        "inventories/production/hosts.yml",
        "tests/test.py",
        "docs/bake.md",
        "ansible.cfg",
        "galaxy.yml",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (root / "inventories/staging/group_vars/all/10-shared.yml").symlink_to("../../../shared/all.yml")
    return root


def taken(root, *further, inventory="inventories/staging"):
    found = members.toolkit(root, root / inventory, "staging", [root / path for path in further])
    return {one.name: one for one in found}


def test_one_environment_goes_in_and_what_its_hosts_need(checkout):
    assert sorted(taken(checkout, "variables/elk.yml")) == [
        "toolkit/ansible.cfg",
        "toolkit/galaxy.yml",
        "toolkit/inventories/shared/all.yml",
        "toolkit/inventories/staging/group_vars/all/10-shared.yml",
        "toolkit/inventories/staging/hosts.yml",
        "toolkit/meta/runtime.yml",
        "toolkit/playbooks/logstash.yml",
        "toolkit/plugins/action/bundle.py",
        "toolkit/roles/logstash/tasks/main.yml",
        "toolkit/templates/logstash/broker.conf",
        "toolkit/variables/elk.yml",
    ]


def test_a_link_within_the_bundle_stays_one(checkout):
    link = taken(checkout)["toolkit/inventories/staging/group_vars/all/10-shared.yml"]

    assert (link.link, link.source) == ("../../../shared/all.yml", None)


@pytest.mark.parametrize("is_absolute", [True, False])
def test_a_link_that_leads_out_of_the_bundle_becomes_the_file(checkout, is_absolute):
    (checkout.parent / "elsewhere.yml").write_text("found: true")
    target = checkout.parent / "elsewhere.yml"
    place = checkout / "inventories/staging/group_vars/all/30-own.yml"
    place.symlink_to(target if is_absolute else os.path.relpath(target, place.parent))
    # One that is in the checkout, and not in the bundle.
    (checkout / "inventories/staging/production.yml").symlink_to("../production/hosts.yml")

    found = taken(checkout)

    assert found["toolkit/inventories/staging/group_vars/all/30-own.yml"].read() == b"found: true"
    assert found["toolkit/inventories/staging/production.yml"].read() == b"inventories/production/hosts.yml"
    assert [one.link for one in found.values() if one.link] == ["../../../shared/all.yml"]


def test_a_folder_that_a_link_leads_to_goes_in_with_its_files(checkout):
    (checkout.parent / "vars").mkdir()
    (checkout.parent / "vars/one.yml").write_text("one: 1")
    (checkout / "inventories/staging/host_vars").symlink_to(checkout.parent / "vars")

    assert taken(checkout)["toolkit/inventories/staging/host_vars/one.yml"].read() == b"one: 1"


def test_all_links_that_lead_nowhere_are_named(checkout):
    (checkout / "inventories/staging/a.yml").symlink_to("gone.yml")
    (checkout / "templates/b.conf").symlink_to("/gone.conf")

    with pytest.raises(BundleError) as error:
        taken(checkout)

    assert error.value.code == "bundle_incomplete"
    assert "inventories/staging/a.yml is a link to gone.yml" in str(error.value)
    assert "templates/b.conf is a link to /gone.conf" in str(error.value)


def test_files_outside_of_the_checkout_and_missing_ones_are_refused_together(checkout):
    with pytest.raises(BundleError) as error:
        taken(checkout, "/etc/hostname", "files/gone")

    assert "/etc/hostname is outside" in str(error.value)
    assert "files/gone does not exist" in str(error.value)


def test_an_inventory_elsewhere_has_the_environments_place(checkout, tmp_path):
    (checkout / "inventories/staging").rename(tmp_path / "mine")
    (tmp_path / "mine/group_vars/all/10-shared.yml").unlink()

    assert "toolkit/inventories/staging/hosts.yml" in taken(checkout, inventory=tmp_path / "mine")


def test_another_collection_brings_what_runs_and_its_license(tmp_path):
    for path in ("plugins/lookup/x.py", "meta/runtime.yml", "MANIFEST.json", "COPYING", "tests/x.py", "docs/x.rst"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "plugins/lookup/y.py").symlink_to("x.py")

    found = {one.name: one.read() for one in members.collection("amazon.aws", tmp_path)}

    place = "collections/ansible_collections/amazon/aws"
    assert found == {
        f"{place}/plugins/lookup/x.py": b"plugins/lookup/x.py",
        f"{place}/plugins/lookup/y.py": b"plugins/lookup/x.py",
        f"{place}/meta/runtime.yml": b"meta/runtime.yml",
        f"{place}/MANIFEST.json": b"MANIFEST.json",
        f"{place}/COPYING": b"COPYING",
    }


@pytest.mark.parametrize("environment", ["ci", "local", "production", "scratch", "staging"])
def test_of_this_checkout_nothing_is_of_another_environment_or_of_no_use_to_hosts(environment):
    found = members.toolkit(ROOT, ROOT / "inventories" / environment, environment, [ROOT / "variables/elk.yml"])

    folders = {"/".join(one.name.split("/")[1:3]) for one in found if one.name.startswith("toolkit/inventories/")}
    assert folders == {f"inventories/{environment}", "inventories/shared"}
    tops = {one.name.split("/")[1] for one in found}
    assert tops == {*members.FOLDERS, *members.FILES, "inventories", "variables"}
