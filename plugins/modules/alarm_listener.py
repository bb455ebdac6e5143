#!/usr/bin/python
"""A queue that gets what a topic sends, for as long as a drill takes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_listener
short_description: Subscribe a queue to a topic, or remove it again
description:
  - Makes an SQS queue that only the topic may send to, and subscribes it, so that a drill can see which messages a
    subscriber gets.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the queue.
    type: str
    required: true
  topic_arn:
    description: The topic, in the connection's region.
    type: str
    required: true
  state:
    description: Whether the queue and its subscription are to exist.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: none
    description: A drill needs the queue.
"""

EXAMPLES = r"""
- name: Listen to the alarms' topic
  elk.deploy.alarm_listener:
    name: alarm-drill
    topic_arn: arn:aws:sns:eu-west-1:123456789012:alarms
  register: listener
"""

RETURN = r"""
queue_url:
  description: The queue, as SQS's requests name it.
  type: str
  returned: when it is present
confirmed:
  description: The protocols of the topic's other subscribers, of those that have confirmed.
  type: list
  elements: str
  returned: when it is present
"""

import contextlib
import json

from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def queue_of(sqs, name):
    """The URL of a queue, or None."""
    try:
        return sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return None


def subscriptions(sns, topic_arn):
    """All of the topic's."""
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    return [one for page in pages for one in page["Subscriptions"]]


def subscription_of(sns, topic_arn, queue_arn):
    """The ARN of the queue's subscription, or None."""
    found = subscriptions(sns, topic_arn)
    return next((one["SubscriptionArn"] for one in found if one["Endpoint"] == queue_arn), None)


def confirmed(sns, topic_arn, queue_arn):
    """The protocols of the other subscribers that get messages. Endpoints are not shown: an address can be a secret."""
    found = (one for one in subscriptions(sns, topic_arn) if one["Endpoint"] != queue_arn)
    return sorted(one["Protocol"] for one in found if one["SubscriptionArn"].startswith("arn:"))


def policy(queue_arn, topic_arn):
    """Only the topic may send."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def present(module, sqs, sns):
    topic_arn = module.params["topic_arn"]
    found = queue_of(sqs, module.params["name"])
    url = found or sqs.create_queue(QueueName=module.params["name"])["QueueUrl"]
    queue_arn = arn_of(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(queue_arn, topic_arn)})
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    module.exit_json(changed=not found, queue_url=url, confirmed=confirmed(sns, topic_arn, queue_arn))


def absent(module, sqs, sns):
    url = queue_of(sqs, module.params["name"])
    if url is None:
        module.exit_json(changed=False)
    subscription = subscription_of(sns, module.params["topic_arn"], arn_of(sqs, url))
    if subscription:
        sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)
    module.exit_json(changed=True)


def main():
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "topic_arn": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    )
    try:
        {"present": present, "absent": absent}[module.params["state"]](
            module, module.client("sqs"), module.client("sns")
        )
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Listening to {module.params['topic_arn']} failed")


if __name__ == "__main__":
    main()
