"""The policies that a stack makes, as IAM evaluates them, and what it takes to narrow them."""

import copy
import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request, allows
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import Template, read

Policy = dict[str, Any]
EVERYBODY = ("AWS", "*")


@dataclass(frozen=True)
class Call:
    """A request, and whether the policy that decides about it has to allow it.

    :param policy: the name of the policy, see :func:`policies`.
    :param source: where AWS says that the request is made, or why it must be refused.
    """

    policy: str
    request: Request
    allowed: bool = True
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        words = [self.policy, "" if self.allowed else "not", self.request.action, self.request.resource]
        return " ".join(filter(None, [*words, *(f"{key}={value}" for key, value in self.request.context.items())]))


def read_calls(path: Path) -> list[Call]:
    """The calls of a table. An empty principal is the one that the policy belongs to."""
    return [
        Call(
            row["policy"],
            Request(
                tuple(row["principal"].split(" ")) if row["principal"] else EVERYBODY,
                row["action"],
                row["resource"],
                dict(pair.split("=", 1) for pair in row["context"].split()),
            ),
            {"yes": True, "no": False}[row["allowed"]],
            row["source"],
        )
        for row in csv.DictReader(path.open())
    ]


def policies(path: Path, parameters: Mapping[str, str], values: Mapping[str, str]) -> dict[str, Policy]:
    """The policies of a template by the logical id of their resource; a role's is of what it may do, and beside it
    there is `<id> trust`, of who may take it on.

    :param values: of `Ref` and, as `<id>.<attribute>`, of `Fn::GetAtt`; also of pseudo parameters.
    """
    text = json.dumps(_without_attributes(read(path.read_text()), values))
    found: dict[str, Policy] = {}
    for name, kind, properties in Template(text, parameters, values).resources():
        if kind == "AWS::IAM::Role":
            found[f"{name} trust"] = _with(properties["AssumeRolePolicyDocument"], Resource=values[f"{name}.Arn"])
            statements = [one for part in properties["Policies"] for one in part["PolicyDocument"]["Statement"]]
            found[name] = _with({"Statement": statements}, Principal="*")
        elif kind == "AWS::Lambda::Permission":
            found[name] = {"Statement": [_permission(properties)]}
        elif kind == "AWS::KMS::Key":
            found[name] = properties["KeyPolicy"]
        elif "PolicyDocument" in properties:
            found[name] = properties["PolicyDocument"]
        elif "Policies" in properties:
            raise NotImplementedError(f"{name}: policies of {kind}")
    return found


def _without_attributes(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_without_attributes(one, values) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::GetAtt"}:
        given = value["Fn::GetAtt"]
        return values.get(given if isinstance(given, str) else ".".join(given), value)
    return {key: _without_attributes(one, values) for key, one in value.items()}


def _with(document: Policy, **elements: Any) -> Policy:
    return {**document, "Statement": [{**elements, **one} for one in document["Statement"]]}


def _permission(properties: Mapping[str, Any]) -> Policy:
    """The statement that Lambda makes of a permission."""
    return {
        "Sid": "Permission",
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": properties["SourceAccount"]},
            "ArnLike": {"aws:SourceArn": properties["SourceArn"]},
        },
    }


def wrong(documents: Mapping[str, Policy], calls: list[Call]) -> list[str]:
    """The calls that are not decided about as they have to be."""
    return [str(one) for one in calls if allows(documents[one.policy], one.request) != one.allowed]


def narrowed(document: Policy) -> Iterator[tuple[str, Policy]]:
    """(what was taken away, the policy without it): each statement, each value of an element that has several, and each
    condition."""
    for number, statement in enumerate(document["Statement"]):
        name = statement.get("Sid", f"statement {number + 1}")
        yield name, {"Statement": _without(document["Statement"], number)}
        for place in _places(statement):
            less = copy.deepcopy(document)
            holder = less["Statement"][number]
            for step in place[:-1]:
                holder = holder[step]
            del holder[place[-1]]
            yield " ".join(map(str, (name, *place))), less


def _places(statement: Policy) -> Iterator[tuple[Any, ...]]:
    """Where something can be taken away from a statement without its becoming another kind of statement."""
    for element in ("Action", "Resource"):
        yield from ((element, index) for index in _several(statement.get(element)))
    if isinstance(statement.get("Principal"), dict):
        principal = statement["Principal"]
        yield from (("Principal", kind) for kind in principal if len(principal) > 1)
        yield from (("Principal", kind, index) for kind, names in principal.items() for index in _several(names))
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            yield ("Condition", operator, key)
            yield from (("Condition", operator, key, index) for index in _several(wanted))


def _several(value: Any) -> range:
    return range(len(value)) if isinstance(value, list) and len(value) > 1 else range(0)


def _without(values: list[Any], index: int) -> list[Any]:
    return [*values[:index], *values[index + 1 :]]
