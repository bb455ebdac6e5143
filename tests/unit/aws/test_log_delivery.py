"""The stack's bucket policy lets every kind of load balancer deliver, in every class of region, and nobody else."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.aws import log_delivery
from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request, allows
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import Template
from hypothesis import example, given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "roles/elb_log_shipper/files/elb-logs.yml").read_text()
BUCKET = "example-staging-elb-logs"
OWN, OTHER, STRANGER = "111111111111", "012345678901", "999999999999"
# A region of each class, with its partition: older with an account of its own, from August 2022 on, GovCloud, China.
REGIONS = {"eu-west-1": "aws", "me-central-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"}


def destination(region="eu-west-1", prefix="elb/"):
    return log_delivery.Destination(BUCKET, prefix, region, REGIONS[region])


def stack(region="eu-west-1", prefix="elb/", others=(OTHER,), further=()):
    """The template as the role deploys it."""
    partition = REGIONS[region]
    parameters = {
        "LogBucketName": BUCKET,
        "LogPrefix": log_delivery.with_slash(prefix),
        "OtherAccounts": ",".join(others),
        "OtherAccountsSources": ",".join(destination(region, prefix).source_of(one) for one in others),
        "MoreLogs": ",".join(
            destination(region, prefix).logs_of(one, below)
            for below in (prefix, *further)
            for one in (*others, *([] if below == prefix else [OWN]))
        ),
        "LoadBalancerAccountId": log_delivery.ACCOUNTS.get(region, ""),
    }
    return Template(TEXT, parameters, {"AWS::Region": region, "AWS::Partition": partition, "AWS::AccountId": OWN})


def policy(*arguments, **changes):
    return stack(*arguments, **changes).properties("LogBucketPolicy")["PolicyDocument"]


def may(document, principal, key, region="eu-west-1", action="s3:PutObject", **context):
    """Whether a principal may do that with an object."""
    partition = REGIONS[region]
    arn = f"arn:{partition}:s3:::{BUCKET}" + (f"/{key}" if key else "")
    kind = "AWS" if principal.isdigit() else "Service"
    said = {"aws:SecureTransport": "true"} | {name.replace("_", ":", 1): one for name, one in context.items()}
    return allows(document, Request((kind, principal), action, arn, said))


def network(account=OWN, region="eu-west-1", **changes):
    """What comes with a request for a Network Load Balancer."""
    arn = f"arn:{REGIONS[region]}:logs:{region}:{account}:delivery-source:x"
    return {"s3_x-amz-acl": "bucket-owner-full-control", "aws_SourceAccount": account, "aws_SourceArn": arn} | changes


def log_key(account=OWN, prefix="elb/", region="eu-west-1", name="x.log.gz"):
    return f"{prefix}AWSLogs/{account}/elasticloadbalancing/{region}/2026/03/02/{account}_{name}"


@pytest.mark.parametrize("prefix", ["", "elb/", "elb/web/"])
@pytest.mark.parametrize("region", REGIONS)
def test_every_kind_of_log_of_every_account_is_let_in(region, prefix):
    found = log_delivery.deliveries(policy(region, prefix), destination(region, prefix), [OWN, OTHER])
    assert [one for one in found if one["refused"]] == []
    kinds = {one["kind"] for one in found}
    assert {one.name for one in log_delivery.KINDS if "Outposts" not in one.name} <= kinds
    assert any("Outposts" in one for one in kinds) == (region != "cn-north-1")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("account", [OWN, OTHER])
def test_as_the_guide_of_aws_has_it(region, account):
    """The principals written out, independent of the list that the product has."""
    document, key = policy(region), log_key(account, region=region)
    load_balancing = "logdelivery.elasticloadbalancing.amazonaws.com"
    assert may(document, load_balancing, key, region)
    assert may(document, load_balancing, f"elb/AWSLogs/{account}/ELBAccessLogTestFile", region)
    known = {"eu-west-1": "156460612806", "us-gov-west-1": "048591011584", "cn-north-1": "638102146993"}
    for number in known.values():
        assert may(document, number, key, region) == (known.get(region) == number)
    said = network(account, region)
    assert may(document, "delivery.logs.amazonaws.com", key, region, **said)
    assert may(document, "delivery.logs.amazonaws.com", "", region, action="s3:GetBucketAcl", **said)


@pytest.mark.parametrize("principal", ["logdelivery.elasticloadbalancing.amazonaws.com", "156460612806"])
def test_logs_of_strangers_are_refused(principal):
    document = policy()
    assert not may(document, principal, log_key(STRANGER))
    assert not may(document, principal, f"elb/AWSLogs/{OWN}0/x")
    assert not may(document, principal, f"other/AWSLogs/{OWN}/x")
    assert not may(policy(others=()), principal, log_key(OTHER))
    assert not may(document, principal, log_key(), action="s3:GetObject")
    assert not may(document, principal, log_key(), aws_SecureTransport="false")


@pytest.mark.parametrize("region", REGIONS)
def test_only_the_exact_prefixes_are_let_in(region):
    """Whoever may have load balancers of a known account deliver chooses the prefix: it must not be a free one."""
    document = policy(region, "elb/", further=("elb/web/",))
    services = [
        log_delivery.LOAD_BALANCING,
        *(number for one, number in log_delivery.ACCOUNTS.items() if one == region),
    ]
    for account in (OWN, OTHER):
        for prefix, taken in {
            "elb/": True,
            "elb/web/": True,
            "elb/shop/": False,
            "elb/x": False,
            "elb/web/x/": False,
        }.items():
            key = log_key(account, prefix, region)
            for service in services:
                assert may(document, service, key, region) == taken
            assert may(document, log_delivery.VENDED_LOGS, key, region, **network(account, region)) == taken
            if region != "cn-north-1":
                acl = {"s3_x-amz-acl": "bucket-owner-full-control"}
                assert may(document, log_delivery.OUTPOSTS, key, region, **acl) == taken
    # A name that only contains what is let in.
    assert not may(document, log_delivery.LOAD_BALANCING, f"elb/x/AWSLogs/{STRANGER}/AWSLogs/{OWN}/x", region)
    assert not any("*" in one.removesuffix("/*") for one in written_to(document))


def written_to(document):
    """The resources that anybody may write to."""
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and statement["Action"] == "s3:PutObject":
            resource = statement["Resource"]
            yield from resource if isinstance(resource, list) else [resource]


def test_every_principal_that_says_for_whom_it_delivers_is_held_to_it():
    """AWS documents aws:SourceAccount and aws:SourceArn for no principal of Elastic Load Balancing."""
    for others in ((), (OTHER,)):
        for statement in policy(others=others)["Statement"]:
            conditions = statement.get("Condition", {})
            if statement.get("Principal") != {"Service": log_delivery.VENDED_LOGS}:
                assert not any("Source" in key for keys in conditions.values() for key in keys)
                continue
            accounts = [OWN, *others]
            found = conditions["StringEquals"]["aws:SourceAccount"], conditions["ArnLike"]["aws:SourceArn"]
            listed = [one if isinstance(one, list) else [one] for one in found]
            assert listed == [accounts, [f"arn:aws:logs:eu-west-1:{one}:*" for one in accounts]]


def test_network_load_balancers_are_let_in_for_known_accounts_only():
    document, service = policy(), "delivery.logs.amazonaws.com"
    assert may(document, service, log_key(OTHER), **network(OTHER))
    assert not may(document, service, log_key(), **network(STRANGER))
    assert not may(document, service, log_key(STRANGER), **network(STRANGER))
    assert not may(policy(others=()), service, log_key(OTHER), **network(OTHER))
    assert not may(document, service, log_key(), **network(**{"s3_x-amz-acl": "private"}))
    assert not may(document, service, log_key(), **network(aws_SourceArn=f"arn:aws:logs:us-east-1:{OWN}:x"))
    assert not may(document, service, log_key(), **network(aws_SourceArn=f"arn:aws:logs:eu-west-1:{STRANGER}:x"))
    assert not may(document, service, log_key(), aws_SourceAccount=OWN)
    for account in (STRANGER, ""):
        assert not may(document, service, "", action="s3:GetBucketAcl", **network(account))


def test_nobody_else_may_anything():
    document = policy()
    for principal in (STRANGER, OWN, "s3.amazonaws.com", "127311923021"):
        for action in ("s3:PutObject", "s3:GetObject", "s3:GetBucketAcl", "s3:DeleteObject"):
            assert not may(document, principal, log_key(), action=action, **network())


def test_ownership_and_encryption_fit_all_deliverers():
    bucket = stack().properties("LogBucket")
    # With ACLs turned off S3 takes bucket-owner-full-control, with which Network Load Balancers deliver, and no other.
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_a_policy_that_lets_nobody_in_is_said_to_do_so():
    """The policies that wrong prefixes made, as stacks may still have them."""
    for prefix in ("/elb/", "elb//", "AWSLogs/", f"AWSLogs/{OWN}/"):
        document = stack(prefix=prefix).properties("LogBucketPolicy")["PolicyDocument"]
        found = log_delivery.deliveries(document, destination(), [OWN])
        assert all(one["refused"] == [OWN] and not one["accounts"] and not one["principals"] for one in found)


# -- prefixes


WRONG = [
    "/",
    "/elb/",
    "elb//",
    "//",
    "AWSLogs",
    "AWSLogs/",
    f"AWSLogs/{OWN}/",
    "elb/AWSLogs/",
    "xAWSLogsx/",
    "elb/\n",
    "*/",
    "?/",
]
WRONG += [
    "a b/",
    "${aws:username}/",
    "../",
    "elb/../x/",
    "./",
    ".",
    "ä/",
    "a,b/",
    "a\\b/",
    '"',
    "x" * 513,
    "s3://b/elb",
]


@pytest.mark.parametrize("prefix", WRONG)
def test_prefixes_that_no_load_balancer_writes_below(prefix):
    assert not log_delivery.is_prefix(prefix)


@pytest.mark.parametrize(
    "prefix", ["", "elb", "elb/", "a/b", "a/b/", "app=web/", "v1.2/", "..a/", "awslogs/", "2026/", "(x)!'/"]
)
def test_prefixes_that_load_balancers_write_below(prefix):
    assert log_delivery.is_prefix(prefix)


LIKELY = st.text(st.sampled_from("ab/./*?=$ AWSLogs{}-é\n"), max_size=12) | st.text(max_size=20)
PARTS = st.lists(st.sampled_from(["elb", "/", "AWSLogs", OWN, ".", "..", "a=b", "*", " "]), max_size=6).map("".join)


@given(LIKELY | PARTS)
@example("/elb/")
@example("elb//")
@example("AWSLogs/")
def test_below_a_prefix_that_is_taken_load_balancers_can_deliver(prefix):
    """A load balancer takes a prefix without slashes at its ends and without AWSLogs; it writes `<prefix>/AWSLogs/`."""
    if not log_delivery.is_prefix(prefix):
        return
    entered = destination(prefix=prefix).uri.removeprefix(f"s3://{BUCKET}").removeprefix("/")
    assert not entered.startswith("/")
    assert not entered.endswith("/")
    assert "AWSLogs" not in entered
    written = f"{entered}/" if entered else ""
    document = policy(prefix=prefix)
    assert may(document, log_delivery.LOAD_BALANCING, log_key(prefix=written))
    assert may(document, log_delivery.VENDED_LOGS, log_key(prefix=written), **network())
    assert not may(document, log_delivery.LOAD_BALANCING, log_key(STRANGER, prefix=written))
    # What is delivered is also what S3 notifies of, and what the function may read.
    assert log_key(prefix=written).startswith(log_delivery.with_slash(prefix))


def test_the_template_takes_the_same_prefixes():
    parameter = declared()["LogPrefix"]
    assert parameter["AllowedPattern"] == log_delivery.PREFIX
    assert parameter["MaxLength"] == log_delivery.LONGEST_PREFIX


def declared():
    """The template's parameters; they have no functions."""
    return yaml.safe_load(TEXT.partition("\nParameters:\n")[2].partition("\nConditions:\n")[0])


# -- the list


def test_the_list_has_an_account_for_each_older_region():
    assert all(len(number) == 12 and number.isdigit() for number in log_delivery.ACCOUNTS.values())
    assert len(set(log_delivery.ACCOUNTS.values())) == len(log_delivery.ACCOUNTS)
    # Regions from August 2022 on never had one.
    assert not {"me-central-1", "eu-central-2", "eu-south-2", "ap-south-2", "ca-west-1"} & log_delivery.ACCOUNTS.keys()


def test_keys_are_those_that_load_balancers_write():
    keys = [key for kind in log_delivery.KINDS for key in log_delivery.keys(kind, destination(), OWN)]
    folder = f"elb/AWSLogs/{OWN}/"
    assert {
        f"{folder}ELBAccessLogTestFile",
        f"{folder}ELBConnectionLogTestFile",
        f"{folder}ELBHealthCheckLogTestFile",
    } <= set(keys)
    names = " ".join(key.rpartition("/")[2] for key in keys)
    for begin in (
        f"{OWN}_elasticloadbalancing_eu-west-1_app.",
        f"conn_log_{OWN}_",
        f"health_check_log_{OWN}_",
        "_net.",
    ):
        assert begin in names
