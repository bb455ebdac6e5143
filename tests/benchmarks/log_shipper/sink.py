"""A receiver that costs next to nothing: ``python sink.py tcp|http``. Prints its port; serves until it is ended."""

from __future__ import annotations

import re
import socket
import sys
import threading

BUFFER = 1024 * 1024
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


def take(connection: socket.socket) -> None:
    buffer = bytearray(BUFFER)
    while connection.recv_into(buffer):
        pass


def answer(connection: socket.socket) -> None:
    """Reads each request to its end, and says 200."""
    buffer = memoryview(bytearray(BUFFER))
    head = b""
    while chunk := connection.recv(65536):
        head += chunk
        headers, end, body = head.partition(b"\r\n\r\n")
        if not end:
            continue
        missing = int(_LENGTH.search(headers)[1]) - len(body)
        while missing > 0:
            missing -= connection.recv_into(buffer[: min(missing, BUFFER)])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        head = b""


def serve(connection: socket.socket, protocol: str) -> None:
    with connection:
        (take if protocol == "tcp" else answer)(connection)


def main(protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection, protocol), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1])
