"""Runs the bundle's playbook on this host: the same one as over SSH."""

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from .bundle import Bundle
from .errors import AS_LONG_AS_THERE_IS_TIME, BadBundleError, DeploymentError, PythonError
from .paths import Paths
from .processes import Command
from .report import save
from .retrying import Deadline
from .settings import InstanceSettings

# The last file of a complete virtual environment; role logstash_instance writes it, too.
COMPLETE = ".complete"
REQUIREMENTS = "requirements-instance.txt"
_MOST_REASON = 4000
_BAKE = (
    "Bake an image with the toolkit that made the bundle, or run `make bundle` with wheels for the image's Python and "
    "architecture."
)

# What fails for what may pass by the next run: a repository, a queue of AWS's requests, the network.
_PASSING_CODES = {"package_failed", "repository_key_not_fetched", "aws_request_failed"}
_PASSING_WORDS = re.compile(
    r"Throttl|Rate exceeded|RequestLimitExceeded|SlowDown|Could not connect to the endpoint|ConnectTimeout|"
    r"Read timeout|Connection (?:reset|refused|timed out|was closed)|Temporary failure in name resolution|"
    r"Unable to locate credentials|InternalFailure|ServiceUnavailable"
)
# As Ansible prints an error, up to where the task is.
_ERROR = re.compile(r"(?ms)^\[ERROR\]: (.*?)(?=^Origin: |^<<< caused by|^fatal: |^PLAY RECAP|^\[[A-Z ]+\]: |\Z)")
_CODE = re.compile(r"\[([a-z]+(?:_[a-z0-9]+)+)\] ")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deployment:
    """:param hostname: as the inventory shall have it."""

    bundle: Bundle
    settings: InstanceSettings
    hostname: str
    region: str
    paths: Paths

    def run(self, deadline: Deadline, meanwhile: Callable[[], None]) -> None:
        """Runs the playbook once; ``meanwhile`` is called about once a second.

        :raises PythonError: the virtual environment could not be made.
        :raises DeploymentError: the playbook failed, with the code and the text of its own message.
        :raises DeadlineError: the time was over.
        """
        python = python_of(self.bundle, self.paths, deadline)
        save(self.paths.inventory, self.inventory())
        self.paths.log.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with open(os.open(self.paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), "ab") as log:
            os.fchmod(log.fileno(), 0o640)
            command = Command(self.arguments(python), self.bundle.path / "toolkit", self.environment(python))
            log.write(f"{' '.join(command.arguments)}\n".encode())
            ended = command.run(log, deadline, meanwhile)
        if ended.status != 0:
            raise failure(ended.output, ended.status)
        if not re.search(rf"(?m)^{re.escape(self.hostname)}\s+: ok=[1-9]", ended.output):
            raise DeploymentError(
                f"The playbook has nothing for host {self.hostname} in group {self.settings.layer}. Is it a layer "
                "of the plays in the bundle?"
            )

    def inventory(self) -> dict[str, object]:
        """This host in the group of its layer, whose queue goes with it. JSON is YAML, too."""
        host = {
            "ansible_connection": "local",
            # Groups of the inventory may say how their hosts are reached; this one is here.
            "ansible_host": "localhost",
            "ansible_python_interpreter": "/usr/bin/python3",
            "drain_queue_on_stop": True,
            "logstash_first_boot": True,
        }
        return {"all": {"children": {self.settings.layer: {"hosts": {self.hostname: host}}}}}

    def arguments(self, python: Path) -> list[str]:
        """The command line; nothing in it is secret."""
        return [
            str(python / "bin/ansible-playbook"),
            *("-i", f"inventories/{self.settings.environment}"),
            *("-i", str(self.paths.inventory)),
            *("--limit", self.hostname),
            "playbooks/logstash.yml",
            *("-e", "@../extra_vars.json"),
        ]

    def environment(self, python: Path) -> dict[str, str]:
        """This process's, with what Ansible needs."""
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        path = os.environ.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region} if self.region else {}
        return {
            **own,
            **region,
            "PATH": f"{python}/bin:{path}",
            "HOME": os.environ.get("HOME", "/root"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "ANSIBLE_HOME": str(self.paths.ansible_home),
            "ANSIBLE_COLLECTIONS_PATH": "../collections",
            "ANSIBLE_NOCOLOR": "1",
            # Arguments of modules would go to the journal otherwise.
            "ANSIBLE_NO_TARGET_SYSLOG": "1",
        }


def failure(output: str, status: int) -> DeploymentError:
    """The error of a failed playbook, with the message that Ansible gave last."""
    messages = _ERROR.findall(output)
    reason = messages[-1].strip() if messages else "\n".join(output.splitlines()[-10:])
    reason = re.sub(r"^(?:(?:Task|Action|Module) failed: )+|\n+Task failed[^\n]*\Z", "", reason)
    # What was done about a failure comes before the failure itself, which has the code.
    codes = _CODE.findall(reason)
    origins = re.findall(r"(?m)^Origin: (\S+)", output.rpartition("[ERROR]: ")[2])
    if origins and not codes:
        reason += f" ({origins[0]})"
    passes = _PASSING_WORDS.search(reason) or set(codes) & _PASSING_CODES
    return DeploymentError(
        reason[:_MOST_REASON] or f"ansible-playbook ended with status {status} and said nothing.",
        codes[0] if codes else DeploymentError.code,
        retry_seconds=AS_LONG_AS_THERE_IS_TIME if passes else 0,
    )


def python_of(bundle: Bundle, paths: Paths, deadline: Deadline) -> Path:
    """The virtual environment with what the bundle needs: the image's, or one made now from the bundle's wheels.

    :raises BadBundleError: the requirements are not those that the manifest names.
    :raises PythonError: it could not be made.
    """
    requirements = bundle.path / REQUIREMENTS
    wanted = bundle.manifest.requirements
    try:
        found = sha256(requirements.read_bytes()).hexdigest()
    except OSError as error:
        raise BadBundleError(f"{requirements} cannot be read: {error.strerror}. Run `make bundle` again.") from None
    if found != wanted:
        raise BadBundleError(f"{requirements}: SHA-256 {found}, its manifest says {wanted}. Run `make bundle` again.")
    python = paths.pythons / wanted[:16]
    if (python / COMPLETE).is_file():
        return python
    _log.info("The image has no Python for the requirements %s: making it from the bundle's wheels.", wanted[:16])
    # A virtual environment cannot be renamed: its programs name their interpreter.
    shutil.rmtree(python, ignore_errors=True)
    base = getattr(sys, "_base_executable", "") or sys.executable
    pip = [
        str(python / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-cache-dir",
    ]
    wheels = ["--no-index", "--find-links", str(bundle.path / "wheels"), "--require-hashes", "-r", str(requirements)]
    for command in ([base, "-m", "venv", str(python)], [*pip, *wheels]):
        _run(command, deadline)
    (python / COMPLETE).write_text(f"{wanted}\n", encoding="ascii")
    return python


def _run(command: list[str], deadline: Deadline) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - this program's own
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=deadline.left()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PythonError(f"{command[0]}: {error}. {_BAKE}") from None
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[-1000:]
        raise PythonError(f"{' '.join(command[:4])} ended with status {done.returncode}: {said}. {_BAKE}")
