"""What IAM is asked for a call of botocore: the action and the resources.

iam_operations.csv has a row for each operation, since some have an action of another name, or one that depends on a
parameter (`s3:GetObject VersionId`). The resource is made of the parameters that name things. What has no action,
everybody may call.
"""

import csv
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("iam_operations.csv")


@functools.cache
def operations() -> dict[str, tuple[str, str]]:
    """(action, resource) by operation."""
    return {row["operation"]: (row["action"], row["resource"]) for row in csv.DictReader(TABLE.open())}


def requests_of(call: Mapping[str, Any], account: str, partition: str = "aws") -> list[tuple[str, str]]:
    """(action, ARN or *) of each thing that a call names.

    :param call: as aws_calls/sitecustomize.py records it.
    :raises KeyError: the table does not know the operation.
    """
    operation = f"{call['service']}:{call['operation']}"
    version = f"{operation} VersionId"
    action, resource = operations()[version if "VersionId" in call and version in operations() else operation]
    if not action:
        return []
    names = call.get("AlarmNames") or [call.get("AlarmName", "*")]
    values = {
        "arn": f"arn:{partition}:",
        "account": account,
        "region": call["region"],
        **call,
        "QueueName": call.get("QueueName") or str(call.get("QueueUrl", "")).rpartition("/")[2],
    }
    if "Qualifier" in call:
        resource += ":{Qualifier}"
    found = []
    for name in names:
        given = {key: _last_part(key, value) for key, value in (values | {"AlarmName": name}).items()}
        found.append((action, resource.format(**given)))
    return found


def _last_part(key: str, value: Any) -> Any:
    """The name of what an ARN names, where the operation takes either."""
    if key in ("StackName", "ChangeSetName") and str(value).startswith("arn:"):
        return str(value).split("/")[1]
    if key == "FunctionName" and str(value).startswith("arn:"):
        return str(value).split(":function:")[1]
    return value
