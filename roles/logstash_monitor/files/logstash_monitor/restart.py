"""``logstash_monitor restart``: what root does when the monitor asks for a restart of Logstash.

The request comes from an unprivileged user, so it is only taken as an occasion: whether restarts are on, how many there
were, and whether the pipeline still stalls is looked up anew. Before the restart, what the next person needs is saved:
statistics, what the threads do, and the log's end. That is done as well when the node API does not answer.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import judge, samples
from .clock import Clock, iso
from .config import Config, load
from .errors import MonitorError, NodeApiError, RestartRefusedError, SampleError
from .node_api import NodeApi
from .progress import SHORTEST_STALL
from .restart_request import NAME

EVIDENCE = Path("/var/lib/logstash-monitor-evidence")
# When there were restarts, in seconds since 1970.
TIMES = "restarts.json"
KEPT = 10
# Only of the moment: an old one says nothing of now.
REQUEST_SECONDS = 300.0
_MOST_REQUEST_BYTES = 1 << 16
_LOG_BYTES = 256 << 10
# How long Java may take to write what its threads do.
_DUMP_SECONDS = 3.0
_COMMAND_SECONDS = 30

_log = logging.getLogger(__name__)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Restart:
    """One request, from reading it to the restart.

    :param run: as ``subprocess.run``; tests have their own.
    :param kill: as ``os.kill``.
    """

    def __init__(  # noqa: PLR0913 - all that waits or is outside
        self,
        config: Config,
        api: NodeApi,
        clock: Clock,
        *,
        evidence: Path = EVIDENCE,
        run: Run = subprocess.run,
        kill: Callable[[int, int], None] = os.kill,
        sleep: Callable[[float], None] = time.sleep,
        proc: Path = Path("/proc"),
    ) -> None:
        self._config, self._api, self._clock, self._evidence = config, api, clock, evidence
        self._run, self._kill, self._sleep, self._proc = run, kill, sleep, proc
        self._request = config.state / NAME

    def act(self) -> Path | None:
        """Restarts Logstash, if there is a request and it is right. Returns where the evidence is; None without one.

        :raises RestartRefusedError: it is not right, or there were enough restarts.
        """
        request = self._take_request()
        if request is None:
            return None
        self._check_limits(request)
        self._check_stall(str(request["pipeline"]))
        folder = self._save(request)
        # Counted before it is done: what cannot be counted could be done for ever.
        self._count()
        self._systemctl("restart", self._config.service)
        _log.warning("Restarted %s. What there was before is in %s", self._config.service, folder)
        return folder

    def _take_request(self) -> dict[str, Any] | None:
        """Reads and removes the request. The directory is another user's, so that the file may be anything."""
        try:
            handle = os.open(self._request, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._remove()
            raise RestartRefusedError(f"{self._request} cannot be read: {error.strerror}.") from None
        try:
            found = os.fstat(handle)
            content = os.read(handle, _MOST_REQUEST_BYTES) if stat.S_ISREG(found.st_mode) else b""
        finally:
            os.close(handle)
        self._remove()
        try:
            request = json.loads(content)
            if not isinstance(request["pipeline"], str):
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RestartRefusedError(f"{self._request} is no request of the monitor's.") from None
        age = self._clock.wall() - found.st_mtime
        if not -REQUEST_SECONDS < age < REQUEST_SECONDS:
            raise RestartRefusedError(f"The request is {age:.0f} s old, expected less than {REQUEST_SECONDS:.0f} s.")
        return {name: str(request.get(name, ""))[:2000] for name in ("time", "pipeline", "since", "reason")}

    def _remove(self) -> None:
        try:
            os.unlink(self._request)
        except IsADirectoryError:
            raise RestartRefusedError(f"{self._request} is a directory. Remove it.") from None
        except FileNotFoundError:
            return

    def _check_limits(self, request: dict[str, Any]) -> None:
        limit = self._config.restart
        if not limit.enabled:
            raise RestartRefusedError("Restarts are off: logstash_monitor's restart.enabled is false.")
        if request["pipeline"] not in self._config.pipelines:
            raise RestartRefusedError(
                f"Pipeline {request['pipeline']!r} is none of this host's: {', '.join(self._config.pipelines)}."
            )
        times = self._times()
        if len(times) >= limit.at_most:
            raise RestartRefusedError(
                f"Logstash was restarted {len(times)} times within {limit.within:.0f} s, which is what restart.at_most "
                f"allows. Pipeline {request['pipeline']} still stalls: {request['reason']}"
            )

    def _times(self) -> list[float]:
        """The restarts that count. A file that cannot be read allows none: it may hide how many there were."""
        path = self._evidence / TIMES
        try:
            times = [float(one) for one in json.loads(path.read_bytes())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            raise RestartRefusedError(f"{path} cannot be read: {error}. Look at it, and remove it.") from None
        # Those from a clock that was wrong count, too.
        return [one for one in times if self._clock.wall() - one < self._config.restart.within]

    def _check_stall(self, pipeline: str) -> None:
        """Looks thrice. A node API that does not answer proves nothing against a stall that the monitor has proven."""
        taken = [self._sample()]
        for _ in range(2):
            # Within less, nothing is called a stall.
            self._sleep(max(self._config.interval, SHORTEST_STALL))
            taken.append(self._sample())
        if not all(one.reachable for one in taken):
            return
        try:
            verdicts = {one.pipeline: one for one in judge.judge(taken, self._config.pipelines)}
        except SampleError as error:
            raise RestartRefusedError(f"The stall cannot be looked at: {error.message}") from None
        found = verdicts.get(pipeline)
        if not found or found.verdict != "stalled":
            raise RestartRefusedError(
                f"Pipeline {pipeline} does not stall now: {found.verdict if found else 'not there'}. "
                f"{found.reason if found else ''}".strip()
            )

    def _sample(self) -> samples.Sample:
        now = self._clock.monotonic()
        try:
            return samples.read(self._api.stats(), now)
        except (NodeApiError, SampleError) as error:
            return samples.unreachable(now, error.message)

    # -- evidence

    def _save(self, request: dict[str, Any]) -> Path:
        name = iso(self._clock.wall()).replace(":", "-")
        folder = self._evidence / name
        try:
            self._evidence.mkdir(mode=0o700, exist_ok=True)
            self._evidence.chmod(0o700)
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise RestartRefusedError(
                f"{folder} cannot be made: {error.strerror}. Nothing could be saved, so Logstash goes on as it is."
            ) from None
        missing = []
        for file, collect in {
            "request.json": lambda: json.dumps(request, indent=1).encode(),
            "node_stats.json": self._api.raw_stats,
            "hot_threads.txt": self._api.hot_threads,
            "threads.txt": self._thread_dump,
            "logstash.log": self._log_end,
            "service.txt": self._service_state,
        }.items():
            try:
                _write(folder / file, collect())
            except (MonitorError, OSError, subprocess.SubprocessError) as error:
                missing.append(f"{file}: {error}")
        if missing:
            try:
                _write(folder / "missing.txt", "\n".join([*missing, ""]).encode())
            except OSError:
                _log.warning("Not saved: %s", "; ".join(missing))
        self._forget_old()
        return folder

    def _thread_dump(self) -> bytes:
        """The stacks of all threads, which Java writes to its output when it gets SIGQUIT.

        The signal ends a process that does not handle it. So it is only sent to a program named java that does, as the
        kernel says; a Java that runs with -Xrs does not. It works when the node API hangs, too.
        """
        pid = int(self._systemctl("show", "--property", "MainPID", "--value", self._config.service) or 0)
        if not pid or not self._takes_sigquit(pid):
            raise RestartRefusedError(
                "the service's main process is no Java that takes SIGQUIT; its threads were not asked for"
            )
        since = f"@{int(self._clock.wall())}"
        self._kill(pid, signal.SIGQUIT)
        self._sleep(_DUMP_SECONDS)
        return self._output(
            "journalctl", "--quiet", "--no-pager", "--output=cat", f"--unit={self._config.service}", f"--since={since}"
        ).encode()

    def _takes_sigquit(self, pid: int) -> bool:
        home = self._proc / str(pid)
        try:
            program = os.readlink(home / "exe")
            lines = (home / "status").read_text(encoding="utf-8", errors="replace").splitlines()
            caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
        except (OSError, StopIteration, ValueError, IndexError):
            return False
        return Path(program).name == "java" and bool(caught >> (signal.SIGQUIT - 1) & 1)

    def _log_end(self) -> bytes:
        with open(self._config.log_file, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _LOG_BYTES))
            return stream.read(_LOG_BYTES)

    def _service_state(self) -> bytes:
        return self._output("systemctl", "status", "--no-pager", "--full", "--lines=50", self._config.service).encode()

    def _forget_old(self) -> None:
        folders = sorted(one for one in self._evidence.iterdir() if one.is_dir() and not one.is_symlink())
        for old in folders[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    # -- the restart

    def _count(self) -> None:
        times = [*self._times(), self._clock.wall()]
        path = self._evidence / TIMES
        draft = path.with_name(TIMES + ".new")
        try:
            _write(draft, json.dumps(times).encode())
            os.replace(draft, path)
        except OSError as error:
            raise RestartRefusedError(
                f"{path} cannot be written: {error.strerror}. What is not counted could go on for ever, so Logstash is "
                "not restarted."
            ) from None

    def _systemctl(self, *words: str) -> str:
        command = ["systemctl", *words]
        # A stop may last as long as the unit lets it: it ends with a kill.
        seconds = None if words[0] == "restart" else _COMMAND_SECONDS
        done = self._run(command, capture_output=True, text=True, timeout=seconds, env=_environment(), check=False)
        if done.returncode:
            raise RestartRefusedError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout.strip()

    def _output(self, *command: str) -> str:
        done = self._run(
            list(command),
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            env=_environment(),
            check=False,
            errors="replace",
        )
        return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def _write(path: Path, content: bytes) -> None:
    """A file for root alone, that is not there yet or was root's."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(handle)


def main(arguments: Sequence[str]) -> int:
    """The command line -> 0: restarted, or nothing to do; 1: refused; 2: the configuration is wrong."""
    parser = argparse.ArgumentParser(prog="logstash_monitor restart", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        config = load(options.config)
    except MonitorError as error:
        _log.error("%s", error)
        return 2
    try:
        Restart(config, NodeApi(config.api), Clock()).act()
    except RestartRefusedError as error:
        _log.error("%s", error)
        return 1
    return 0
