#!/usr/bin/python
"""Configures the bucket that keeps a function's packages."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_bucket
short_description: Create and configure the bucket that stores a function's packages
description:
  - Creates the bucket if it is missing. It is versioned, belongs to this account and to one class of environments,
    accepts encrypted transport only, and shuts out other accounts.
  - Every call names the account that must own it. A bucket of the same name in another account is never used.
  - Other statements of its policy, and other tags, stay as they are.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  environment_class:
    description:
      - The class of environments that the bucket belongs to, such as V(production). It is stored in the bucket's tag
        C(elk-deploy:environment-class). A bucket of another class is refused; one without the tag gets it.
    type: str
    required: true
  salt_key:
    description:
      - Key of an object with a secret of the bucket, created if it is missing. It goes into each package, so that
        nobody can test guesses of a package's content against its hash.
    type: str
    required: true
  salt_path:
    description: The file on the control node that the secret is written to, readable only by its owner.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Says what would change. If the bucket has no secret yet, one is used for this run only.
"""

EXAMPLES = r"""
- name: Configure the bucket
  elk.deploy.artifact_bucket:
    name: example-staging-artifacts
    environment_class: staging
    salt_key: elb_log_shipper/salt
    salt_path: /tmp/build/salt
"""

RETURN = r"""
account:
  description: The account that owns the bucket.
  type: str
  returned: success
exists:
  description: Whether the bucket exists; V(false) in check mode only.
  type: bool
  returned: success
changes:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
"""

import contextlib
import os

from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import (
    ArtifactBucket,
    ArtifactError,
    configure,
    new_salt,
)
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def write(path, text):
    """A file for its owner alone, from its first byte on."""
    with open(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(text)


def run(module):
    account = module.client("sts").get_caller_identity()["Account"]
    bucket = ArtifactBucket(module.client("s3"), module.params["name"], account)
    there, made = configure(bucket, module.params["environment_class"], check_mode=module.check_mode)
    salt = bucket.salt(module.params["salt_key"]) if there else None
    if salt is None:
        made.append("salt")
        salt = new_salt() if module.check_mode else bucket.make_salt(module.params["salt_key"])
    write(module.params["salt_path"], salt)
    module.exit_json(changed=bool(made), account=account, exists=there, changes=made)


def main():
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "environment_class": {"type": "str", "required": True},
            "salt_key": {"type": "str", "required": True, "no_log": False},  # the name of an object
            "salt_path": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        run(module)
    except ArtifactError as error:
        module.fail_json(code="artifact_refused", msg=f"{error}.")
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Configuring bucket {module.params['name']} failed")


if __name__ == "__main__":
    main()
