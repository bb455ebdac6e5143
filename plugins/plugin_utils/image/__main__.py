"""The command line behind scripts/bake.sh.

image bake    --environment NAME --layer LAYER --values FILE   make the image of a layer, or say which one serves
image clean   --environment NAME --values FILE                 remove what dead bakes left
image harden  INSTANCE                                         let an instance answer IMDSv2 only (Packer calls this)
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from ...module_utils.messages import coded
from .bake import Bake, Cleaning, Cloud, Interrupted, Order
from .containers import Containers
from .ec2 import Ec2
from .errors import ImageError
from .packer import Packer, Variables
from .runs import Runs

# Not resolved: the checkout may be reached by a link, and is where it was called.
ROOT = Path.cwd()


def say(text: str) -> None:
    """A line for the user, at once."""
    print(text, flush=True)


def client(region: str, profile: str, endpoint: str) -> Any:
    """EC2, with credentials of the default chain."""
    session = boto3.session.Session(profile_name=profile or None, region_name=region or None)
    return session.client("ec2", endpoint_url=endpoint or None)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bake", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("bake", "clean"):
        command = commands.add_parser(name)
        command.add_argument("--environment", required=True)
        command.add_argument("--layer", default="brokers")
        command.add_argument("--inventory", type=Path, required=True)
        command.add_argument("--images", type=Path, required=True, help="where manifests and runs are kept")
        command.add_argument("--values", type=Path, required=True, help="what playbooks/image_inputs.yml wrote")
        command.add_argument(
            "--var-file",
            type=Path,
            action="append",
            default=[],
            help="more values for Packer, above those of the environment",
        )
    command.add_argument(
        "--hours", type=float, default=3.0, help="after which a bake of another machine counts as dead"
    )
    command.add_argument("--run", default="", help="only what is of this run")
    command.add_argument("--look", action="store_true", help="remove nothing")
    harden = commands.add_parser("harden")
    harden.add_argument("instance")
    harden.add_argument("--region", default="")
    harden.add_argument("--endpoint", default="")
    return parser.parse_args(arguments)


def order_of(options: argparse.Namespace, values: Mapping[str, Any]) -> Order:
    """What is asked for, with the state of the checkout."""
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    return Order(
        root=ROOT,
        images=options.images.absolute(),
        environment=options.environment,
        layer=options.layer,
        values=values,
        toolkit_version=str(galaxy["version"]),
        commit=commit(),
    )


def commit() -> str:
    """The checkout's commit, with ``+changes`` where files differ from it; ``unknown`` outside of git."""
    try:
        head, changes = (
            # Git, by its name and without a shell.
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if changes else head


def run(options: argparse.Namespace) -> None:
    """Does what the command line asks for."""
    if options.command == "harden":
        Ec2(client(options.region, "", options.endpoint), say).harden(options.instance)
        say(f"{options.instance} answers IMDSv2 only")
        return
    values = json.loads(options.values.read_text())
    order = order_of(options, values)
    endpoint = values["endpoint"] or os.environ.get("AWS_ENDPOINT_URL_EC2") or os.environ.get("AWS_ENDPOINT_URL", "")
    given = {
        "environment": options.environment,
        "layer": options.layer,
        "inventory": str(options.inventory),
        "region": values["region"],
        "endpoint": endpoint,
    }
    profile = {"AWS_PROFILE": values["profile"]} if values["profile"] else {}
    packer = Packer(ROOT, [*var_files(options), *options.var_file], given, profile)
    variables = packer.read()
    cloud = cloud_of(variables, values, endpoint)
    if options.command == "bake":
        Bake(order, packer, variables, cloud, say).run()
    else:
        cleaning = Cleaning(timedelta(hours=options.hours), options.run, options.look)
        cleaning.of(cloud, Runs(order.images / "runs"), datetime.now().astimezone(), say)


def var_files(options: argparse.Namespace) -> list[Path]:
    """The environment's var file.

    :raises ImageError: there is none.
    """
    folder = ROOT / "packer/environments"
    file = folder / f"{options.environment}.pkrvars.hcl"
    if not file.is_file():
        there = ", ".join(sorted(one.name.partition(".")[0] for one in folder.glob("*.pkrvars.hcl")))
        raise ImageError(
            "image_settings_invalid",
            f"there is no {file.relative_to(ROOT)}; environments that have one: {there}. "
            "Copy that of staging, and set its network",
        )
    return [file]


def cloud_of(variables: Variables, values: Mapping[str, Any], endpoint: str) -> Cloud:
    """Where the image is made."""
    if variables.builder == "docker":
        return Containers()
    return Ec2(client(values["region"], values["profile"], endpoint), say)


def main(arguments: list[str]) -> int:
    """0 when done; 1 with a message; 130 when interrupted."""
    try:
        run(parse(arguments))
    except ImageError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        hint = "Credentials come from the default chain: `aws sts get-caller-identity` shows whose they are"
        print("\n" + coded("aws_request_failed", f"{error}. {hint}"), file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        print("\ninterrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
