#!/usr/bin/python
"""Creates or updates a CloudFormation stack with a change set."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Create or update a CloudFormation stack with a change set, and say what it changes
description:
  - Makes a change set, says resource by resource what it would do, and executes it. In check mode it is deleted
    again, with the stack if there was none before. A change set without changes is no change.
  - Before that, it checks the stack's state, and whether names in its template are already used by resources of
    others. If something blocks the stack, the task fails with its name and what to do, before anything is changed. If
    CloudFormation works on the stack, such as for a run that was killed, it waits for the end.
  - A change that would delete or replace a resource that holds data is refused unless O(allow_replacement=true).
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
    description:
      - Values of the template's parameters. A list is joined with commas.
      - "C({stack: NAME, output: NAME}) is an output of another stack."
      - The action moves those that the template declares with C(NoEcho) to O(hidden_parameters).
    type: dict
    default: {}
  hidden_parameters:
    description: Further values, which Ansible does not show either.
    type: dict
    default: {}
  parameter_variables:
    description: What users set for a parameter, such as a role variable. Messages refer to it.
    type: dict
    default: {}
  capabilities:
    description: What the template may do, such as V(CAPABILITY_IAM).
    type: list
    elements: str
    default: []
  tags:
    description: Tags of the stack and its resources.
    type: dict
    default: {}
  policy:
    description: The stack policy. Without it, the stack keeps what it has.
    type: dict
  termination_protection:
    description:
      - Whether the stack can't be deleted. Without it, the stack keeps what it has.
    type: bool
  protect_data:
    description:
      - Whether O(termination_protection), where it is not given, is on for a template with resources that hold data.
    type: bool
    default: false
  allow_replacement:
    description: Whether a change may delete or replace resources that hold data.
    type: bool
    default: false
  artifact_bucket:
    description: The bucket that templates of more than 51,200 bytes go through. It must belong to this account.
    type: str
    default: ""
  replace_failed_creation:
    description: Whether leftovers of a failed creation are deleted. V(false) fails the task instead.
    type: bool
    default: true
  timeout:
    description: For how many minutes the stack is waited for.
    type: int
    default: 30
  history:
    description:
      - Where the instances of the stack's Auto Scaling group write what became of them, C(s3://BUCKET/FOLDER). While
        the stack changes, the task says it, beside what CloudFormation says of the group.
    type: str
    default: ""
  progress:
    description: A file that gets a line for each resource that changes, and one every ten seconds. Used by the action.
    type: path
attributes:
  check_mode:
    support: full
    description: Makes a change set and deletes it again, so that V(changes) is what CloudFormation would do.
"""

EXAMPLES = r"""
- name: Deploy the alarms
  elk.deploy.stack:
    stack_name: alarms
    template_body: "{{ lookup('ansible.builtin.file', 'alarms.yml') }}"
    template_parameters:
      TopicArn: {stack: notifications, output: AlarmsTopicArn}
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
changes:
  description:
    - What is changed, a line a resource, such as C(~ BrokerErrors AWS::CloudWatch::Alarm (Threshold)). The signs are
      C(+) for new, C(~) for changed, C(!) for replaced, C(-) for removed.
  type: list
  elements: str
  returned: success
outputs:
  description: The outputs of the stack. In check mode those from before the run.
  type: dict
  returned: success
instances_bad:
  description: What instances said that could not deploy themselves, or lost events, a line each; with O(history).
  type: list
  elements: str
  returned: when the stack's change set was executed
instances_going:
  description: Instances that were replaced and have not said yet what became of their queues; with O(history).
  type: list
  elements: str
  returned: success
"""

import contextlib
import datetime
import hashlib
from pathlib import Path

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.elk.deploy.plugins.module_utils.aws import (
    change_sets,
    named_resources,
    rolling_update,
    stack_parameters,
    stack_states,
)
from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import ArtifactError
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule
from ansible_collections.elk.deploy.plugins.module_utils.aws.stack import Stack, StackError, TemplateSource, outputs_of
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import HAS_YAML, Template, TemplateError
from ansible_collections.elk.deploy.plugins.module_utils.messages import coded

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


class Deployment:
    """One run: the stack, its template and parameters, and what has changed so far."""

    def __init__(self, module):
        self.module = module
        self.options = module.params
        self.client = module.client("cloudformation", retry_decorator=AWSRetry.jittered_backoff())
        self.watch = self.watched()
        self.stack = Stack(self.client, self.options["stack_name"], 60 * self.options["timeout"], self.say, self.watch)
        self.lines = []

    def run(self):
        """Does it all, and ends the module."""
        name = self.stack.name
        source = TemplateSource(
            self.options["template_body"],
            self.options["artifact_bucket"],
            lambda: self.module.client("s3"),
            self.account,
        )
        source.check(name)
        parameters, unknown = self.parameters()
        template = self.template(parameters)
        found = self.stack.settled()
        verdict = stack_states.judge(found)
        if verdict.action == stack_states.STOP:
            raise StackError("stack_unusable", verdict.message)
        self.check_names(template, found)
        replaced = verdict.action == stack_states.REPLACE
        status = found.status
        if replaced:
            found = self.replace(found, verdict)
        self.clean(found)
        is_new = found.is_new
        if unknown or (replaced and self.module.check_mode):
            self.show(_announced(template, found, unknown))
        else:
            # A policy protects the stack from this update, too; a new stack has nothing to protect yet.
            if not found.is_new:
                self.settings(template, found)
            if self.change(source, parameters, found) and not self.module.check_mode:
                found = self.stack.look()
            if is_new:
                self.settings(template, found)
        self.module.exit_json(
            changed=bool(replaced or self.lines),
            status=status,
            replaced=replaced,
            changes=self.lines,
            outputs=found.outputs,
            instances_bad=self.watch.bad,
            instances_going=self.watch.going,
        )

    def watched(self):
        """What says how the instances of the stack's group are, while it changes."""
        history = None
        if self.options["history"]:
            now = datetime.datetime.now(datetime.UTC)
            history = rolling_update.History(lambda: self.module.client("s3"), self.options["history"], now)
        return rolling_update.Watch(self.options["stack_name"], self.say, history)

    def account(self):
        return self.module.client("sts").get_caller_identity()["Account"]

    def say(self, line):
        """Shows a line at once, if somebody reads the file."""
        if self.options["progress"]:
            with contextlib.suppress(OSError), Path(self.options["progress"]).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def show(self, lines):
        self.lines += lines
        for line in lines:
            self.say(line)

    def parameters(self):
        """(texts by name, the outputs that are not there yet by parameter)"""

        def outputs(name):
            stack = self.stack.describe(name)
            return outputs_of(stack) if stack else None

        given = {**self.options["template_parameters"], **self.options["hidden_parameters"]}
        texts, missing = stack_parameters.resolved(given, outputs)
        if missing and not self.module.check_mode:
            lines = [f"- {name} is output {one.output} of stack {one.stack}" for name, one in missing.items()]
            raise StackError(
                "stack_output_missing",
                "\n".join(
                    [
                        f"Parameters of stack {self.stack.name} come from outputs of other stacks that are not there:",
                        *lines,
                        "Deploy those stacks first, or correct the names.",
                    ]
                ),
            )
        return texts, missing

    def template(self, parameters):
        region = self.client.meta.region_name
        pseudo = {
            "AWS::Region": region,
            "AWS::Partition": self.client.meta.partition,
            "AWS::StackName": self.stack.name,
        }
        try:
            return Template(self.options["template_body"], parameters, pseudo)
        except TemplateError as error:
            raise StackError(
                "template_invalid", f"The template of stack {self.stack.name} {error}. Correct it."
            ) from None

    def check_names(self, template, found):
        """Fails with a line for each thing that has the name of one which the stack has yet to make."""
        made = {}

        def clients(service):
            return made.setdefault(service, self.module.client(service))

        messages = []
        for one in named_resources.named_resources(template):
            if not named_resources.made_by_stack(one, found.resources):
                note = named_resources.taken(one, clients)
                if note is not None:
                    messages.append(one.message(self.stack.name, note, self.options["parameter_variables"]))
        if messages:
            self.module.fail_json(
                msg="\n".join(coded("resource_name_taken", line) for line in messages), status=found.status
            )

    def replace(self, found, verdict):
        """Deletes what a failed creation left; returns what is there then."""
        if not self.options["replace_failed_creation"]:
            raise StackError(
                "stack_creation_failed",
                f"{verdict.message}\nDelete the stack and run again, or set aws_stacks_replace_failed_creation: true.",
            )
        if not self.module.check_mode:
            self.say(verdict.message)
            self.stack.delete(found.stack_id)
        return stack_states.Found(found.name)

    def clean(self, found):
        """Removes change sets of killed runs; warns of those that somebody else made."""
        if not self.module.check_mode:
            self.stack.remove_leftovers(found)
        others = stack_states.pending_of_others(found)
        if others:
            self.module.warn(
                f"Stack {found.name} has a change set that somebody else made: {', '.join(others)}. It is left alone; "
                "once the stack is updated, CloudFormation does not execute it any more."
            )

    def settings(self, template, found):
        """Stack policy and termination protection of a stack; of one that is not there yet, says which it will have."""
        policy, protected = self.options["policy"], self.options["termination_protection"]
        if (
            protected is None
            and self.options["protect_data"]
            and any(kind in change_sets.DATA for _name, kind, _properties in template.resources())
        ):
            protected = True
        exists = not found.is_new
        if policy is not None and not (exists and self.stack.has_policy(policy)):
            self.set("~ stack policy", exists, lambda: self.stack.set_policy(policy))
        if protected is not None and protected != found.protected:
            line = f"~ termination protection ({'on' if protected else 'off'})"
            self.set(line, exists, lambda: self.stack.protect(protected))

    def set(self, line, exists, apply):
        if self.module.check_mode or exists:
            self.show([line])
        if exists and not self.module.check_mode:
            apply()

    def change(self, source, parameters, found):
        """Makes a change set, and executes it unless in check mode. Whether there was something to change."""
        given, remove = source.given(self.stack.name, keep=not self.module.check_mode)
        try:
            change_set, changes = self.stack.create_change_set(found, {**given, **self.request(parameters)})
        finally:
            remove()
        if changes is None:
            return False
        executed = False
        try:
            lines = [one.line for one in changes] or ["~ outputs, parameters or tags of the stack itself"]
            refused = change_sets.refusal(self.stack.name, changes)
            if refused and not self.options["allow_replacement"]:
                raise StackError("stack_change_refused", refused)
            self.show(lines)
            if not self.module.check_mode:
                executed = True
                self.stack.execute(change_set)
        finally:
            if not executed:
                self.stack.discard(change_set, found)
        return True

    def request(self, parameters):
        digest = hashlib.sha256(self.options["template_body"].encode()).hexdigest()
        return {
            "Description": f"Deployed by elk.deploy.stack; SHA-256 of the template: {digest}",
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            "Capabilities": self.options["capabilities"],
            "Tags": [{"Key": str(name), "Value": str(value)} for name, value in self.options["tags"].items()],
        }


def _announced(template, found, unknown):
    """What is said of a stack of which no change set can be made in check mode."""
    if found.is_new:
        return [change_sets.Change("Add", name, kind).line for name, kind, _properties in template.resources()]
    names = ", ".join(f"{one.output} of stack {one.stack}" for one in unknown.values())
    return [f"~ what changes can be told only once this output is there: {names}"]


def main():
    module = AwsModule(
        argument_spec={
            "stack_name": {"type": "str", "required": True},
            "template_body": {"type": "str", "required": True},
            "template_parameters": {"type": "dict", "default": {}},
            "hidden_parameters": {"type": "dict", "default": {}, "no_log": True},
            "parameter_variables": {"type": "dict", "default": {}},
            "capabilities": {"type": "list", "elements": "str", "default": []},
            "tags": {"type": "dict", "default": {}},
            "policy": {"type": "dict"},
            "termination_protection": {"type": "bool"},
            "protect_data": {"type": "bool", "default": False},
            "allow_replacement": {"type": "bool", "default": False},
            "artifact_bucket": {"type": "str", "default": ""},
            "replace_failed_creation": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 30},
            "history": {"type": "str", "default": ""},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    if not HAS_YAML:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    deployment = Deployment(module)
    try:
        deployment.run()
    except StackError as error:
        # Names say enough: values may be secret.
        names = (
            ", ".join([*module.params["template_parameters"], *module.params["hidden_parameters"]]) or "no parameter"
        )
        given = f"\nThe template was given with values for {names}." if error.code == "stack_change_failed" else ""
        said = "\n- ".join(["\nThe instances say:", *deployment.watch.bad]) if deployment.watch.bad else ""
        module.fail_json(
            code=error.code,
            msg=f"{error}{given}{said}",
            changes=deployment.lines,
            status=error.status,
            instances_bad=deployment.watch.bad,
        )
    except ArtifactError as error:
        module.fail_json(code="artifact_refused", msg=f"{error}.")
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Deploying stack {module.params['stack_name']} failed")


if __name__ == "__main__":
    main()
