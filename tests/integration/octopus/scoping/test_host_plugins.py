"""Secrets, library sets, prompted values and the context of a host in real ansible-playbook runs."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_project import Project

PASSWORD = "correct horse"  # noqa: S105 - of nothing
WITH_PASSWORD = ("--vault-password-file", "password")
WHOLE = "- {name: Whole, value: whole secret}\n- {name: Public, value: not secret, sensitive: false}\n"


class Tagged(str):
    """A text that the inventory has with the tag !vault."""

    __slots__ = ()


yaml.SafeDumper.add_representer(Tagged, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))


def encrypted(text: str) -> str:
    return VaultLib([("default", VaultSecret(PASSWORD.encode()))]).encrypt(text).decode()


def inline(name: str, ciphertext: str, scope: str = "") -> str:
    return f"- name: {name}\n  scope: {{{scope}}}\n  value: !vault |\n{textwrap.indent(ciphertext, '    ')}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write("password", PASSWORD)
    project.write("wrong", "battery staple")
    project.write(
        "variables.yml",
        """- {name: FromInventory, value: !ansible vaulted}
- {name: FromLookup, value: !ansible looked_up}
- {name: Plain, value: !ansible plain, sensitive: false}
- {name: Unfilled, value: !ansible nobody_defines_this}
- {name: Prompted, prompt: {label: Which one, required: true}}
- {name: Shared, value: project}
- {name: Scoped, value: tag, scope: {tenant_tag: Region/EU}}
- {name: Scoped, value: step, scope: {step: Configure}}
- {name: Role, value: any role, scope: {role: eu}}
- {name: Role, value: targeted role, scope: {role: web}}
- {name: Process, value: runbook, scope: {process: Reindex}}
"""
        + inline("Inline", encrypted("inline secret"))
        + inline("Elsewhere", "$ANSIBLE_VAULT;1.1;AES256\n00", "environment: production"),
    )
    project.write("base.yml", "- {name: Shared, value: library}\n- {name: Base, value: library}\n")
    return project


def check(text: str, **variables: object) -> dict:
    return {"elk.deploy.octopus_check": {"text": {"text": text}}, "vars": variables, "ignore_errors": True}


def substitute(text: str, **variables: object) -> dict:
    message = {"ansible.builtin.debug": {"msg": f"{{{{ '{text}' | elk.deploy.octopus_substitute }}}}"}}
    return message | {"vars": variables, "ignore_errors": True}


def test_secrets_arrive_and_are_hidden(project: Project) -> None:
    """Of the file's ciphertexts only those are decrypted that hold on the host."""
    project.write("whole.yml", encrypted(WHOLE))
    project.write("templates/app.conf", "#{Inline}|#{FromInventory}|#{FromLookup}|#{Plain}|#{Whole}|#{Public}")
    task = {"elk.deploy.octopus_template": {"src": "app.conf", "dest": "{{ playbook_dir }}/out.conf"}}
    filtered = {
        "ansible.builtin.copy": {
            "content": "{{ '#{FromInventory} #{FromLookup} #{Whole}' | elk.deploy.octopus_substitute }}",
            "dest": "{{ playbook_dir }}/filtered.conf",
        },
        "no_log": True,
    }
    cache = {"ansible.builtin.command": {"cmd": "cp -r {{ playbook_dir }}/local {{ playbook_dir }}/cache"}}
    result = project.play(
        task,
        filtered,
        cache,
        options=("--diff", "-vvv", *WITH_PASSWORD),
        octopus_variable_files=["variables.yml", "whole.yml"],
        vaulted=Tagged(encrypted("from the inventory")),
        looked_up="{{ lookup('ansible.builtin.env', 'PASSWORD_OF_TEST', default='7') }}{{ number }}",
        number=7,
        plain=5000,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    rendered = (project.path / "out.conf").read_text()
    assert rendered == "inline secret|from the inventory|77|5000|whole secret|not secret"
    assert (project.path / "filtered.conf").read_text() == "from the inventory 77 whole secret"
    assert "uses sensitive values: FromInventory, FromLookup, Inline, Whole\n" in result.stdout
    for secret in ("inline secret", "whole secret", "from the inventory"):
        assert secret not in result.stdout + result.stderr
    cached = [path for path in (project.path / "cache").glob("*/*") if path.is_file() and path.stat().st_size]
    assert [path.stat().st_mode & 0o777 for path in cached] == [0o600]
    assert "Inline" in cached[0].read_text()
    assert "$ANSIBLE_VAULT" in cached[0].read_text()
    assert "secret" not in cached[0].read_text()


def test_values_that_cannot_be_had(project: Project) -> None:
    missing = "variables.yml:4 takes it from the Ansible variable nobody_defines_this, which is not defined; define "
    tasks = {
        "the check, undefined": (check("#{Unfilled}"), missing),
        "the filter, undefined": (substitute("#{Unfilled}"), missing),
        "the check, a fault in it": (
            check("no token", plain="{{ nothing_at_all }}"),
            "variables.yml:3: variable Plain takes the Ansible variable plain, which cannot be evaluated: "
            "'nothing_at_all' is undefined",
        ),
        "the filter, a fault in it": (substitute("#{x}", plain="{{ nothing_at_all }}"), "nothing_at_all"),
        "a list": (
            check("no token", plain=[1]),
            "variable Plain takes the Ansible variable plain, which is a list, expected text or a number",
        ),
    }
    result = project.play(*(task for task, _ in tasks.values()), options=WITH_PASSWORD)
    parts = result.stdout.split("TASK [")[1:]
    assert len(parts) == len(tasks), result.stdout + result.stderr
    for part, (name, (_, message)) in zip(parts, tasks.items(), strict=True):
        assert message in part, name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            (),
            "cannot be decrypted: no vault password was given; give one with --vault-password-file or --ask-vault-pass",
        ),
        (("--vault-password-file", "wrong"), "cannot be decrypted: no vault password that was given fits"),
    ],
    ids=["without a password", "with a wrong password"],
)
def test_decryption_that_fails_names_the_place(project: Project, options: tuple[str, ...], message: str) -> None:
    project.write("whole.yml", encrypted(WHOLE))
    result = project.play(check("no token"), check("no token", octopus_variable_files=["whole.yml"]), options=options)
    first, second = result.stdout.split("TASK [")[1:]
    assert f"variables.yml:12: variable Inline {message}" in first
    assert f"whole.yml: {message}" in second


def test_the_context_of_a_host(project: Project) -> None:
    tasks = {
        "project before library": (substitute("#{Shared} #{Base}"), "project library"),
        "tenant tag": (
            substitute(
                "#{Scoped} #{Octopus.Deployment.Tenant.Name}", octopus_tenant="A", octopus_tenant_tags=["Region/EU"]
            ),
            "tag A",
        ),
        "step": (
            substitute("#{Scoped} #{Role}", octopus_step="Configure", octopus_step_roles=["web", "db"]),
            "step targeted role",
        ),
        "process": (substitute("#{Process}", octopus_process="Reindex"), "runbook"),
        "a deployment unless told otherwise": (substitute("#{Process}"), "variable Process is not defined"),
        "release": (
            substitute(
                "#{Octopus.Project.Name} #{Octopus.Release.Number} #{Octopus.Release.Channel.Name}",
                octopus_project="elk",
                octopus_release={"number": 1.5, "notes": "new"},
                octopus_channel="Stable",
            ),
            "elk 1.5 Stable",
        ),
        "prompted": (substitute("#{Prompted}", octopus_prompted={"prompted": "this"}), "this"),
        "not prompted": (check("#{Prompted}"), "variables.yml:5 asks for a value at deployment (Which one), and none"),
        "nothing asks for it": (
            check("no token", octopus_prompted={"Shared": "hidden"}),
            "octopus_prompted: Shared is given, but no entry of that name in the variable files has `prompt`",
        ),
    }
    result = project.play(
        *(task for task, _ in tasks.values()),
        options=WITH_PASSWORD,
        octopus_library_files=["base.yml"],
    )
    parts = result.stdout.split("TASK [")[1:]
    assert len(parts) == len(tasks), result.stdout + result.stderr
    for part, (name, (_, message)) in zip(parts, tasks.items(), strict=True):
        assert message in part, name


def test_all_settings_of_a_wrong_form_are_named_at_once(project: Project) -> None:
    result = project.play(
        check("no token"),
        octopus_environment="",
        octopus_variable_files=["gone.yml"],
        octopus_library_files={"base": "base.yml"},
        octopus_prompted="{'Prompted': 'hidden'}",
        octopus_tenant_tags=["EU"],
        octopus_step_roles=["web"],
        octopus_channel=["Stable"],
        octopus_release={"nubmer": 1, "notes": ["hidden"]},
    )
    for line in (
        "octopus_environment is missing or empty for host web1",
        "gone.yml: cannot read this variable file: No such file or directory",
        "octopus_library_files is {'base': 'base.yml'}, expected a list of paths on the control node",
        "octopus_prompted is a text, expected a dictionary of variable names and values",
        "octopus_tenant_tags is ['EU'], expected a list of tags such as Region/EU",
        "octopus_step_roles is set without octopus_step, the step that targets these roles",
        "octopus_channel is a list, expected text",
        "octopus_release has the unknown field nubmer, expected number, id, notes, previous",
        "octopus_release: notes is a list, expected text",
    ):
        assert line in result.stdout, line
    assert "hidden" not in result.stdout


def test_a_value_for_a_prompt_is_given_on_the_command_line(project: Project) -> None:
    """The hint that the message names works."""
    project.write("variables.yml", "- {name: Build number, prompt: {required: true}}\n")
    task = {"elk.deploy.octopus_check": {"text": {"text": "#{Build number}"}, "required": ["Build number"]}}
    failed = project.play(task)
    option = '-e \'{"octopus_prompted": {"Build number": "…"}}\''
    required, _, token = json.loads(failed.stdout.partition("FAILED! => ")[2].partition("\n\n")[0])["msg"].splitlines()
    assert required.startswith(
        "[octopus_check_failed] required variable Build number is not defined for host web1; variables.yml:1 asks for"
    )
    assert required.endswith(option)
    assert token.startswith("text:1:1: #{Build number}: variable Build number is not defined; variables.yml:1 asks for")
    assert token.endswith(option)
    given = project.play(task, options=("-e", '{"octopus_prompted": {"Build number": "7"}}'))
    assert given.returncode == 0, given.stdout
