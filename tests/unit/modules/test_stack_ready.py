"""The module stack_ready against recorded answers of AWS, for the states that no emulator comes into."""

import datetime
import json

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import RetryingBotoClientWrapper
from ansible_collections.elk.deploy.plugins.modules import stack_ready
from botocore.stub import Stubber

ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/logs/1"
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
        for service in ("cloudformation", "s3", "logs", "sqs"):
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

    def stack(self, status, *, events=(), resources=(), change_sets=None):
        """What looking at a stack in this state is answered."""
        base = {"StackId": ID, "StackName": "logs", "StackStatus": status, "CreationTime": NOW}
        outputs = [{"OutputKey": "Bucket", "OutputValue": "b"}]
        self.answers("cloudformation", "describe_stacks", Stacks=[base | {"Outputs": outputs}])
        first = event("logs", "CREATE_IN_PROGRESS", ID)
        self.answers("cloudformation", "describe_stack_events", StackEvents=[*events, first])
        if change_sets is not None:
            self.answers("cloudformation", "list_change_sets", Summaries=change_sets)
        self.answers("cloudformation", "list_stack_resources", StackResourceSummaries=list(resources))

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


MADE = [
    resource("Bucket", "shipper"),
    resource("Log", "/aws/lambda/shipper"),
    resource("Queue", "https://sqs.eu-west-1.amazonaws.com/111111111111/shipper-objects"),
]


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setattr(stack_ready, "POLL_SECONDS", 0)
    return Aws(monkeypatch)


@pytest.fixture
def ready(run_module):
    def run(check=False, **options):
        arguments = {"stack_name": "logs", "template_body": TEMPLATE, "template_parameters": {"Name": "shipper"}}
        arguments |= {"region": "eu-west-1", "parameter_variables": {"Name": "shipper_name"}}
        return run_module(stack_ready, check, **arguments | options)

    return run


def test_without_a_stack_and_with_free_names_it_can_be_created(aws, ready):
    aws.no_stack()
    aws.free()
    result = ready()
    assert (result["failed"], result["changed"], result["status"], result["outputs"]) == (False, False, "", {})
    aws.asked_all()


def test_a_stack_that_has_all_it_names_asks_no_other_service(aws, ready):
    aws.stack("UPDATE_COMPLETE", resources=MADE)
    result = ready()
    assert (result["failed"], result["changed"], result["outputs"]) == (False, False, {"Bucket": "b"})
    aws.asked_all()


def test_everything_that_has_a_name_of_the_template_is_told_before_the_creation(aws, ready):
    aws.no_stack()
    aws.answers("s3", "head_bucket")
    aws.answers("s3", "list_objects_v2", Contents=[{"Key": "x"}])
    aws.answers("logs", "describe_log_groups", logGroups=[{"logGroupName": "/aws/lambda/shipper"}])
    aws.answers("sqs", "get_queue_url", QueueUrl="https://sqs/1/shipper-objects")
    result = ready()
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
def test_a_bucket_that_somebody_else_has(aws, ready, code, words):
    aws.no_stack()
    aws.refuses("s3", "head_bucket", code, status=int(code))
    aws.free("logs", "sqs")
    result = ready()
    assert result["failed"]
    assert f"Bucket shipper already exists, {words}" in result["msg"]


def test_what_may_not_be_looked_at_is_left_to_cloudformation(aws, ready):
    aws.no_stack()
    aws.free("s3")
    aws.refuses("logs", "describe_log_groups", "AccessDeniedException")
    aws.free("sqs")
    assert not ready()["failed"]


def test_an_update_is_stopped_by_the_name_of_what_it_would_make(aws, ready):
    aws.stack("UPDATE_COMPLETE", resources=MADE[:2])
    aws.answers("sqs", "get_queue_url", QueueUrl="https://sqs/1/shipper-objects")
    result = ready()
    assert result["failed"]
    assert result["codes"] == ["resource_name_taken"]
    assert "Queue shipper-objects already exists" in result["msg"]


FAILED = event("Bucket", "CREATE_FAILED", "shipper", "shipper already exists", "AWS::S3::Bucket")


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_what_is_left_of_a_creation_that_failed_is_deleted(aws, ready, status):
    aws.stack(status, events=[FAILED], resources=[resource("Bucket", "shipper", "CREATE_FAILED")])
    aws.free()
    aws.answers("cloudformation", "delete_stack")
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("DELETE_IN_PROGRESS")])
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("DELETE_COMPLETE")])
    result = ready()
    assert (result["failed"], result["changed"], result["replaced"]) == (False, True, True)
    aws.asked_all()


def stack(status):
    return {"StackId": ID, "StackName": "logs", "StackStatus": status, "CreationTime": NOW}


def test_check_mode_deletes_nothing(aws, ready):
    aws.stack("ROLLBACK_COMPLETE", events=[FAILED])
    aws.free()
    result = ready(check=True)
    assert (result["changed"], result["replaced"]) == (True, True)
    aws.asked_all()


def test_nothing_is_deleted_when_that_is_not_wanted(aws, ready):
    aws.stack("ROLLBACK_COMPLETE", events=[FAILED])
    aws.free()
    result = ready(replace_failed_creation=False)
    assert result["failed"]
    assert "ROLLBACK_COMPLETE" in result["msg"]
    assert "shipper already exists" in result["msg"]
    assert "aws_stacks_replace_failed_creation" in result["msg"]
    aws.asked_all()


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_left_over_stack_stays_while_what_was_there_before_is(aws, ready, status):
    """Its deletion might take along what only has the name."""
    aws.stack(status, events=[FAILED], resources=[resource("Bucket", "shipper", "CREATE_FAILED")])
    aws.answers("s3", "head_bucket")
    aws.answers("s3", "list_objects_v2")
    aws.free("logs", "sqs")
    result = ready()
    assert result["failed"]
    assert "Bucket shipper already exists, and stack logs did not make it" in result["msg"]
    aws.asked_all()


def test_a_deletion_that_fails_says_why(aws, ready):
    aws.stack("ROLLBACK_FAILED", events=[FAILED], resources=[resource("Bucket", "shipper")])
    aws.free("logs", "sqs")
    aws.answers("cloudformation", "delete_stack")
    aws.answers("cloudformation", "describe_stacks", Stacks=[stack("DELETE_FAILED")])
    reason = "The bucket you tried to delete is not empty"
    events = [event("Bucket", "DELETE_FAILED", "shipper", reason, "AWS::S3::Bucket")]
    aws.answers("cloudformation", "describe_stack_events", StackEvents=events)
    result = ready()
    assert result["failed"]
    assert f"AWS::S3::Bucket Bucket (shipper): {reason}" in result["msg"]
    assert "run again" in result["msg"]


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_FAILED",
        "IMPORT_ROLLBACK_FAILED",
    ],
)
def test_other_states_stop_at_once(aws, ready, status):
    aws.stack(status, events=[event("logs", "CREATE_COMPLETE", ID)], resources=MADE)
    result = ready()
    assert result["failed"]
    assert f"Stack logs is in state {status}" in result["msg"]
    assert "un again" in result["msg"]
    aws.asked_all()


def test_a_deletion_that_failed_of_a_complete_stack_is_left_to_people(aws, ready):
    aws.stack("DELETE_FAILED", events=[event("logs", "CREATE_COMPLETE", ID)], resources=MADE)
    result = ready()
    assert result["failed"]
    assert "It is not deleted by this role" in result["msg"]
    aws.asked_all()


def test_a_stack_in_review(aws, ready):
    aws.stack("REVIEW_IN_PROGRESS", change_sets=[{"ChangeSetName": "mine", "Status": "CREATE_COMPLETE"}])
    result = ready()
    assert result["failed"]
    assert "mine" in result["msg"]
    aws.stack("REVIEW_IN_PROGRESS", change_sets=[])
    aws.free()
    aws.answers("cloudformation", "delete_stack")
    aws.no_stack()
    assert ready()["replaced"]
    aws.asked_all()


def test_a_template_that_is_none(aws, ready):
    aws.no_stack()
    result = ready(template_body="a: [")
    assert result["failed"]
    assert "The template of stack logs is neither YAML nor JSON" in result["msg"]


def test_an_answer_that_is_no_state_is_told(aws, ready):
    aws.refuses("cloudformation", "describe_stacks", "AccessDenied", "not authorized")
    result = ready()
    assert result["failed"]
    assert "not authorized" in result["msg"]
