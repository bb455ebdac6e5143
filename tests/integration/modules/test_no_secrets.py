"""Places that keep no secret - CloudFormation's parameters, the function's package - are given none, in any guise."""

import json

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_project import Project

PASSWORD = "vault-password"  # noqa: S105 - of the test
TEMPLATE = {
    "Parameters": {
        "Topic": {"Type": "String"},
        "Password": {"Type": "String", "NoEcho": True},
        "Quoted": {"Type": "String", "NoEcho": "true"},
        "Shown": {"Type": "String", "NoEcho": False},
    },
    "Resources": {},
}
# What a parameter or a settings file may say, and the words of the refusal; nothing: it is taken.
TEXTS = [
    ("plain", ""),
    ("#{Port} #{Octopus.Environment.Name}", ""),
    ("#{Secret}", "variable Secret"),
    ("x-#{Secret | ToBase64}", "variable Secret"),
    ("#{Secret | Sha256}", "variable Secret"),
    ("#{Around}", "variable Secret"),
    ("#{if Secret}yes#{/if}", "variable Secret"),
    ("{{ vaulted }}", "a secret of the inventory"),
    ("before {{ vaulted }} after", "a secret of the inventory"),
    ("{{ vaulted | b64encode }}", "a secret of the inventory"),
]
# Of a parameter that is a list of values, or a text with commas.
LISTS = {"several": ["x", "#{Subnets}"], "inside": ["a-#{Subnets}"], "one": ["#{Port}", "a,b"], "text": "#{Subnets}"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each case was told: (of a stack's parameter, of a file); and the whole output. One run for all."""
    folder = tmp_path_factory.mktemp("project")
    project = Project(folder)
    variables = [
        {"name": "Port", "value": 5045},
        {"name": "Secret", "value": "sensitive-value-one", "sensitive": True},
        {"name": "Around", "value": "a#{Secret}b"},
        {"name": "Subnets", "value": "a,b"},
    ]
    project.write("variables.yml", json.dumps(variables))
    ciphertext = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))]).encrypt("vaulted-value-two")
    inline = "".join(f"  {line}\n" for line in ciphertext.decode().splitlines())
    project.write("group_vars/all/secret.yml", f"vaulted: !vault |\n{inline}")
    project.write("password", PASSWORD)
    project.write("stack.yml", json.dumps(TEMPLATE))
    tasks = []
    for number, (text, _) in enumerate(TEXTS):
        for kind, name in (
            ("shown", "Topic"),
            ("no_echo_false", "Shown"),
            ("hidden", "Password"),
            ("quoted", "Quoted"),
        ):
            stack = {"name": "alarms", "template": f"{folder}/stack.yml", "parameters": {name: ["x", text]}}
            tasks.append(({"elk.deploy.stack_parameters": {"stacks": [stack]}}, f"{kind}_{number}"))
        if "{{" in text:
            stack = {"name": "alarms", "template": f"{folder}/stack.yml", "tags": {"Owner": text}}
            tasks.append(({"elk.deploy.stack_parameters": {"stacks": [stack]}}, f"tag_{number}"))
            stack = {"name": "alarms", "template": f"{folder}/stack.yml"}
            options = {"stacks": [stack], "tags": {"Owner": text}}
            tasks.append(({"elk.deploy.stack_parameters": options}, f"common_tag_{number}"))
        else:
            project.write(f"templates/{number}.json", json.dumps({"LogHost": text}))
            options = {"src": [f"{number}.json"], "reason": "Keep it elsewhere."}
            tasks.append(({"elk.deploy.octopus_no_secrets": options}, f"file_{number}"))
    for name, value in LISTS.items():
        stack = {"name": "alarms", "template": f"{folder}/stack.yml", "parameters": {"Topic": value}}
        tasks.append(({"elk.deploy.stack_parameters": {"stacks": [stack]}}, f"list_{name}"))
    project.write("templates/literal.json", '{"LogHost": "has vaulted-value-two in it"}')
    project.write("templates/encrypted.json", project.path.joinpath("group_vars/all/secret.yml").read_text())
    whole = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))]).encrypt("{}")
    project.write("templates/encrypted.json", whole)
    for name in ("literal", "encrypted", "absent"):
        options = {"src": [f"{name}.json"], "reason": "Keep it elsewhere."}
        tasks.append(({"elk.deploy.octopus_no_secrets": options}, f"file_{name}"))
    played = [task | {"register": name, "ignore_errors": True} for task, name in tasks]
    answers = ", ".join(f"'{name}': {name}.msg | default('')" for _, name in tasks)
    copy = {"content": f"{{{{ {{{answers}}} | to_json }}}}", "dest": f"{folder}/answers.json", "mode": "0600"}
    ended = project.play(*played, {"ansible.builtin.copy": copy}, options=("--vault-password-file", "password", "-vvv"))
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    return json.loads((folder / "answers.json").read_text()), ended.stdout + ended.stderr


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=lambda number: TEXTS[number][0])
def test_a_parameter_that_cloudformation_shows_takes_no_secret(told, number):
    for kind, name in (("shown", "Topic"), ("no_echo_false", "Shown")):
        message, words = told[0][f"{kind}_{number}"], TEXTS[number][1]
        assert bool(message) == bool(words)
        if words:
            assert f"stack alarms: parameter {name} holds a secret ({words})" in message
            assert "NoEcho: true" in message


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=lambda number: TEXTS[number][0])
def test_a_parameter_with_no_echo_takes_it(told, number):
    assert told[0][f"hidden_{number}"] == told[0][f"quoted_{number}"] == ""


@pytest.mark.parametrize("number", [number for number, (text, _) in enumerate(TEXTS) if "{{" in text])
@pytest.mark.parametrize("kind", ["tag", "common_tag"])
def test_a_tag_takes_no_secret(told, kind, number):
    assert "stack alarms: tag Owner holds a secret" in told[0][f"{kind}_{number}"]


@pytest.mark.parametrize("number", [number for number, (text, _) in enumerate(TEXTS) if "{{" not in text])
def test_a_file_takes_no_secret(told, number):
    message, words = told[0][f"file_{number}"], TEXTS[number][1]
    assert (f"holds a secret ({words}). Keep it elsewhere." in message) if words else message == ""


def test_a_file_with_the_text_of_a_secret_and_one_that_is_encrypted(told):
    assert "holds a secret (a secret of the inventory). Keep it elsewhere." in told[0]["file_literal"]
    assert "holds a secret (the file is encrypted with Ansible Vault)" in told[0]["file_encrypted"]
    assert "Could not find or access 'absent.json'" in told[0]["file_absent"]


@pytest.mark.parametrize("template", [json.dumps(TEMPLATE), "no template"])
def test_a_deployed_stack_shows_no_value_that_cloudformation_hides(tmp_path, template):
    """Ansible shows the options of a module with -vvv, and logs them on the control node."""
    options = {
        "stack_name": "alarms",
        "template_body": template,
        "template_parameters": {"Topic": "topic-that-is-shown", "Password": "known-to-nobody-else"},
        "endpoint_url": "http://127.0.0.1:9",
        "region": "eu-west-1",
        "access_key": "x",
        "secret_key": "x",
    }
    task = {"elk.deploy.stack": options, "ignore_errors": True}
    ended = Project(tmp_path).play(task, options=("-vvv",))
    assert ended.stdout.count("...ignoring") == 1, ended.stdout + ended.stderr
    assert "known-to-nobody-else" not in ended.stdout + ended.stderr
    assert ("topic-that-is-shown" in ended.stdout) == (template != "no template")


def test_a_variable_adds_no_entry_to_a_list(told):
    words = "has a comma in it once its tokens are substituted"
    assert f"parameter Topic, entry 2: #{{Subnets}} {words}" in told[0]["list_several"]
    assert f"parameter Topic, entry 1: a-#{{Subnets}} {words}" in told[0]["list_inside"]
    assert told[0]["list_one"] == told[0]["list_text"] == ""


def test_no_message_shows_it(told):
    assert "sensitive-value-one" not in told[1]
    assert "vaulted-value-two" not in told[1]
