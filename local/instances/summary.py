"""Ends `make bake` of environment local: the image, the instance and what it says, how to look at it, how to remove it.

Usage: summary.py --state DIR --layer LAYER --record FILE --seconds N [--baked]
"""

import argparse
import json
import subprocess
from pathlib import Path

import boto3
from rich.console import Console

RESULT = "/var/lib/elk/first-boot.json"


def inside(container: str, *command: str) -> str:
    """What a command in a container says; empty where it fails."""
    found = subprocess.run(["docker", "exec", container, *command], capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else ""


def main() -> None:
    """Prints it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--layer", required=True)
    parser.add_argument("--record", required=True, type=Path)
    parser.add_argument("--seconds", required=True)
    parser.add_argument("--baked", action="store_true", help="whether this run made the image")
    options = parser.parse_args()
    emulator = json.loads((options.state / "emulator/emulator.json").read_text())
    endpoint = f"http://127.0.0.1:{emulator['port']}"
    record = json.loads(options.record.read_text())
    groups = boto3.client(
        "autoscaling",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
    ).describe_auto_scaling_groups()["AutoScalingGroups"]
    rows = [("image", record["image"], f"docker run --rm {record['image']} cat /etc/elk/image.json")]
    rows.append(("its manifest", f"build/images/{record['fingerprint']}.json", ""))
    for instance in (one for group in groups for one in group["Instances"]):
        container = f"{emulator['network']}-{instance['InstanceId']}"
        result = json.loads(inside(container, "cat", RESULT) or "{}")
        node = json.loads(inside(container, "curl", "-s", "localhost:9600") or "{}")
        said = f"{result.get('result', 'nothing yet')}: {result.get('reason', '')}"
        rows += [
            ("instance", f"{container}, {instance['LifecycleState']}", f"docker exec -it {container} bash"),
            ("first boot", said, f"docker exec {container} journalctl -u elk-first-boot"),
            ("node", f"id {node.get('id', '-')}, {node.get('status', '-')}, Logstash {node.get('version', '-')}",
             f"docker exec {container} curl -s localhost:9600/_node/stats/pipelines"),
        ]  # fmt: skip
    rows.append(("emulator", endpoint, f"tail {options.state}/emulator/emulator.log"))
    console = Console(highlight=False, soft_wrap=True)
    for name, what, look in rows:
        console.print(f"  [bold]{name:13}[/] {what}" + (f"\n{'':16}look: {look}" if look else ""))
    image = "The image is baked" if options.baked else "The image serves; nothing was baked"
    console.print(
        f"\n[bold green]{image}, and the instance has deployed itself.[/] This took {options.seconds} s. "
        "Another version: make upgrade VERSION=... Remove it with: make destroy"
    )


if __name__ == "__main__":
    main()
