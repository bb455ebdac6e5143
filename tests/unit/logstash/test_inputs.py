"""What is told of variables before any host is asked: each by itself from values alone, and all at once by a run."""

import hashlib
import json

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash import inputs
from inventory_runs import ROOT, run
from role_values import Given

GOOD = {
    "logstash_version": "9.5.2",
    "logstash_source": "package",
    "logstash_package_checksum": f"sha256:{'0' * 64}",
    "logstash_package_url": "/srv/logstash.deb",
    "logstash_trusted_mirrors": [],
    "logstash_repository_url": "https://example.com/apt",
    "logstash_repository_key_url": "https://example.com/key",
    "logstash_repository_key_fingerprints": ["4609 5ACC 8548 582C 1A26 99A9 D27D 666C D88E 42B4"],
    "logstash_require_checksums": True,
    "logstash_archive_root": "/opt/logstash",
    "logstash_pipelines": [{"id": "a", "templates": ["a.conf"]}],
    "logstash_template_path": "/templates",
    "logstash_path_data": "/var/lib/logstash",
    "logstash_path_queue": "/var/lib/logstash/queue",
    "logstash_path_dead_letter_queue": "/var/lib/logstash/dead_letter_queue",
    "logstash_path_logs": "/var/log/logstash",
    "logstash_path_tmp": "/var/lib/logstash/tmp",
    "logstash_jvm_options": [],
    "logstash_heap_size": "",
    "logstash_java_home": "",
    "logstash_tls_files": [],
    "logstash_unit_hardening": True,
    "logstash_environment": {},
    "logstash_write_paths": ["/srv/data"],
    "logstash_api_port": "9600",
    "logstash_api_host": "127.0.0.1",
    "logstash_settings": {},
    "logstash_health_timeout": 1,
    "logstash_validation_timeout": 1,
    "logstash_plugins_timeout": 1,
    "logstash_stop_timeout": 0,
    "logstash_lock_max_age": 0,
    "logstash_keep_releases": 0,
    "logstash_drain_tasks": "",
    "logstash_undrain_tasks": __file__,
    "logstash_input_ports": [1, "65535"],
}
REPOSITORY = {"logstash_source": "repository"}
PATHS = (
    "logstash_path_data, logstash_path_queue, logstash_path_dead_letter_queue, logstash_path_logs, logstash_path_tmp"
)
LAST_PATHS = [GOOD[name] for name in PATHS.split(", ")[1:]]
API = {"logstash_api_host": "192.0.2.1", "logstash_settings": {"api.auth.basic.username": "u"}}


def faults(**values):
    """What the checks say, as (variable, value, what is expected)."""
    read = Given({**GOOD, **values})
    return [(fault.variable, fault.value, fault.expected) for check in inputs.CHECKS for fault in check(read)]


@pytest.mark.parametrize(
    "values",
    [
        {},
        REPOSITORY,
        {"logstash_version": "8.0.0-rc1"},
        {"logstash_package_url": "s3://bucket/key", "logstash_package_checksum": f"sha512:{'a' * 128}"},
        {"logstash_package_url": "http://mirror/x.deb", "logstash_trusted_mirrors": ["mirror"]},
        {**REPOSITORY, "logstash_repository_key_fingerprints": [], "logstash_require_checksums": "no"},
        {**REPOSITORY, "logstash_package_checksum": "", "logstash_package_url": ""},
        {"logstash_jvm_options": ["-Djava.io.tmpdir=/tmp"]},
        {"logstash_path_tmp": "/var/tmp/own", "logstash_unit_hardening": False},  # noqa: S108
        {"logstash_environment": {"HOME": "/home/a"}, "logstash_write_paths": ["/home"]},
        {"logstash_environment": {"HOME": "/home/a"}, "logstash_unit_hardening": "false"},
        {**API, "logstash_api_host": "localhost"},
        {**API, "logstash_settings": {"api": {"auth.basic.username": "u", "ssl.enabled": True}}},
    ],
)
def test_right_values_pass(values):
    assert faults(**values) == []


@pytest.mark.parametrize(
    ("values", "variable", "value", "expected"),
    [
        ({"logstash_version": "9.x"}, "logstash_version", "9.x", "an exact release"),
        ({"logstash_package_checksum": "md5:a"}, "logstash_package_checksum", "md5:a", "sha256:<64 hex digits>"),
        ({"logstash_package_url": "a.deb"}, "logstash_package_url", "a.deb", "an absolute path"),
        ({"logstash_package_url": "http://a/b"}, "logstash_package_url", "http://a/b", "an address with https"),
        (
            {**REPOSITORY, "logstash_repository_url": "http://a/b"},
            *("logstash_repository_url", "http://a/b", "an address with https"),
        ),
        (
            {**REPOSITORY, "logstash_repository_key_url": "http://a/b"},
            *("logstash_repository_key_url", "http://a/b", "an address with https"),
        ),
        (
            {"logstash_repository_key_fingerprints": ["D88E42B4"]},
            *("logstash_repository_key_fingerprints", ["D88E42B4"], "whole fingerprints"),
        ),
        (
            {**REPOSITORY, "logstash_repository_key_fingerprints": []},
            *("logstash_repository_key_fingerprints", [], "the fingerprint of the key"),
        ),
        ({"logstash_archive_root": "/opt/a%n"}, "logstash_archive_root", "/opt/a%n", "an absolute path at least two"),
        ({"logstash_archive_root": "/opt/../x"}, "logstash_archive_root", "/opt/../x", "an absolute path at least two"),
        (
            {"logstash_path_data": "/srv/a/.."},
            *(PATHS, ["/srv/a/..", *LAST_PATHS], "absolute paths at least two levels deep, without .. in them"),
        ),
        ({"logstash_archive_root": "/opt"}, "logstash_archive_root", "/opt", "an absolute path at least two"),
        ({"logstash_pipelines": []}, "logstash_pipelines", [], "at least one pipeline"),
        (
            {"logstash_pipelines": [{"id": "a", "templates": ["x"]}] * 2},
            *("logstash_pipelines", ["a", "a"], "every id once"),
        ),
        (
            {"logstash_pipelines": [{"id": "a", "templates": []}]},
            *("logstash_pipelines", ["a"], "no pipeline without templates, files below /templates"),
        ),
        (
            {"logstash_path_data": "/srv"},
            *(PATHS, ["/srv", *LAST_PATHS], "absolute paths at least two levels deep"),
        ),
        ({"logstash_path_tmp": "/srv/a b"}, "logstash_path_tmp", "/srv/a b", "an absolute path without blanks"),
        ({"logstash_path_tmp": "/tmp/own"}, "logstash_path_tmp", "/tmp/own", "a place outside of /tmp"),  # noqa: S108
        (
            {"logstash_environment": {"HOME": "/home/a", "TZ": "UTC"}},
            *("logstash_environment", {"HOME": "/home/a"}, "a HOME that the confined service may write to"),
        ),
        ({"logstash_api_port": 65536}, "logstash_api_port", 65536, "one port"),
        (API, "logstash_api_host", "192.0.2.1", "an address of loopback"),
        (
            {"logstash_health_timeout": "0"},
            "logstash_health_timeout, logstash_validation_timeout, logstash_plugins_timeout",
            *(["0", 1, 1], "seconds, from 1 on"),
        ),
        (
            {"logstash_keep_releases": -1},
            "logstash_stop_timeout, logstash_lock_max_age, logstash_keep_releases",
            *([0, 0, -1], "whole numbers from 0 on"),
        ),
        (
            {"logstash_drain_tasks": "/nowhere/drain.yml", "logstash_undrain_tasks": ""},
            "logstash_drain_tasks, logstash_undrain_tasks",
            *(["/nowhere/drain.yml", ""], "files on the control node"),
        ),
    ],
)
def test_a_wrong_value_is_told(values, variable, value, expected):
    ((told, seen, form),) = faults(**values)
    assert (told, seen) == (variable, value)
    assert form.startswith(expected)


def test_ports_of_inputs():
    assert inputs.port_faults(Given(GOOD)) == []
    read = Given({"logstash_input_ports": ["1", 70000, "0"]})
    assert inputs.port_faults(read) == [
        "[port_invalid] logstash_input_ports has 70000, 0; expected ports from 1 to 65535. Correct the list."
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{host: what the preflight says of it}, of one run for all."""
    folder = tmp_path_factory.mktemp("inputs")
    package = folder / "logstash.deb"
    package.write_text("a package")
    right = f"sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}"
    of_file = {"logstash_package_url": str(package), "logstash_package_checksum": right}
    hosts = {
        "everything": {
            **of_file,
            "logstash_api_port": 0,
            "logstash_package_checksum": f"sha256:{'0' * 64}",
            "logstash_settings": {"foo.bar": 1},
            "logstash_plugins": [{"name": "x"}],
            "logstash_keystore": {"A-B": "hunter2hunter2", "C": 1.5},
            "octopus_variables": {},
        },
        "absent": {**of_file, "logstash_package_url": "/nowhere/logstash.deb"},
        "directory": {**of_file, "logstash_package_url": str(folder)},
        # One that is made from a token hides nothing, and is told itself only after the templates.
        "token": {"logstash_archive_root": "{{ '#{Root}' | elk.deploy.octopus_substitute }}", "logstash_api_port": 0},
        "version": {"logstash_version": "latest", "logstash_settings": {"foo.bar": 1}},
        "right": of_file,
    }
    general = {
        "ansible_connection": "ssh",
        "octopus_environment": "test",
        "logstash_template_path": f"{ROOT}/templates/logstash",
        "logstash_pipelines": [{"id": "broker", "templates": ["broker/input.conf"]}],
        "octopus_variables": {"LogTcpPort": 5000, "LogHttpPort": 5001},
        "logstash_input_ports": [5000],
    }
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": general, "hosts": hosts}}))
    role = {"name": "elk.deploy.logstash", "tasks_from": "preflight_inputs", "rolespec_validate": False}
    keep = {
        "ansible.builtin.copy": {
            "content": "{{ ansible_failed_result.msg }}",
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.txt",
            "mode": "0600",
        },
        "delegate_to": "localhost",
        "connection": "local",
    }
    block = [{"block": [{"ansible.builtin.include_role": role}], "rescue": [keep]}]
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": block}]))
    ended = run("ansible-playbook", "-i", folder / "hosts.json", folder / "play.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = {host: folder / f"{host}.txt" for host in hosts}
    return {host: path.read_text() if path.exists() else "" for host, path in said.items()}


def test_all_that_is_wrong_is_told_at_once(told):
    for text in (
        "logstash_api_port is 0; expected one port from 1 to 65535. Set a single free port;",
        f'logstash_package_checksum is "sha256:{"0" * 64}", but ',
        "logstash_settings: Logstash ",
        "plugin 1 (x): name is 'x'; expected a plugin's whole name",
        "The keystore cannot be created: the value of C is a number with a point, expected text",
        "'A-B' is not a name that ${NAME} can refer to",
        "broker/input.conf:9:13: #{LogTcpPort}: variable LogTcpPort is not defined",
    ):
        assert text in told["everything"], told["everything"]
    assert "hunter2" not in told["everything"]


def test_package_file_on_the_control_node(told):
    assert told["right"] == ""
    assert (
        'logstash_package_url is "/nowhere/logstash.deb": there is no such file on the control node.' in told["absent"]
    )
    assert "it is not a file that user " in told["directory"]


def test_variable_that_is_made_from_a_token_hides_no_other_fault(told):
    assert "logstash_api_port is 0; expected one port" in told["token"]
    assert "logstash_archive_root has no value: " in told["token"]


def test_what_follows_from_another_fault_is_not_told(told):
    assert told["version"].startswith('[version_invalid] logstash_version is "latest"; ')
    assert "foo.bar" not in told["version"]
    assert len(told["version"].splitlines()) == 1
