"""First boot: the instance deploys its bundle on itself, and says whether it may serve.

In this order: who it is and what it was told (metadata), the launch hook's time begins anew (heartbeat), the bundle
(fetched, verified, unpacked), the playbook, and then one word to the hook, CONTINUE or ABANDON. What may pass is tried
again until a margin before the end of the hook's time. A first boot that was cut off is done again by the next boot.
"""

import logging
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from . import bundle as bundles
from . import report
from . import settings as instance_settings
from .aws import ABANDON, CONTINUE, FAILURE, SUCCESS, Aws
from .bundle import Bundle
from .deployment import Deployment
from .errors import DeadlineError, HookError, InstanceError, InstanceSettingsError
from .metadata import Metadata
from .paths import Paths
from .retrying import Clock, Deadline
from .settings import InstanceSettings

KIND = "first-boot"
# The reason's code of an instance that is deployed.
DEPLOYED = "deployed"
# How long the metadata service may be silent: it is there before anything else is.
METADATA_SECONDS = 120.0
# What is kept of the hook's time to end a deployment and say so, at most, and its share of a short time.
MARGIN_SECONDS = 60.0
MARGIN_SHARE = 0.25
# A playbook is run so often at most: what passes has passed by then.
MOST_RUNS = 3
HEARTBEATS_IN_A_TIMEOUT = 3
LONGEST_HEARTBEAT_SECONDS = 120.0
# How long after the start of first boot the group may begin to wait for the instance, and how often that is looked at.
HOOK_APPEARS_SECONDS = 120.0
HOOK_LOOK_SECONDS = 5.0
LOGSTASH = "logstash.service"
STOP_SECONDS = 30

_log = logging.getLogger(__name__)


def stop_logstash() -> None:
    """Stops Logstash, and keeps it from starting with the next boot. systemd goes on with a stop that takes long."""
    try:
        subprocess.run(  # noqa: S603 - no shell
            ["systemctl", "disable", "--now", LOGSTASH],  # noqa: S607 - systemd sets PATH
            check=True,
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = " ".join(str(getattr(error, "stderr", "") or error).split())
        _log.warning("%s could not be stopped yet: %s", LOGSTASH, said)


def _deploy(deployment: Deployment, deadline: Deadline, meanwhile: Callable[[], None]) -> None:
    deployment.run(deadline, meanwhile)


@dataclass(frozen=True)
class World:
    """What first boot acts on; tests give other parts.

    :param now: seconds since 1970.
    """

    paths: Paths = field(default_factory=Paths)
    clock: Clock = field(default_factory=Clock)
    now: Callable[[], float] = time.time
    metadata: Callable[[Deadline], Metadata] = Metadata
    aws: Callable[[str], Aws] = Aws
    deploy: Callable[[Deployment, Deadline, Callable[[], None]], None] = _deploy
    stop_logstash: Callable[[], None] = stop_logstash


@dataclass
class FirstBoot:
    """One first boot."""

    world: World = field(default_factory=World)
    instance: str = ""
    settings: InstanceSettings | None = None
    aws: Aws | None = None
    bundle: Bundle | None = None
    # How often the playbook was begun, in all boots.
    attempts: int = 0

    def run(self) -> int:
        """Returns the status for the unit: 0 if the instance is deployed."""
        paths = self.world.paths
        before = report.read(paths.result)
        if before.get("result") == CONTINUE.lower():
            _log.info("This instance was deployed at %s: nothing to do.", before.get("ended"))
            return 0
        self.began = self.world.now()
        self.attempts = int(report.read(paths.progress).get("attempts", 0))
        self._began_at = self._beat_at = self.world.clock.now()
        self._hook_waits = False
        self._runs = 0
        failure = self._failure_of(self._deploy)
        # Whatever the deployment took, there is this much for the words about it.
        self._last = Deadline.after(MARGIN_SECONDS, self.world.clock)
        if failure is None:
            failure = self._failure_of(self._complete)
        if failure is None:
            self._signal(SUCCESS)
            self._tell(None)
            return 0
        self._fail(failure)
        return 1

    def _failure_of(self, step: Callable[[], None]) -> InstanceError | None:
        try:
            step()
        except InstanceError as error:
            return error
        except Exception as error:
            # A hook that hears nothing waits until its time is over; and nobody knows why.
            _log.exception("The program itself failed.")
            return InstanceError(f"{type(error).__name__}: {error}")
        return None

    # -- the deployment

    def _deploy(self) -> None:
        clock = self.world.clock
        metadata = self.world.metadata(Deadline.after(METADATA_SECONDS, clock))
        self.instance = metadata.instance_id()
        region = metadata.region()
        self.aws = self.world.aws(region)
        try:
            self.settings = instance_settings.read(metadata.user_data(), metadata.tags())
        except InstanceSettingsError as error:
            self.settings = error.usable
            raise
        hostname = metadata.local_hostname()
        _log.info(
            "Instance %s (%s): environment %s, layer %s, bundle %s.",
            *(self.instance, hostname, self.settings.environment, self.settings.layer, self.settings.bundle),
        )
        self._beat()
        timeout = self.settings.launch_timeout
        margin = min(MARGIN_SECONDS, MARGIN_SHARE * timeout)
        # A heartbeat has begun the hook's time anew; without one it began before this.
        deadline = Deadline(clock, (clock.now() if self._hook_waits else self._began_at) + timeout - margin)
        paths = self.world.paths
        self.bundle = bundles.fetch(self.aws, self.settings, paths.public_key, paths.bundles, deadline)
        deployment = Deployment(self.bundle, self.settings, hostname, region, paths)
        try:
            deadline.retry(lambda: self._run_playbook(deployment, deadline))
        except DeadlineError as error:
            raise DeadlineError(
                f"{error}. It had {timeout - margin:g} of the {timeout} seconds of the launch hook. See {paths.log} "
                "for what took so long; raise launch_timeout, and the hook's HeartbeatTimeout with it."
            ) from None

    def _run_playbook(self, deployment: Deployment, deadline: Deadline) -> None:
        self._runs += 1
        self.attempts += 1
        report.save(self.world.paths.progress, {"attempts": self.attempts})
        _log.info("Running the playbook, attempt %d; %d s are left.", self.attempts, deadline.left())
        try:
            self.world.deploy(deployment, deadline, self._beat_when_due)
        except InstanceError as error:
            if self._runs >= MOST_RUNS:
                error.retry_seconds = 0.0
            raise

    # -- the hook

    def _has_hook(self) -> bool:
        return bool(self.settings and self.settings.group and self.settings.launch_hook)

    def _beat(self) -> None:
        """One heartbeat. Without it there is only less time."""
        if not (self._has_hook() and self.aws and self.settings):
            return
        try:
            self._hook_waits = self.aws.extend_hook(self.settings.group, self.settings.launch_hook, self.instance)
        except InstanceError as error:
            _log.warning("[%s] No heartbeat: %s", error.code, error)
        pause = min(self.settings.launch_timeout / HEARTBEATS_IN_A_TIMEOUT, LONGEST_HEARTBEAT_SECONDS)
        self._beat_at = self.world.clock.now() + pause

    def _beat_when_due(self) -> None:
        if self.world.clock.now() >= self._beat_at:
            self._beat()

    def _complete(self) -> None:
        """CONTINUE; without it the group ends the instance when the hook's time is over."""
        try:
            self._say(CONTINUE)
        except InstanceError as error:
            raise HookError(f"Deployed, and not in service: {error}") from None

    def _fail(self, failure: InstanceError) -> None:
        _log.error("[%s] %s", failure.code, failure)
        self.world.stop_logstash()
        try:
            self._signal(FAILURE)
            self._tell(failure)
        finally:
            # The last word: after it the group ends the instance within seconds.
            self._abandon()

    def _abandon(self) -> None:
        try:
            self._say(ABANDON)
        except InstanceError as error:
            _log.warning("[%s] The launch hook was not told; its time will run out: %s", error.code, error)

    def _say(self, result: str) -> None:
        if not (self._has_hook() and self.aws and self.settings):
            return
        aws, group, hook = self.aws, self.settings.group, self.settings.launch_hook
        while not self._last.retry(lambda: aws.complete_hook(group, hook, self.instance, result)):
            # The group may not have come so far as to wait for an instance that fails, or is done, at once.
            if self._hook_waits or self.world.clock.now() - self._began_at >= HOOK_APPEARS_SECONDS:
                _log.info("Hook %s of group %s does not wait for this instance (any more).", hook, group)
                return
            self.world.clock.sleep(HOOK_LOOK_SECONDS)
        _log.info("Hook %s of group %s: %s.", hook, group, result)

    # -- what is said

    def _signal(self, status: str) -> None:
        if not (self.aws and self.settings and self.settings.stack):
            return
        aws, stack, resource = self.aws, self.settings.stack, self.settings.stack_resource
        try:
            if self._last.retry(lambda: aws.signal(stack, resource, self.instance, status)):
                _log.info("Stack %s was told %s.", stack, status)
            else:
                _log.info("Stack %s takes no signal, as always when no update of it goes on.", stack)
        except InstanceError as error:
            _log.warning("[%s] Stack %s was not told %s: %s", error.code, stack, status, error)

    def _tell(self, failure: InstanceError | None) -> None:
        audience = report.Audience(self.aws, self.settings, self._last) if self.aws and self.settings else None
        report.tell(KIND, self._document(failure), self.world.paths.result, failure is not None, audience)

    def _document(self, failure: InstanceError | None) -> dict[str, object]:
        """The result. It has no secret; see docs/bake.md."""
        return {
            "result": (CONTINUE if failure is None else ABANDON).lower(),
            "code": failure.code if failure else DEPLOYED,
            "reason": str(failure) if failure else "The playbook has deployed this instance.",
            "attempts": self.attempts,
            "began": report.timestamp(self.began),
            "ended": report.timestamp(self.world.now()),
            "instance": self.instance,
            "environment": self.settings.environment if self.settings else "",
            "layer": self.settings.layer if self.settings else "",
            "bundle": self.bundle.manifest.sha256 if self.bundle else "",
            "image": self.world.paths.image(),
        }


def main() -> int:
    return FirstBoot().run()
