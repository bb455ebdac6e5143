"""What EC2 is asked for. botocore checks each request against EC2's own model; the answers are this test's."""

from types import SimpleNamespace

import boto3
import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.image.ec2 import Ec2
from ansible_collections.elk.deploy.plugins.plugin_utils.image.errors import ImageError
from ansible_collections.elk.deploy.plugins.plugin_utils.image.leftovers import Leftover
from ansible_collections.elk.deploy.plugins.plugin_utils.image.packer import Variables
from botocore.exceptions import ClientError

RUN = "20261128T173000Z-0f1e2d"
VALUES = {
    "builder": "amazon-ebs",
    "distribution": "debian-12",
    "architecture": "x86_64",
    "base_image_owners": [],
    "base_image_name": "",
    "vpc_id": "",
    "subnet_id": "subnet-1",
    "ssh_cidrs": ["10.1.0.0/16", "10.2.0.0/16"],
    "ssh_port": 22,
    "root_volume_size": 20,
    "root_volume_type": "gp3",
    "kms_key": "",
    "tags": {},
}
TAG = {"Key": "elk:bake", "Value": RUN}
SERVES = {"Key": "elk:fingerprint", "Value": "0123456789abcdef"}


def variables(**other):
    return Variables(**{**VALUES, **other})


class Answers:
    """Calls, and what they are answered: {operation: an answer, several in their order, or an error's code}."""

    def __init__(self, answers):
        self.calls = []
        self._answers = {name: list(one) if isinstance(one, list) else one for name, one in answers.items()}
        self.client = boto3.client("ec2", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
        self.client.meta.events.register("provide-client-params.ec2", self._keep)
        self.client.meta.events.register("before-call.ec2", self._answer)
        self.ec2 = Ec2(self.client, lambda _text: None, pause=0)

    def _keep(self, params, model, **_):
        self.calls.append((model.name, params))

    def _answer(self, model, **_):
        answer = self._answers.get(model.name, {})
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, str):
            return SimpleNamespace(status_code=400), {"Error": {"Code": answer, "Message": "no"}}
        members = model.output_shape.members if model.output_shape else {}
        empty = {name: [] for name, shape in members.items() if shape.type_name == "list"}
        return SimpleNamespace(status_code=200), {**empty, **answer}

    def of(self, operation):
        """The parameters of the calls of one operation."""
        return [params for name, params in self.calls if name == operation]


def filters(params):
    return {one["Name"]: one["Values"] for one in params["Filters"]}


def image(name, created="2026-01-01T00:00:00.000Z", **other):
    return {"ImageId": name, "CreationDate": created, "RootDeviceName": "/dev/xvda", "State": "available", **other}


# -- base image


@pytest.mark.parametrize(
    ("distribution", "architecture", "owner", "name"),
    [
        ("debian-12", "x86_64", "136693071363", "debian-12-amd64-*"),
        ("debian-12", "arm64", "136693071363", "debian-12-arm64-*"),
        ("amazon-linux-2023", "x86_64", "amazon", "al2023-ami-2023.*-x86_64"),
        ("amazon-linux-2023", "arm64", "amazon", "al2023-ami-2023.*-arm64"),
    ],
)
def test_newest_image_of_the_distributions_own_account_is_the_base(distribution, architecture, owner, name):
    answers = Answers({"DescribeImages": {"Images": [image("ami-new", "2026-11-01"), image("ami-old", "2026-10-01")]}})
    found = answers.ec2.base(variables(distribution=distribution, architecture=architecture))
    assert (found.id, found.root_device) == ("ami-new", "/dev/xvda")
    (asked,) = answers.of("DescribeImages")
    assert asked["Owners"] == [owner]
    assert filters(asked)["name"] == [name]
    assert filters(asked)["architecture"] == [architecture]
    assert filters(asked)["state"] == ["available"]


def test_owner_and_name_of_the_var_file_win():
    answers = Answers({"DescribeImages": {"Images": [image("ami-1")]}})
    answers.ec2.base(variables(base_image_owners=["123456789012"], base_image_name="golden-*"))
    (asked,) = answers.of("DescribeImages")
    assert asked["Owners"] == ["123456789012"]
    assert filters(asked)["name"] == ["golden-*"]


def test_no_base_image_is_said_with_owner_and_name():
    with pytest.raises(
        ImageError, match=r"^\[base_image_missing\] .*'debian-12-amd64-\*' of 136693071363 .* eu-west-1"
    ):
        Answers({}).ec2.base(variables())


# -- the image that serves


def test_image_with_the_fingerprint_in_this_account_serves():
    answers = Answers({"DescribeImages": {"Images": [image("ami-1")]}})
    assert answers.ec2.serving("0123456789abcdef") == "ami-1"
    (asked,) = answers.of("DescribeImages")
    assert asked["Owners"] == ["self"]
    assert filters(asked) == {"tag:elk:fingerprint": ["0123456789abcdef"], "state": ["available"]}
    assert Answers({}).ec2.serving("0123456789abcdef") == ""


# -- what a run needs


def prepared(**other):
    answers = Answers(
        {
            "CreateSecurityGroup": {"GroupId": "sg-1"},
            "DescribeSubnets": {"Subnets": [{"VpcId": "vpc-of-subnet"}]},
            "DescribeVpcs": {"Vpcs": [{"VpcId": "vpc-default"}]},
        }
    )
    tags = {"elk:bake": RUN, "team": "logs"}
    return answers, answers.ec2.prepare(RUN, variables(**other), "ssh-ed25519 AAAA\n", tags)


def test_key_pair_and_group_have_the_runs_tag_from_their_creation():
    answers, given = prepared()
    assert given == {"key_name": f"packer_{RUN}", "security_group_id": "sg-1"}
    for operation, kind in (("ImportKeyPair", "key-pair"), ("CreateSecurityGroup", "security-group")):
        (asked,) = answers.of(operation)
        (tagging,) = asked["TagSpecifications"]
        assert tagging["ResourceType"] == kind
        assert {"Key": "elk:bake", "Value": RUN} in tagging["Tags"]


def test_packer_finds_the_key_in_the_image_by_its_ending():
    answers, given = prepared()
    (asked,) = answers.of("ImportKeyPair")
    assert asked["PublicKeyMaterial"] == f"ssh-ed25519 AAAA {given['key_name']}\n".encode()


def test_group_lets_ssh_in_from_the_networks_of_the_var_file_and_nothing_else():
    answers, _given = prepared(ssh_port=2222)
    (asked,) = answers.of("AuthorizeSecurityGroupIngress")
    (rule,) = asked["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 2222, 2222)
    assert [one["CidrIp"] for one in rule["IpRanges"]] == ["10.1.0.0/16", "10.2.0.0/16"]
    assert set(rule) == {"IpProtocol", "FromPort", "ToPort", "IpRanges"}


@pytest.mark.parametrize(
    ("other", "vpc"),
    [({}, "vpc-of-subnet"), ({"vpc_id": "vpc-1"}, "vpc-1"), ({"subnet_id": ""}, "vpc-default")],
)
def test_group_is_in_the_vpc_of_the_instance(other, vpc):
    answers, _given = prepared(**other)
    assert answers.of("CreateSecurityGroup")[0]["VpcId"] == vpc


def test_no_network_at_all_is_said():
    with pytest.raises(ImageError, match=r"^\[image_settings_invalid\] neither vpc_id nor subnet_id"):
        Answers({}).ec2.prepare(RUN, variables(subnet_id=""), "ssh-ed25519 AAAA", {})


# -- the instance


def disk(encrypted):
    return {"VolumeId": "vol-1", "Encrypted": encrypted, "Attachments": [{"Device": "/dev/xvda"}]}


def test_instance_answers_imdsv2_only():
    answers = Answers({"DescribeVolumes": {"Volumes": [disk(True)]}})
    answers.ec2.harden("i-1")
    (asked,) = answers.of("ModifyInstanceMetadataOptions")
    assert (asked["InstanceId"], asked["HttpTokens"], asked["HttpPutResponseHopLimit"]) == ("i-1", "required", 1)


@pytest.mark.parametrize("disks", [[disk(True), disk(False)], []])
def test_an_instance_with_an_open_disk_ends_the_bake_before_anything_is_installed(disks):
    with pytest.raises(ImageError, match=r"^\[image_not_made\] instance i-1 has volumes without encryption"):
        Answers({"DescribeVolumes": {"Volumes": disks}}).ec2.harden("i-1")


# -- the image


def made(*images):
    return Answers({"DescribeImages": [{"Images": list(images)}, {"Images": []}]})


def test_image_gets_its_fingerprint_last():
    mine = image(
        "ami-1", Tags=[TAG], BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1"}}]
    )
    answers = made(mine)
    assert answers.ec2.finish(RUN, "0123456789abcdef") == "ami-1"
    assert answers.of("ModifyImageAttribute") == [{"ImageId": "ami-1", "ImdsSupport": {"Value": "v2.0"}}]
    assert answers.calls[-1] == (
        "CreateTags",
        {
            "Resources": ["ami-1", "snap-1"],
            "Tags": [{"Key": "elk:fingerprint", "Value": "0123456789abcdef"}],
        },
    )


@pytest.mark.parametrize("images", [[], [image("ami-1", Tags=[TAG], State="pending")]])
def test_no_complete_image_is_said(images):
    answers = made(*images)
    with pytest.raises(ImageError, match=r"^\[image_not_made\]"):
        answers.ec2.finish(RUN, "0123456789abcdef")
    assert not answers.of("CreateTags")


# -- leftovers


def left(**answers):
    found = Answers({name: {key: value} for name, (key, value) in answers.items()})
    return found, [str(one) for one in found.ec2.leftovers(RUN)]


def disks_of(snapshot):
    return [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]


def test_all_that_a_run_made_is_found_in_the_order_of_its_removal():
    instances = [
        {
            "Instances": [
                {"InstanceId": "i-1", "State": {"Name": "running"}, "Tags": [TAG]},
                {"InstanceId": "i-gone", "State": {"Name": "terminated"}, "Tags": [TAG]},
            ]
        }
    ]
    _answers, found = left(
        DescribeInstances=("Reservations", instances),
        DescribeImages=("Images", [image("ami-1", Tags=[TAG], BlockDeviceMappings=disks_of("snap-1"))]),
        DescribeSnapshots=("Snapshots", [{"SnapshotId": "snap-2", "Tags": [TAG]}]),
        DescribeVolumes=("Volumes", [{"VolumeId": "vol-1", "Tags": [TAG]}]),
        DescribeKeyPairs=("KeyPairs", [{"KeyName": "k", "Tags": [TAG]}]),
        DescribeSecurityGroups=("SecurityGroups", [{"GroupId": "sg-1", "Tags": [TAG]}]),
    )
    assert found == [
        "instance i-1",
        "image ami-1",
        "snapshot snap-1",
        "snapshot snap-2",
        "volume vol-1",
        "key pair k",
        "security group sg-1",
    ]


def test_an_image_that_serves_and_its_snapshots_are_none():
    _answers, found = left(
        DescribeImages=("Images", [image("ami-1", Tags=[TAG, SERVES], BlockDeviceMappings=disks_of("snap-1"))]),
        # Its snapshot has no tag with the fingerprint: the run was killed between the two.
        DescribeSnapshots=("Snapshots", [{"SnapshotId": "snap-1", "Tags": [TAG]}]),
    )
    assert found == []


def test_an_image_that_packer_had_no_time_to_tag_is_found_by_its_name():
    answers, found = left(DescribeImages=("Images", [image("ami-1", Name=f"elk-brokers-9.5.2-x86_64-{RUN}")]))
    assert found == ["image ami-1"]
    assert {"name": [f"*-{RUN}"]} in [filters(one) for one in answers.of("DescribeImages")]
    # And its snapshot by its description.
    assert {"description": ["Created by CreateImage(*) for ami-1*"]} in [
        filters(one) for one in answers.of("DescribeSnapshots")
    ]


def test_an_image_of_somebody_else_with_a_name_like_it_is_none():
    _answers, found = left(DescribeImages=("Images", [image("ami-1", Name="golden-20261128T173000Z-aaaaaa")]))
    assert found == []


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("DeregisterImage", "InvalidAMIID.NotFound"),
        ("DeregisterImage", "InvalidAMIID.Unavailable"),
        ("DeleteSnapshot", "InvalidSnapshot.NotFound"),
        ("DeleteVolume", "InvalidVolume.NotFound"),
        ("DeleteSecurityGroup", "InvalidGroup.NotFound"),
        ("TerminateInstances", "InvalidInstanceID.NotFound"),
    ],
)
def test_what_is_gone_already_is_no_failure(operation, code):
    answers = Answers({operation: code})
    one = leftover_of(operation)
    answers.ec2.remove(one)
    assert len(answers.of(operation)) == 1


def leftover_of(operation):
    kinds = {
        "DeregisterImage": "image",
        "DeleteSnapshot": "snapshot",
        "DeleteVolume": "volume",
        "DeleteSecurityGroup": "security group",
        "TerminateInstances": "instance",
    }
    return Leftover(kinds[operation], "x-1", RUN)


@pytest.mark.parametrize(
    ("operation", "code"), [("DeleteVolume", "VolumeInUse"), ("DeleteSecurityGroup", "DependencyViolation")]
)
def test_what_is_still_in_use_is_tried_again(operation, code):
    answers = Answers({operation: [code, code, {}]})
    answers.ec2.remove(leftover_of(operation))
    assert len(answers.of(operation)) == 3


def test_another_refusal_is_passed_on():
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        Answers({"DeleteSecurityGroup": "UnauthorizedOperation"}).ec2.remove(leftover_of("DeleteSecurityGroup"))


def test_removal_of_an_instance_waits_until_it_is_terminated():
    def state(name):
        return {"Reservations": [{"Instances": [{"InstanceId": "x-1", "State": {"Name": name}}]}]}

    answers = Answers({"DescribeInstances": [state("shutting-down"), state("shutting-down"), state("terminated")]})
    answers.ec2.remove(leftover_of("TerminateInstances"))
    assert len(answers.of("DescribeInstances")) == 3
