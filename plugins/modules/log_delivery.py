#!/usr/bin/python
"""Says who delivers load-balancer logs to a bucket, and whether the bucket's policy lets them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: log_delivery
short_description: Tell who may deliver load-balancer logs to a bucket
description:
  - For a bucket and a prefix, returns what a policy must contain so that load balancers of this and other accounts can
    deliver, and what to enter at a load balancer. This connects to no service.
  - With O(check_policy), reads the bucket's policy and says, for each kind of log, whose load balancers may deliver.
  - Changes nothing. The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  prefix:
    description: The prefix of the keys. A slash is added at its end.
    type: str
    default: ""
  accounts:
    description: Accounts whose load balancers deliver, in addition to the bucket's own.
    type: list
    elements: str
    default: []
  own_account:
    description: The bucket's account. Required with O(further_prefixes).
    type: str
    default: ""
  further_prefixes:
    description: Prefixes that load balancers deliver to, in addition to O(prefix).
    type: list
    elements: str
    default: []
  check_policy:
    description: Whether the bucket's policy is read and evaluated.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Tell who may deliver
  elk.deploy.log_delivery:
    bucket: example-staging-elb-logs
    prefix: elb/
    accounts: ["123456789012"]
    check_policy: true
  register: delivery
"""

RETURN = r"""
location:
  description: What to enter at a load balancer as the S3 URI of its logs.
  type: str
  returned: success
  sample: s3://example-staging-elb-logs/elb
prefix:
  description: The prefix with its slash.
  type: str
  returned: success
logs:
  description:
    - The ARNs of the logs of the accounts of O(accounts), as patterns, and of all accounts below O(further_prefixes). A
      prefix is in them as it is.
  type: list
  elements: str
  returned: success
sources:
  description: As whose logs those of the Network Load Balancers of O(accounts) are delivered, as patterns.
  type: list
  elements: str
  returned: success
load_balancer_account:
  description: The account of Elastic Load Balancing in the region; empty if the region never had one.
  type: str
  returned: success
deliveries:
  description:
    - For each C(kind) of log the C(principals) that the policy lets deliver it, the C(accounts) whose load balancers
      may deliver, those that are C(refused), and whether such load balancers are C(everywhere) or on Outposts only.
  type: list
  elements: dict
  returned: with O(check_policy)
"""

import contextlib
import json

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.elk.deploy.plugins.module_utils.aws import log_delivery
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def policy_of(client, bucket, owner):
    """The policy of this account's bucket; one that allows nothing when it has none."""
    try:
        answer = client.get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=owner, aws_retry=True)
        return json.loads(answer["Policy"])
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return {}
        raise


def main():
    module = AwsModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "default": ""},
            "accounts": {"type": "list", "elements": "str", "default": []},
            "own_account": {"type": "str", "default": ""},
            "further_prefixes": {"type": "list", "elements": "str", "default": []},
            "check_policy": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    bucket, prefix, accounts = (module.params[name] for name in ("bucket", "prefix", "accounts"))
    further = module.params["further_prefixes"]
    for one in (one for one in (prefix, *further) if not log_delivery.is_prefix(one)):
        module.fail_json(
            code="log_prefix_invalid",
            msg=f"prefix is {one!r}: no load balancer writes below it. Expected nothing, or names that each end "
            "with one slash, such as elb/, without AWSLogs/, which they add themselves. Take the prefix of the load "
            "balancers' log settings.",
        )
    client = module.client("s3", retry_decorator=AWSRetry.jittered_backoff())
    to = log_delivery.Destination(bucket, prefix, client.meta.region_name, client.meta.partition)
    everywhere = [module.params["own_account"], *accounts]
    logs = [to.logs_of(account) for account in accounts]
    logs += [to.logs_of(account, one) for one in further for account in everywhere]
    sources = [to.source_of(account) for account in accounts]
    if max(len(",".join(logs)), len(",".join(sources))) > log_delivery.LONGEST_PARAMETER:
        module.fail_json(
            code="too_many_log_accounts",
            msg=f"{len(accounts)} accounts with {1 + len(further)} prefixes are too many for one bucket: what the "
            f"stack has to be told of them is longer than the {log_delivery.LONGEST_PARAMETER} characters that "
            "CloudFormation takes. Shorten the bucket's name or the prefixes, or deploy a second stack for some of the "
            "accounts.",
        )
    result = {
        "location": to.uri,
        "prefix": log_delivery.with_slash(prefix),
        "logs": logs,
        "sources": sources,
        "load_balancer_account": log_delivery.ACCOUNTS.get(to.region, ""),
    }
    if module.params["check_policy"]:
        try:
            own = module.client("sts").get_caller_identity()["Account"]
            policy = policy_of(client, bucket, own)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            module.fail_json_aws(error, msg=f"Reading the policy of bucket {bucket} failed")
        everybody = [own, *(one for one in accounts if one != own)]
        result["deliveries"] = log_delivery.deliveries(policy, to, everybody)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
