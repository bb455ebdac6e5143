"""Inputs that are really run: http, tcp, redis, file, generator, stdin, pipeline. Any other starts, and sends nothing.

Each is a function `run(plugin, stopping)` that returns when the input is done or was stopped, and raises OSError when
it can't do its work; it is then started again, as in the real program.
"""

import glob
import hashlib
import os
import socket
import sys
import threading
import time

from . import input_http, redis, tls
from .decoration import as_list
from .event import Event


def runner(name: str):
    """The function that runs the input."""
    known = {
        "http": input_http.run,
        "tcp": _tcp,
        "redis": redis.run,
        "file": _file,
        "generator": _generator,
        "java_generator": _generator,
        "stdin": _stdin,
        "java_stdin": _stdin,
    }
    return known.get(name, _idle)


def _idle(plugin, stopping: threading.Event) -> None:
    plugin.started(None)
    stopping.wait()


def _generator(plugin, stopping: threading.Event) -> None:
    plugin.started(None)
    count = int(plugin.parameters.get("count", 0))
    lines = as_list(plugin.parameters.get("lines")) or [plugin.parameters.get("message", "Hello world!")]
    if lines == ["stdin"]:
        lines = [sys.stdin.readline().rstrip("\n")]
    sequence, name = 0, socket.gethostname()
    while (not count or sequence < count) and not stopping.is_set():
        for line in lines:
            for event in plugin.codec.decode(str(line)):
                event.set("[event][sequence]" if plugin.ecs else "sequence", sequence)
                event.set("[host][name]" if plugin.ecs else "host", name)
                plugin.push([event])
        sequence += 1


def _stdin(plugin, stopping: threading.Event) -> None:
    plugin.started(None)
    for line in sys.stdin:
        if stopping.is_set():
            return
        plugin.push(plugin.codec.decode(line.rstrip("\r\n")))


def _tcp(plugin, stopping: threading.Event) -> None:
    address = (str(plugin.parameters.get("host", "0.0.0.0")), int(plugin.parameters["port"]))  # noqa: S104
    context = tls.server(plugin.parameters, "required") if tls.wanted(plugin.parameters) else None
    listener = socket.create_server(address, backlog=128, reuse_port=False)
    listener.settimeout(0.2)
    plugin.started(address)
    with listener:
        while not stopping.is_set():
            try:
                connection, peer = listener.accept()
            except TimeoutError:
                continue
            arguments = (plugin, connection, peer, context, stopping)
            threading.Thread(target=_tcp_connection, args=arguments, daemon=True).start()


def _tcp_connection(plugin, connection: socket.socket, peer: tuple, context, stopping: threading.Event) -> None:
    rest = b""
    try:
        connection.settimeout(10)
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        connection.settimeout(0.2)
        with connection:
            while not stopping.is_set():
                try:
                    chunk = connection.recv(65536)
                except TimeoutError:
                    continue
                if not chunk:
                    break
                *lines, rest = (rest + chunk).split(b"\n")
                _tcp_push(plugin, lines, peer)
    except OSError:
        # The client broke off, or never finished its handshake; what came before it did is kept.
        pass
    if rest:
        _tcp_push(plugin, [rest], peer)


def _tcp_push(plugin, lines: list[bytes], peer: tuple) -> None:
    for line in lines:
        if not line.strip() and plugin.codec.name == "json_lines":
            continue
        events = plugin.codec.decode(line.decode("utf-8", "replace").rstrip("\r"))
        for event in events:
            if plugin.ecs:
                event.set("[@metadata][input][tcp][source]", {"ip": peer[0], "name": peer[0], "port": peer[1]})
            else:
                event.data.setdefault("host", peer[0])
                event.data.setdefault("port", peer[1])
        plugin.push(events)


class _Sincedb:
    """How far each file was read: lines of `inode major minor position time path`, as the real input keeps them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.positions: dict[tuple[int, int, int], int] = {}
        try:
            with open(path, encoding="utf-8") as stream:
                for line in stream:
                    inode, major, minor, position, *_rest = line.split(" ")
                    self.positions[int(inode), int(major), int(minor)] = int(position)
        except (OSError, ValueError):
            # No file yet, or /dev/null: everything is new.
            return

    def save(self, paths: dict[tuple[int, int, int], str]) -> None:
        lines = [
            f"{key[0]} {key[1]} {key[2]} {position} {time.time():.6f} {paths.get(key, '')}\n"
            for key, position in self.positions.items()
        ]
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        with open(self._path, "w", encoding="utf-8") as stream:
            stream.writelines(lines)


def _file(plugin, stopping: threading.Event) -> None:
    parameters = plugin.parameters
    patterns = [str(item) for item in as_list(parameters["path"])]
    interval = float(parameters.get("stat_interval", 1))
    read_mode = parameters.get("mode") == "read"
    from_start = read_mode or parameters.get("start_position", "end") == "beginning"
    digest = hashlib.md5(",".join(patterns).encode(), usedforsecurity=False).hexdigest()
    default = os.path.join(plugin.path_data, "plugins", "inputs", "file", f".sincedb_{digest}")
    sincedb = _Sincedb(parameters.get("sincedb_path") or default)
    plugin.started(None)
    first_look, paths = True, {}
    while not stopping.is_set():
        changed = False
        for path in sorted({found for pattern in patterns for found in glob.glob(pattern, recursive=True)}):
            try:
                status = os.stat(path)
            except OSError:
                continue
            key = (status.st_ino, os.major(status.st_dev), os.minor(status.st_dev))
            if key not in sincedb.positions:
                # A file that turns up later is read from its beginning, one that was there before as it was asked for.
                sincedb.positions[key] = 0 if from_start or not first_look else status.st_size
                changed = True
            paths[key] = path
            if status.st_size < sincedb.positions[key]:
                sincedb.positions[key] = 0
            if status.st_size > sincedb.positions[key]:
                changed = _read_lines(plugin, path, sincedb.positions, key) or changed
        if changed:
            sincedb.save(paths)
        first_look = False
        stopping.wait(interval)


def _read_lines(plugin, path: str, positions: dict, key: tuple) -> bool:
    """Pushes the whole lines after the known position; a line without its end is left for later."""
    try:
        with open(path, "rb") as stream:
            stream.seek(positions[key])
            start = positions[key]
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                events = plugin.codec.decode(line.decode("utf-8", "replace").rstrip("\r\n"))
                for event in events:
                    _describe_file(event, path, ecs=plugin.ecs)
                if not plugin.push(events):
                    break
                positions[key] += len(line)
    except OSError:
        return False
    return positions[key] != start


def _describe_file(event: Event, path: str, *, ecs: bool) -> None:
    if ecs:
        fields = {"[log][file][path]": path, "[host][name]": socket.gethostname()}
    else:
        fields = {"path": path, "host": socket.gethostname()}
    for name, value in fields.items():
        if not event.includes(name.strip("[").split("]")[0]):
            event.set(name, value)
