"""Lifecycle hooks for moto's Auto Scaling groups, which have hooks that never hold an instance.

Built from AWS's documentation of Amazon EC2 Auto Scaling (docs.aws.amazon.com/autoscaling/ec2/): user guide,
"Amazon EC2 Auto Scaling instance lifecycle", "How lifecycle hooks work", "Complete a lifecycle action", "Suspend and
resume processes"; API reference, CompleteLifecycleAction, RecordLifecycleActionHeartbeat,
TerminateInstanceInAutoScalingGroup. What it leaves open, and what is chosen here, is in this folder's README.
"""

import threading
import time
import uuid
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, TerminateInstanceActivity
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.instances import MetadataOptions

LAUNCH, TERMINATE = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
IN_SERVICE = "InService"
# An action ends after so many times its heartbeat timeout, or after 48 hours, however many heartbeats there are.
MOST_HEARTBEATS, MOST_SECONDS = 100, 48 * 3600

# Requests, the clock and rolling updates change the same groups.
lock = threading.RLock()

_put_hook = AutoScalingBackend.create_lifecycle_hook
_launch = FakeAutoScalingGroup.replace_autoscaling_group_instances
_create_from_template = FakeAutoScalingGroup.create_from_cloudformation_json.__func__
_create_group = AutoScalingResponse.create_auto_scaling_group
_delete_group = AutoScalingBackend.delete_auto_scaling_group
_register_targets = AutoScalingBackend.update_attached_target_groups


class Action:
    """A lifecycle action that an instance waits for: of one hook, until its deadline (of the monotonic clock)."""

    def __init__(self, hook: Any) -> None:
        self.hook = hook
        self.token = str(uuid.uuid4())
        self.began = time.monotonic()
        self.extend()

    def extend(self) -> None:
        """Starts the heartbeat timeout anew."""
        seconds = int(self.hook.heartbeat_timeout)
        self.deadline = min(time.monotonic() + seconds, self.began + min(MOST_HEARTBEATS * seconds, MOST_SECONDS))


def hook_of(group: FakeAutoScalingGroup, transition: str) -> Any | None:
    """The group's hook for a transition; of several, the first one only."""
    hooks = group.autoscaling_backend.describe_lifecycle_hooks(group.name)
    return next((hook for hook in hooks if hook.lifecycle_transition == transition), None)


def suspended(group: FakeAutoScalingGroup, process: str) -> bool:
    """Whether a process of the group, such as Launch, is suspended."""
    return process in group._suspended_processes


def counts(state: InstanceState) -> bool:
    """Whether an instance counts towards the desired capacity: until it begins to terminate, or is on standby."""
    return state.lifecycle_state == IN_SERVICE or state.lifecycle_state.startswith("Pending")


def launch(group: FakeAutoScalingGroup, count: int, tags: dict[str, str]) -> None:
    """Launches instances, which wait for the launch hook if there is one."""
    with lock:
        if suspended(group, "Launch"):
            return
        known = {state.instance.id for state in group.instance_states}
        _launch(group, count, tags)
        hook = hook_of(group, LAUNCH)
        for state in group.instance_states:
            if state.instance.id in known:
                continue
            if group.ec2_launch_template:
                take_from_template(state, group.ec2_launch_template.get_version(group.launch_template_version))
            if hook:
                state.lifecycle_state, state.action = "Pending:Wait", Action(hook)


def take_from_template(state: InstanceState, version: Any) -> None:
    """What moto does not take over from a version of a launch template."""
    state.version, instance = version.number, state.instance
    instance.region_name = state.auto_scaling_group.region
    instance.metadata_options = MetadataOptions(version.data.get("MetadataOptions") or {})
    profile = version.data.get("IamInstanceProfile") or {}
    instance.profile = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]


def terminate(state: InstanceState) -> None:
    """Begins to terminate an instance, whether or not it ever was in service: it waits for the termination hook."""
    hook = hook_of(state.auto_scaling_group, TERMINATE)
    if hook and not state.lifecycle_state.startswith("Terminating"):
        state.lifecycle_state, state.action = "Terminating:Wait", Action(hook)
        remove_from_load_balancers(state)
    else:
        end(state)


def end(state: InstanceState) -> None:
    """Terminates an instance for good."""
    group = state.auto_scaling_group
    state.lifecycle_state, state.action = "Terminating:Proceed", None
    remove_from_load_balancers(state)
    group.instance_states = [one for one in group.instance_states if one is not state]
    group.ec2_backend.terminate_instances([state.instance.id])


def remove_from_load_balancers(state: InstanceState) -> None:
    """An instance that is about to go gets no new connections."""
    group = state.auto_scaling_group
    for arn in group.target_group_arns or []:
        backend = group.autoscaling_backend.elbv2_backend
        if arn in backend.target_groups and state.instance.id in backend.target_groups[arn].targets:
            backend.target_groups[arn].deregister([{"Id": state.instance.id}])


def keep_capacity(group: FakeAutoScalingGroup) -> None:
    """Launches what the group lacks, and terminates what it has too many of: the oldest first."""
    with lock:
        there = [state for state in group.instance_states if counts(state)]
        missing = (group.desired_capacity or 0) - len(there)
        if missing > 0:
            launch(group, missing, group.get_propagated_tags())
        elif missing < 0 and not suspended(group, "Terminate"):
            for state in [one for one in there if not one.protected_from_scale_in][:-missing]:
                terminate(state)
        if group.name in group.autoscaling_backend.autoscaling_groups:
            group.autoscaling_backend.update_attached_elbs(group.name)
            group.autoscaling_backend.update_attached_target_groups(group.name)


def set_desired_capacity(self: FakeAutoScalingGroup, capacity: int | None) -> None:
    """Of a group: as moto's own, with hooks."""
    with lock:
        self.desired_capacity = int(self.min_size if capacity is None else capacity)
        keep_capacity(self)


def complete(state: InstanceState, result: str) -> None:
    """Ends an instance's lifecycle action with CONTINUE or ABANDON."""
    group = state.auto_scaling_group
    state.action = None
    if state.lifecycle_state == "Pending:Wait":
        if result == "ABANDON":
            terminate(state)
            keep_capacity(group)
            return
        state.lifecycle_state = IN_SERVICE
        group.autoscaling_backend.update_attached_elbs(group.name)
        group.autoscaling_backend.update_attached_target_groups(group.name)
        return
    end(state)
    keep_capacity(group)


def check_deadlines(backends: Any) -> None:
    """Ends the actions whose time is over with their hooks' default result. Called once a second."""
    with lock:
        for region in (region for account in list(backends.values()) for region in list(account.values())):
            for group in list(region.autoscaling_groups.values()):
                for state in list(group.instance_states):
                    action = getattr(state, "action", None)
                    if action and time.monotonic() > action.deadline:
                        complete(state, action.hook.default_result)


def waiting(backend: AutoScalingBackend, response: AutoScalingResponse) -> tuple[InstanceState, Action]:
    """The instance and action that a request names, by token or by instance. Raises ValidationError."""
    group_name, hook_name, instance, token = (
        response._get_param(name)
        for name in ("AutoScalingGroupName", "LifecycleHookName", "InstanceId", "LifecycleActionToken")
    )
    group = backend.autoscaling_groups.get(group_name)
    for state in group.instance_states if group else []:
        action = getattr(state, "action", None)
        named = action and (token == action.token if token else instance == state.instance.id)
        if named and hook_name == action.hook.name:
            return state, action
    said = f"token {token}" if token else f"instance ID {instance}"
    raise ValidationError(f"No active Lifecycle Action found with {said}")


def complete_lifecycle_action(self: AutoScalingResponse) -> ActionResult:
    """The call CompleteLifecycleAction."""
    with lock:
        state, _ = waiting(self.autoscaling_backend, self)
        result = self._get_param("LifecycleActionResult")
        if result not in ("CONTINUE", "ABANDON"):
            raise ValidationError(f"LifecycleActionResult is '{result}': CONTINUE or ABANDON")
        complete(state, result)
    return EmptyResult()


def record_lifecycle_action_heartbeat(self: AutoScalingResponse) -> ActionResult:
    """The call RecordLifecycleActionHeartbeat."""
    with lock:
        waiting(self.autoscaling_backend, self)[1].extend()
    return EmptyResult()


def terminate_instance(self: AutoScalingBackend, instance_id: str, should_decrement: bool) -> TerminateInstanceActivity:
    """The call TerminateInstanceInAutoScalingGroup: with the termination hook, and with a replacement at once."""
    with lock:
        states = [one for group in self.autoscaling_groups.values() for one in group.instance_states]
        state = next((one for one in states if one.instance.id == instance_id), None)
        if state is None:
            raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
        group = state.auto_scaling_group
        capacity = group.desired_capacity
        if should_decrement:
            group.desired_capacity -= 1
        terminate(state)
        keep_capacity(group)
        return TerminateInstanceActivity(state.instance, capacity)


def notify_terminate_instances(self: AutoScalingBackend, instance_ids: list[str]) -> None:
    """Of EC2, which has terminated instances: they leave their groups, which replace them."""
    with lock:
        for group in list(self.autoscaling_groups.values()):
            left = [state for state in group.instance_states if state.instance.id not in instance_ids]
            if len(left) != len(group.instance_states):
                group.instance_states = left
                keep_capacity(group)


def register_those_in_service(self: AutoScalingBackend, group_name: str) -> None:
    """A target group gets the instances that are in service only: moto registers all."""
    group = self.autoscaling_groups[group_name]
    every = group.instance_states
    group.instance_states = [state for state in every if state.lifecycle_state == IN_SERVICE]
    try:
        _register_targets(self, group_name)
    finally:
        group.instance_states = every


def delete_auto_scaling_group(self: AutoScalingBackend, group_name: str) -> None:
    """The call DeleteAutoScalingGroup, always as with ForceDelete: no instance waits for a hook."""
    with lock:
        group = self.autoscaling_groups.get(group_name)
        for state in list(group.instance_states) if group else []:
            end(state)
        _delete_group(self, group_name)


def first_hooks(backend: AutoScalingBackend, group: str, specifications: list[dict[str, Any]]) -> list[Any]:
    """The hooks that a group is made with (LifecycleHookSpecificationList): they hold its first instances, too."""
    return [
        _put_hook(
            backend,
            one["LifecycleHookName"],
            group,
            one["LifecycleTransition"],
            int(one.get("HeartbeatTimeout") or 0) or None,
            one.get("DefaultResult"),
        )
        for one in specifications
    ]


def create_auto_scaling_group(self: AutoScalingResponse) -> ActionResult:
    """The call CreateAutoScalingGroup, whose hooks moto leaves out."""
    specifications = self._get_param("LifecycleHookSpecificationList", [])
    first_hooks(self.autoscaling_backend, self._get_param("AutoScalingGroupName"), specifications)
    return _create_group(self)


def create_from_template(cls: type, name: str, resource: dict[str, Any], account: str, region: str, **more: Any) -> Any:
    """A stack's group, whose hooks moto leaves out."""
    from moto.autoscaling.models import autoscaling_backends  # noqa: PLC0415 - made when it is imported first

    specifications = resource["Properties"].get("LifecycleHookSpecificationList", [])
    first_hooks(autoscaling_backends[account][region], name, specifications)
    return _create_from_template(cls, name, resource, account, region, **more)


def launch_template_of(self: InstanceState) -> dict[str, Any] | None:
    """The version that an instance was launched from: moto names the template's default version."""
    template = self.auto_scaling_group.ec2_launch_template
    if template is None:
        return None
    version = getattr(self, "version", template.default_version_number)
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": str(version)}


def adapt() -> None:
    """Makes moto's groups behave so."""
    FakeAutoScalingGroup.replace_autoscaling_group_instances = launch
    FakeAutoScalingGroup.set_desired_capacity = set_desired_capacity
    FakeAutoScalingGroup.active_instances = lambda self: [
        state for state in self.instance_states if state.lifecycle_state == IN_SERVICE
    ]
    FakeAutoScalingGroup.create_from_cloudformation_json = classmethod(create_from_template)
    InstanceState.launch_template = property(launch_template_of)
    AutoScalingBackend.delete_auto_scaling_group = delete_auto_scaling_group
    AutoScalingBackend.terminate_instance = terminate_instance
    AutoScalingBackend.notify_terminate_instances = notify_terminate_instances
    AutoScalingBackend.update_attached_target_groups = register_those_in_service
    AutoScalingResponse.create_auto_scaling_group = create_auto_scaling_group
    AutoScalingResponse.complete_lifecycle_action = complete_lifecycle_action
    AutoScalingResponse.record_lifecycle_action_heartbeat = record_lifecycle_action_heartbeat
