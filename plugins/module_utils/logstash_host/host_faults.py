"""Messages about what prevents a host from running Logstash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..logstash import packages
from ..messages import coded
from . import listening, native_code

SYSTEMD = "systemd"


def has_systemd(params: Mapping[str, Any]) -> bool:
    """Whether systemd runs the host, by its facts; ``params`` are those of logstash_host."""
    return not params["platform"] or params["platform"]["service_manager"] == SYSTEMD


def find_general(params: Mapping[str, Any]) -> list[str]:
    """What is wrong apart from the ports; ``params`` are those of logstash_host."""
    found: list[str] = []
    if params["platform"]:
        found += find_in_platform(params["host"], params["installation"]["manager"], params["platform"])
    if params["java_home"]:
        found += find_in_java(params["host"], params["java_home"])
    if params["temporary_directory"]:
        fault = native_code.temporary_directory_fault(**params["temporary_directory"])
        found += [coded("temporary_directory_unusable", fault)] if fault else []
    return found


def find_in_platform(host: str, manager: str, platform: Mapping[str, Any]) -> Iterator[str]:
    """What the role cannot work with; ``platform`` has the keys of the option of logstash_host."""
    if platform["source"] != "archive" and manager not in packages.MANAGERS:
        yield coded(
            "package_manager_unsupported",
            f"{host} runs {platform['distribution']} with the package manager {manager}; expected one of "
            f"{', '.join(packages.MANAGERS)} for logstash_source {json.dumps(platform['source'])}. Use an image of the "
            'Debian or Red Hat family, or set logstash_source to "archive".',
        )
    if platform["service_manager"] != SYSTEMD:
        yield coded(
            "systemd_missing",
            f"{host} is run by {json.dumps(platform['service_manager'])}; expected systemd, which starts the packages' "
            "service. In a container, make systemd its first process.",
        )


def find_in_java(host: str, home: str) -> Iterator[str]:
    """Whether the program of a Java is not there."""
    if not os.access(f"{home}/bin/java", os.X_OK):
        yield coded(
            "java_missing",
            f"logstash_java_home is {json.dumps(home)}, but {host} has no program bin/java there. Install that Java, "
            "correct the path, or leave it empty for the one that Logstash brings.",
        )


def find_taken_ports(ports: Iterable[Mapping[str, Any]], host: str, pid: int) -> list[str]:
    """The ports that others than process ``pid`` listen on; ``ports`` is a list of {variable, port}."""
    found = []
    for wanted in ports:
        holders = listening.holders(wanted["port"], pid)
        if not holders:
            continue
        by = "a process that cannot be seen from there"
        if seen := [holder for holder in holders if holder[0]]:
            numbers = ", ".join(str(holder[0]) for holder in seen)
            by = f"process {numbers} ({', '.join(holder[1] for holder in seen)})"
        found.append(
            coded(
                "port_taken",
                f"{wanted['variable']} has {wanted['port']}, but on {host} that port is taken by {by}. Stop that "
                "program, or set another port.",
            )
        )
    return found
