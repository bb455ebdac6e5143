"""A free port: processes that have the same seed pick different ones."""

import random
import socket

from free_port import PORTS, free_port


def test_processes_with_the_same_seed_pick_different_ports():
    found = []
    for _ in range(20):
        random.seed(1)
        found.append(free_port())
    assert len(set(found)) > 1
    assert all(port in PORTS for port in found)


def test_a_port_that_is_taken_is_not_given():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert free_port(taken.getsockname()[1]) in PORTS


def test_the_wanted_port_is_given_when_it_is_free():
    wanted = free_port()
    assert free_port(wanted) == wanted
