"""Action of dashboard_template: makes the template of an environment's dashboard, on the control node only."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.messages import coded
from ..plugin_utils.alarm_options import ALARM_OPTIONS, ENVIRONMENT, definitions_of
from ..plugin_utils.alarms.dashboard import (
    DashboardTooLargeError,
    Deployment,
    LoadBalancer,
    Names,
    dashboard_body,
    dashboard_template,
)
from ..plugin_utils.alarms.definitions import without
from ..plugin_utils.masked_action import MaskedAction

TEXTS = ("bucket", "bucket_filter", "objects_queue", "failed_queue", "function", "agent_group")
LISTS = ("redis", "brokers", "indexers", "shippers")
LOAD_BALANCERS = ("broker_load_balancer", "elasticsearch_load_balancer")
OPTIONS = {
    **ALARM_OPTIONS,
    **ENVIRONMENT,
    "region": {"type": "str", "required": True},
    "without": {"type": "list", "elements": "str", "default": []},
    "deployments": {"type": "list", "elements": "dict", "default": []},
    "monitored": {"type": "bool", "default": False},
    **{name: {"type": "str", "default": ""} for name in TEXTS},
    **{name: {"type": "list", "elements": "str", "default": []} for name in LISTS},
    **{name: {"type": "dict", "default": {}} for name in LOAD_BALANCERS},
}


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "alarm_invalid"
    # The template is what the next task deploys.
    facts = MaskedAction.facts | {"template"}

    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        definitions = without(definitions_of(options), options["without"])
        names = Names(
            region=options["region"],
            environment=options["environment"],
            monitored=options["monitored"],
            **{name: options[name] for name in TEXTS},
            **{name: tuple(options[name]) for name in LISTS},
            **{name: LoadBalancer(**options[name]) if options[name] else None for name in LOAD_BALANCERS},
        )
        deployments = [Deployment(one["time"], one["label"]) for one in options["deployments"]]
        try:
            body = dashboard_body(names, definitions, deployments)
        except DashboardTooLargeError as error:
            raise AnsibleActionFail(coded(error.code, str(error))) from None
        return result | {"changed": False, "template": dashboard_template(body)}
