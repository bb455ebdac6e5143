"""The variables of packer/, read by Packer itself: defaults, var files and validation are its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ImageError
from .key import make_key

_NAMES = (
    "builder",
    "distribution",
    "architecture",
    "base_image_owners",
    "base_image_name",
    "vpc_id",
    "subnet_id",
    "ssh_cidrs",
    "ssh_port",
    "root_volume_size",
    "root_volume_type",
    "kms_key",
    "tags",
)


@dataclass(frozen=True)
class Variables:
    """What a var file and the defaults decide, as far as a bake needs it; packer/variables.pkr.hcl describes each."""

    builder: str
    distribution: str
    architecture: str
    base_image_owners: list[str]
    base_image_name: str
    vpc_id: str
    subnet_id: str
    ssh_cidrs: list[str]
    ssh_port: int
    root_volume_size: int
    root_volume_type: str
    kms_key: str
    tags: dict[str, str]

    @property
    def disk(self) -> dict[str, Any]:
        """What makes another image of the same content."""
        if self.builder == "docker":
            return {}
        return {"size": self.root_volume_size, "type": self.root_volume_type, "key": self.kms_key}


class Packer:
    """The program packer, of whatever release is installed, at work on the folder packer/.

    :param root: the checkout.
    :param var_files: later ones stand above earlier ones.
    :param given: variables that stand above those of the files.
    :param environment: of its process, besides this one's.
    """

    def __init__(
        self, root: Path, var_files: Sequence[Path], given: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        self._root = root
        self._given = dict(given)
        self._var_files = [str(file) for file in var_files]
        # It neither asks for a newer release nor colours what is read by a program.
        self._environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "PACKER_NO_COLOR": "1", **environment}

    def _command(self, verb: str, given: Mapping[str, str], *options: str) -> list[str]:
        files = (f"-var-file={file}" for file in self._var_files)
        above = (f"-var={name}={value}" for name, value in {**self._given, **given}.items())
        return ["packer", verb, *files, *above, *options, "packer"]

    def read(self) -> Variables:
        """The variables as Packer has them.

        :raises ImageError: Packer refuses a value; the message is Packer's.
        """
        # The console alone validates nothing, and the validation wants a value for what a bake finds later.
        later = {"base_image": "unknown"}
        with make_key() as key_file:
            self._run(self._command("validate", {**later, "key_file": str(key_file)}))
        fields = ", ".join(f"{name} = var.{name}" for name in _NAMES)
        said = self._run(self._command("console", later), f"jsonencode({{{fields}}})\n")
        found = json.loads(said[said.index("{") :])
        return Variables(**found)

    def build(self, variables: Path, builder: str) -> subprocess.Popen[str]:
        """Starts a build, in a process group of its own; its standard output has the errors as well.

        :param variables: a file that stands above the others.
        """
        return subprocess.Popen(  # noqa: S603 - no shell
            self._command("build", {}, f"-var-file={variables}", "-color=false", f"-only={builder}.image"),
            cwd=self._root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )

    def _run(self, command: list[str], stdin: str = "") -> str:
        ended = subprocess.run(  # noqa: S603 - no shell
            command, cwd=self._root, input=stdin, env=self._environment, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            said = (ended.stdout + ended.stderr).strip()
            raise ImageError(
                "image_settings_invalid",
                f"Packer cannot use the values of {', '.join(self._var_files)}:\n{said}\n"
                "packer/variables.pkr.hcl says of each variable what it may be. Correct the file.",
            )
        return ended.stdout
