"""The cold start: what is imported before the first call of AWS, how much memory it takes, and how long it takes.

The time depends on the machine: it is printed, as a multiple of the bare interpreter's own start (``pytest -s``).
"""

import subprocess
import sys
from pathlib import Path

import elb_log_shipper
import pytest

SOURCE = Path(elb_log_shipper.__file__).parent.parent
BUDGET_MEGABYTES = 25
MEASURED = "import elb_log_shipper.handler, elb_log_shipper.delivery.tcp"
LATE = {"boto3", "botocore", "concurrent", "multiprocessing", "argparse", "asyncio", "logging", "urllib3"}


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_memory_is_within_the_budget():
    peak = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    bare, ours = (int(python(f"{code}\n{peak}")) / 1024 for code in ("", MEASURED))
    print(f"\nmemory before the first call of AWS: {ours:.1f} MB, of which the interpreter's own are {bare:.1f} MB")
    assert ours <= BUDGET_MEGABYTES


def test_nothing_slow_is_imported_before_it_is_needed():
    loaded = set(python(f"{MEASURED}\nprint(*sys.modules)").split())
    assert loaded & LATE == set()


def test_what_only_some_settings_need_is_imported_for_them():
    loaded = python(f"{MEASURED}\nprint(*sys.modules)").split()
    late = {"delivery.http", "events.masking", "events.selection", "events.formats.ecs"}
    assert {f"elb_log_shipper.{name}" for name in late} & set(loaded) == set()


def test_the_imports_time_is_printed():
    clock = "import time; begun = time.process_time()\n{}\nprint(time.process_time() - begun)"
    ours = min(float(python(clock.format(MEASURED))) for _ in range(3))
    json_only = min(float(python(clock.format("import json, socket, zlib"))) for _ in range(3))
    print(
        f"\nimports before the first call of AWS: {ours * 1000:.0f} ms of processor time, "
        f"{ours / json_only:.1f} times those of json, socket and zlib alone"
    )


@pytest.mark.parametrize("module", ["main", "runs", "logs"])
def test_the_command_line_does_without_boto3_for_local_files(module):
    assert python(f"import elb_log_shipper.command_line.{module}\nprint('boto3' in sys.modules)") == "False"
