#!/usr/bin/python
"""Keeps a file in the artifact bucket, compared with what is there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_object
short_description: Upload a file to the artifact bucket, or verify the one that is there
description:
  - Uploads a file and returns the version of the object. An existing object is compared with the file by its SHA-256;
    if its content differs, the task fails, and the object is neither used nor replaced.
  - Every call names the account that must own the bucket.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description: Name of the bucket, which must be versioned.
    type: str
    required: true
  account:
    description: Number of the account that must own the bucket.
    type: str
    required: true
  key:
    description: Key of the object.
    type: str
    required: true
  src:
    description: The file on the control node.
    type: path
    required: true
  exists:
    description: Whether the bucket exists. V(false) is for check mode before the first run.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Says whether the file would be uploaded. In that case, its version is C(unknown).
"""

EXAMPLES = r"""
- name: Keep the package
  elk.deploy.artifact_object:
    bucket: example-staging-artifacts
    account: "123456789012"
    key: elb_log_shipper/package.zip
    src: /tmp/build/package.zip
  register: package
"""

RETURN = r"""
version:
  description: The version of the object that has the file's content.
  type: str
  returned: success
sha256:
  description: The file's SHA-256 in Base64, as Lambda reports it for a function's code.
  type: str
  returned: success
"""

import contextlib
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import ArtifactBucket, ArtifactError, checksum
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def run(module):
    content = Path(module.params["src"]).read_bytes()
    sha256, key = checksum(content), module.params["key"]
    if not module.params["exists"]:
        module.exit_json(changed=True, version="unknown", sha256=sha256)
    bucket = ArtifactBucket(module.client("s3"), module.params["bucket"], module.params["account"])
    version = bucket.version(key, sha256)
    if version:
        module.exit_json(changed=False, version=version, sha256=sha256)
    if module.check_mode:
        module.exit_json(changed=True, version="unknown", sha256=sha256)
    module.exit_json(changed=True, version=bucket.put(key, content), sha256=sha256)


def main():
    module = AwsModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "account": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": False},  # the name of an object
            "src": {"type": "path", "required": True},
            "exists": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    place = f"s3://{module.params['bucket']}/{module.params['key']}"
    try:
        run(module)
    except ArtifactError as error:
        module.fail_json(code="artifact_refused", msg=f"{error}.")
    except OSError as error:
        module.fail_json(
            code="artifact_unreadable", msg=f"src is {module.params['src']}, which cannot be read: {error.strerror}."
        )
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Keeping {place} of account {module.params['account']} failed")


if __name__ == "__main__":
    main()
