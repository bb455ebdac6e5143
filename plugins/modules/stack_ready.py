#!/usr/bin/python
"""Makes sure that a CloudFormation stack can be created or updated."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_ready
short_description: Make sure that a CloudFormation stack can be created or updated
description:
  - Checks the stack's state, and whether names in its template are already used by resources of others. If something
    blocks the stack, the task fails with its name and what to do, before anything is changed.
  - A stack whose first creation failed cannot be updated. It is deleted, together with what that creation made, so that
    it can be created again. A stack that was ever complete is never deleted, and none is while another resource uses a
    name in its template.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  stack_name:
    description: Name of the stack.
    type: str
    required: true
  template_body:
    description: The text of its template.
    type: str
    required: true
  template_parameters:
    description: Values of the template's parameters.
    type: dict
    default: {}
  parameter_variables:
    description: What users set for a parameter, such as a role variable. Messages refer to it.
    type: dict
    default: {}
  replace_failed_creation:
    description: Whether leftovers of a failed creation are deleted. V(false) fails the task instead.
    type: bool
    default: true
  timeout:
    description: How many minutes the deletion may take.
    type: int
    default: 30
attributes:
  check_mode:
    support: full
    description: Says what would be deleted.
"""

EXAMPLES = r"""
- name: Check whether the stack can be created or updated
  elk.deploy.stack_ready:
    stack_name: alarms
    template_body: "{{ lookup('ansible.builtin.file', 'alarms.yml') }}"
    template_parameters: {TopicName: alarms}
"""

RETURN = r"""
status:
  description: The state in which the stack was found; empty if there was none.
  type: str
  returned: success
replaced:
  description: Whether leftovers of a failed creation were deleted, or would be.
  type: bool
  returned: success
outputs:
  description: The outputs of the stack before the run.
  type: dict
  returned: success
"""

import contextlib

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.elk.deploy.plugins.module_utils import waiting
from ansible_collections.elk.deploy.plugins.module_utils.aws import named_resources, stack_states
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import HAS_YAML, Template, TemplateError
from ansible_collections.elk.deploy.plugins.module_utils.messages import coded

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

POLL_SECONDS = 2


def describe(client, name):
    """The stack as CloudFormation describes it, or None."""
    try:
        return client.describe_stacks(StackName=name, aws_retry=True)["Stacks"][0]
    except botocore.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def look(client, name):
    """(what is found of the stack, summaries of its resources, its outputs)"""
    stack = describe(client, name)
    if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
        return stack_states.Found(name), [], {}
    changed = stack.get("LastUpdatedTime") or stack.get("CreationTime")
    in_review = stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    found = stack_states.Found(
        name,
        stack["StackStatus"],
        stack["StackId"],
        f"{changed:%Y-%m-%d %H:%M:%S %Z}" if changed else "",
        all_of(client, "describe_stack_events", "StackEvents", stack["StackId"]),
        all_of(client, "list_change_sets", "Summaries", stack["StackId"]) if in_review else [],
    )
    resources = all_of(client, "list_stack_resources", "StackResourceSummaries", stack["StackId"])
    return found, resources, {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def all_of(client, operation, key, stack_id):
    """All pages of an answer."""
    pages = client.get_paginator(operation).paginate(StackName=stack_id)
    return [one for page in pages for one in page[key]]


def in_the_way(module, client, resources):
    """A message for each thing that has the name of one which the stack has yet to make."""
    region = client.meta.region_name
    pseudo = {
        "AWS::Region": region,
        "AWS::Partition": client.meta.partition,
        "AWS::StackName": module.params["stack_name"],
    }
    try:
        template = Template(module.params["template_body"], module.params["template_parameters"], pseudo)
    except TemplateError as error:
        module.fail_json(
            code="template_invalid", msg=f"The template of stack {module.params['stack_name']} {error}. Correct it."
        )
    made = {}

    def clients(service):
        return made.setdefault(service, module.client(service))

    messages = []
    for one in named_resources.named_resources(template):
        if not named_resources.made_by_stack(one, resources):
            note = named_resources.taken(one, clients)
            if note is not None:
                messages.append(one.message(module.params["stack_name"], note, module.params["parameter_variables"]))
    return messages


def delete(module, client, found):
    """Deletes the stack and waits until it is gone."""
    client.delete_stack(StackName=found.stack_id, aws_retry=True)
    for _attempt in waiting.attempts(60 * module.params["timeout"], POLL_SECONDS):
        stack = describe(client, found.stack_id)
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            return
        if stack["StackStatus"] == "DELETE_FAILED":
            events = all_of(client, "describe_stack_events", "StackEvents", found.stack_id)
            reasons = [f"- {reason}" for reason in stack_states.failures(events)]
            module.fail_json(
                code="stack_not_deleted",
                msg="\n".join(
                    [
                        f"Stack {found.name} was left over from a creation that failed, and can't be deleted.",
                        *reasons,
                        "Remove what the reasons name, and run again.",
                    ]
                ),
            )
    module.fail_json(
        code="stack_not_deleted",
        msg=f"Stack {found.name} is left over from a creation that failed, and its deletion did not end within "
        f"{module.params['timeout']} minutes. See in CloudFormation's console what it waits for, and run again once it "
        "is gone.",
    )


def main():
    module = AwsModule(
        argument_spec={
            "stack_name": {"type": "str", "required": True},
            "template_body": {"type": "str", "required": True},
            "template_parameters": {"type": "dict", "default": {}},
            "parameter_variables": {"type": "dict", "default": {}},
            "replace_failed_creation": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    if not HAS_YAML:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    client = module.client("cloudformation", retry_decorator=AWSRetry.jittered_backoff())
    try:
        run(module, client)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Looking at stack {module.params['stack_name']} failed")


def run(module, client):
    found, resources, outputs = look(client, module.params["stack_name"])
    verdict = stack_states.judge(found)
    if verdict.action == stack_states.STOP:
        module.fail_json(code="stack_unusable", msg=verdict.message, status=found.status)
    blocking = in_the_way(module, client, resources)
    if blocking:
        module.fail_json(msg="\n".join(coded("resource_name_taken", line) for line in blocking), status=found.status)
    replaced = verdict.action == stack_states.REPLACE
    if replaced and not module.params["replace_failed_creation"]:
        module.fail_json(
            code="stack_creation_failed",
            msg=f"{verdict.message}\nDelete the stack and run again, or set aws_stacks_replace_failed_creation: true.",
            status=found.status,
        )
    if replaced and not module.check_mode:
        delete(module, client, found)
    module.exit_json(changed=replaced, status=found.status, replaced=replaced, outputs=outputs)


if __name__ == "__main__":
    main()
