"""Logstash on this instance: its service, as systemd runs it, and where it keeps its queues."""

import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .errors import ServiceError

UNIT = "logstash.service"
SETTINGS = Path("/etc/logstash/logstash.yml")
# A reboot takes it away. Its name comes after that of the role's drop-in, elk-deploy.conf: the last value counts.
DROP_IN = Path("/run/systemd/system/logstash.service.d/zz-elk-termination.conf")
# As long as the file is there, nothing starts the service again: no deployment, no person, no Restart=.
_CONTENT = """\
# Written by elk-termination: this instance goes away.
[Unit]
ConditionPathExists=!{path}
[Service]
TimeoutStopSec={seconds}
"""
_SYSTEMCTL_SECONDS = 30


class Directories(NamedTuple):
    """Where queues and dead letter queues are: one directory in each for a pipeline."""

    queue: Path
    dead_letter_queue: Path

    @classmethod
    def of(cls, settings: Path = SETTINGS) -> "Directories":
        """Those that a logstash.yml names, or Logstash's own.

        :raises ServiceError: the file cannot be read, or has a path with a variable in it.
        """
        try:
            given = _flat(yaml.safe_load(settings.read_text(encoding="utf-8")) or {})
        except (OSError, UnicodeError, yaml.YAMLError, AttributeError) as error:
            raise ServiceError(f"{settings} cannot be read: {error}. Expected Logstash's settings.") from None
        data = given.get("path.data") or "/var/lib/logstash"
        found = cls(
            Path(given.get("path.queue") or f"{data}/queue"),
            Path(given.get("path.dead_letter_queue") or f"{data}/dead_letter_queue"),
        )
        for path in found:
            if "${" in str(path) or not path.is_absolute():
                raise ServiceError(
                    f"{settings}: {path} is no absolute path. Variables are not replaced here; write the path itself."
                )
        return found


class LogstashService:
    """The service, by systemctl.

    :param run: as ``subprocess.run``; tests have their own.
    """

    def __init__(self, run: Any = subprocess.run, drop_in: Path = DROP_IN) -> None:
        self._run, self._drop_in = run, drop_in

    def is_running(self) -> bool:
        """Whether there is a process, or one is about to be started."""
        return self._systemctl("show", "--property", "ActiveState", "--value", UNIT) not in ("inactive", "failed")

    def limit_stop(self, seconds: float) -> None:
        """Lets a stop last so long before systemd kills the process, and the service not start again.

        :raises ServiceError: it could not be written.
        """
        try:
            self._drop_in.parent.mkdir(parents=True, exist_ok=True)
            self._drop_in.write_text(
                _CONTENT.format(path=self._drop_in, seconds=max(1, int(seconds))), encoding="utf-8"
            )
        except OSError as error:
            raise ServiceError(f"{self._drop_in} cannot be written: {error}.") from None
        self._systemctl("daemon-reload")

    def stop(self, *, wait_seconds: float = 0) -> None:
        """Asks it to end (SIGTERM), and does not wait for it, or only so long."""
        if wait_seconds:
            self._systemctl("stop", UNIT, seconds=wait_seconds)
        else:
            self._systemctl("stop", "--no-block", UNIT)

    def start(self) -> None:
        """Starts it. Raises ServiceError."""
        self._systemctl("start", UNIT)

    def kill(self) -> None:
        """Ends its processes at once (SIGKILL)."""
        self._systemctl("kill", "--signal=KILL", UNIT)

    def _systemctl(self, *arguments: str, seconds: float = _SYSTEMCTL_SECONDS) -> str:
        command = ["systemctl", *arguments]
        try:
            done = self._run(
                command, capture_output=True, text=True, timeout=seconds, env={**os.environ, "LC_ALL": "C"}, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServiceError(f"{' '.join(command)}: {error}.") from None
        if done.returncode:
            raise ServiceError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return str(done.stdout).strip()


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Logstash takes `path.queue` and `path: {queue: ...}`."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
