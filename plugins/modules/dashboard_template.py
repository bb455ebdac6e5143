#!/usr/bin/python
"""Documentation of dashboard_template; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dashboard_template
short_description: Make the CloudFormation template of an environment's dashboard
description:
  - The dashboard shows the path of a log line from left to right, with the thresholds of the alarms. What has no name
    is left out.
  - Runs on the control node only. Reaches nothing, changes nothing, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  without:
    description: Alarms that are not deployed, such as those that wait for their metric (M(elk.deploy.alarm_metrics)).
    type: list
    elements: str
    default: []
  region:
    description: The region of the metrics.
    type: str
    required: true
  bucket:
    description: The bucket of the logs.
    type: str
    default: ""
  bucket_filter:
    description: The id of the bucket's request metrics.
    type: str
    default: ""
  objects_queue:
    description: The queue of objects that wait.
    type: str
    default: ""
  failed_queue:
    description: The queue of failed events.
    type: str
    default: ""
  function:
    description: The log shipper's function.
    type: str
    default: ""
  broker_load_balancer:
    description: The brokers' load balancer, with C(type), C(name), and C(target_group) unless it is a Classic one.
    type: dict
    default: {}
  elasticsearch_load_balancer:
    description: That of Elasticsearch, likewise.
    type: dict
    default: {}
  agent_group:
    description: The Auto Scaling group by which the CloudWatch agent adds up its metrics.
    type: str
    default: ""
  redis:
    description: The ids of ElastiCache's clusters.
    type: list
    elements: str
    default: []
  monitored:
    description: Whether C(logstash_monitor) runs on the hosts.
    type: bool
    default: false
  brokers:
    description: The brokers, as their monitors name them.
    type: list
    elements: str
    default: []
  indexers:
    description: The indexers, likewise.
    type: list
    elements: str
    default: []
  shippers:
    description: The shippers, likewise.
    type: list
    elements: str
    default: []
  deployments:
    description: The last deployments, each with its C(time) and a C(label).
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - elk.deploy.alarms
  - elk.deploy.alarms.environment
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Make the template of the dashboard
  elk.deploy.dashboard_template:
    alarms: "{{ alarms }}"
    environment: staging
    region: eu-west-1
    function: elb-logs-staging-shipper
  register: made
"""

RETURN = r"""
template:
  description: The template, as YAML.
  type: str
  returned: success
"""
