"""What a host should have follows from the variables alone."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import plan
from role_values import Given

VALUES = {
    "_logstash_platform": {"distribution": "Debian", "distribution_version": "12", "service_mgr": "systemd"},
    "_logstash_package_manager": "apt",
    "_logstash_package_cache": "/var/cache/elk-deploy",
    "logstash_version": "9.5.2",
    "logstash_source": "package",
    "logstash_package_url": "file:///srv/logstash.deb",
    "logstash_archive_root": "/opt/logstash",
    "logstash_java_home": "",
    "logstash_heap_size": "",
    "logstash_jvm_options": [],
    "logstash_environment": {},
    "logstash_tls_files": [],
    "logstash_path_data": "/srv/data",
    "logstash_path_queue": "/srv/data/queue",
    "logstash_path_dead_letter_queue": "/srv/data/dead_letter_queue",
    "logstash_path_logs": "/var/log/logstash",
    "logstash_path_tmp": "/srv/data/tmp",
    "logstash_write_paths": [],
    "logstash_template_path": "/templates",
    "logstash_log4j2_template": "",
    "logstash_pipelines": [{"id": "one", "templates": ["a/in.conf", "b/out.conf"], "settings": {}}],
    "logstash_settings": {},
    "logstash_shutdown": "wait",
    "logstash_api_host": "127.0.0.1",
    "logstash_api_port": "9600",
    "logstash_input_ports": ["5000"],
    "logstash_overrides": "fail",
    "logstash_old_data": "fail",
}


def given(**values):
    return Given({**VALUES, **values})


def pipeline(name, **settings):
    return {"id": name, "templates": [f"{name}.conf"], "settings": settings}


def text(name, **values):
    (found,) = (file["content"] for file in plan.settings_files(given(**values)) if file["name"] == name)
    return found


def test_the_whole_plan_can_be_made():
    assert all(make(given()) is not None for make in plan.PARTS.values())


@pytest.mark.parametrize(
    ("values", "file", "home"),
    [
        ({}, "/var/cache/elk-deploy/logstash-9.5.2.deb", "/usr/share/logstash"),
        ({"_logstash_package_manager": "dnf"}, "/var/cache/elk-deploy/logstash-9.5.2.rpm", "/usr/share/logstash"),
        ({"logstash_source": "archive"}, "", "/opt/logstash/logstash-9.5.2"),
    ],
)
def test_package(values, file, home):
    read = given(**values)
    assert plan.package(read) == {"version": "9.5.2", "source": read["logstash_source"], "file": file}
    assert plan.home(read) == home


@pytest.mark.parametrize(
    ("values", "is_local"),
    [
        ({}, True),
        ({"logstash_package_url": "https://example.com/a.deb"}, False),
        ({"logstash_package_url": "s3://bucket/a.deb"}, False),
        ({"logstash_source": "repository"}, False),
    ],
)
def test_local_package(values, is_local):
    assert plan.is_local_package(given(**values)) == is_local
    assert plan.package_path(given()) == "/srv/logstash.deb"


def test_a_pipeline_has_directories_for_what_it_keeps_and_its_own_settings_count_first():
    pipelines = [
        pipeline("a"),
        pipeline("b", **{"queue.type": "memory", "dead_letter_queue.enable": "yes"}),
        pipeline("c", path={"queue": "/other"}),
    ]
    read = given(logstash_pipelines=pipelines, logstash_settings={"queue.type": "persisted"})
    assert [(one["holds"], one["path"]) for one in plan.pipeline_directories(read)] == [
        ("queue", "/srv/data/queue/a"),
        ("dead_letter_queue", "/srv/data/dead_letter_queue/b"),
        ("queue", "/other/c"),
    ]
    assert plan.queues(read) == ["/srv/data/queue/a", "/other/c"]
    assert "/other" in plan.write_paths(read)
    assert plan.directories(read)[0] == {"variable": "logstash_path_data", "path": "/srv/data", "holds": "data"}


def test_own_temporary_directory_is_the_last_one_and_may_be_written_to_unless_it_is_private():
    read = given(logstash_jvm_options=["-Djava.io.tmpdir=/a", "-Xss4m", "-Djava.io.tmpdir=/b"])
    assert plan.temporary_directory(read) == {"path": "/b", "variable": "logstash_jvm_options", "own": True}
    assert "/b" in plan.write_paths(read)
    private = given(logstash_path_tmp="/tmp")  # noqa: S108 - systemd gives the service its own
    assert plan.write_paths(private) == plan.write_paths(given())[:-1]


@pytest.mark.parametrize(("version", "names"), [("7.17.0", {"LS_JAVA_HOME", "JAVA_HOME"}), ("8.0.0", {"LS_JAVA_HOME"})])
def test_environment(version, names):
    read = given(logstash_version=version, logstash_java_home="/java", logstash_environment={"HOME": "/home/a"})
    found = plan.environment(read)
    assert found["HOME"] == "/home/a"
    assert {name for name in found if "JAVA_HOME" in name} == names
    assert "LS_JAVA_OPTS" not in plan.decided_environment(read)
    assert "LS_JAVA_OPTS" in plan.decided_environment(given(logstash_heap_size="4g"))


def test_settings_are_sorted_json_values_and_hold_the_only_pipeline_before_6():
    lines = text("logstash.yml", logstash_settings={"b": {"c": True}, "a": "x: y"}).splitlines()
    assert lines[0].endswith("change logstash_settings in the inventory instead.")
    assert {'a: "x: y"', "b.c: true", "api.http.port: 9600"} <= set(lines)
    assert lines[1:] == sorted(lines[1:])
    assert 'pipeline.id: "one"' in text("logstash.yml", logstash_version="5.2.0")
    assert "pipelines.yml" not in [file["name"] for file in plan.settings_files(given(logstash_version="5.2.0"))]


def test_pipelines_and_their_files_in_their_order():
    assert text("pipelines.yml").splitlines()[1:] == [
        '- pipeline.id: "one"',
        '  path.config: "/etc/logstash/pipelines/one/*.conf"',
    ]
    assert [(file["src"], file["name"]) for file in plan.pipeline_files(given())] == [
        ("/templates/a/in.conf", "one/10-in.conf"),
        ("/templates/b/out.conf", "one/20-out.conf"),
    ]


def test_tls_files_are_secret_and_copied_or_written():
    files = [{"name": "a.crt", "src": "/a.crt"}, {"name": "a.key", "content": "key"}]
    assert plan.settings_files(given(logstash_tls_files=files))[-2:] == [
        {"name": "tls/a.crt", "secret": True, "src": "/a.crt"},
        {"name": "tls/a.key", "secret": True, "content": "key"},
    ]


def test_health_is_asked_for_as_the_settings_say():
    found = plan.health(given(logstash_settings={"log.format": "json", "api": {"ssl.enabled": True}}))
    assert (found["log_file"], found["api_ssl"]) == ("/var/log/logstash/logstash-json.log", True)
    assert (found["api_port"], found["ports"], found["pipelines"]) == (9600, [5000], ["one"])


def test_nothing_secret_is_in_the_plan():
    secret = "hunter2hunter2"  # noqa: S105 - of the test
    read = given(
        logstash_environment={"X_TOKEN": secret},
        logstash_settings={"api.auth.basic.password": secret},
        logstash_tls_files=[{"name": "a.key", "content": secret}],
        logstash_package_url=f"https://a:{secret}@example.com/a.deb",
    )
    parts = {name: make(read) for name, make in plan.PARTS.items()}
    assert secret not in str(parts)
