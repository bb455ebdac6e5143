"""What an image has, and what not: the host was prepared with all that must not be in one, then baked twice."""

import json
import os
from pathlib import Path

import pytest
from playbook_run import ROOT, Run

# The last test leaves a host that has a deployment.
pytestmark = pytest.mark.random_order(disabled=True)

CHOICE = json.loads((ROOT / "build/packages/choice.json").read_text())
MANIFEST = "/etc/elk/image.json"
# Put there by prepare.yml, but for what is below Logstash's directories.
GONE = (
    *(
        "/etc/ssh/ssh_host_ed25519_key",
        "/etc/ssh/ssh_host_ed25519_key.pub",
        "/etc/udev/rules.d/70-persistent-net.rules",
    ),
    *("/var/lib/dbus/machine-id", "/var/lib/systemd/random-seed", "/var/lib/dhcp/dhclient.eth0.leases"),
    *("/var/lib/cloud/instance", "/var/lib/apt/lists/packages.example.com_InRelease"),
    *("/var/cache/apt/archives/acl.deb", "/var/log/syslog.1", "/var/log/wtmp", "/root/.bash_history"),
    *("/home/admin/.bash_history", "/home/admin/.ansible/tmp/left.py", "/root/.m2"),
    *("/var/lib/logstash-validation", "/tmp/ansible_left"),  # noqa: S108
)
DEPLOYED = ("/etc/logstash/proven", "/etc/logstash/current", "/etc/logstash/releases", "/var/lib/logstash-found")


@pytest.fixture
def check(host, tmp_path):
    """check(**variables) -> the run of the validation alone. By the host, tests stay in the order of this file."""

    def run(**variables):
        return Run("playbooks/bake.yml", variables, tmp_path, ("--tags", "image_check"))

    return run


@pytest.fixture
def plant(host):
    """plant(path, text): writes a file in the image, which is gone after the test."""
    planted = []

    def write(path, text):
        planted.append(path)
        host.check_output("mkdir -p %s && printf '%%s\\n' %s > %s", os.path.dirname(path), text, path)

    yield write
    for path in planted:
        host.check_output("rm -f %s", path)


def test_logstash_is_installed_and_held(host):
    package = host.check_output("dpkg-query --show --showformat='${db:Status-Want} ${Version}' logstash")
    assert package.startswith("hold ")
    assert CHOICE["logstash_version"] in package


def test_nothing_of_the_package_is_gone(host):
    """But for settings files and logs, which the package does not verify."""
    assert [line for line in host.run("dpkg --verify logstash").stdout.splitlines() if " c " not in line] == []


def test_service_is_enabled_and_was_never_started_although_the_package_manager_tried(host):
    assert host.file("/srv/was-started").exists
    shown = host.check_output(
        "systemctl show --property=UnitFileState,ActiveState,ExecMainStartTimestampMonotonic,InvocationID logstash"
    )
    assert dict(line.split("=", 1) for line in shown.splitlines()) == {
        "UnitFileState": "enabled",
        "ActiveState": "inactive",
        "ExecMainStartTimestampMonotonic": "0",
        "InvocationID": "",
    }


def test_a_boot_without_settings_starts_nothing(host):
    assert host.run("systemctl start logstash").rc == 0
    assert host.check_output("systemctl show --value --property=ActiveState logstash") == "inactive"


def test_what_belongs_to_one_machine_or_to_the_bake_is_gone(host):
    assert host.run(f"ls -d {' '.join(GONE)}").stdout == ""


def test_nothing_claims_a_deployment(host):
    assert host.run(f"ls -d {' '.join(DEPLOYED)}").stdout == ""


def test_the_id_of_the_machine_is_an_empty_file(host):
    """Without the file, systemd would set every unit to its preset at the first boot."""
    assert host.check_output("stat --format='%s %F' /etc/machine-id") == "0 regular empty file"


def test_logs_are_empty_and_keep_owner_and_mode(host):
    assert host.check_output("find /var/log -type f -size +0") == ""
    assert host.check_output("stat --format='%U %a %s' /var/log/syslog") == "games 640 0"


def test_directories_of_logstash_are_there_with_nothing_in_them(host):
    paths = ("/var/lib/logstash", "/var/lib/logstash/queue", "/var/lib/logstash/tmp", "/var/log/logstash")
    owners = host.check_output(f"stat --format='%U:%G %a' {' '.join(paths)}").splitlines()
    assert owners == ["logstash:logstash 750"] * len(paths)
    assert host.check_output("find /var/lib/logstash /var/log/logstash -mindepth 1 ! -type d") == ""


def test_what_the_instance_needs_stays(host):
    assert host.file("/var/lib/cloud/seed/nocloud/meta-data").exists
    # Packer removes it, once it needs no connection any more.
    assert "packer_0123" in host.file("/home/admin/.ssh/authorized_keys").content_string


def test_manifest_names_what_is_in_the_image_and_nothing_of_the_machine(host):
    text = host.file(MANIFEST).content_string
    manifest = json.loads(text)
    assert manifest["fingerprint"] == "0123456789abcdef"
    assert manifest["inputs"]["base_image"] == "debian-12"
    assert manifest["logstash"] == CHOICE["logstash_version"]
    assert manifest["plugins"]["logstash-input-http"]
    assert any(line.startswith("logstash ") for line in manifest["packages"])
    for told in (host.check_output("cat /proc/sys/kernel/hostname"), "not-for-images"):
        assert told not in text
    copy = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "images/0123456789abcdef.json")
    assert copy.read_text() == text


def test_baked_image_is_fit(check):
    ended = check()
    assert ended.code == 0, ended.output


def test_a_check_that_fails_names_all_that_is_wrong(host, check, plant):
    address = host.check_output("hostname -I").split()[0]
    plant("/var/lib/logstash/uuid", "left")
    plant("/root/.bash_history", "left")
    plant("/etc/ssh/ssh_host_rsa_key", "left")
    plant("/etc/logstash/proven", "{}")
    plant("/etc/default/shipping", "x\nDB=correct-horse-battery")
    plant("/opt/elk/receiver.conf", f"http://{address}:8080")
    plant("/home/someone/.ssh/authorized_keys", "ssh-ed25519 AAAAC3Nz someone@example.com")
    host.check_output("systemctl disable logstash")
    try:
        ended = check(logstash_plugins=[{"name": "logstash-filter-acme"}])
    finally:
        host.check_output("systemctl enable logstash")
    assert ended.code != 0
    for said in (
        "[image_leftover] /var/lib/logstash/uuid is a file of 5 bytes; expected that there is no such path",
        "[image_leftover] /root/.bash_history is",
        "[image_leftover] /etc/ssh/ssh_host_rsa_key is",
        "[image_deployed] /etc/logstash/proven is",
        "[image_secret] /etc/default/shipping:2 has",
        f"[image_names_machine] /opt/elk/receiver.conf:1 has '{address}'",
        "[image_key_authorized] /home/someone/.ssh/authorized_keys:1 has a key with the comment 'someone@example.com'",
        "[image_service_wrong] logstash.service is 'disabled'",
        "[image_logstash_wrong] logstash_plugins has logstash-filter-acme, and the image has no version",
    ):
        assert said in ended.text, f"{said}\n{ended.output}"
    assert "correct-horse-battery" not in ended.output


def test_a_file_that_is_meant_to_be_there_is_let_pass(check, plant):
    plant("/etc/default/shipping", "DB=correct-horse-battery")
    assert check().code != 0
    assert check(image_allowed_files=["/etc/default/shipping"]).code == 0


def test_another_bake_clears_what_came_since(host, plant, tmp_path):
    plant("/var/lib/logstash/uuid", "left")
    plant("/home/admin/.bash_history", "left")
    before = host.file(MANIFEST).content_string
    ended = Run("playbooks/bake.yml", {}, tmp_path)
    assert ended.code == 0, ended.output
    assert not host.file("/var/lib/logstash/uuid").exists
    assert not host.file("/home/admin/.bash_history").exists
    assert host.file(MANIFEST).content_string == before


def test_a_deployment_on_the_image_runs(host, tmp_path):
    """The condition lets the service start once there are settings, and nothing is gone that Logstash needs."""
    ended = Run("playbooks/logstash.yml", {"logstash_keystore": {}}, tmp_path)
    assert ended.code == 0, ended.output
    assert json.loads(host.check_output("cat /etc/logstash/proven"))["record"]["release"]
    assert host.check_output("systemctl show --value --property=ActiveState logstash") == "active"
