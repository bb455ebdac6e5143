#!/usr/bin/python
"""Makes sure that a function runs the code that was deployed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: function_code
short_description: Make sure that a function runs the code that was deployed
description:
  - Compares the hash that Lambda reports for a function's code with the SHA-256 of the package. CloudFormation does not
    notice if somebody has replaced the code since.
  - Changes nothing. The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
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
  sha256:
    description: SHA-256 of its package, in Base64.
    type: str
    required: true
  bucket:
    description: The bucket that has the package. Error messages name it, like the next two.
    type: str
    required: true
  key:
    description: Key of the package.
    type: str
    required: true
  version:
    description: Version of the package.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Make sure that the function runs the package
  elk.deploy.function_code:
    name: elb-logs-shipper
    sha256: "{{ package.sha256 }}"
    bucket: example-staging-artifacts
    key: elb_log_shipper/package.zip
    version: "{{ package.version }}"
"""

RETURN = r"""
sha256:
  description: SHA-256 of the function's code, in Base64.
  type: str
  returned: success
"""

import contextlib

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def main():
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "sha256": {"type": "str", "required": True},
            "bucket": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": False},  # the name of an object
            "version": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    name, wanted = module.params["name"], module.params["sha256"]
    client = module.client("lambda", retry_decorator=AWSRetry.jittered_backoff())
    try:
        found = client.get_function_configuration(FunctionName=name, aws_retry=True)["CodeSha256"]
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Looking at the code of function {name} failed")
    if found != wanted:
        module.fail_json(
            code="function_code_replaced",
            msg=f"Function {name} does not run the package that was deployed: its code has SHA-256 {found}, expected "
            f"{wanted}. Somebody has replaced it, which CloudFormation does not notice. Find out who may update the "
            f"function, then restore the package: aws lambda update-function-code --function-name {name} "
            f"--s3-bucket {module.params['bucket']} --s3-key {module.params['key']} "
            f"--s3-object-version {module.params['version']}",
        )
    module.exit_json(changed=False, sha256=found)


if __name__ == "__main__":
    main()
