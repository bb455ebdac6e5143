"""Connections to the receiver: TCP or TLS, to the first of its addresses that answers, IPv6 or IPv4."""

import contextlib
import io
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ..aws import secrets
from .receiver import Address, Receiver, Tls
from .resolver import Endpoint, resolve
from .retry_budget import AttemptError, RetryBudget

if TYPE_CHECKING:
    import ssl

    from _typeshed import WriteableBuffer

    from .tls import TlsConnection

Connection: TypeAlias = "socket.socket | TlsConnection"

_DRAIN_BYTES = 4096


def reason(error: Exception) -> str:
    """An exception in words; some have no text of their own."""
    alert = str(getattr(error, "reason", ""))  # of TLS
    if "ALERT" in alert and ("CERTIFICATE" in alert or "UNKNOWN_CA" in alert):
        said = alert.replace("_", " ").lower()
        return (
            f"the receiver requires a client certificate, or does not trust the one it got ({said}): check "
            "LogClientCertificate"
        )
    return (
        getattr(error, "verify_message", None)  # of TLS: what is wrong with the certificate
        or getattr(error, "strerror", None)
        or str(error)
        or type(error).__name__
    )


class _Failure(NamedTuple):
    """One endpoint that could not be connected. ``distrust``: its certificate is not trusted."""

    text: str
    distrust: bool = False


class Connector:
    """Opens connections; begins with the address that worked last."""

    def __init__(self, receiver: Receiver, budget: RetryBudget) -> None:
        self._receiver = receiver
        self._budget = budget
        self._current = 0
        self._context: ssl.SSLContext | None = None

    @property
    def addresses(self) -> int:
        return len(self._receiver.addresses)

    @property
    def url(self) -> str:
        """Of the address that was used last."""
        return self._receiver.url(self._receiver.addresses[self._current])

    @property
    def authority(self) -> str:
        """The same address as HTTP's ``Host`` has it."""
        address = self._receiver.addresses[self._current]
        host = address.host if address.host.isascii() else address.host.encode("idna").decode("ascii")
        return str(address._replace(host=host))

    def leave(self) -> None:
        """Begin with the next address; this one has failed after it was connected."""
        self._current = (self._current + 1) % self.addresses

    def open(self) -> Connection:
        """One try with each address. The socket's timeout is the receiver's.

        :raises AttemptError: none answers; the message has the reason for each.
        :raises DeliveryError: a certificate can't be read, or the time is over.
        """
        failures: list[_Failure] = []
        for _attempt in range(self.addresses):
            address = self._receiver.addresses[self._current]
            opened = self._open_any(address, failures)
            if opened:
                return opened
            self._context = None  # certificates may have been replaced: they are read again
            self.leave()
        distrusted = all(failure.distrust for failure in failures)
        hint = (
            "Check the name and the certificate of the receiver, and LogCa"
            if distrusted
            else "Check that the receiver listens there, that host and port are right, and that the network allows "
            "this connection"
        )
        raise AttemptError(
            f"no connection to {'; '.join(failure.text for failure in failures)}. {hint}",
            most_tries=1 if distrusted else None,  # a certificate doesn't get better
        )

    def _open_any(self, address: Address, failures: list[_Failure]) -> "Connection | None":
        """A connection to the first endpoint of an address that answers; each that doesn't is one more failure."""
        name = self._receiver.url(address)
        limit = self._receiver.connect_timeout
        try:
            endpoints = resolve(address, self._budget.bound(limit))
        except (OSError, UnicodeError) as error:
            failures.append(_Failure(f"{name}: {reason(error)}"))
            return None
        for number, endpoint in enumerate(endpoints):
            # One that swallows everything must not take the time of the others.
            timeout = self._budget.bound(limit, shares=len(endpoints) - number)
            try:
                return self._open(address, endpoint, timeout)
            except (OSError, UnicodeError) as error:  # UnicodeError: a name that TLS can't carry
                where = f" ({endpoint})" if len(endpoints) > 1 else ""
                failures.append(_Failure(f"{name}{where}: {reason(error)}", hasattr(error, "verify_code")))
        return None

    def _open(self, address: Address, endpoint: Endpoint, timeout: float) -> Connection:
        if self._receiver.tls and self._context is None:
            self._context = tls_context(self._receiver.tls)
        connection = socket.socket(endpoint.family, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(endpoint.address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                from .tls import TlsConnection  # noqa: PLC0415 - not needed without TLS

                connection.settimeout(self._budget.bound(self._receiver.connect_timeout))
                opened: Connection = TlsConnection(connection, self._context, address.host)
            else:
                opened = connection
            opened.settimeout(self._receiver.timeout)
        except BaseException:
            connection.close()
            raise
        return opened


def tls_context(tls: Tls) -> "ssl.SSLContext":
    """One that checks the receiver's certificate and name.

    :raises AttemptError: a file or secret can't be used; the message has its name and never what is in it.
    """
    import ssl  # noqa: PLC0415 - not needed without TLS

    try:
        context = ssl.create_default_context(cadata=_pem(tls.ca) if tls.ca else None)
    except (OSError, ValueError) as error:
        raise _unusable("LogCa", tls.ca, error) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate:
        try:
            _load_certificate(context, tls.certificate, tls)
        except (OSError, ValueError) as error:
            raise _unusable("LogClientCertificate", f"{tls.certificate}, key {tls.key}", error) from None
    return context


def _load_certificate(context: "ssl.SSLContext", certificate: str, tls: Tls) -> None:
    """OpenSSL reads files only, so that secrets have to be one, for a moment, which only this user can read."""
    import tempfile  # noqa: PLC0415

    with contextlib.ExitStack() as stack:

        def path(name: str) -> str:
            if not secrets.is_reference(name):
                return name
            file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="utf-8"))
            file.write(secrets.resolve(name))
            file.flush()
            return file.name

        # Without any, OpenSSL would ask for the passphrase of a key that has one at the terminal.
        passphrase = secrets.text(tls.passphrase or "").encode()
        context.load_cert_chain(path(certificate), path(tls.key) if tls.key else None, password=lambda: passphrase)


def _pem(name: str) -> str:
    if secrets.is_reference(name):
        return secrets.resolve(name)
    return Path(name).read_text(encoding="utf-8")


def _unusable(key: str, value: str | None, error: Exception) -> AttemptError:
    secrets.forget()  # they may have been replaced since
    more = ", and LogClientKeyPassphrase where the key has one" if key == "LogClientCertificate" else ""
    return AttemptError(f"{key} {value}: can't be used: {reason(error)}. Expected PEM{more}", most_tries=1)


def is_open(connection: Connection, timeout: float) -> bool:
    """Whether the receiver has closed its end already: the kernel would accept the next write all the same.

    What the receiver says unasked is read and dropped.

    :raises OSError: the connection was reset.
    """
    connection.setblocking(False)
    try:
        while connection.recv(_DRAIN_BYTES):
            pass
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(timeout)
    return False


class Incoming(io.RawIOBase):
    """What a connection receives, for a buffered reader; each piece within the timeout, all within the time limit."""

    def __init__(self, connection: Connection, timeout: float, budget: RetryBudget) -> None:
        self._connection = connection
        self._timeout = timeout
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._connection.settimeout(self._budget.bound(self._timeout))
        return self._connection.recv_into(buffer)
