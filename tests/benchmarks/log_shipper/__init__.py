"""The log shipper: its start; its parser alone; a gzip file to a sink on loopback, against other designs.

Those are the classic one in Node, the plain one in Python, and Elastic's serverless forwarder, if
``LOG_SHIPPER_BENCH_FORWARDER`` names a checkout of it, whose ``.venv`` has what it requires. It sends the lines raw.
``LOG_SHIPPER_BENCH_MB=500`` measures long logs too; without it the longest has 64 MB.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.log_shipper import samples, start
from tests.benchmarks.measure import Row, seconds, show

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "lambda"
ROUNDS = 3
PARSING_SIZE = 4 * 1024 * 1024
UNUSUAL_SIZE = 32 * 1024 * 1024
PIPELINE_SIZE = 128 * 1024 * 1024
"""So much that the starts of the processes hardly count, neither ours nor Node's."""


class Sink:
    """Takes everything that arrives on loopback and answers what HTTP wants; in a process of its own."""

    def __init__(self, protocol: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, HERE / "sink.py", protocol], stdout=subprocess.PIPE, text=True
        )
        self.port = self._process.stdout.readline().strip()
        self.url = f"{protocol}://127.0.0.1:{self.port}/"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


class Measured(NamedTuple):
    """A run of a whole process: seconds by the clock, seconds of the processor, and its peak of memory in MB."""

    clock: float
    processor: float
    memory: float


def _run(command: list[object]) -> Measured:
    done = subprocess.run(
        [sys.executable, "-I", "-S", HERE / "launch.py", *map(str, command)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Measured(*map(float, done.stdout.split()))


def _best(*commands: list[object], rounds: int = ROUNDS) -> list[Measured]:
    """Of each command the shortest times and the largest memory; in turn, so that a busy machine is busy for all."""
    found = zip(*[[_run(command) for command in commands] for _ in range(rounds)], strict=True)
    return [
        Measured(min(run.clock for run in runs), min(run.processor for run in runs), max(run.memory for run in runs))
        for runs in found
    ]


def _ours(path: Path, sink: Sink) -> list[object]:
    return [sys.executable, "-m", "elb_log_shipper", "ship", path, "--to", sink.url]


def run() -> None:
    start.run()
    longest = int(os.environ.get("LOG_SHIPPER_BENCH_MB", "64"))
    with tempfile.TemporaryDirectory() as directory:
        _parsing()
        tcp, http = Sink("tcp"), Sink("http")
        try:
            _pipelines(Path(directory), tcp, http)
            _designs(Path(directory), tcp, http)
            _unusual(Path(directory), tcp)
            _sizes(Path(directory), tcp, longest)
        finally:
            tcp.close()
            http.close()


def _parsing() -> None:
    """In this process, processor time: the encoder against the careful parser alone."""
    sys.path.insert(0, str(SOURCE))
    from elb_log_shipper.events import Context, Encoder  # noqa: PLC0415 - not on the path before
    from elb_log_shipper.events.lines import CHUNK_BYTES, blocks  # noqa: PLC0415

    def encode(data: bytes, **options: bool) -> None:
        encoder = Encoder(Context("web", "prod", "shop"), object_name="a.log", **options)
        for block in blocks(data[place : place + CHUNK_BYTES] for place in range(0, len(data), CHUNK_BYTES)):
            encoder.encode(block)

    rows = []
    for kind in samples.MAKERS:
        data = next(samples.lines(kind, PARSING_SIZE))
        fast, careful = seconds(lambda data=data: encode(data), lambda data=data: encode(data, fast=False), rounds=1)
        count = data.count(b"\n")
        rows.append(Row(f"{kind}: kernel against careful parser", fast, careful, f"{count / fast:,.0f} lines/s"))
    show("Parse and encode alone", rows)


def _pipelines(directory: Path, tcp: Sink, http: Sink) -> None:
    node = shutil.which("node")
    if not node:
        print("There is no node on this machine: no comparison with it.")
    table = Table(title="Whole pipeline: gzip file to a sink on loopback, one process each", title_justify="left")
    for name in ("log", "lines/s", "Node", "times Node", "aim", "by processor", "HTTP of TCP", "aim", "MB", "MB Node"):
        table.add_column(name, justify="right")
    table.add_column("of varied", justify="right")
    for kind, aim in (("Classic", "3.0"), ("ALB", "5.5")):
        varied = 0.0
        for variety in ("varied", "repeated"):
            path = directory / f"{kind}.log.gz"
            count = samples.write(path, kind, PIPELINE_SIZE, variety)
            commands = [_ours(path, tcp), _ours(path, http)]
            if node:
                commands.append([node, HERE / "baseline.js", path, "127.0.0.1", tcp.port])
            ours, over_http, *rest = _best(*commands)
            theirs = rest[0] if rest else Measured(*[float("nan")] * 3)
            speed = count / ours.clock
            varied = varied or speed
            table.add_row(
                f"{kind}, {variety}",
                f"{speed:,.0f}",
                f"{count / theirs.clock:,.0f}",
                f"{theirs.clock / ours.clock:.2f}",
                aim if variety == "varied" else "",
                f"{theirs.processor / ours.processor:.2f}",
                f"{ours.clock / over_http.clock:.2f}",
                "0.85",
                f"{max(ours.memory, over_http.memory):.0f}",
                f"{theirs.memory:.0f}",
                f"{speed / varied:.2f}",
            )
    Console(width=140).print(table)


OPTIONS = {
    "a filter": ["--include", "Status=2*"],
    "two filters": ["--include", "RequestUrl=*a*", "--exclude", "UserAgent=curl*"],
    "sampling": ["--sample", "2xx=0.5"],
    "masked addresses": ["--mask-addresses"],
    "masked queries": ["--mask-query", "token,session"],
    "all masks": ["--mask-addresses", "--mask-query", "*"],
    "ECS": ["--naming", "ecs"],
}


def _unusual(directory: Path, tcp: Sink) -> None:
    """How unusual lines and options slow a log down: speeds as shares of the plain varied log's, in one run."""
    table = Table(title="Speed as a share of the same log's without it", title_justify="left")
    for name in ("with", *samples.MAKERS, "aim"):
        table.add_column(name, justify="left" if name == "with" else "right")
    shares: dict[tuple[str, str], list[str]] = {}
    for kind in samples.MAKERS:
        plain, other = directory / "plain.log.gz", directory / "other.log.gz"
        count = samples.write(plain, kind, UNUSUAL_SIZE)
        logs = [(f"1 % of lines with {unusual}", unusual, 0.01, "0.9") for unusual in samples.UNUSUAL]
        logs.append(("unknown columns in each line", "extra columns", 1.0, "0.8"))
        for name, unusual, share, aim in logs:
            others = samples.write(other, kind, UNUSUAL_SIZE, "varied", unusual, share)
            with_it, without = _best(_ours(other, tcp), _ours(plain, tcp))
            found = (others / with_it.processor) / (count / without.processor)
            shares.setdefault((name, aim), []).append(f"{found:.2f}")
        for name, options in OPTIONS.items():
            with_it, without = _best([*_ours(plain, tcp), *options], _ours(plain, tcp))
            shares.setdefault((name, "" if name == "ECS" else "0.5"), []).append(
                f"{without.processor / with_it.processor:.2f}"
            )
    for (name, aim), found in shares.items():
        table.add_row(name, *found, aim)
    Console(width=140).print(table)


def _designs(directory: Path, tcp: Sink, http: Sink) -> None:
    """Varied lines, against other designs; what they do less than this one is said where they are."""
    checkout = os.environ.get("LOG_SHIPPER_BENCH_FORWARDER")
    table = Table(title="Processor time of other designs, as a multiple of the log shipper's", title_justify="left")
    for name in ("varied log", "the plain one in Python", "Elastic's forwarder, raw lines, over HTTP"):
        table.add_column(name, justify="right")
    for kind in samples.MAKERS:
        path = directory / "designs.log.gz"
        samples.write(path, kind, UNUSUAL_SIZE)
        ours, over_http, plain = _best(
            _ours(path, tcp), _ours(path, http), [sys.executable, HERE / "plain.py", path, "127.0.0.1", tcp.port]
        )
        forwarded = "not measured"
        if checkout:
            python = Path(checkout) / ".venv/bin/python"
            command = ["env", "-C", checkout, python, HERE / "forwarder.py", path, "127.0.0.1", http.port]
            (theirs,) = _best(command, rounds=1)
            forwarded = f"{theirs.processor / over_http.processor:.1f}"
        table.add_row(kind, f"{plain.processor / ours.processor:.2f}", forwarded)
    Console(width=140).print(table)


def _sizes(directory: Path, tcp: Sink, longest: int) -> None:
    title = "Classic lines over the size of a log; the start of the process is left out of the cost"
    table = Table(title=title, title_justify="left")
    for name in ("MB", "ns a line", "processor ns a line", "peak MB", "aim"):
        table.add_column(name, justify="right")
    empty = directory / "empty.log"
    empty.touch()
    (start,) = _best(_ours(empty, tcp))
    for size in sorted({1, 8, min(64, longest), longest}):
        path = directory / "sized.log.gz"
        count = samples.write(path, "Classic", size * 1024 * 1024)
        (taken,) = _best(_ours(path, tcp), rounds=ROUNDS if size <= 64 else 1)
        table.add_row(
            str(size),
            f"{(taken.clock - start.clock) / count * 1e9:,.0f}",
            f"{(taken.processor - start.processor) / count * 1e9:,.0f}",
            f"{taken.memory:.0f}",
            "32",
        )
    Console(width=140).print(table)
