"""The module log_delivery: what it says without reaching AWS, and what it makes of a bucket's policy."""

import json

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import RetryingBotoClientWrapper
from ansible_collections.elk.deploy.plugins.modules import log_delivery
from botocore.stub import Stubber

OWN, OTHER = "111111111111", "222222222222"


@pytest.fixture
def stubs(monkeypatch):
    """Stubs of the services by their names; the region is the one that the module was given."""

    def client(module, service, retry_decorator=None, **_):
        region = module.params["region"]
        one = boto3.client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
        stub = Stubber(one)
        for prepare in prepared.get(service, []):
            prepare(stub)
        stub.activate()
        return RetryingBotoClientWrapper(one, retry_decorator) if retry_decorator else one

    prepared = {}
    monkeypatch.setattr(AnsibleAWSModule, "client", client)
    return prepared


@pytest.fixture
def delivery(run_module):
    def run(region="eu-west-1", **options):
        return run_module(log_delivery, **{"bucket": "logs", "region": region} | options)

    return run


def policy(*statements):
    return lambda stub: stub.add_response("get_bucket_policy", {"Policy": json.dumps({"Statement": statements})})


def caller(stub):
    stub.add_response("get_caller_identity", {"Account": OWN, "Arn": f"arn:aws:iam::{OWN}:root"})


@pytest.mark.parametrize(
    ("region", "partition", "account"),
    [
        ("eu-west-1", "aws", "156460612806"),
        ("me-central-1", "aws", ""),
        ("us-gov-east-1", "aws-us-gov", "190560391635"),
        ("cn-northwest-1", "aws-cn", "037604701340"),
    ],
)
def test_without_the_policy_no_service_is_asked(stubs, delivery, region, partition, account):
    result = delivery(region, prefix="elb", accounts=[OTHER])
    assert result["location"] == "s3://logs/elb"
    assert result["prefix"] == "elb/"
    assert result["logs"] == [f"arn:{partition}:s3:::logs/elb/AWSLogs/{OTHER}/*"]
    assert result["sources"] == [f"arn:{partition}:logs:{region}:{OTHER}:*"]
    assert result["load_balancer_account"] == account
    assert not result["changed"]


def test_further_prefixes_are_for_the_own_account_too(stubs, delivery):
    result = delivery(prefix="elb", accounts=[OTHER], own_account=OWN, further_prefixes=["elb/web", "elb/shop/"])
    assert result["logs"] == [
        f"arn:aws:s3:::logs/{prefix}/AWSLogs/{account}/*"
        for prefix, accounts in (("elb", [OTHER]), ("elb/web", [OWN, OTHER]), ("elb/shop", [OWN, OTHER]))
        for account in accounts
    ]
    assert "prefix is '*'" in delivery(own_account=OWN, further_prefixes=["*"])["msg"]


def test_the_policy_of_another_accounts_bucket_is_not_read(stubs, delivery):
    def refused(stub):
        expected = {"Bucket": "logs", "ExpectedBucketOwner": OWN}
        stub.add_client_error("get_bucket_policy", "AccessDenied", expected_params=expected)

    stubs |= {"s3": [refused], "sts": [caller]}
    result = delivery(check_policy=True)
    assert result["failed"]
    assert "Reading the policy of bucket logs failed" in result["msg"]


def test_without_a_prefix_the_bucket_is_what_people_enter(stubs, delivery):
    result = delivery()
    assert (result["location"], result["prefix"], result["logs"]) == ("s3://logs", "", [])


def test_more_accounts_than_cloudformation_takes_are_refused(stubs, delivery):
    result = delivery(accounts=[f"{number:012}" for number in range(200)])
    assert result["failed"]
    assert "200 accounts with 1 prefixes are too many for one bucket" in result["msg"]
    assert "deploy a second stack" in result["msg"]


@pytest.mark.parametrize("prefix", ["/elb/", "elb//", "AWSLogs/", f"AWSLogs/{OWN}/"])
def test_a_prefix_that_no_load_balancer_writes_below_is_refused(stubs, delivery, prefix):
    result = delivery(prefix=prefix)
    assert result["failed"]
    assert f"prefix is '{prefix}'" in result["msg"]


def test_the_policy_says_who_may_deliver(stubs, delivery):
    classic = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::logs/elb/AWSLogs/{OWN}/*",
    }
    stubs |= {"s3": [policy(classic)], "sts": [caller]}
    found = {one["kind"]: one for one in delivery(prefix="elb/", accounts=[OTHER], check_policy=True)["deliveries"]}
    one = found["access logs of Classic Load Balancers"]
    assert one["principals"] == ["logdelivery.elasticloadbalancing.amazonaws.com"]
    assert (one["accounts"], one["refused"]) == ([OWN], [OTHER])
    one = found["access logs of Network Load Balancers"]
    assert (one["principals"], one["accounts"], one["refused"]) == ([], [], [OWN, OTHER])


def test_a_bucket_without_a_policy_lets_nobody_in(stubs, delivery):
    stubs |= {"s3": [lambda stub: stub.add_client_error("get_bucket_policy", "NoSuchBucketPolicy")], "sts": [caller]}
    assert all(one["refused"] == [OWN] for one in delivery(check_policy=True)["deliveries"])


def test_a_bucket_that_is_not_there_is_told(stubs, delivery):
    stubs |= {"s3": [lambda stub: stub.add_client_error("get_bucket_policy", "NoSuchBucket")], "sts": [caller]}
    result = delivery(check_policy=True)
    assert result["failed"]
    assert "Reading the policy of bucket logs failed" in result["msg"]
