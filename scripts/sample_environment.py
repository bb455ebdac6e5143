"""A sample environment for what the documentation shows: made-up names, and the alarms that every environment gets."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "plugins/plugin_utils"))

from alarms.dashboard import Deployment, LoadBalancer, Names  # noqa: E402 - found through the line above
from alarms.definitions import Definitions, read  # noqa: E402

ALARMS = ROOT / "inventories/shared/alarms.yml"

NAMES = Names(
    region="eu-west-1",
    environment="staging",
    account="123456789012",
    partition="aws",
    bucket="example-staging-elb-logs",
    bucket_filter="logs",
    objects_queue="elb-logs-staging-shipper-objects",
    failed_queue="elb-logs-staging-shipper-failed",
    function="elb-logs-staging-shipper",
    broker_load_balancer=LoadBalancer("classic", "brokers-staging"),
    redis=("redis-staging-001",),
    elasticsearch_load_balancer=LoadBalancer("classic", "elasticsearch-staging"),
    monitored=True,
    brokers=("broker-1", "broker-2"),
    indexers=("indexer-1", "indexer-2"),
)
DEPLOYMENTS = (
    Deployment("2026-03-02T09:50:00Z", "function 41"),
    Deployment("2026-03-02T10:40:00Z", "function 42"),
)


def definitions() -> Definitions:
    """The list of all environments, for the sample. What Ansible would fill in, Jinja does alone."""
    variables: dict[str, Any] = {
        "octopus_environment": NAMES.environment,
        "elb_log_shipper_function_name": NAMES.function,
        "elb_log_shipper_log_bucket": NAMES.bucket,
        "elb_log_shipper_timeout": 300,
        "groups": {"brokers": NAMES.brokers, "indexers": NAMES.indexers},
    }
    given = {
        "monitored": NAMES.monitored,
        "broker_load_balancer": {"type": "classic", "name": NAMES.broker_load_balancer.name},
        "elasticsearch_load_balancer": {"type": "classic", "name": NAMES.elasticsearch_load_balancer.name},
    }
    jinja = NativeEnvironment()
    jinja.filters["combine"] = lambda one, other: {**one, **other}
    jinja.filters["bool"] = bool

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return jinja.from_string(value.strip()).render(variables) if "{{" in value else value
        if isinstance(value, Mapping):
            return {key: filled(one) for key, one in value.items()}
        return [filled(one) for one in value] if isinstance(value, list) else value

    # Each variable needs those above it only.
    for name, value in yaml.safe_load(ALARMS.read_text()).items():
        variables[name] = given.get(name, filled(value))
    found = read(variables["alarms"])
    if found.faults:
        raise ValueError(f"{ALARMS}: {found.faults}")
    return found
