"""All benchmarks, or those that are named: ``python -m tests.benchmarks [name …]``. Called by ``make bench``."""

from __future__ import annotations

import sys

import tests.conftest  # noqa: F401 - makes the checkout importable as the collection
from tests.benchmarks import log_shipper, logstash_role, many_hosts
from tests.benchmarks.octopus import language, scopes

BENCHMARKS = {
    "octopus-language": language.run,
    "octopus-scopes": scopes.run,
    "logstash-role": logstash_role.run,
    "many-hosts": many_hosts.run,
    "log-shipper": log_shipper.run,
}


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
