"""Who delivers the logs of load balancers, to which keys, and what a bucket's policy has to let them do.

From AWS's guides, as of November 2026:

- Classic: https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/enable-access-logs.html
- Application: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html,
  enable-connection-logging.html and enable-health-check-logging.html beside it
- Network: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
- China: https://docs.amazonaws.cn/en_us/elasticloadbalancing/latest/application/enable-access-logging.html
- regions that those do not list: aws-cdk, packages/aws-cdk-lib/region-info/build-tools/fact-tables.ts
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .bucket_policy import Request, allows

LOAD_BALANCING = "logdelivery.elasticloadbalancing.amazonaws.com"
OUTPOSTS = "logdelivery.elb.amazonaws.com"
VENDED_LOGS = "delivery.logs.amazonaws.com"

# Regions from before August 2022 delivered as an account of their own. AWS still supports that and recommends the
# service principal, which works everywhere. No region is added to this list any more.
ACCOUNTS = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "cn-north-1": "638102146993",
    "cn-northwest-1": "037604701340",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-gov-east-1": "190560391635",
    "us-gov-west-1": "048591011584",
    "us-iso-east-1": "770363063475",
    "us-iso-west-1": "121062877647",
    "us-isob-east-1": "740734521339",
    "us-isof-east-1": "091100254016",
    "us-isof-south-1": "412137745753",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}

# How keys may begin before AWSLogs/, which load balancers add: S3's characters that are safe everywhere, without *,
# which a policy would take for any text. AllowedPattern of the template's LogPrefix is the same form.
PREFIX = r"^(?!.*AWSLogs)(?:(?!\.{1,2}/)[A-Za-z0-9!_.'()=-]+/)*$"
LONGEST_PREFIX = 512

# Outposts can be had in these partitions.
OUTPOSTS_PARTITIONS = ("aws", "aws-us-gov")

# CloudFormation takes no longer value of a parameter.
LONGEST_PARAMETER = 4096


@dataclass(frozen=True)
class Destination:
    """Where logs are delivered to.

    :param prefix: see :data:`PREFIX`; the slash at its end may be missing.
    """

    bucket: str
    prefix: str
    region: str
    partition: str

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def uri(self) -> str:
        """What people enter at a load balancer."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def logs_of(self, account: str, prefix: str | None = None) -> str:
        """The ARN of the logs of an account's load balancers, as a pattern; below ``prefix``, or else the own one."""
        return f"{self.arn}/{with_slash(self.prefix if prefix is None else prefix)}AWSLogs/{account}/*"

    def source_of(self, account: str) -> str:
        """As whose logs those of an account's Network Load Balancers are delivered, as a pattern of aws:SourceArn."""
        return f"arn:{self.partition}:logs:{self.region}:{account}:*"


@dataclass(frozen=True)
class Kind:
    """A kind of log.

    :param file: how its file names begin, before the account's number.
    :param balancer: what stands in its file names before the load balancer's name or id.
    :param with_acl: whether the policy may ask for the canned ACL bucket-owner-full-control.
    :param with_source: whether the policy may ask for aws:SourceAccount and aws:SourceArn, and the deliverer wants to
        read the bucket's ACL first.
    """

    name: str
    service: str
    file: str = ""
    balancer: str = ""
    test_file: str = ""
    with_acl: bool = False
    with_source: bool = False


KINDS = (
    Kind("access logs of Classic Load Balancers", LOAD_BALANCING, "", "", "ELBAccessLogTestFile"),
    Kind("access logs of Application Load Balancers", LOAD_BALANCING, "", "app.", "ELBAccessLogTestFile"),
    Kind(
        "connection logs of Application Load Balancers", LOAD_BALANCING, "conn_log_", "app.", "ELBConnectionLogTestFile"
    ),
    Kind(
        "health check logs of Application Load Balancers",
        LOAD_BALANCING,
        "health_check_log_",
        "app.",
        "ELBHealthCheckLogTestFile",
    ),
    Kind("access logs of Network Load Balancers", VENDED_LOGS, "", "net.", with_acl=True, with_source=True),
    Kind("access logs of Application Load Balancers on Outposts", OUTPOSTS, "", "app.", with_acl=True),
)


def with_slash(prefix: str) -> str:
    """A prefix as keys begin with it: nothing, or with one slash at its end."""
    return prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def is_prefix(prefix: str) -> bool:
    """Whether load balancers can write below this prefix. The slash at its end may be missing."""
    whole = with_slash(prefix)
    return len(whole) <= LONGEST_PREFIX and re.fullmatch(PREFIX.strip("^$"), whole) is not None


def keys(kind: Kind, to: Destination, account: str) -> list[str]:
    """Keys that a load balancer writes to: its test file, when its log is turned on, and a log of its own."""
    folder = f"{with_slash(to.prefix)}AWSLogs/{account}/"
    whose = f"{account}_elasticloadbalancing_{to.region}_{kind.balancer}verify"
    name = f"{kind.file}{whose}_20260302T0805Z_192.0.2.1_x.log.gz"
    log = f"{folder}elasticloadbalancing/{to.region}/2026/03/02/{name}"
    return [f"{folder}{kind.test_file}", log] if kind.test_file else [log]


def requests(kind: Kind, principal: tuple[str, str], to: Destination, account: str) -> list[Request]:
    """What is asked of the bucket for the logs of an account's load balancers, as ``principal``."""
    context = {"aws:SecureTransport": "true"}
    if kind.with_source:
        source = f"arn:{to.partition}:logs:{to.region}:{account}:verify"
        context |= {"aws:SourceAccount": account, "aws:SourceArn": source}
    acl = {"s3:x-amz-acl": "bucket-owner-full-control"} if kind.with_acl else {}
    asked = [Request(principal, "s3:GetBucketAcl", to.arn, context)] if kind.with_source else []
    written = [f"{to.arn}/{key}" for key in keys(kind, to, account)]
    return [*asked, *(Request(principal, "s3:PutObject", one, context | acl) for one in written)]


def deliveries(policy: Mapping[str, Any], to: Destination, accounts: Iterable[str]) -> list[dict[str, Any]]:
    """For each kind of log: who may deliver it for which accounts.

    :return: ``kind``, ``principals`` (names of services, numbers of accounts of Elastic Load Balancing), ``accounts``
        and ``refused``, the accounts whose load balancers may and may not deliver, and ``everywhere``, whether every
        region has such load balancers.
    """
    accounts = list(accounts)
    return [
        _delivery(policy, kind, to, accounts)
        for kind in KINDS
        if kind.service != OUTPOSTS or to.partition in OUTPOSTS_PARTITIONS
    ]


def _delivery(policy: Mapping[str, Any], kind: Kind, to: Destination, accounts: list[str]) -> dict[str, Any]:
    principals = [("Service", kind.service)]
    if kind.service == LOAD_BALANCING and to.region in ACCOUNTS:
        principals.append(("AWS", ACCOUNTS[to.region]))
    let_in = {
        who: [account for account in accounts if all(allows(policy, one) for one in requests(kind, who, to, account))]
        for who in principals
    }
    # AWS alone decides whether a region delivers as the service or as its account: the service has to be let in.
    admitted = let_in[principals[0]]
    return {
        "kind": kind.name,
        "principals": [who[1] for who, some in let_in.items() if some],
        "accounts": admitted,
        "refused": [account for account in accounts if account not in admitted],
        "everywhere": kind.service != OUTPOSTS,
    }
