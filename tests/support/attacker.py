"""What a hostile program with the service's user tries while the configuration test runs.

Its argument is a file that the host has and a confined service does not see. Prints `ready`, and what it reached.

Needs nothing but Python, so that it runs on a host.
"""

import ctypes
import os
import sys
import time

SEIZE, DETACH = 0x4206, 17


def read(path):
    """Reads a file. Raises OSError."""
    with open(path, "rb") as file:
        file.read()


def trace(process):
    """Becomes the tracer of a process. Raises OSError."""
    trace_of_libc = ctypes.CDLL(None, use_errno=True).ptrace
    if trace_of_libc(SEIZE, int(process), None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
    trace_of_libc(DETACH, int(process), None, None)


def attack(process, hidden):
    """Tries each way out through a process; yields those that lead out."""
    ways = {
        "the host's files through root": lambda: read(f"/proc/{process}/root{hidden}"),
        # Its working directory is the root directory.
        "the host's files through cwd": lambda: read(f"/proc/{process}/cwd{hidden}"),
        "its environment": lambda: read(f"/proc/{process}/environ"),
        "its memory": lambda: os.close(os.open(f"/proc/{process}/mem", os.O_RDWR)),
        "it as its tracer": lambda: trace(process),
    }
    for way, try_it in ways.items():
        try:
            try_it()
        except OSError:
            continue
        yield way


def main(hidden):
    """Attacks every process of the configuration test, for ever."""
    print("hidden" if not os.path.exists(hidden) else "not confined", flush=True)
    print("ready", flush=True)
    reached = set()
    while True:
        # One that is traced again and again would not go on.
        for process in filter(str.isdigit, set(os.listdir("/proc")) - reached):
            try:
                with open(f"/proc/{process}/cmdline", "rb") as file:
                    tests = b"--config.test_and_exit" in file.read()
            except OSError:
                continue
            for way in attack(process, hidden) if tests else ():
                print("reached", way, flush=True)
                reached.add(process)
        # A test takes longer, and others need the processor too.
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
