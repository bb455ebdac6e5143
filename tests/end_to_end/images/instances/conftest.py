"""An environment `local` with baked images, made by the users' own command, under names of its own."""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import ansible_process
import boto3
import pytest
import requests
import yaml
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[4]
REGION = "eu-west-1"
LAUNCH, TERMINATE = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"


@dataclass
class Cloud:
    """The emulated EC2 of one environment `local`."""

    name: str
    inventory: Path  # that the environment was made from
    clients: dict = field(default_factory=dict)
    root = ROOT

    @property
    def state(self):
        """What the environment keeps."""
        return ROOT / "build" / self.name / "instances"

    @property
    def emulator(self):
        """Where the emulator listens."""
        return json.loads((self.state / "emulator/emulator.json").read_text())

    @property
    def images_inventory(self):
        """The inventory that knows of the emulator."""
        return self.state / "inventories/local"

    def script(self, name, *arguments, **variables):
        """Runs a script of the users' -> the ended process. Shows the stages while it works."""
        process = subprocess.Popen(
            [ROOT / "scripts" / name, *arguments],
            env={
                **os.environ,
                "ELK_INSTANCE": self.name,
                "ELK_INVENTORY": os.path.relpath(self.inventory, ROOT),
                "REMOVE_IMAGES": "false",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output = []
        for line in process.stdout:
            output.append(line)
            if line.startswith("=="):
                print(f"    {line.strip()}", flush=True)
        return subprocess.CompletedProcess(name, process.wait(), "".join(output), "")

    def playbook(self, name, *options):
        """Runs a playbook with the inventory that knows of the emulator -> the ended process."""
        return ansible_process.run("ansible-playbook", "-i", self.images_inventory, f"playbooks/{name}", *options)

    def aws(self, service):
        """A client of the emulator."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=f"http://127.0.0.1:{self.emulator['port']}",
                region_name=REGION,
                aws_access_key_id="emulator",
                aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
            )
        return self.clients[service]

    def group(self, name):
        """A group as Auto Scaling describes it."""
        (found,) = self.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        return found

    def in_service(self, group):
        """The ids of a group's instances that are in service."""
        return [one["InstanceId"] for one in self.group(group)["Instances"] if one["LifecycleState"] == "InService"]

    def wait_until_in_service(self, group, count):
        """The ids, once there are so many."""

        def there():
            found = self.in_service(group)
            return found if len(found) == count else []

        return wait_for(there, f"{count} instances of {group} in service", interval=2, patience=900)

    def address(self, instance):
        """The private address of an instance."""
        (found,) = self.aws("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
        return found["Instances"][0]["PrivateIpAddress"]

    def container(self, instance):
        """The name of an instance's container."""
        return f"{self.emulator['network']}-{instance}"

    def inside(self, instance, *command):
        """Runs a command on an instance -> its standard output."""
        words = ["docker", "exec", self.container(instance), *command]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def node(self, instance):
        """What the node API of an instance says of itself."""
        return json.loads(self.inside(instance, "curl", "-s", "localhost:9600"))

    def saved(self, instance, name):
        """A file that was kept of an instance which is gone; waits for it."""
        file = self.state / "emulator/instances" / instance / name
        wait_for(file.exists, f"{name} of {instance}", patience=600)
        return file.read_text()

    def history(self, instance, kind):
        """What an instance has written into the history of deployments."""
        s3 = self.aws("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=self.bucket, Prefix="deployments/").get("Contents", [])]
        found = [key for key in keys if instance in key and kind in key]
        return [json.loads(s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()) for key in found]

    @property
    def bucket(self):
        """The artifact bucket."""
        return "example-local-artifacts"

    def control(self, instance, **values):
        """Tells the metadata service what EC2 would decide of an instance."""
        url = f"http://127.0.0.1:{self.emulator['metadata_port']}/stand-in/{instance}"
        assert requests.put(url, json=values, timeout=5).ok

    @property
    def subnet(self):
        """The id of the subnet of the instances."""
        return self._subnet()["SubnetId"]

    def _subnet(self):
        filters = [{"Name": "tag:Name", "Values": [self.emulator["network"]]}]
        (found,) = self.aws("ec2").describe_subnets(Filters=filters)["Subnets"]
        return found

    @property
    def image(self):
        """The id of the baked image in the emulated EC2."""
        filters = [{"Name": "tag-key", "Values": ["elk:fingerprint"]}]
        (found,) = self.aws("ec2").describe_images(Filters=filters)["Images"]
        return found["ImageId"]

    def make_bundle(self, extra_vars):
        """Makes a bundle with more variables that win over the inventory's -> its address. The current bundle stays."""
        of_inventory = yaml.safe_load((self.images_inventory / "group_vars/all/generated.yml").read_text())
        given = of_inventory["bundle_extra_vars"] | extra_vars
        variables = json.dumps({"bundle_extra_vars": given, "bundle_current": False})
        made = self.playbook("bundle.yml", "-e", variables)
        assert made.returncode == 0, made.stdout
        (found,) = {word.strip("'\"") for word in made.stdout.split() if word.strip("'\"").startswith("s3://")}
        return found

    def start_one(self, name, bundle, timeout=300, termination=True):
        """Starts a group of one instance that is not replaced -> the id of the instance."""
        settings = {
            "environment": "local",
            "layer": "brokers",
            "bundle": bundle,
            "group": name,
            "launch_hook": "elk-launch",
            "launch_timeout": timeout,
            "termination_hook": "elk-terminate",
            "termination_timeout": 120,
            "history": f"s3://{self.bucket}/deployments/local",
            "archive": f"s3://{self.bucket}/queues/local",
        }
        ec2, autoscaling = self.aws("ec2"), self.aws("autoscaling")
        data = {
            "ImageId": self.image,
            "InstanceType": "t3.small",
            "IamInstanceProfile": {"Name": "instance"},
            "UserData": base64.b64encode(json.dumps(settings).encode()).decode(),
            "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        }
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        hooks = [("elk-launch", LAUNCH, timeout, "ABANDON")]
        if termination:
            hooks.append(("elk-terminate", TERMINATE, 120, "CONTINUE"))
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=1,
            DesiredCapacity=1,
            VPCZoneIdentifier=self.subnet,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
            LifecycleHookSpecificationList=[
                {
                    "LifecycleHookName": hook,
                    "LifecycleTransition": transition,
                    "HeartbeatTimeout": seconds,
                    "DefaultResult": result,
                }
                for hook, transition, seconds, result in hooks
            ],
        )
        # An instance that fails is not followed by another one.
        autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
        return self.group(name)["Instances"][0]["InstanceId"]


@pytest.fixture(scope="session")
def test_id():
    """What the names of all containers and networks of these tests begin with."""
    return os.environ.get("ELK_TEST_ID", f"elk-test-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory, test_id):
    """The environment; nothing is baked yet. Whatever the tests did, it is removed at the end."""
    name = f"{test_id}-images"
    folder = tmp_path_factory.mktemp("inventories")
    shutil.copytree(ROOT / "inventories", folder, symlinks=True, dirs_exist_ok=True)
    (folder / "local/group_vars/all/generated.yml").unlink(missing_ok=True)
    made = Cloud(name, folder / "local")
    yield made
    removed = made.script("destroy.sh")
    record = ROOT / "build/images" / f"{name}.json"
    record.unlink(missing_ok=True)
    assert removed.returncode == 0, removed.stdout


@pytest.fixture(scope="session")
def baked(cloud):
    """What `make bake` says."""
    made = cloud.script("bake_local.sh")
    assert made.returncode == 0, made.stdout[-8000:]
    return made.stdout


@pytest.fixture(scope="session")
def first(cloud, baked):
    """The id of the instance that `make bake` has started."""
    return cloud.wait_until_in_service("broker-local", 1)[0]


class Receiver(ThreadingHTTPServer):
    """Takes what brokers send to the network's gateway, and keeps the ids of the events."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address):
        self.ids = []
        self.requests = 0
        self.connections = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.ids += [event["id"] for event in (events if isinstance(events, list) else [events])]
                receiver.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(address, Handler)

    def get_request(self):
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        # Brokers keep their connections open: those would go on being served.
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def receiving(cloud):
    """`with receiving() as receiver:` listens where brokers send to in the tests."""
    return lambda: Receiver((cloud.emulator["gateway"], 8080))
