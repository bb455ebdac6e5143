"""What the process that forks Ansible's workers has loaded by importing an action."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
import ansible_collections.elk.deploy.plugins.plugin_utils.masked_action
print([kind for kind in ("filter", "test") if any(n.startswith(f"ansible.plugins.{kind}.core") for n in sys.modules)])
"""


def test_ansibles_filters_and_tests_are_loaded():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT / ".collections", capture_output=True, text=True, check=False
    )
    assert ended.stdout == "['filter', 'test']\n", ended.stderr
