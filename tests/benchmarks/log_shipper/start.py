"""The cold start: time and memory before the first call of AWS, out of the package, against Python's own and boto3's.

The modules are compiled at each start, as in the function: nothing can be written to where its package is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "lambda"
ROUNDS = 7
STARTS = {
    "python -c pass": "pass",
    "log shipper": "import elb_log_shipper.handler, elb_log_shipper.delivery.tcp",
    "boto3 and its S3 client": "import boto3; boto3.client('s3', region_name='eu-west-1')",
}


class Start(NamedTuple):
    """Milliseconds by the clock, and the peak of memory in MB, of a process that starts and ends."""

    milliseconds: float
    memory: float


def run() -> None:
    with tempfile.TemporaryDirectory() as directory:
        package = _unpacked(Path(directory))
        starts = _measure(package)
        modules = _output(package, "from elb_log_shipper import native; print(*native.in_use(), sep=', ')")
    bare = starts["python -c pass"]
    boto3 = starts["boto3 and its S3 client"]
    title = f"Start, before the first call of AWS; modules in use: {modules}"
    table = Table(title=title, title_justify="left")
    table.add_column("process")
    for name in (
        "ms",
        "without Python's own",
        "aim",
        "times Python",
        "of boto3",
        "MB",
        "aim",
        "times Python",
        "of boto3",
    ):
        table.add_column(name, justify="right")
    for name, start in starts.items():
        aims = ("80", "25") if name == "log shipper" else ("", "")
        table.add_row(
            name,
            f"{start.milliseconds:.0f}",
            f"{start.milliseconds - bare.milliseconds:.0f}",
            aims[0],
            f"{start.milliseconds / bare.milliseconds:.2f}",
            f"{start.milliseconds / boto3.milliseconds:.2f}",
            f"{start.memory:.1f}",
            aims[1],
            f"{start.memory / bare.memory:.2f}",
            f"{start.memory / boto3.memory:.2f}",
        )
    Console(width=140).print(table)


def _unpacked(directory: Path) -> Path:
    """The package's content, where the function would have it."""
    package, archive = directory / "task", directory / "package.zip"
    command = [sys.executable, SOURCE / "build_zip.py", "--output", archive, "--settings", directory / "settings.json"]
    directory.joinpath("settings.json").write_text("{}", encoding="utf-8")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(package)
    return package


def _measure(package: Path) -> dict[str, Start]:
    """The shortest time and the largest memory; in turn, so that a busy machine is busy for all."""
    rounds = [[_start(package, code) for code in STARTS.values()] for _ in range(ROUNDS)]
    return {
        name: Start(min(one.milliseconds for one in starts), max(one.memory for one in starts))
        for name, starts in zip(STARTS, zip(*rounds, strict=True), strict=True)
    }


def _start(package: Path, code: str) -> Start:
    seconds, _, memory = _output(package, code, launcher=[sys.executable, "-I", "-S", HERE / "launch.py"]).split()
    return Start(float(seconds) * 1000, float(memory))


def _output(package: Path, code: str, launcher: list[object] | None = None) -> str:
    done = subprocess.run(
        [*(launcher or []), sys.executable, "-B", "-c", code],
        cwd=package,  # which -c puts first on the path
        env={**os.environ, "PYTHONPATH": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()
