"""An archive lies as the packages' files do: root's program, Logstash's own user, a link to the version that runs."""

import json


def test_service_runs_the_version_that_the_link_leads_to(host):
    version = json.loads(host.run("curl -s http://127.0.0.1:9600/").stdout)["version"]
    link = host.file("/opt/logstash/current")
    assert link.is_symlink
    assert host.run("readlink /opt/logstash/current").stdout.strip() == f"logstash-{version}"
    pid = host.run("systemctl show --value --property MainPID logstash").stdout.strip()
    assert "/opt/logstash/" in host.file(f"/proc/{pid}/cmdline").content_string


def test_program_is_roots(host):
    assert host.run("find -L /opt/logstash/current ! -user root").stdout == ""


def test_user_cannot_log_in(host):
    assert host.user("logstash").shell == "/usr/sbin/nologin"
    assert host.user("logstash").group == "logstash"


def test_settings_that_the_archive_brings_are_in_the_settings_directory(host):
    for name in ("jvm.options", "log4j2.properties"):
        file = host.file(f"/etc/logstash/{name}")
        assert file.content_string == host.file(f"/opt/logstash/current/config/{name}").content_string
        assert (file.user, oct(file.mode)) == ("root", "0o644")


def test_no_archive_and_no_half_unpacked_directory_is_left(host):
    assert host.run("ls /var/cache/elk-deploy").stdout == ""
    assert host.run("find /opt/logstash -maxdepth 1 -name '*.part'").stdout == ""
