"""Playbook runs of one test run share what Ansible packs for each module, with the bytecode of it.

Ansible packs a module with all that it imports, once in each run: half of the control node's work in a short run.
It keeps the packages in a directory of that run; here that directory is one for all runs, named by the content of the
collection's own modules, since tests also run changed ones. ELK_TEST_MODULES names the directory above it.

What is packed is source only, which a host would compile for every task: half of the host's work in a short run. Here
the bytecode lies beside it. A host with another release of Python takes the source.
"""

import base64
import dataclasses
import hashlib
import importlib.util
import io
import os
import zipfile
from importlib import _bootstrap_external
from pathlib import Path

import ansible.release
from ansible import constants
from ansible.executor import module_common
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


def with_bytecode(packed: bytes) -> bytes:
    """A zip file in base64, with the bytecode beside each source in it."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            text = source.read(member)
            target.writestr(member, text)
            if member.filename.endswith(".py"):
                # The file is one name that is the same wherever the zip file is unpacked to.
                code = compile(text, member.filename, "exec", dont_inherit=True)
                # Unchecked: it came with its source.
                bytecode = _bootstrap_external._code_to_hash_pyc(code, importlib.util.source_hash(text), False)
                target.writestr(f"{member.filename}c", bytes(bytecode))
    return base64.b64encode(result.getvalue())


def share_bytecode() -> None:
    """Has Ansible keep each packed module with its bytecode."""
    dump = module_common._CachedModule.dump

    def dump_with_bytecode(self, path: str) -> None:
        dump(dataclasses.replace(self, zip_data=with_bytecode(self.zip_data)), path)

    module_common._CachedModule.dump = dump_with_bytecode


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
        share_bytecode()
