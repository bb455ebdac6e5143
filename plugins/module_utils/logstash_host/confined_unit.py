"""Runs a program as the service would run it, in a unit of its own with the properties of the service's.

A process that runs as the service's user outside of the unit would let others escape the confinement: a confined
process of the same user could follow its entry below /proc (`/proc/PID/root`), or trace it. And a program that is
tested without the confinement passes where the service fails.

The properties are those of the files that systemd will read for the service, copied in their order. What says which
program runs, when, and where its output goes, is left out. The unit is a file below /run, which ends with a boot, and
not made by systemd-run: before release 252 a unit of that kind takes no properties from files, and on a command line
everybody would read them.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .. import atomic_files
from ..logstash.environment import environment_file
from . import overrides, service_manager
from .service_manager import Run

PREFIX = "elk-deploy-logstash-test-"
UNITS = "/run/systemd/system"
PLACES = "/run/elk-deploy"
# How systemd says that a process ended by itself, and what a shell adds to the number of a signal.
EXITED = "1"
OF_SIGNALS = 128
TIMED_OUT = 124
# Directives of [Service] that are about what runs, rather than about what it may do.
NOT_COPIED = re.compile(
    r"Type|Exec\w*|Restart\w*|RemainAfterExit|PIDFile|GuessMainPID|BusName|NotifyAccess|Timeout\w+|Runtime\w+|Watchdog\w+|"
    r"FailureAction|SuccessAction|StartLimit\w+|SuccessExitStatus|KillMode|KillSignal|SendSIGKILL|Standard\w+|TTY\w*|"
    r"Sockets|FileDescriptorStore\w+|OpenFile|EnvironmentFile|User|Group|DynamicUser|Root(Directory|Image)\w*|Nice"
)
# Ends the program as soon as the other end of its input is closed, which the kernel does when this process is gone.
ENDS_WITH_PARENT = 'exec 3<&0; "$@" </dev/null 3<&- & program=$!; { read -r _ <&3; kill "$program"; } & wait "$program"'
# How systemd ends what it could not start, by its status.
STATUSES = {
    200: "CHDIR",
    203: "EXEC",
    214: "SETSCHEDULER",
    216: "GROUP",
    217: "USER",
    218: "CAPABILITIES",
    219: "CGROUP",
    226: "NAMESPACE",
    228: "SECCOMP",
    233: "RUNTIME_DIRECTORY",
    238: "STATE_DIRECTORY",
    240: "LOGS_DIRECTORY",
    243: "CREDENTIALS",
}


class NoConfinementError(Exception):
    """This host cannot run a transient unit like the service's; the message says why."""


class ReloadError(Exception):
    """systemd does not read its units again; the message has its words."""


def properties(text: str) -> list[str]:
    """The lines of the section [Service] of a unit file that say what a process may do."""
    section, found = "", []
    for _first, _last, line in overrides.joined_lines(text.splitlines()):
        name = line.partition("=")[0].strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and not NOT_COPIED.fullmatch(name):
            found.append(line)
    return found


def unit_file(root: str | Path, unit: str, of_archive: str) -> str:
    """The file that systemd reads for the unit: the first of its folders has it. One of the role's, for an archive,
    counts by its new text alone, ``of_archive``: it is replaced, or goes, before the service is restarted."""
    if of_archive:
        return of_archive
    for folder in overrides.UNIT_FOLDERS:
        lines = overrides.read_lines(overrides.at(root, f"{folder}/{unit}"))
        if lines and not lines[0].startswith(overrides.OWN_HEADER):
            return "\n".join(lines)
    raise NoConfinementError(f"there is no unit {unit} on the host")


def service_files(
    root: str | Path, unit: str, own_drop_in: str | Path | None = None, of_archive: str = ""
) -> list[str]:
    """The texts of the unit and of its drop-ins, in the order in which they count.

    ``own_drop_in`` is the role's that is going to be live, where that is another than now. Raises NoConfinementError.
    """
    paths = {path.rpartition("/")[2]: overrides.at(root, path) for path in overrides.drop_ins(root)}
    if own_drop_in:
        paths[overrides.OWN_DROP_IN] = Path(own_drop_in)
    texts = ["\n".join(overrides.read_lines(paths[name])) for name in sorted(paths)]
    return [unit_file(root, unit, of_archive), *texts]


def quoted(word: object) -> str:
    """A word as a unit has it."""
    return '"' + str(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


class ConfinedUnit:
    """One program in a unit of its own. Use as a context manager, which leaves nothing behind."""

    def __init__(
        self, run: Run, files: Sequence[str], account: pwd.struct_passwd, seconds: int, root: str | Path = "/"
    ) -> None:
        """``files`` are from ``service_files``; ``seconds`` is when systemd ends the unit, whoever waits for it.

        Raises NoConfinementError.
        """
        if not service_manager.is_running(root):
            raise NoConfinementError("systemd does not run on the host")
        release = service_manager.version(run)
        if release < service_manager.OUTPUT_TO_FILES:
            raise NoConfinementError(
                f"its systemd {release or '(of unknown release)'} is older than {service_manager.OUTPUT_TO_FILES}, the "
                "first that hands over what a unit prints"
            )
        self._run, self._files, self._account, self._seconds = run, files, account, seconds
        self._units, self._places = overrides.at(root, UNITS), overrides.at(root, PLACES)
        self.name = f"{PREFIX}{secrets.token_hex(8)}.service"
        # For root alone: systemd opens what is in it before the program has its user. Not on the volume of the test,
        # which may be full: what is printed would say so.
        self._place = self._places / self.name

    def __enter__(self) -> ConfinedUnit:
        # Only one deployment is at work on a host: whatever there is, a run that was killed has left.
        left = [*self._units.glob(f"{PREFIX}*"), *self._places.glob(f"{PREFIX}*")]
        if left:
            service_manager.control(self._run, "stop", f"{PREFIX}*.service")
            service_manager.control(self._run, "reset-failed", f"{PREFIX}*.service")
        for path in left:
            _remove(path)
        return self

    def __exit__(self, *_error: object) -> None:
        service_manager.control(self._run, "reset-failed", self.name)
        _remove(self._units / self.name)
        _remove(self._place)

    def run(
        self, command: Iterable[str | Path], environment: Mapping[str, str], writable: Iterable[str | Path]
    ) -> tuple[int, str]:
        """Runs a program that may write to ``writable``, too; its exit status, and what it printed on both streams.

        Raises OSError, ReloadError.
        """
        self._place.mkdir(mode=0o700, parents=True)
        os.mkfifo(self._place / "input", 0o600)
        atomic_files.create(self._place / "output", "")
        atomic_files.create(self._place / "environment", environment_file(environment))
        atomic_files.create(self._units / self.name, "\n".join([*self._lines(command, writable), ""]))
        code, said = service_manager.control(self._run, "daemon-reload")
        if code:
            raise ReloadError(f"systemd does not read its units again: {said.strip()}")
        # For reading too, which waits for nobody.
        held = os.open(self._place / "input", os.O_RDWR)
        try:
            code, said = service_manager.control(self._run, "start", self.name)
            status = self._status() if code else 0
        finally:
            os.close(held)
        printed = (self._place / "output").read_text(encoding="utf-8", errors="replace")
        # systemd may refuse the unit as a whole.
        return (status or code), printed if status or not code else printed + said

    def _lines(self, command: Iterable[str | Path], writable: Iterable[str | Path]) -> list[str]:
        words = ["/bin/sh", "-c", ENDS_WITH_PARENT, "sh", *map(str, command)]
        place = str(self._place).replace("%", "%%")
        return [
            "[Unit]",
            "Description=Configuration test of Logstash",
            "[Service]",
            *[line for text in self._files for line in properties(text)],
            # With it, a start ends when the program does.
            "Type=oneshot",
            f"User={self._account.pw_name}",
            f"Group={self._account.pw_gid}",
            f"EnvironmentFile={place}/environment",
            *[f"ReadWritePaths={quoted(path)}" for path in writable],
            f"StandardInput=file:{place}/input",
            f"StandardOutput=file:{place}/output",
            "StandardError=inherit",
            f"ExecStart={' '.join(quoted(word).replace('$', '$$') for word in words)}",
            f"TimeoutStartSec={self._seconds}",
            "TimeoutStopSec=10",
            # People wait for it.
            "Nice=0",
        ]

    def _status(self) -> int:
        """The exit status of a unit that failed, as a shell would give it."""
        found = service_manager.show(self._run, self.name, "Result", "ExecMainCode", "ExecMainStatus")
        if found.get("Result") == "timeout":
            return TIMED_OUT
        status = int(found.get("ExecMainStatus") or 0)
        return status if found.get("ExecMainCode") == EXITED else status + OF_SIGNALS if status else 0

    def why_not_started(self, code: int) -> str:
        """What an exit status says when it is systemd's own, which could not start the program; empty otherwise."""
        if code not in STATUSES:
            return ""
        return (
            f"systemd could not start the test with the properties of the service's unit ({code}/{STATUSES[code]}), so "
            f"the service would not start either. `journalctl --unit {self.name}` on the host has the property that "
            "fails; logstash_unit_hardening set to false leaves the role's out"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
