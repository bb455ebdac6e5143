"""First runs on a host where a Logstash serves that somebody set up by hand. The tests follow one another."""

import json

import pytest
import systemd_host
from killed_run import Kill, kill_run
from other_versions import package
from playbook_run import Run, event_arrives, pipelines

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

EVENTS = "/var/log/logstash/by-hand.jsonl"
BY_HAND = (
    "input { tcp { port => 5000 codec => json_lines } }\n"
    f'output {{ file {{ path => "{EVENTS}" codec => json_lines }} }}\n'
)
OVERRIDE, DEFAULT = "/etc/systemd/system/logstash.service.d/override.conf", "/etc/default/logstash"
# Where an input of an older release keeps how far it has read, until it moves to where the confined service may write.
POSITION = "/usr/share/logstash/.sincedb_0123"
# Where native libraries can be loaded from: /tmp is mounted noexec.
TEMPORARY = "-Djava.io.tmpdir=/opt/by-hand/tmp"
# The drop-in decides what runs, save for its limit. The service listens where the role's pipeline is to listen.
FILES = {
    "/opt/by-hand/main.conf": BY_HAND,
    "/etc/logstash/conf.d/unused.conf": "input { heartbeat { } }\n",
    "/etc/logstash/patterns/own": "OWN .*\n",
    POSITION: "57 0 0 1234",
    "/etc/default/logstash.more": "# More\nLS_JVM_OPTS=/etc/logstash/jvm.options\n",
    OVERRIDE: "[Service]\nLimitNOFILE=20000\nExecStart=\nExecStart=/usr/share/logstash/bin/logstash \\\n"
    '  --path.settings /etc/logstash -f /opt/by-hand/main.conf\nEnvironment="LS_OPTS=-w 2"\n'
    "EnvironmentFile=-/etc/default/logstash.more\n",
}
SET_UP = f"""set -e
chown -R logstash: /etc/logstash/patterns
chmod 700 /etc/logstash/patterns
chown logstash: {POSITION}
ln -s patterns/own /etc/logstash/link
mkdir /opt/by-hand/tmp
chmod 1777 /opt/by-hand/tmp
echo 'LS_JAVA_OPTS="-Xmx300m {TEMPORARY}"' >> {DEFAULT}
LS_JAVA_OPTS={TEMPORARY} /usr/share/logstash/bin/logstash-plugin install --version 1.0.0 logstash-filter-acme
apt-mark hold logstash
systemctl daemon-reload
systemctl enable --now logstash
timeout 60 sh -c 'until ss -ltn | grep -q :5000 && curl -s localhost:9600; do sleep 0.3; done'
"""
CLEAR = """systemctl stop logstash
apt-mark unhold logstash
apt-get purge --yes logstash
rm -rf /etc/logstash /var/lib/logstash /var/log/logstash /usr/share/logstash /var/cache/elk-deploy
rm -rf /etc/systemd/system/logstash.service.d /var/lib/logstash-found
systemctl daemon-reload
"""
# All that a run changes, with owners, modes and contents.
STATE = r"""
cd /
places="etc/logstash etc/default etc/systemd/system etc/apt $(ls -d usr/share/logstash/Gemfile* usr/share/logstash/.s*)"
find $places -printf '%p %y %u:%g %m %l\n' | sort
find $places -type f -exec sha256sum {} + | sort
dpkg-query --show --showformat='${Status} ${Version}\n' logstash
systemctl is-enabled logstash
systemctl is-active logstash
systemctl show --property DropInPaths,FragmentPath,NeedDaemonReload,LimitNOFILE logstash
find var/lib -maxdepth 1 -name '*logstash*'
"""


def state(host):
    """The host as it is, line by line."""
    return host.run("sh -c %s", STATE).stdout.splitlines()


def main_pid(host):
    return host.check_output("systemctl show --value --property MainPID logstash")


@pytest.fixture(scope="module", autouse=True)
def by_hand(host):
    """Removes what the role made of the host, and sets a Logstash up as people do: package file, conf.d, drop-in."""
    host.run("sh -c %s", CLEAR)
    wanted = package("9.5.2")["logstash_package_url"]
    systemd_host.docker("cp", wanted, f"{host.backend.get_hostname()}:/opt/by-hand.deb")
    host.check_output("dpkg --install /opt/by-hand.deb")
    host.check_output("rm /opt/by-hand.deb")
    for path, text in FILES.items():
        host.check_output('sh -c \'mkdir -p "$(dirname "$1")" && printf %%s "$2" > "$1"\' sh %s %s', path, text)
    host.check_output("sh -c %s", SET_UP)


@pytest.fixture
def wanted(tmp_path):
    """The variables of a run that wants another version, and does not become healthy."""
    return {
        **pipelines(tmp_path, {"broker": BY_HAND.replace("by-hand", "of-the-role")}, (5000, 5999)),
        **package("9.4.0"),
        "logstash_overrides": "remove",
        "logstash_old_data": "move",
        "logstash_health_timeout": 4,
        "_logstash_min_ready_seconds": 1,
    }


def test_what_decides_is_named_with_its_place_before_anything_changes(host, wanted, tmp_path):
    before, pid = state(host), main_pid(host)
    run = Run("playbooks/logstash.yml", {**wanted, "logstash_overrides": "fail"}, tmp_path, ("--diff",))
    assert run.code != 0
    for place in (
        f"{OVERRIDE}:3: ExecStart=",
        f"{OVERRIDE}:4: ExecStart=",
        f"{OVERRIDE}:6: Environment=LS_OPTS=",
        "/etc/default/logstash.more:2: LS_JVM_OPTS=",
        f"{DEFAULT}:{host.check_output(f'wc -l < {DEFAULT}')}: LS_JAVA_OPTS=",
    ):
        assert place in run.text
    assert "hold (apt-mark unhold logstash)" in run.text
    assert "Set logstash_overrides to remove" in run.text
    assert (state(host), main_pid(host)) == (before, pid)


def test_what_served_serves_again_when_the_run_fails(host, wanted, tmp_path):
    before, pid = state(host), main_pid(host)
    run = Run("playbooks/logstash.yml", wanted, tmp_path)
    assert run.code != 0
    assert "no input listens on port 5999" in run.text
    assert "The setup from before the first run was restored" in run.text
    assert "it listens on port 5000, 9600, its node API at http://127.0.0.1:9600 shows pipeline main" in run.text
    assert state(host) == before
    assert main_pid(host) != pid
    assert json.loads(host.check_output("curl -s localhost:9600"))["version"] == "9.5.2"
    assert event_arrives(host, "by hand again", EVENTS)


def test_what_stood_still_stands_still_although_a_run_was_killed_meanwhile(host, wanted, tmp_path):
    host.check_output("systemctl disable --now logstash")
    before = state(host)
    wanted = {**wanted, **package("9.5.2")}
    kill = Kill("Apply the staged settings", "Remove the overrides of the role", after=0.5)
    kill_run(host.backend.get_hostname(), kill, wanted, tmp_path)
    assert state(host) != before
    run = Run("playbooks/logstash.yml", wanted, tmp_path)
    assert run.code != 0
    assert "does what it did before: it does not run" in run.text
    assert state(host) == before


def test_good_run_takes_over(host, wanted, tmp_path):
    variables = {**wanted, **package("9.5.2"), "logstash_input_ports": [5000]}
    run = Run("playbooks/logstash.yml", variables, tmp_path)
    assert run.code == 0, run.output
    assert event_arrives(host, "taken over", EVENTS.replace("by-hand", "of-the-role"))
    assert host.file(OVERRIDE).content_string.splitlines()[1] == "LimitNOFILE=20000"
    assert not host.file("/var/lib/logstash-found").exists
    assert host.file(f"/var/lib/logstash/{POSITION.rpartition('/')[2]}").user == "logstash"
    assert not host.file(POSITION).exists
    again = Run("playbooks/logstash.yml", variables, tmp_path)
    assert (again.code, " changed=0 " in again.output) == (0, True), again.output
