"""A bucket's policy is evaluated as IAM evaluates it."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request, allows

SERVICE = ("Service", "delivery.logs.amazonaws.com")
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "delivery.logs.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/elb/*",
}


def asks(statements, principal=SERVICE, action="s3:PutObject", key="elb/one", **context):
    request = Request(
        principal, action, f"arn:aws:s3:::logs/{key}", {name.replace("_", ":"): one for name, one in context.items()}
    )
    return allows({"Statement": statements}, request)


def test_what_no_statement_allows_is_refused():
    assert not asks([])
    assert not allows({}, Request(SERVICE, "s3:PutObject", "arn:aws:s3:::logs/elb/one"))


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ({}, True),
        ({"action": "S3:putobject"}, True),  # names of actions have no case
        ({"action": "s3:GetObject"}, False),
        ({"key": "elb"}, False),
        ({"key": "ELB/one"}, False),
        ({"key": "elb/a/b"}, True),  # * goes over slashes
        ({"principal": ("Service", "logs.amazonaws.com")}, False),
        ({"principal": ("AWS", "123456789012")}, False),
    ],
)
def test_principal_action_and_resource(asked, allowed):
    assert asks([ALLOW], **asked) == allowed


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": "123456789012"}, True),
        ({"AWS": ["arn:aws-cn:iam::123456789012:root"]}, True),
        ({"AWS": "arn:aws:iam::123456789012:user/x"}, False),
        ({"AWS": "arn:aws:iam::999999999999:root"}, False),
        ({"Service": "*"}, False),
    ],
)
def test_accounts(principal, allowed):
    assert asks([ALLOW | {"Principal": principal}], principal=("AWS", "123456789012")) == allowed


def test_a_deny_wins():
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    assert not asks([ALLOW, deny])
    assert asks([ALLOW, deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}], aws_SecureTransport="true")
    assert not asks(
        [ALLOW, deny | {"Condition": {"Bool": {"aws:SecureTransport": False}}}], aws_SecureTransport="false"
    )


def test_the_opposites_of_elements():
    assert not asks([ALLOW, {"Effect": "Deny", "NotPrincipal": {"Service": "x"}, "Action": "*", "Resource": "*"}])
    assert asks([ALLOW, {"Effect": "Deny", "NotPrincipal": ALLOW["Principal"], "Action": "*", "Resource": "*"}])
    others = {
        "Effect": "Allow",
        "Principal": ALLOW["Principal"],
        "NotAction": "s3:Get*",
        "NotResource": "arn:aws:s3:::b/*",
    }
    assert asks([others])
    assert not asks([others], action="s3:GetObject")


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ({"StringEquals": {"aws:SourceAccount": ["1", "2"]}}, "2", True),
        ({"StringEquals": {"AWS:sourceaccount": "1"}}, "1", True),  # names of keys have no case
        ({"StringEquals": {"aws:SourceAccount": "1"}}, None, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, None, True),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}}, "2", False),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, None, True),
        ({"StringLike": {"aws:SourceAccount": "1*"}}, "12", True),
        ({"Null": {"aws:SourceAccount": "true"}}, None, True),
        ({"Null": {"aws:SourceAccount": "true"}}, "1", False),
        ({"ArnLike": {"aws:SourceAccount": "arn:aws:logs:eu-west-1:*:*"}}, "arn:aws:logs:eu-west-1:1:a:b", True),
        ({"ArnLike": {"aws:SourceAccount": "arn:aws:logs:*"}}, "arn:aws:logs:eu-west-1:1:a", False),  # part by part
        ({"NumericLessThan": {"aws:SourceAccount": "5"}}, "1", False),  # not understood: not allowed
    ],
)
def test_conditions(condition, value, holds):
    context = {} if value is None else {"aws_SourceAccount": value}
    assert asks([ALLOW | {"Condition": condition}], **context) == holds


def test_a_deny_whose_condition_is_not_understood_counts():
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    condition = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    assert not asks([ALLOW, deny | {"Condition": condition}], aws_SourceIp="198.51.100.1")


def test_brackets_and_variables_in_patterns():
    assert asks(
        [ALLOW | {"Resource": "arn:aws:s3:::logs/[x]/${aws:SourceAccount}/*"}], key="[x]/1/y", aws_SourceAccount="1"
    )
    assert not asks([ALLOW | {"Resource": "arn:aws:s3:::logs/[x]/*"}], key="x/y")
    assert not asks([ALLOW | {"Resource": "arn:aws:s3:::logs/${aws:SourceAccount}"}], key="1")
    assert asks([ALLOW | {"Resource": "arn:aws:s3:::logs/a${*}"}], key="a*")
    assert not asks([ALLOW | {"Resource": "arn:aws:s3:::logs/a${*}"}], key="ab")
