"""The stack of a layer's hosts: what an instance is told, who reaches whom, and how instances come and go."""

import json
import re
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import UNKNOWN, Template, read

TEXT = (Path(__file__).resolve().parents[3] / "templates/cloudformation/hosts.yml").read_text()
GIVEN = {
    "Environment": "staging",
    "Layer": "brokers",
    "ImageId": "ami-0123456789abcdef0",
    "InstanceType": "m7g.large",
    "Bundle": f"s3://artifacts/bundles/staging/{'3f' * 32}.json",
    "ArtifactBucket": "artifacts",
    "MinSize": "3",
    "MaxSize": "4",
    "VpcId": "vpc-0a1b2c3d",
    "SubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d",
    "SecretArns": "",
}
AWS = {"AWS::StackName": "broker-staging", "AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "1"}
ALL_CLIENTS = {"ClientCidr": "10.0.0.0/8", "ClientSecurityGroupId": "sg-0aaaaaaa", "ClientPrefixListId": "pl-0aaaaaaa"}


def stack(**more):
    """{logical id: (type, properties)} of what the stack has."""
    return {name: (kind, properties) for name, kind, properties in Template(TEXT, GIVEN | more, AWS).resources()}


def properties(name, **more):
    return stack(**more)[name][1]


def rules(name, direction, **more):
    """(port, who) of a security group's rules."""
    found = set()
    for rule in properties(name, **more)[f"SecurityGroup{direction}"]:
        (who,) = (rule[key] for key in rule if re.search(r"Cidr|GroupId|PrefixList", key))
        assert (rule["IpProtocol"], rule["FromPort"]) == ("tcp", rule["ToPort"])
        found.add((int(rule["FromPort"]), who))
    return found


def user_data():
    document = read(TEXT)["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    return json.loads(Template(TEXT, GIVEN, AWS).resolve(document["Fn::Base64"]))


def test_an_instance_is_told_what_it_needs_to_deploy_itself():
    assert user_data() == {
        "environment": "staging",
        "layer": "brokers",
        "bundle": GIVEN["Bundle"],
        "group": "broker-staging",
        "launch_hook": "elk-launch",
        "launch_timeout": 900,
        "termination_hook": "elk-terminate",
        "termination_timeout": 900,
        "stack": "broker-staging",
        "stack_resource": "Group",
        "archive": "s3://artifacts/queues/staging",
        "history": "s3://artifacts/deployments/staging",
        "notifications_topic": "",
    }


def test_group_hooks_and_resource_are_called_as_the_instance_is_told():
    told, group = user_data(), properties("Group")
    assert group["AutoScalingGroupName"] == told["group"]
    assert stack()[told["stack_resource"]][0] == "AWS::AutoScaling::AutoScalingGroup"
    hooks = {one["LifecycleTransition"].rpartition("_")[2]: one for one in group["LifecycleHookSpecificationList"]}
    assert hooks["LAUNCHING"]["LifecycleHookName"] == told["launch_hook"]
    assert hooks["TERMINATING"]["LifecycleHookName"] == told["termination_hook"]
    assert int(hooks["LAUNCHING"]["HeartbeatTimeout"]) == told["launch_timeout"]
    assert int(hooks["TERMINATING"]["HeartbeatTimeout"]) == told["termination_timeout"]


def test_an_instance_that_says_nothing_takes_no_traffic_even_the_first_ones():
    hooks = properties("Group")["LifecycleHookSpecificationList"]
    assert {one["DefaultResult"] for one in hooks} == {"ABANDON"}
    # A resource of its own would be made after the group has started instances.
    assert not [kind for kind, _unused in stack().values() if kind == "AWS::AutoScaling::LifecycleHook"]


def test_instances_are_replaced_one_by_one_after_their_successor_has_said_that_it_is_well():
    resource = read(TEXT)["Resources"]["Group"]
    update = resource["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert (update["MaxBatchSize"], update["WaitOnResourceSignals"]) == (1, True)
    assert update["MinInstancesInService"] == {"Ref": "MinSize"}
    assert update["PauseTime"] == resource["CreationPolicy"]["ResourceSignal"]["Timeout"] == {"Ref": "SignalTimeout"}
    assert resource["CreationPolicy"]["ResourceSignal"]["Count"] == {"Ref": "MinSize"}
    # Without these three, a rolling update can't go on: https://repost.aws/knowledge-center/auto-scaling-group-rolling-updates
    assert not {"Launch", "Terminate", "AddToLoadBalancer"} & set(update["SuspendProcesses"])
    assert {"HealthCheck", "ReplaceUnhealthy", "AZRebalance", "AlarmNotification", "ScheduledActions"} == set(
        update["SuspendProcesses"]
    )


def test_another_image_or_bundle_replaces_instances():
    """CloudFormation replaces them when the launch template's version changes."""
    template = read(TEXT)["Resources"]["Group"]["Properties"]["LaunchTemplate"]
    assert template["Version"] == {"Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"]}
    data = read(TEXT)["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    assert "ImageId" in str(data["ImageId"])
    assert "${Bundle}" in str(data["UserData"])


def test_the_role_of_an_instance_can_be_had_from_the_instance_alone_and_its_volume_is_encrypted():
    data = properties("LaunchTemplate")["LaunchTemplateData"]
    options = data["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
    assert options["InstanceMetadataTags"] == "enabled"
    (volume,) = data["BlockDeviceMappings"]
    assert volume["Ebs"]["Encrypted"] is True


@pytest.mark.parametrize("layer", ["brokers", "indexers"])
def test_instances_are_found_in_their_layer_by_their_tags(layer):
    tags = {one["Key"]: one for one in properties("Group", Layer=layer)["Tags"]}
    assert {key: one["Value"] for key, one in tags.items()} == {"Environment": "staging", "Layer": layer}
    assert all(one["PropagateAtLaunch"] for one in tags.values())


def test_brokers_have_a_load_balancer_and_indexers_have_none():
    brokers, indexers = stack(), stack(Layer="indexers")
    extra = {kind.rpartition("::")[2] for name, (kind, _unused) in brokers.items() if name not in indexers}
    assert extra == {"LoadBalancer", "Listener", "TargetGroup", "SecurityGroup", "SecurityGroupIngress"}
    assert brokers["Group"][1]["HealthCheckType"] == "ELB"
    assert len(brokers["Group"][1]["TargetGroupARNs"]) == 2
    assert indexers["Group"][1]["HealthCheckType"] == "EC2"
    assert "TargetGroupARNs" not in indexers["Group"][1]


def test_the_load_balancer_is_internal_leaves_tls_alone_and_reaches_every_zone():
    balancer = properties("LoadBalancer")
    assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")
    assert {"Key": "load_balancing.cross_zone.enabled", "Value": "true"} in balancer["LoadBalancerAttributes"]
    listeners = [found for kind, found in stack().values() if kind.endswith("::Listener")]
    assert {(one["Protocol"], one["Port"]) for one in listeners} == {("TCP", "5000"), ("TCP", "8080")}


@pytest.mark.parametrize("name", ["TcpTargetGroup", "HttpTargetGroup"])
def test_a_slow_answer_does_not_take_a_broker_out_and_a_dead_one_is_out_within_three_minutes(name):
    group = properties(name)
    interval, timeout = int(group["HealthCheckIntervalSeconds"]), int(group["HealthCheckTimeoutSeconds"])
    checks = int(group["UnhealthyThresholdCount"])
    assert 15 <= timeout <= interval
    assert (checks - 1) * interval >= 60, "a pause of a minute"
    assert checks * interval + timeout <= 180
    assert group["HealthCheckProtocol"] == "TCP"
    assert "HealthCheckPath" not in group


def test_a_deeper_health_check_is_asked_at_its_own_port():
    more = {"HealthCheckProtocol": "HTTP", "HealthCheckPort": "9601", "HealthCheckPath": "/ready"}
    group = properties("TcpTargetGroup", **more)
    assert [group[f"HealthCheck{name}"] for name in ("Protocol", "Port", "Path")] == ["HTTP", "9601", "/ready"]
    assert properties("HealthCheckFromLoadBalancer", **more)["FromPort"] == "9601"
    assert (9601, UNKNOWN) in rules("LoadBalancerSecurityGroup", "Egress", **more)
    assert "HealthCheckFromLoadBalancer" not in stack()
    assert "HealthCheckFromLoadBalancer" not in stack(Layer="indexers", **more)


def test_what_a_deeper_health_check_finds_replaces_no_broker():
    """A full queue stops the inputs of all of them, and new ones would have lost what the old ones held."""
    assert properties("Group", HealthCheckProtocol="HTTP")["HealthCheckType"] == "EC2"
    assert properties("Group")["HealthCheckType"] == "ELB"


def test_instances_send_metrics_only_where_they_have_the_monitor():
    def actions(**more):
        (policy,) = properties("InstanceRole", **more)["Policies"]
        return {one["Sid"] for one in policy["PolicyDocument"]["Statement"] if isinstance(one, dict) and "Sid" in one}

    assert actions(Monitored="true") - actions() == {"SendMetrics"}


def test_senders_reach_the_load_balancers_ports_and_nothing_else():
    assert rules("LoadBalancerSecurityGroup", "Ingress") == set()
    assert rules("LoadBalancerSecurityGroup", "Ingress", **ALL_CLIENTS) == {
        (port, who) for port in (5000, 8080) for who in ALL_CLIENTS.values()
    }
    assert rules("LoadBalancerSecurityGroup", "Egress") == {(5000, UNKNOWN), (8080, UNKNOWN)}


def test_brokers_let_in_their_load_balancer_and_the_control_node_that_is_named():
    assert rules("SecurityGroup", "Ingress", **ALL_CLIENTS) == set()
    more = {"ControlCidr": "10.1.0.0/16", "ControlSecurityGroupId": "sg-0bbbbbbb"}
    assert rules("SecurityGroup", "Ingress", **more) == {(22, "10.1.0.0/16"), (22, "sg-0bbbbbbb")}
    own = {
        name: found for name, (kind, found) in stack(**ALL_CLIENTS).items() if kind.endswith("::SecurityGroupIngress")
    }
    assert {int(one["FromPort"]) for one in own.values()} == {5000, 8080}
    resources = read(TEXT)["Resources"]
    for name in own:
        source = resources[name]["Properties"]["SourceSecurityGroupId"]
        assert source == {"Ref": "LoadBalancerSecurityGroup"}


def test_instances_reach_what_is_named_and_nothing_else():
    more = {
        "RedisSecurityGroupId": "sg-0ccccccc",
        "RedisCidr": "10.2.0.0/16",
        "ElasticsearchSecurityGroupId": "sg-0ddddddd",
        "ElasticsearchCidr": "10.3.0.0/16",
        "ElasticsearchPort": "443",
        "EndpointsPrefixListId": "pl-0eeeeeee",
        "EndpointsSecurityGroupId": "sg-0fffffff",
        "EndpointsCidr": "0.0.0.0/0",
    }
    assert rules("SecurityGroup", "Egress", **more) == {
        (6379, "sg-0ccccccc"),
        (6379, "10.2.0.0/16"),
        (443, "sg-0ddddddd"),
        (443, "10.3.0.0/16"),
        (443, "pl-0eeeeeee"),
        (443, "sg-0fffffff"),
        (443, "0.0.0.0/0"),
    }


def test_unsaved_instances_are_retained_where_that_is_asked_for():
    assert "InstanceLifecyclePolicy" not in properties("Group")
    policy = properties("Group", UnsavedInstances="retain")["InstanceLifecyclePolicy"]
    assert policy == {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}


def test_the_longest_environment_makes_names_that_elastic_load_balancing_takes():
    pattern = read(TEXT)["Parameters"]["Environment"]["AllowedPattern"]
    longest = max(length for length in range(1, 40) if re.fullmatch(pattern, "e" * length))
    name = f"broker-{'e' * longest}"
    groups = Template(TEXT, GIVEN | {"TcpPort": "65535"}, AWS | {"AWS::StackName": name})
    assert len(groups.properties("TcpTargetGroup")["Name"]) == 32
    assert not re.fullmatch(pattern, "a_b")


def test_alarms_and_senders_find_what_they_need():
    outputs = read(TEXT)["Outputs"]
    assert {"LoadBalancerAddress", "LoadBalancerName", "TcpTargetGroupName", "SecurityGroupId"} <= set(outputs)
