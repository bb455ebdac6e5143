"""What people are told of a change set, and when it is refused."""

import botocore.session
import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws import change_sets, stack_parameters
from ansible_collections.elk.deploy.plugins.module_utils.aws.change_sets import Change
from ansible_collections.elk.deploy.plugins.module_utils.aws.stack_parameters import Reference

BUCKET, ALARM = "AWS::S3::Bucket", "AWS::CloudWatch::Alarm"
MODEL = botocore.session.get_session().get_service_model("cloudformation")


def changed(action="Modify", *targets, kind=BUCKET, **more):
    """A change as DescribeChangeSet has it; a target is (attribute, name, RequiresRecreation)."""
    details = [
        {"Target": {"Attribute": attribute, "Name": name, "RequiresRecreation": recreation}}
        for attribute, name, recreation in targets
    ]
    change = {"Action": action, "LogicalResourceId": "Thing", "ResourceType": kind, "Details": details, **more}
    return {"Type": "Resource", "ResourceChange": change}


NAME = ("Properties", "BucketName", "Always")
TAGS = ("Tags", None, None)
DAYS = ("Properties", "Days", "Never")
TYPE = ("Properties", "Type", "Conditionally")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (changed("Add"), f"+ Thing {BUCKET}"),
        (changed("Import"), f"+ Thing {BUCKET}"),
        (changed("Remove"), f"- Thing {BUCKET}"),
        (changed("Remove", PolicyAction="Retain"), f"- Thing {BUCKET} (kept, and no longer the stack's)"),
        (changed("Dynamic", kind="AWS::CloudFormation::Stack"), "~ Thing AWS::CloudFormation::Stack"),
        (changed("Modify", DAYS, DAYS, TAGS, kind=ALARM, Replacement="False"), f"~ Thing {ALARM} (Days, Tags)"),
        (changed("Modify", DAYS, NAME, Replacement="True"), f"! Thing {BUCKET} would be REPLACED (BucketName)"),
        (
            changed("Modify", NAME, DAYS, TYPE, Replacement="Conditional"),
            f"! Thing {BUCKET} may be REPLACED (BucketName, Type)",
        ),
        (
            changed("Modify", NAME, Replacement="True", PolicyAction="ReplaceAndRetain"),
            f"! Thing {BUCKET} would be REPLACED (BucketName), the old one is kept",
        ),
        (changed("Modify", Replacement="True"), f"! Thing {BUCKET} would be REPLACED"),
    ],
)
def test_a_change_has_one_line(change, line):
    (found,) = change_sets.read([change])
    assert found.line == line


def test_every_action_of_cloudformation_has_a_line():
    for action in MODEL.shape_for("ChangeAction").enum:
        assert Change(action, "Thing", ALARM).line[0] in "+-~"


@pytest.mark.parametrize("policy", ["", *MODEL.shape_for("PolicyAction").enum])
@pytest.mark.parametrize("kind", [*change_sets.DATA, ALARM])
@pytest.mark.parametrize(
    ("action", "replacement"),
    [("Remove", ""), ("Modify", "True"), ("Modify", "Conditional"), ("Modify", "False"), ("Add", "")],
)
def test_data_is_lost_when_what_holds_it_goes_and_is_not_kept(action, replacement, kind, policy):
    goes = action == "Remove" or replacement in ("True", "Conditional")
    kept = policy.endswith(("Retain", "Snapshot"))
    change = Change(action, "Thing", kind, "the-thing", replacement, policy=policy)
    assert bool(change.loss) == (goes and kind != ALARM and not kept)
    message = change_sets.refusal("logs", [change, Change("Remove", "Alarm", ALARM)])
    assert bool(message) == bool(change.loss)
    if message:
        assert f"Thing {kind} " in message
        assert "(the-thing)" in message
        assert change_sets.DATA[kind] in message
        assert "Alarm AWS" not in message


def test_only_a_change_set_that_says_so_has_no_changes():
    nothing = "The submitted information didn't contain changes. Submit different information to create a change set."
    for reason in (nothing, "No updates are to be performed."):
        assert change_sets.has_no_changes({"Status": "FAILED", "StatusReason": reason})
    assert not change_sets.has_no_changes({"Status": "FAILED", "StatusReason": "Template error"})
    assert not change_sets.has_no_changes({"Status": "FAILED"})
    assert not change_sets.has_no_changes({"Status": "CREATE_COMPLETE", "StatusReason": nothing})


def test_names_are_the_toolkits_and_no_two_are_the_same():
    first, second = change_sets.new_name(), change_sets.new_name()
    assert first != second
    assert change_sets.is_own(first)
    assert not change_sets.is_own("for-review")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (5, "5"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (["a", "b"], "a,b"),
        ([], ""),
        ([1, True], "1,true"),
    ],
)
def test_values_become_texts(value, text):
    assert stack_parameters.text(value) == text


def test_references_are_resolved_and_each_stack_is_asked_once():
    asked = []

    def outputs(name):
        asked.append(name)
        return {"topics": {"Arn": "arn:x"}}.get(name)

    given = {
        "Topic": {"stack": "topics", "output": "Arn"},
        "Other": {"stack": "topics", "output": "Absent"},
        "Gone": {"stack": "gone", "output": "Arn"},
        "Plain": 1,
    }
    texts, missing = stack_parameters.resolved(given, outputs)
    assert texts == {"Topic": "arn:x", "Plain": "1"}
    assert missing == {"Other": Reference("topics", "Absent"), "Gone": Reference("gone", "Arn")}
    assert asked == ["topics", "gone"]


def test_a_mapping_of_other_keys_is_no_reference():
    assert stack_parameters.reference({"stack": "a"}) is None
    assert stack_parameters.reference("stack") is None
