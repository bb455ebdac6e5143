"""Reading variable files and choosing values: 5,000 variables with 8 scopes each, for 100 hosts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import evaluate
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import Host, host_variables
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.loader import load_catalog

from ..measure import Row, seconds, show

VARIABLES = 5_000
HOSTS = 100
SCOPES = (
    "",
    "environment: staging",
    "environment: [production, ci]",
    "role: web",
    "role: [web, eu]",
    "machine: host-7",
    "{environment: staging, role: web}",
    "{environment: production, role: eu, machine: [host-8, host-9]}",
)


def variable_file(variables: int) -> str:
    entries = []
    for number in range(variables):
        for place, scope in enumerate(SCOPES):
            body = scope if scope.startswith("{") else f"{{{scope}}}"
            entries.append(f"- {{name: Variable.{number}, value: 'value {place}', scope: {body}}}\n")
    return "".join(entries)


def hosts(count: int) -> list[Host]:
    return [
        Host(f"host-{number}", ("staging", "production")[number % 2], groups=("web",) if number % 3 else ("web", "eu"))
        for number in range(count)
    ]


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "variables.yml"
        path.write_text(variable_file(VARIABLES))
        catalog = load_catalog([str(path)], cache=folder)

        def resolve(count: int) -> None:
            for host in hosts(count):
                chosen = host_variables(host, catalog)
                assert evaluate("#{Variable.1}", chosen.variables).text.startswith("value ")

        def read(cache: str | None, version: list[int]) -> None:
            version[0] += 1  # a file of another name is another file, for the cache of this process
            link = Path(folder) / f"{version[0]}.yml"
            link.symlink_to(path)
            load_catalog([str(link)], cache=cache)

        ten, hundred = seconds(lambda: resolve(HOSTS // 10), lambda: resolve(HOSTS), rounds=2)
        version = [0]
        (parse,) = seconds(lambda: read(None, version), rounds=1)
    show(
        "Scopes: 5,000 variables, 40,000 values",
        [
            Row("choose for 100 hosts", hundred, ten * 10, "10 times 10 hosts per time (about 1: linear)"),
            Row("read the file, against choosing for one host", parse, hundred / HOSTS, "once a run, not once a host"),
        ],
    )
