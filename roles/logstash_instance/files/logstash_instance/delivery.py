"""Delivers a saved queue: `python -m logstash_instance deliver-queue s3://BUCKET/KEY.tar`, on a host of its layer.

Logstash delivers it itself. It is stopped, which drains its own queue; the saved queue takes the place of the empty
one; and Logstash is started. New events queue up behind the saved ones. If its own queue is not empty after the stop,
nothing is exchanged, and Logstash is started as it was.
"""

import argparse
import hashlib
import logging
import os
import re
import shutil
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml

from . import queues, report
from .aws import Aws
from .errors import InstanceError, QueueArchiveError, QueueDeliveryError
from .metadata import Metadata
from .retrying import Clock, Deadline
from .service import DROP_IN, SETTINGS, Directories, LogstashService

# Which archives have been put into a queue of this host, and when.
DELIVERED = Path("/var/lib/elk/delivered.json")
# Events that a receiver refused are nothing to send again as they are.
DEAD_LETTERS = Path("/var/lib/elk/dead-letters")
# A folder of path.queue, so that a rename is all that it takes to exchange a queue; no pipeline is called so.
WORKPLACE = ".elk-restore"
POLL_SECONDS = 5.0

_MEMBER = re.compile(r"(queue|dead_letter_queue)/(?!\.\.?/)[^/]+/(?!\.\.?$)[^/]+")

_log = logging.getLogger(__name__)


class Service(Protocol):
    """What a delivery asks of Logstash's service; see LogstashService."""

    def stop(self, *, wait_seconds: float = 0) -> None: ...
    def start(self) -> None: ...


def fetch(archive: str, aws: Aws, place: Path, sha256: str = "") -> Path:
    """A local file with the archive.

    :raises QueueArchiveError: its checksum is another one.
    :raises AwsError: it cannot be read.
    """
    if not archive.startswith("s3://"):
        return _compared(Path(archive), sha256)
    path = place / "archive.tar"
    with path.open("wb") as file:

        def take(part: bytes) -> None:
            file.write(part)

        aws.stream(archive, take)
    return _compared(path, sha256)


def unpack(tar: Path, place: Path) -> None:
    """Unpacks an archive into `queue/<pipeline>` and `dead_letter_queue/<pipeline>` below a place.

    :raises QueueArchiveError: it is no such archive, or broken.
    """
    try:
        with tarfile.open(tar) as archive:
            for member in archive:
                is_file = member.isreg() and _MEMBER.fullmatch(member.name)
                content = archive.extractfile(member) if is_file else None
                if not content:
                    raise QueueArchiveError(
                        f"{tar} has {member.name!r}, expected files such as queue/<pipeline>/page.0."
                    )
                # Not extract(): its filters are newer than the oldest Python that this runs with.
                path = place / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise QueueArchiveError(
            f"{tar} cannot be unpacked: {error}. Fetch it again, and compare its SHA-256 with that of the result."
        ) from None


@dataclass
class Delivery:
    """Puts the unpacked queues of an archive into the places of the host's own, which must be empty.

    :param archive: its name.
    :param unpacked: on the file system of path.queue.
    :param pipelines: those of the host.
    :param stop_seconds: how long the stop may take.
    """

    archive: str
    unpacked: Path
    directories: Directories
    pipelines: Iterable[str]
    service: Service
    stop_seconds: float = 600
    delivered: Path = DELIVERED
    dead_letters: Path = DEAD_LETTERS
    clock: Clock = field(default_factory=Clock)

    def run(self, wait_seconds: float) -> dict[str, int]:
        """{pipeline: events that are still to be delivered} after the wait for them.

        :raises QueueDeliveryError: nothing was exchanged, and Logstash runs as before.
        :raises ServiceError: Logstash could not be stopped or started.
        """
        source, target = self.unpacked / "queue", self.directories.queue
        saved = queues.all_persisted(source)
        self._check(saved)
        _own(self.unpacked, target)
        self._keep_dead_letters()
        if not saved:
            return {}
        last = {pipeline: queues.head_page(source / pipeline) for pipeline in saved}
        try:
            self.service.stop(wait_seconds=self.stop_seconds)
            self._check_own(saved)
            report.save(self.delivered, report.read(self.delivered) | {self.archive: report.timestamp(time.time())})
            for pipeline in saved:
                if (target / pipeline).exists():
                    (target / pipeline).rename(self.unpacked / f"{pipeline}.own")
                (source / pipeline).rename(target / pipeline)
        finally:
            self.service.start()
        return self._watch(last, wait_seconds)

    def _check(self, saved: dict[str, queues.Left]) -> None:
        if before := report.read(self.delivered).get(self.archive):
            raise QueueDeliveryError(
                f"{self.archive} was put into a queue of this host at {before}. To send its events a second time, take "
                f"it out of {self.delivered}."
            )
        known = set(self.pipelines)
        if strange := sorted(set(saved) - known):
            raise QueueDeliveryError(
                f"{self.archive} has the queue of {', '.join(strange)}, but this host's pipelines are "
                f"{', '.join(sorted(known))}. Deliver it on a host of its layer."
            )
        for pipeline, left in saved.items():
            if left.problem:
                raise QueueDeliveryError(
                    f"{self.archive}, pipeline {pipeline}: {left.problem}. Logstash would not start with it. Repair an "
                    "unpacked copy with Logstash's own bin/pqrepair."
                )

    def _check_own(self, saved: Iterable[str]) -> None:
        own = {pipeline: self.directories.queue / pipeline for pipeline in saved}
        left = {pipeline: queues.persisted(path) for pipeline, path in own.items() if path.exists()}
        if kept := [f"{name}: {one.problem or f'{one.events} events'}" for name, one in left.items() if one]:
            raise QueueDeliveryError(
                f"This host's own queue is not empty after the stop ({', '.join(kept)}), so nothing was exchanged. See "
                "that its receiver can be reached and that the pipeline has queue.drain (drain_queue_on_stop), and try "
                "again; or deliver it on another host of the layer."
            )

    def _keep_dead_letters(self) -> None:
        source = self.unpacked / "dead_letter_queue"
        if source.exists():
            target = self.dead_letters / Path(self.archive).stem
            shutil.copytree(source, target, dirs_exist_ok=True)
            _log.warning("Dead letters are not sent again. They are in %s.", target)

    def _watch(self, last: dict[str, int], wait_seconds: float) -> dict[str, int]:
        deadline = Deadline.after(wait_seconds, self.clock)
        left = dict.fromkeys(last, -1)
        while True:
            for pipeline, page in last.items():
                try:
                    left[pipeline] = queues.unacknowledged_up_to(self.directories.queue / pipeline, page)
                except (InstanceError, OSError) as error:  # it is just being written
                    _log.info("%s", error)
            _log.info("To be delivered: %s", ", ".join(f"{name} {count}" for name, count in left.items()))
            if not any(left.values()) or not deadline.left():
                return left
            self.clock.sleep(POLL_SECONDS)


def _own(unpacked: Path, target: Path) -> None:
    """All of it gets the owner of path.queue."""
    owner = target.stat()
    for folder, _folders, files in os.walk(unpacked):
        for path in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(path, owner.st_uid, owner.st_gid)


def _compared(path: Path, sha256: str) -> Path:
    if sha256:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise QueueArchiveError(f"{path} has SHA-256 {found}, expected {sha256}. Fetch it again.")
    return path


def _pipelines(settings: Path) -> list[str]:
    """The ids in the pipelines.yml beside a logstash.yml."""
    try:
        entries = yaml.safe_load((settings.parent / "pipelines.yml").read_text(encoding="utf-8")) or []
        return [str(entry["pipeline.id"]) for entry in entries]
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError) as error:
        raise QueueDeliveryError(f"{settings.parent}/pipelines.yml cannot be read: {error!r}.") from None


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit code: 0 also if Logstash is still delivering."""
    parser = argparse.ArgumentParser(prog="logstash_instance deliver-queue", description=__doc__)
    add = parser.add_argument
    add("archive", help="s3://BUCKET/KEY.tar, or a file; the result of the termination names it")
    add("--sha256", default="", help="its checksum, in the same result")
    add("--stop-seconds", type=float, default=600, help="how long the stop may take; the unit's own limit counts, too")
    add("--wait-seconds", type=float, default=600, help="how long to watch the events go out")
    given = parser.parse_args(arguments or [])
    try:
        left = _deliver(given)
    except (InstanceError, OSError) as error:
        _log.error("[%s] %s", getattr(error, "code", InstanceError.code), error)
        return 1
    if any(left.values()):
        _log.warning("Logstash goes on delivering what is left.")
    else:
        _log.info("Everything is delivered. Remove the archive when you have seen the events arrive.")
    return 0


def _deliver(given: argparse.Namespace) -> dict[str, int]:
    if DROP_IN.exists():
        raise QueueDeliveryError("This instance goes away itself. Deliver the queue on another one of its layer.")
    directories = Directories.of()
    workplace = directories.queue / WORKPLACE
    shutil.rmtree(workplace, ignore_errors=True)
    workplace.mkdir(mode=0o700)
    try:
        tar = fetch(given.archive, Aws(_region(given.archive)), workplace, given.sha256)
        unpack(tar, workplace)
        delivery = Delivery(
            given.archive, workplace, directories, _pipelines(SETTINGS), LogstashService(), given.stop_seconds
        )
        return delivery.run(given.wait_seconds)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _region(archive: str) -> str:
    """Empty for AWS_REGION; elsewhere, that of the instance."""
    if not archive.startswith("s3://") or os.environ.get("AWS_REGION"):
        return ""
    return Metadata(Deadline.after(5)).region()
