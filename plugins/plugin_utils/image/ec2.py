"""Images in EC2: the base image, the one that serves, what a bake needs beside its instance, and what bakes leave.

All that a bake makes has the tag RUN_TAG. An image serves once it has FINGERPRINT_TAG, which comes last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .errors import ImageError
from .inputs import Base
from .leftovers import Leftover
from .packer import Variables

RUN_TAG = "elk:bake"
FINGERPRINT_TAG = "elk:fingerprint"

# The accounts and names that the distributions publish: wiki.debian.org/Cloud/AmazonEC2Image, and Amazon's own alias.
_PUBLISHED = {
    "debian-12": ("136693071363", "debian-12-{}-*", {"x86_64": "amd64", "arm64": "arm64"}),
    "amazon-linux-2023": ("amazon", "al2023-ami-2023.*-{}", {"x86_64": "x86_64", "arm64": "arm64"}),
}
_GONE = ("shutting-down", "terminated")
_REMOVAL_SECONDS = 300
_NOT_THERE = ("NotFound", "Unavailable", "Unknown")


class Ec2:
    """One region of an account.

    :param ec2: boto3's client.
    :param pause: seconds between two looks at something that takes its time.
    """

    builder = "amazon-ebs"

    def __init__(self, ec2: Any, say: Callable[[str], None], pause: float = 5.0) -> None:
        self._ec2 = ec2
        self._say = say
        self._pause = pause

    # -- before a bake

    def base(self, variables: Variables) -> Base:
        """The newest base image of the owner and name that the variables have.

        :raises ImageError: there is none.
        """
        owner, name, architectures = _PUBLISHED[variables.distribution]
        owners = variables.base_image_owners or [owner]
        name = variables.base_image_name or name.format(architectures[variables.architecture])
        found = self._all(
            "describe_images",
            "Images",
            Owners=owners,
            Filters=[
                {"Name": "name", "Values": [name]},
                {"Name": "architecture", "Values": [variables.architecture]},
                {"Name": "state", "Values": ["available"]},
                {"Name": "root-device-type", "Values": ["ebs"]},
                {"Name": "virtualization-type", "Values": ["hvm"]},
            ],
        )
        if not found:
            raise ImageError(
                "base_image_missing",
                f"no base image {name!r} of {', '.join(owners)} for {variables.architecture} in "
                f"{self._ec2.meta.region_name}. Correct base_image_name and base_image_owners in the var file: "
                "`aws ec2 describe-images --owners ...` lists what an owner has",
            )
        newest = max(found, key=lambda image: (image.get("CreationDate", ""), image["ImageId"]))
        return Base(newest["ImageId"], newest.get("RootDeviceName", ""))

    def serving(self, fingerprint: str) -> str:
        """The image of this account with the fingerprint; empty where there is none."""
        found = self._all(
            "describe_images",
            "Images",
            Owners=["self"],
            Filters=[
                {"Name": f"tag:{FINGERPRINT_TAG}", "Values": [fingerprint]},
                {"Name": "state", "Values": ["available"]},
            ],
        )
        return str(max(found, key=lambda image: image.get("CreationDate", ""))["ImageId"]) if found else ""

    def prepare(self, run: str, variables: Variables, public_key: str, tags: Mapping[str, str]) -> dict[str, str]:
        """Makes the run's key pair and security group, and gives the variables of Packer that name them.

        Packer 1.6 would make both without tags, so that nobody found them after a kill.

        :param public_key: in OpenSSH's form, without a comment.
        """
        name = f"elk-bake-{run}"
        # image_check lets a key with Packer's own kind of name pass.
        key = f"packer_{run}"
        self._ec2.import_key_pair(
            KeyName=key,
            # Packer removes it from the image by this ending.
            PublicKeyMaterial=f"{public_key.strip()} {key}\n".encode(),
            TagSpecifications=[_tagging("key-pair", tags)],
        )
        group = self._ec2.create_security_group(
            GroupName=name,
            Description="SSH to the instance that an image is made on",
            VpcId=self._network(variables),
            TagSpecifications=[_tagging("security-group", tags)],
        )["GroupId"]
        ranges = [{"CidrIp": cidr, "Description": "ssh_cidrs"} for cidr in variables.ssh_cidrs]
        port = variables.ssh_port
        self._ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}],
        )
        return {"key_name": key, "security_group_id": group}

    def _network(self, variables: Variables) -> str:
        """The VPC of the subnet, of the variables, or the default one."""
        if variables.vpc_id:
            return variables.vpc_id
        if variables.subnet_id:
            return str(self._ec2.describe_subnets(SubnetIds=[variables.subnet_id])["Subnets"][0]["VpcId"])
        default = self._all("describe_vpcs", "Vpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])
        if not default:
            raise ImageError(
                "image_settings_invalid",
                f"neither vpc_id nor subnet_id is set, and {self._ec2.meta.region_name} has no default VPC. "
                "Set subnet_id in the var file",
            )
        return str(default[0]["VpcId"])

    # -- during a bake

    def harden(self, instance: str) -> None:
        """Lets the instance answer IMDSv2 only, no hop further than itself. Makes sure that its disks are encrypted.

        Snapshots of encrypted volumes always are, and so is what an image is made of.

        :raises ImageError: a disk is not.
        """
        self._ec2.modify_instance_metadata_options(
            InstanceId=instance, HttpTokens="required", HttpEndpoint="enabled", HttpPutResponseHopLimit=1
        )
        disks = self._all(
            "describe_volumes", "Volumes", Filters=[{"Name": "attachment.instance-id", "Values": [instance]}]
        )
        open_disks = [
            f"{disk['VolumeId']} ({disk['Attachments'][0]['Device']})" for disk in disks if not disk["Encrypted"]
        ]
        if open_disks or not disks:
            raise ImageError(
                "image_not_made",
                f"instance {instance} has volumes without encryption: {', '.join(open_disks) or 'none can be seen'}. "
                "Take a base image whose only disk is its root volume",
            )

    # -- after a bake

    def finish(self, run: str, fingerprint: str) -> str:
        """Makes the run's image one that serves, and gives its id.

        Instances of it get IMDSv2 only, unless their launch says otherwise. The fingerprint comes last.

        :raises ImageError: there is no such image.
        """
        found = [image for image in self._images(run) if image.get("State") == "available"]
        if len(found) != 1:
            raise ImageError(
                "image_not_made",
                f"run {run} has {len(found)} images that are available, and should have one. "
                "Look at Packer's output above, and run the same command again",
            )
        (image,) = found
        self._ec2.modify_image_attribute(ImageId=image["ImageId"], ImdsSupport={"Value": "v2.0"})
        self._ec2.create_tags(
            Resources=[image["ImageId"], *_snapshots_of(image)], Tags=[{"Key": FINGERPRINT_TAG, "Value": fingerprint}]
        )
        return str(image["ImageId"])

    # -- leftovers

    def leftovers(self, run: str = "") -> list[Leftover]:
        """What bakes made and that no image which serves needs, in the order in which it can be removed.

        :param run: of this run only; empty: of all.
        """
        return [
            *self._instances(run),
            *self._images_that_serve_nobody(run),
            *self._of_type("describe_volumes", "Volumes", "VolumeId", "volume", run),
            *self._key_pairs(run),
            *self._of_type("describe_security_groups", "SecurityGroups", "GroupId", "security group", run),
        ]

    def remove(self, leftover: Leftover) -> None:
        """Removes one, and waits until it is gone. What is gone already is no failure."""
        removal: dict[str, Callable[[str], None]] = {
            "instance": self._terminate,
            "image": lambda one: self._call("deregister_image", ImageId=one),
            "snapshot": lambda one: self._call("delete_snapshot", SnapshotId=one),
            "volume": lambda one: self._call("delete_volume", VolumeId=one),
            "key pair": lambda one: self._call("delete_key_pair", KeyName=one),
            "security group": lambda one: self._call("delete_security_group", GroupId=one),
        }
        removal[leftover.kind](leftover.id)

    def _instances(self, run: str) -> Iterator[Leftover]:
        for reservation in self._all("describe_instances", "Reservations", Filters=_tagged(run)):
            for instance in reservation["Instances"]:
                if instance["State"]["Name"] not in _GONE:
                    yield Leftover("instance", instance["InstanceId"], _run_of(instance))

    def _images(self, run: str) -> list[dict[str, Any]]:
        """By their tag, and by their name, which ends in the run's id: Packer 1.6 tags an image once it is complete."""
        by_id: dict[str, dict[str, Any]] = {}
        for one in (_tagged(run), [{"Name": "name", "Values": [f"*-{run or '*Z-??????'}"]}]):
            for image in self._all("describe_images", "Images", Owners=["self"], Filters=one):
                by_id[image["ImageId"]] = image
        return [image for image in by_id.values() if not run or run in (_run_of(image), _run_in(image.get("Name", "")))]

    def _images_that_serve_nobody(self, run: str) -> list[Leftover]:
        images = self._images(run)
        serving = {snapshot for image in images if _serves(image) for snapshot in _snapshots_of(image)}
        found = []
        for image in images:
            if _serves(image):
                continue
            of = _run_of(image) or _run_in(image.get("Name", ""))
            if not of:
                continue
            snapshots = _snapshots_of(image)
            # While an image is being made, only the description of a snapshot says what it is for.
            made_for = self._all(
                "describe_snapshots",
                "Snapshots",
                OwnerIds=["self"],
                Filters=[{"Name": "description", "Values": [f"Created by CreateImage(*) for {image['ImageId']}*"]}],
            )
            snapshots += [one["SnapshotId"] for one in made_for]
            found.append(Leftover("image", image["ImageId"], of))
            found += [Leftover("snapshot", one, of) for one in snapshots if one not in serving]
        found += [
            one
            for one in self._of_type(
                "describe_snapshots", "Snapshots", "SnapshotId", "snapshot", run, OwnerIds=["self"]
            )
            if one.id not in serving and not one.serves
        ]
        return list(dict.fromkeys(found))

    def _of_type(self, call: str, key: str, name: str, kind: str, run: str, **options: Any) -> Iterator[Leftover]:
        for one in self._all(call, key, Filters=_tagged(run), **options):
            yield Leftover(kind, one[name], _run_of(one), serves=_serves(one))

    def _key_pairs(self, run: str) -> Iterator[Leftover]:
        return self._of_type("describe_key_pairs", "KeyPairs", "KeyName", "key pair", run)

    def _terminate(self, instance: str) -> None:
        self._call("terminate_instances", InstanceIds=[instance])
        until = time.monotonic() + _REMOVAL_SECONDS
        while time.monotonic() < until:
            states = [
                one["State"]["Name"]
                for reservation in self._ec2.describe_instances(InstanceIds=[instance])["Reservations"]
                for one in reservation["Instances"]
            ]
            if all(state == "terminated" for state in states):
                return
            time.sleep(self._pause)
        raise ImageError(
            "bake_not_removed", f"instance {instance} is still not terminated. Look at it in EC2, then: make bake-clean"
        )

    def _call(self, name: str, **arguments: Any) -> None:
        """Calls until it succeeds: a volume or a security group is in use for a while after its instance ended."""
        until = time.monotonic() + _REMOVAL_SECONDS
        while True:
            try:
                getattr(self._ec2, name)(**arguments)
                return
            except self._ec2.exceptions.ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code.endswith(_NOT_THERE):
                    return
                if (
                    code not in ("DependencyViolation", "VolumeInUse", "InvalidSnapshot.InUse")
                    or time.monotonic() > until
                ):
                    raise
                time.sleep(self._pause)

    def _all(self, call: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        """All that a call describes, over its pages where it has any."""
        if not self._ec2.can_paginate(call):
            return list(getattr(self._ec2, call)(**arguments)[key])
        return [one for page in self._ec2.get_paginator(call).paginate(**arguments) for one in page[key]]


def _tagging(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    return {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _tagged(run: str) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{RUN_TAG}", "Values": [run]}] if run else [{"Name": "tag-key", "Values": [RUN_TAG]}]


def _tag(thing: Mapping[str, Any], key: str) -> str:
    return next((str(tag["Value"]) for tag in thing.get("Tags") or [] if tag["Key"] == key), "")


def _run_of(thing: Mapping[str, Any]) -> str:
    return _tag(thing, RUN_TAG)


def _run_in(name: str) -> str:
    """The run's id at the end of an image's name."""
    return "-".join(name.rsplit("-", 2)[1:])


def _serves(thing: Mapping[str, Any]) -> bool:
    return bool(_tag(thing, FINGERPRINT_TAG))


def _snapshots_of(image: Mapping[str, Any]) -> list[str]:
    disks = (disk.get("Ebs", {}) for disk in image.get("BlockDeviceMappings", []))
    return [str(disk["SnapshotId"]) for disk in disks if disk.get("SnapshotId")]
