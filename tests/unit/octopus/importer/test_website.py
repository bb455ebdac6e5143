"""The sample export as a whole: what it becomes, and that its OCL says the same as its JSON."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import evaluate
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer import Imported, import_export
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.entries import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import (
    Catalog,
    Context,
    Entry,
    Scope,
)
from yamllint import linter
from yamllint.config import YamlLintConfig

ROOT = Path(__file__).parents[4]
WEBSITE = ROOT / "tests" / "support" / "octopus_exports" / "website"
FOLDER = "{{ playbook_dir }}/../variables/imported"
LIBRARIES = ("company", "event-logging")


@pytest.fixture(scope="module")
def imported() -> Imported:
    return import_export(str(WEBSITE), FOLDER)


def entries(imported: Imported, stem: str) -> tuple[Entry, ...]:
    file = f"{stem}.yml"
    return parse_entries(imported.files[file], file, stem if stem in LIBRARIES else "")


def test_files_counts_and_settings(imported: Imported) -> None:
    assert sorted(imported.files) == [
        "company.yml", "event-logging.yml", "import-report.md", "vault.example.yml", "website.yml",
    ]  # fmt: skip
    assert {one["file"]: (one["library"], one["variables"], one["values"]) for one in imported.as_data()["sets"]} == {
        "company.yml": (True, 5, 7),
        "event-logging.yml": (True, 6, 7),
        "website.yml": (False, 35, 49),
    }
    # The order is the project's, not that of the files.
    assert (
        imported.settings
        == f"""\
octopus_library_files:
  - "{FOLDER}/company.yml"
  - "{FOLDER}/event-logging.yml"
octopus_variable_files:
  - "{FOLDER}/website.yml"
"""
    )


def test_what_is_reported(imported: Imported) -> None:
    data = imported.as_data()
    assert [one["variable"] for one in data["left_out"]] == ["Tls.Certificate", "Aws.Account", "Build.Pool"]
    assert [one["variable"] for one in data["attention"]] == [
        "Cache.Url", "Rollout.Percent", "Octopus.Acquire.DeltaCompressionEnabled",
    ]  # fmt: skip
    assert [one["ansible_variable"] for one in data["secrets"]] == [
        "vault_events_token_brokers_shippers",
        "vault_database_password_local",
        "vault_database_password_ci_staging",
        "vault_database_password_production",
        "vault_payment_apikey",
    ]
    assert set(data["names"]) == {
        "environment", "machine", "role", "step", "channel", "tenant", "tenant_tag", "process",
    }  # fmt: skip
    for text in (
        "63 values of 46 variables imported, 3 left out, 5 secrets to fill in, 3 to look at.",
        imported.settings,
        "- `Cache.Url` (`environment staging or Environments-9`; set `Website`): the export does not say what",
        "- `vault_database_password_ci_staging`: `Database.Password` (`environment ci or staging`; set `Website`)",
        "- role, compared with the host's groups: `brokers`, `indexers`, `shippers`",
        "1 variable template of `Website`",
        "Files without variables: `variables.ocl`",
    ):
        assert text in imported.report
    assert imported.report in imported.files["import-report.md"]


def test_every_file_passes_the_linter(imported: Imported) -> None:
    config = YamlLintConfig(file=str(ROOT / ".yamllint"))
    for name, text in imported.files.items():
        if name.endswith(".yml"):
            assert not list(linter.run(text, config, name)), name


def test_secrets_to_fill_in_are_comments_until_they_are_filled_in(imported: Imported) -> None:
    lines = imported.files["vault.example.yml"].splitlines()
    assert all(line.startswith("#") for line in lines[1:])
    assert '# vault_payment_apikey: ""' in lines
    assert any("ansible-vault" in line for line in lines)


@pytest.mark.parametrize("role", ["brokers", "indexers", "shippers"])
def test_everything_resolves_in_the_local_environment(imported: Imported, role: str) -> None:
    stems = [*LIBRARIES, "website"]
    catalog = Catalog([(stem, entries(imported, stem)) for stem in stems])
    resolution = catalog.resolve(Context(environment="local", machine="broker-1", roles=(role,)))
    assert resolution.warnings == ()
    variables = {one.name: "filled in" if one.ansible_variable else one.value for one in resolution.entries}
    variables |= {"Octopus.Environment.Name": "local", "Octopus.Machine.Name": "broker-1"}
    results = {
        name: evaluate(f"#{{{name}}}" if "/" not in name else value, variables) for name, value in variables.items()
    }
    assert {name: result.error for name, result in results.items() if result.error} == {}
    assert results["Website.Url"].text == "https://www.local.example.com:8443/"
    assert results["ConnectionStrings:Main"].text.endswith("Database=website_local;Username=website;Password=filled in")
    assert results["Backends.Config"].text.splitlines()[1:3] == [
        "  server web.localdomain:8080 weight=3;",
        "  server api.localdomain:8090 weight=1;",
    ]
    assert results["Themes"].text == "light,dark"
    assert results["Search.Limit"].text == "25"
    assert results["Upload Folder Mode"].text == "0750"
    assert results["Windows Notice"].text == "Deployed by Octopus\r\nDo not edit\r\n"


def _with_slugs(entry: Entry) -> Entry:
    """As OCL has it: slugs in the place of names, except for roles and tags, which are no resources."""
    dimensions = {
        dimension: tuple(
            name if dimension in ("role", "tenant_tag") else re.sub(r"[^a-z0-9]+", "-", name.lower()) for name in names
        )
        for dimension, names in entry.scope.dimensions.items()
    }
    return entry._replace(scope=Scope(dimensions), file="", line=0)


def test_the_ocl_of_the_project_says_the_same(imported: Imported) -> None:
    """But for sensitive values, which OCL never has, and for what steps and the like are called."""
    ocl = import_export(str(WEBSITE / "variables.ocl"), FOLDER)
    expected = [_with_slugs(entry) for entry in entries(imported, "website") if not entry.sensitive]
    assert [_with_slugs(entry) for entry in entries(ocl, "website")] == expected
    assert [one["variable"] for one in ocl.as_data()["left_out"]] == ["Tls.Certificate", "Aws.Account", "Build.Pool"]
    assert "Octopus never writes them into variables.ocl" in ocl.report
    assert "vault.example.yml" not in ocl.files


def test_a_set_alone_and_two_projects(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"OwnerId": "Projects-1", "Variables": [{"Name": "A`#\\n", "Value": "1"}]}')
    alone = import_export(str(tmp_path / "a.json"), "/x")
    assert alone.settings == 'octopus_variable_files:\n  - "/x/a.yml"\n'
    (tmp_path / "b.json").write_text('{"OwnerId": "Projects-2", "Variables": []}')
    both = import_export(str(tmp_path), "/x")
    assert both.settings == (
        '# project `a` (`Projects-1`)\noctopus_variable_files:\n  - "/x/a.yml"\n\n'
        '# project `b` (`Projects-2`)\noctopus_variable_files:\n  - "/x/b.yml"\n'
    )
    assert parse_entries(both.files["b.yml"], "b.yml") == ()
    assert [entry.name for entry in parse_entries(both.files["a.yml"], "a.yml")] == ["A`#"]


def test_names_cannot_break_out_of_comments_and_reports(tmp_path: Path) -> None:
    evil = "x\\n- name: Injected\\n  value: 1\\n\\u2028```"
    (tmp_path / "a.json").write_text(
        f'{{"OwnerName": "{evil}", "OwnerId": "{evil}", "Variables": '
        f'[{{"Name": "{evil}", "Type": "Sensitive", "Scope": {{"Role": ["{evil}"]}}}}]}}'
    )
    imported = import_export(str(tmp_path / "a.json"), "/x")
    (file,) = (name for name in imported.files if name not in ("import-report.md", "vault.example.yml"))
    assert file == "x-name-injected-value-1.yml"
    assert len(parse_entries(imported.files[file], file)) == 1
    assert not any(
        line.startswith("-") and "`" not in line for line in imported.report.splitlines() if "Injected" in line
    )
    assert all(line.startswith("#") for line in imported.files["vault.example.yml"].splitlines()[1:])
