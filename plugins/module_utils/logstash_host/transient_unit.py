"""Runs a program as the service would run it, in a transient unit with the properties of the service's own unit.

A process that runs as the service's user outside of the unit would be a way out of the confinement: a confined process
of the same user could follow its entry below /proc (`/proc/PID/root`), or trace it. And a program that is tested
without the confinement passes where the service fails.

The properties are those of the files that systemd will read for the service, copied as drop-ins of the transient unit.
What says which program runs, when, and where its output goes, is left out.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path

from ..logstash.environment import environment_file
from . import overrides, service_manager

PREFIX = "elk-deploy-logstash-test-"
FOLDER = "/run/systemd/system"
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
    """A transient unit like the service's is not to be had on this host; the message says why."""


class ReloadError(Exception):
    """systemd does not read its units again; the message has its words."""


def properties(text):
    """The lines of the section [Service] of a unit file that say what a process may do."""
    section, found = "", []
    for _first, _last, line in overrides.joined_lines(text.splitlines()):
        name = line.partition("=")[0].strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and not NOT_COPIED.fullmatch(name):
            found.append(line)
    return found


def unit_file(root, unit, of_archive):
    """The file that systemd reads for the unit: the first of its folders has it. One of the role's, for an archive,
    counts by its new text alone, ``of_archive``: it is replaced, or goes, before the service is started anew."""
    if of_archive:
        return of_archive
    for folder in overrides.UNIT_FOLDERS:
        lines = overrides.read_lines(overrides.at(root, f"{folder}/{unit}"))
        if lines and not lines[0].startswith(overrides.OWN_HEADER):
            return "\n".join(lines)
    raise NoConfinementError(f"there is no unit {unit} on the host")


def service_files(root, unit, own_drop_in=None, of_archive=""):
    """The texts of the unit and of its drop-ins, in the order in which they count.

    ``own_drop_in`` is the role's that is going to be live, where that is another than now. Raises NoConfinementError.
    """
    paths = {path.rpartition("/")[2]: overrides.at(root, path) for path in overrides.drop_ins(root)}
    if own_drop_in:
        paths[overrides.OWN_DROP_IN] = Path(own_drop_in)
    texts = ["\n".join(overrides.read_lines(paths[name])) for name in sorted(paths)]
    return [unit_file(root, unit, of_archive), *texts]


def quoted(path):
    """A path as a list of paths in a unit has it."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


class TransientUnit:
    """One program in a unit of its own. Use as a context manager, which leaves nothing behind."""

    def __init__(self, run, files, account, seconds, root="/"):
        """``files`` are from ``service_files``; ``seconds`` is when systemd ends the unit, whoever waits for it.

        Raises NoConfinementError.
        """
        if not service_manager.is_running(root):
            raise NoConfinementError("systemd does not run on the host")
        release = service_manager.version(run)
        if release < service_manager.TRANSIENT_UNITS:
            raise NoConfinementError(
                f"its systemd {release or '(of unknown release)'} is older than {service_manager.TRANSIENT_UNITS}, the "
                "first whose transient units suffice"
            )
        self._run, self._files, self._account, self._seconds = run, files, account, seconds
        self._folder = overrides.at(root, FOLDER)
        self.name = f"{PREFIX}{secrets.token_hex(8)}.service"

    def __enter__(self):
        # Only one deployment is at work on a host: whatever there is, a run that was killed has left.
        left = list(self._folder.glob(f"{PREFIX}*.service.d"))
        if left:
            self._run(["systemctl", "stop", f"{PREFIX}*.service"])
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)
        return self

    def __exit__(self, *_error):
        shutil.rmtree(self._folder / f"{self.name}.d", ignore_errors=True)

    def write(self, environment, environment_path, writable):
        """Writes the drop-ins, and the environment for root alone to read. Raises OSError, ReloadError."""
        _write_private(environment_path, environment_file(environment))
        folder = self._folder / f"{self.name}.d"
        folder.mkdir(mode=0o700, parents=True)
        own = [
            f"User={self._account.pw_name}",
            f"Group={self._account.pw_gid}",
            f"EnvironmentFile={str(environment_path).replace('%', '%%')}",
            *[f"ReadWritePaths={quoted(path)}" for path in writable],
            f"RuntimeMaxSec={self._seconds}",
            "TimeoutStopSec=10",
            # The test of a deployment that people wait for.
            "Nice=0",
        ]
        for number, lines in enumerate([*map(properties, self._files), own]):
            _write_private(folder / f"{number:03}.conf", "".join(f"{line}\n" for line in ["[Service]", *lines]))
        # Some releases know only the drop-ins that they saw when they last read their units.
        code, output, errors = self._run(["systemctl", "daemon-reload"])
        if code:
            raise ReloadError(f"systemd does not read its units again: {(errors or output).strip()}")

    def run(self, command):
        """Runs the program; its exit status, and what it printed on both streams."""
        words = ["/bin/sh", "-c", ENDS_WITH_PARENT, "sh", *map(str, command)]
        reader, writer = os.pipe()
        try:
            with subprocess.Popen(  # noqa: S603 - the program is the caller's
                [
                    *["systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit={self.name}"],
                    "--description=Configuration test of Logstash",
                    # In the words of a command, systemd replaces $NAME by itself.
                    *["--", *(word.replace("$", "$$") for word in words)],
                ],
                stdin=reader,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            ) as process:
                os.close(reader)
                reader = None
                output = process.stdout.read()
            return process.returncode, output
        finally:
            os.close(writer)
            if reader is not None:
                os.close(reader)

    def why_not_started(self, code):
        """What an exit status says when it is systemd's own, which could not start the program; empty otherwise."""
        if code not in STATUSES:
            return ""
        return (
            f"systemd could not start the test with the properties of the service's unit ({code}/{STATUSES[code]}), so "
            f"the service would not start either. `journalctl --unit {self.name}` on the host has the property that "
            "fails; logstash_unit_hardening set to false leaves the role's out"
        )


def _write_private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
