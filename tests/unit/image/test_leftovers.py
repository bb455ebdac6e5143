"""What must not be in an image is found, and cleared so that the next look finds nothing."""

import dataclasses
import re
import stat

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image import leftovers, table
from ansible_collections.elk.deploy.plugins.module_utils.image.table import Row

HOME = "/usr/share/logstash"
DATA = "/var/lib/logstash"
DIRECTORIES = [DATA, *(f"{DATA}/{name}" for name in ("queue", "dead_letter_queue", "tmp")), "/var/log/logstash"]

# {what a machine, Ansible, a package manager or Logstash leaves: whether it stays, empty}
LEFT = {
    "/etc/machine-id": True,
    "/var/lib/dbus/machine-id": False,
    "/etc/hostname": False,
    "/etc/ssh/ssh_host_rsa_key": False,
    "/etc/ssh/ssh_host_rsa_key.pub": False,
    "/etc/udev/rules.d/70-persistent-net.rules": False,
    "/etc/netplan/50-cloud-init.yaml": False,
    "/etc/network/interfaces.d/50-cloud-init": False,
    "/var/lib/systemd/random-seed": False,
    "/var/lib/dhcp/dhclient.eth0.leases": False,
    "/var/lib/dhclient/dhclient--eth0.lease": False,
    "/var/lib/NetworkManager/secret_key": False,
    "/var/lib/cloud/instances/i-0123/user-data.txt": False,
    "/var/lib/cloud/data/previous-hostname": False,
    "/var/lib/amazon/ssm/i-0123/state": False,
    "/var/lib/apt/lists/deb.example.com_InRelease": False,
    "/var/cache/apt/archives/acl.deb": False,
    "/var/cache/apt/pkgcache.bin": False,
    "/var/cache/dnf/amazonlinux-0123/packages/acl.rpm": False,
    "/var/log/journal/0123/system.journal": False,
    "/var/log/cloud-init.log": True,
    "/var/log/audit/audit.log": True,
    "/var/log/syslog.1": False,
    "/var/log/dnf.log.2.gz": False,
    "/var/log/maillog-20261101": False,
    "/var/log/wtmp": False,
    "/var/log/lastlog": False,
    "/root/.bash_history": False,
    "/home/admin/.python_history": False,
    "/home/ec2-user/.ssh/known_hosts": False,
    "/root/.ansible/cp/0123": False,
    "/home/admin/.ansible/tmp/ansible-tmp-1/x.py": False,
    "/tmp/ansible_x_payload/x.zip": False,  # noqa: S108
    "/tmp/hsperfdata_root/123": False,  # noqa: S108
    "/var/tmp/jffi.so": False,  # noqa: S108
    "/root/.m2/settings.xml": False,
    "/var/lib/logstash-validation/data/queue/page.0": False,
    f"{HOME}/data/uuid": False,
    f"{HOME}/vendor/cache/x.gem": False,
    f"{HOME}/vendor/bundle/jruby/3.1.0/cache/x.gem": False,
    f"{DATA}/uuid": False,
    f"{DATA}/.lock": False,
    f"{DATA}/plugins/inputs/file/.sincedb_0123": False,
    f"{DATA}/queue/main/page.0": False,
    f"{DATA}/dead_letter_queue/main/1.log": False,
    f"{DATA}/tmp/jffi1.so": False,  # noqa: S108
    "/var/log/logstash/logstash-plain.log": False,
}
STAYS = (
    *("/var/lib/cloud/seed/nocloud/meta-data", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"),
    *("/tmp/systemd-private-0123-chrony.service-x/tmp", "/root/.bashrc", "/etc/ssh/sshd_config"),  # noqa: S108
    *(
        f"{HOME}/vendor/bundle/jruby/3.1.0/gems/x/x.rb",
        f"{HOME}/Gemfile.lock",
        "/var/cache/elk-deploy/logstash-9.5.2.deb",
        f"{HOME}/data/settings.csv",
    ),
)


@pytest.fixture
def rows():
    return table.rows(HOME, DIRECTORIES)


def paths(found):
    return [leftover.path for leftover in found]


def test_what_is_left_is_found_and_cleared_and_nothing_else(tmp_path, place, put, rows):
    for path in (*LEFT, *STAYS):
        put(path)
    found = leftovers.find(rows, place)
    for path in LEFT:
        assert any(path == one or path.startswith(f"{one}/") for one in paths(found)), path
    for path in STAYS:
        assert not any(path == one or path.startswith(f"{one}/") for one in paths(found)), path

    assert leftovers.clear(found, place) == []

    assert leftovers.find(rows, place) == []
    for path, stays in LEFT.items():
        file = tmp_path / path[1:]
        assert file.exists() == stays, path
        assert not stays or file.stat().st_size == 0
    for path in STAYS:
        assert (tmp_path / path[1:]).read_text() == "left"
    for path in (*DIRECTORIES, "/tmp", "/var/log/journal", "/var/lib/cloud"):  # noqa: S108
        assert (tmp_path / path[1:]).is_dir(), path


def test_directories_and_files_that_stay_keep_their_mode(tmp_path, place, put, rows):
    put(f"{DATA}/queue/main/page.0")
    log = put("/var/log/cloud-init.log")
    (tmp_path / DATA[1:] / "queue").chmod(0o2750)
    log.chmod(0o640)
    leftovers.clear(leftovers.find(rows, place), place)
    assert stat.S_IMODE((tmp_path / DATA[1:] / "queue").stat().st_mode) == 0o2750
    assert stat.S_IMODE(log.stat().st_mode) == 0o640


def test_the_id_of_the_machine_is_an_empty_file_also_where_there_was_none(tmp_path, place, put, rows):
    put("/etc/passwd")
    (found,) = leftovers.find(rows, place)
    assert (found.path, found.seen) == ("/etc/machine-id", "no such file")
    leftovers.clear([found], place)
    assert (tmp_path / "etc/machine-id").read_bytes() == b""
    assert leftovers.find(rows, place) == []


def test_only_lines_that_name_the_machine_go(place, put):
    put("/etc/machine-id", "")
    hosts = put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 ip-10-0-3-7.internal ip-10-0-3-7\n10.0.3.70 other\n")
    (found,) = leftovers.find(table.ROWS, place)
    assert found.seen == 'the line "127.0.1.1 ip-10-0-3-7.internal ip-10-0-3-7"'
    leftovers.clear([found], place)
    assert hosts.read_text() == "127.0.0.1 localhost\n10.0.3.70 other\n"


def test_a_deployment_is_found_and_left(place, put, rows):
    put("/etc/machine-id", "")
    record = put("/etc/logstash/proven", "{}")
    put("/etc/logstash/releases/0123/logstash.yml")
    found = leftovers.find(rows, place)
    assert paths(found) == ["/etc/logstash/proven", "/etc/logstash/releases/0123"]
    assert {one.row.action for one in found} == {table.REFUSE}
    leftovers.clear(found, place)
    assert record.read_text() == "{}"


def test_what_the_program_itself_has_does_not_count_and_stays(place, put):
    put("/etc/machine-id", "")
    own = put("/root/.ansible/tmp/ansible-tmp-7/x.py")
    put("/root/.ansible/tmp/ansible-tmp-6/x.py")
    zipped = put("/tmp/ansible_x_payload_1/x.zip")  # noqa: S108
    with_own = dataclasses.replace(place, own=("/root/.ansible/tmp/ansible-tmp-7", "/tmp/ansible_x_payload_1"))  # noqa: S108
    found = leftovers.find(table.ROWS, with_own)
    assert paths(found) == ["/root/.ansible/tmp/ansible-tmp-6"]
    leftovers.clear(found, with_own)
    assert own.exists()
    assert zipped.exists()
    assert leftovers.find(table.ROWS, with_own) == []


def test_a_directory_with_something_of_the_program_is_cleared_around_it(place, put):
    own = put("/opt/x/own/file")
    other = put("/opt/x/other/file")
    with_own = dataclasses.replace(place, own=("/opt/x/own",))
    found = leftovers.find([Row("/opt/x", table.REMOVE, "")], with_own)
    assert paths(found) == ["/opt/x"]
    leftovers.clear(found, with_own)
    assert own.exists()
    assert not other.exists()


def test_what_something_is_mounted_on_is_not_in_the_image(place, put):
    put("/etc/machine-id", "")
    put("/etc/hostname", "ip-10-0-3-7")
    assert paths(leftovers.find(table.ROWS, place)) == ["/etc/hostname"]
    mounted = dataclasses.replace(place, mounted=frozenset(["/etc/hostname"]))
    assert leftovers.find(table.ROWS, mounted) == []


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path, place, put):
    put("/etc/machine-id", "")
    kept = put("/srv/kept/history", "mine")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/.bash_history").symlink_to(kept)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/link").symlink_to(kept.parent)
    (tmp_path / "var/log").mkdir(parents=True)
    (tmp_path / "var/log/README").symlink_to(kept)
    found = leftovers.find(table.ROWS, place)
    assert paths(found) == ["/root/.bash_history", "/tmp/link"]  # noqa: S108
    leftovers.clear(found, place)
    assert kept.read_text() == "mine"
    assert not (tmp_path / "root/.bash_history").is_symlink()


def test_nothing_outside_of_the_root_is_touched(tmp_path, place, put):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "dhclient.leases").write_text("lease")
    root = tmp_path / "root"
    (root / "var/lib").mkdir(parents=True)
    (root / "var/lib/dhcp").symlink_to(outside)
    (outside / ".bash_history").write_text("history")
    (root / "home").mkdir()
    (root / "home/admin").symlink_to(outside)
    (root / "etc").mkdir()
    (root / "etc/machine-id").touch()
    assert leftovers.find(table.ROWS, dataclasses.replace(place, root=root)) == []


def test_what_cannot_be_cleared_is_told_and_the_rest_is_cleared(place, put, monkeypatch):
    put("/etc/machine-id", "")
    first, second = put("/root/.bash_history"), put("/root/.lesshst")

    def refuse(folder, name, level=0):
        if name == ".bash_history":
            raise OSError(16, "Device or resource busy")
        second.unlink()

    monkeypatch.setattr(leftovers.Directory, "remove", refuse)
    assert leftovers.clear(leftovers.find(table.ROWS, place), place) == [
        ("/root/.bash_history", "Device or resource busy")
    ]
    assert first.exists()
    assert not second.exists()


@pytest.mark.parametrize("path", ["/var/lib", "/var/log/", "/"])
def test_a_directory_of_the_system_is_never_emptied(path):
    with pytest.raises(table.SharedDirectoryError):
        table.rows(HOME, [DATA, path])


def test_a_path_with_a_glob_in_it_is_taken_as_it_is(place, put):
    put("/etc/machine-id", "")
    put("/srv/data[1]/uuid")
    put("/srv/data1/uuid")
    assert paths(leftovers.find(table.rows(HOME, ["/srv/data[1]"]), place)) == ["/srv/data[1]/uuid"]


@pytest.mark.parametrize("row", table.rows(HOME, DIRECTORIES), ids=lambda row: row.path)
def test_every_row_has_a_place_an_action_and_a_reason(row):
    actions = (table.REMOVE, table.EMPTY, table.TRUNCATE, table.BLANK, table.LINES, table.REFUSE)
    assert re.match(r"/|~/", row.path)
    assert row.action in actions
    assert row.why
    assert row.keep == () or row.action == table.EMPTY
