"""Prints a TCP port that is free on 127.0.0.1: the wanted one when it is, else any one that is free."""

import random
import socket
import sys

# Linux gives the ports from 32768 on to outgoing connections, which could take one before its user listens there.
PORTS = range(20000, 32768)
# Not the seeded one: processes that run tests side by side have the same seed, and would pick the same ports.
RANDOM = random.SystemRandom()


def free_port(wanted: int = 0) -> int:
    """The wanted port when nothing listens on it, else any free one."""
    for port in ([wanted] if wanted else []) + RANDOM.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free TCP port on 127.0.0.1")


if __name__ == "__main__":
    print(free_port(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
