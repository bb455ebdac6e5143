"""The walk of a bake: what the image would be, whether one serves, Packer's run, and removing what it needed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from ...module_utils.image.manifest import fingerprint
from .errors import ImageError
from .inputs import Base, inputs_of, tags_of
from .key import make_key
from .leftovers import Leftover
from .packer import Packer, Variables
from .progress import Progress
from .runs import Runs, new_id

# Interrupted, Packer terminates its instance. After this time it is killed, and what is left removed by tag.
_INTERRUPT_SECONDS = 180.0


class Cloud(Protocol):
    """Where images are made and kept: ec2.Ec2, or containers.Containers."""

    builder: str

    def base(self, variables: Variables) -> Base: ...
    def serving(self, fingerprint: str) -> str: ...
    def prepare(
        self, run: str, variables: Variables, public_key: str, tags: Mapping[str, str]
    ) -> Mapping[str, Any]: ...
    def finish(self, run: str, fingerprint: str) -> str: ...
    def leftovers(self, run: str = "") -> list[Leftover]: ...
    def remove(self, leftover: Leftover) -> None: ...


Say = Callable[[str], None]


class Interrupted(BaseException):
    """The user or the system wants the bake to end. As KeyboardInterrupt, it is no failure of a part of it."""


@dataclass(frozen=True)
class Order:
    """What is asked for.

    :param root: the checkout.
    :param images: where manifests and runs are kept.
    :param values: what playbooks/image_inputs.yml wrote.
    """

    root: Path
    images: Path
    environment: str
    layer: str
    values: Mapping[str, Any]
    toolkit_version: str
    commit: str


@dataclass(frozen=True)
class Bake:
    """What makes an image, or finds that one serves."""

    order: Order
    packer: Packer
    variables: Variables
    cloud: Cloud
    say: Say

    def run(self) -> str:
        """Makes the image, unless one serves. Gives its id.

        :raises ImageError: it was not made, and nothing of it is left but its log; or the message says what.
        :raises Interrupted: it was told to end; nothing of it is left.
        """
        base = self.cloud.base(self.variables)
        inputs = inputs_of(self.order.root, base, self.variables, self.order.values)
        mark = fingerprint(inputs)
        system = f"{self.variables.distribution}, {self.variables.architecture}"
        self.say(f"fingerprint {mark}: Logstash {inputs['logstash']} on {base.id} ({system})")
        if serving := self.cloud.serving(mark):
            self.say(f"image {serving} serves; nothing baked")
            self._record(serving, mark)
            return serving

        run = new_id(datetime.now().astimezone())
        with Runs(self.order.images / "runs").running(run) as folder, _handling(_interrupt):
            image = ""
            try:
                image = self._make(run, folder, base, inputs)
            finally:
                # Nothing interrupts it. After a success as well, since only image and snapshot are to stay.
                with _handling(signal.SIG_IGN):
                    left = remove(self.cloud, run, self.say)
                if left:
                    self.say(f"left of run {run}: {', '.join(map(str, left))}. Remove it: make bake-clean")
                elif not image:
                    self.say(f"nothing of run {run} is left")
        if left:
            raise ImageError(
                "bake_not_removed",
                f"image {image} serves, but run {run} could not remove {', '.join(map(str, left))}. "
                f"Correct what is above, then: make bake-clean ENV={self.order.environment}",
            )
        self._record(image, mark)
        self.say(f"image {image} serves; its manifest is {self.order.images / mark}.json")
        return image

    def _make(self, run: str, folder: Path, base: Base, inputs: Mapping[str, Any]) -> str:
        """Makes the image in Packer's run, and gives its id."""
        order, mark = self.order, fingerprint(inputs)
        inputs_file = folder / "inputs.json"
        identity = {"fingerprint": mark, "inputs": inputs}
        # An upgrade asks for another version than the inventory has.
        extra_vars = {
            "image_inputs": identity,
            "image_manifests": str(order.images),
            "logstash_version": order.values["variables"]["logstash_version"],
        }
        inputs_file.write_text(json.dumps(extra_vars, indent=2))
        tags = {
            **self.variables.tags,
            "Name": f"bake {run}",
            "elk:bake": run,
            "elk:environment": order.environment,
        }
        with make_key() as key_file:
            given = {
                "bake": run,
                "image_name": f"elk-{order.layer}-{inputs['logstash']}-{self.variables.architecture}-{run}",
                "identity": tags_of(inputs, order.environment, order.toolkit_version, order.commit),
                "base_image": base.id,
                **({"root_device": base.root_device} if base.root_device else {}),
                "key_file": str(key_file),
                "inputs_file": str(inputs_file),
                **self.cloud.prepare(run, self.variables, key_file.with_suffix(".pub").read_text(), tags),
            }
            (folder / "run.pkrvars.json").write_text(json.dumps(given, indent=2))
            self.say(f"run {run}: its log is {folder / 'packer.log'}")
            self._run_packer(folder)
            return self.cloud.finish(run, mark)

    def _run_packer(self, folder: Path) -> None:
        """Runs Packer to its end, and shows how far it is."""
        progress = Progress()
        began = time.monotonic()
        with (folder / "packer.log").open("w") as log:
            # A process that has no name here yet could not be ended.
            with _later() as arrived:
                process = self.packer.build(folder / "run.pkrvars.json", self.cloud.builder)
            try:
                if arrived:
                    _interrupt(arrived[0], None)
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    if text := progress.shown(line):
                        self.say(f"{time.monotonic() - began:5.0f} s  {text}")
                process.wait()
            except BaseException:
                self.say("Packer removes what it made (up to three minutes)")
                with _handling(signal.SIG_IGN):
                    log.write(_end(process))
                raise
        if process.returncode:
            raise ImageError(
                "bake_failed",
                f"Packer ended with {process.returncode}; what failed is above, and all of its output is in "
                f"{folder / 'packer.log'}. Correct it, and run the same command again",
            )

    def _record(self, image: str, mark: str) -> None:
        """Keeps which image serves a layer, for whoever deploys it."""
        order = self.order
        order.images.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"image": image, "fingerprint": mark, "region": order.values["region"]}, indent=2)
        (order.images / f"{order.environment}-{order.layer}.json").write_text(text + "\n")


def _end(process: subprocess.Popen[str]) -> str:
    """Lets Packer end by itself, with its instance, then ends it. What it said meanwhile."""
    for number, seconds in ((signal.SIGINT, _INTERRUPT_SECONDS), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=seconds)[0] or ""
    return ""


@contextlib.contextmanager
def _later() -> Iterator[list[int]]:
    """The signals that arrive meanwhile, which do nothing else."""
    arrived: list[int] = []
    with _handling(lambda number, _frame: arrived.append(number)):
        yield arrived


def _interrupt(number: int, _frame: object) -> None:
    raise Interrupted(signal.Signals(number).name)


@contextlib.contextmanager
def _handling(handler: Any) -> Iterator[None]:
    """What SIGINT, SIGTERM and SIGHUP do meanwhile."""
    former = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, one in former.items():
            signal.signal(number, one)


def remove(cloud: Cloud, run: str, say: Say) -> list[Leftover]:
    """Removes what a run left, and gives what could not be removed.

    :raises ImageError: it could not be looked for.
    """
    try:
        for one in cloud.leftovers(run):
            try:
                cloud.remove(one)
                say(f"removed {one}")
            except Exception as error:
                say(f"could not remove {one}: {error}")
        return cloud.leftovers(run)
    except Exception as error:
        raise ImageError(
            "bake_not_removed", f"what run {run} left could not be looked for: {error}. Remove it: make bake-clean"
        ) from error


@dataclass(frozen=True)
class Cleaning:
    """What is to be removed of what dead bakes left.

    :param age: after which a run that is not of this checkout counts as dead.
    :param run: only what is of this run, whatever its age.
    :param look: only say what it is.
    """

    age: timedelta
    run: str = ""
    look: bool = False

    def of(self, cloud: Cloud, runs: Runs, now: datetime, say: Say) -> int:
        """Removes it, and gives the number of things."""
        found = cloud.leftovers(self.run)
        of_runs = {one.run for one in found}
        alive = {run for run in of_runs if runs.state(run) == "running"}
        dead = {run for run in of_runs - alive if self.run or runs.is_dead(run, self.age, now)}
        leftovers = [one for one in found if one.run in dead]
        for one in leftovers:
            if not self.look:
                cloud.remove(one)
            say(f"{'would remove' if self.look else 'removed'} {one}, of run {one.run}")
        for run in sorted(of_runs - dead):
            why = "it runs" if run in alive else f"it began less than {self.age} ago, or not by `make bake`"
            say(f"left alone: {sum(one.run == run for one in found)} of run {run}, since {why}")
        if not leftovers:
            say("nothing to remove")
        return len(leftovers)
