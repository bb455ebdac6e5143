"""The module stack against recorded answers of AWS, for the states that no emulator comes into."""

import datetime
import io
import json

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import RetryingBotoClientWrapper
from ansible_collections.elk.deploy.plugins.module_utils.aws import stack as stack_of_aws
from ansible_collections.elk.deploy.plugins.modules import stack as module
from botocore.response import StreamingBody
from botocore.stub import Stubber

ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/logs/1"
CHANGE_SET = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/elk-deploy-1/1"
NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."
NOW = datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.UTC)
TEMPLATE = json.dumps(
    {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Name"}}},
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/aws/lambda/${Name}"}}},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Name}-objects"}}},
            "Unnamed": {"Type": "AWS::SQS::Queue"},
        },
    }
)


class Aws:
    """Stubs of AWS's services: what they are expected to be asked, and answer."""

    def __init__(self, patch):
        self.clients, self.stubs = {}, {}
        for service in ("cloudformation", "s3", "logs", "sqs", "sts"):
            client = boto3.client(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
            self.clients[service], self.stubs[service] = client, Stubber(client)
            self.stubs[service].activate()
        patch.setattr(AnsibleAWSModule, "client", self.client)

    def client(self, service, retry_decorator=None, **_):
        client = self.clients[service]
        return RetryingBotoClientWrapper(client, retry_decorator) if retry_decorator else client

    def answers(self, service, operation, **answer):
        self.stubs[service].add_response(operation, answer)

    def refuses(self, service, operation, code, message="", status=400):
        self.stubs[service].add_client_error(operation, code, message, status)

    def stack(self, status, *, events=(), resources=(), change_sets=(), **more):
        """What looking at a stack in this state is answered."""
        base = {"StackId": ID, "StackName": "logs", "StackStatus": status, "CreationTime": NOW}
        outputs = [{"OutputKey": "Bucket", "OutputValue": "b"}]
        self.answers(
            "cloudformation",
            "describe_stacks",
            Stacks=[base | {"Outputs": outputs, "EnableTerminationProtection": more.get("protected", False)}],
        )
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            first = event("logs", "CREATE_IN_PROGRESS", ID)
            self.answers("cloudformation", "describe_stack_events", StackEvents=[*events, first])
        self.answers("cloudformation", "list_change_sets", Summaries=list(change_sets))
        self.answers("cloudformation", "list_stack_resources", StackResourceSummaries=list(resources))

    def change_set(self, *changes, reason=""):
        """What making a change set is answered; without changes, that there are none."""
        self.answers("cloudformation", "create_change_set", Id=CHANGE_SET, StackId=ID)
        self.answers("cloudformation", "describe_change_set", Status="CREATE_IN_PROGRESS", ChangeSetId=CHANGE_SET)
        complete = {"Status": "CREATE_COMPLETE", "ChangeSetId": CHANGE_SET, "StackId": ID, "Changes": list(changes)}
        failed = {"Status": "FAILED", "StatusReason": reason or NOTHING, "ChangeSetId": CHANGE_SET, "StackId": ID}
        self.answers("cloudformation", "describe_change_set", **(complete if changes else failed))

    def no_change(self):
        self.change_set()
        self.answers("cloudformation", "delete_change_set")

    def created(self):
        """What the creation of the stack is answered."""
        self.change_set(modified("Bucket", "AWS::S3::Bucket", action="Add"))
        self.executed("CREATE_COMPLETE", event("logs", "CREATE_COMPLETE", ID))
        self.stack("CREATE_COMPLETE", resources=MADE)

    def executed(self, status, *events):
        """What the execution of the change set is answered: it leads to this state."""
        self.answers("cloudformation", "describe_change_set", Status="CREATE_COMPLETE", StackId=ID)
        before = event("logs", "UPDATE_COMPLETE", ID)
        self.answers("cloudformation", "describe_stack_events", StackEvents=[before])
        self.answers("cloudformation", "execute_change_set")
        # The first answer is still from before.
        self.answers("cloudformation", "describe_stacks", Stacks=[stack("UPDATE_COMPLETE")])
        self.answers("cloudformation", "describe_stack_events", StackEvents=[before])
        self.answers("cloudformation", "describe_stacks", Stacks=[stack(status)])
        self.answers("cloudformation", "describe_stack_events", StackEvents=[*events, before])

    def no_stack(self):
        self.refuses("cloudformation", "describe_stacks", "ValidationError", "Stack with id logs does not exist")

    def free(self, *services):
        """Nothing is there of the template's names."""
        for service in services or ("s3", "logs", "sqs"):
            if service == "s3":
                self.refuses("s3", "head_bucket", "404", status=404)
            elif service == "logs":
                self.answers("logs", "describe_log_groups", logGroups=[{"logGroupName": "/aws/lambda/shipper-2"}])
            else:
                self.refuses("sqs", "get_queue_url", "AWS.SimpleQueueService.NonExistentQueue")

    def asked_all(self):
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


def event(logical, status, physical, reason="", kind="AWS::CloudFormation::Stack"):
    told = {"ResourceStatusReason": reason} if reason else {}
    return {
        "StackId": ID,
        "EventId": f"{logical}-{status}",
        "StackName": "logs",
        "LogicalResourceId": logical,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "Timestamp": NOW,
        "ResourceStatus": status,
    } | told


def resource(logical, physical, status="CREATE_COMPLETE"):
    return {
        "LogicalResourceId": logical,
        "PhysicalResourceId": physical,
        "ResourceType": "T",
        "LastUpdatedTimestamp": NOW,
        "ResourceStatus": status,
    }


def stack(status):
    return {"StackId": ID, "StackName": "logs", "StackStatus": status, "CreationTime": NOW}


def modified(logical, kind, *targets, replacement="False", action="Modify", policy=None):
    """A change as DescribeChangeSet has it; targets are (name of a property, RequiresRecreation)."""
    details = [
        {"Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}}
        for name, recreation in targets
    ]
    change = {"Action": action, "LogicalResourceId": logical, "ResourceType": kind, "Details": details}
    change |= {"Replacement": replacement} if action == "Modify" else {}
    change |= {"PolicyAction": policy} if policy else {}
    return {"Type": "Resource", "ResourceChange": change | {"PhysicalResourceId": logical.lower()}}


MADE = [
    resource("Bucket", "shipper"),
    resource("Log", "/aws/lambda/shipper"),
    resource("Queue", "https://sqs.eu-west-1.amazonaws.com/111111111111/shipper-objects"),
]


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setattr(stack_of_aws, "POLL_SECONDS", 0)
    return Aws(monkeypatch)


@pytest.fixture
def deploy(run_module):
    def run(check=False, **options):
        arguments = {"stack_name": "logs", "template_body": TEMPLATE, "template_parameters": {"Name": "shipper"}}
        arguments |= {"region": "eu-west-1", "parameter_variables": {"Name": "shipper_name"}}
        return run_module(module, check, **arguments | options)

    return run


def test_a_stack_that_has_all_it_names_and_no_changes_is_no_change(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.no_change()
    result = deploy()
    assert (result["failed"], result["changed"], result["changes"]) == (False, False, [])
    assert result["outputs"] == {"Bucket": "b"}
    aws.asked_all()


UPDATED = event("logs", "UPDATE_COMPLETE", ID) | {"EventId": "later"}
ALARM = modified("Errors", "AWS::CloudWatch::Alarm", ("Threshold", "Never"), ("Threshold", "Never"))


def test_an_update_says_what_changes_and_is_waited_for(aws, deploy, tmp_path):
    progress = tmp_path / "progress"
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(ALARM)
    aws.executed("UPDATE_COMPLETE", UPDATED)
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    result = deploy(progress=str(progress))
    assert (result["failed"], result["changed"]) == (False, True)
    assert result["changes"] == ["~ Errors AWS::CloudWatch::Alarm (Threshold)"]
    assert progress.read_text().splitlines() == result["changes"]
    aws.asked_all()


def test_check_mode_deletes_the_change_set_again(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(ALARM)
    aws.answers("cloudformation", "delete_change_set")
    result = deploy(check=True)
    assert (result["changed"], result["changes"]) == (True, ["~ Errors AWS::CloudWatch::Alarm (Threshold)"])
    aws.asked_all()


def test_check_mode_deletes_a_stack_that_was_only_begun_with_its_change_set(aws, deploy):
    aws.no_stack()
    aws.free()
    aws.change_set(modified("Bucket", "AWS::S3::Bucket", action="Add"))
    aws.answers("cloudformation", "delete_change_set")
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("REVIEW_IN_PROGRESS")])
    aws.answers("cloudformation", "delete_stack")
    aws.no_stack()
    result = deploy(check=True)
    assert (result["changed"], result["changes"], result["outputs"]) == (True, ["+ Bucket AWS::S3::Bucket"], {})
    aws.asked_all()


LOST = [
    (
        modified("Bucket", "AWS::S3::Bucket", ("BucketName", "Always"), replacement="True"),
        "would be REPLACED (BucketName)",
    ),
    (
        modified("Q", "AWS::SQS::Queue", ("QueueName", "Always"), replacement="Conditional"),
        "may be REPLACED (QueueName)",
    ),
    (
        modified("Log", "AWS::Logs::LogGroup", action="Remove", policy="Delete"),
        "Log AWS::Logs::LogGroup would be DELETED",
    ),
]


@pytest.mark.parametrize(("change", "words"), LOST)
@pytest.mark.parametrize("check", [False, True])
def test_a_change_that_loses_data_is_refused_before_it_is_made(aws, deploy, change, words, check):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(ALARM, change)
    aws.answers("cloudformation", "delete_change_set")
    result = deploy(check=check)
    assert result["failed"]
    assert result["codes"] == ["stack_change_refused"]
    assert words in result["msg"]
    assert "would be lost" in result["msg"]
    assert "aws_stacks_allow_replacement=true" in result["msg"]
    assert "Errors" not in result["msg"]
    aws.asked_all()


def test_it_is_made_where_that_is_allowed(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(LOST[0][0])
    aws.executed("UPDATE_COMPLETE", UPDATED)
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    result = deploy(allow_replacement=True)
    assert result["changes"] == ["! Bucket AWS::S3::Bucket would be REPLACED (BucketName)"]
    aws.asked_all()


def test_an_update_that_fails_says_why_and_names_no_value(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(ALARM)
    failed = event("Errors", "UPDATE_FAILED", "errors", "Threshold must be a number", "AWS::CloudWatch::Alarm")
    aws.executed("UPDATE_ROLLBACK_COMPLETE", event("logs", "UPDATE_ROLLBACK_COMPLETE", ID), failed)
    result = deploy(hidden_parameters={"Pin": "hidden-one"})
    assert result["codes"] == ["stack_change_failed"]
    assert "UPDATE_ROLLBACK_COMPLETE" in result["msg"]
    assert "AWS::CloudWatch::Alarm Errors (errors): Threshold must be a number" in result["msg"]
    assert "with values for Name, Pin." in result["msg"]
    assert "hidden-one" not in json.dumps(result)
    assert "un again" in result["msg"]
    aws.asked_all()


GROUP = "AWS::AutoScaling::AutoScalingGroup"


def of_group(reason, status="UPDATE_IN_PROGRESS"):
    return event("Group", status, "broker-staging", reason, GROUP) | {"EventId": reason}


@pytest.mark.parametrize("result", ["replaced", "went back"])
def test_a_rolling_update_is_shown_with_what_each_instance_says(aws, deploy, tmp_path, result):
    """The events are those of AWS, the object is an instance's."""
    progress, bad = tmp_path / "progress", result == "went back"
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(modified("Group", GROUP, ("LaunchTemplate", "Never")))
    if bad:
        failed = (
            "Received 1 FAILURE signal(s) out of 1.  Unable to satisfy 100% MinSuccessfulInstancesPercent requirement"
        )
        done, status = [of_group("Received FAILURE signal with UniqueId i-0a")], "UPDATE_ROLLBACK_COMPLETE"
        done.insert(0, of_group(failed, "UPDATE_FAILED"))
        done.insert(0, event("logs", "UPDATE_ROLLBACK_IN_PROGRESS", ID, "The following resource(s) failed: [Group]."))
        done.insert(0, event("logs", status, ID))
        said = {"result": "abandon", "code": "bundle_refused", "reason": "Another checksum.", "attempts": 2}
    else:
        done, status = [UPDATED, of_group("Received SUCCESS signal with UniqueId i-0a")], "UPDATE_COMPLETE"
        done.insert(1, of_group("Terminating instance(s) [i-0b]; replacing with 1 new instance(s)."))
        said = {"result": "continue", "began": "2026-03-02T08:00:00Z", "ended": "2026-03-02T08:01:00Z"}
    aws.executed(status, *done)
    aws.answers("s3", "list_objects_v2", Contents=[])
    key = "deployments/staging/2026-03-02T08:00:00Z-i-0a-first-boot.json"
    aws.answers("s3", "list_objects_v2", Contents=[{"Key": key, "ETag": "1", "Size": 9}])
    content = json.dumps(said).encode()
    aws.answers("s3", "get_object", Body=StreamingBody(io.BytesIO(content), len(content)))
    if not bad:
        aws.stack("UPDATE_COMPLETE", resources=MADE)
    found = deploy(progress=str(progress), history="s3://artifacts/deployments/staging")
    lines = [line for line in progress.read_text().splitlines() if line.startswith("logs: ")]
    if bad:
        reason = "i-0a GAVE UP after 2 attempts: [bundle_refused] Another checksum."
        assert lines == [
            "logs: i-0a FAILED",
            f"logs: {failed}",
            "logs: going back. The following resource(s) failed: [Group].",
            f"logs: {reason}",
        ]
        assert (found["status"], found["codes"][0]) == ("UPDATE_ROLLBACK_COMPLETE", "stack_change_failed")
        assert failed in found["msg"]
        assert reason in found["msg"]
        assert found["instances_bad"] == [reason]
    else:
        assert lines == [
            "logs: i-0a is healthy",
            "logs: i-0b goes, 1 new comes",
            "logs: i-0a deployed itself in 60 s",
        ]
        assert (found["instances_bad"], found["instances_going"]) == ([], ["i-0b"])
    aws.asked_all()


def test_a_change_set_that_fails_is_deleted_and_says_why(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.change_set(reason="Template error: unknown thing")
    aws.answers("cloudformation", "delete_change_set")
    result = deploy()
    assert result["codes"] == ["stack_change_failed"]
    assert "Template error: unknown thing" in result["msg"]
    aws.asked_all()


def test_what_a_killed_run_left_is_removed_and_what_somebody_else_made_is_not(aws, deploy):
    left = [{"ChangeSetName": name, "Status": "CREATE_COMPLETE"} for name in ("elk-deploy-1", "for-review")]
    aws.stack("UPDATE_COMPLETE", resources=MADE, change_sets=left)
    expected = {"ChangeSetName": "elk-deploy-1", "StackName": ID}
    aws.stubs["cloudformation"].add_response("delete_change_set", {}, expected)
    aws.no_change()
    result = deploy()
    assert not result["changed"]
    assert "for-review" in str(result["warnings"])
    aws.asked_all()


def test_check_mode_leaves_even_that(aws, deploy):
    left = [{"ChangeSetName": "elk-deploy-1", "Status": "CREATE_COMPLETE"}]
    aws.stack("UPDATE_COMPLETE", resources=MADE, change_sets=left)
    aws.no_change()
    assert not deploy(check=True)["changed"]
    aws.asked_all()


POLICY = {"Statement": [{"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "*"}]}


def test_policy_and_protection_are_set_once(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.answers("cloudformation", "get_stack_policy")
    expected = {"StackName": "logs", "StackPolicyBody": json.dumps(POLICY)}
    aws.stubs["cloudformation"].add_response("set_stack_policy", {}, expected)
    expected = {"StackName": "logs", "EnableTerminationProtection": True}
    aws.stubs["cloudformation"].add_response("update_termination_protection", {}, expected)
    aws.no_change()
    result = deploy(policy=POLICY, termination_protection=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert result["changes"] == ["~ stack policy", "~ termination protection (on)"]
    aws.asked_all()

    aws.stack("UPDATE_COMPLETE", resources=MADE, protected=True)
    aws.answers("cloudformation", "get_stack_policy", StackPolicyBody=json.dumps(POLICY, indent=1))
    aws.no_change()
    assert not deploy(policy=POLICY, termination_protection=True)["changed"]
    aws.asked_all()


def test_check_mode_sets_neither(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.answers("cloudformation", "get_stack_policy")
    aws.no_change()
    result = deploy(check=True, policy=POLICY, termination_protection=True)
    assert result["changes"] == ["~ stack policy", "~ termination protection (on)"]
    aws.asked_all()


def test_a_new_stack_gets_both_once_it_is_complete(aws, deploy):
    aws.no_stack()
    aws.free()
    aws.created()
    aws.answers("cloudformation", "get_stack_policy")
    aws.answers("cloudformation", "set_stack_policy")
    aws.answers("cloudformation", "update_termination_protection", StackId=ID)
    result = deploy(policy=POLICY, protect_data=True)
    assert result["changes"] == ["+ Bucket AWS::S3::Bucket", "~ stack policy", "~ termination protection (on)"]
    aws.asked_all()


NO_DATA = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


@pytest.mark.parametrize("protected", [False, True])
def test_without_data_and_without_being_told_a_stack_keeps_its_protection(aws, deploy, protected):
    aws.stack("UPDATE_COMPLETE", protected=protected)
    aws.no_change()
    assert not deploy(protect_data=True, template_body=NO_DATA)["changed"]
    aws.asked_all()


def test_it_is_turned_off_where_that_is_said(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE, protected=True)
    aws.answers("cloudformation", "update_termination_protection", StackId=ID)
    aws.no_change()
    assert deploy(protect_data=True, termination_protection=False)["changes"] == ["~ termination protection (off)"]
    aws.asked_all()


REFERENCE = {"Name": {"stack": "names", "output": "Name"}}


def test_a_parameter_may_be_an_output_of_another_stack(aws, deploy):
    outputs = [{"OutputKey": "Name", "OutputValue": "shipper"}]
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("CREATE_COMPLETE") | {"Outputs": outputs}])
    aws.stack("UPDATE_COMPLETE", resources=MADE)  # which have that name, or they would be looked for
    aws.no_change()
    assert not deploy(template_parameters=REFERENCE)["failed"]
    aws.asked_all()


def test_an_output_that_is_not_there_stops_the_run(aws, deploy):
    aws.no_stack()
    result = deploy(template_parameters=REFERENCE)
    assert result["codes"] == ["stack_output_missing"]
    assert "Name is output Name of stack names" in result["msg"]
    aws.asked_all()


def test_in_check_mode_it_makes_no_change_set(aws, deploy):
    aws.no_stack()
    aws.no_stack()
    result = deploy(check=True, template_parameters=REFERENCE)
    assert result["changes"] == [
        "+ Bucket AWS::S3::Bucket",
        "+ Log AWS::Logs::LogGroup",
        "+ Queue AWS::SQS::Queue",
        "+ Unnamed AWS::SQS::Queue",
    ]
    aws.asked_all()

    aws.no_stack()
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    (line,) = deploy(check=True, template_parameters=REFERENCE)["changes"]
    assert "Name of stack names" in line
    aws.asked_all()


LARGE = json.dumps({**json.loads(NO_DATA), "Description": "x" * 51_200})


def test_a_template_that_is_too_large_is_refused(aws, deploy):
    result = deploy(template_body=LARGE)
    assert result["codes"] == ["template_too_large"]
    assert "aws_stacks_artifact_bucket" in result["msg"]
    result = deploy(template_body=LARGE + " " * (1 << 20), artifact_bucket="artifacts")
    assert result["codes"] == ["template_too_large"]
    assert "Divide it" in result["msg"]
    aws.asked_all()


@pytest.mark.parametrize("check", [False, True])
def test_a_large_one_goes_through_the_bucket_and_stays_there_only_if_it_is_deployed(aws, deploy, check):
    aws.stack("UPDATE_COMPLETE")
    aws.answers("sts", "get_caller_identity", Account="111111111111")
    aws.answers("s3", "head_bucket")
    aws.refuses("s3", "head_object", "404", status=404)
    aws.refuses("s3", "head_object", "404", status=404)
    aws.answers("s3", "put_object", VersionId="v1")
    aws.change_set(ALARM)
    if check:
        aws.answers("sts", "get_caller_identity", Account="111111111111")
        aws.answers("s3", "delete_object")
        aws.answers("cloudformation", "delete_change_set")
    else:
        aws.executed("UPDATE_COMPLETE", UPDATED)
        aws.stack("UPDATE_COMPLETE")
    asked = []
    aws.clients["cloudformation"].meta.events.register(
        "provide-client-params.cloudformation.CreateChangeSet", lambda params, **_: asked.append(params)
    )
    assert deploy(check=check, template_body=LARGE, artifact_bucket="artifacts")["changed"]
    (params,) = asked
    assert "TemplateBody" not in params
    assert params["TemplateURL"].startswith("https://s3.eu-west-1.amazonaws.com/artifacts/cloudformation/logs/")
    assert params["TemplateURL"].endswith(".template?versionId=v1")
    aws.asked_all()


def test_everything_that_has_a_name_of_the_template_is_told_before_the_creation(aws, deploy):
    aws.no_stack()
    aws.answers("s3", "head_bucket")
    aws.answers("s3", "list_objects_v2", Contents=[{"Key": "x"}])
    aws.answers("logs", "describe_log_groups", logGroups=[{"logGroupName": "/aws/lambda/shipper"}])
    aws.answers("sqs", "get_queue_url", QueueUrl="https://sqs/1/shipper-objects")
    result = deploy()
    assert result["failed"]
    lines = result["msg"].splitlines()
    assert [line.partition(" already exists")[0] for line in lines] == [
        "[resource_name_taken] Bucket shipper",
        "[resource_name_taken] Log group /aws/lambda/shipper",
        "[resource_name_taken] Queue shipper-objects",
    ]
    assert "and holds objects" in lines[0]
    for line in lines:
        assert "stack logs did not make it" in line
        assert "give another name (shipper_name)" in line
        assert "Then run again." in line
    aws.asked_all()  # and nothing was deleted


@pytest.mark.parametrize(("code", "words"), [("403", "in another account"), ("301", "in another region")])
def test_a_bucket_that_somebody_else_has(aws, deploy, code, words):
    aws.no_stack()
    aws.refuses("s3", "head_bucket", code, status=int(code))
    aws.free("logs", "sqs")
    result = deploy()
    assert result["failed"]
    assert f"Bucket shipper already exists, {words}" in result["msg"]


def test_what_may_not_be_looked_at_is_left_to_cloudformation(aws, deploy):
    aws.no_stack()
    aws.free("s3")
    aws.refuses("logs", "describe_log_groups", "AccessDeniedException")
    aws.free("sqs")
    aws.created()
    assert not deploy()["failed"]
    aws.asked_all()


def test_an_update_is_stopped_by_the_name_of_what_it_would_make(aws, deploy):
    aws.stack("UPDATE_COMPLETE", resources=MADE[:2])
    aws.answers("sqs", "get_queue_url", QueueUrl="https://sqs/1/shipper-objects")
    result = deploy()
    assert result["failed"]
    assert result["codes"] == ["resource_name_taken"]
    assert "Queue shipper-objects already exists" in result["msg"]


FAILED = event("Bucket", "CREATE_FAILED", "shipper", "shipper already exists", "AWS::S3::Bucket")


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_what_is_left_of_a_creation_that_failed_is_deleted(aws, deploy, status):
    aws.stack(status, events=[FAILED], resources=[resource("Bucket", "shipper", "CREATE_FAILED")])
    aws.free()
    aws.answers("cloudformation", "delete_stack")
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("DELETE_IN_PROGRESS")])
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("DELETE_COMPLETE")])
    aws.created()
    result = deploy()
    assert (result["failed"], result["changed"], result["replaced"]) == (False, True, True)
    aws.asked_all()


def test_check_mode_deletes_nothing(aws, deploy):
    aws.stack("ROLLBACK_COMPLETE", events=[FAILED])
    aws.free()
    result = deploy(check=True)
    assert (result["changed"], result["replaced"]) == (True, True)
    assert "+ Bucket AWS::S3::Bucket" in result["changes"]
    aws.asked_all()


def test_nothing_is_deleted_when_that_is_not_wanted(aws, deploy):
    aws.stack("ROLLBACK_COMPLETE", events=[FAILED])
    aws.free()
    result = deploy(replace_failed_creation=False)
    assert result["failed"]
    assert "ROLLBACK_COMPLETE" in result["msg"]
    assert "shipper already exists" in result["msg"]
    assert "aws_stacks_replace_failed_creation" in result["msg"]
    aws.asked_all()


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_left_over_stack_stays_while_what_was_there_before_is(aws, deploy, status):
    """Its deletion might take along what only has the name."""
    aws.stack(status, events=[FAILED], resources=[resource("Bucket", "shipper", "CREATE_FAILED")])
    aws.answers("s3", "head_bucket")
    aws.answers("s3", "list_objects_v2")
    aws.free("logs", "sqs")
    result = deploy()
    assert result["failed"]
    assert "Bucket shipper already exists, and stack logs did not make it" in result["msg"]
    aws.asked_all()


def test_a_deletion_that_fails_says_why(aws, deploy):
    aws.stack("ROLLBACK_FAILED", events=[FAILED], resources=[resource("Bucket", "shipper")])
    aws.free("logs", "sqs")
    aws.answers("cloudformation", "delete_stack")
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("DELETE_FAILED")])
    reason = "The bucket you tried to delete is not empty"
    events = [event("Bucket", "DELETE_FAILED", "shipper", reason, "AWS::S3::Bucket")]
    aws.answers("cloudformation", "describe_stack_events", StackEvents=events)
    result = deploy()
    assert result["failed"]
    assert f"AWS::S3::Bucket Bucket (shipper): {reason}" in result["msg"]
    assert "run again" in result["msg"]


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_FAILED",
        "IMPORT_ROLLBACK_FAILED",
    ],
)
def test_other_states_stop_at_once(aws, deploy, status):
    aws.stack(status, events=[event("logs", "CREATE_COMPLETE", ID)], resources=MADE)
    result = deploy()
    assert result["failed"]
    assert f"Stack logs is in state {status}" in result["msg"]
    assert "un again" in result["msg"]
    aws.asked_all()


def test_a_deletion_that_failed_of_a_complete_stack_is_left_to_people(aws, deploy):
    aws.stack("DELETE_FAILED", events=[event("logs", "CREATE_COMPLETE", ID)], resources=MADE)
    result = deploy()
    assert result["failed"]
    assert "It is not deleted by this role" in result["msg"]
    aws.asked_all()


def test_a_stack_in_review(aws, deploy):
    aws.stack("REVIEW_IN_PROGRESS", change_sets=[{"ChangeSetName": "mine", "Status": "CREATE_COMPLETE"}])
    result = deploy()
    assert result["failed"]
    assert "mine" in result["msg"]
    left = [{"ChangeSetName": "elk-deploy-1", "Status": "CREATE_COMPLETE"}]
    aws.stack("REVIEW_IN_PROGRESS", change_sets=left)
    aws.free()
    aws.answers("cloudformation", "delete_change_set")
    aws.created()
    assert not deploy()["failed"]
    aws.asked_all()


def test_a_stack_that_was_only_begun_stays_in_check_mode(aws, deploy):
    """This run has not begun it."""
    aws.stack("REVIEW_IN_PROGRESS")
    aws.free()
    aws.change_set(modified("Bucket", "AWS::S3::Bucket", action="Add"))
    aws.answers("cloudformation", "delete_change_set")
    assert deploy(check=True)["changed"]
    aws.asked_all()


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
@pytest.mark.parametrize("check", [False, True])
def test_work_that_a_killed_run_began_is_waited_for(aws, deploy, status, check, tmp_path):
    progress = tmp_path / "progress"
    progress.touch()
    aws.stack(status, resources=MADE)
    for now in (status, "UPDATE_COMPLETE"):
        aws.answers("cloudformation", "describe_stacks", Stacks=[stack(now)])
        aws.answers("cloudformation", "describe_stack_events", StackEvents=[event("logs", "CREATE_IN_PROGRESS", ID)])
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    aws.no_change()
    result = deploy(check=check, progress=str(progress))
    assert (result["failed"], result["changed"]) == (False, False)
    assert f"Stack logs is in state {status} since 2026-03-02 08:00:00 UTC" in progress.read_text()
    aws.asked_all()


def test_a_deletion_that_is_under_way_is_waited_for_and_the_stack_created_again(aws, deploy):
    aws.stack("DELETE_IN_PROGRESS", resources=MADE)
    aws.no_stack()
    aws.answers("cloudformation", "describe_stack_events", StackEvents=[])
    aws.no_stack()
    aws.free()
    aws.created()
    assert deploy()["changed"]
    aws.asked_all()


def test_it_does_not_wait_for_ever(aws, deploy, monkeypatch):
    monkeypatch.setattr(stack_of_aws.waiting, "attempts", lambda *_arguments, **_options: iter([None]))
    aws.stack("UPDATE_IN_PROGRESS", resources=MADE)
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("UPDATE_IN_PROGRESS")])
    aws.answers("cloudformation", "describe_stack_events", StackEvents=[event("logs", "CREATE_IN_PROGRESS", ID)])
    result = deploy()
    assert result["codes"] == ["stack_timeout"]
    assert "it is in state UPDATE_IN_PROGRESS" in result["msg"]
    assert "run again" in result["msg"]
    aws.asked_all()


def test_a_template_that_is_none(aws, deploy):
    result = deploy(template_body="a: [")
    assert result["failed"]
    assert "The template of stack logs is neither YAML nor JSON" in result["msg"]


def test_an_answer_that_is_no_state_is_told(aws, deploy):
    aws.refuses("cloudformation", "describe_stacks", "AccessDenied", "not authorized")
    result = deploy()
    assert result["failed"]
    assert "not authorized" in result["msg"]
