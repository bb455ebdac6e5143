"""The policy of whoever bakes: it allows what bakes ask EC2 for, on what bakes made, and nothing else.

bake_calls.csv has what they ask for, recorded by tests/end_to_end/images/test_packer.py and test_bake_clean.py.
"""

import re

import bake_calls
import botocore.session
import pytest
from bake_calls import Asked
from deployer_policy import ACCOUNT, NAMES, allowed, listed, named, text_of

STATEMENTS = named(text_of("packer_bake"))
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: of a managed policy, without white space
LONGEST = 6_144


def allows(asked, statements=STATEMENTS):
    if not asked.kind:
        resource = "*"
    else:
        account = "" if asked.kind in ("image", "snapshot") else ACCOUNT
        name = "packer_20261128T173909Z-32a370" if asked.kind == "key-pair" else "one"
        resource = f"arn:aws:ec2:{NAMES['Region']}:{account}:{asked.kind}/{name}"
    context = {"request": {"aws:RequestTag/elk:bake": "one"}, "resource": {"aws:ResourceTag/elk:bake": "one"}}
    making = {"ec2:CreateAction": asked.while_making} if asked.while_making else {}
    return allowed(statements, asked.action, resource, **context.get(asked.tag, {}), **making)


def test_all_that_bakes_ask_for_is_allowed():
    known = bake_calls.known()
    assert len(known) > 30
    assert [asked for asked in known if not allows(asked)] == []


@pytest.mark.parametrize(
    "asked",
    [
        Asked("ec2:TerminateInstances", "instance"),
        Asked("ec2:StopInstances", "instance"),
        Asked("ec2:CreateImage", "instance"),
        Asked("ec2:DeleteVolume", "volume"),
        Asked("ec2:DeleteSecurityGroup", "security-group"),
        Asked("ec2:AuthorizeSecurityGroupIngress", "security-group"),
        Asked("ec2:RunInstances", "instance"),
        Asked("ec2:CreateSecurityGroup", "security-group"),
        # Whoever could tag what is there could then remove it.
        Asked("ec2:CreateTags", "instance", "request"),
        Asked("ec2:CreateTags", "volume", "request", "CreateVolume"),
    ],
    ids=lambda asked: f"{asked.action} {asked.kind}",
)
def test_what_no_bake_made_is_out_of_reach(asked):
    assert not allows(asked)


def test_nothing_in_it_could_be_left_out():
    known = bake_calls.known()
    needless = []
    for statement in STATEMENTS:
        others = [one for one in STATEMENTS if one is not statement]
        for element in ("Action", "Resource"):
            for value in listed(statement[element]):
                less = {**statement, element: [one for one in listed(statement[element]) if one != value]}
                if all(allows(asked, [*others, less]) for asked in known):
                    needless.append(f"{statement['Sid']}: {value}")
    assert needless == []


def test_its_actions_are_those_of_ec2():
    model = botocore.session.get_session().get_service_model("ec2")
    actions = [action for statement in STATEMENTS for action in listed(statement["Action"])]
    assert {action.removeprefix("ec2:") for action in actions} <= set(model.operation_names)


def test_it_fits_and_has_no_other_tokens():
    text = text_of("packer_bake")
    assert len(re.sub(r"\s", "", text)) <= LONGEST
    assert set(re.findall(r"#\{(\w+)\}", text)) == {"Partition", "Region", "AccountId"}


def test_a_recording_is_read_with_tags_and_without_what_the_test_asked_for(tmp_path):
    """The name of a thing's kind is in its id; EC2 has made what has none yet."""

    def line(body, agent="aws-sdk-go"):
        return f'{{"headers": {{"User-Agent": "{agent}"}}, "body": "{body}", "body_encoded": false}}\n'

    making = "Action=CreateSecurityGroup&VpcId=vpc-1&TagSpecification.1.ResourceType=security-group&" + (
        "TagSpecification.1.Tag.1.Key={}&TagSpecification.1.Tag.1.Value=1"
    )
    removing = line("Action=DeleteSecurityGroup&GroupId=sg-1")
    recording = tmp_path / "calls.jsonl"
    recording.write_text(line(making.format("elk:bake")) + removing + line("Action=DescribeVpcs", "of-the-test"))
    assert bake_calls.read(recording) == {
        Asked("ec2:CreateSecurityGroup", "security-group", "request"),
        Asked("ec2:CreateSecurityGroup", "vpc"),
        Asked("ec2:CreateTags", "security-group", "request", "CreateSecurityGroup"),
        Asked("ec2:DeleteSecurityGroup", "security-group", "resource"),
    }
    recording.write_text(line(making.format("Name")) + removing)
    assert Asked("ec2:DeleteSecurityGroup", "security-group") in bake_calls.read(recording)
    with pytest.raises(AssertionError, match="does not have"):
        bake_calls.check(recording)
