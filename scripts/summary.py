"""Ends `make deploy`: what runs where, how to look at it, how to remove it.

Usage: summary.py INVENTORY CHANGES SECONDS
"""

import sys
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table


def main(inventory: str, changes: str, seconds: str) -> None:
    """Prints the summary of environment local from what the deployment wrote into the inventory."""
    generated = yaml.safe_load((Path(inventory) / "group_vars/all/generated.yml").read_text())
    instance = generated["elk_instance"]
    broker = generated["octopus_variables"]["LogHost"]
    package = Path(generated["logstash_package_url"]).name or "the vendor's repository"
    endpoint = generated["aws_endpoint_url"]

    events = "/var/log/logstash/events.jsonl"
    inside = f"docker exec {broker}"
    console = Console(highlight=False)
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for column in ("what", "where", "look at it"):
        table.add_column(column, overflow="fold")
    table.add_row(f"Logstash ({package})", f"container {broker}", f"{inside} systemctl status logstash")
    table.add_row("its events", events, f"{inside} tail {events}")
    table.add_row("its node API", f"port 9600 in {broker}", f"{inside} curl -s localhost:9600/_node/stats/pipelines")
    table.add_row("AWS emulator", endpoint, f"build/{instance}/emulator (log, data)")
    table.add_row("log shipper", "stack elb-logs", f"docker ps --filter label=elk.instance={instance}")
    console.print(table)
    console.print()
    done = "Nothing had to be changed" if changes == "0" else f"{changes} changes were made"
    console.print(f"[bold green]Environment local is up.[/] {done}, in {seconds} s. Remove it with: make destroy")


if __name__ == "__main__":
    main(*sys.argv[1:])
