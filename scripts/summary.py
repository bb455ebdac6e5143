"""Ends `make deploy`: what runs where, how to look at it, how to remove it.

Usage: summary.py INVENTORY CHANGES SECONDS
"""

import sys
from pathlib import Path

import yaml
from rich.console import Console

EVENTS = "/var/log/logstash/events.jsonl"


def main(inventory: str, changes: str, seconds: str) -> None:
    """Prints the summary of environment local from what the deployment wrote into the inventory."""
    generated = yaml.safe_load((Path(inventory) / "group_vars/all/generated.yml").read_text())
    instance = generated["elk_instance"]
    broker = generated["octopus_variables"]["LogHost"]
    package = Path(generated["logstash_package_url"]).name or "from the vendor's repository"
    endpoint = generated["aws_endpoint_url"]
    rows = [
        ("Logstash", f"container {broker} ({package})", f"docker exec {broker} systemctl status logstash"),
        ("its events", f"{EVENTS} in it", f"docker exec {broker} tail {EVENTS}"),
        ("its node API", "port 9600 in it", f"docker exec {broker} curl -s localhost:9600/_node/stats/pipelines"),
        ("AWS emulator", endpoint, f"curl -s {endpoint}/_localstack/health"),
        ("log shipper", "stack elb-logs in it", f"docker ps --filter network={instance}"),
        ("alarms", "stacks notifications-local and alarms-local in it", "make alarms; make drill"),
        ("log bucket", "s3://example-local-elb-logs in it, where load balancers write", "make verify"),
    ]
    console = Console(highlight=False, soft_wrap=True)
    for name, where, look in rows:
        console.print(f"  [bold]{name:13}[/] {where}\n{'':16}look: {look}")
    done = "Nothing had to be changed" if changes == "0" else f"{changes} changes were made"
    console.print(f"\n[bold green]Environment local is up.[/] {done}, in {seconds} s. Remove it with: make destroy")


if __name__ == "__main__":
    main(*sys.argv[1:])
