"""Which TCP ports a process listens on, and who else does in its network."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listener:
    """A socket that listens: its port, the number of its user, its address; `::` and `0.0.0.0` mean every one."""

    port: int
    user: int
    address: str


def listeners(pid: str | int) -> dict[str, Listener]:
    """The sockets that listen in the network of a process, as {inode: Listener}."""
    found: dict[str, Listener] = {}
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A":
                address, _colon, port = fields[1].rpartition(":")
                found[fields[9]] = Listener(int(port, 16), int(fields[7]), address_of(address))
    return found


def address_of(text: str) -> str:
    """An address of the kernel's table, which writes words of four bytes in the machine's order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    address = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    return str(getattr(address, "ipv4_mapped", None) or address)


def open_sockets(pid: str | int) -> Iterator[str]:
    """The inodes of a process's sockets. Raises PermissionError where root may not look into another user's process."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield os.readlink(descriptor).partition("socket:[")[2].rstrip("]")
        except FileNotFoundError:
            # Closed meanwhile.
            continue


def own_listeners(pid: str | int) -> set[str]:
    """The inodes of the sockets that a process listens with."""
    sockets = listeners(pid)
    try:
        return {inode for inode in open_sockets(pid) if inode in sockets}
    except PermissionError:
        # In a container; there the sockets of the process's user have to do.
        owner = Path(f"/proc/{pid}").stat().st_uid
        return {inode for inode, found in sockets.items() if found.user == owner}
    except OSError:
        # The process has ended.
        return set()


def own_ports(pid: str | int) -> set[int]:
    """The ports that a process listens on."""
    sockets = listeners(pid)
    return {sockets[inode].port for inode in own_listeners(pid) if inode in sockets}


def others(pid: str | int) -> list[Listener]:
    """What listens in our network, as Listeners, without a process's own sockets; process 0 is none."""
    own = own_listeners(pid) if int(pid) else set()
    return [found for inode, found in listeners("self").items() if inode not in own]


def holders(port: int, pid: int) -> list[tuple[int, str]]:
    """Who but process ``pid`` listens on a port in our network, as a sorted list of (process, name of its program).

    A socket whose process can't be seen, such as one in another container, has process 0 and no name.
    """
    own = own_listeners(pid) if pid else set()
    sockets = {inode for inode, found in listeners("self").items() if found.port == port and inode not in own}
    if not sockets:
        return []
    found: set[tuple[int, str]] = set()
    seen: set[str] = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            held = sockets.intersection(open_sockets(process))
            if held:
                name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
                found.add((int(process), name))
                seen |= held
        except OSError:
            # Another user's in a container, or ended meanwhile.
            continue
    return sorted(found) if seen == sockets else sorted({*found, (0, "")})
