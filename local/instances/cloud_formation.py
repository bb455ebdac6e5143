"""What moto's CloudFormation leaves out of templates with groups and load balancers, from AWS's template reference."""

import contextlib
import re
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import Change, ChangeSet
from moto.cloudformation.responses import CloudFormationResponse
from moto.elbv2.exceptions import ListenerNotFoundError
from moto.elbv2.models import FakeListener, FakeLoadBalancer, FakeTargetGroup, elbv2_backends

_change_set_diff = ChangeSet.diff
_validate_different_update = CloudFormationResponse._validate_different_update
_clean_json = parsing.clean_json
_attribute_of_load_balancer = FakeLoadBalancer.get_cfn_attribute


def change_set_diff(self: ChangeSet) -> Any:
    """The changes of a change set; moto leaves out those that come from a parameter."""
    resources = self.stack.resource_map
    changed = {name for name, value in self.parameters.items() if resources.input_parameters.get(name) != value}
    changes = _change_set_diff(self)
    known = {change.logical_resource_id for change in changes}
    touched = set(changed)
    more = True
    while more:  # what refers to a resource that changes, changes with it
        more = False
        for name, resource in self.template_dict["Resources"].items():
            if name not in touched and name in resources._resource_json_map and touched & references(resource):
                touched.add(name)
                more = True
    changes += [
        Change(action="Modify", logical_resource_id=name, resource_type=self.template_dict["Resources"][name]["Type"])
        for name in self.template_dict["Resources"]
        if name in touched and name not in known
    ]
    return changes


def references(resource: Any) -> set[str]:
    """The names that a part of a template refers to."""
    if isinstance(resource, list):
        return set().union(*(references(one) for one in resource)) if resource else set()
    if not isinstance(resource, dict):
        return set()
    found = set()
    for key, value in resource.items():
        if key == "Ref":
            found.add(value)
        elif key == "Fn::GetAtt":
            found.add(value[0] if isinstance(value, list) else str(value).partition(".")[0])
        elif key == "Fn::Sub":
            text = value if isinstance(value, str) else value[0]
            found |= {name.partition(".")[0] for name in re.findall(r"\$\{([\w.:]+)\}", text)}
            if not isinstance(value, str):
                found |= references(value[1])
        else:
            found |= references(value)
    return found


def clean_json(part: Any, resources: Any) -> Any:
    """A part of a template with its functions resolved; moto leaves a None in a list for what is AWS::NoValue."""
    cleaned = _clean_json(part, resources)
    return [one for one in cleaned if one is not None] if isinstance(part, list) else cleaned


def validate_different_update(self: CloudFormationResponse, *given: Any) -> None:
    """An update without a change is refused; a change set without one is made, and has failed."""
    if self._get_action() != "CreateChangeSet":
        _validate_different_update(self, *given)


def create_load_balancer(_cls: type, name: str, resource: dict[str, Any], account: str, region: str, **_: Any) -> Any:
    """A stack's load balancer; moto makes an Application Load Balancer of any."""
    properties = resource["Properties"]
    return elbv2_backends[account][region].create_load_balancer(
        name,
        properties.get("SecurityGroups"),
        properties.get("Subnets"),
        scheme=properties.get("Scheme", "internet-facing"),
        loadbalancer_type=properties.get("Type"),
    )


def attribute_of_load_balancer(self: FakeLoadBalancer, name: str) -> Any:
    """A load balancer's attribute; the full name is how CloudWatch names it."""
    if name == "LoadBalancerFullName":
        return self.arn.partition(":loadbalancer/")[2]
    return _attribute_of_load_balancer(self, name)


def attribute_of_target_group(self: FakeTargetGroup, name: str) -> Any:
    """A target group's attribute; moto has none."""
    full = self.arn.rpartition(":")[2]
    return {"TargetGroupArn": self.arn, "TargetGroupName": self.name, "TargetGroupFullName": full}[name]


def delete_target_group(self: FakeTargetGroup, account: str, region: str) -> None:
    """Goes with its stack; moto leaves it, so that the same stack could not be made again."""
    elbv2_backends[account][region].delete_target_group(self.arn)


def delete_listener(self: FakeListener, account: str, region: str) -> None:
    """Goes with its stack, or has gone with its load balancer."""
    with contextlib.suppress(ListenerNotFoundError):
        elbv2_backends[account][region].delete_listener(self.arn)


def adapt() -> None:
    """Makes moto's stacks behave so."""
    parsing.clean_json = clean_json
    # Its own sees no name in Fn::Sub, so that a parameter which is only there would change nothing.
    parsing.get_references_from_template = references
    ChangeSet.diff = change_set_diff
    CloudFormationResponse._validate_different_update = validate_different_update
    FakeLoadBalancer.create_from_cloudformation_json = classmethod(create_load_balancer)
    FakeLoadBalancer.get_cfn_attribute = attribute_of_load_balancer
    FakeTargetGroup.get_cfn_attribute = attribute_of_target_group
    FakeTargetGroup.has_cfn_attr = classmethod(lambda _cls, name: name.startswith("TargetGroup"))
    FakeTargetGroup.delete = delete_target_group
    FakeListener.delete = delete_listener
