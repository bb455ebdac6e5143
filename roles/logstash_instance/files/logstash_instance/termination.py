"""An instance goes away: Logstash drains its queue in the time that there is, and what is left is saved or counted.

A notice is that the group ends the instance (its termination hook waits), or that EC2 takes a spot instance back. Then:

1. Logstash is stopped. It closes its inputs at once, and with `queue.drain: true` ends when its queue is empty.
2. What is left is counted, for each pipeline.
3. It is copied to S3.
4. The result is told, and only then is the hook completed.

A step that fails is in the result, and the next one is done all the same.
"""

import io
import json
import logging
import time
from calendar import timegm
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from . import archives, queues, report, settings
from .aws import CONTINUE, Aws
from .errors import MetadataError
from .metadata import Metadata
from .queues import Left
from .retrying import Clock, Deadline
from .service import Directories, LogstashService
from .settings import InstanceSettings

RESULT = Path("/var/lib/elk/termination.json")
KIND = "termination"

POLL_SECONDS = 5.0
# EC2 gives two minutes; some seconds are over when the notice is seen.
SPOT_SECONDS = 110.0
# Heartbeats extend the hook up to so many times its timeout, and only while the queue gets shorter.
MOST_TIMEOUTS = 4
# What telling the result takes.
TELLING_SECONDS = 15.0
# What a copy to S3 does at least; most instances do several times of it.
SAVED_BYTES_PER_SECOND = 40 << 20
# So long Logstash may write down what it has in hand, also if there is no time to drain.
LEAST_STOP_SECONDS = 5.0
# A process that was killed is gone after that.
KILLED_WITHIN_SECONDS = 10.0

HOOK = "hook"
SPOT = "spot"

DRAINING, SAVING = "draining", "saving"
DRAINED, SAVED, LOST = "drained", "saved", "lost"

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Service(Protocol):
    """What termination asks of Logstash's service; see LogstashService."""

    def is_running(self) -> bool: ...
    def limit_stop(self, seconds: float) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Notices:
    """What the instance metadata says about the instance's end.

    :param find: gives what is at a path of the metadata, or None; raises MetadataError.
    :param wall: seconds since 1970.
    """

    def __init__(self, find: Callable[[str], str | None], clock: Clock, wall: Callable[[], float] = time.time) -> None:
        self._find, self._clock, self._wall = find, clock, wall
        self._said: set[str] = set()

    def hook(self) -> bool:
        """Whether the group ends the instance."""
        return self._at("meta-data/autoscaling/target-lifecycle-state") == "Terminated"

    def spot(self) -> float | None:
        """When EC2 terminates the spot instance, on the clock's scale; None if it does not.

        A stop or a hibernation is no end: the queue stays on its volume.
        """
        text = self._at("meta-data/spot/instance-action")
        if text is None:
            return None
        until = self._clock.now() + SPOT_SECONDS
        try:
            action = json.loads(text)
            if action["action"] != "terminate":
                self._say(f"EC2 is going to {action['action']} this spot instance. The queue stays on its volume.")
                return None
            told = timegm(time.strptime(action["time"], "%Y-%m-%dT%H:%M:%SZ"))
        except (ValueError, KeyError, TypeError) as error:
            self._say(f"The spot notice cannot be read ({error!r}), so there are {SPOT_SECONDS:g} s: {text[:200]}")
            return until
        return min(until, self._clock.now() + told - self._wall())

    def look_ahead(self) -> None:
        """Says in the journal that EC2 sees a higher risk for the instance. Nothing follows from it."""
        if text := self._at("meta-data/events/recommendations/rebalance"):
            self._say(f"EC2 recommends to replace this spot instance: {text[:200]}")

    def _at(self, path: str) -> str | None:
        try:
            return self._find(path)
        except MetadataError as error:
            self._say(f"[{error.code}] {error}")
            return None

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)


@dataclass
class Time:
    """The time that is left, in seconds on the clock's scale.

    :param timeout: of the termination hook.
    """

    clock: Clock
    timeout: float
    hook_until: float | None = None
    hook_most: float = 0.0
    spot_until: float | None = None

    def of_hook(self, passed: float = 0.0) -> None:
        """The hook waits, and has done so for `passed` seconds."""
        began = self.clock.now() - passed
        self.hook_until, self.hook_most = began + self.timeout, began + MOST_TIMEOUTS * self.timeout

    def of_spot(self, until: float) -> None:
        """EC2 takes the instance back."""
        self.spot_until = until

    def extended(self) -> None:
        """A heartbeat has reached the hook."""
        self.hook_until = self.clock.now() + self.timeout

    def is_at_most(self) -> bool:
        """Whether the hook is not extended for draining any more."""
        return self.clock.now() + self.timeout > self.hook_most

    def left(self) -> float:
        """Until the instance is gone."""
        return min(one for one in (self.hook_until, self.spot_until) if one is not None) - self.clock.now()

    def for_draining(self, size: int) -> float:
        """What is left when so many bytes have to be saved and the result has to be told."""
        return self.left() - TELLING_SECONDS - size / SAVED_BYTES_PER_SECOND


@dataclass
class Contents:
    """What the queues and the dead letter queues hold, {pipeline: Left}."""

    queue: dict[str, Left] = field(default_factory=dict)
    dead_letter_queue: dict[str, Left] = field(default_factory=dict)

    @classmethod
    def of(cls, directories: Directories) -> "Contents":
        """Reads them. Raises OSError."""
        return cls(queues.all_persisted(directories.queue), queues.all_dead_letters(directories.dead_letter_queue))

    def parts(self) -> dict[str, Left]:
        """{`queue/<pipeline>`: what it holds}, only of those that hold, or may hold, something."""
        return {
            f"{kind}/{pipeline}": left
            for kind, found in (("queue", self.queue), ("dead_letter_queue", self.dead_letter_queue))
            for pipeline, left in found.items()
            if left
        }

    def size(self) -> int:
        """Bytes that would have to be saved."""
        return sum(left.size for left in self.parts().values())

    def queued(self) -> int | None:
        """Events in the queues; None if one of them cannot be read."""
        return _sum(self.queue.values())

    def events(self) -> int | None:
        """Events in all; None if something cannot be read."""
        return _sum([*self.queue.values(), *self.dead_letter_queue.values()])

    def as_dict(self) -> dict[str, dict[str, dict[str, Any]]]:
        """For the result."""
        found: dict[str, dict[str, dict[str, Any]]] = {"queue": {}, "dead_letter_queue": {}}
        for part, left in self.parts().items():
            kind, _, pipeline = part.partition("/")
            found[kind][pipeline] = {"events": left.events, "bytes": left.size}
            if left.problem:
                found[kind][pipeline]["problem"] = left.problem
        return found


class Storage(Protocol):
    """What termination asks of Logstash's directories; see LogstashStorage."""

    def read(self) -> Contents: ...
    def archive(self, parts: Iterable[str], progress: Callable[[], object]) -> archives.TarStream: ...


class LogstashStorage:
    """The directories that the live settings name."""

    def read(self) -> Contents:
        """What they hold now. Raises OSError, ServiceError."""
        return Contents.of(Directories.of())

    def archive(self, parts: Iterable[str], progress: Callable[[], object]) -> archives.TarStream:
        """A tar of parts such as `queue/broker`; `progress` is called as it is read. Raises ServiceError."""
        directories = Directories.of()._asdict()
        split = {part: part.split("/", 1) for part in parts}
        return archives.TarStream({part: directories[kind] / name for part, (kind, name) in split.items()}, progress)


@dataclass
class Termination:
    """The end of one instance.

    :param instance: its id.
    :param wall: seconds since 1970.
    """

    told: InstanceSettings
    instance: str
    notices: Notices
    service: Service
    storage: Storage
    aws: Aws
    path: Path = RESULT
    clock: Clock = field(default_factory=Clock)
    wall: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._time = Time(self.clock, self.told.termination_timeout)
        self._beaten = self.clock.now()
        self._document: dict[str, Any] = {}
        self._errors: list[str] = []

    def run(self) -> None:
        """Waits for a notice, and sees it through. Returns when the hook, if there is one, is completed."""
        while not self._look():
            self.notices.look_ahead()
            self.clock.sleep(POLL_SECONDS)
        if not self._was_done():
            self._end()
        self._complete()

    # -- notices

    def _look(self) -> bool:
        """Looks for notices; the time becomes shorter with a second one. Whether there is any."""
        if self._time.hook_until is None and self.notices.hook():
            _log.warning("The group ends this instance. Its hook waits for %g s.", self.told.termination_timeout)
            # What has passed counts from the notice that an earlier process of this program saw.
            self._time.of_hook(0.0 if self._document else self._passed())
            self._beaten = self.clock.now()
        if self._time.spot_until is None and (until := self.notices.spot()) is not None:
            _log.warning("EC2 takes this spot instance back in %.0f s.", until - self.clock.now())
            self._time.of_spot(until)
        return self._time.hook_until is not None or self._time.spot_until is not None

    def _passed(self) -> float:
        """Since an earlier process of this program saw the notice; 0 if there was none."""
        before = report.read(self.path)
        if before.get("instance") != self.instance or before.get("result") not in (DRAINING, SAVING):
            return 0.0
        try:
            return max(0.0, self.wall() - timegm(time.strptime(before["began"], "%Y-%m-%dT%H:%M:%SZ")))
        except (KeyError, ValueError, TypeError):
            return 0.0

    def _was_done(self) -> bool:
        """Whether an earlier process told the result, so that only the hook is left."""
        before = report.read(self.path)
        told = before.get("instance") == self.instance and before.get("told") is True
        return told and not self._is_running()  # it may have been started since

    # -- the end

    def _end(self) -> None:
        self._document = {
            "result": DRAINING,
            "notice": SPOT if self._time.hook_until is None else HOOK,
            "began": report.timestamp(self.wall() - self._passed()),
            "ended": None,
            "instance": self.instance,
            "environment": self.told.environment,
            "layer": self.told.layer,
            "errors": self._errors,
        }
        before = self._try("count", self.storage.read, otherwise=Contents())
        self._document["at_notice"] = {"events": before.events(), **before.as_dict()}
        self._stop(before)
        self._tell()
        self._drain(before)
        left = self._try("count", self.storage.read, otherwise=None)
        self._document["drained"] = _difference(before.queued(), left.queued() if left else None)
        self._document["left"] = {"events": left.events(), **left.as_dict()} if left else None
        result = DRAINED
        if left is None or left.parts():
            self._document["result"] = SAVING
            self._tell()
            result = SAVED if left and self._try("save", lambda: self._save(left), otherwise=False) else LOST
        self._document |= {"result": result, "ended": report.timestamp(self.wall())}
        while not self._tell():
            # Nobody would know what became of the events. The hook ends by itself when its time is over.
            self.clock.sleep(POLL_SECONDS)
        self._document["told"] = True
        self._try("file", lambda: report.save(self.path, self._document), otherwise=None)

    def _stop(self, before: Contents) -> None:
        """Inputs close first, before anything that may take time."""
        # If this program dies, systemd ends the stop.
        limit = self._time.for_draining(before.size())
        if self._time.hook_until is not None:
            limit = self._time.hook_most - self.clock.now()
        self._try("stop", lambda: self.service.limit_stop(limit), otherwise=None)
        self._try("stop", self.service.stop, otherwise=None)

    def _drain(self, before: Contents) -> None:
        """Waits until Logstash has ended, or its time is over."""
        began = self.clock.now()
        size, queued, progress = before.size(), before.queued(), False
        while self._is_running():
            self._look()
            if now := self._try("count", self.storage.read, otherwise=None):
                size = now.size()
                progress = progress or _is_less(now.queued(), queued)
                queued = now.queued()
            if progress and not self._time.is_at_most() and self._beat():
                progress = False
            left = self._time.for_draining(size)
            if left <= 0 and self.clock.now() - began >= LEAST_STOP_SECONDS:
                self._kill()
                return
            self.clock.sleep(min(POLL_SECONDS, max(left, 0.5)))
        _log.info("Logstash has ended after %.0f s.", self.clock.now() - began)

    def _kill(self) -> None:
        _log.warning("The time for draining is over. Logstash is ended.")
        self._try("stop", self.service.kill, otherwise=None)
        until = self.clock.now() + KILLED_WITHIN_SECONDS
        while self._is_running():
            if self.clock.now() >= until:
                self._note("stop", f"Logstash still runs {KILLED_WITHIN_SECONDS:g} s after it was killed.")
                return
            self.clock.sleep(0.5)

    def _is_running(self) -> bool:
        """Whether Logstash runs; also if that cannot be told."""
        return self._try("stop", self.service.is_running, otherwise=True)

    def _save(self, left: Contents) -> bool:
        """Copies what is left to S3. Whether there is where to."""
        if not self.told.archive:
            self._note("save", "The instance's settings name no archive.")
            return False
        self._beaten -= self.told.termination_timeout  # the copy gets the hook's whole time
        self._beat()
        address = f"{self.told.archive.rstrip('/')}/{self.instance}-{self._document['began']}.tar"

        def copy() -> dict[str, Any]:
            with self.storage.archive(left.parts(), self._beat) as tar:
                self.aws.upload(address, io.BufferedReader(tar, archives.CHUNK))
                return {"address": address, "bytes": tar.size, "sha256": tar.sha256}

        self._document["archive"] = Deadline.after(self._time.left(), self.clock).retry(copy)
        return True

    def _beat(self) -> bool:
        """Extends the hook, if a third of its time is over. Whether it was extended."""
        if self._time.hook_until is None or not self.told.termination_hook:
            return False
        if self.clock.now() - self._beaten < self.told.termination_timeout / 3:
            return False
        self._beaten = self.clock.now()
        hook = (self.told.group, self.told.termination_hook, self.instance)
        extended = self._try("heartbeat", lambda: self.aws.extend_hook(*hook), otherwise=False)
        if extended:
            self._time.extended()
        return extended

    # -- telling

    def _tell(self) -> bool:
        """Tells how things stand: file, journal, history, and at the end the topic. Whether somebody will know."""
        document = self._document
        audience = report.Audience(self.aws, self.told, Deadline.after(max(0.0, self._time.left()), self.clock))
        self._try("file", lambda: report.save(self.path, document), otherwise=None)
        _log.warning("%s", _summary(document))
        known = []
        if self.told.history:
            known.append(self._try("history", lambda: report.upload(audience, KIND, document), otherwise=False))
        if self.told.notifications_topic and document["result"] in (SAVED, LOST):
            known.append(self._try("topic", lambda: report.notify(audience, KIND, document), otherwise=False))
        return any(known) or not known

    def _complete(self) -> None:
        """Lets the group end the instance. After a spot notice, the group's own comes later, or never."""
        if not self.told.termination_hook:
            return
        hook = (self.told.group, self.told.termination_hook, self.instance)

        def complete() -> bool:
            if not self.aws.complete_hook(*hook, CONTINUE):
                _log.warning("Hook %s of group %s does not wait any more.", hook[1], hook[0])
            return True

        while self._time.hook_until is None or not self._try("hook", complete, otherwise=False):
            self.clock.sleep(POLL_SECONDS)
            self._look()
        _log.info("Hook %s of group %s: %s.", hook[1], hook[0], CONTINUE)

    # -- errors

    def _try(self, step: str, action: Callable[[], T], otherwise: T) -> T:
        try:
            return action()
        except Exception as error:  # whatever it is, the next step comes
            self._note(step, f"[{getattr(error, 'code', type(error).__name__)}] {error}")
            return otherwise

    def _note(self, step: str, text: str) -> None:
        message = f"{step}: {text}"
        _log.error("%s", message)
        if message not in self._errors:
            self._errors.append(message)


def _sum(found: Any) -> int | None:
    events = [left.events for left in found]
    return None if None in events else sum(events)


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(0, before - after)


def _is_less(now: int | None, before: int | None) -> bool:
    return now is not None and before is not None and now < before


def _summary(document: Mapping[str, Any]) -> str:
    left = document.get("left") or document["at_notice"]
    events = "an unknown number of" if left["events"] is None else left["events"]
    parts = [
        f"{kind} {name}: {one['events']}" for kind in ("queue", "dead_letter_queue") for name, one in left[kind].items()
    ]
    where = f" in {document['archive']['address']}" if document.get("archive") else ""
    return f"{document['result']}{where}: {events} events left ({', '.join(parts) or 'all queues are empty'})."


def main() -> int:
    """The service elk-termination. Returns the exit code."""
    clock = Clock()
    patient = Metadata(Deadline.after(float("inf"), clock))
    told = settings.read(patient.user_data(), patient.tags())
    impatient = Metadata(Deadline(clock, 0.0))  # it is asked again in five seconds anyway
    Termination(
        told,
        patient.instance_id(),
        Notices(impatient.find, clock),
        LogstashService(),
        LogstashStorage(),
        Aws(patient.region()),
    ).run()
    return 0
