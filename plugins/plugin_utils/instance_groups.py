"""The layers whose hosts are groups of instances, as the stacks of templates/cloudformation/hosts.yml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LAYERS = ("indexers", "brokers")
"""In the order in which they are deployed: who takes events off a queue before who puts them there."""

# For a new machine to start, beside the time that it has to deploy itself.
START_MINUTES = 5
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html (PauseTime)
LONGEST_SIGNAL_MINUTES = 60

_TOKEN = "#{"  # noqa: S105 - of Octopus
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,18}")
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
_TAG = re.compile(r"[A-Za-z0-9+\-=.,_:@]{1,128}")


@dataclass(frozen=True)
class Option:
    """One that a group may have: what it sets in the template, and what its values look like."""

    parameter: str
    is_valid: Callable[[Any], bool]
    expected: str


def _like(parameter: str, pattern: str, expected: str) -> Option:
    return Option(parameter, lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)), expected)


def _one_of(parameter: str, *values: str) -> Option:
    return Option(parameter, lambda value: value in values, f"one of {', '.join(values)}")


def _number(parameter: str, low: int, high: int) -> Option:
    def is_valid(value: Any) -> bool:
        return not isinstance(value, bool) and bool(re.fullmatch(r"\d{1,5}", str(value))) and low <= int(value) <= high

    return Option(parameter, is_valid, f"a whole number from {low} to {high}")


def _all_like(parameter: str, pattern: str, expected: str) -> Option:
    def is_valid(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(one, str) and re.fullmatch(pattern, one) for one in value)

    return Option(parameter, is_valid, f"a list of {expected}")


def _cidr(parameter: str) -> Option:
    return _like(parameter, r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}", "addresses such as 10.0.0.0/16")


def _security_group(parameter: str) -> Option:
    return _like(parameter, r"sg-[0-9a-f]{8,17}", "the id of a security group, sg-...")


def _prefix_list(parameter: str) -> Option:
    return _like(parameter, r"pl-[0-9a-f]{8,17}", "the id of a prefix list, pl-...")


def _key(parameter: str) -> Option:
    return _like(parameter, r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+", "the ARN of a key of KMS")


OPTIONS: dict[str, Option] = {
    "min": _number("MinSize", 1, 1000),
    "max": _number("MaxSize", 2, 1000),
    "instance_type": _like("InstanceType", r"[a-z0-9-]+\.[a-z0-9-]+", "a type of instance such as m7g.large"),
    "image": _like("ImageId", r"ami-[0-9a-f]{8,17}", "the id of an image, ami-..."),
    "bundle": _like(
        "Bundle",
        r"s3://[a-z0-9.-]{3,63}/bundles/[A-Za-z0-9-]+/([0-9a-f]{64}|current)\.json",
        "s3://<bucket>/bundles/<environment>/<sha256>.json",
    ),
    "vpc": _like("VpcId", r"vpc-[0-9a-f]{8,17}", "the id of a VPC, vpc-..."),
    "subnets": _all_like("SubnetIds", r"subnet-[0-9a-f]{8,17}", "ids of subnets, subnet-..."),
    "root_device": _like("RootDevice", r"/dev/\w+", "the name of a device such as /dev/xvda"),
    "volume_size": _number("VolumeGigabytes", 8, 16384),
    "volume_key": _key("VolumeKmsKeyArn"),
    "launch_timeout": _number("LaunchTimeoutSeconds", 60, 3300),
    "termination_timeout": _number("TerminationTimeoutSeconds", 60, 7200),
    "unsaved_instances": _one_of("UnsavedInstances", "terminate", "retain"),
    "grace_period": _number("GraceSeconds", 0, 7200),
    "deregistration_delay": _number("DeregistrationSeconds", 0, 3600),
    "tcp_port": _number("TcpPort", 1, 65535),
    "http_port": _number("HttpPort", 1, 65535),
    "health_check.protocol": _one_of("HealthCheckProtocol", "TCP", "HTTP", "HTTPS"),
    "health_check.port": _number("HealthCheckPort", 1, 65535),
    "health_check.path": _like("HealthCheckPath", r"/\S{0,1023}", "a path such as /health"),
    "health_check.interval": _number("HealthCheckIntervalSeconds", 5, 300),
    "health_check.timeout": _number("HealthCheckTimeoutSeconds", 2, 120),
    "health_check.unhealthy_after": _number("UnhealthyAfter", 2, 10),
    "health_check.healthy_after": _number("HealthyAfter", 2, 10),
    "clients.cidr": _cidr("ClientCidr"),
    "clients.security_group": _security_group("ClientSecurityGroupId"),
    "clients.prefix_list": _prefix_list("ClientPrefixListId"),
    "control.cidr": _cidr("ControlCidr"),
    "control.security_group": _security_group("ControlSecurityGroupId"),
    "redis.port": _number("RedisPort", 1, 65535),
    "redis.cidr": _cidr("RedisCidr"),
    "redis.security_group": _security_group("RedisSecurityGroupId"),
    "elasticsearch.port": _number("ElasticsearchPort", 1, 65535),
    "elasticsearch.cidr": _cidr("ElasticsearchCidr"),
    "elasticsearch.security_group": _security_group("ElasticsearchSecurityGroupId"),
    "endpoints.cidr": _cidr("EndpointsCidr"),
    "endpoints.security_group": _security_group("EndpointsSecurityGroupId"),
    "endpoints.prefix_list": _prefix_list("EndpointsPrefixListId"),
    # A wildcard may stand for the end of a name, and never for region, account, or all names.
    "secrets": _all_like(
        "SecretArns",
        r"arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:\d{12}:secret:|ssm:[a-z0-9-]+:\d{12}:parameter/)[^*?,\s][^,\s]*",
        "ARNs of secrets of Secrets Manager and of parameters of Systems Manager",
    ),
    "secrets_key": _key("SecretsKeyArn"),
}
"""By their names in ``instance_groups``; a dot leads into a mapping. All but some have a default in the template."""

REQUIRED = ("min", "max", "instance_type", "vpc", "subnets")
PARTS = ("image", "bundle")
"""What a group keeps, if nobody names another."""

_MAPPINGS = {name.partition(".")[0] for name in OPTIONS if "." in name}


@dataclass(frozen=True)
class Environment:
    """What an environment's groups have in common.

    :param name: as tags, bundles and stacks have it.
    :param artifact_bucket: where bundles, saved queues and the history are.
    :param parameters: further ones of the template; a group's own options take precedence.
    :param tags: of the stacks, and so of the instances.
    """

    name: str
    artifact_bucket: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Iterable[str] = ()

    @property
    def history(self) -> str:
        """Where instances write what became of them."""
        return f"s3://{self.artifact_bucket}/deployments/{self.name}"


def stack_name(layer: str, environment: str) -> str:
    """The stack, the group and the load balancer of a layer."""
    return f"{layer.removesuffix('s')}-{environment}"


def check(groups: Mapping[str, Any], defaults: Mapping[str, Any], environment: Environment) -> list[str]:
    """All that is wrong with the groups, a line each."""
    faults = []
    if groups and not _ENVIRONMENT.fullmatch(environment.name):
        faults.append(
            f"octopus_environment is {environment.name!r}; groups of instances need letters, digits and hyphens, 19 at "
            "most, since target groups are named for it. Give the environment another name."
        )
    faults += [
        f"aws_stacks_tags has the key {key!r}; the instances of a group read their tags in the instance metadata, "
        "where a key has letters, digits and + - = . , _ : @ only. Rename it, or the group could start no instance."
        for key in (environment.tags if groups else ())
        if not _TAG.fullmatch(str(key))
    ]
    for layer, given in groups.items():
        if layer not in LAYERS:
            faults.append(
                f"instance_groups has the layer {layer!r}; expected one of {', '.join(LAYERS)}. A shipper reads files "
                "of the host that writes them, and can't be replaced by another."
            )
        elif not isinstance(given, Mapping):
            faults.append(f"instance_groups.{layer} is {given!r}; expected a mapping with min, max, instance_type.")
        else:
            faults += _faults(f"instance_groups.{layer}", flat({**defaults, **given}))
    return faults


def flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options by their names in :data:`OPTIONS`; those that are empty are left out."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in _MAPPINGS and isinstance(value, Mapping):
            found |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _faults(place: str, given: Mapping[str, Any]) -> list[str]:
    faults = [
        f"{place} lacks {name}. Set it, or in instance_group_defaults for all groups."
        for name in REQUIRED
        if name not in given
    ]
    for name, value in given.items():
        option = OPTIONS.get(name)
        if option is None:
            known = sorted({one.partition(".")[0] for one in OPTIONS})
            faults.append(f"{place} has {name}, which is no option of a group; expected some of {', '.join(known)}.")
        elif _TOKEN not in str(value) and not option.is_valid(value):
            faults.append(f"{place}.{name} is {value!r}; expected {option.expected}. Correct it.")
    return faults or [f"{place}{text}" for text in _contradictions(given)]


def _contradictions(given: Mapping[str, Any]) -> list[str]:
    """What is wrong between options that are right by themselves."""
    faults = []
    number = {name: int(value) for name, value in given.items() if str(value).isdigit()}
    if number.get("max", 2) <= number.get("min", 1):
        faults.append(
            f".max is {given['max']}, and min {given['min']}; expected at least one more, for the successor that comes "
            "before an instance goes. Raise max."
        )
    interval, timeout = number.get("health_check.interval", 30), number.get("health_check.timeout", 20)
    if timeout > interval:
        faults.append(
            f".health_check.timeout is {timeout}; expected no more than the interval, {interval}. Correct it."
        )
    if number.get("tcp_port", 5000) == number.get("http_port", 8080):
        faults.append(
            f".tcp_port and http_port are both {number['tcp_port']}; expected two ports. Correct one of them."
        )
    if not any(name.startswith("endpoints.") for name in given):
        faults.append(
            " has no endpoints; expected where its instances reach AWS, endpoints: {prefix_list: pl-..., "
            "security_group: sg-...} of the VPC's endpoints, or {cidr: 0.0.0.0/0} behind a NAT gateway. Without, they "
            "could fetch no bundle."
        )
    return faults


def running_parts(stack: Mapping[str, Any]) -> dict[str, str]:
    """The image and the bundle that a stack has, from its parameters as ``amazon.aws.cloudformation_info`` has them."""
    parameters = stack.get("stack_parameters") or {}
    return {name: parameters[OPTIONS[name].parameter] for name in PARTS if parameters.get(OPTIONS[name].parameter)}


def stacks(
    groups: Mapping[str, Any],
    defaults: Mapping[str, Any],
    environment: Environment,
    template: str,
    running: Mapping[str, Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[str]]:
    """(the groups as entries of ``aws_stacks_stacks``, the layers whose group lacks its image or its bundle).

    Both are in the order of :data:`LAYERS`.

    :param running: the stacks that are there, by name; a group that names no image or no bundle keeps what it has.
    """
    made, waiting = [], []
    for layer in (one for one in LAYERS if one in groups):
        name = stack_name(layer, environment.name)
        given = {**running_parts(running.get(name, {})), **flat({**defaults, **groups[layer]})}
        if all(part in given for part in PARTS):
            made.append(_stack(layer, given, environment, template))
        else:
            waiting.append(layer)
    return made, waiting


def _stack(layer: str, given: Mapping[str, Any], environment: Environment, template: str) -> dict[str, Any]:
    launch = int(given.get("launch_timeout", 900))
    signal = min(-(-launch // 60) + START_MINUTES, LONGEST_SIGNAL_MINUTES)
    asked = {OPTIONS[name].parameter for name in ("health_check.protocol", "health_check.port", "health_check.path")}
    # What a group's own health check asks for is not mixed with what the environment's asks for.
    has_own = not asked.isdisjoint(OPTIONS[name].parameter for name in given)
    parameters = {
        **{name: value for name, value in environment.parameters.items() if not (has_own and name in asked)},
        "Environment": environment.name,
        "Layer": layer,
        "ArtifactBucket": environment.artifact_bucket,
        "SignalTimeout": f"PT{signal}M",
        "SecretArns": [],
        **{OPTIONS[name].parameter: value for name, value in given.items()},
        "ReadsSecrets": "secrets" in given,
    }
    return {
        "name": stack_name(layer, environment.name),
        "template": template,
        "parameters": parameters,
        "parameter_variables": {OPTIONS[name].parameter: f"instance_groups.{layer}.{name}" for name in OPTIONS},
        "capabilities": ["CAPABILITY_IAM"],
        "history": environment.history,
        # One after the other, and as long again for the way back.
        "timeout": 2 * (int(given["max"]) * signal + START_MINUTES),
    }
