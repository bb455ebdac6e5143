"""`make bake-clean` removes what a bake of another machine left hours ago, all that it can leave, and nothing else."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RUN = "20260101T000000Z-0f1e2d"
TAGS = [{"Key": "elk:bake", "Value": RUN}]


def tagged(*kinds):
    return [{"ResourceType": kind, "Tags": TAGS} for kind in kinds]


def left(ec2):
    """What is there, by kind; instances only until they are terminated."""
    instances = [one for page in ec2.describe_instances()["Reservations"] for one in page["Instances"]]
    return {
        "instances": {one["InstanceId"] for one in instances if one["State"]["Name"] != "terminated"},
        "images": {one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]},
        "keys": {one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]},
        "groups": {one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"]},
        "volumes": {one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]},
    }


def test_all_that_a_dead_bake_left_is_removed_and_nothing_else(endpoint, ec2, tmp_path):
    (kept,) = ec2.run_instances(ImageId="ami-00000000000000d02", MinCount=1, MaxCount=1)["Instances"]
    before = left(ec2)
    (builder,) = ec2.run_instances(
        ImageId="ami-00000000000000d02", MinCount=1, MaxCount=1, TagSpecifications=tagged("instance", "volume")
    )["Instances"]
    # While Packer makes the image, neither image nor snapshot have a tag.
    ec2.create_image(InstanceId=builder["InstanceId"], Name=f"elk-brokers-9.5.2-x86_64-{RUN}")
    ec2.create_key_pair(KeyName=f"packer_{RUN}", TagSpecifications=tagged("key-pair"))
    ec2.create_security_group(GroupName=f"elk-bake-{RUN}", Description="x", TagSpecifications=tagged("security-group"))
    ec2.create_volume(AvailabilityZone="eu-west-1a", Size=8, TagSpecifications=tagged("volume"))
    assert left(ec2) != before

    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ELK_IMAGES": str(tmp_path / "images"),
    }
    ended = subprocess.run(
        [ROOT / "scripts/bake.sh", "clean", "staging"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"removed instance {builder['InstanceId']}" in ended.stdout
    assert kept["InstanceId"] not in ended.stdout
    assert left(ec2) == before
    snapshots = ec2.describe_snapshots(Filters=[{"Name": "description", "Values": ["Created by CreateImage*"]}])
    assert snapshots["Snapshots"] == []
