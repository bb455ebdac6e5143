"""Registers a baked container image in the emulated EC2: `register_image.py --inventory DIR --record FILE`.

FILE is what `make bake` has written (build/images/<environment>-<layer>.json). Prints the id of the image, by which
groups name it. Does nothing
where the inventory has no emulator.
"""

import argparse
import json
import subprocess
from pathlib import Path

import boto3
import yaml

REGION = "eu-west-1"
CONTAINER_IMAGE = "elk:container-image"


def labels_of(image: str) -> dict[str, str]:
    """What the bake has said about a container image, as tags of EC2 are named."""
    found = subprocess.run(["docker", "image", "inspect", image], capture_output=True, text=True, check=True).stdout
    labels = json.loads(found)[0]["Config"]["Labels"] or {}
    return {name.replace("elk.", "elk:", 1): value for name, value in labels.items() if value}


def register(endpoint: str, image: str, fingerprint: str) -> str:
    """The id of the image that stands for a container image; it is made where there is none."""
    ec2 = boto3.client(
        "ec2",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
    )
    found = ec2.describe_images(Filters=[{"Name": f"tag:{CONTAINER_IMAGE}", "Values": [image]}])["Images"]
    if found:
        return found[0]["ImageId"]
    tags = {"Name": image, **labels_of(image), "elk:fingerprint": fingerprint, CONTAINER_IMAGE: image}
    made = ec2.register_image(Name=image.replace("/", "-").replace(":", "-"), RootDeviceName="/dev/xvda")["ImageId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inventory", required=True, type=Path)
    parser.add_argument("--record", required=True, type=Path)
    options = parser.parse_args()
    generated = options.inventory / "group_vars/all/generated.yml"
    endpoint = yaml.safe_load(generated.read_text()).get("aws_endpoint_url") if generated.exists() else None
    if endpoint:
        record = json.loads(options.record.read_text())
        made = register(endpoint, record["image"], record["fingerprint"])
        # scripts/upgrade.py reads it, as it reads the bake's own line of a real image.
        print(f"image {made} serves: {record['image']} in the emulated EC2")


if __name__ == "__main__":
    main()
