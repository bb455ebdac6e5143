"""The configuration test runs as the service's user, in a throw-away directory, and never leaves it behind."""

import os
import pwd
import socket
import subprocess
import tarfile

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import service_manager
from ansible_collections.elk.deploy.plugins.modules import logstash_validate
from fake_logstash.build import build_archive
from free_port import free_port
from noexec import mounted
from waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")

USER = "nobody"


@pytest.fixture
def world(open_path):
    """A directory that every user may enter, with live settings and a staged directory of one pipeline."""
    live = open_path / "live"
    (live / "staged/pipelines/main").mkdir(parents=True)
    (live / "log4j2.properties").write_text("status = error\n")
    (live / "logstash.keystore").write_text("stored\n")
    (live / "logstash.yml").write_text("old: true\n")
    staged = live / "staged"
    (staged / "logstash.yml").write_text(
        'path.data: "/var/lib/logstash"\npath.queue: "/srv/q"\npath.logs: "/var/log/x"\n'
    )
    (staged / "pipelines.yml").write_text(
        f'- pipeline.id: "main"\n  path.config: "{live}/pipelines/main/*.conf"\n  path.queue: "/srv/own"\n'
    )
    (staged / "pipelines/main/10-in.conf").write_text("input {\n}\n")
    (staged / "pipelines/main/20-out.conf").write_text('output {\n  http { password => "hunter2" }\n}\n')
    return open_path


@pytest.fixture
def validate(run_module, world):
    def run(script, check=False, **options):
        program = world / "logstash"
        program.write_text('#!/bin/sh\ncd "$2"\n' + script)
        program.chmod(0o755)
        arguments = {
            "program": str(program),
            "user": USER,
            "path": str(world / "validation"),
            "src": str(world / "live/staged"),
            "live": str(world / "live"),
            "environment_files": [str(world / "default"), str(world / "environment")],
            "templates": {"main/20-out.conf": "broker/output.conf"},
        }
        return run_module(logstash_validate, check=check, **{**arguments, **options})

    return run


def lines(result):
    assert not result["failed"], result
    return result["output"].splitlines()


# What the test runs as, and on


def test_runs_as_the_services_user_with_its_groups(validate):
    assert lines(validate("id -un; id -G")) == [
        USER,
        subprocess.run(["id", "-G", USER], capture_output=True, text=True, check=True).stdout.strip(),
    ]


def test_asks_for_the_test_only(validate):
    assert lines(validate('shift; shift; echo "$@"; pwd | grep -o "settings$"')) == [
        "--config.test_and_exit",
        "settings",
    ]


def test_all_paths_lead_to_the_throw_away_directory_also_those_of_a_pipeline(validate):
    assert lines(validate("cat logstash.yml; grep queue pipelines.yml")) == [
        'path.data: "(throw-away)/data"',
        'path.queue: "(throw-away)/data/queue"',
        'path.logs: "(throw-away)/logs"',
        '  path.queue: "(throw-away)/data/queue"',
    ]


def test_settings_that_name_no_data_path_get_one(validate, world):
    (world / "live/staged/logstash.yml").write_text("pipeline.workers: 2\n")
    assert "path.data: (throw-away)/data" in lines(validate("cat logstash.yml"))


def test_staged_files_count_before_live_ones_which_are_copied_too(validate):
    assert "old: true" not in lines(validate("cat logstash.yml"))
    assert lines(validate("cat logstash.keystore log4j2.properties")) == ["stored", "status = error"]


def test_names_of_what_will_be_live_lead_to_the_copies(validate, world):
    live = world / "live"
    (live / "staged/tls").mkdir()
    (live / "staged/tls/ca.pem").write_text("new certificate")
    settings = f'port => {free_port()} ca => "{live}/tls/ca.pem"'
    (live / "staged/pipelines/main/10-in.conf").write_text(f"input {{ http {{ {settings} }} }}\n")
    (live / "staged/environment").write_text(f'TLS="{live}/tls"\nOTHER="{live}/tls-old"\n')
    script = 'cat "$(grep -o "/[^\\"]*ca.pem" pipelines/main/10-in.conf)" "$TLS/ca.pem"; echo; echo "$OTHER"'
    result = validate(script, environment_files=[str(live / "staged/environment")])
    assert lines(result) == ["new certificatenew certificate", f"{live}/tls-old"]


def test_user_can_write_data_and_logs_there_and_only_there(validate, world):
    assert lines(validate('touch ../data/x ../logs/x "$TMPDIR/x"')) == []
    assert validate("touch x")["failed"]
    assert validate(f"touch {world}/live/x")["failed"]


def test_nobody_else_sees_the_copies(validate):
    assert lines(validate("stat -c '%a %U' .. . logstash.keystore ../data")) == [
        "750 root",
        "750 root",
        "640 root",
        f"700 {USER}",
    ]


# The environment


def test_environment_is_that_of_the_service_and_nothing_of_roots(validate, world, monkeypatch):
    monkeypatch.setenv("OF_ROOT", "x")
    (world / "default").write_text('# comment\nLS_QUOTED="a b"\n;x=y\nLS_PLAIN=c\nTWICE=1\n')
    (world / "environment").write_text('TWICE=2\nESCAPED="a\\"\\$\\\\"\nSINGLE=\'a\\b\'\n')
    assert lines(validate('printf "%s\n" "$LS_QUOTED $LS_PLAIN $TWICE" "$ESCAPED" "$SINGLE" "($OF_ROOT)" "$HOME"')) == [
        "a b c 2",
        'a"$\\',
        "a\\b",
        "()",
        pwd.getpwnam(USER).pw_dir,
    ]


def test_jvm_starts_small_and_claims_nothing_that_the_running_one_has(validate, world):
    (world / "environment").write_text(
        'LS_JAVA_OPTS="-Xms4g -Xmx4g -Djava.io.tmpdir=/srv/tmp -javaagent:/x.jar=9404 '
        '-Dcom.sun.management.jmxremote.port=1"'
    )
    (world / "live/jvm.options").write_text("-Xss4m\n-Xlog:gc:file=/var/log/gc.log\n# note\n")
    output = lines(validate('echo "$LS_JAVA_OPTS"; cat "$LS_JVM_OPTS"'))
    assert output == ["-Xms4g -Xmx4g -Djava.io.tmpdir=/srv/tmp -Xms64m", "-Xss4m", "# note"]


# It is gone, whatever happens


@pytest.mark.parametrize("script", ["true", "exit 1", "kill -9 $$"])
def test_directory_is_gone_afterwards(validate, world, script):
    validate(script)
    assert not (world / "validation").exists()


def test_what_a_killed_run_left_is_removed_and_not_met(validate, world):
    (world / "validation/tmpold/settings").mkdir(parents=True)
    (world / "validation/tmpold/settings/stale").write_text("x")
    assert lines(validate(f"test -e {world}/validation/tmpold && echo still there; true")) == []
    assert not (world / "validation").exists()


def test_run_that_is_killed_leaves_a_test_that_still_ends(validate, world):
    child = os.fork()
    if not child:
        validate(f"echo $$ > ../data/pid; cp ../data/pid {world}/logs-pid 2>/dev/null; sleep 60", timeout=8)
        os._exit(0)
    try:
        begun = "validation/*/data/pid"
        found = wait_for(lambda: [path for path in world.glob(begun) if path.read_text().strip()], "test that runs")
        pid = int(found[0].read_text())
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert os.path.exists(f"/proc/{pid}")
    assert lines(validate("true")) == []
    assert not (world / "validation").exists()
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "end of the test that was killed")


# What Logstash's own test lets pass


@pytest.mark.parametrize(
    "change",
    [
        lambda staged: [file.unlink() for file in staged.glob("pipelines/main/*")],
        lambda staged: (staged / "pipelines/main").rename(staged / "pipelines/other"),
    ],
    ids=["no files", "no directory"],
)
def test_path_config_that_matches_nothing_is_refused(validate, world, change):
    change(world / "live/staged")
    result = validate(f"touch {world}/ran")
    assert f"path.config of pipeline main ({world}/live/pipelines/main/*.conf) matches no file" in result["msg"]
    assert "Name its templates in logstash_pipelines" in result["msg"]
    assert not (world / "validation").exists()


def test_file_that_no_path_config_matches_is_refused(validate, world):
    (world / "live/staged/pipelines/main/20-out.conf").rename(world / "live/staged/pipelines/main/20-out.config")
    result = validate(f"touch {world}/ran")
    assert "No path.config matches pipelines/main/20-out.config" in result["msg"]
    assert "ends in .conf" in result["msg"]


def test_path_config_of_logstash_yml_counts_before_pipelines_yml_existed(validate, world):
    staged = world / "live/staged"
    (staged / "pipelines.yml").unlink()
    (staged / "logstash.yml").write_text(f'path.config: "{world}/live/pipelines/none/*.conf"\npipeline.id: "main"\n')
    assert "matches no file" in validate("true")["msg"]


@pytest.mark.parametrize("pattern", ["{10,20}-*.conf", "", "**/*.conf"], ids=["choices", "directory", "any depth"])
def test_patterns_of_logstash_are_understood(validate, world, pattern):
    path = world / "live/staged/pipelines.yml"
    path.write_text(path.read_text().replace("*.conf", pattern))
    assert not validate("true")["failed"]


@pytest.mark.parametrize("name", ["logstash.yml", "pipelines.yml", "pipelines/main/10-in.conf"])
def test_file_that_the_user_cannot_read_is_refused(validate, world, name):
    (world / "live/staged" / name).chmod(0o600)
    result = validate("true")
    assert f"User nobody can't read {world}/live/staged/{name}" in result["msg"]


def test_file_that_systemd_reads_as_root_is_neither_refused_nor_copied(validate, world):
    file = world / "live/staged/keystore.env"
    file.write_text("LOGSTASH_KEYSTORE_PASS=x\n")
    file.chmod(0o600)
    script = 'test "$LOGSTASH_KEYSTORE_PASS" = x && test ! -e keystore.env'
    assert not validate(script, environment_files=[str(file)])["failed"]


# Its failures


def test_failure_names_user_status_and_reason(validate):
    result = validate(
        "echo '[2026-01-01T00:00:00,000][FATAL][logstash.runner] The given configuration is invalid.'; exit 1"
    )
    assert result["failed"]
    assert "run as user nobody, exit status 1" in result["msg"]
    assert "The given configuration is invalid." in result["msg"]
    # What that means for the service is said by whoever knows what was done before.
    assert "live" not in result["msg"]


def test_failure_names_file_line_and_template(validate):
    """The closing brace of the second file is missed: its line 3, column 2, offset 48."""
    message = 'Expected one of [ \\t\\r\\n], "#" at line 2, column 3 (byte 12) after output {\n  '
    result = validate(f"cat <<'END'\n[x][FATAL][y] Reason: {message}\nEND\nexit 1")
    assert "Look at pipelines/main/20-out.conf line 2 (template broker/output.conf): http {" in result["msg"]
    assert result["places"][0]["line"] == 2


def test_value_of_what_is_named_like_a_secret_is_masked(validate):
    result = validate("echo '[x][ERROR][y] Invalid setting for http output plugin: password => \"hunter2\"'; exit 1")
    assert "20-out.conf line 2" in result["msg"]
    assert "hunter2" not in str(result)
    assert "hunter2" not in str(validate("cat pipelines/main/20-out.conf"))


def test_given_secret_is_masked_whatever_it_is_called(validate):
    result = validate("echo '[x][ERROR][y] cannot log in as kibana:s3same'; exit 1", secrets=["s3same"])
    assert "cannot log in" in result["msg"]
    assert "s3same" not in str(result)


def test_credentials_of_a_cloud_and_of_an_address_are_masked(validate):
    said = '[x][ERROR][y] {:cloud_auth=>"elastic:cl0ud", :hosts=>["http://me:pw1@es:9200"]}'
    result = validate(f"cat <<'END'\n{said}\nEND\nexit 1")
    assert '{:cloud_auth=>"*****", :hosts=>["http://me:*****@es:9200"]}' in result["msg"]


def test_reason_is_found_in_the_log_when_nothing_was_printed(validate):
    result = validate("echo '[x][ERROR][y] hidden reason' > ../logs/logstash-plain.log; exit 1")
    assert "hidden reason" in result["msg"]


def test_test_that_does_not_end_is_ended(validate):
    result = validate("sleep 60", timeout=1)
    assert "did not end within 1 s" in result["msg"]
    assert "Raise logstash_validation_timeout" in result["msg"]


def test_known_message_is_explained(validate):
    result = validate("echo '[x][FATAL][y] Cannot evaluate `${Host}`. Replacement variable'; exit 1")
    assert "Host is neither in logstash_environment nor in the keystore" in result["msg"]


def test_reason_of_several_lines_is_whole(validate):
    output = "[x][ERROR][y] The error reported is:\n  first\n  the cause\n\n[x][FATAL][y] (SystemExit) exit"
    result = validate(f"cat <<'END'\n{output}\nEND\nexit 1")
    assert result["reasons"] == ["The error reported is: first the cause"]
    assert "The error reported is: first the cause" in result["msg"]


def test_cause_at_the_beginning_of_a_long_output_is_shown(validate):
    result = validate("echo the cause; seq 1000; exit 1")
    assert "the cause" in result["msg"]
    assert "\n1000" in result["output"]


def test_memory_is_not_named_by_the_options_that_every_start_logs(validate):
    flags = "[x][INFO ][logstash.runner          ] JVM bootstrap flags: [-XX:+HeapDumpOnOutOfMemoryError]"
    assert "memory" not in validate(f"echo '{flags}'; echo '[x][FATAL][y] no'; exit 1")["msg"].lower()


def test_file_with_the_option_that_java_refuses_is_named(validate, world):
    (world / "default").write_text('# -XX:+UseNothing\nLS_JAVA_OPTS="-Xmx1g -XX:+UseNothing"\n')
    result = validate("echo \"Unrecognized VM option 'UseNothing'\"; exit 1")
    assert f"Java refuses UseNothing in line 2 of {world}/default" in result["msg"]
    (world / "live/jvm.options").write_text("-Xmx4gg\n")
    result = validate("echo 'Invalid maximum heap size: -Xmx4gg'; exit 1")
    assert f"Java refuses -Xmx4gg in line 1 of {world}/live/jvm.options" in result["msg"]


@pytest.fixture
def listener():
    """A program that listens on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ("port => PORT", True),
        ("port => 'PORT' host => '127.0.0.1'", True),
        ("port => PORT host => '127.0.0.2'", False),
        ("port => PORT host => '${ADDRESS:127.0.0.2}'", False),
        ("port => '${PORT:PORT}'", False),
    ],
)
def test_port_that_another_program_has_is_refused(validate, world, listener, settings, refused):
    file = world / "live/staged/pipelines/main/10-in.conf"
    file.write_text(f"input {{ tcp {{ {settings.replace('PORT', str(listener))} }} }}\n")
    result = validate("true")
    assert result["failed"] == refused
    if refused:
        assert (
            f"Another program listens on port {listener} (the input tcp in pipelines/main/10-in.conf)" in result["msg"]
        )


def test_port_that_the_service_itself_has_is_accepted(validate, world, listener, monkeypatch):
    monkeypatch.setattr(service_manager, "main_process", lambda *_: os.getpid())
    (world / "live/staged/pipelines/main/10-in.conf").write_text(f"input {{ tcp {{ port => {listener} }} }}\n")
    assert not validate("true")["failed"]


@pytest.fixture
def small_volume(world):
    path = world / "small"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", path], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("no volume can be mounted here")
    yield path
    subprocess.run(["umount", path], check=True)


def test_disk_that_is_full_while_it_is_prepared(validate, world, small_volume):
    (world / "live/staged/pipelines/main/30-big.conf").write_text("# " + "x" * 100_000)
    result = validate("true", path=str(small_volume / "validation"))
    assert "can't be prepared" in result["msg"]
    assert "Free some space" in result["msg"]
    assert list(small_volume.iterdir()) == []


def test_disk_that_gets_full_during_the_test(validate, small_volume):
    result = validate("head -c 200000 /dev/zero > ../data/page.0 || exit 1", path=str(small_volume / "validation"))
    assert "No space left on device" in result["msg"]
    assert "Free some space" in result["msg"]
    assert list(small_volume.iterdir()) == []


def test_volume_that_is_read_only(validate, small_volume):
    subprocess.run(["mount", "-o", "remount,ro", small_volume], check=True)
    assert "Read-only file system" in validate("true", path=str(small_volume / "validation"))["msg"]


def test_check_mode_runs_nothing(validate, world):
    assert not validate(f"touch {world}/ran", check=True)["failed"]
    assert not (world / "ran").exists()


def test_unknown_user_is_an_error_that_says_so(validate):
    assert "no-such-user" in validate("true", user="no-such-user")["msg"]


def test_missing_program_is_an_error_that_says_so(validate):
    assert "install the package first" in validate("true", program="/nowhere/logstash")["msg"]


def test_temporary_directory_that_cannot_execute_is_found_before_the_restart(run_module, world):
    """The real program's own way to fail, with what the service will have."""
    with tarfile.open(build_archive("8.5.3", world)) as archive:
        archive.extractall(world / "unpacked", filter="data")
    (world / "live/logstash.keystore").unlink()
    (world / "live/staged/pipelines/main/10-in.conf").write_text("input { stdin { } }\n")
    (world / "live/staged/pipelines/main/20-out.conf").write_text("output { null { } }\n")
    arguments = {
        "program": str(world / "unpacked/logstash-8.5.3/bin/logstash"),
        "user": USER,
        "path": str(world / "validation"),
        "src": str(world / "live/staged"),
        "live": str(world / "live"),
        "environment_files": [str(world / "environment")],
    }
    (world / "open").mkdir(mode=0o777)
    (world / "open").chmod(0o777)
    (world / "environment").write_text(f'LS_JAVA_OPTS="-Djava.io.tmpdir={world}/open"\n')
    result = run_module(logstash_validate, **arguments)
    assert not result["failed"], result
    assert list((world / "open").iterdir()) == []
    with mounted(world / "noexec") as path:
        (world / "environment").write_text(f'LS_JAVA_OPTS="-Djava.io.tmpdir={path}"\n')
        result = run_module(logstash_validate, **arguments)
    assert result["failed"]
    assert "FFI not available" in result["msg"]
    assert "Set logstash_path_tmp to a directory that is not" in result["msg"]
