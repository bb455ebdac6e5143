"""What Octopus Deploy exported goes through import, preview and a deployment to environment local."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT / "tests/support/octopus_exports/website"
PASSWORD = "correct horse battery"  # noqa: S105 - made up for this test, to look for it where it must not be


@pytest.fixture(scope="module")
def imported(environment, tmp_path_factory):
    """The options that give a playbook the imported files and the secrets, once these are filled in."""
    folder = tmp_path_factory.mktemp("imported")
    ended = environment.playbook("import_octopus.yml", "-e", f"export={EXPORT}", "-e", f"to={folder}")
    assert ended.returncode == 0, ended.stdout
    settings = folder / "settings.yml"
    settings.write_text(
        f"octopus_library_files: [{folder}/company.yml, {folder}/event-logging.yml]\n"
        f"octopus_variable_files: [{folder}/website.yml]\n"
    )
    key, vault = folder / "key", folder / "vault.yml"
    key.write_text("a key of this test\n")
    vault.write_text(
        f"vault_database_password_local: {PASSWORD}\n"
        "vault_payment_apikey: an api key\n"
        "vault_events_token_brokers_shippers: a token of events\n"
    )
    encrypt = [ROOT / ".venv/bin/ansible-vault", "encrypt", "--vault-password-file", key, vault]
    subprocess.run(
        encrypt, check=True, capture_output=True, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    )
    return {"settings": ["-e", f"@{settings}"], "secrets": ["-e", f"@{vault}", "--vault-password-file", str(key)]}


@pytest.fixture(scope="module")
def website(environment, deployed, imported):
    """The ended run that brought the website's files to the broker."""
    options = [*imported["settings"], *imported["secrets"]]
    ended = environment.playbook("../tests/end_to_end/imported/deploy.yml", "--diff", *options)
    assert ended.returncode == 0, ended.stdout
    return ended


def test_secrets_that_are_not_filled_in_stop_the_deployment(environment, deployed, imported):
    ended = environment.playbook("../tests/end_to_end/imported/deploy.yml", *imported["settings"])
    assert ended.returncode != 0
    assert "vault_database_password_local, which is not defined" in ended.stdout
    assert "settings.properties:8:10" in ended.stdout
    assert environment.inside("ls", "/srv") == ""


def test_templates_carry_the_values_of_the_environment_and_the_host(environment, website):
    settings = environment.inside("cat", "/srv/website/settings.properties").splitlines()
    assert settings == [
        "greeting=Grüße aus dem Laden, {{ customer }} \\u2014 100 % \\u2615",
        "help=Write #{Name} for a variable.\tTabs stay.",
        "themes=light,dark",
        "searchLimit=25",
        "threads=2",
        "theme=light",
        "cdn=cdn.example.net",
        f"database=Host=192.0.2.30;Port=5432;Database=website_local;Username=website;Password={PASSWORD}",
        "events=broker-1:5000 as broker-1 with a token of events",
        "ticket=CHG-0000",
    ]
    assert environment.inside("cat", "/srv/website/nginx/website.conf") == (
        "# https://www.local.example.com:8443/ on broker-1\n"
        "upstream website {\n"
        "  server web.localdomain:8080 weight=3;\n"
        "  server api.localdomain:8090 weight=1;\n"
        "}\n\n"
    )


def test_structured_configuration_carries_the_values_and_keeps_the_rest(environment, website):
    assert environment.inside("cat", "/srv/website/appsettings.json") == (
        "{\n"
        "    // Filled in by structured configuration variables: there is no token in this file.\n"
        '    "ConnectionStrings": {"Main": "Host=192.0.2.30;Port=5432;Database=website_local;Username=website;'
        f'Password={PASSWORD}"}},\n'
        '    "Logging": {"LogLevel": {"Default": "Debug"}},\n'
        '    "AllowedHosts": ["www.local.example.com"],\n'
        '    "Untouched": 50.0\n'
        "}\n"
    )
    config = environment.inside("cat", "/srv/website/web.config")
    assert '<appSettings><add key="Theme" value="LIGHT" /></appSettings>' in config
    assert "<!-- one look a tenant -->" in config


def test_no_secret_is_in_the_output_although_differences_were_asked_for(website):
    assert PASSWORD not in website.stdout
    assert "Not shown" in website.stdout


def test_a_second_deployment_changes_nothing(environment, website, imported):
    options = [*imported["settings"], *imported["secrets"]]
    ended = environment.playbook("../tests/end_to_end/imported/deploy.yml", *options)
    assert "changed=0" in ended.stdout


def test_prompted_values_and_tenants_are_given_at_deployment(environment, website, imported):
    given = ["-e", "octopus_tenant='Acorn Books'", "-e", '{"octopus_prompted": {"Change.Ticket": "CHG-4711"}}']
    options = [*imported["settings"], *imported["secrets"], *given, "--check", "--diff"]
    ended = environment.playbook("../tests/end_to_end/imported/deploy.yml", *options)
    assert '+  <appSettings><add key="Theme" value="ACORN" /></appSettings>' in ended.stdout


def test_preview_shows_the_imported_values_and_no_secret(environment, website, imported, tmp_path):
    page = tmp_path / "page.html"
    options = [*imported["settings"], *imported["secrets"], "-e", f"page={page}"]
    ended = environment.playbook("variables.yml", *options)
    assert ended.returncode == 0, ended.stdout
    for text in (ended.stdout, page.read_text()):
        assert "AllowedHosts:0" in text
        assert "www.local.example" in text
        assert PASSWORD not in text
