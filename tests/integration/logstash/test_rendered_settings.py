"""What the role writes for each generation of Logstash, and what its checks say, without any host."""

import json
import re
import stat

import ansible_process
import pytest
import yaml

VARIABLES = {
    "octopus_environment": "test",
    "octopus_variables": {"Port": 5000, "Key": "-----KEY-----"},
    "logstash_settings": {"pipeline": {"batch": {"size": 250}}, "log.level": "#{LogLevel}"},
    "logstash_pipelines": [{"id": "one", "templates": ["one.conf"], "settings": {"queue": {"type": "persisted"}}}],
    "logstash_heap_size": "4g",
    "logstash_jvm_options": ["-Xss4m"],
    "logstash_environment": {"TZ": "#{Zone}"},
    "logstash_tls_files": [
        {"name": "a.key", "content": "#{Key}"},
        {"name": "a.p12", "src": "{{ playbook_dir }}/a.p12"},
    ],
    "logstash_log4j2_template": "log4j2.properties",
    "logstash_write_paths": ["/srv/a b%c"],
    "logstash_template_path": "{{ playbook_dir }}/templates",
    "logstash_render_path": "{{ playbook_dir }}/out",
}


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """play(tasks file, {host: variables}, option...) -> the ended run, and its directory."""

    def run(tasks_from, hosts, *options):
        root = tmp_path_factory.mktemp("play")
        (root / "templates").mkdir()
        (root / "templates/one.conf").write_text("input { tcp { port => #{Port} } }\n")
        (root / "templates/log4j2.properties").write_text("status = error # ${sys:ls.logs}\n")
        (root / "a.p12").write_bytes(b"\x00\xff")
        general = VARIABLES | {
            "octopus_variables": VARIABLES["octopus_variables"] | {"LogLevel": "warn", "Zone": "UTC"}
        }
        inventory = {"all": {"vars": general, "hosts": hosts}}
        (root / "hosts.json").write_text(json.dumps(inventory))
        tasks = [{"ansible.builtin.include_role": {"name": "elk.deploy.logstash", "tasks_from": tasks_from}}]
        (root / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        arguments = ("-i", root / "hosts.json", root / "play.yml", "--diff", *options)
        ended = ansible_process.run("ansible-playbook", *arguments)
        return ended, root

    return run


@pytest.fixture(scope="module")
def rendered(play):
    hosts = {
        "v5": {"logstash_version": "5.4.1"},
        "v6": {"logstash_version": "6.8.23"},
        "v9": {"logstash_version": "9.5.2", "logstash_shutdown": "unsafe", "logstash_stop_timeout": 0},
        "open": {
            "logstash_version": "9.5.2",
            "logstash_unit_hardening": False,
            "logstash_path_data": "/srv/100% $data",
            "logstash_path_tmp": "/srv/100%$tmp",
            "logstash_jvm_options": [],
            "logstash_heap_size": "",
        },
        "own": {"logstash_version": "9.5.2", "logstash_jvm_options": ["-Djava.io.tmpdir=/srv/own", "-Xss4m"]},
        "needy": {"logstash_version": "9.5.2", "logstash_low_ports": True, "logstash_instance_role": True},
        # What is known of a host with systemd 219 to 238, and a kernel without user namespaces.
        "old": {
            "logstash_version": "9.5.2",
            "__logstash_host": {"installed": {"system_call_groups": False, "user_namespaces": False}},
        },
    }
    ended, root = play("render.yml", hosts)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout, root / "out"


def load(path):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize(("host", "api"), [("v5", "http"), ("v6", "http"), ("v9", "api.http")])
def test_logstash_yml_has_the_names_of_its_version(rendered, host, api):
    settings = load(rendered[1] / host / "logstash.yml")
    assert settings[f"{api}.port"] == 9600
    assert settings["pipeline.batch.size"] == 250
    assert settings["log.level"] == "warn"
    assert ("path.dead_letter_queue" in settings) == (host != "v5")
    assert settings.get("pipeline.unsafe_shutdown") == (True if host == "v9" else None)


def test_one_pipeline_of_5_is_in_logstash_yml(rendered):
    settings = load(rendered[1] / "v5" / "logstash.yml")
    assert not (rendered[1] / "v5" / "pipelines.yml").exists()
    assert settings["path.config"] == "/etc/logstash/pipelines/one/*.conf"
    assert (settings["pipeline.id"], settings["queue.type"]) == ("one", "persisted")


def test_pipelines_yml_from_6_on(rendered):
    wanted = {"pipeline.id": "one", "path.config": "/etc/logstash/pipelines/one/*.conf", "queue.type": "persisted"}
    assert load(rendered[1] / "v6" / "pipelines.yml") == [wanted]
    assert "queue.type" not in load(rendered[1] / "v6" / "logstash.yml")


def test_environment_of_the_service(rendered):
    lines = (rendered[1] / "v9" / "environment").read_text().splitlines()
    assert 'LS_JAVA_OPTS="-Xms4g -Xmx4g -Djava.io.tmpdir=/var/lib/logstash/tmp -Xss4m"' in lines
    assert 'LOGSTASH_TLS_PATH="/etc/logstash/tls"' in lines
    assert 'TZ="UTC"' in lines


def test_java_has_a_temporary_directory_which_the_unit_makes_and_clears_of_libraries(rendered):
    lines = (rendered[1] / "v9/unit.systemd").read_text().splitlines()
    assert [line for line in lines if line.startswith("ExecStartPre")] == [
        'ExecStartPre=-/usr/bin/mkdir -p -m 0750 "/var/lib/logstash/tmp"',
        'ExecStartPre=-/usr/bin/find "/var/lib/logstash/tmp" -mindepth 1 -maxdepth 1 '
        '( -name "jffi*" -o -name "jruby-*" ) -exec rm -rf {} +',
    ]
    assert '"/srv/100%%$$tmp"' in (rendered[1] / "open/unit.systemd").read_text()
    assert 'LS_JAVA_OPTS="-Djava.io.tmpdir=/srv/100%\\$tmp"' in (rendered[1] / "open/environment").read_text()


def test_own_option_for_the_temporary_directory_is_the_last_and_may_be_written_to(rendered):
    wanted = "-Djava.io.tmpdir=/var/lib/logstash/tmp -Djava.io.tmpdir=/srv/own -Xss4m"
    assert wanted in (rendered[1] / "own/environment").read_text()
    assert 'ReadWritePaths="-/srv/own"' in (rendered[1] / "own/unit.systemd").read_text()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"logstash_path_tmp": "/srv/a b"},
            'logstash_path_tmp is "/srv/a b"; expected an absolute path without blanks',
        ),
        ({"logstash_path_tmp": "/srv"}, "expected absolute paths at least two levels deep"),
        (
            {"logstash_path_tmp": "/var/tmp/own"},  # noqa: S108 - refused
            'logstash_path_tmp is "/var/tmp/own"; expected a place outside of /tmp',
        ),
        (
            {"logstash_jvm_options": ["-Djava.io.tmpdir=/tmp/own"]},
            'logstash_jvm_options is "/tmp/own"; expected a place',
        ),
        (
            {"logstash_jvm_options": ["-Djava.io.tmpdir=tmp"]},
            'logstash_jvm_options is "tmp"; expected an absolute path',
        ),
        ({"logstash_environment": {"LS_JAVA_OPTS": "-Xss4m"}}, "LS_JAVA_OPTS has a variable of its own"),
    ],
)
def test_temporary_directories_that_cannot_work(play, wrong, said):
    ended, _root = play("preflight_inputs", {"wrong": wrong})
    assert ended.returncode != 0
    assert said in " ".join(ended.stdout.split())


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_password_of_the_node_api_does_not_leave_loopback_in_clear_text(play, is_encrypted):
    settings = {"api.auth": {"type": "basic", "basic": {"username": "u", "password": "${API}"}}}
    settings["api.ssl.enabled"] = is_encrypted
    ended, _root = play("preflight_inputs", {"far": {"logstash_api_host": "192.0.2.1", "logstash_settings": settings}})
    said = " ".join(ended.stdout.split())
    refusal = 'logstash_api_host is "192.0.2.1"; expected an address of loopback'
    assert (refusal in said) == (not is_encrypted)


def test_tls_files_and_log4j2(rendered):
    root = rendered[1] / "v9"
    # What is for people to read has no keys.
    assert (root / "tls/a.key").read_text() == "<secret tls/a.key>\n"
    assert (root / "tls/a.p12").read_text() == "<secret tls/a.p12>\n"
    assert (root / "log4j2.properties").read_text() == "status = error # ${sys:ls.logs}\n"


def test_additions_to_the_unit(rendered):
    confined = (rendered[1] / "v6" / "unit.systemd").read_text().splitlines()
    assert "TimeoutStopSec=120" in confined
    assert "ProtectSystem=strict" in confined
    assert [line for line in confined if line.startswith("ReadWritePaths")] == [
        'ReadWritePaths="-/var/lib/logstash"',
        'ReadWritePaths="-/var/lib/logstash/queue"',
        'ReadWritePaths="-/var/lib/logstash/dead_letter_queue"',
        'ReadWritePaths="-/var/log/logstash"',
        'ReadWritePaths="-/var/lib/logstash/tmp"',
        'ReadWritePaths="-/srv/a b%%c"',
    ]
    assert "TimeoutStopSec=infinity" in (rendered[1] / "v9" / "unit.systemd").read_text()
    assert "ProtectSystem" not in (rendered[1] / "open" / "unit.systemd").read_text()


def unit_of(rendered, host):
    return (rendered[1] / host / "unit.systemd").read_text().splitlines()


def test_confined_service_has_no_rights_and_no_metadata(rendered):
    lines = unit_of(rendered, "v9")
    assert {"CapabilityBoundingSet=", "AmbientCapabilities=", "PrivateUsers=true", "ProtectProc=invisible"} <= set(
        lines
    )
    assert "RemoveIPC=true" in lines
    assert [line for line in lines if line.startswith("SystemCall")] == [
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged",
        "SystemCallErrorNumber=EPERM",
    ]
    assert "IPAddressDeny=169.254.169.254 fd00:ec2::254" in lines


def test_low_ports_and_the_instances_role_are_left_to_those_who_ask_for_them(rendered):
    lines = unit_of(rendered, "needy")
    assert {"CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "AmbientCapabilities=CAP_NET_BIND_SERVICE"} <= set(lines)
    assert not any(line.startswith(("PrivateUsers", "IPAddressDeny")) for line in lines)
    assert "SystemCallFilter=~@privileged" in lines


def test_host_is_not_given_what_would_stop_its_service(rendered):
    """An old systemd ignores what it does not know; but of a filter whose group it does not know, nothing is left."""
    lines = unit_of(rendered, "old")
    assert not any(line.startswith(("PrivateUsers", "SystemCallFilter")) for line in lines)
    assert {"CapabilityBoundingSet=", "ProtectProc=invisible", "SystemCallArchitectures=native"} <= set(lines)


def test_nothing_is_readable_for_everybody_and_no_key_is_shown(rendered):
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o007 for path in (rendered[1] / "v9").rglob("*")}
    assert modes == {0}
    assert "Not shown: tls/a.key" in rendered[0]
    # All else is.
    assert "Not shown" not in rendered[0].replace("Not shown: tls/", "")
    assert "+pipeline.batch.size: 250" in rendered[0]
    assert "-----KEY-----" not in rendered[0]


def test_check_shows_what_would_be_written_and_writes_nothing(play):
    outside = [{"name": "../../a.key", "content": "x"}]
    hosts = {
        "v9": {"logstash_version": "9.5.2"},
        "outside": {"logstash_version": "9.5.2", "logstash_tls_files": outside},
    }
    ended, root = play("render", hosts, "--check")
    assert "changed: [v9]" in ended.stdout
    assert "+pipeline.batch.size: 250" in ended.stdout
    assert "[settings_path_invalid] 'tls/../../a.key' leads out of" in " ".join(ended.stdout.split())
    assert not (root / "out").exists()


def test_all_faults_are_told_at_once_and_need_no_host(play):
    wrong = {
        "logstash_version": "5.4.1",
        "logstash_settings": {"api.ssl.enabled": True, "api.http.host": "::", "queue.type": "disk", "path.data": "/x"},
        "logstash_pipelines": [{"id": name, "templates": ["one.conf"]} for name in ("one", "two")],
        "logstash_heap_size": "4",
        "logstash_tls_files": [{"name": "a", "src": "/nowhere/a.crt"}],
    }
    ended, _root = play("preflight_inputs.yml", {"wrong": wrong})
    output = " ".join(ended.stdout.split())
    assert ended.returncode != 0
    for said in (
        "does not know api.ssl.enabled. It was added in 7.16.0. Remove it, or set a logstash_version that has it",
        "queue.type is 'disk'; expected one of persisted, memory",
        "api.http.host has a variable of its own. Set logstash_api_host",
        "path.data has a variable of its own. Set logstash_path_data",
        "logstash_pipelines has 2 pipelines (one, two); expected one",
        "logstash_heap_size is '4'",
        "/nowhere/a.crt': there is no such file on the control node",
    ):
        assert said in output, said


INJECTED = 'x" } exec { command => "id" } redis { host => "r'


def test_hostile_values_stop_the_run_before_a_host_is_touched(play):
    """Each by itself: whoever may set one variable gets no line of a unit, and no plugin of a pipeline."""
    queue = [
        {"id": "one", "templates": ["one.conf"], "settings": {"path.queue": "#{Queue}", "queue.type": "persisted"}}
    ]
    hosts = {
        "pipeline": {"octopus_variables": {"Port": f"1 {INJECTED}"}},
        "queue": {"octopus_variables": {"Queue": '/srv/q"\nExecStartPre=/bin/id'}, "logstash_pipelines": queue},
        "tab": {"octopus_variables": {"Queue": "/srv/q\tx"}, "logstash_pipelines": queue},
        "data": {"logstash_path_data": '/srv/d"\nExecStartPre=/bin/id'},
        "home": {"logstash_java_home": "/opt/java\nLD_PRELOAD=/tmp/x.so"},
        "address": {"logstash_repository_url": "https://packages.example.com/ https://evil.example.com/"},
        "root": {"logstash_archive_root": "/opt/log%n"},
        "id": {"logstash_pipelines": [{"id": "../../etc", "templates": ["one.conf"]}]},
        "zone": {"logstash_environment": {"TZ": "UTC\r\nLD_PRELOAD=/tmp/x.so"}},
        "token": {"octopus_variables": {"Area": "UTC\nX"}, "logstash_environment": {"AREA": "#{Area}"}},
        "unresolved": {
            "octopus_variables": {"Queue": "/srv/q\n"},
            "octopus_unresolved": "ignore",
            "logstash_pipelines": [{**queue[0], "settings": {"path.queue": "/#{Nothing}#{Queue}"}}],
        },
        "above": {"logstash_path_data": "/srv/../etc"},
    }
    for variables in hosts.values():
        given = variables.pop("octopus_variables", {})
        variables["octopus_variables"] = VARIABLES["octopus_variables"] | {"LogLevel": "warn", "Zone": "UTC"} | given
    ended, _root = play("preflight_inputs.yml", hosts)
    output = " ".join(ended.stdout.split())
    for name, said in {
        "pipeline": "one.conf:1:23: #{Port} (variable Port): the value is more than one word",
        "queue": "pipeline one: path.queue is",
        "tab": "which has the control character U+0009 in it; expected a path",
        "data": "which has the control character U+000A in it; expected a path",
        "home": "logstash_java_home is",
        "address": "which has a blank in it; expected an address",
        "root": "without blanks, % and $",
        "id": "'../../etc' is no id",
        "zone": "logstash_environment: TZ is not one line of text",
        "token": "logstash_environment: AREA is not one line of text",
        "unresolved": "path.queue is '/#{Nothing}/srv/q",
        "above": "expected absolute paths at least two levels deep",
    }.items():
        assert re.search(rf"(fatal|failed): \[{name}\]", output), name
        assert said in output, (name, output)
