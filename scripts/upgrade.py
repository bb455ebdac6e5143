"""Upgrades the groups of instances of an environment: image, bundle, then one instance after the other.

Usage: upgrade.py ENVIRONMENT [VERSION]. Called by `make upgrade`. Without VERSION, the instances get what the inventory
says now, such as changed pipelines. It ends with

  0  every group has it, and is healthy
  1  it was not begun: nothing was replaced
  3  a new instance was bad, and its group went back to what it ran before
  4  a group could not go back, or CloudFormation was not waited for to the end: look at the stack
  130  it was interrupted
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("indexers", "brokers")  # as plugins/plugin_utils/instance_groups.py has them
CODES = {"replaced": 0, "nothing": 0, "failed": 1, "went_back": 3, "stuck": 4}
INTERRUPTED = 128 + signal.SIGINT
# Of a group's stack, once its task has failed. Of one whose creation failed, nothing is left.
WENT_BACK = ("UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_COMPLETE")

# Runs a command of the checkout, shows what it says, and returns (exit code, all that it said).
Run = Callable[[Sequence[str]], tuple[int, str]]


class UpgradeError(Exception):
    """It was not begun; the message says why, and what to do."""


@dataclass(frozen=True)
class Environment:
    """What the inventory says, without the values of templates.

    :param inventory: its directory.
    :param layers: those whose hosts are groups, in the order in which they are upgraded.
    :param version: of Logstash; empty where the newest one is meant, or a template.
    :param bundle_variables: ``bundle_extra_vars``.
    """

    inventory: str
    layers: tuple[str, ...]
    version: str
    bundle_variables: Mapping[str, Any]


def read(inventory: str, variables: Mapping[str, Any]) -> Environment:
    """The environment of an inventory's variables, as ``ansible-inventory --host localhost`` has them.

    :raises UpgradeError: no layer is a group.
    """
    groups = variables.get("instance_groups") or {}
    if not isinstance(groups, Mapping) or not groups:
        raise UpgradeError(
            f"instance_groups of {inventory} is {groups!r}; expected the layers whose hosts are groups of instances, "
            "written out, such as {brokers: {min: 3, max: 4, instance_type: m7g.large}}. The hosts of an inventory are "
            "upgraded by logstash_version and `make deploy`."
        )
    version, more = variables.get("logstash_version") or "", variables.get("bundle_extra_vars")
    return Environment(
        inventory,
        tuple(layer for layer in LAYERS if layer in groups),
        "" if "{{" in str(version) else str(version),
        more if isinstance(more, Mapping) else {},
    )


@dataclass(frozen=True)
class Outcome:
    """What became of the groups.

    :param result: of :data:`CODES`.
    :param stacks: those that were deployed, before the one that failed if one did.
    """

    result: str
    stacks: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: str, code: int) -> Outcome:
        """Of what playbooks/upgrade.yml has written, and its exit code. It writes nothing if it is killed."""
        try:
            found = json.loads(written)
        except ValueError:
            return cls("stuck")
        changes = found["changes"]
        stacks = tuple(changes)
        if not found["failed"] and not code:
            return cls("replaced" if any(changes.values()) else "nothing", stacks)
        if found.get("status") in WENT_BACK:
            return cls("went_back", stacks)
        is_open = found.get("status") or "stack_timeout" in found.get("codes", [])
        return cls("stuck" if is_open else "failed", stacks)


class Upgrade:
    """One run.

    :param version: the version of Logstash; empty for the inventory's.
    :param run: see :data:`Run`.
    :param say: gets each line of its own.
    """

    def __init__(self, environment: Environment, name: str, version: str, run: Run, say: Callable[[str], None]) -> None:
        self._environment = environment
        self._name = name
        self._version = version
        self._run = run
        self._say = say

    def walk(self) -> int:
        """Does it all, and returns the exit code.

        :raises UpgradeError: before anything was replaced.
        """
        layers = self._environment.layers
        images = {}
        for number, layer in enumerate(layers, 1):
            self._say(f"\n== {number}/{len(layers) + 2} Image of the {layer}")
            images[layer] = self._image(layer)
        self._say(f"\n== {len(layers) + 1}/{len(layers) + 2} Bundle")
        bundle = self._bundle()
        self._say(f"\n== {len(layers) + 2}/{len(layers) + 2} Replacement, one instance after the other")
        outcome = self._replace({layer: {"image": images[layer], "bundle": bundle} for layer in layers})
        if outcome.result in ("replaced", "nothing"):
            self._make_current(bundle)
        for line in ["", *self._ending(outcome)]:
            self._say(line)
        return CODES[outcome.result]

    def _image(self, layer: str) -> str:
        """The image that serves the layer; it is baked if there is none."""
        given = [f"LAYER={layer}", *([f"VERSION={self._version}"] if self._version else [])]
        code, said = self._run(["env", *given, "scripts/bake.sh", "bake", self._name])
        found = re.findall(r"^image (ami-[0-9a-f]{8,17}) serves", said, re.MULTILINE)
        if code or not found:
            raise UpgradeError(f"There is no image for the {layer}; the reason is above. Nothing was replaced.")
        return str(found[-1])

    def _bundle(self) -> str:
        """The address of the bundle, which is not the current one yet."""
        variables: dict[str, Any] = {"bundle_current": False}
        if self._version:
            variables["bundle_extra_vars"] = {**self._environment.bundle_variables, "logstash_version": self._version}
        code, said = self._play("bundle.yml", variables)
        found = re.findall(r"s3://[a-z0-9.-]+/bundles/[\w.-]+/[0-9a-f]{64}\.json", said)
        if code or not found:
            raise UpgradeError("There is no bundle; the reason is above. Nothing was replaced.")
        return str(found[-1])

    def _make_current(self, bundle: str) -> None:
        """Instances that are in no group deploy the current bundle."""
        sha256 = bundle.rpartition("/")[2].removesuffix(".json")
        code, _said = self._play("bundle.yml", {"bundle": sha256})
        if code:
            self._say(
                "The bundle could not be made the current one: "
                f"make bundle ENV={self._name} OPTIONS='-e bundle={sha256}'"
            )

    def _replace(self, parts: Mapping[str, Any]) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="elk-upgrade-") as folder:
            result = Path(folder, "result.json")
            variables = {"instance_parts": parts, "upgrade_result": str(result)}
            if self._version:
                variables["logstash_version"] = self._version
            code, _said = self._play("upgrade.yml", variables)
            return Outcome.of(result.read_text() if result.exists() else "", code)

    def _play(self, playbook: str, variables: Mapping[str, Any]) -> tuple[int, str]:
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return self._run(
            [program, "--inventory", self._environment.inventory, f"playbooks/{playbook}", "-e", json.dumps(variables)]
        )

    def _ending(self, outcome: Outcome) -> list[str]:
        wanted, had = self._version, self._environment.version
        what = f"Logstash {wanted}" if wanted else "what the inventory says"
        back = f"make upgrade ENV={self._name} VERSION={had}" if wanted and had and wanted != had else ""
        if outcome.result in ("replaced", "nothing"):
            lines = {
                "replaced": [
                    f"{self._name}: the {' and the '.join(self._environment.layers)} have {what}, and are healthy."
                ],
                "nothing": [f"{self._name}: the groups have {what} already. Nothing was replaced."],
            }[outcome.result]
            if wanted and wanted != had:
                file = f"inventories/{self._name}/group_vars/all/20-{self._name}.yml"
                lines += [f"Write into {file}, for what is deployed next:", f'  logstash_version: "{wanted}"']
            return [*lines, f"The way back: {back}"] if back else lines
        lines = {
            "failed": [f"{self._name}: it was not begun; the reason is above."],
            "went_back": [f"{self._name}: a new instance was bad, and its group went back. The reason is above."],
            "stuck": [f"{self._name}: the replacement did not come to an end. What to look at is above."],
        }[outcome.result]
        if outcome.stacks:
            lines.append(f"Before it, {' and '.join(outcome.stacks)} got {what}, and keeps it.")
            lines += [f"To take that back as well: {back}"] if back else []
        return lines


# --- the program ---


def run(command: Sequence[str]) -> tuple[int, str]:
    """See :data:`Run`.

    :raises KeyboardInterrupt: once the command has ended. A terminal interrupts it as well, and it may have to remove
        what it made.
    """
    said, interrupts = [], []
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    before = signal.signal(signal.SIGINT, lambda *_: interrupts.append(True))
    try:
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipe) as process:  # type: ignore[call-overload] # noqa: S603 - commands of the checkout
            for line in process.stdout:
                # Its own stages are a part of this run's.
                print(re.sub(r"^== (?=\d/\d )", "-- ", line), end="", flush=True)
                said.append(line)
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupts:
        raise KeyboardInterrupt
    return process.returncode, "".join(said)


def variables_of(inventory: str) -> dict[str, Any]:
    """What the inventory says about the control node.

    :raises UpgradeError: it can't be read.
    """
    program = Path(sys.executable).with_name("ansible-inventory")
    ended = subprocess.run(  # noqa: S603 - a program of the checkout
        [program, "--inventory", inventory, "--host", "localhost"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise UpgradeError(f"The inventory {inventory} can't be read: {ended.stderr.strip()}")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def stop(message: str, code: int = 1) -> NoReturn:
    sys.stdout.flush()
    print(f"\n{message}", file=sys.stderr)
    sys.exit(code)


def main(name: str, version: str = "") -> int:
    inventory = os.environ.get("ELK_INVENTORY", f"inventories/{name}")
    if not (ROOT / inventory / "hosts.yml").is_file():
        stop(f"There is no inventory for ENV={name} ({inventory}/hosts.yml). Use one of the folders in inventories/.")
    if version and not re.fullmatch(r"\d+\.\d+\.\d+(\+[\w.]+)?", version):
        stop(f"VERSION is {version!r}; expected one exact version of Logstash, such as 9.5.2.")
    try:
        environment = read(inventory, variables_of(inventory))
        return Upgrade(environment, name, version, run, lambda line: print(line, flush=True)).walk()
    except UpgradeError as error:
        stop(str(error))
    except KeyboardInterrupt:
        stop(
            f"Interrupted. If the replacement had begun, CloudFormation goes on with it. `make upgrade ENV={name}"
            f"{version and f' VERSION={version}'}` again waits for that, and then does what is left.",
            INTERRUPTED,
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
