"""The log shipper's command line as people call it: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import elb_log_shipper

SOURCE = Path(elb_log_shipper.__file__).parent.parent
PATIENCE = 60


def start(*arguments: object, **options: object) -> subprocess.Popen:
    """Starts it. Warnings are errors, and the function's own settings are not there."""
    command = [sys.executable, "-W", "error", "-m", "elb_log_shipper", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "ELB_LOG_SHIPPER_SETTINGS": "/nonexistent"}
    return subprocess.Popen(
        command, env=environment, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    )


def run(*arguments: object, stdin: bytes = b"", **options: object) -> subprocess.CompletedProcess:
    """Runs it to its end."""
    process = start(*arguments, stdin=subprocess.PIPE, **options)
    with process:
        output, messages = process.communicate(stdin, PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, output, messages)
