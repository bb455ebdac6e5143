"""`make bake` of environment local, and instances that deploy themselves, fail, are replaced and go away.

In the order in which they are written: the first ones look at what `make bake` has made, the later ones change it.
"""

import itertools
import json
import subprocess
import threading
import uuid

import pytest
import requests
from waiting import wait_for

GROUP = "broker-local"
HTTP_PORT = 8080
# As docs/bake.md has it, on an instance of the emulated EC2.
DELIVER = """set -eu; set -a; . /etc/elk/environment
PYTHONPATH=/opt/elk exec /opt/elk/python/current/bin/python -m logstash_instance deliver-queue "$1" --sha256 "$2" 2>&1
"""
# What the brokers receive, they send on to the network's gateway, from a queue on disk.
FORWARDING = {
    "log_transport": "http",
    "logstash_required_variables": ["LogHost", "LogHttpPort"],
    "logstash_pipelines": [
        {
            "id": "broker",
            "templates": ["broker/input.conf", "shipper/output.conf"],
            "settings": {"queue.type": "persisted", "queue.page_capacity": "1mb", "pipeline.workers": 1},
        }
    ],
}


def forwarding(cloud, **more):
    """Variables of a bundle whose brokers forward to the gateway of the network, in clear text."""
    variables = {"LogTls": "false", "LogUser": "", "LogHost": cloud.emulator["gateway"]}
    return {**FORWARDING, "octopus_variables": variables, **more}


def test_bake_says_what_it_has_made(cloud, baked, first):
    assert "The image is baked, and the instance has deployed itself." in baked
    assert f"{cloud.container(first)}, InService" in baked
    node = cloud.node(first)
    assert f"id {node['id']}, green" in baked
    assert "make destroy" in baked


def test_image_has_logstash_and_nothing_of_the_machine_that_baked(cloud, baked):
    record = json.loads((cloud.root / "build/images/local-brokers.json").read_text())
    # Of the file system as it is, before anything has booted from it.
    made = subprocess.run(
        ["docker", "create", record["image"]], capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        export = subprocess.Popen(["docker", "export", made], stdout=subprocess.PIPE)
        names = subprocess.run(["tar", "-t"], stdin=export.stdout, capture_output=True, text=True, check=True).stdout
        export.wait()
        manifest = subprocess.run(
            ["docker", "cp", f"{made}:/etc/elk/image.json", "-"], capture_output=True, check=True
        ).stdout
        machine_id = subprocess.run(
            ["docker", "cp", f"{made}:/etc/machine-id", "-"], capture_output=True, check=True
        ).stdout
    finally:
        subprocess.run(["docker", "rm", made], capture_output=True, check=True)
    paths = {f"/{name.rstrip('/')}" for name in names.splitlines()}
    for wanted in (
        "/usr/share/logstash/bin/logstash",
        "/etc/elk/bundle.pub",
        "/opt/elk/python/current",
        "/opt/elk/logstash_instance/first_boot.py",
        "/etc/systemd/system/multi-user.target.wants/logstash.service",
        "/etc/systemd/system/multi-user.target.wants/elk-first-boot.service",
        "/etc/systemd/system/logstash.service.d/50-first-boot.conf",
    ):
        assert wanted in paths, wanted
    below = {
        place: {one for one in paths if one.startswith(f"{place}/")}
        for place in ("/var/lib/logstash", "/var/log/logstash", "/root", "/tmp")  # noqa: S108 - of the image
    }
    assert not {
        one for one in below["/var/lib/logstash"] if one.rpartition("/")[2] in ("uuid", ".lock") or "sincedb" in one
    }
    assert below["/var/log/logstash"] == set()
    assert below["/tmp"] == set()  # noqa: S108
    # Ansible makes its temporary directory with the very task that looks whether one is left; it is empty.
    left = {one for one in below["/root"] if "ansible" in one or "history" in one}
    assert left <= {"/root/.ansible", "/root/.ansible/tmp"}
    assert "/etc/logstash/current" not in paths
    assert "/etc/logstash/proven" not in paths
    assert not {one for one in paths if one.startswith("/etc/ssh/ssh_host_")}
    assert b"uninitialized" in machine_id or machine_id[512:545].strip(b"\0") == b""
    assert record["fingerprint"].encode() in manifest


def test_nothing_is_baked_again(cloud, baked):
    again = cloud.script("bake_local.sh")
    assert again.returncode == 0, again.stdout[-4000:]
    assert "serves; nothing baked" in again.stdout


def test_two_instances_of_one_image_are_two_nodes_and_deployed_themselves(cloud, first):
    cloud.aws("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    both = cloud.wait_until_in_service(GROUP, 2)
    nodes = [cloud.node(one) for one in both]
    assert {node["status"] for node in nodes} == {"green"}
    assert len({node["id"] for node in nodes}) == 2
    machine_ids = {cloud.inside(one, "cat", "/etc/machine-id") for one in both}
    assert len(machine_ids) == 2
    for one in both:
        result = json.loads(cloud.inside(one, "cat", "/var/lib/elk/first-boot.json"))
        assert (result["result"], result["instance"], result["layer"]) == ("continue", one, "brokers")
        (kept,) = cloud.history(one, "first-boot")
        assert kept == result


def test_an_instance_that_boots_again_is_the_same_node_and_deploys_nothing(cloud, first):
    before = cloud.node(first)["id"], cloud.inside(first, "cat", "/var/lib/elk/first-boot.json")
    ec2 = cloud.aws("ec2")
    ec2.stop_instances(InstanceIds=[first])
    state = ["docker", "inspect", "--format", "{{.State.Status}}", cloud.container(first)]
    wait_for(lambda: subprocess.check_output(state, text=True).strip() == "exited", "stop of the container", interval=1)
    ec2.start_instances(InstanceIds=[first])

    def healthy():
        ended = subprocess.run(
            ["docker", "exec", cloud.container(first), "curl", "-s", "localhost:9600"],
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode == 0 and json.loads(ended.stdout)["status"] == "green"

    wait_for(healthy, "healthy Logstash after another boot", interval=1)
    assert (cloud.node(first)["id"], cloud.inside(first, "cat", "/var/lib/elk/first-boot.json")) == before


# --- what fails is not put into service ---


@pytest.fixture(scope="module")
def failures(cloud, baked):
    """The instances that fail, each for a reason of its own; all started at once -> {reason: id}."""
    broken = cloud.make_bundle({"logstash_settings": {"no.such.setting": 1}})
    # Looked up by the instance, and nobody has made it.
    secret = cloud.make_bundle(
        {
            "logstash_keystore": {
                "LOG_PASSWORD": "{{ lookup('amazon.aws.secretsmanager_secret', 'nobody-has-made-it') }}"
            }
        }
    )
    tampered = cloud.make_bundle({"logstash_settings": {"pipeline.workers": 1}})
    s3 = cloud.aws("s3")
    key = tampered.partition(f"{cloud.bucket}/")[2].replace(".json", ".tar.gz")
    body = s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=body[:-1] + bytes([body[-1] ^ 1]))
    started = {
        "broken": cloud.start_one("broken", broken),
        "secret": cloud.start_one("secret", secret),
        "tampered": cloud.start_one("tampered", tampered),
        "silent": cloud.start_one("silent", tampered, timeout=200, termination=False),
    }
    cloud.control(started["silent"], silent=True)
    return started


@pytest.mark.parametrize(
    ("reason", "code", "text"),
    [
        ("broken", "instance_deployment_failed", "no.such.setting"),
        ("tampered", "bundle_checksum_wrong", "SHA-256"),
        ("secret", "instance_deployment_failed", "nobody-has-made-it"),
        ("silent", "metadata_unavailable", ""),
    ],
)
def test_an_instance_that_cannot_deploy_itself_is_abandoned_with_the_reason(cloud, failures, reason, code, text):
    instance = failures[reason]
    result = json.loads(cloud.saved(instance, "first-boot.json"))
    assert result["result"] == "abandon"
    assert result["code"] == code, result
    assert text in result["reason"]
    assert f"[{code}]" in cloud.saved(instance, "journal.txt")
    if reason != "silent":  # whoever knows neither its name nor its settings can't tell anybody else
        (kept,) = cloud.history(instance, "first-boot")
        assert kept == result
    assert instance not in cloud.in_service(reason)


# --- replacement and end ---


class Sender(threading.Thread):
    """Sends numbered events to the brokers in service, each until one of them has taken it."""

    def __init__(self, cloud):
        super().__init__(daemon=True)
        self.cloud, self.accepted, self.brokers, self.ended = cloud, [], set(), threading.Event()
        self.mark = uuid.uuid4().hex

    def run(self):
        for number in itertools.count():
            # At the end, it may have arrived although its sender has not heard so.
            self.last = f"{self.mark}-{number}"
            while not self.send({"id": self.last, "message": "x" * 100}, number):
                if self.ended.wait(0.2):
                    return
            self.accepted.append(self.last)
            if self.ended.wait(0.2):
                return

    def send(self, event, number):
        """Whether a broker has taken it."""
        brokers = self.cloud.in_service(GROUP)
        if not brokers:
            return False
        broker = brokers[number % len(brokers)]
        try:
            taken = requests.post(f"http://{self.cloud.address(broker)}:{HTTP_PORT}/", json=event, timeout=5).ok
        except requests.RequestException:
            return False
        if taken:
            self.brokers.add(broker)
        return taken

    def stop(self):
        assert self.is_alive(), "the sender has died"
        self.ended.set()
        self.join()


@pytest.fixture(scope="module")
def three(cloud, first):
    """A group of three brokers that forward what they get."""
    bundle = cloud.make_bundle(forwarding(cloud))
    deploy(cloud, bundle)
    return bundle


def deploy(cloud, bundle):
    """Gives the group of three a bundle, with `make upgrade`'s own playbook -> what it says."""
    # Three boot at once: on a busy machine that takes its time.
    group = {"image": cloud.image, "bundle": bundle, "min": 3, "max": 4, "launch_timeout": 1800}
    ended = cloud.playbook("upgrade.yml", "-e", json.dumps({"instance_parts": {"brokers": group}}))
    assert ended.returncode == 0, ended.stdout[-6000:]
    return ended.stdout


def test_a_rolling_replacement_of_three_loses_no_event(cloud, three, receiving):
    old = cloud.wait_until_in_service(GROUP, 3)
    with receiving() as receiver:
        sender = Sender(cloud)
        sender.start()
        wait_for(lambda: len(receiver.ids) >= 5, "events at the receiver")
        said = deploy(cloud, cloud.make_bundle(forwarding(cloud, logstash_settings={"pipeline.batch.size": 100})))
        new = cloud.wait_until_in_service(GROUP, 3)
        wait_for(lambda: sender.brokers == {*old, *new}, "events that each broker has taken")
        sender.stop()
        wait_for(lambda: set(sender.accepted) <= set(receiver.ids), "arrival of every event that was accepted")
    sent, received = len(sender.accepted), len(receiver.ids)
    print(f"    sent {sent}, received {received}, different {len(set(receiver.ids))}", flush=True)
    assert not set(old) & set(new)
    for one in old:
        assert one in said
    assert set(receiver.ids) - set(sender.accepted) <= {sender.last}
    for one in old:
        (result,) = cloud.history(one, "termination")
        assert result["result"] == "drained", result


def test_an_instance_that_goes_with_a_full_queue_and_no_receiver_saves_it(cloud, three, receiving):
    instance = cloud.wait_until_in_service(GROUP, 3)[0]
    url = f"http://{cloud.address(instance)}:{HTTP_PORT}/"
    events = [{"id": f"last-{number}", "message": "x" * 200} for number in range(500)]
    for begin in range(0, len(events), 50):
        assert requests.post(url, json=events[begin : begin + 50], timeout=30).ok
    cloud.aws("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=instance, ShouldDecrementDesiredCapacity=True
    )
    result = json.loads(cloud.saved(instance, "termination.json"))
    assert (result["result"], result["drained"], result["left"]["events"]) == ("saved", 0, len(events)), result
    (kept,) = cloud.history(instance, "termination")
    assert kept == {name: value for name, value in result.items() if name != "told"}

    # What was saved is whole: another broker delivers it.
    archive = result["archive"]
    with receiving() as receiver:
        cloud.inside(cloud.in_service(GROUP)[0], "sh", "-c", DELIVER, "sh", archive["address"], archive["sha256"])
        wanted = {event["id"] for event in events}
        wait_for(lambda: set(receiver.ids) == wanted, "the saved events at the receiver")
