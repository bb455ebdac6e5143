"""The queue that takes the rest of an object which one invocation was too short for.

boto3 is imported when there is a rest. The stack gives the queue's URL in the environment, and has the queue invoke
this function.
"""

import os
from functools import lru_cache
from typing import Any

from ..errors import DeliveryError

QUEUE_VARIABLE = "ELB_LOG_SHIPPER_QUEUE_URL"


def hand_on(body: str) -> None:
    """Put a message into the queue.

    :raises DeliveryError: there is no queue, or it did not take the message.
    """
    url = os.environ.get(QUEUE_VARIABLE)
    if not url:
        raise DeliveryError(
            f"the rest of the log can't be queued: {QUEUE_VARIABLE} is not set. Let it name a queue that invokes "
            "this function, or raise the function's timeout"
        )
    try:
        _client().send_message(QueueUrl=url, MessageBody=body)
    except Exception as error:
        raise DeliveryError(
            f"the rest of the log can't be queued: {error}. Allow this function sqs:SendMessage to {url}, and in a "
            "VPC give it a route to SQS"
        ) from error


@lru_cache(maxsize=1)
def _client() -> Any:
    import boto3  # noqa: PLC0415 - slow and large
    from botocore.config import Config  # noqa: PLC0415

    # It happens near the time limit: fail soon rather than late.
    return boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 3}))
