"""octopus_preview and playbooks/variables.yml in real ansible-playbook runs. No host there can be reached."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import ansible_process
import lxml.html
import pytest
from ansible_process import ROOT

SECRETS = ("vaulted-secret", "inventory-secret", "file-secret", "shadowed-secret")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"COLUMNS": "220", "PWD": str(folder)}
    playbook = ROOT / "playbooks/variables.yml"
    return ansible_process.run("ansible-playbook", playbook, *arguments, cwd=folder, environment=environment)


def rows_of(page: Path) -> dict[str, lxml.html.HtmlElement]:
    found = lxml.html.fromstring(page.read_text()).find_class("row")
    return {one.find_class("name")[0].find("bdi").text: one for one in found}


def lines_of(ended: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in ended.stdout.splitlines()]


def test_example_inventories(tmp_path: Path) -> None:
    page = tmp_path / "deep/all.html"
    command = ("-i", "inventories/staging", "-e", "inventories=all", "-e", f"page={page}")
    looked = run(ROOT, *command, "--check")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "changed=1" in looked.stdout
    assert f"The page would be {page}" in looked.stdout
    assert not page.exists()

    ended = run(ROOT, *command)
    assert "changed=1" in ended.stdout
    assert "unreachable=0" in ended.stdout
    assert re.search(r"\d+ variables have values, 0 are unused, \d+ are missing. \d+ problems would", ended.stdout)
    assert f"The page is {page}" in ended.stdout
    assert ["LogHttpPort", "8080", "everywhere", ":14"] in lines_of(ended)
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    rows = rows_of(page)
    assert "logs.production.example.com" in rows["LogHost"].text_content()
    assert "templates/logstash/shipper/filter.conf" in rows["Component"].find_class("more")[0].text_content()
    assert "gap" in rows["EventsFile"].find_class("cell")[0].classes, "it is for local only"
    assert "roles/elb_log_shipper/files/settings.json" in rows["LogPort"].text_content()

    assert "changed=0" in run(ROOT, *command).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three environments in inventories/, of which `new` has no host yet, and `dev` has one that lacks a variable."""

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("password", "x")
    write(
        "variables.yml",
        """---
- {name: Host, value: "#{Octopus.Environment.Name}.example.com"}
- {name: Host, value: new.example.net, scope: {environment: new}}
- {name: Url, value: "https://#{Vaulted}:#{Given}@#{Host}"}
- {name: Filed, value: file-secret, sensitive: true}
- {name: Filed, value: shadowed-secret, sensitive: true, scope: {role: web}}
- {name: Vaulted, value: overridden}
- {name: Given, value: also}
- {name: OnlyProd, value: p, scope: {environment: prod}}
- {name: OnlySettings, value: s}
- {name: Never, value: n}
- {name: Required, value: r}
""",
    )
    write("files/deep/a.conf", "url = #{Url}\nonly = #{OnlyProd} #{Filed}\n")
    (tmp_path / "files/image.bin").write_bytes(b"\0\1#{Never}")
    vaulted = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", "password",
         "vaulted-secret", "--name", "vaulted"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for environment in ("dev", "prod", "new"):
        host = f"{environment}1: {{ansible_host: 192.0.2.1}}" if environment != "new" else ""
        write(f"inventories/{environment}/hosts.yml", f"all: {{children: {{web: {{hosts: {{{host}}}}}}}}}\n")
        write(
            f"inventories/{environment}/group_vars/all.yml",
            f"octopus_environment: {environment}\n"
            f"octopus_variable_files: [{tmp_path}/variables.yml]\n"
            "octopus_variables:\n"
            "  Vaulted: {value: '{{ vaulted }}', sensitive: true}\n"
            "  Given: {value: inventory-secret, sensitive: true}\n"
            f"octopus_files: [{tmp_path}/files, {tmp_path}/nowhere.conf]\n"
            "app_required_variables: [Required]\n"
            "app_settings: {deep: ['#{OnlySettings}']}\n"
            "needs_facts: '{{ ansible_facts.os_family }}'\n" + vaulted,
        )
    write(
        "inventories/prod/host_vars/prod1.yml",
        "octopus_variables: {Peer: '{{ hostvars[groups.web | first].ansible_host }}'}\n",
    )
    write("inventories/dev/host_vars/dev1.yml", "octopus_project: '{{ no_such_variable }}'\n")
    return tmp_path


def test_a_project(project: Path) -> None:
    ended = run(
        project, "-i", "inventories/prod", "-e", "inventories=all", "-e", "page=page.html", "-e", "filter=host",
        "--vault-password-file", "password",
    )  # fmt: skip
    page = project / "page.html"
    assert ended.returncode == 0, ended.stdout + ended.stderr
    content = page.read_text()
    for secret in SECRETS:
        assert secret not in ended.stdout + ended.stderr + content
    lines = lines_of(ended)
    assert ["Host", "dev.example.com", "dev", ":2"] in lines
    assert ["new.example.net", "new", ":3 (environment new); shadows :2"] in lines
    assert ["Url", "https://*****:*****@dev.example.com", "dev", ":4"] in lines
    assert not any(line[0] == "Never" for line in lines)
    assert "dev1: octopus_project is left out: 'no_such_variable' is undefined" in ended.stdout

    rows = rows_of(page)
    assert [one.text_content().split() for one in rows["OnlyProd"].find_class("cell")] == [
        ["dev,", "new", "missing"],
        ["prod", "p"],
    ]
    assert [one.text_content().split() for one in rows["Peer"].find_class("cell")][-1] == ["prod", "192.0.2.1"]
    assert [one.text_content().split()[:2] for one in rows["Octopus.Machine.Name"].find_class("cell")] == [
        ["dev", "dev1"],
        ["new", "no"],
        ["prod", "prod1"],
    ]
    assert "image.bin" not in content
    assert {name for name, row in rows.items() if "unused" in row.classes} == {"Never", "Peer"}
    text = lxml.html.fromstring(content).text_content()
    assert "none: shown from the variable files alone" in text
    assert "dev1: octopus_project is left out: 'no_such_variable' is undefined" in text
    assert re.search(r"prod1: octopus_files: .*nowhere.conf", text)
    assert "files/deep/a.conf:2:8: #{OnlyProd}: variable OnlyProd is not defined" in text


FAULTS = {
    "no such inventory": (["-e", "inventories=nope"], "no such inventory: nope; expected"),
    "no environment": (["-e", "octopus_environment="], "octopus_environment"),
    "a page that cannot be written": (["-e", "page=variables.yml/page.html"], "cannot write the page"),
    "files that are no list": (["-e", '{"octopus_files": {"a": 1}}'], "octopus_files"),
}


@pytest.mark.parametrize(("arguments", "said"), FAULTS.values(), ids=FAULTS)
def test_faults(arguments: list[str], said: str, project: Path) -> None:
    ended = run(project, "-i", "inventories/prod", "--vault-password-file", "password", *arguments)
    assert ended.returncode != 0
    assert said in ended.stdout
    assert not any(secret in ended.stdout + ended.stderr for secret in SECRETS)
