"""Runs moto, and what environment `local` and the tests need of EC2 and Auto Scaling beyond it. In moto's environment.

    run_emulator.py --port PORT --metadata-port PORT --network NAME --gateway IP --subnet CIDR --prefix NAME
        --label TEXT --saved DIR

One process has moto on loopback and on the network's gateway, the stand-in of the metadata service on the same two
addresses, and the threads that watch lifecycle actions and containers. `instances.py` starts and stops it.
"""

import argparse
import os
import signal
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Before moto is imported. What it would load on the first call costs seconds, and nobody here needs it.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")

import auto_scaling
import cloud_formation
import rolling_update
from containers import IMAGE_TAG, Containers
from metadata_service import Answers
from metadata_service import Server as MetadataServer
from moto.autoscaling.models import autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import FakeBucket
from werkzeug.serving import make_server

REGION = "eu-west-1"
LOOK_SECONDS = 1.0
TARGET_STATES = {"Pending": "InService", "InService": "InService", "Terminating": "Terminated", "Standby": "Standby"}


@dataclass(frozen=True)
class Facts:
    """What the metadata service and the containers know of an instance."""

    id: str
    state: str
    image: str
    container_image: str
    type: str
    architecture: str
    address: str
    name: str
    zone: str
    region: str
    account: str
    profile: str
    profile_arn: str
    tags: dict[str, str] | None  # None where the launch template does not let instances read them
    user_data: str
    target_state: str


def facts(instance: Any) -> dict[str, Any]:
    """Of an instance of moto's."""
    backend = instance.ec2_backend
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    readable = getattr(instance.metadata_options, "instance_metadata_tags", None) == "enabled"
    image = backend.amis.get(instance.image_id)
    of_image = {tag["key"]: tag["value"] for tag in image.get_tags()} if image else {}
    profile = getattr(instance, "profile", "")
    address = instance.private_ip_address or ""
    return asdict(
        Facts(
            id=instance.id,
            state=instance.state,
            image=instance.image_id,
            container_image=of_image.get(IMAGE_TAG, ""),
            type=instance.instance_type,
            architecture=instance.architecture or "",
            address=address,
            name=f"ip-{address.replace('.', '-')}.{REGION}.compute.internal",
            zone=instance.availability_zone,
            region=REGION,
            account=DEFAULT_ACCOUNT_ID,
            profile=profile,
            profile_arn=f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:instance-profile/{profile}",
            tags={key: value for key, value in tags.items() if not key.startswith("aws:")} if readable else None,
            user_data=instance.user_data.decode() if instance.user_data else "",
            target_state=target_state(instance.id),
        )
    )


def target_state(instance: str) -> str:
    """What Auto Scaling wants an instance to become; empty for one without a group."""
    for group in autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == instance:
                return TARGET_STATES[state.lifecycle_state.partition(":")[0]]
    return ""


class Instances:
    """The instances of the emulated account."""

    def all(self) -> list[dict[str, Any]]:
        """Every instance that EC2 still knows."""
        reservations = list(ec2_backends[DEFAULT_ACCOUNT_ID][REGION].reservations.values())
        return [facts(instance) for one in reservations for instance in list(one.instances)]

    def by_address(self, address: str) -> dict[str, Any] | None:
        """The instance that has a private address now."""
        alive = ("pending", "running", "stopping", "shutting-down")
        return next((one for one in self.all() if one["address"] == address and one["state"] in alive), None)


def make_network(cidr: str, name: str) -> str:
    """A VPC with one subnet, whose addresses are those of the Docker network -> the subnet's id."""
    ec2 = ec2_backends[DEFAULT_ACCOUNT_ID][REGION]
    vpc = ec2.create_vpc(cidr)
    subnet = ec2.create_subnet(vpc.id, cidr, availability_zone=f"{REGION}a")
    ec2.create_tags([vpc.id, subnet.id], {"Name": name})
    return subnet.id


def let_policies_of_buckets_be() -> None:
    """Permissions are not enforced. moto enforces policies of buckets, and without their conditions: all is denied."""
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL


def watch(containers: Containers, instances: Instances) -> None:
    """Looks at lifecycle actions and containers, for ever."""
    while True:
        try:
            auto_scaling.check_deadlines(autoscaling_backends)
            containers.look(instances.all())
        except Exception as error:  # the next look may find things in order
            print(f"watch: {type(error).__name__}: {error}", flush=True)
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("port", "metadata-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("network", "gateway", "subnet", "prefix", "label"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--saved", type=Path, required=True)
    given = parser.parse_args()
    os.environ["MOTO_PORT"] = str(given.port)
    auto_scaling.adapt()
    cloud_formation.adapt()
    rolling_update.adapt()
    let_policies_of_buckets_be()
    make_network(given.subnet, given.network)
    environment = {
        "AWS_ENDPOINT_URL": f"http://{given.gateway}:{given.port}",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{given.gateway}:{given.metadata_port}",
    }
    containers = Containers(given.network, given.prefix, given.label, environment, given.saved)
    instances = Instances()
    answers = Answers(instances)
    application = DomainDispatcherApplication(create_backend_app)
    servers: list[Any] = []
    for address in ("127.0.0.1", given.gateway):
        servers.append(make_server(address, given.port, application, threaded=True, request_handler=MotoRequestHandler))
        servers.append(MetadataServer((address, given.metadata_port), answers))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=watch, args=(containers, instances), daemon=True).start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    containers.remove_all()


if __name__ == "__main__":
    main()
