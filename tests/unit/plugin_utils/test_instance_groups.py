"""The groups of instances of an environment: what is wrong with them, and the stacks that they are."""

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import read
from ansible_collections.elk.deploy.plugins.plugin_utils import instance_groups
from ansible_collections.elk.deploy.plugins.plugin_utils.instance_groups import OPTIONS, Environment, check, stacks

TEMPLATE = Path(__file__).resolve().parents[3] / "templates/cloudformation/hosts.yml"
STAGING = Environment("staging", "example-artifacts", {"TcpPort": "#{LogTcpPort}"})
DEFAULTS = {
    "vpc": "vpc-0a1b2c3d",
    "subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    "endpoints": {"prefix_list": "pl-6da54004", "security_group": "sg-0a1b2c3d"},
}
BROKERS = {"min": 3, "max": 4, "instance_type": "m7g.large"}
PARTS = {"image": "ami-0123456789abcdef0", "bundle": f"s3://example-artifacts/bundles/staging/{'3f' * 32}.json"}


def stack(layer="brokers", **options):
    ((found,), waiting) = stacks({layer: BROKERS | PARTS | options}, DEFAULTS, STAGING, "hosts.yml", {})
    assert waiting == []
    return found


def test_a_group_is_a_stack():
    found = stack(health_check={"port": 9601, "path": "/ready", "protocol": "HTTP"})
    assert found["name"] == "broker-staging"
    assert found["parameters"] == {
        "TcpPort": "#{LogTcpPort}",
        "Environment": "staging",
        "Layer": "brokers",
        "ArtifactBucket": "example-artifacts",
        "SignalTimeout": "PT20M",
        "ImageId": PARTS["image"],
        "Bundle": PARTS["bundle"],
        "MinSize": 3,
        "MaxSize": 4,
        "InstanceType": "m7g.large",
        "VpcId": "vpc-0a1b2c3d",
        "SubnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
        "EndpointsPrefixListId": "pl-6da54004",
        "EndpointsSecurityGroupId": "sg-0a1b2c3d",
        "HealthCheckPort": 9601,
        "HealthCheckPath": "/ready",
        "HealthCheckProtocol": "HTTP",
        "SecretArns": [],
        "ReadsSecrets": False,
    }
    assert found["parameter_variables"]["VolumeGigabytes"] == "instance_groups.brokers.volume_size"
    assert found["history"] == "s3://example-artifacts/deployments/staging"


def test_a_groups_own_health_check_is_not_mixed_with_that_of_the_environment():
    asked = {"HealthCheckProtocol": "HTTP", "HealthCheckPort": 9601, "HealthCheckPath": "/ready", "TcpPort": 5000}
    monitored = Environment("staging", "example-artifacts", asked)

    def parameters(**options):
        ((one,), _waiting) = stacks(
            {"brokers": {**BROKERS, **PARTS, **options}}, DEFAULTS, monitored, str(TEMPLATE), {}
        )
        return {name: value for name, value in one["parameters"].items() if name in asked}

    assert parameters() == asked
    assert parameters(health_check={"interval": 10}) == asked
    assert parameters(health_check={"protocol": "TCP"}) == {"HealthCheckProtocol": "TCP", "TcpPort": 5000}


def test_secrets_are_read_where_there_are_any():
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:elk-staging-*"
    found = stack(secrets=[arn])["parameters"]
    assert (found["SecretArns"], found["ReadsSecrets"]) == ([arn], True)


@pytest.mark.parametrize(("launch", "signal"), [(900, "PT20M"), (901, "PT21M"), (60, "PT6M"), (3300, "PT60M")])
def test_cloudformation_waits_for_longer_than_an_instance_may_take(launch, signal):
    assert stack(launch_timeout=launch)["parameters"]["SignalTimeout"] == signal


def test_a_run_waits_for_all_instances_and_the_way_back():
    assert stack()["timeout"] >= 2 * 3 * 20


def test_indexers_come_before_brokers():
    groups = {"brokers": BROKERS | PARTS, "indexers": BROKERS | PARTS}
    found, _waiting = stacks(groups, DEFAULTS, STAGING, "hosts.yml", {})
    assert [one["name"] for one in found] == ["indexer-staging", "broker-staging"]


def test_a_group_keeps_its_image_and_bundle_unless_another_is_named():
    described = {"broker-staging": {"stack_parameters": {"ImageId": "ami-0aaaaaaa", "Bundle": "b", "MinSize": "9"}}}
    ((kept,), _), ((changed,), _) = (
        stacks({"brokers": BROKERS | more}, DEFAULTS, STAGING, "hosts.yml", described) for more in ({}, PARTS)
    )
    assert [kept["parameters"][name] for name in ("ImageId", "Bundle", "MinSize")] == ["ami-0aaaaaaa", "b", 3]
    assert changed["parameters"]["ImageId"] == PARTS["image"]


@pytest.mark.parametrize(
    "described", [{}, {"broker-staging": {}}, {"indexer-staging": {"stack_parameters": {"ImageId": "a"}}}]
)
def test_a_group_without_image_waits(described):
    assert stacks({"brokers": BROKERS}, DEFAULTS, STAGING, "hosts.yml", described) == ([], ["brokers"])


def test_each_option_sets_a_parameter_of_the_template():
    parameters = read(TEMPLATE.read_text())["Parameters"]
    given = {one.parameter for one in OPTIONS.values()} | set(stack()["parameters"])
    of_playbook = {"NotificationsTopicArn", "NotificationsKeyArn", "Monitored"}
    assert given | of_playbook == set(parameters)
    needed = {name for name, one in parameters.items() if "Default" not in one}
    assert needed <= set(stack()["parameters"])


def test_numbers_have_the_templates_limits():
    parameters = read(TEMPLATE.read_text())["Parameters"]
    for option in OPTIONS.values():
        limits = parameters[option.parameter]
        for key, step in (("MinValue", -1), ("MaxValue", 1)):
            # 0 is how the template says that no port is given.
            if limits.get(key):
                assert option.is_valid(limits[key]), option
                assert not option.is_valid(limits[key] + step), option


@pytest.mark.parametrize("option", [one for one in OPTIONS.values() if one.expected.startswith("one of ")])
def test_choices_are_the_templates(option):
    assert (
        option.expected
        == f"one of {', '.join(read(TEMPLATE.read_text())['Parameters'][option.parameter]['AllowedValues'])}"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max": 3}, "max is 3, and min 3"),
        ({"min": 0}, "min is 0; expected a whole number from 1 to 1000"),
        ({"min": True}, "min is True"),
        ({"min": None}, "lacks min"),
        ({"instance_type": "large"}, "instance_type is 'large'"),
        ({"subnets": "subnet-0a1b2c3d"}, "subnets is 'subnet-0a1b2c3d'; expected a list of ids"),
        ({"size": 3}, "has size, which is no option of a group"),
        ({"health_check": {"ports": 1}}, "has health_check.ports, which is no option"),
        ({"health_check": {"interval": 10}}, "timeout is 20; expected no more than the interval, 10"),
        ({"tcp_port": 8080}, "tcp_port and http_port are both 8080"),
        ({"endpoints": {}}, "has no endpoints"),
        ({"endpoints": {"cidr": "anywhere"}}, "endpoints.cidr is 'anywhere'"),
        ({"secrets": ["*"]}, "secrets is ['*']"),
        ({"secrets": ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"]}, "expected a list of ARNs"),
        ({"bundle": "s3://b/bundles/staging/latest.json"}, "bundle is "),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes, said):
    (fault,) = check({"brokers": BROKERS | changes}, DEFAULTS, STAGING)
    assert fault.startswith("instance_groups.brokers")
    assert said in fault


def test_all_faults_are_said_at_once():
    groups = {"brokers": BROKERS | {"min": 0, "image": "x"}, "shippers": BROKERS, "indexers": 3}
    assert len(check(groups, DEFAULTS, STAGING)) == 4


def test_groups_that_are_right_have_no_fault():
    everything = BROKERS | {"secrets": ["arn:aws:ssm:eu-west-1:123456789012:parameter/elk/password"], "volume_size": 40}
    assert check({"brokers": everything, "indexers": BROKERS}, DEFAULTS, STAGING) == []
    assert check({}, {}, Environment("a_b", "x", tags=["Cost Centre"])) == []


def test_tokens_are_substituted_later():
    assert check({"brokers": BROKERS | {"vpc": "#{Vpc}"}}, DEFAULTS, STAGING) == []


def test_a_name_that_makes_no_target_group_is_refused():
    (fault,) = check({"brokers": BROKERS}, DEFAULTS, Environment("an_environment", "x"))
    assert "octopus_environment is 'an_environment'" in fault


def test_a_tag_that_starts_no_instance_is_refused():
    (fault,) = check({"brokers": BROKERS}, DEFAULTS, Environment("staging", "x", tags=["Cost Centre", "Team"]))
    assert "'Cost Centre'" in fault
    assert instance_groups._TAG.fullmatch("elk:team")
