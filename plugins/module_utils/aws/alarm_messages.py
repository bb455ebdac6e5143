"""The messages of CloudWatch alarms, as a queue gets them that is subscribed to their topic.

Format of the message: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html; SNS puts
it as text into ``Message`` of its own JSON, without raw delivery.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import waiting

PAUSE_SECONDS = 0.5
# The longest that SQS holds a request open until a message comes.
HOLD_SECONDS = 2


@dataclass(frozen=True)
class AlarmMessage:
    """One message: the alarm went from a state to another."""

    alarm: str
    old_state: str
    state: str
    reason: str


def read(body: str) -> AlarmMessage | None:
    """The alarm's message in that of a queue, or ``None`` for anything else, such as SNS's own."""
    try:
        message = json.loads(json.loads(body)["Message"])
        return AlarmMessage(
            str(message["AlarmName"]),
            str(message.get("OldStateValue", "")),
            str(message["NewStateValue"]),
            str(message.get("NewStateReason", "")),
        )
    except (ValueError, KeyError, TypeError):
        return None


@dataclass
class Listener:
    """Takes the messages out of a queue, and keeps them in their order.

    :param client: SQS, of boto3.
    """

    client: Any
    queue_url: str
    messages: list[AlarmMessage] = field(default_factory=list)

    def receive(self) -> None:
        """Takes what has arrived."""
        answer = self.client.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=HOLD_SECONDS
        )
        for one in answer.get("Messages", []):
            message = read(one["Body"])
            if message is not None:
                self.messages.append(message)
            self.client.delete_message(QueueUrl=self.queue_url, ReceiptHandle=one["ReceiptHandle"])

    def wait_for(self, alarm: str, state: str, seconds: float, since: int = 0) -> AlarmMessage | None:
        """The first message, from number ``since`` on, that the alarm came into the state; ``None`` without."""
        return self._wait(lambda one: (one.alarm, one.state) == (alarm, state), seconds, since)

    def _wait(self, wanted: Callable[[AlarmMessage], bool], seconds: float, since: int) -> AlarmMessage | None:
        for _attempt in waiting.attempts(seconds, PAUSE_SECONDS):
            found = next(filter(wanted, self.messages[since:]), None)
            if found is not None:
                return found
            self.receive()
        return None
