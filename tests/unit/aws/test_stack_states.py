"""For every state of a stack: what is done, and what people are told."""

import botocore.session
import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws import change_sets, stack_states
from ansible_collections.elk.deploy.plugins.module_utils.aws.stack_states import (
    CREATE,
    REPLACE,
    STOP,
    UPDATE,
    WAIT,
    Found,
)

ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/logs/1"
# What is done in each state with a stack whose creation failed, with a stack that was complete before, and the words
# that people need. REVIEW_IN_PROGRESS has no completion before it.
TABLE = {
    "CREATE_COMPLETE": (UPDATE, UPDATE, ""),
    "UPDATE_COMPLETE": (UPDATE, UPDATE, ""),
    "UPDATE_ROLLBACK_COMPLETE": (UPDATE, UPDATE, ""),
    "IMPORT_COMPLETE": (UPDATE, UPDATE, ""),
    "IMPORT_ROLLBACK_COMPLETE": (UPDATE, UPDATE, ""),
    "CREATE_FAILED": (REPLACE, STOP, "delete-stack"),
    "ROLLBACK_COMPLETE": (REPLACE, STOP, "delete-stack"),
    "ROLLBACK_FAILED": (REPLACE, STOP, "delete-stack"),
    "DELETE_FAILED": (REPLACE, STOP, "delete-stack"),
    "REVIEW_IN_PROGRESS": (CREATE, CREATE, ""),
    "UPDATE_FAILED": (STOP, STOP, "rollback-stack"),
    "UPDATE_ROLLBACK_FAILED": (STOP, STOP, "continue-update-rollback"),
    "IMPORT_ROLLBACK_FAILED": (STOP, STOP, "CloudFormation's console"),
    "CREATE_IN_PROGRESS": (WAIT, WAIT, ""),
    "ROLLBACK_IN_PROGRESS": (WAIT, WAIT, ""),
    "DELETE_IN_PROGRESS": (WAIT, WAIT, ""),
    "UPDATE_IN_PROGRESS": (WAIT, WAIT, ""),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": (WAIT, WAIT, ""),
    "UPDATE_ROLLBACK_IN_PROGRESS": (WAIT, WAIT, ""),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": (WAIT, WAIT, ""),
    "IMPORT_IN_PROGRESS": (WAIT, WAIT, ""),
    "IMPORT_ROLLBACK_IN_PROGRESS": (WAIT, WAIT, ""),
    "A_STATE_OF_TOMORROW": (STOP, STOP, "CloudFormation's console"),
}


def own(status):
    return {"StackId": ID, "PhysicalResourceId": ID, "LogicalResourceId": "logs", "ResourceStatus": status}


REASON = {
    "StackId": ID,
    "ResourceType": "AWS::S3::Bucket",
    "LogicalResourceId": "LogBucket",
    "PhysicalResourceId": "example-logs",
    "ResourceStatus": "DELETE_FAILED",
    "ResourceStatusReason": "The bucket you tried to delete is not empty",
}
FIRST = own("CREATE_IN_PROGRESS")


def found(status, *events, **changes):
    return Found("logs", status, ID, "2026-03-02 08:00:00 UTC", [REASON, *events, FIRST], **changes)


def test_the_table_has_all_states_of_cloudformation():
    model = botocore.session.get_session().get_service_model("cloudformation")
    assert set(model.shape_for("StackStatus").enum) - {"DELETE_COMPLETE"} <= TABLE.keys()


def test_no_stack_is_created():
    assert stack_states.judge(Found("logs")).action == CREATE


@pytest.mark.parametrize("status", TABLE)
@pytest.mark.parametrize("completion", [None, "CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"])
def test_states(status, completion):
    never, ever, words = TABLE[status]
    verdict = stack_states.judge(found(status, *([own(completion)] if completion else [])))
    assert verdict.action == (ever if completion else never)
    if verdict.action == WAIT:
        assert f"Stack logs is in state {status} since 2026-03-02 08:00:00 UTC" in verdict.message
    if verdict.action in (STOP, REPLACE):
        assert f"Stack logs is in state {status}" in verdict.message
        # Name and reason of what failed.
        assert (
            "AWS::S3::Bucket LogBucket (example-logs): The bucket you tried to delete is not empty" in verdict.message
        )
    if verdict.action == STOP:
        assert words in verdict.message
        assert verdict.message.endswith("Then run again.")
        assert "{name}" not in verdict.message


@pytest.mark.parametrize("status", sorted(TABLE))
def test_a_stack_that_was_complete_once_is_never_deleted(status):
    if status != "REVIEW_IN_PROGRESS":  # no stack that is there comes into it
        for completion in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
            assert stack_states.judge(found(status, own(completion))).action != REPLACE


def test_a_deletion_that_failed_is_tried_again_only_if_the_events_reach_back_to_the_start():
    assert stack_states.judge(found("DELETE_FAILED")).action == REPLACE
    assert stack_states.judge(Found("logs", "DELETE_FAILED", ID, "", [REASON])).action == STOP


def test_completions_of_resources_are_none_of_the_stack():
    bucket = own("CREATE_COMPLETE") | {"PhysicalResourceId": "example-logs"}
    assert stack_states.judge(found("ROLLBACK_COMPLETE", bucket)).action == REPLACE


def test_a_change_set_that_waits_is_left_alone():
    waiting = {"ChangeSetName": "first-try", "Status": "CREATE_COMPLETE"}
    failed = {"ChangeSetName": "broken", "Status": "FAILED"}
    of_a_killed_run = {"ChangeSetName": change_sets.new_name(), "Status": "CREATE_COMPLETE"}
    verdict = stack_states.judge(found("REVIEW_IN_PROGRESS", change_sets=[failed, waiting, of_a_killed_run]))
    assert verdict.action == STOP
    assert "first-try" in verdict.message
    assert "broken" not in verdict.message
    assert "elk-deploy-" not in verdict.message
    assert stack_states.judge(found("REVIEW_IN_PROGRESS", change_sets=[failed, of_a_killed_run])).action == CREATE


def test_failures_name_each_reason_once_and_leave_out_what_only_followed():
    cancelled = REASON | {"ResourceStatusReason": "Resource creation cancelled"}
    named = REASON | {"ResourceStatusReason": "example-logs already exists"}
    told = stack_states.failures([REASON, REASON, cancelled, named, own("DELETE_FAILED")])
    assert told == [
        "AWS::S3::Bucket LogBucket (example-logs): The bucket you tried to delete is not empty",
        "AWS::S3::Bucket LogBucket: example-logs already exists",
    ]
