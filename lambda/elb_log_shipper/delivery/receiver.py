"""What a sink has to know about the receiver. No input or output here."""

from typing import NamedTuple

_SECRET = frozenset(["passphrase", "password", "headers"])


def _shown(value: NamedTuple) -> str:
    """For tracebacks and logs, without what is secret."""
    fields = ", ".join(f"{name}={found!r}" for name, found in value._asdict().items() if name not in _SECRET)
    return f"{type(value).__name__}({fields})"


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Tls(NamedTuple):
    """Each but the passphrase is a file in PEM, or a reference that :mod:`..secrets` resolves to PEM.

    :param ca: the only trusted authorities; ``None`` means those of the system.
    :param certificate: this side's certificate, with those between it and its authority.
    :param key: its key; ``None`` when it is in the certificate's file.
    :param passphrase: of the key, itself or a reference; ``None`` when it has none.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    passphrase: str | None = None

    def __repr__(self) -> str:
        return _shown(self)


class Receiver(NamedTuple):
    """One receiver, at one or more addresses: the first that answers is used, and kept. Times in seconds.

    :param transport: ``tcp`` or ``http``.
    :param tls: ``None`` is without.
    :param format: of the body of HTTP, ``json_array`` or ``ndjson``.
    :param password: for HTTP; may be a reference that :mod:`..secrets` resolves.
    :param headers: more headers for HTTP, as name and value; a value may be a reference.
    :param connect_timeout: for the resolution of a name, for each address of it, and again for the agreement on TLS.
    :param timeout: for one write or answer, and for the receiver's end of a TCP connection.
    :param retry_seconds: how long one request, or the connection, is tried again; 0 is never.
    :param batch_events: largest number of events in one HTTP request.
    :param batch_bytes: largest size of one, before gzip; a single larger event goes alone.
    """

    addresses: tuple[Address, ...]
    transport: str = "tcp"
    tls: Tls | None = None
    path: str = "/"
    format: str = "json_array"
    gzip: bool = False
    user: str | None = None
    password: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    connect_timeout: float = 5.0
    timeout: float = 30.0
    retry_seconds: float = 60.0
    batch_events: int = 500
    batch_bytes: int = 1024 * 1024

    def __repr__(self) -> str:
        return _shown(self)

    def url(self, address: Address) -> str:
        """How it is named in messages."""
        if self.transport == "tcp":
            return f"{'tls' if self.tls else 'tcp'}://{address}"
        return f"{'https' if self.tls else 'http'}://{address}{self.path}"
