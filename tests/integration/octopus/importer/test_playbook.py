"""playbooks/import_octopus.yml in real runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import ansible_process
from ansible_process import ROOT

WEBSITE = ROOT / "tests" / "support" / "octopus_exports" / "website"


def run(folder: Path, *options: str, playbook: str = str(ROOT / "playbooks" / "import_octopus.yml")) -> str:
    environment = {"ANSIBLE_LOCAL_TEMP": str(folder / ".tmp")}
    done = ansible_process.run("ansible-playbook", playbook, *options, cwd=folder, environment=environment)
    return done.stdout + done.stderr


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}


def test_check_import_repeat_edit_overwrite(tmp_path: Path) -> None:
    shutil.copytree(WEBSITE, tmp_path / "website")
    checked = run(tmp_path, "-e", "export=website", "--check", "--diff")
    assert "changed=1" in checked
    assert "+- name: Website.Host" in checked
    assert not (tmp_path / "variables").exists()

    first = run(tmp_path, "-e", "export=website")
    folder = tmp_path / "variables" / "imported"
    files = written(folder)
    assert "changed=1" in first
    assert "63 values of 46 variables imported" in first
    assert len(files) == 5
    assert f'  - "{folder}/website.yml"' in first  # far from the playbook

    assert "changed=0" in run(tmp_path, "-e", f"export={tmp_path / 'website'}/")
    assert written(folder) == files

    (folder / "website.yml").write_text(files["website.yml"].replace("!ansible vault_payment_apikey", "s3cret"))
    edited = written(folder)
    refused = run(tmp_path, "-e", "export=website", "-e", "to=variables/imported", "--diff")
    assert "variables/imported/website.yml: edited since the import" in refused
    assert written(folder) == edited

    replaced = run(tmp_path, "-e", "export=website", "-e", "overwrite=true", "--diff")
    assert "changed=1" in replaced
    assert "was edited by hand and may hold secrets" in replaced
    assert written(folder) == files
    assert "s3cret" not in refused + replaced


def test_an_export_with_secrets_shows_and_writes_none_and_runs_no_jinja(tmp_path: Path) -> None:
    variables = [
        {"Name": "Password", "Value": "s3cret", "Type": "Sensitive"},
        {"Name": "{{ 6 * 7 }}", "Value": "{{ 6 * 7 }}", "Description": "{% if %}", "Scope": {"Role": ["{{ 6 * 7 }}"]}},
        {"Name": "Pool {{ 6 * 7 }}", "Type": "WorkerPool", "Value": "s3cret"},
    ]
    (tmp_path / "leak.json").write_text(json.dumps({"OwnerId": "Projects-1", "Variables": variables}))
    shown = run(tmp_path, "-e", "export=leak.json", "-e", "to=out", "--diff", "-vvv")
    files = written(tmp_path / "out")
    assert "s3cret" not in shown + "".join(files.values())
    assert "the export holds the value of this sensitive variable as plain text" in shown
    assert '- name: "{{ 6 * 7 }}"\n  value: "{{ 6 * 7 }}"\n  scope: {role: "{{ 6 * 7 }}"}\n' in files["leak.yml"]
    assert "`Pool {{ 6 * 7 }}`" in shown
    assert "42" not in files["leak.yml"]


WRONG = [
    ({"dest": "out"}, "octopus_import: src is missing or no path; expected the export: -e export=FILE"),
    ({"src": "a.json", "dest": ""}, "octopus_import: dest is missing or no path; expected the folder"),
    ({"src": ["a.json"], "dest": "out"}, "octopus_import: src is missing or no path"),
    ({"src": "a.json", "dest": "out", "colour": 1}, "octopus_import has no option colour; it has src, dest, overwrite"),
    ({"src": "a.json", "dest": "out", "overwrite": "x"}, "octopus_import: overwrite is 'x', expected true or false"),
    ({"src": "none.json", "dest": "out"}, "none.json: there is no such file or folder"),
    ({"src": "a.json", "dest": "out"}, "a.json:2:1: not valid JSON: Expecting value"),
    ({"src": "b.json", "dest": "a.json"}, "a.json: this is no folder; name another one with -e to=DIR"),
]


def test_wrong_inputs_are_explained_and_nothing_is_written_but_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[\n")
    (tmp_path / "b.json").write_text('{"Variables": []}')
    tasks = [{"elk.deploy.octopus_import": arguments, "ignore_errors": True} for arguments, _ in WRONG]
    last = [
        {"elk.deploy.octopus_import": {"src": "b.json", "dest": "near"}, "register": "imported"},
        {"ansible.builtin.debug": {"msg": "{{ imported.settings }} is for {{ imported.files | join(' and ') }}"}},
    ]
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks + last}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    shown = run(tmp_path, playbook="play.yml")
    parts = shown.split("TASK [")[1:]
    assert len(parts) == len(WRONG) + 2, shown
    for part, (_, message) in zip(parts, WRONG, strict=False):
        assert message in part
    assert '- "{{ playbook_dir }}/near/b.yml"' in parts[-1]
    assert "is for near/b.yml and near/import-report.md" in parts[-1]
    assert not (tmp_path / "out").exists()


def test_the_playbook_asks_for_the_export(tmp_path: Path) -> None:
    assert "Add -e export=FILE to the command" in run(tmp_path)
