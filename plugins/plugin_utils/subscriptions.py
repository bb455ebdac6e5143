"""The subscriptions of an environment's topics, as resources of the stack notifications.

CloudFormation has no loops. Its transform AWS::LanguageExtensions has, but needs a further capability, and names each
resource for what it loops over, such as an address. So the resources are made here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..module_utils.aws.template import read

TOPICS = {"alarms": "AlarmsTopic", "notifications": "NotificationsTopic"}
"""The topics of the template: the logical id by the name that the inventory and the alarms use."""

_TOKEN = "#{"  # noqa: S105 - of Octopus
_FORMS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an e-mail address"),
    "https": (re.compile(r"https://[^\s/]+.*"), "an address that begins with https://"),
    "sqs": (re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[\w.-]+"), "the ARN of a queue"),
}
# RFC 2606 keeps these for documents: nobody reads what is sent there.
_NOBODY = re.compile(r"[@./]example\.(?:com|net|org)\b")
_KEYS = {"topic", "protocol", "endpoint"}


@dataclass(frozen=True)
class Subscription:
    """Somebody who is told what is sent to a topic.

    :param topic: of :data:`TOPICS`.
    :param protocol: ``email``, ``https`` or ``sqs``.
    :param endpoint: an address or an ARN, as the inventory has it: with tokens.
    """

    topic: str
    protocol: str
    endpoint: str

    @property
    def logical_id(self) -> str:
        """A name that stays while the subscription does, wherever it is in the list."""
        digest = hashlib.sha256(self.endpoint.encode()).hexdigest()[:12]
        return f"{self.topic.capitalize()}{self.protocol.capitalize()}{digest}"

    @property
    def parameter(self) -> str:
        """The parameter with the endpoint."""
        return f"{self.logical_id}Endpoint"


def check(entries: Sequence[Any], required: Iterable[str]) -> tuple[list[Subscription], list[str]]:
    """(the subscriptions, what is wrong with them)

    :param required: topics that need at least one subscription.
    """
    subscriptions, faults = [], []
    for number, entry in enumerate(entries, 1):
        place = f"notification_subscriptions, entry {number}"
        if not isinstance(entry, Mapping) or set(entry) != _KEYS:
            keys = sorted(map(str, entry)) if isinstance(entry, Mapping) else type(entry).__name__
            faults.append(f"{place} has {keys}; expected topic, protocol and endpoint. Correct it.")
            continue
        one = Subscription(*(str(entry[key]) for key in ("topic", "protocol", "endpoint")))
        found = _faults(one)
        if one in subscriptions:
            found.append("is there twice. Remove one of them.")
        faults += [f"{place} {text}" for text in found]
        subscriptions.append(one)
    subscribed = {one.topic for one in subscriptions}
    faults += [
        f"Nobody is subscribed to topic {topic}, so that nobody would hear of what is sent there. Add to "
        f"notification_subscriptions an entry such as {{topic: {topic}, protocol: email, endpoint: ...}}; an "
        "environment that nobody watches sets notification_subscribers_required: []."
        for topic in required
        if topic not in subscribed
    ]
    return subscriptions, faults


def _faults(one: Subscription) -> list[str]:
    """What is wrong with one. An address of https may be a secret, so that no endpoint is shown."""
    found = []
    if one.topic not in TOPICS:
        found.append(f"has the topic {one.topic!r}; expected one of {', '.join(TOPICS)}. Correct it.")
    if one.protocol not in _FORMS:
        found.append(f"has the protocol {one.protocol!r}; expected one of {', '.join(_FORMS)}. Correct it.")
    elif _TOKEN not in one.endpoint:
        form, expected = _FORMS[one.protocol]
        if not form.fullmatch(one.endpoint):
            found.append(f"has an endpoint that is not {expected}, which protocol {one.protocol} needs. Correct it.")
        elif _NOBODY.search(one.endpoint):
            found.append("has an endpoint of example.com, where nobody would hear of it. Name one of yours.")
    return found


def template(text: str, subscriptions: Sequence[Subscription]) -> str:
    """A template with the subscriptions, as JSON: the same text for the same subscriptions in any order.

    Endpoints are parameters, so that tokens in them are substituted; those of https are hidden, since chats put their
    secrets there.

    :param text: the template without them, YAML or JSON, with the topics.
    :raises TemplateError: it is no template.
    """
    document = read(text)
    parameters, resources = dict(document.get("Parameters") or {}), dict(document["Resources"])
    for one in sorted(subscriptions, key=lambda one: one.logical_id):
        hidden = {"NoEcho": True} if one.protocol == "https" else {}
        parameters[one.parameter] = {"Type": "String", **hidden}
        resources[one.logical_id] = {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": TOPICS[one.topic]},
                "Protocol": one.protocol,
                "Endpoint": {"Ref": one.parameter},
            },
        }
    return json.dumps({**document, "Parameters": parameters, "Resources": resources}, indent=1) + "\n"
