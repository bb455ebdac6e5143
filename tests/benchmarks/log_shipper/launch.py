"""``python launch.py COMMAND ...``: runs it, and prints seconds, processor seconds and the peak of its memory in MB.

A small process of its own: Linux counts the memory of whoever starts a process as the new process's peak.
"""

from __future__ import annotations

import os
import sys
import time

begun = time.perf_counter()
child = os.posix_spawnp(
    sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
