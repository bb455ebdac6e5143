"""Prints a TCP port that is free on 127.0.0.1: the wanted one when it is, else one that the system chooses."""

import socket
import sys


def free_port(wanted: int = 0) -> int:
    """The wanted port when nothing listens on it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free TCP port on 127.0.0.1")


if __name__ == "__main__":
    print(free_port(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
