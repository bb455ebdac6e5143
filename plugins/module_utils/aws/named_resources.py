"""Things that a template gives a name of their own, and whether something of that name is there already.

CloudFormation finds out when it makes them: minutes later, and with a stack that has to be taken down again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .template import Template

# client(service) -> a client of boto3.
Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Named:
    """A resource of a template with a name that the template gives it."""

    logical_id: str
    kind: str
    name: str
    parameters: tuple[str, ...]

    def message(self, stack: str, note: str, variables: Mapping[str, str]) -> str:
        """That it is there already, and a hint. ``variables`` sets parameters of the template."""
        label, _property, _look, removal = _KINDS[self.kind]
        settings = [variables.get(one, f"the stack's parameter {one}") for one in self.parameters]
        another = f"give another name ({', '.join(settings)})" if settings else "give another name in the template"
        return (
            f"{label} {self.name} already exists{note}, and stack {stack} did not make it ({self.logical_id} in its "
            f"template). Nothing of it was changed. {removal}, or {another}, or import it into the stack with "
            "CloudFormation. Then run again."
        )


def named_resources(template: Template) -> list[Named]:
    """The resources whose names are known and can be looked up."""
    found = []
    for logical_id, kind, properties in template.resources():
        name = properties.get(_KINDS[kind][1]) if kind in _KINDS else None
        if isinstance(name, str):
            found.append(Named(logical_id, kind, name, tuple(template.parameters_of(logical_id, _KINDS[kind][1]))))
    return found


def made_by_stack(one: Named, resources: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the stack has made it, by the summaries of its resources. An id is the name, or ends with it."""
    for summary in resources:
        physical = str(summary.get("PhysicalResourceId", ""))
        if (
            summary.get("LogicalResourceId") == one.logical_id
            and (physical == one.name or physical.endswith((f"/{one.name}", f":{one.name}")))
            and summary.get("ResourceStatus") not in ("CREATE_FAILED", "DELETE_COMPLETE")
        ):
            return True
    return False


def taken(one: Named, clients: Clients) -> str | None:
    """A note on what is there of that name, such as " and holds objects".

    ``None`` when nothing is there, or when it may not be looked at.
    """
    _label, _property, look, _removal = _KINDS[one.kind]
    try:
        return look(clients, one.name)
    except Exception as error:
        answer = getattr(error, "response", None)
        # Whoever may not look learns it from CloudFormation.
        if isinstance(answer, dict) and "Error" in answer:
            return None
        raise


def _bucket(clients: Clients, name: str) -> str | None:
    s3 = clients("s3")
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError as error:
        if str(error.response["Error"]["Code"]) == "403":
            return ", in another account or where it may not be looked at"
        return ", in another region" if str(error.response["Error"]["Code"]) == "301" else None
    try:
        return " and holds objects" if s3.list_objects_v2(Bucket=name, MaxKeys=1).get("Contents") else ""
    except s3.exceptions.ClientError:
        return ""


def _log_group(clients: Clients, name: str) -> str | None:
    groups = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return "" if any(one["logGroupName"] == name for one in groups) else None


def _queue(clients: Clients, name: str) -> str | None:
    clients("sqs").get_queue_url(QueueName=name)
    return ""


def _function(clients: Clients, name: str) -> str | None:
    clients("lambda").get_function(FunctionName=name)
    return ""


def _topic(clients: Clients, name: str) -> str | None:
    for page in clients("sns").get_paginator("list_topics").paginate():
        if any(one["TopicArn"].endswith(f":{name}") for one in page["Topics"]):
            return ""
    return None


def _alarm(clients: Clients, name: str) -> str | None:
    found = clients("cloudwatch").describe_alarms(AlarmNames=[name])
    return "" if found["MetricAlarms"] or found.get("CompositeAlarms") else None


def _role(clients: Clients, name: str) -> str | None:
    clients("iam").get_role(RoleName=name)
    return ""


# Of each type: what people call it, the property that names it, how to look for it, and how to get rid of it.
_KINDS: dict[str, tuple[str, str, Callable[[Clients, str], str | None], str]] = {
    "AWS::S3::Bucket": ("Bucket", "BucketName", _bucket, "Empty and delete it if nobody needs its objects"),
    "AWS::Logs::LogGroup": ("Log group", "LogGroupName", _log_group, "Delete it if nobody needs its lines"),
    "AWS::SQS::Queue": ("Queue", "QueueName", _queue, "Delete it if nobody needs its messages"),
    "AWS::Lambda::Function": ("Function", "FunctionName", _function, "Delete it if nobody needs it"),
    "AWS::SNS::Topic": ("Topic", "TopicName", _topic, "Delete it if nobody needs it"),
    "AWS::CloudWatch::Alarm": ("Alarm", "AlarmName", _alarm, "Delete it if nobody needs it"),
    "AWS::IAM::Role": ("Role", "RoleName", _role, "Delete it if nobody needs it"),
}
