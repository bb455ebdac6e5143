"""Container images as images, for environment `local`, and to try a bake on any machine with a Docker Engine.

What a bake makes has the label ``elk.bake``. An image serves once it has the tag ``elk-deploy/baked:<fingerprint>``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from .errors import ImageError
from .inputs import Base
from .leftovers import Leftover
from .packer import Variables

REPOSITORY = "elk-deploy/baked"

_BASE = "elk-deploy/systemd:12"
_LABEL = "elk.bake"
_OPTIONS = (
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--tmpfs=/run",
    "--tmpfs=/tmp",
    "--stop-signal=SIGRTMIN+3",
)


class Containers:
    """The Docker Engine of this machine. It does what :class:`ec2.Ec2` does in EC2."""

    builder = "docker"

    def base(self, variables: Variables) -> Base:
        """The base image.

        :raises ImageError: the engine does not have it, or does not answer.
        """
        name = variables.base_image_name or _BASE
        try:
            return Base(_docker("image", "inspect", "--format={{.Id}}", name).strip())
        except ImageError as error:
            raise ImageError(
                "base_image_missing",
                f"no container image {name!r}: {error}. Correct base_image_name in the var file, or make the one of "
                f"environment local: local/base_image/build.sh {_BASE}",
            ) from None

    def serving(self, fingerprint: str) -> str:
        """The image with the fingerprint, as repository:tag; empty where there is none."""
        name = f"{REPOSITORY}:{fingerprint}"
        return name if _docker("image", "ls", "--quiet", name).strip() else ""

    def prepare(self, run: str, variables: Variables, public_key: str, tags: Mapping[str, str]) -> dict[str, object]:
        """The variables of Packer for this engine. Nothing is made."""
        # systemd needs a cgroup tree of its own to write on a v2 host, and only to read the host's on a v1 host.
        own_tree = _docker("info", "--format={{.CgroupVersion}}").strip() == "2"
        tree = ("private", "rw") if own_tree else ("host", "ro")
        cgroups = (f"--cgroupns={tree[0]}", f"--volume=/sys/fs/cgroup:/sys/fs/cgroup:{tree[1]}")
        return {"container_options": [*_OPTIONS, *cgroups]}

    def finish(self, run: str, fingerprint: str) -> str:
        """Makes the run's image one that serves, and gives its name.

        :raises ImageError: there is no such image.
        """
        found = self._images(run)
        if len(found) != 1:
            raise ImageError(
                "image_not_made",
                f"run {run} has {len(found)} container images, and should have one. "
                "Look at Packer's output above, and run the same command again",
            )
        _docker("image", "tag", found[0], f"{REPOSITORY}:{fingerprint}")
        return f"{REPOSITORY}:{fingerprint}"

    def leftovers(self, run: str = "") -> list[Leftover]:
        """Containers of bakes, and images that do not serve."""
        label = f"--filter=label={_LABEL}" + (f"={run}" if run else "")
        containers = _docker("container", "ls", "--all", "--quiet", "--no-trunc", label).split()
        found = [Leftover("container", one, _run_of("container", one)) for one in containers]
        for one in self._images(run):
            (image,) = json.loads(_docker("image", "inspect", one))
            if not any(tag.startswith(f"{REPOSITORY}:") for tag in image["RepoTags"] or []):
                found.append(Leftover("container image", one, _run_of("image", one)))
        return found

    def remove(self, leftover: Leftover) -> None:
        """Removes one; what is gone already is no failure."""
        words = ("rm", "--volumes") if leftover.kind == "container" else ("image", "rm")
        try:
            _docker(*words, "--force", leftover.id)
        except ImageError as error:
            if "No such" not in str(error):
                raise

    def _images(self, run: str) -> list[str]:
        label = f"--filter=label={_LABEL}" + (f"={run}" if run else "")
        return sorted(set(_docker("image", "ls", "--quiet", "--no-trunc", label).split()))


def _run_of(kind: str, one: str) -> str:
    return _docker(kind, "inspect", f'--format={{{{index .Config.Labels "{_LABEL}"}}}}', one).strip()


def _docker(*words: str) -> str:
    try:
        # The engine, by its name and without a shell.
        ended = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise ImageError(
            "engine_failed", "there is no program docker. Install it: scripts/engine.sh start bake"
        ) from None
    if ended.returncode:
        raise ImageError("engine_failed", f"docker {' '.join(words[:2])}: {ended.stderr.strip()}")
    return ended.stdout
