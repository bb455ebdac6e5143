"""The emulated EC2 holds, replaces and ends instances as AWS documents it. No image is baked for these."""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[4]
INSTANCES = ROOT / "local/instances/instances.py"
TEMPLATE = """
Parameters:
  Image: {Type: String}
  Bundle: {Type: String}
  Subnet: {Type: String}
Resources:
  LaunchTemplate:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData: {ImageId: !Ref Image, InstanceType: t3.small, UserData: {"Fn::Base64": !Sub "${Bundle}"}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    UpdatePolicy:
      AutoScalingRollingUpdate:
        {MaxBatchSize: 1, MinInstancesInService: 2, WaitOnResourceSignals: true, PauseTime: PT1M}
    Properties:
      AutoScalingGroupName: rolled
      MinSize: 2
      MaxSize: 3
      VPCZoneIdentifier: [!Ref Subnet]
      LaunchTemplate: {LaunchTemplateId: !Ref LaunchTemplate, Version: !GetAtt LaunchTemplate.LatestVersionNumber}
"""


BALANCED = """
Parameters:
  Subnet: {Type: String}
  Vpc: {Type: String}
Resources:
  TargetGroup:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Name: balanced, Port: 5000, Protocol: TCP, VpcId: !Ref Vpc}
  LoadBalancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Name: balanced, Type: network, Scheme: internal, Subnets: [!Ref Subnet]}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref LoadBalancer
      Port: 5000
      Protocol: TCP
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref TargetGroup}]
"""


def run(*words):
    ended = subprocess.run([sys.executable, INSTANCES, *map(str, words)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def emulator(tmp_path_factory, test_id):
    """What its state file says of an emulator of these tests."""
    venv, state, name = ROOT / "build/instances/venv", tmp_path_factory.mktemp("emulator"), f"{test_id}-emulator"
    run("install", "--venv", venv)
    run("network", "--name", name)
    try:
        run("start", "--venv", venv, "--state", state, "--network", name)
        yield json.loads((state / "emulator.json").read_text())
    finally:
        run("stop", "--state", state)
        subprocess.run(["docker", "network", "rm", name], check=True, capture_output=True)


@pytest.fixture
def aws(emulator):
    """A function from a service's name to a client."""

    def client(service):
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{emulator['port']}",
            region_name="eu-west-1",
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
        )

    return client


@pytest.fixture
def subnet(aws, emulator):
    (found,) = aws("ec2").describe_subnets(Filters=[{"Name": "cidr-block", "Values": [emulator["subnet"]]}])["Subnets"]
    return found["SubnetId"]


@pytest.fixture
def group(aws, subnet, request):
    """The name of a group of one instance with both hooks, whose image stands for no container."""
    name = f"group-{abs(hash(request.node.name))}"
    aws("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-1234567890abcdef0"})
    hooks = [
        {"LifecycleHookName": kind, "LifecycleTransition": f"autoscaling:EC2_INSTANCE_{kind}", "HeartbeatTimeout": 2}
        for kind in ("LAUNCHING", "TERMINATING")
    ]
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=1,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        LifecycleHookSpecificationList=hooks,
    )
    yield name
    aws("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def states(aws, group):
    """The lifecycle state of each of a group's instances by its id."""
    (found,) = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    return {one["InstanceId"]: one["LifecycleState"] for one in found["Instances"]}


def complete(aws, group, hook, instance, result):
    aws("autoscaling").complete_lifecycle_action(
        AutoScalingGroupName=group, LifecycleHookName=hook, InstanceId=instance, LifecycleActionResult=result
    )


def test_an_instance_is_in_service_once_its_launch_hook_is_completed(aws, group):
    ((instance, state),) = states(aws, group).items()
    assert state == "Pending:Wait"
    complete(aws, group, "LAUNCHING", instance, "CONTINUE")
    assert states(aws, group) == {instance: "InService"}
    with pytest.raises(ClientError, match="No active Lifecycle Action found with instance ID"):
        complete(aws, group, "LAUNCHING", instance, "CONTINUE")


def test_an_abandoned_instance_goes_and_another_one_comes(aws, group):
    (instance,) = states(aws, group)
    complete(aws, group, "LAUNCHING", instance, "ABANDON")
    assert states(aws, group)[instance] == "Terminating:Wait"
    complete(aws, group, "TERMINATING", instance, "CONTINUE")
    (successor,) = states(aws, group)
    assert successor != instance
    (gone,) = aws("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    assert gone["Instances"][0]["State"]["Name"] == "terminated"


def test_a_hook_that_hears_nothing_ends_with_its_default_and_a_heartbeat_puts_that_off(aws, group):
    autoscaling = aws("autoscaling")
    autoscaling.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    (instance,) = states(aws, group)
    autoscaling.record_lifecycle_action_heartbeat(
        AutoScalingGroupName=group, LifecycleHookName="LAUNCHING", InstanceId=instance
    )
    assert states(aws, group) == {instance: "Pending:Wait"}
    # Both hooks run out, one after the other; with Launch suspended nothing follows.
    wait_for(lambda: states(aws, group) == {}, "end of an instance that says nothing")


def test_what_terminates_waits_for_its_hook_while_its_successor_starts(aws, group):
    (instance,) = states(aws, group)
    complete(aws, group, "LAUNCHING", instance, "CONTINUE")
    aws("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=instance, ShouldDecrementDesiredCapacity=False
    )
    now = states(aws, group)
    assert now.pop(instance) == "Terminating:Wait"
    assert list(now.values()) == ["Pending:Wait"]
    complete(aws, group, "TERMINATING", instance, "CONTINUE")
    assert instance not in states(aws, group)


@pytest.fixture
def stack(aws, subnet):
    """A function that gives the stack image and bundle and waits for the end -> (status, reasons of its events)."""
    cloudformation = aws("cloudformation")

    def deploy(image, kind="UPDATE", bundle="first"):
        known = {one["EventId"] for one in events()} if kind == "UPDATE" else set()
        parameters = [
            {"ParameterKey": "Image", "ParameterValue": image},
            {"ParameterKey": "Bundle", "ParameterValue": bundle},
            {"ParameterKey": "Subnet", "ParameterValue": subnet},
        ]
        made = cloudformation.create_change_set(
            StackName="rolled",
            ChangeSetName=f"{image}-{bundle}",
            ChangeSetType=kind,
            TemplateBody=TEMPLATE,
            Parameters=parameters,
        )
        cloudformation.execute_change_set(ChangeSetName=made["Id"])

        def ended():
            status = cloudformation.describe_stacks(StackName="rolled")["Stacks"][0]["StackStatus"]
            return "" if status.endswith("_IN_PROGRESS") else status

        status = wait_for(ended, "end of the update")
        return status, [one.get("ResourceStatusReason", "") for one in events() if one["EventId"] not in known]

    def events():
        return cloudformation.describe_stack_events(StackName="rolled")["StackEvents"]

    yield deploy
    cloudformation.delete_stack(StackName="rolled")


@pytest.fixture
def signalling(aws):
    """The signal that instances of an image send once, by image; of others none."""
    signals, ended = {}, threading.Event()
    ec2, cloudformation = aws("ec2"), aws("cloudformation")

    def signal():
        said = set()
        while not ended.wait(0.2):
            for one in (each for page in ec2.describe_instances()["Reservations"] for each in page["Instances"]):
                status = signals.get(one["ImageId"])
                if status is None or one["InstanceId"] in said or one["State"]["Name"] != "running":
                    continue
                said.add(one["InstanceId"])
                with contextlib.suppress(ClientError):  # no update goes on
                    cloudformation.signal_resource(
                        StackName="rolled", LogicalResourceId="Group", UniqueId=one["InstanceId"], Status=status
                    )

    thread = threading.Thread(target=signal)
    thread.start()
    yield signals
    ended.set()
    thread.join()


def images_of(aws, group):
    """The images of a group's instances."""
    found = aws("ec2").describe_instances(InstanceIds=list(states(aws, group)))["Reservations"]
    return sorted(one["ImageId"] for each in found for one in each["Instances"])


def test_a_rolling_update_replaces_all_and_goes_back_at_the_first_that_fails(aws, stack, signalling):
    old, new, bad = (f"ami-{number}234567890abcdef0" for number in "123")
    signalling.update({new: "SUCCESS", bad: "FAILURE"})
    assert stack(old, "CREATE")[0] == "CREATE_COMPLETE"
    before = states(aws, "rolled")

    status, said = stack(new)
    assert status == "UPDATE_COMPLETE"
    assert images_of(aws, "rolled") == [new, new]
    assert not before.keys() & states(aws, "rolled").keys()
    assert sum("Received SUCCESS signal" in one for one in said) == 2
    kept = states(aws, "rolled")

    # Another bundle is enough, though only the user data has it.
    status, said = stack(new, bundle="second")
    assert status == "UPDATE_COMPLETE"
    assert not kept.keys() & states(aws, "rolled").keys()
    kept = states(aws, "rolled")

    status, said = stack(bad, bundle="second")
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert any("Received 1 FAILURE signal(s) out of 1" in one for one in said)
    # None of those that were well was touched.
    assert states(aws, "rolled") == kept
    (parameters,) = (one["Parameters"] for one in aws("cloudformation").describe_stacks(StackName="rolled")["Stacks"])
    assert {one["ParameterKey"]: one["ParameterValue"] for one in parameters}["Image"] == new


def test_a_group_stays_between_its_sizes_when_they_change(aws, stack):
    stack("ami-1234567890abcdef0", "CREATE")
    cloudformation = aws("cloudformation")
    names = [
        one["ParameterKey"] for one in cloudformation.describe_stacks(StackName="rolled")["Stacks"][0]["Parameters"]
    ]
    same = [{"ParameterKey": name, "UsePreviousValue": True} for name in names]
    assert len(states(aws, "rolled")) == 2
    for least, most, expected in ((3, 4, 3), (1, 2, 2)):
        template = TEMPLATE.replace("MinSize: 2", f"MinSize: {least}").replace("MaxSize: 3", f"MaxSize: {most}")
        cloudformation.update_stack(StackName="rolled", TemplateBody=template, Parameters=same)
        wait_for(lambda count=expected: len(states(aws, "rolled")) == count, f"{expected} instances")


def test_a_stack_with_a_load_balancer_can_be_made_again_once_it_is_deleted(aws, subnet):
    cloudformation, balancing = aws("cloudformation"), aws("elbv2")
    (found,) = aws("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"]
    given = {"Subnet": subnet, "Vpc": found["VpcId"]}
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    for _time in range(2):
        cloudformation.create_stack(StackName="balanced", TemplateBody=BALANCED, Parameters=parameters)
        assert len(balancing.describe_target_groups()["TargetGroups"]) == 1
        cloudformation.delete_stack(StackName="balanced")
        assert balancing.describe_target_groups()["TargetGroups"] == []
        assert balancing.describe_load_balancers()["LoadBalancers"] == []


def test_a_signal_without_an_update_is_refused(aws, stack):
    stack("ami-1234567890abcdef0", "CREATE")
    with pytest.raises(ClientError, match="cannot be signaled"):
        aws("cloudformation").signal_resource(
            StackName="rolled", LogicalResourceId="Group", UniqueId="i-0123456789abcdef0", Status="SUCCESS"
        )


def test_an_instance_is_a_container_with_its_address_that_reads_its_metadata(aws, emulator, subnet):
    ec2 = aws("ec2")
    image = ec2.register_image(Name="container", RootDeviceName="/dev/xvda")["ImageId"]
    ec2.create_tags(Resources=[image], Tags=[{"Key": "elk:container-image", "Value": "elk-deploy/systemd:12"}])
    (instance,) = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        UserData='{"environment": "local"}',  # boto3 encodes it
        MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Layer", "Value": "brokers"}]}],
    )["Instances"]
    container = f"{emulator['network']}-{instance['InstanceId']}"
    ask = (
        ". /etc/elk/environment; at=$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest; "
        "token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $at/api/token); "
        "for path in meta-data/instance-id meta-data/local-hostname meta-data/tags/instance/Layer user-data; do "
        'curl -s -H "X-aws-ec2-metadata-token: $token" $at/$path; echo; done; hostname; hostname -I'
    )

    def said():
        ended = subprocess.run(
            ["docker", "exec", container, "bash", "-c", ask], capture_output=True, text=True, check=False
        )
        return ended.stdout.split("\n") if ended.returncode == 0 else []

    lines = wait_for(said, "container of the instance", interval=1)
    name = instance["PrivateDnsName"]
    assert [line.strip() for line in lines if line] == [
        instance["InstanceId"], name, "brokers", '{"environment": "local"}', name, instance["PrivateIpAddress"]
    ]  # fmt: skip
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])

    def gone():
        listed = subprocess.run(
            ["docker", "ps", "-a", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
        )
        return container not in listed.stdout.split()

    wait_for(gone, "end of the container", interval=1)
