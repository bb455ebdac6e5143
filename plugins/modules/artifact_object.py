#!/usr/bin/python
"""Keeps a file in the artifact bucket, compared with what is there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_object
short_description: Keep a file in the artifact bucket, compared with what is there
description:
  - Uploads a file, and says which version of the object it is. An object that is there already is compared with the
    file by its SHA-256; one with other content fails the task, and is neither used nor replaced.
  - Every call names the account that has to own the bucket.
  - The options for the connection are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) count.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description: Name of the bucket, which has to keep versions.
    type: str
    required: true
  account:
    description: Number of the account that has to own the bucket.
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
    description: Whether the bucket is there. V(false) is for check mode before the first run.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Says whether the file would be uploaded. Its version is C(unknown) then.
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
  description: The file's SHA-256 in Base64, as Lambda says it of a function's code.
  type: str
  returned: success
"""

import contextlib
from pathlib import Path

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import ArtifactBucket, ArtifactError, checksum

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
    module = AnsibleAWSModule(
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
        module.fail_json(msg=f"{error}.")
    except OSError as error:
        module.fail_json(msg=f"src is {module.params['src']}, which cannot be read: {error.strerror}.")
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Keeping {place} of account {module.params['account']} failed")


if __name__ == "__main__":
    main()
