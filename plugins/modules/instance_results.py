#!/usr/bin/python
"""Reads what instances of a group have told of their first boot and their end."""

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_results
short_description: Read the history that instances leave in S3
description:
  - Instances that deploy themselves keep what became of their first boot and of their termination in a bucket, since
    they may be gone when somebody asks. This returns the last of these results. Changes nothing.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description: The bucket.
    type: str
    required: true
  prefix:
    description: What the names of the results begin with, such as V(deployments/staging/).
    type: str
    required: true
  last:
    description: How many are returned.
    type: int
    default: 20
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Read what instances have told
  elk.deploy.instance_results:
    bucket: example-staging-artifacts
    prefix: deployments/staging/
"""

RETURN = r"""
results:
  description: The results, the oldest first, each as the instance wrote it, with C(kind) in addition.
  type: list
  elements: dict
  returned: success
"""

import contextlib
import json

from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

KINDS = ("first-boot", "termination")


def kind_of(key):
    """The kind of a result, by the end of its name; empty if it is none."""
    return next((kind for kind in KINDS if key.endswith(f"-{kind}.json")), "")


def read(s3, bucket, prefix, last):
    """The last results; what is no JSON object is left out. Their names begin with when they began."""
    keys = [
        found["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for found in page.get("Contents", [])
        if kind_of(found["Key"])
    ]
    results = []
    for key in sorted(keys)[-last:] if last > 0 else []:
        try:
            document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ValueError:
            continue
        if isinstance(document, dict):
            results.append({**document, "kind": kind_of(key)})
    return results


def main():
    """Runs the module."""
    module = AwsModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "last": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        results = read(module.client("s3"), params["bucket"], params["prefix"], params["last"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"The results of instances in s3://{params['bucket']}/{params['prefix']}")
    module.exit_json(changed=False, results=results)


if __name__ == "__main__":
    main()
