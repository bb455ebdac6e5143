"""The policies of whoever deploys: they allow what a deployment asks for, and nothing else.

- deployer_calls.jsonl: the calls of the toolkit itself, recorded by tests/end_to_end/aws/test_deployer_policy.py
- the schemas of CloudFormation's resource types, which cfn-lint brings along: what CloudFormation asks for, as the
  deployer
- actions.csv: facts of AWS's service authorization reference. A * marks a type of resource that has to be allowed.
- not_needed.csv: what a schema names and no template uses
- wildcards.csv: which actions CloudFormation asks for, where a schema names a pattern
- not_recorded.csv: what no recorded call asks for
"""

import csv
import fnmatch
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import recorded_calls
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import read
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from deployer_policy import ACCOUNT, NAMES, allowed, asked, listed, not_in_policies, refused, statements, texts

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: of a managed policy, without white space
LONGEST = 6_144
ENVIRONMENT, BUCKET, ARTIFACTS = (NAMES[name] for name in ("Environment", "LogBucket", "ArtifactBucket"))
REGION = f"{NAMES['Region']}:{ACCOUNT}"
FUNCTION = f"arn:aws:lambda:{REGION}:function:elb-logs-{ENVIRONMENT}-shipper"
VIA = {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}
LAYERS = ("broker", "indexer")
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/elb-logs-{ENVIRONMENT}-FunctionRole-ABC"
INSTANCE_ROLES = [f"arn:aws:iam::{ACCOUNT}:role/{name}-{ENVIRONMENT}-InstanceRole-ABC" for name in LAYERS]
BALANCERS = f"arn:aws:elasticloadbalancing:{REGION}"
# What an environment has of each type of resource in IAM's reference.
RESOURCES = {
    "lambda": {
        "function": FUNCTION,
        "function-alias": f"{FUNCTION}:live",
        "function-version": f"{FUNCTION}:7",
        "eventSourceMapping": f"arn:aws:lambda:{REGION}:event-source-mapping:one",
        "code-signing-config": f"arn:aws:lambda:{REGION}:code-signing-config:csc-one",
    },
    "iam": {
        "role": [FUNCTION_ROLE, *INSTANCE_ROLES],
        "instance-profile": [
            f"arn:aws:iam::{ACCOUNT}:instance-profile/{name}-{ENVIRONMENT}-InstanceProfile-ABC" for name in LAYERS
        ],
    },
    "s3": {"bucket": f"arn:aws:s3:::{BUCKET}", "object": f"arn:aws:s3:::{ARTIFACTS}/elb_log_shipper/one.zip"},
    "sqs": {"queue": [f"arn:aws:sqs:{REGION}:elb-logs-{ENVIRONMENT}-shipper-{name}" for name in ("objects", "failed")]},
    "sns": {"topic": [f"arn:aws:sns:{REGION}:elk-{ENVIRONMENT}-{name}" for name in ("alarms", "notifications")]},
    "kms": {"key": f"arn:aws:kms:{REGION}:key/one"},
    # With :*, but for tags: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    "logs": {
        "log-group": [
            f"arn:aws:logs:{REGION}:log-group:/aws/lambda/elb-logs-{ENVIRONMENT}-shipper{end}" for end in ("", ":*")
        ]
    },
    "cloudwatch": {
        "alarm": f"arn:aws:cloudwatch:{REGION}:alarm:{ENVIRONMENT}-one",
        "dashboard": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/dashboard-{ENVIRONMENT}",
    },
    "ec2": {
        "security-group": f"arn:aws:ec2:{REGION}:security-group/sg-one",
        "vpc": f"arn:aws:ec2:{REGION}:vpc/vpc-one",
        "image": f"arn:aws:ec2:{NAMES['Region']}::image/ami-one",
        **{
            name: f"arn:aws:ec2:{REGION}:{name}/one"
            for name in ("instance", "launch-template", "network-interface", "subnet", "volume")
        },
    },
    "autoscaling": {
        "autoScalingGroup": [
            f"arn:aws:autoscaling:{REGION}:autoScalingGroup:one:autoScalingGroupName/{name}-{ENVIRONMENT}"
            for name in LAYERS
        ]
    },
    "elasticloadbalancing": {
        "loadbalancer/net": f"{BALANCERS}:loadbalancer/net/broker-{ENVIRONMENT}/one",
        "listener/net": f"{BALANCERS}:listener/net/broker-{ENVIRONMENT}/one/two",
        "targetgroup": f"{BALANCERS}:targetgroup/broker-{ENVIRONMENT}-5000/one",
    },
}
# Of the types that an action may have, the one that a type of CloudFormation is.
OWN = {
    "AWS::Lambda::EventSourceMapping": "eventSourceMapping",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::EC2::LaunchTemplate": "launch-template",
    "AWS::EC2::SecurityGroup": "vpc",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "loadbalancer/net",
    "AWS::ElasticLoadBalancingV2::Listener": "listener/net",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "targetgroup",
}
# The roles of a type that is no role itself: for what it passes on, and to whom.
PASSED = {
    "AWS::Lambda::Function": ([FUNCTION_ROLE], "lambda.amazonaws.com"),
    "AWS::IAM::InstanceProfile": (INSTANCE_ROLES, "ec2.amazonaws.com"),
    "AWS::AutoScaling::AutoScalingGroup": (INSTANCE_ROLES, "ec2.amazonaws.com"),
}
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
CONDITIONS = {
    "lambda:CreateEventSourceMapping": {"lambda:FunctionArn": f"{FUNCTION}:live"},
}


def table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((HERE / name).open()))


FACTS = {row["action"]: row["resource_types"].split() for row in table("actions.csv")}
WILDCARDS = {row["permission"]: row["actions"].split() for row in table("wildcards.csv")}
NOT_NEEDED = [row["permission"] for row in table("not_needed.csv")]
Asked = tuple[str, str, tuple[tuple[str, str], ...]]


def types() -> set[str]:
    """The types of the resources in the stacks; those of the generated templates are named here."""
    files = (
        "roles/elb_log_shipper/files/elb-logs.yml",
        "templates/cloudformation/notifications.yml",
        "templates/cloudformation/hosts.yml",
    )
    listed = {one["Type"] for file in files for one in read((ROOT / file).read_text())["Resources"].values()}
    generated = ("SNS::Subscription", "CloudWatch::Alarm", "CloudWatch::CompositeAlarm", "CloudWatch::Dashboard")
    return listed | {f"AWS::{name}" for name in generated}


@functools.cache
def handlers(kind: str) -> dict[str, dict[str, list[str]]]:
    """What CloudFormation asks for, to create, read, update, delete and list resources of a type."""
    found: dict[str, dict[str, list[str]]] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema[
        "handlers"
    ]
    return found


def permissions() -> set[tuple[str, str]]:
    """(type, permission) of what CloudFormation needs to make, read, change and delete the resources."""
    return {
        (kind, one)
        for kind in types()
        for name, handler in handlers(kind).items()
        if name != "list"
        for permission in handler["permissions"]
        for one in named(permission)
    }


def named(permission: str) -> list[str]:
    """The actions of a permission, which may have a wildcard."""
    service, _, action = permission.partition(":")
    return [f"{service}:{one}" for one in WILDCARDS[permission]] if "*" in action else [permission]


def resources(kind: str, action: str) -> Iterator[str]:
    """The ARNs that an action is asked for with, for a resource of a type of CloudFormation."""
    if action == "iam:CreateServiceLinkedRole":
        yield SERVICE_ROLE
        return
    if action == "iam:PassRole":
        yield from PASSED.get(kind, PASSED["AWS::Lambda::Function"])[0]
        return
    facts = FACTS.get(action, ["unknown*"])
    known = RESOURCES.get(action.partition(":")[0], {})
    required = [one.rstrip("*") for one in facts if one.endswith("*")]
    optional = [one for one in facts if one == OWN.get(kind)] or [one for one in facts if one in known][-1:]
    for one in required or optional:
        yield from listed(known.get(one, f"no {one}"))
    if not facts:
        yield "*"


@pytest.fixture(scope="module")
def by_cloudformation() -> set[Asked]:
    """What CloudFormation asks for as the deployer."""
    return {
        (action, arn, tuple({**VIA, **conditions(kind, action)}.items()))
        for kind, action in permissions()
        if not any(fnmatch.fnmatchcase(action, pattern) for pattern in NOT_NEEDED) or is_read(kind, action)
        for arn in resources(kind, action)
    }


def conditions(kind: str, action: str) -> dict[str, str]:
    """The condition keys of a request, beside who calls."""
    return (
        {"iam:PassedToService": PASSED.get(kind, PASSED["AWS::Lambda::Function"])[1]}
        if action == "iam:PassRole"
        else CONDITIONS.get(action, {})
    )


def is_read(kind: str, action: str) -> bool:
    """CloudFormation reads all of a resource, whatever of it a template sets."""
    return action in handlers(kind).get("read", {}).get("permissions", []) and action != "kms:Decrypt"


@pytest.fixture(scope="module")
def needed(by_cloudformation) -> set[Asked]:
    """All that is asked for."""
    called = {
        (action, resource, tuple(keys.items()))
        for call in recorded_calls.read(recorded_calls.KNOWN)
        for action, resource, keys in asked(call)
    }
    return called | by_cloudformation | not_recorded()


def not_recorded() -> set[Asked]:
    found = set()
    for row in table("not_recorded.csv"):
        for token, name in NAMES.items():
            row["resource"] = row["resource"].replace(f"#{{{token}}}", name)
        context = dict(pair.split("=", 1) for pair in row["context"].split())
        found.add((row["action"], row["resource"], tuple(context.items())))
    return found


def denied(given, wanted: set[Asked]) -> list[str]:
    return sorted(f"{action} {arn}" for action, arn, keys in wanted if not allowed(given, action, arn, **dict(keys)))


def test_the_policies_allow_each_recorded_call():
    calls = recorded_calls.read(recorded_calls.KNOWN)
    assert len(calls) > 50
    assert refused(calls) == []


def test_a_call_that_the_policies_do_not_have_is_named():
    """The emulator's tests look for those after each playbook."""
    known, *_ = recorded_calls.read(recorded_calls.KNOWN)
    other = {"region": "eu-west-1", "service": "sqs", "QueueName": "one"}
    calls = [known, {**other, "operation": "PurgeQueue"}, {**other, "operation": "SendMessage"}]
    assert not_in_policies(calls) == ["sqs:PurgeQueue", "sqs:SendMessage"]


def test_the_policies_allow_what_cloudformation_needs(by_cloudformation):
    assert denied([one for _file, one in statements()], by_cloudformation) == []


def test_the_policies_allow_what_has_a_reason():
    assert denied([one for _file, one in statements()], not_recorded()) == []
    tables = ("not_recorded.csv", "not_needed.csv", "wildcards.csv")
    assert all(row["reason"] for name in tables for row in table(name))


def test_what_is_said_not_to_be_needed_is_a_permission_of_a_schema_and_not_allowed():
    given = {action for file, one in statements() if file != "deployer" for action in listed(one["Action"])}
    others = {action for _kind, action in permissions()} - given
    assert [pattern for pattern in NOT_NEEDED if not fnmatch.filter(others, pattern)] == []


def test_nothing_in_the_policies_could_be_left_out(needed):
    """Each action and each resource of each statement."""
    needless = []
    for file, statement in statements():
        actions = set(listed(statement["Action"]))
        concerned = {one for one in needed if one[0] in actions}
        others = [one for _file, one in statements() if one != statement and actions & set(listed(one["Action"]))]
        for element in ("Action", "Resource"):
            for value in listed(statement[element]):
                less = {**statement, element: [one for one in listed(statement[element]) if one != value]}
                if not denied([*others, less], {one for one in concerned if element == "Resource" or one[0] == value}):
                    needless.append(f"{file} {statement['Sid']}: {value}")
    assert needless == []


def test_a_resource_is_named_wherever_aws_lets_it_be():
    for file, statement in statements():
        for action in listed(statement["Action"]):
            assert "*" not in action
            assert ("*" in listed(statement["Resource"])) == (not FACTS[action]), (file, action)
    given = {action for _file, one in statements() for action in listed(one["Action"])}
    assert given == set(FACTS)


def test_what_aws_makes_the_names_of_can_be_reached_through_cloudformation_only():
    """A key, a security group: their ids cannot be known before."""
    for _file, statement in statements():
        for resource in listed(statement["Resource"]):
            if (
                resource != "*"
                and re.search(r"[:/]\*$", resource)
                and not re.search(r"shipper:\*$|/[^/]+/\*$", resource)
            ):
                assert statement["Condition"]["StringEquals"]["aws:CalledViaFirst"] == VIA["aws:CalledViaFirst"], (
                    resource
                )


@pytest.mark.parametrize("name", texts())
def test_a_policy_fits_and_has_no_other_tokens(name):
    text = texts()[name]
    assert len(re.sub(r"\s", "", text)) <= LONGEST
    assert set(re.findall(r"#\{(\w+)\}", text)) <= set(NAMES)
    sids = [one["Sid"] for one in json.loads(text)["Statement"]]
    assert len(sids) == len(set(sids))
