"""Playbook runs of one test run share what Ansible packs for each module.

Ansible packs a module with all that it imports, once in each run: half of the control node's work in a short run.
It keeps the packages in a directory of that run; here that directory is one for all runs, named by the content of the
collection's own modules, since tests also run changed ones. ELK_TEST_MODULES names the directory above it.
"""

import hashlib
import os
from pathlib import Path

import ansible.release
from ansible import constants
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: module_cache
short_description: Share the packed modules between runs
type: aggregate
description: For tests only.
requirements: [to be enabled in the configuration]
"""


def digest() -> str:
    """The SHA-256 of Ansible's release and of every module of the collection and what it imports."""
    content = hashlib.sha256(ansible.release.__version__.encode())
    for path in constants.COLLECTIONS_PATHS:
        plugins = Path(path, "ansible_collections/elk/deploy/plugins")
        for file in sorted([*plugins.glob("modules/*.py"), *plugins.glob("module_utils/**/*.py")]):
            content.update(str(file.relative_to(plugins)).encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "module_cache"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        shared = Path(os.environ["ELK_TEST_MODULES"], digest())
        shared.mkdir(parents=True, exist_ok=True)
        Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(shared)
