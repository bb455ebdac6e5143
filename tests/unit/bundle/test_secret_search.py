"""No secret gets into a bundle, wherever people keep one; what only says where a secret is does not stop it."""

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import BundleError
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle import build, members, secret_search
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle.members import Member
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
INVENTORY = "toolkit/inventories/staging/group_vars/all/20-staging.yml"
VARIABLES = "toolkit/variables/elk.yml"
CIPHERTEXT = "$ANSIBLE_VAULT;1.1;AES256\n      6162\n"
KEY = f"-----BEGIN PRIVATE KEY-----\n{'MIGHAgEAMBMGByqGSM49' * 4}\n-----END PRIVATE KEY-----\n"
# Neither a template nor a token, nor a word that says nothing.
SECRETS = st.text("abcXYZ019!%*+,-./:=?@_~", min_size=4, max_size=24).map(lambda text: f"s3c{text}")


def search(name, text, octopus=False):
    return secret_search.search([Member(name, content=text.encode())], {name} if octopus else set())


def places(name, text, octopus=False):
    return [(one.line, one.name) for one in search(name, text, octopus)]


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("a: 1\nredis_password: hunter2\n", 2, "redis_password"),
        ("a:\n  b:\n    api_key: 12345\n", 3, "a.b.api_key"),
        ("api_tokens: [one]\n", 1, "api_tokens"),
        ("logstash_keystore:\n  ES_PWD: x\n", 2, "logstash_keystore.ES_PWD"),
        ("logstash_keystore: {ANYTHING: plain}\n", 1, "logstash_keystore.ANYTHING"),
        ("x: 1\ny: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n", 2, "y"),
        ("hosts:\n  - {name: a, value: !vault x}\n", 2, "hosts.value"),
        ("octopus_variables:\n  Db: {value: plain, sensitive: true}\n", 2, "octopus_variables.Db.value"),
        ("url: https://user:hunter2@example.com/\n", 1, "url"),  # pragma: allowlist secret
        (
            "logstash_tls_files:\n  - name: a.key\n    content: |\n"
            + KEY.replace("\n", "\n      ").join(["      ", "\n"]),
            4,
            "",
        ),
        ("key: AKIA" + "ABCDEFGHIJKLMNOP\n", 1, ""),
        ("one: &anchor {password: hunter2}\ntwo: *anchor\n", 1, "one.password"),
    ],
)
def test_a_secret_in_an_inventory_is_found_at_its_line(text, line, name):
    assert places(INVENTORY, text) == [(line, name)]


@pytest.mark.parametrize(
    "value",
    [
        "\"{{ lookup('amazon.aws.secretsmanager_secret', 'staging/redis') }}\"",
        '"{{ vault_password }}"',
        '"#{RedisPassword}"',
        '"${REDIS_PASSWORD}"',
        "secretsmanager:elk-staging",
        "ssm:/elk/staging",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:staging/redis",
        '""',
        "null",
        "true",
        "hunter2  # pragma: allowlist secret - an example",
    ],
)
def test_where_a_secret_is_is_none(value):
    assert search(INVENTORY, f"redis_password: {value}\nlogstash_keystore:\n  REDIS: {value}\n") == []


def test_names_that_only_look_alike_are_none():
    text = "bundle_signing_key: ~/keys/bundle.pem\n"
    text += "secretary: Ann\ntokenizer: edge\npassword_length: 12\naws_access_key_id_variable: AWS_ID\n"
    assert search(INVENTORY, text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- {name: Db, value: hunter2, sensitive: true}\n", [(1, "Db")]),
        ("- {name: Db, value: 'x#{Other}', sensitive: true}\n", [(1, "Db")]),
        ("- {name: Db, value: '#{Other}', sensitive: true}\n", []),
        ("- {name: Db, value: '${DB_PASSWORD}', sensitive: true}\n", []),
        ("- {name: Db, value: !ansible db_password}\n", []),
        ("- name: A\n  value: 1\n- name: Db\n  value: !vault |\n      " + CIPHERTEXT, [(3, "Db")]),
        # Not marked, and of another environment: it is in the file all the same.
        ("- {name: Db.Password, value: hunter2, scope: {environment: production}}\n", [(1, "Db.Password")]),
        ("- {name: Db.Password, value: '#{Secret}#password'}\n", []),
        ("- {name: Url, value: 'https://u:hunter2@example.com'}\n", [(1, "Url")]),  # pragma: allowlist secret
        ("- {name: A\n", [(0, "")]),
    ],
)
def test_a_secret_octopus_variable_is_found(text, found):
    assert places(VARIABLES, text, octopus=True) == found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("toolkit/variables/all.yml", CIPHERTEXT),
        ("toolkit/files/broker.p12", "anything"),
        ("toolkit/files/broker.JKS", "anything"),
        ("toolkit/files/broker.key", KEY),
        ("toolkit/templates/logstash/x.conf", KEY),
        ("toolkit/roles/x/vars/main.yml", "x_password: hunter2"),
        ("toolkit/roles/x/tasks/main.yml", "- command: x\n  args: {stdin: !vault abc}"),
        (
            "toolkit/templates/logstash/x.conf",
            'output {\n  http { headers => { "Authorization" => "Bearer abcdef0123" } }\n}\n',
        ),
        ("toolkit/templates/logstash/x.conf", 'output {\n  redis { password => "hunter2" }\n}\n'),
        ("toolkit/inventories/staging/hosts", "[brokers]\nb1 ansible_password=hunter2\n"),
        ("extra_vars.json", '{"redis_password": "hunter2"}'),
        (INVENTORY, "a: [\n"),
    ],
)
def test_secrets_are_found_in_all_kinds_of_files(name, content):
    assert len(search(name, content)) == 1


def test_settings_that_refer_to_a_secret_are_none():
    text = 'output {\n  redis { password => "${REDIS_PASSWORD}" }\n  http { password => "#{HttpPassword}" }\n}\n'
    assert search("toolkit/templates/logstash/x.conf", text) == []


def test_what_others_have_published_is_not_searched():
    names = ("collections/ansible_collections/amazon/aws/plugins/x.py", "wheels/x.whl")
    assert secret_search.search([Member(name, content=KEY.encode()) for name in names], set()) == []


@given(SECRETS, st.sampled_from(["redis_password", "a.api_key", "logstash_keystore.ANY"]), st.integers(0, 3))
def test_whatever_a_secret_is_it_is_found_and_not_shown(secret, name, before):
    text = "".join(f"v{number}: 1\n" for number in range(before))
    *outer, last = name.split(".")
    text += "".join(f"{'  ' * depth}{key}:\n" for depth, key in enumerate(outer))
    text += f"{'  ' * len(outer)}{last}: '{secret}'\n"

    (found,) = search(INVENTORY, text)

    assert (found.line, found.name) == (before + len(outer) + 1, name)
    assert secret not in str(found)


@given(SECRETS)
def test_the_same_of_a_sensitive_octopus_variable(secret):
    (found,) = search(VARIABLES, f"- {{name: Db, sensitive: true, value: '{secret}'}}\n", octopus=True)

    assert (found.line, found.name) == (1, "Db")
    assert secret not in str(found)


@pytest.mark.parametrize("environment", ["ci", "local", "production", "scratch", "staging"])
def test_this_checkout_has_no_secrets(environment):
    found = members.toolkit(ROOT, ROOT / "inventories" / environment, environment, [ROOT / "variables/elk.yml"])
    assert secret_search.search(found, {VARIABLES}) == []


def test_all_are_reported_at_once_with_what_to_do(tmp_path):
    for path, text in (
        ("inventories/staging/group_vars/all.yml", "redis_password: hunter2\n"),
        ("variables/elk.yml", "- {name: Db, value: hunter3, sensitive: true}\n"),
        ("requirements-instance.txt", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    parts = build.Parts(
        root=tmp_path,
        environment="staging",
        inventory=tmp_path / "inventories/staging",
        variable_files=[tmp_path / "variables/elk.yml"],
        files=[],
        collections={},
        extra_vars={"api_token": "hunter4"},
        logstash_versions={},
    )

    with pytest.raises(BundleError) as error:
        build.collect(parts)

    said = str(error.value)
    assert error.value.code == "bundle_has_secrets"
    for place in ("all.yml:1: redis_password", "elk.yml:1: Db", "extra_vars.json:2: api_token"):
        assert place in said
    assert "amazon.aws.secretsmanager_secret" in said
    assert "hunter" not in said
