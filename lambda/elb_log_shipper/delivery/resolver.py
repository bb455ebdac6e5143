"""From a host's name to the addresses of its sockets, within a time.

``getaddrinfo`` has no timeout of its own, and takes a minute or more where DNS does not answer. So it runs in a thread
that nobody has to wait for.
"""

import socket
from typing import Any, NamedTuple

from .receiver import Address


class Endpoint(NamedTuple):
    """What ``socket.socket`` and ``connect`` want."""

    family: int
    address: tuple[Any, ...]

    def __str__(self) -> str:
        return str(self.address[0])


class _Lookup:
    """One lookup."""

    def __init__(self, address: Address) -> None:
        import threading  # noqa: PLC0415 - not needed for an address that is none of DNS

        self._address = address
        self._found: list[Endpoint] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="elb_log_shipper-resolver")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = _ask(self._address)
        except Exception as error:
            self._error = error

    def wait(self, seconds: float) -> bool:
        """Whether there is an answer."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def answer(self) -> list[Endpoint]:
        if self._error:
            raise self._error
        return self._found


_lookups: dict[Address, _Lookup] = {}
"""Those without an answer so far: the next try waits for the same one, so that threads don't pile up."""


def resolve(address: Address, timeout: float) -> list[Endpoint]:
    """Every endpoint of a host, of IPv6 and IPv4, in the order in which they are to be tried.

    :param timeout: in seconds.
    :raises OSError: it has none, or, as ``TimeoutError``, there was no answer in time.
    :raises UnicodeError: a name that DNS can't carry.
    """
    try:
        return _ask(address, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass  # a name
    lookup = _lookups.pop(address, None) or _Lookup(address)
    if not lookup.wait(timeout):
        _lookups[address] = lookup
        raise TimeoutError(f"its name was not resolved within {timeout:g} s. Check whether DNS responds")
    return lookup.answer()


def _ask(address: Address, flags: int = 0) -> list[Endpoint]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=flags)
    return [Endpoint(family, where) for family, _kind, _protocol, _name, where in found]
