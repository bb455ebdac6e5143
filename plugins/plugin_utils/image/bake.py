"""The walk of a bake: what the image would be, whether one serves already, Packer's run, and removing what it needed."""

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

from .errors import ImageError
from .inputs import Base, fingerprint, inputs_of, tags_of
from .key import make_key
from .leftovers import Leftover
from .packer import Packer, Variables
from .progress import Progress
from .runs import Runs, new_id

# Packer stops its instance and removes what it made when it is interrupted; after this, it is ended, and what is left removed by tag.
_INTERRUPT_SECONDS = 180.0
_READ_SECONDS = 0.5


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


class Interrupted(BaseException):
    """The user, or the system, wants the bake to end; as KeyboardInterrupt, no failure of a part of it."""


@dataclass(frozen=True)
class Order:
    """What is asked for.

    :param inventory: the folder of the environment's inventory.
    :param values: what playbooks/image_inputs.yml wrote.
    """

    root: Path
    environment: str
    layer: str
    inventory: Path
    values: Mapping[str, Any]
    toolkit_version: str
    commit: str

    @property
    def images(self) -> Path:
        """Where manifests and runs are kept."""
        return self.root / "build/images"


def bake(order: Order, packer: Packer, variables: Variables, cloud: Cloud, say: Callable[[str], None]) -> str:
    """Makes the image, unless one serves. Gives its id.

    :raises ImageError: it was not made; nothing of it is left but its log, or the message says what.
    :raises Interrupted: it was told to end; nothing of it is left.
    """
    base = cloud.base(variables)
    inputs = inputs_of(
        order.root,
        base,
        variables.architecture,
        variables.disk,
        order.values["variables"],
        order.values["public_key"],
    )
    mark = fingerprint(inputs)
    say(
        f"fingerprint {mark}: Logstash {inputs['logstash']} on {base.id} ({variables.distribution}, {variables.architecture})"
    )
    if serving := cloud.serving(mark):
        say(f"image {serving} serves; nothing baked")
        _record(order, serving, mark)
        return serving

    runs = Runs(order.images / "runs")
    run = new_id(datetime.now().astimezone())
    with runs.running(run) as folder, _interruptible():
        image = ""
        try:
            image = _baked(order, packer, variables, cloud, say, run, folder, base, inputs, mark)
        finally:
            # Nothing interrupts the removal, and it is as thorough after a success: only image and snapshot are to stay.
            with _uninterruptible():
                left = _remove(cloud, run, say, expected=not image)
        if left:
            raise ImageError(
                "bake_not_removed",
                f"image {image} serves, but run {run} could not remove {', '.join(map(str, left))}. "
                f"Remove it: make bake-clean ENV={order.environment}",
            )
    _record(order, image, mark)
    say(f"image {image} serves; its manifest is build/images/{mark}.json")
    return image


def _baked(  # noqa: PLR0913 - each is one thing that the run needs
    order: Order,
    packer: Packer,
    variables: Variables,
    cloud: Cloud,
    say: Callable[[str], None],
    run: str,
    folder: Path,
    base: Base,
    inputs: Mapping[str, Any],
    mark: str,
) -> str:
    with make_key() as key_file:
        tags = {**variables.tags, "elk:bake": run, "elk:environment": order.environment, "Name": f"bake {run}"}
        manifest = order.images / f"{mark}.json"
        inputs_file = folder / "inputs.json"
        inputs_file.write_text(
            json.dumps(
                {"image_fingerprint": mark, "image_inputs": inputs, "image_manifest_file": str(manifest)}, indent=2
            )
        )
        given = {
            "bake": run,
            "image_name": f"elk-{order.layer}-{inputs['logstash']}-{variables.architecture}-{run}",
            "identity": tags_of(inputs, order.environment, order.toolkit_version, order.commit),
            "base_image": base.id,
            **({"root_device": base.root_device} if base.root_device else {}),
            "key_file": str(key_file),
            "inputs_file": str(inputs_file),
            **cloud.prepare(run, variables, key_file.with_suffix(".pub").read_text(), tags),
        }
        say(f"run {run}: its log is {(folder / 'packer.log').relative_to(order.root)}")
        _run(packer, given, cloud.builder, folder, say)
        return cloud.finish(run, mark)


def _run(packer: Packer, given: Mapping[str, Any], builder: str, folder: Path, say: Callable[[str], None]) -> None:
    """Runs Packer to its end, and shows how far it is."""
    variables = folder / "run.pkrvars.json"
    variables.write_text(json.dumps(given, indent=2))
    progress = Progress()
    began = time.monotonic()
    with (folder / "packer.log").open("w") as log:
        process = packer.build(variables, builder)
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
            for line in process.stdout:
                log.write(line)
                log.flush()
                if text := progress.shown(line):
                    say(f"{time.monotonic() - began:5.0f} s  {text}")
            process.wait()
        except BaseException:
            _end(process, log.write, say)
            raise
    if process.returncode:
        raise ImageError(
            "bake_failed",
            f"Packer ended with {process.returncode}; what failed is above, and the whole is in {folder / 'packer.log'}. "
            "Correct it, and run the same command again",
        )


def _end(process: subprocess.Popen[str], log: Callable[[str], Any], say: Callable[[str], None]) -> None:
    """Lets Packer end by itself, with its instance; then ends it."""
    say("interrupted: Packer removes what it made (up to three minutes)")
    with _uninterruptible():
        for number, seconds in ((signal.SIGINT, _INTERRUPT_SECONDS), (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            try:
                said, _ = process.communicate(timeout=seconds)
                log(said or "")
                break
            except subprocess.TimeoutExpired:
                continue


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise Interrupted."""

    def interrupt(number: int, _frame: object) -> None:
        raise Interrupted(signal.Signals(number).name)

    with _handling(interrupt):
        yield


@contextlib.contextmanager
def _uninterruptible() -> Iterator[None]:
    """They do nothing."""
    with _handling(signal.SIG_IGN):
        yield


@contextlib.contextmanager
def _handling(handler: Any) -> Iterator[None]:
    former = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, one in former.items():
            signal.signal(number, one)


def _record(order: Order, image: str, mark: str) -> None:
    """Keeps which image serves a layer, for whoever deploys it."""
    order.images.mkdir(parents=True, exist_ok=True)
    file = order.images / f"{order.environment}-{order.layer}.json"
    file.write_text(
        json.dumps({"image": image, "fingerprint": mark, "region": order.values["region"]}, indent=2) + "\n"
    )


# -- removing


def _remove(cloud: Cloud, run: str, say: Callable[[str], None], *, expected: bool) -> list[Leftover]:
    """Removes what a run left, and gives what could not be removed.

    :param expected: whether there is anything to say where nothing is left.
    """
    try:
        for one in cloud.leftovers(run):
            cloud.remove(one)
            say(f"removed {one}")
        left = cloud.leftovers(run)
    except Exception as error:
        raise ImageError(
            "bake_not_removed", f"what run {run} made could not be removed: {error}. Remove it: make bake-clean"
        ) from error
    if expected and not left:
        say(f"nothing of run {run} is left")
    return left


def clean(  # noqa: PLR0913 - each is an option of the command
    cloud: Cloud,
    runs: Runs,
    now: datetime,
    age: timedelta,
    say: Callable[[str], None],
    *,
    run: str = "",
    look: bool = False,
) -> int:
    """Removes what dead bakes left, and gives the number of things.

    :param age: after which a run that is not of this checkout counts as dead.
    :param run: only what is of this run, whatever its age.
    :param look: only say what it is.
    """
    found = cloud.leftovers(run)
    alive = {one.run for one in found if runs.state(one.run) == "running"}
    dead = [one for one in found if one.run not in alive and (run or runs.is_dead(one.run, age, now))]
    for one in dead:
        say(f"{one}, of run {one.run}")
        if not look:
            cloud.remove(one)
    for other in sorted({one.run for one in found} - {one.run for one in dead}):
        why = "it runs" if other in alive else f"it began less than {age} ago, or not by `make bake`"
        say(f"left alone: {sum(one.run == other for one in found)} of run {other}, since {why}")
    if not dead:
        say("nothing to remove")
    elif look:
        say(f"{len(dead)} to remove; nothing was removed")
    else:
        say(f"{len(dead)} removed")
    return len(dead)
