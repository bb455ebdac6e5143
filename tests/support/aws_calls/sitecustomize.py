"""Records each call of AWS that a process makes with botocore: a JSON line a call, in the file ELK_AWS_CALLS names.

Python imports a module of this name at its start. So with this folder on PYTHONPATH, Ansible and all the modules that
it starts are recorded. A line has the service, the operation, the region, and those parameters that name things; no
others, since they may be secret.
"""

import importlib.abc
import importlib.util
import json
import os
import sys

NAMES = (
    "AlarmName",
    "AlarmNames",
    "Bucket",
    "ChangeSetName",
    "FunctionName",
    "Key",
    "Name",
    "Namespace",
    "Qualifier",
    "QueueName",
    "QueueUrl",
    "RoleName",
    "SecretId",
    "StackName",
    "TopicArn",
    "VersionId",
)
MODULE = "botocore.client"


def named(parameters):
    """Those parameters of a call that name things."""
    return {name: parameters[name] for name in NAMES if name in parameters}


def record(path, client, operation, parameters):
    """Appends a call. One write, so that processes that record at once do not mix."""
    line = {
        "service": client.meta.service_model.service_name,
        "operation": operation,
        "region": client.meta.region_name,
        **named(parameters),
    }
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


def patch(client_class, path):
    """Lets a client of botocore record what it is asked for, before it is sent."""
    call = client_class._make_api_call

    def recorded(self, operation, parameters):
        record(path, self, operation, parameters)
        return call(self, operation, parameters)

    client_class._make_api_call = recorded


class _WhenImported(importlib.abc.MetaPathFinder):
    """Patches botocore once something imports it: most processes never do, and it takes half a second."""

    def __init__(self, path):
        self._path = path

    def find_spec(self, name, _path=None, _target=None):
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            patch(module.BaseClient, self._path)

        spec.loader.exec_module = loaded
        return spec


if os.environ.get("ELK_AWS_CALLS"):
    sys.meta_path.insert(0, _WhenImported(os.environ["ELK_AWS_CALLS"]))
