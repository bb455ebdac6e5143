"""Freed memory is kept, as the kernel's count of page faults shows. In a process of its own: it is for good."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

LAMBDA = Path(__file__).parents[3] / "lambda"
ROUNDS = 200

PROGRAM = f"""
import resource, sys
from elb_log_shipper.memory import keep_freed
if sys.argv[1] == "kept":
    keep_freed()

def work():
    "What one request is made of."
    parts = [b"x" * 460_000 for _ in range(4)]
    b"".join(parts)

work()
before = resource.getrusage(resource.RUSAGE_SELF)
for _ in range({ROUNDS}):
    work()
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_minflt - before.ru_minflt)
"""


def faults(mode: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode],
        env={"PYTHONPATH": str(LAMBDA)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is meant")
def test_freed_memory_is_not_taken_from_the_kernel_again():
    assert faults("freed") > 100 * ROUNDS  # or the test shows nothing
    assert faults("kept") < ROUNDS
