#!/usr/bin/python
"""Documentation of notifications_template; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: notifications_template
short_description: Add subscriptions to the template of the topics
description:
  - Checks an environment's subscriptions, and returns the template of its topics with a resource for each of them.
  - A subscription's resource is named for the subscription and not for its place in the list, so that another order
    changes nothing, and nobody has to confirm theirs again.
  - Endpoints are parameters of the template. Those of V(https) have C(NoEcho), since they may be secret.
  - Needs no connection to AWS, and changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  template:
    description: The template of the topics, a file on the control node.
    type: path
    required: true
  subscriptions:
    description:
      - Each with C(topic), V(alarms) or V(notifications); C(protocol), V(email), V(https) or V(sqs); and C(endpoint),
        an address or the ARN of a queue.
    type: list
    elements: dict
    default: []
  required:
    description: The topics that somebody has to be subscribed to.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Add the subscriptions to the template of the topics
  elk.deploy.notifications_template:
    template: templates/cloudformation/notifications.yml
    subscriptions:
      - {topic: alarms, protocol: email, endpoint: on-call@shop.test}
    required: [alarms]
  register: notifications
"""

RETURN = r"""
template_body:
  description: The template with the subscriptions, as JSON.
  type: str
  returned: success
parameters:
  description: The names of the parameters with the endpoints, in the order of the subscriptions.
  type: list
  elements: str
  returned: success
"""
