"""Rolling updates of a stack's Auto Scaling groups, and signals, which moto's CloudFormation does not have.

Built from the AWS CloudFormation documentation (docs.aws.amazon.com/AWSCloudFormation/latest/): template reference,
"UpdatePolicy attribute" (AutoScalingRollingUpdate) and "CreationPolicy attribute"; API reference, SignalResource; and
from knowledge center articles on rolling updates that fail. What they leave open is in this folder's README.
"""

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import auto_scaling
from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

LOOK_SECONDS = 0.5
# CloudFormation waits for instances to terminate as long as it may take; here, not for ever.
TERMINATION_SECONDS = 3600

_update_stack = CloudFormationBackend.update_stack
_create_stack = CloudFormationBackend.create_stack
_execute_change_set = CloudFormationBackend.execute_change_set


class UpdateError(Exception):
    """An update of a resource has failed; the message is what CloudFormation gives as the reason."""


def seconds_of(duration: str) -> int:
    """The seconds of an ISO 8601 duration such as PT15M."""
    match = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", str(duration))
    if not match:
        raise UpdateError(f"Invalid duration {duration}: it has the form PT15M")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


@dataclass(frozen=True)
class Policy:
    """AutoScalingRollingUpdate of a group, with CloudFormation's defaults."""

    batch: int
    in_service: int
    pause: int
    wait: bool
    percent: int
    suspend: tuple[str, ...]

    @classmethod
    def of(cls, resource: dict[str, Any]) -> "Policy | None":
        """Of a resource as the template has it, tokens resolved. None where the template has no rolling update."""
        given = (resource.get("UpdatePolicy") or {}).get("AutoScalingRollingUpdate")
        if given is None:
            return None
        wait = str(given.get("WaitOnResourceSignals", "false")).lower() == "true"
        return cls(
            batch=int(given.get("MaxBatchSize", 1)),
            in_service=int(given.get("MinInstancesInService", 0)),
            pause=seconds_of(given.get("PauseTime", "PT5M" if wait else "PT0S")),
            wait=wait,
            percent=int(given.get("MinSuccessfulInstancesPercent", 100)),
            suspend=tuple(given.get("SuspendProcesses", [])),
        )


class StackedGroup:
    """A group of a stack, and the events and signals that are about it."""

    def __init__(self, stack: Stack, logical_id: str) -> None:
        self.stack, self.logical_id = stack, logical_id
        self.group: FakeAutoScalingGroup = stack.resource_map[logical_id]
        self.resource = parsing.clean_json(stack.resource_map._resource_json_map[logical_id], stack.resource_map)
        self.policy = Policy.of(self.resource)

    def say(self, status: str, reason: str = "") -> None:
        """Adds an event of the resource."""
        event = Event(
            stack_id=self.stack.stack_id,
            stack_name=self.stack.name,
            logical_resource_id=self.logical_id,
            physical_resource_id=self.group.name,
            resource_type=self.resource["Type"],
            resource_status=status,
            resource_status_reason=reason or None,
            resource_properties=None,
        )
        self.stack.events.append(event)
        self.stack.statuses[self.logical_id] = status

    def take_over(self) -> None:
        """Gives the group the properties that the template has now. Its instances stay as they are."""
        properties, group = self.resource["Properties"], self.group
        with auto_scaling.lock:
            group.min_size, group.max_size = int(properties["MinSize"]), int(properties["MaxSize"])
            template = properties.get("LaunchTemplate")
            if template:
                group._set_launch_configuration("", template, None)
            group.target_group_arns = properties.get("TargetGroupARNs", [])
            group.tags = properties.get("Tags", [])
            auto_scaling.first_hooks(
                group.autoscaling_backend, group.name, properties.get("LifecycleHookSpecificationList", [])
            )
            desired = int(properties.get("DesiredCapacity") or group.desired_capacity)
            # Auto Scaling keeps it between the two sizes, whatever it was before.
            group.desired_capacity = min(max(desired, group.min_size), group.max_size)

    def data(self, version: Any) -> str:
        """What a version of the launch template consists of, to be compared."""
        data = self.group.ec2_launch_template.get_version(version).data
        return repr(sorted((key, str(value)) for key, value in data.items()))

    def obsolete(self) -> list[InstanceState]:
        """The instances that were launched from something else than what the group launches from now."""
        group = self.group
        if group.ec2_launch_template is None:
            return []
        wanted = self.data(group.launch_template_version)
        return [one for one in group.instance_states if auto_scaling.counts(one) and self.data(one.version) != wanted]

    # --- the update ---

    def replace(self, status: str) -> None:
        """Replaces all obsolete instances. Raises UpdateError at the first batch that fails."""
        policy, group = self.policy, self.group
        obsolete = self.obsolete()
        if not obsolete or policy is None:
            auto_scaling.keep_capacity(group)
            return
        desired, batch = group.desired_capacity, min(policy.batch, len(obsolete))
        signals = (
            f" Waiting on resource signals with a timeout of {self.pause_text} when new instances are added to the "
            "autoscaling group."
        )
        self.say(
            status,
            f"Rolling update initiated. Terminating {len(obsolete)} obsolete instance(s) in batches of {batch}, while "
            f"keeping at least {policy.in_service} instance(s) in service.{signals if policy.wait else ''}",
        )
        suspended = group._suspended_processes
        group._suspended_processes = list({*suspended, *policy.suspend})
        try:
            surplus = max(0, min(policy.in_service + batch - desired, group.max_size - desired))
            if surplus:
                more = desired + surplus
                self.say(status, f"Temporarily setting autoscaling group MinSize and DesiredCapacity to {more}.")
                self.added(lambda: group.set_desired_capacity(more), status)
            gone = 0
            while obsolete:
                now, obsolete = obsolete[:batch], obsolete[batch:]
                ids = [one.instance.id for one in now]
                names = ",".join(ids)
                fewer = 0 if obsolete else surplus
                new = max(0, len(now) - fewer)
                self.say(status, f"Terminating instance(s) [{names}]; replacing with {new} new instance(s).")
                self.added(lambda ids=ids, fewer=fewer: self.terminate(ids, fewer), status)
                gone += len(now)
                progress = 100 * gone // (gone + len(obsolete))
                self.say(status, f"Successfully terminated instance(s) [{names}] (Progress {progress}%).")
        finally:
            group._suspended_processes = suspended
            with auto_scaling.lock:
                group.desired_capacity = desired

    @property
    def pause_text(self) -> str:
        """The timeout as the template has it."""
        return str(self.resource["UpdatePolicy"]["AutoScalingRollingUpdate"].get("PauseTime", "PT5M"))

    def terminate(self, ids: list[str], fewer: int) -> None:
        """Terminates instances, and waits until they are gone; the group replaces all but `fewer` of them."""
        backend, group = self.group.autoscaling_backend, self.group
        for number, one in enumerate(ids):
            if any(state.instance.id == one for state in group.instance_states):
                backend.terminate_instance(one, number < fewer)
        until = time.monotonic() + TERMINATION_SECONDS
        while any(state.instance.id in ids for state in group.instance_states):
            if time.monotonic() > until:
                raise UpdateError(f"Instance(s) {ids} did not terminate")
            time.sleep(LOOK_SECONDS)

    def added(self, change: Any, status: str) -> None:
        """Makes a change, and waits for the signals of the instances that it adds. Raises UpdateError."""
        before = {state.instance.id for state in self.group.instance_states}
        self.stack.signals.pop(self.logical_id, None)
        began = time.monotonic()
        change()
        new = [state.instance.id for state in self.group.instance_states if state.instance.id not in before]
        if not new:
            return
        if not self.policy.wait:
            time.sleep(max(0, began + self.policy.pause - time.monotonic()))
            return
        self.say(
            status,
            f"New instance(s) added to autoscaling group - Waiting on {len(new)} resource signal(s) with a timeout of "
            f"{self.pause_text}.",
        )
        self.wait_for_signals(len(new), self.policy.pause, self.policy.percent)

    def wait_for_signals(self, count: int, seconds: int, percent: int) -> None:
        """Waits until so many signals have come. Raises UpdateError."""
        until = time.monotonic() + seconds
        while True:
            signals = self.stack.signals.get(self.logical_id, {})
            failed = sum(one == "FAILURE" for one in signals.values())
            if failed and (count - failed) * 100 < percent * count:
                raise UpdateError(
                    f"Received {failed} FAILURE signal(s) out of {count}. Unable to satisfy {percent}% "
                    "MinSuccessfulInstancesPercent requirement"
                )
            if len(signals) >= count:
                return
            if time.monotonic() > until:
                missing = count - len(signals)
                raise UpdateError(f"Failed to receive {missing} resource signal(s) within the specified duration")
            time.sleep(LOOK_SECONDS)

    def created(self) -> None:
        """Waits for what the group's CreationPolicy asks for. Raises UpdateError."""
        signal = self.resource["CreationPolicy"]["ResourceSignal"]
        self.wait_for_signals(int(signal.get("Count", 1)), seconds_of(signal.get("Timeout", "PT5M")), 100)


def groups_of(stack: Stack) -> list[StackedGroup]:
    """The groups that a stack has made."""
    return [
        StackedGroup(stack, name)
        for name in stack.resource_map._resource_json_map
        if isinstance(stack.resource_map._parsed_resources.get(name), FakeAutoScalingGroup)
    ]


def put_hooks(stack: Stack) -> None:
    """Makes the hooks that are resources of their own (AWS::AutoScaling::LifecycleHook): for later instances only."""
    resources = stack.resource_map
    for resource in resources._resource_json_map.values():
        if resource["Type"] != "AWS::AutoScaling::LifecycleHook":
            continue
        if resource.get("Condition") and not resources.lazy_condition_map[resource["Condition"]]:
            continue
        properties = parsing.clean_json(resource, resources)["Properties"]
        for group in (one.group for one in groups_of(stack) if one.group.name == properties["AutoScalingGroupName"]):
            auto_scaling.first_hooks(group.autoscaling_backend, group.name, [properties])


def in_progress(stack: Stack, status: str) -> None:
    """Takes back that a stack is complete, which moto says at once."""
    while stack.events and stack.events[-1].resource_status.endswith("_COMPLETE"):
        stack.events.pop()
    stack.status = status


def after_creation(stack: Stack) -> None:
    """Goes on with a stack that moto has created: it is complete when its groups' signals have come."""
    ready(stack)
    put_hooks(stack)
    groups = [one for one in groups_of(stack) if (one.resource.get("CreationPolicy") or {}).get("ResourceSignal")]
    if not groups:
        return
    in_progress(stack, "CREATE_IN_PROGRESS")

    def wait() -> None:
        for group in groups:
            group.say("CREATE_IN_PROGRESS", "Resource creation Initiated")
            try:
                group.created()
            except UpdateError as error:
                group.say("CREATE_FAILED", str(error))
                # What a rollback of a creation would remove stays to be looked at, as with DisableRollback.
                finish(stack, "CREATE_FAILED", f"The following resource(s) failed to create: [{group.logical_id}]. ")
                return
            group.say("CREATE_COMPLETE")
        finish(stack, "CREATE_COMPLETE")

    threading.Thread(target=wait, name=f"creation of {stack.name}", daemon=True).start()


def after_update(stack: Stack, before: "Before") -> None:
    """Goes on with a stack that moto has updated: its groups take the change over, one instance after the other."""
    ready(stack)
    put_hooks(stack)
    groups = groups_of(stack)
    for group in groups:
        group.take_over()
    if not any(group.obsolete() for group in groups):
        for group in groups:
            auto_scaling.keep_capacity(group.group)
        return
    in_progress(stack, "UPDATE_IN_PROGRESS")
    for group in groups:
        group.say("UPDATE_IN_PROGRESS")

    def roll() -> None:
        for group in groups:
            try:
                group.replace("UPDATE_IN_PROGRESS")
            except UpdateError as error:
                group.say("UPDATE_FAILED", str(error))
                go_back(stack, group, before)
                return
            group.say("UPDATE_COMPLETE")
        finish(stack, "UPDATE_COMPLETE")

    threading.Thread(target=roll, name=f"update of {stack.name}", daemon=True).start()


def go_back(stack: Stack, failed: StackedGroup, before: "Before") -> None:
    """Restores template, parameters and instances of a stack whose update has failed."""
    stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack._add_stack_event(stack.status, f"The following resource(s) failed to update: [{failed.logical_id}]. ")
    before.restore(stack)
    for group in groups_of(stack):
        group.take_over()
        try:
            group.replace("UPDATE_IN_PROGRESS")
        except UpdateError as error:
            group.say("UPDATE_FAILED", str(error))
            said = f"The following resource(s) failed to update: [{group.logical_id}]. "
            finish(stack, "UPDATE_ROLLBACK_FAILED", said)
            return
        group.say("UPDATE_COMPLETE")
    finish(stack, "UPDATE_ROLLBACK_COMPLETE")


def finish(stack: Stack, status: str, reason: str | None = None) -> None:
    """Sets how it ended."""
    stack._add_stack_event(status, reason)
    stack.status = status


def ready(stack: Stack) -> None:
    """Gives a stack the places for what moto does not keep."""
    for name in ("signals", "statuses"):
        if not hasattr(stack, name):
            setattr(stack, name, {})


class Before:
    """A stack as it was before an update."""

    def __init__(self, stack: Stack) -> None:
        self.template, self.parameters = stack.template, dict(stack.resource_map.input_parameters)

    def restore(self, stack: Stack) -> None:
        """Makes its resources so again."""
        stack.template, stack.parameters = self.template, self.parameters
        stack._parse_template()
        stack.resource_map.update(stack.template_dict, self.parameters)
        stack.output_map = stack._create_output_map()


# --- moto's calls, with that ---


def create_stack(self: CloudFormationBackend, *arguments: Any, **options: Any) -> Stack:
    """As moto's own, and then the groups' signals."""
    stack = _create_stack(self, *arguments, **options)
    after_creation(stack)
    return stack


def update_stack(self: CloudFormationBackend, name: str, *arguments: Any, **options: Any) -> Stack:
    """As moto's own, and then the rolling update."""
    before = Before(self.get_stack(name))
    stack = _update_stack(self, name, *arguments, **options)
    after_update(stack, before)
    return stack


def execute_change_set(self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
    """As moto's own, and then what it has created or changed goes on."""
    change_set = self.describe_change_set(change_set_name)
    stack = self.stacks[change_set.stack_id]
    before = Before(stack)
    _execute_change_set(self, change_set_name, stack_name)
    stack._parse_template()
    stack.parameters = change_set.parameters
    stack.output_map = stack._create_output_map()
    if change_set.change_set_type == "CREATE":
        after_creation(stack)
    else:
        after_update(stack, before)


def signal_resource(self: CloudFormationResponse) -> ActionResult:
    """The call SignalResource: it counts only while the resource is created or updated."""
    name, logical_id, unique, status = (
        self._get_param(key) for key in ("StackName", "LogicalResourceId", "UniqueId", "Status")
    )
    stack = self.cloudformation_backend.get_stack(name)
    ready(stack)
    if logical_id not in stack.resource_map._resource_json_map:
        raise ValidationError(message=f"Resource {logical_id} does not exist for stack {name}")
    if not stack.status.endswith("_IN_PROGRESS"):
        raise ValidationError(message=f"Resource {logical_id} is in {stack.status} state and cannot be signaled")
    if unique not in stack.signals.setdefault(logical_id, {}):
        stack.signals[logical_id][unique] = status
        for group in groups_of(stack):
            if group.logical_id == logical_id:
                going_on = stack.statuses.get(logical_id, stack.status)
                group.say(going_on, f"Received {status} signal with UniqueId {unique}")
    return EmptyResult()


def adapt() -> None:
    """Makes moto's stacks behave so."""
    FakeAutoScalingGroup.update_from_cloudformation_json = classmethod(
        # Later, by `take_over`; moto would make another group.
        lambda _cls, original_resource, **_: original_resource
    )
    CloudFormationBackend.create_stack = create_stack
    CloudFormationBackend.update_stack = update_stack
    CloudFormationBackend.execute_change_set = execute_change_set
    CloudFormationResponse.signal_resource = signal_resource
