"""Role aws_stacks and the stack of the topics, in a region of their own. The tests build on one another, in this order.

The emulator names no properties of a change, says nothing of policies, and has no stack policies. So these, and
replacements, are tested against recorded answers of AWS: tests/unit/modules/test_stack.py.
"""

import dataclasses
import json
import re
import subprocess

import ansible_process
import boto3
import process_tree
import pytest
from waiting import wait_for

REGION = "eu-central-1"
BUCKET = "test-stacks-artifacts"
ARN = {"Fn::GetAtt": ["Queue", "Arn"]}
QUEUES = {
    "Parameters": {"Days": {"Type": "Number", "Default": 4}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stacks-test"}},
        "Other": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::Sub": "${Days} days"}}},
    },
    "Outputs": {"QueueArn": {"Value": ARN}},
}
CONSUMERS = {
    "Parameters": {"QueueArn": {"Type": "String"}},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "QueueArn"}}}},
}


@pytest.fixture(scope="module")
def stacks(aws, tmp_path_factory):
    """A deployment of two stacks, the second of which needs an output of the first."""
    folder = tmp_path_factory.mktemp("stacks")
    for name, template in (("queues", QUEUES), ("consumers", CONSUMERS)):
        (folder / f"{name}.json").write_text(json.dumps(template))
    listed = [
        {"name": "queues", "template": str(folder / "queues.json"), "termination_protection": True},
        {
            "name": "consumers",
            "template_body": json.dumps(CONSUMERS),
            "parameters": {"QueueArn": {"stack": "queues", "output": "QueueArn"}},
        },
    ]
    variables = aws.variables | {
        "aws_region": REGION,
        "aws_stacks_stacks": listed,
        "aws_stacks_artifact_bucket": BUCKET,
    }
    return dataclasses.replace(aws, variables=variables, inventory=tmp_path_factory.mktemp("inventory-stacks"))


@pytest.fixture(scope="module")
def client(stacks):
    def made(service):
        return boto3.client(
            service,
            endpoint_url=stacks.emulator.endpoint,
            region_name=REGION,
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
        )

    return made


@pytest.fixture(scope="module")
def cloudformation(client):
    return client("cloudformation")


def deploy(stacks, *arguments, playbook="stacks.yml", **variables):
    """Runs a playbook -> (how many changes, what it says that it changes)."""
    result = stacks.play(playbook, *arguments, **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.recap["changed"], lines(result)


def lines(result):
    # The emulator has them in any order.
    return sorted(re.findall(r"^ *(?:- )?'?([-+~!] \w[^'\n]* AWS::[^'\n]*?)'?$", result.stdout, re.MULTILINE))


def described(cloudformation):
    # The emulator lists those that were deleted, too.
    stacks = cloudformation.describe_stacks()["Stacks"]
    return {one["StackName"]: one for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"}


NEW = ["+ Other AWS::SNS::Topic", "+ Queue AWS::SQS::Queue", "+ Topic AWS::SNS::Topic"]


def test_check_mode_says_what_would_be_made_and_leaves_nothing(stacks, cloudformation, client):
    assert deploy(stacks, "--check") == (2, NEW)
    assert described(cloudformation) == {}
    assert "QueueUrls" not in client("sqs").list_queues()


def test_a_plan_has_a_line_for_each_resource(stacks, tmp_path):
    plan = tmp_path / "plan.json"
    environment = {"ANSIBLE_STDOUT_CALLBACK": "elk.deploy.plan", "ELK_PLAN_FILE": str(plan)}
    words = ("-i", stacks.inventory, "playbooks/stacks.yml", "--check", "--diff")
    shown = ansible_process.run("ansible-playbook", *words, environment=environment)
    assert re.search(r"^localhost +queues +\+ Queue AWS::SQS::Queue +Deploy stack queues$", shown.stdout, re.MULTILINE)
    changes = json.loads(plan.read_text())["hosts"]["localhost"]["changes"]
    assert {"what": "consumers", "change": "+ Topic AWS::SNS::Topic"}.items() <= changes[-1].items()


def test_a_run_makes_it_and_a_second_one_nothing(stacks, cloudformation):
    assert deploy(stacks) == (2, NEW)
    assert deploy(stacks) == deploy(stacks, "--check") == (0, [])
    found = described(cloudformation)
    assert {name: one["StackStatus"] for name, one in found.items()} == dict.fromkeys(found, "CREATE_COMPLETE")
    (given,) = found["consumers"]["Parameters"]
    assert given["ParameterValue"] == found["queues"]["Outputs"][0]["OutputValue"]


def test_termination_protection_is_as_it_is_listed(stacks, cloudformation):
    found = described(cloudformation)
    assert found["queues"]["EnableTerminationProtection"]
    assert not found["consumers"]["EnableTerminationProtection"]
    queues, consumers = stacks.variables["aws_stacks_stacks"]
    without = [queues | {"termination_protection": False}, consumers]
    assert deploy(stacks, "--check", aws_stacks_stacks=without)[0] == 1
    assert described(cloudformation)["queues"]["EnableTerminationProtection"]
    assert deploy(stacks, aws_stacks_stacks=without)[0] == 1
    assert not described(cloudformation)["queues"]["EnableTerminationProtection"]
    assert deploy(stacks)[0] == 1
    # A stack with data gets it by the environment's variable; one without keeps what it has.
    assert deploy(stacks, aws_stacks_termination_protection=True)[0] == 0


def test_a_changed_parameter_changes_one_resource(stacks, cloudformation, client):
    stacks.variables["aws_stacks_stacks"][0]["parameters"] = {"Days": 7}
    before = described(cloudformation)["consumers"]
    assert deploy(stacks, "--check") == (1, ["~ Other AWS::SNS::Topic"])
    assert deploy(stacks) == (1, ["~ Other AWS::SNS::Topic"])
    assert described(cloudformation)["consumers"] == before
    sns = client("sns")
    names = [sns.get_topic_attributes(**one)["Attributes"]["DisplayName"] for one in sns.list_topics()["Topics"]]
    assert "7 days" in names


def test_a_deleted_stack_comes_back_and_nothing_else_is_touched(stacks, cloudformation):
    before = described(cloudformation)["queues"]
    cloudformation.delete_stack(StackName="consumers")
    wait_for(lambda: "consumers" not in described(cloudformation), "deletion of the stack")
    assert deploy(stacks) == (1, ["+ Topic AWS::SNS::Topic"])
    assert described(cloudformation)["queues"] == before


def test_what_holds_data_is_not_removed_unless_that_is_allowed(stacks, cloudformation, client, tmp_path):
    without = tmp_path / "queues.json"
    topic = QUEUES["Resources"]["Other"]
    without.write_text(json.dumps({"Parameters": QUEUES["Parameters"], "Resources": {"Other": topic}}))
    listed = [stacks.variables["aws_stacks_stacks"][0] | {"template": str(without)}]
    for arguments in ((), ("--check",)):
        result = stacks.play("stacks.yml", *arguments, aws_stacks_stacks=listed)
        assert result.returncode != 0
        assert "[stack_change_refused]" in result.stdout
        assert "Queue AWS::SQS::Queue would be DELETED" in result.stdout
        assert "its messages would be lost" in result.stdout
        assert client("sqs").get_queue_url(QueueName="stacks-test")
        assert cloudformation.list_change_sets(StackName="queues")["Summaries"] == []
    allowed = {"aws_stacks_allow_replacement": True, "aws_stacks_stacks": listed}
    assert deploy(stacks, "--check", **allowed) == (1, ["- Queue AWS::SQS::Queue"])


def test_change_sets_of_killed_runs_go_and_those_of_others_stay(stacks, cloudformation):
    changed = json.dumps(CONSUMERS | {"Outputs": {"Arn": {"Value": {"Ref": "Topic"}}}})
    (given,) = described(cloudformation)["consumers"]["Parameters"]
    for name in ("elk-deploy-killed", "for-review"):
        cloudformation.create_change_set(
            StackName="consumers", ChangeSetName=name, TemplateBody=changed, Parameters=[given]
        )

    def pending():
        summaries = cloudformation.list_change_sets(StackName="consumers")["Summaries"]
        return sorted(one["ChangeSetName"] for one in summaries)

    assert deploy(stacks, "--check")[0] == 0
    assert pending() == ["elk-deploy-killed", "for-review"]
    result = stacks.play("stacks.yml")
    assert result.recap["changed"] == 0
    assert "for-review" in result.stdout + result.stderr
    assert pending() == ["for-review"]


def test_a_run_that_was_killed_before_the_creation_is_completed_by_the_next(stacks, cloudformation):
    """It leaves a stack that waits for its first change set."""
    cloudformation.create_change_set(
        StackName="begun", ChangeSetName="elk-deploy-killed", ChangeSetType="CREATE", TemplateBody=json.dumps(QUEUES)
    )
    assert described(cloudformation)["begun"]["StackStatus"] == "REVIEW_IN_PROGRESS"
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    listed = [{"name": "begun", "template_body": json.dumps(topic)}]
    assert deploy(stacks, "--check", aws_stacks_stacks=listed) == (1, ["+ Topic AWS::SNS::Topic"])
    assert described(cloudformation)["begun"]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert deploy(stacks, aws_stacks_stacks=listed) == (1, ["+ Topic AWS::SNS::Topic"])
    assert described(cloudformation)["begun"]["StackStatus"] == "CREATE_COMPLETE"


def test_a_run_that_is_killed_during_an_update_is_completed_by_the_next(stacks, cloudformation):
    def listed(number):
        topics = {f"Topic{one}": {"Type": "AWS::SNS::Topic"} for one in range(number)}
        return [{"name": "many", "template_body": json.dumps({"Resources": topics})}]

    deploy(stacks, aws_stacks_stacks=listed(1))
    assert len(deploy(stacks, "--check", aws_stacks_stacks=listed(250))[1]) == 249  # and the inventory is written
    words = ("-i", stacks.inventory, "playbooks/stacks.yml")
    killed = subprocess.Popen(
        **ansible_process.process("ansible-playbook", *words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def status():
        return described(cloudformation)["many"]["StackStatus"]

    try:
        wait_for(lambda: status() == "UPDATE_IN_PROGRESS", "begin of the update", interval=0.05)
    finally:
        process_tree.kill_tree(killed.pid)
        killed.wait()
    # It would be tested for nothing if the update had ended.
    assert status() == "UPDATE_IN_PROGRESS"
    assert deploy(stacks, aws_stacks_stacks=listed(251)) == (1, ["+ Topic250 AWS::SNS::Topic"])
    assert status() == "UPDATE_COMPLETE"
    assert len(cloudformation.list_stack_resources(StackName="many")["StackResourceSummaries"]) > 99  # a page


def test_a_large_template_goes_through_the_bucket(stacks, cloudformation, client):
    topics = {f"Topic{number}": {"Type": "AWS::SNS::Topic", "Metadata": {"Why": "x" * 20_000}} for number in range(3)}
    listed = [{"name": "large", "template_body": json.dumps({"Resources": topics})}]
    result = stacks.play("stacks.yml", aws_stacks_stacks=listed, aws_stacks_artifact_bucket="")
    assert "[template_too_large]" in result.stdout
    assert "aws_stacks_artifact_bucket" in result.stdout

    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    new = [f"+ Topic{number} AWS::SNS::Topic" for number in range(3)]
    assert deploy(stacks, "--check", aws_stacks_stacks=listed) == (1, new)
    assert "Versions" not in s3.list_object_versions(Bucket=BUCKET)
    assert deploy(stacks, aws_stacks_stacks=listed) == (1, new)
    assert deploy(stacks, aws_stacks_stacks=listed)[0] == 0
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 1
    assert described(cloudformation)["large"]["StackStatus"] == "CREATE_COMPLETE"


def test_a_parameter_may_come_from_a_stack_that_is_said_to_exist(stacks):
    consumers = stacks.variables["aws_stacks_stacks"][1]
    result = stacks.play("stacks.yml", aws_stacks_stacks=[consumers])
    assert result.returncode != 0
    assert "parameters of stack consumers are outputs of queues" in result.stdout
    assert "aws_stacks_existing" in result.stdout
    assert deploy(stacks, aws_stacks_stacks=[consumers], aws_stacks_existing=["queues"])[0] == 0


def test_subscribers_are_told_what_is_sent_to_a_topic(stacks, client):
    sqs, sns = client("sqs"), client("sns")
    url = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscriptions = [
        {"topic": "alarms", "protocol": "sqs", "endpoint": arn},
        {"topic": "notifications", "protocol": "email", "endpoint": "somebody@shop.test"},
    ]
    topics = {"playbook": "notifications.yml", "notification_subscriptions": subscriptions}
    changed, shown = deploy(stacks, "--check", **topics)
    assert (changed, len(shown)) == (1, 7)
    assert deploy(stacks, **topics) == (1, shown)
    assert deploy(stacks, **topics | {"notification_subscriptions": subscriptions[::-1]}) == (0, [])
    topic = sns.create_topic(Name="elk-test-alarms")["TopicArn"]
    sns.publish(TopicArn=topic, Message="broker-unhealthy")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["Message"] == "broker-unhealthy"

    changed, shown = deploy(stacks, **topics | {"notification_subscriptions": subscriptions[:1]})
    assert changed == 1
    assert re.fullmatch(r"- NotificationsEmail\w+ AWS::SNS::Subscription", *shown)


def test_nobody_on_call_is_told_before_anything_is_made(stacks):
    needed = {"notification_subscribers_required": ["alarms"], "octopus_environment": "watched"}
    result = stacks.play("notifications.yml", "--check", **needed)
    assert result.returncode != 0
    assert "[subscriptions_invalid] Nobody is subscribed to topic alarms" in result.stdout
