#!/usr/bin/python
"""When the versions of a function were published."""

from __future__ import annotations

DOCUMENTATION = r"""
module: function_deployments
short_description: Read when the last versions of a function were published
description:
  - Each version that M(elk.deploy.function_release) publishes is a deployment of the function. A dashboard shows them.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the function.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Read when the function was deployed
  elk.deploy.function_deployments:
    name: elb-logs-shipper
  register: found
"""

RETURN = r"""
deployments:
  description: The versions, oldest first; none when there is no such function yet.
  type: list
  elements: dict
  returned: success
  sample: [{time: "2026-03-02T08:00:00Z", label: function 41}]
"""

import contextlib
import datetime

from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

# As Lambda writes times: 2026-03-02T08:00:00.000+0000.
LAMBDA_TIME = "%Y-%m-%dT%H:%M:%S.%f%z"


def deployment(version):
    """One version as a deployment, at the second at which it was published."""
    published = datetime.datetime.strptime(version["LastModified"], LAMBDA_TIME).astimezone(datetime.UTC)
    return {"time": f"{published:%Y-%m-%dT%H:%M:%SZ}", "label": f"function {version['Version']}"}


def main():
    module = AwsModule(argument_spec={"name": {"type": "str", "required": True}}, supports_check_mode=True)
    client = module.client("lambda")
    try:
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=module.params["name"])
        found = [one for page in pages for one in page["Versions"] if one["Version"] != "$LATEST"]
    except client.exceptions.ResourceNotFoundException:
        found = []
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Reading the versions of function {module.params['name']} failed")
    found.sort(key=lambda one: int(one["Version"]))
    module.exit_json(changed=False, deployments=[deployment(one) for one in found])


if __name__ == "__main__":
    main()
