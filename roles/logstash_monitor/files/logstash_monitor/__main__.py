"""``python3 -m logstash_monitor judge SAMPLE.json ...``: read samples of the node API, print verdicts on pipelines.

``run``, ``check`` and ``restart`` are what the units run: each takes ``--config FILE``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from . import samples
from .errors import MonitorError, SampleError
from .judge import judge

# Imported when they are asked for: the judge needs none of them.
_COMMANDS = {"run": "service", "check": "check", "restart": "restart"}
_STANDARD_INPUT = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 2 for what is wrong with the arguments or files."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="logstash_monitor", description=__doc__)
    parser.add_argument("command", choices=("judge", *_COMMANDS))
    command = parser.parse_args(arguments[:1]).command
    try:
        if command == "judge":
            return _judge(arguments[1:])
        status: int = importlib.import_module(f".{_COMMANDS[command]}", __package__).main(arguments[1:])
    except MonitorError as error:
        print(error, file=sys.stderr)
        return 2
    return status


def _judge(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="logstash_monitor judge",
        description="Print a JSON list with a verdict for each pipeline.",
        epilog="An answer of _health_report goes with the sample before it. Null stands for a time without an answer.",
    )
    parser.add_argument(
        "files",
        metavar="SAMPLE.json",
        nargs="+",
        help="an answer of _node/stats or _node/stats/pipelines, oldest first; - is stdin",
    )
    parser.add_argument(
        "--period", default="15", metavar="S", help="seconds between two samples (default: %(default)s)"
    )
    parser.add_argument(
        "--declared",
        action="append",
        default=[],
        metavar="ID",
        help="a pipeline that should be there; can be given again",
    )
    options = parser.parse_args(arguments)
    verdicts = judge(_read(options.files, _period(options.period)), options.declared)
    json.dump([asdict(each) for each in verdicts], sys.stdout, indent=2, allow_nan=False)
    print()
    return 0


def _period(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise SampleError(
            f"--period is {text!r}; expected the seconds between two samples, above 0, such as --period 15"
        )
    return seconds


def _read(files: Sequence[str], period: float) -> list[samples.Sample]:
    """The samples of files, which were taken ``period`` seconds apart. All that is wrong with them is said at once."""
    read: list[samples.Sample] = []
    reports: list[object] = []  # health reports that come before the first sample
    mistakes = []
    for file in files:
        name = "standard input" if file == _STANDARD_INPUT else file
        try:
            answer = _parse(file)
            if not samples.is_health_report(answer):
                read.append(samples.read(answer, len(read) * period, reports.pop() if reports else None))
            elif read:
                read[-1] = replace(read[-1], health=samples.read_health(answer))
            else:
                reports.append(answer)
        except SampleError as error:
            mistakes.append(f"{name}: {error.message}")
    if not read and not mistakes:
        mistakes.append(f"{', '.join(files)}: only health reports; expected an answer of _node/stats before each")
    if mistakes:
        raise SampleError("\n".join(mistakes))
    return read


def _parse(file: str) -> object:
    try:
        content = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise SampleError(
            f"cannot be read ({error.strerror or error}); expected a file with an answer of the node API"
        ) from error
    if not content.strip():
        raise SampleError(
            "is empty; expected JSON: where the node API did not answer, leave it out, or write null into it"
        )
    try:
        return json.loads(content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"))
    except RecursionError as error:
        raise SampleError("is nested too deeply for an answer of the node API") from error
    except ValueError as error:
        start = ascii(content[:40].decode("utf-8", "replace"))
        raise SampleError(f"is not JSON ({error}); it begins with {start}; expected {samples.FORM}") from error


if __name__ == "__main__":
    sys.exit(main())
