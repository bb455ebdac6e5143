#!/usr/bin/python
"""Installs a repository's key on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: repository_key
short_description: Install a repository's signing key on a host
description:
  - Downloads the key each time and compares it with the one that is there, so that the right key replaces a wrong one
    whatever its date.
  - Replaces the file only with an OpenPGP public key, and in one step. A binary key is armored, since apt goes by the
    file's name and rpm accepts nothing else.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  url:
    description: The address of the key, beginning with http, https, ftp or file.
    type: str
    required: true
  fingerprints:
    description:
      - The fingerprints of the keys that are accepted - 40 or 64 hex digits; spaces are ignored. Every downloaded key
        must be among them. Empty accepts any key, so that whoever serves the address decides what is trusted.
    type: list
    elements: str
    default: []
  path:
    description: The file on the host. Its directory is created if it is missing.
    type: path
    required: true
  timeout:
    description: For how many seconds the server may send nothing.
    type: int
    default: 20
attributes:
  check_mode:
    support: full
    description: Downloads and checks the key, reports whether it differs, and changes nothing.
  diff_mode:
    support: full
    description: Shows the fingerprints before and after.
"""

EXAMPLES = r"""
- name: Fetch the key that signs the repository
  elk.deploy.repository_key:
    url: https://artifacts.elastic.co/GPG-KEY-elasticsearch
    path: /etc/apt/keyrings/logstash.asc
    fingerprints: [4609 5ACC 8548 582C 1A26 99A9 D27D 666C D88E 42B4]
"""

RETURN = r"""
keys:
  description: The keys in the file - fingerprint, name, date, and any reason to reject them.
  type: list
  elements: str
  returned: success
"""

import http.client
import os
import urllib.error
from pathlib import Path

from ansible.module_utils.urls import open_url
from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.logstash.repository_keys import (
    KeyFileError,
    armored,
    check_fingerprints,
    read_keys,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

# No key is that large.
LIMIT = 4 << 20
MODE = 0o644


def fetch(url, timeout):
    """What an address holds. Raises OSError, ValueError or HTTPException with the reason."""
    with open_url(url, timeout=timeout, force=True) as answer:
        if url.lower().startswith("https://") and not answer.geturl().lower().startswith("https://"):
            raise ValueError(f"it leads to {answer.geturl()}, which is not https")
        return answer.read(LIMIT)


def names_of(content):
    """The names of the keys in a file's content, for a diff; empty if it has no keys."""
    try:
        return [str(key) for key in read_keys(content)]
    except KeyFileError:
        return []


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "fingerprints": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    url, path = module.params["url"], Path(module.params["path"])
    try:
        content = fetch(url, module.params["timeout"])
        keys = read_keys(content)
        check_fingerprints(content, keys, module.params["fingerprints"])
    except urllib.error.HTTPError as error:
        module.fail_json(code="repository_key_not_fetched", msg=f"The key {url} could not be fetched: {error}.")
    except urllib.error.URLError as error:
        module.fail_json(code="repository_key_not_fetched", msg=f"The key {url} could not be fetched: {error.reason}.")
    except KeyFileError as error:
        module.fail_json(
            code="repository_key_refused",
            msg=f"The key {url} is {'not trusted' if error.is_foreign else 'none'}: {error}.",
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        module.fail_json(code="repository_key_not_fetched", msg=f"The key {url} could not be fetched: {error}.")
    content = armored(content)
    try:
        before = path.read_bytes() if path.exists() else b""
        differs = content != before or (path.stat().st_mode & 0o777, path.stat().st_uid) != (MODE, os.geteuid())
        if differs and not module.check_mode:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            atomic_files.write(path, content, MODE)
    except OSError as error:
        module.fail_json(
            code="repository_key_not_written",
            msg=f"The key cannot be written to {path}: {error}. Make room on that file system, or make it writable.",
        )
    shown = [str(key) for key in keys]
    module.exit_json(
        changed=differs,
        keys=shown,
        diff={"before": "".join(f"{name}\n" for name in names_of(before)), "after": "".join(f"{n}\n" for n in shown)},
    )


if __name__ == "__main__":
    main()
