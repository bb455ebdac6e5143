"""A stand-in for Elasticsearch: it keeps what is put, and returns it wrapped, as Elasticsearch does.

Elasticsearch itself is not among what the tests can install. What it accepts as a body is not checked here.
"""

import base64
import http.server
import json
import threading
from fnmatch import fnmatch


class Elasticsearch:
    """Listens on loopback. ``put`` are the paths of what was put, in this order; ``resources`` the bodies by path.

    :param authorization: what a request has to say of who sends it.
    """

    def __init__(self, authorization: str) -> None:
        self.put: list[str] = []
        self.resources: dict[str, dict] = {}
        self.refuse: str | None = None
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self._may():
                    found = {path: body for path, body in server.resources.items() if fnmatch(path, self.path)}
                    self._answer(200 if found else 404, {"found": [{"name": path, **found[path]} for path in found]})

            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not self._may():
                    return
                if server.refuse == self.path:
                    self._answer(400, {"error": {"reason": "unknown setting"}})
                    return
                server.put.append(self.path)
                server.resources[self.path] = body
                self._answer(200, {"acknowledged": True})

            def _may(self) -> bool:
                allowed = self.headers.get("Authorization") == authorization
                if not allowed:
                    self._answer(401, {"error": {"reason": "who are you"}})
                return allowed

            def _answer(self, status: int, body: dict) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
