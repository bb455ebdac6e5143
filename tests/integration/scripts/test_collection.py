"""What pytest collects is the same in every process, whatever order its sets have: pytest-xdist insists on it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def collected(seed: int) -> list[str]:
    """The ids of all tests, as a process with this hash seed finds them."""
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [line for line in ended.stdout.splitlines() if "::" in line]


def test_every_process_collects_the_same_tests():
    first, second = collected(1), collected(2)
    assert first
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == []
