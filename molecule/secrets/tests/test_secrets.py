"""Runs that fail in each phase, with secrets in every place: none is shown, logged, readable or an argument."""

import base64
import contextlib
import json
from urllib.parse import quote

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playbook_run import Run, pipelines, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

VAULT_PASSWORD = "password of the vault"  # noqa: S105 - of the test
OCTOPUS, TASK, KEYSTORE, KEYSTORE_PASS = (
    'octo"pus\\S1',
    "given-at-deployment-S2",
    "keystore-value-S3",
    "keystore pass S4",
)
KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
VAULTED, ENVIRONMENT, TLS, PROXY, PACKAGE = (
    "vaulted 'S5'",
    "environment-S6",
    KEY.splitlines()[9],
    "proxy@S8",
    "package:S9",
)
SECRETS = [OCTOPUS, TASK, KEYSTORE, KEYSTORE_PASS, VAULTED, ENVIRONMENT, TLS, PROXY, PACKAGE]
PLACE, LOG = "/run/hostile", "/var/log/logstash/logstash-plain.log"
PLUGIN_MANAGER = "/usr/share/logstash/bin/logstash-plugin"
PIPELINE = (
    "input {{ tcp {{ port => 5000 }} }}\n"
    'filter {{ mutate {{ add_field => {{ "a" => "#{{Secret | JsonEscape}}" }} }} {more} }}\n'
    'output {{ file {{ path => "/var/log/logstash/events.jsonl" codec => json_lines }} }}\n'
)


def forms(secret):
    """How a secret may be written where it is found."""
    escaped = json.dumps(secret)[1:-1]
    # But for a last character in which what follows has a part.
    coded = base64.b64encode(secret.encode()).decode()[: len(secret) * 8 // 6]
    return {secret, escaped, json.dumps(escaped)[1:-1], secret.replace("'", "''"), quote(secret, safe=""), coded}


def vaulted(text):
    """As a file of variables in JSON has it."""
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(VAULT_PASSWORD.encode()))])
    return {"__ansible_vault": vault.encrypt(text).decode()}


def variables(folder, more="", **given):
    """Secrets in every place, for a pipeline with something ``more`` in its filters."""
    return {
        **pipelines(folder, {"broker": PIPELINE.format(more=more)}, [5000]),
        "octopus_variables": {
            "Secret": {"value": OCTOPUS, "sensitive": True},
            "Given": {"value": TASK, "sensitive": True},
        },
        "logstash_keystore": {"PROOF": KEYSTORE},
        "logstash_keystore_password": KEYSTORE_PASS,
        "logstash_settings": {"xpack.monitoring.elasticsearch.password": vaulted(VAULTED)},
        "logstash_environment": {
            "APP_TOKEN": ENVIRONMENT,
            "https_proxy": f"http://me:{quote(PROXY, safe='')}@127.0.0.1:9",
        },
        "logstash_tls_files": [{"name": "a.key", "content": KEY}],
        "logstash_health_timeout": 15,
        **given,
    }


# What fails in the phase, and what the run says of it.
PHASES = {
    "preflight": ({"logstash_required_variables": [f"Nope {OCTOPUS}"]}, "required variable Nope"),
    "install": (
        {
            "logstash_version": "9.4.0",
            "logstash_package_url": f"http://me:{quote(PACKAGE, safe='')}@127.0.0.1:9/logstash.deb",
            "logstash_package_checksum": f"sha256:{'0' * 64}",
        },
        "could not fetch it",
    ),
    "plugins": (
        {
            "logstash_plugins": [{"name": "logstash-filter-nosuch", "version": "1.0.0"}],
            "logstash_require_checksums": False,
        },
        "logstash-plugin install",
    ),
    "validate": (
        {"more": 'mutate { nosuch => "#{Given}" password => "#{Secret | JsonEscape}" }'},
        "refuses the staged settings",
    ),
    "health": ({"logstash_input_ports": [5000, 5999]}, "no input listens on port 5999"),
}


@pytest.fixture(scope="module")
def hostile(host):
    """A log in which the secrets come again and again, and a record of the arguments of all processes."""
    texts = sorted(form for secret in SECRETS for form in forms(secret))
    # Only one of the runs knows the address of the package.
    known = [text for text in texts if text not in forms(PACKAGE)]
    lines = [f'[ERROR] cannot log in {{"token"=>"{text}", :x=>{json.dumps(text)}}} Bearer {text}' for text in known]
    host.check_output("mkdir -m 0700 %s", PLACE)
    # Before the record of arguments begins, since these are arguments.
    for name, found in (("texts", texts), ("lines", lines)):
        host.check_output(
            "printf %%s %s | base64 -d > %s", base64.b64encode("\n".join(found).encode()).decode(), f"{PLACE}/{name}"
        )
    units = {
        "hostile-log": f"while :; do shuf -n 25 {PLACE}/lines >> {LOG}; sleep 0.5; done",
        "hostile-arguments": f"exec > {PLACE}/arguments; while :; do cat /proc/[0-9]*/cmdline; echo; sleep 0.2; done",
    }
    for name, program in units.items():
        host.check_output("systemd-run --unit %s sh -c %s", name, program)
    yield
    host.run("systemctl stop hostile-log hostile-arguments; rm -r %s", PLACE)


@contextlib.contextmanager
def talkative(host, program):
    """A program that fails, and prints all secrets on its way."""
    host.check_output("mv %s %s.kept", program, program)
    host.check_output("printf '#!/bin/sh\\ncat %s; exit 1\\n' > %s && chmod 755 %s", f"{PLACE}/lines", program, program)
    try:
        yield
    finally:
        host.check_output("mv %s.kept %s", program, program)


@pytest.fixture(scope="module")
def fallen(host, hostile, tmp_path_factory):
    """What a run in each phase printed, once it has failed there."""
    before = service(host)
    found = {}
    for phase, (given, expected) in PHASES.items():
        folder = tmp_path_factory.mktemp(phase)
        (folder / "vault").write_text(VAULT_PASSWORD)
        with talkative(host, PLUGIN_MANAGER) if phase == "plugins" else contextlib.nullcontext():
            run = Run(
                "playbooks/logstash.yml", variables(folder, **given), folder,
                arguments=("-vvv", "--diff", "--vault-password-file", str(folder / "vault")),
            )  # fmt: skip
        assert run.code != 0, phase
        assert expected in run.text, f"{phase}: {run.output[-3000:]}"
        found[phase] = run.output
    assert service(host)["release"] == before["release"]
    return found


@pytest.mark.parametrize("phase", PHASES)
def test_output_shows_no_secret(fallen, phase):
    shown = fallen[phase]
    assert [form for secret in SECRETS for form in forms(secret) if form in shown] == []
    assert "*****" in shown


@pytest.fixture(scope="module")
def compared(fallen, tmp_path_factory):
    """What check runs showed of a host with secrets: when they are rotated, and when one moves into the keystore."""

    def run(name, *options, **given):
        folder = tmp_path_factory.mktemp(name)
        (folder / "vault").write_text(VAULT_PASSWORD)
        given = variables(folder, **{"logstash_health_timeout": 180, **given})
        return Run(
            "playbooks/logstash.yml", given, folder,
            arguments=("-vvv", "--diff", *options, "--vault-password-file", str(folder / "vault")),
        )  # fmt: skip

    name = "xpack.monitoring.elasticsearch.password"
    found = {"written": run("written", logstash_settings={name: vaulted(VAULTED), "pipeline.batch.size": 126})}
    found["rotated"] = run(
        "rotated", "--check", octopus_variables={"Secret": {"value": TASK, "sensitive": True}},
        logstash_settings={name: vaulted(PACKAGE)}, logstash_environment={"APP_TOKEN": PROXY},
    )  # fmt: skip
    found["moved"] = run("moved", "--check", logstash_settings={name: "${PROOF}", "pipeline.batch.size": 250})
    return found


@pytest.mark.parametrize("kind", ["written", "rotated", "moved"])
def test_differences_show_no_secret_of_now_or_before(compared, kind):
    run = compared[kind]
    assert run.code == 0, run.output[-3000:]
    assert [form for secret in SECRETS for form in forms(secret) if form in run.output] == []
    assert "Not shown: logstash.yml (" in run.output


@pytest.mark.usefixtures("compared")
def test_names_of_releases_and_what_is_remembered_tell_nothing(host):
    for path in ("release.key", "secret-files.json"):
        found = host.file(f"/var/lib/elk-deploy/{path}")
        assert (found.user, found.mode) == ("root", 0o600)
    assert host.file("/var/lib/elk-deploy").mode == 0o700
    current = host.file("/etc/logstash/current").linked_to
    note = json.loads(host.file(f"{current}/.release.json").content_string)
    assert not note["digest"].startswith(current.rpartition("/")[2][:8])


@pytest.mark.usefixtures("compared")
def test_journal_arguments_and_what_others_can_read_have_no_secret(host):
    for name in ("hostile-log", "hostile-arguments"):
        host.check_output("systemctl stop %s", name)
    assert host.check_output("wc -l < %s", f"{PLACE}/arguments") != "0"
    assert host.run("grep -aoFf %s %s", f"{PLACE}/texts", f"{PLACE}/arguments").stdout == ""
    assert host.run("journalctl --no-pager | grep -oFf %s", f"{PLACE}/texts").stdout == ""
    # The log has them from this test.
    readable = (
        f"find /etc /home /opt /root /run /srv /tmp /var -xdev -type f -perm /004 ! -path {LOG} ! -path '{PLACE}/*'"
    )
    assert host.run(f"{readable} -exec grep -laFf {PLACE}/texts {{}} +").stdout == ""
