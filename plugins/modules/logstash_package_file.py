#!/usr/bin/python
"""Documentation of logstash_package_file; it runs as an action, which calls copy and get_url."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_package_file
short_description: Put a package or an archive of Logstash on a host, with its hash checked
description:
  - A path on the control node is copied. An object in S3 is fetched to the control node, once for all hosts and runs,
    and copied. Anything else is fetched by the host.
  - The directory of O(path) is created.
  - In check mode nothing is fetched.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  url:
    description:
      - An absolute path on the control node, also with C(file://), or an address with C(https), C(http) or C(s3).
    type: str
    required: true
  checksum:
    description: The file's hash, as C(sha256:) or C(sha512:) with its hex digits. Needed for what is fetched.
    type: str
    default: ""
  path:
    description: The file on the host.
    type: path
    required: true
  region:
    description: The region of S3. Empty for boto3's own choice, as in the options below.
    type: str
    default: ""
  profile:
    description: The profile with the access to S3.
    type: str
    default: ""
  endpoint_url:
    description: The address of S3.
    type: str
    default: ""
  access_key:
    description: The key for S3.
    type: str
    default: ""
  secret_key:
    description: The secret of O(access_key).
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Copies nothing; what would be fetched counts as a change.
"""

EXAMPLES = r"""
- name: Put the package on the host
  elk.deploy.logstash_package_file:
    url: https://packages.example.com/logstash-9.5.2-amd64.deb
    checksum: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    path: /var/cache/elk-deploy/logstash-9.5.2.deb
"""

RETURN = r"""#"""
