"""A bundle as `make bundle` makes it, unpacked elsewhere: an instance can deploy itself with it, and with it alone."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from ansible_process import ROOT, run
from bundle_keys import signing_options
from secrets_server import SecretsServer

# Of the system: the virtual environment is the control node's.
PYTHON = str(Path(sys.executable).resolve())
# Values that no file has.
REDIS, TOKEN, PARAMETER = (f"{name}-{secrets.token_hex(8)}" for name in ("redis", "token", "parameter"))
SECRETS = {"staging/redis": json.dumps({"password": REDIS}), "staging/token": TOKEN}
PARAMETERS = {"/staging/elasticsearch": PARAMETER}
# Of the bundle; the virtual environment is beside them.
PARTS = ("toolkit", "collections", "wheels")
LOOKUPS = {
    "redis_password": "{{ (lookup('amazon.aws.secretsmanager_secret', 'staging/redis') | from_json).password }}",
    "elasticsearch_password": "{{ lookup('amazon.aws.ssm_parameter', '/staging/elasticsearch') }}",
    "logstash_keystore": {"REDIS_PASSWORD": "{{ redis_password }}", "TOKEN": "{{ token }}"},
}
EXTRA_VARS = {"token": "{{ lookup('amazon.aws.secretsmanager_secret', 'staging/token') }}"}
OCTOPUS = """\
- name: RedisPassword
  value: "${REDIS_PASSWORD}"
- name: ElasticsearchPassword
  value: !ansible elasticsearch_password
- name: LogTcpPort
  value: 5044
  scope: {environment: staging, role: brokers}
"""
PIPELINE = """\
input { tcp { port => "#{LogTcpPort}" } }
output { elasticsearch { hosts => ["localhost"] user => "logstash" password => "#{ElasticsearchPassword}" } }
"""


class Sample:
    """An environment of its own, below build/ of the checkout: staging's inventory, secrets that are looked up."""

    def __init__(self, folder: Path, server: SecretsServer) -> None:
        self.folder, self.server = folder, server
        self.inventory = folder / "inventories/staging"
        shutil.copytree(ROOT / "inventories/shared", folder / "inventories/shared")
        shutil.copytree(ROOT / "inventories/staging", self.inventory, symlinks=True)
        (folder / "variables.yml").write_text(OCTOPUS)
        (folder / "pipelines").mkdir()
        (folder / "pipelines/broker.conf").write_text(PIPELINE)
        here = "{{ playbook_dir }}/../" + str(folder.relative_to(ROOT))
        self.write(
            "all/30-sample.yml",
            {
                **LOOKUPS,
                "octopus_variable_files": ["{{ playbook_dir }}/../variables/elk.yml", f"{here}/variables.yml"],
                "bundle_files": [str((folder / "pipelines").relative_to(ROOT))],
            },
        )
        self.write(
            "brokers/30-sample.yml",
            {
                "logstash_template_path": f"{here}/pipelines",
                "logstash_pipelines": [{"id": "broker", "templates": ["broker.conf"]}],
                "logstash_required_variables": [],
            },
        )
        self.options = {
            **signing_options(folder),
            "bundle_extra_vars": EXTRA_VARS,
            "bundle_architectures": [os.uname().machine],
            "bundle_python_versions": [f"{sys.version_info.major}.{sys.version_info.minor}"],
            "bundle_dest": str(folder / "bundles"),
        }

    def write(self, path: str, variables: dict) -> None:
        (self.inventory / "group_vars" / path).write_text(yaml.safe_dump(variables))

    def bundle(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`make bundle` in check mode, for which nothing has to be there yet."""
        given = ["-e", json.dumps(self.options), "--check", *words]
        words = ("ansible-playbook", "-i", self.inventory, "playbooks/bundle.yml", *given)
        return run(*words, environment=self.server.environment)


@pytest.fixture(scope="module")
def sample():
    folder = ROOT / "build" / f"bundle-test-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    with SecretsServer(SECRETS, PARAMETERS) as server:
        yield Sample(folder, server)
    shutil.rmtree(folder)


class Instance:
    """An unpacked bundle with the virtual environment of its wheels, as in an image."""

    def __init__(self, folder: Path, archive: Path, server: SecretsServer) -> None:
        self.folder, self.server = folder, server
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        run_here([PYTHON, "-m", "venv", folder / "venv"])
        options = ["--no-index", "--find-links", folder / "wheels", "--require-hashes"]
        pip = [folder / "venv/bin/python", "-m", "pip", "--isolated", "install", "--quiet", *options]
        run_here([*pip, "--requirement", folder / "requirements-instance.txt"])
        hosts = {"this": {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}}
        (folder / "self.yml").write_text(yaml.safe_dump({"all": {"children": {"brokers": {"hosts": hosts}}}}))

    def play(self, playbook: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A playbook as an instance runs it, where neither the checkout nor the control node's Python is."""
        python = Path(sys.prefix).resolve()
        hidden = [ROOT] if python.is_relative_to(ROOT) else [ROOT, python]
        hide = " && ".join(f"mount -t tmpfs none '{path}'" for path in hidden)
        command = [self.folder / "venv/bin/ansible-playbook", "-i", "inventories/staging", "-i", "../self.yml"]
        command += ["--limit", "this", f"playbooks/{playbook}", "-e", "@../extra_vars.json", *words]
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", f'{hide} && exec "$@"', "sh", *command],
            cwd=self.folder / "toolkit",
            env={
                "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
                "HOME": str(self.folder),
                "LANG": "C.UTF-8",
                "COLUMNS": "500",
                "ANSIBLE_COLLECTIONS_PATH": "../collections",
                **self.server.environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )


def run_here(command: list) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def instance(sample, tmp_path_factory):
    made = sample.bundle()
    assert made.returncode == 0, made.stdout + made.stderr
    (archive,) = (sample.folder / "bundles").glob("*.tar.gz")
    # Neither evaluated nor asked for.
    assert sample.server.asked == []
    return Instance(tmp_path_factory.mktemp("instance"), archive, sample.server)


def test_nothing_in_a_bundle_leads_out_of_it(instance):
    root = instance.folder
    links = [path for folder in PARTS for path in (root / folder).rglob("*") if path.is_symlink()]
    files = [path for folder in PARTS for path in (root / folder).rglob("*") if path.is_file()]

    assert [path for path in links if os.path.isabs(os.readlink(path)) or not path.resolve().is_relative_to(root)] == []
    assert links != []
    assert [path for path in files if str(ROOT).encode() in path.read_bytes()] == []
    assert {path.name for path in (root / "toolkit/inventories").iterdir()} == {"shared", "staging"}


def test_an_instance_deploys_itself_with_its_bundle_alone(instance, tmp_path):
    rendered = instance.play("render.yml", "-e", f"render_to={tmp_path}")

    assert rendered.returncode == 0, rendered.stdout + rendered.stderr
    pipeline = (tmp_path / "this/pipelines/broker/10-broker.conf").read_text()
    # The environment's variables, of the layer; a secret is not rendered.
    assert 'port => "5044"' in pipeline
    assert PARAMETER not in pipeline

    deployed = instance.play("logstash.yml", "--check", "-vvv")

    output = deployed.stdout + deployed.stderr
    # Up to here nothing but the variables, the templates and the secrets count; then it looks at the host.
    assert "elk.deploy.logstash : Gather the state of the host" in output, output
    assert {"staging/redis", "staging/token", "/staging/elasticsearch"} <= set(instance.server.asked)
    assert [value for value in (REDIS, TOKEN, PARAMETER) if value in output] == []


@pytest.mark.parametrize(
    ("path", "variable", "lookup", "name"),
    [
        ("all", "elasticsearch_password", "amazon.aws.ssm_parameter", "/staging/gone"),
        ("all", "elasticsearch_password", "amazon.aws.secretsmanager_secret", "staging/gone"),
        ("brokers", "logstash_keystore", "amazon.aws.secretsmanager_secret", "staging/gone"),
    ],
)
def test_a_missing_secret_is_named(instance, path, variable, lookup, name):
    value = f"{{{{ lookup('{lookup}', '{name}') }}}}"
    file = instance.folder / f"toolkit/inventories/staging/group_vars/{path}/40-missing.yml"
    file.write_text(yaml.safe_dump({variable: {"TOKEN": value} if variable == "logstash_keystore" else value}))
    try:
        failed = instance.play("logstash.yml", "--check")
    finally:
        file.unlink()

    assert failed.returncode != 0
    assert name in failed.stdout, failed.stdout
    assert "Gather the state of the host" not in failed.stdout
