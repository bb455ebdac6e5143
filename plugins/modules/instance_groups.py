#!/usr/bin/python
"""Documentation of instance_groups; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_groups
short_description: Make the stacks of the layers whose hosts are groups of instances
description:
  - Reads an environment's C(instance_groups), and fails with all that is wrong with them at once.
  - Returns them as entries of C(aws_stacks_stacks), each with the template C(templates/cloudformation/hosts.yml).
  - Needs no connection to AWS, and changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  groups:
    description: The groups by their layer, V(brokers) or V(indexers). docs/bake.md has their options.
    type: dict
    required: true
  defaults:
    description: Options that all groups have unless they set their own.
    type: dict
    default: {}
  environment:
    description: The environment's name.
    type: str
    required: true
  artifact_bucket:
    description: The bucket of bundles, saved queues and the history of deployments.
    type: str
    required: true
  template:
    description: The template of a group, a file on the control node.
    type: path
    required: true
  parameters:
    description: Further parameters of the template for all groups, as C(aws_stacks_stacks) takes them.
    type: dict
    default: {}
  tags:
    description: Tags that the stacks get, and so the instances.
    type: dict
    default: {}
  running:
    description:
      - The groups' stacks that are there, by name, as C(amazon.aws.cloudformation_info) returns them. A group that
        names no image or no bundle keeps what its stack has.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Build the stacks of the groups
  elk.deploy.instance_groups:
    groups:
      brokers: {min: 3, max: 4, instance_type: m7g.large}
    defaults: {vpc: vpc-0123abcd, subnets: [subnet-0123abcd], endpoints: {cidr: 0.0.0.0/0}}
    environment: staging
    artifact_bucket: example-staging-artifacts
    template: templates/cloudformation/hosts.yml
  register: groups
"""

RETURN = r"""
stacks:
  description:
    - The groups as entries of C(aws_stacks_stacks), in the order in which they are deployed; without those that wait.
  type: list
  elements: dict
  returned: success
names:
  description: The names of the groups' stacks, by layer.
  type: dict
  returned: success
waiting:
  description: The layers whose group can't be deployed yet, since nobody has named its image or its bundle.
  type: list
  elements: str
  returned: success
"""
