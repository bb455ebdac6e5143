"""What is told of variables before any host is asked: each by itself, from values alone."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import inputs
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
