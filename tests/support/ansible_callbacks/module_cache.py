"""Playbook runs of one test run share what Ansible packs for each module, and what it compiles of the collection.

Ansible packs a module with all that it imports, once in each run: half of the control node's work in a short run.
It keeps the packages in a directory of that run; here that directory is one for all runs, named by the content of the
collection's own modules, since tests also run changed ones. ELK_TEST_MODULES names the directory above it.

A packed module is source text, which a host compiles each time it runs it: most of what a short module costs. Here it
has the compiled code beside it, which a host with the same release of Python uses, and any other does not.
Ansible also compiles a collection's plugins anew in each run. Here the compiled code is kept, named by the source's
content.
"""

import base64
import dataclasses
import hashlib
import importlib.util
import io
import marshal
import os
import sys
import zipfile
from importlib import _bootstrap_external
from pathlib import Path

import ansible.release
from ansible import constants
from ansible.executor import module_common
from ansible.plugins.callback import CallbackBase
from ansible.utils.collection_loader import _collection_finder

DOCUMENTATION = """
name: module_cache
short_description: Share the packed modules and the compiled plugins between runs
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


def with_compiled_code(packed: bytes) -> bytes:
    """A packed module, in Base64, with the compiled code of each of its files."""
    content = io.BytesIO(base64.b64decode(packed))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in (one for one in archive.namelist() if one.endswith(".py")):
            source = archive.read(name)
            code = compile(source, name, "exec", dont_inherit=True)
            # Not compared with the source: both are in one archive, which nobody changes.
            compiled = _bootstrap_external._code_to_hash_pyc(code, importlib.util.source_hash(source), False)
            archive.writestr(name + "c", bytes(compiled))
    return base64.b64encode(content.getvalue())


def pack_compiled_code() -> None:
    """Makes Ansible keep packed modules with their compiled code."""
    dump = module_common._CachedModule.dump

    def dump_with_compiled_code(self, path: str) -> None:
        dump(dataclasses.replace(self, zip_data=with_compiled_code(self.zip_data)), path)

    module_common._CachedModule.dump = dump_with_compiled_code


def keep_compiled(folder: Path) -> None:
    """Makes Ansible's loader of collections read compiled code from a folder, and write it there."""
    compile_anew = _collection_finder._AnsibleCollectionPkgLoaderBase.get_code

    def get_code(self, fullname):
        source = self.get_source(fullname)
        if not source:
            return compile_anew(self, fullname)
        name = f"{sys.implementation.cache_tag}\0{self.get_filename(fullname)}\0".encode()
        kept = folder / hashlib.sha256(name + source).hexdigest()
        if kept.exists():
            return marshal.loads(kept.read_bytes())  # noqa: S302 - this run's own
        code = compile_anew(self, fullname)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(marshal.dumps(code))
        part.rename(kept)
        return code

    _collection_finder._AnsibleCollectionPkgLoaderBase.get_code = get_code


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
        pack_compiled_code()
        compiled = Path(os.environ["ELK_TEST_MODULES"], "compiled")
        compiled.mkdir(exist_ok=True)
        keep_compiled(compiled)
