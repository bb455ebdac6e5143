"""Whether the keywords that connect the layers, and the numbers of a rollout, are known ones.

A wrong keyword would only show as a template or a key that does not exist. What is no number of hosts would become 0 in
a play's serial, which is all at once, and seconds such as `2m` would be 0, which is no soak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError

# By variable, the values that it may have.
KEYWORDS = {
    "log_transport": ("tcp", "http"),
    "broker_output": ("redis", "elasticsearch", "file"),
    "indexer_output": ("elasticsearch", "file"),
    "open_hops": ("warn", "fail", "ignore"),
}
SECONDS = ("rollout_soak_seconds", "rollout_ready_seconds", "balancer_unhealthy_seconds", "balancer_healthy_seconds")
SERIAL = re.compile("[1-9][0-9]*|[1-9][0-9]?%|100%")


_Fits = Callable[[Any], object]


def faults(variables: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with those of a host's ``variables`` that are set, each with its value and what is expected."""
    for name, allowed in KEYWORDS.items():
        expected = f"{', '.join(allowed[:-1])} or {allowed[-1]}. Correct it in the inventory."
        yield from _fault(variables, name, allowed.__contains__, expected)
    yield from _fault(
        variables,
        "logstash_serial",
        lambda value: SERIAL.fullmatch(str(value)),
        "a number of hosts such as 1, or a share from 1% to 100%. Correct it: without it all are changed at once.",
    )
    for name in SECONDS:
        yield from _fault(
            variables,
            name,
            lambda value: re.fullmatch("[0-9]{1,5}", str(value)),
            "a whole number of seconds, such as 120, or 0 for none. Correct it in the inventory.",
        )


def _fault(variables: Mapping[str, Any], name: str, fits: _Fits, expected: str) -> Iterator[str]:
    if name not in variables:
        return
    try:
        value = variables[name]
    except AnsibleError as error:
        yield f"{name} has no value: {str(error).rstrip('.')}. Expected {expected}"
        return
    if not fits(value):
        yield f"{name} is {json.dumps(value, default=str)}; expected {expected}"
