"""Differences of real runs: a secret in a file, now or before, is not shown, whatever becomes of it; all else is."""

import base64
import json

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_project import Project

PASSWORD = "vault-password"  # noqa: S105 - of the test
FIRST, SECOND = 'fi"rst\\$ecret', "second&secret"
FORMS = ("fi", "FI", "rst", "second", "SECOND", base64.b64encode(FIRST.encode()).decode()[:8])


def vaulted(text):
    """As a file of variables in JSON has it."""
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))])
    return {"__ansible_vault": vault.encrypt(text).decode()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """run(tasks, **variables) -> what a run with --diff has shown; each test has files of its own."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.write("variables.yml", "[]\n")
    project.write("vault", PASSWORD)

    def play(*tasks, options=(), **variables):
        project.write("host_vars/web1.json", json.dumps(variables))
        ended = project.play(*tasks, options=("--diff", "--vault-password-file", "vault", *options))
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    play.project = project
    return play


@pytest.fixture(autouse=True)
def state(run, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(run.project.path / "state"))


def directory(name, content, **options):
    return {
        "elk.deploy.settings_directory": {
            "path": "{{ playbook_dir }}/" + name,
            "files": [
                {"name": "secret.yml", "content": content},
                {"name": "free.yml", "content": "port: {{ port }}\n"},
            ],
            **options,
        }
    }


EXPRESSIONS = {
    "as it is": "x: {{ word }}\n",
    "in a text": "x: {{ url }}\n",
    "escaped": "x: {{ word | to_json }}\n",
    "encoded": "x: {{ word | b64encode }}\n",
    "in capitals": "x: {{ word | upper }}\n",
    "in part": "x: {{ word[:4] }}\n",
    "by another variable": "x: {{ indirect }}\n",
    "of a token": "x: {{ '#{Word | ToBase64}' | elk.deploy.octopus_substitute }}\n",
    "of a token's condition": "x: {{ '#{if Word}yes#{/if}' | elk.deploy.octopus_substitute }}\n",
    "of a token that is made of it": "x: {{ '#{Made}' | elk.deploy.octopus_substitute }}\n",
    "of a token by its name": "x: {{ '#{Db.Password}' | elk.deploy.octopus_substitute }}\n",
    "of another host": "x: {{ hostvars['web1'].word | upper }}\n",
    "of a fact that was set before": "x: {{ fact }}\n",
    "where a placeholder does not do": "x: {{ (encrypted_json | from_json).a }}\n",
}


def variables(secret, port):
    return {
        "word": vaulted(secret),
        "url": "{{ 'https://me:' ~ word ~ '@host' }}",
        "indirect": "{{ [url, port] | join(' ') | upper }}",
        "encrypted_json": vaulted(json.dumps({"a": secret})),
        "octopus_variables": {
            "Word": {"value": secret, "sensitive": True},
            "Made": "{{ word | b64encode }}",
            "Db.Password": secret,
        },
        "port": port,
    }


@pytest.fixture(scope="module")
def rotations(run):
    """What was shown of a file for each expression: when the secret was first written, and when it was changed."""
    tasks = [directory(f"each{number}", text) for number, text in enumerate(EXPRESSIONS.values())]
    fact = {"ansible.builtin.set_fact": {"fact": "{{ word | upper | reverse }}"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(run.project.path / "state"))
        return [
            run(fact, *tasks, **variables(FIRST, 1)).split("TASK [")[2:],
            run(fact, *tasks, options=("--check",), **variables(SECOND, 2)).split("TASK [")[2:],
        ]


@pytest.mark.parametrize("kind", EXPRESSIONS)
def test_expression_over_a_secret_is_not_shown_and_the_free_file_is(rotations, kind):
    number = list(EXPRESSIONS).index(kind)
    for shown, port in ((rotations[0][number], 1), (rotations[1][number], 2)):
        assert f"+port: {port}" in shown or kind == "where a placeholder does not do"
        assert "+x:" not in shown
        assert not [form for form in FORMS if form in shown.partition("]")[2].replace("free", "").replace("first", "")]
        if "secret.yml" in shown:
            assert "Not shown: secret.yml" in shown


def test_value_that_moves_into_the_keystore(run):
    """What is there has the secret still; what comes is free."""
    settings = "a: {{ logstash_settings['x.y'] | to_json }}\n"
    run(directory("moved", settings), logstash_settings={"x.y": vaulted(FIRST)}, port=1)
    later = {"logstash_settings": {"x.y": "${WORD}"}, "logstash_keystore": {"WORD": vaulted(SECOND)}, "port": 2}
    shown = run(directory("moved", settings), options=("--check",), **later)
    assert "Not shown: secret.yml (what is there now has secrets)" in shown
    assert "+port: 2" in shown
    run(directory("moved", settings), **later)
    later["logstash_settings"] = {"x.y": "${OTHER}"}
    assert '+a: "${OTHER}"' in run(directory("moved", settings), **later)


def test_templates_remember_what_was_secret(run):
    folder = run.project.path
    run.project.write("templates/app.conf", "#{Word | ToUpper}\n")
    run.project.write("templates/app/a.conf", "#{Word | ToBase64}\n")
    run.project.write("templates/app/b.conf", "#{Port}\n")
    run.project.write("templates/app.json", '{"A": {"B": 1}}')
    tasks = [
        {"elk.deploy.octopus_template": {"src": "app.conf", "dest": f"{folder}/out.conf"}, "register": "made"},
        {"elk.deploy.octopus_directory": {"src": "app", "dest": f"{folder}/out"}},
        {"elk.deploy.octopus_structured": {"src": "app.json", "dest": f"{folder}/out.json"}},
        {"ansible.builtin.debug": {"msg": "hash {{ made.checksum | default('none') }}"}},
    ]
    with_secret = {"Word": vaulted(FIRST), "A:B": "{{ octopus_variables.Word | reverse }}", "Port": 1}
    shown = run(*tasks, octopus_variables=with_secret)
    assert "templates/app.conf uses sensitive values: Word" in shown
    assert "templates/app/a.conf uses sensitive values: Word" in shown
    assert "templates/app.json uses sensitive values: A:B" in shown
    assert "hash none" in shown
    for name in ("app.conf", "app/a.conf"):
        run.project.write(f"templates/{name}", "#{Port}\n")
    free = {"A:B": "2", "Port": 2}
    for options in (("--check",), ()):
        shown = run(*tasks, octopus_variables=free, options=options)
        for name in ("app.conf", "app/a.conf", "app.json"):
            assert f"Not shown: templates/{name}: what is there now has secrets" in shown
        assert "+2" in shown
        assert not [form for form in FORMS if form in shown.replace("first", "").replace("config", "")]
    shown = run(*tasks, octopus_variables={"A:B": "3", "Port": 3})
    assert "Not shown" not in shown
    assert shown.count("+3") == 3


def test_what_is_for_people_to_read_has_placeholders(run):
    run.project.write("templates/p.conf", 'a => "#{Word}" b => "#{Word | ToBase64}" c => "#{Port}"\n')
    files = [
        {"name": "logstash.yml", "content": "x: {{ word | to_json }}\nurl: {{ url }}\nport: {{ port }}\n"},
        {"name": "upper.yml", "content": "{{ word | upper }}"},
        {"name": "p.conf", "template": "p.conf"},
        {"name": "a.key", "content": "{{ word }}", "secret": True},
    ]
    given = variables(FIRST, 1)
    given["octopus_variables"]["Port"] = "{{ port }}"
    run(
        {"elk.deploy.settings_directory": {"path": "{{ playbook_dir }}/read", "files": files, "placeholders": True}},
        **given,
    )
    found = {path.name: path.read_text() for path in (run.project.path / "read").iterdir()}
    assert found == {
        "logstash.yml": 'x: "<secret word>"\nurl: https://me:<secret word>@host\nport: 1\n',
        "upper.yml": "<secret upper.yml>\n",
        "p.conf": 'a => "<secret Word>" b => "<secret Word>" c => "1"\n',
        "a.key": "<secret a.key>\n",
    }
