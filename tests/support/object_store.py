"""As much of S3 as a download needs, on the loopback, for a test."""

import hashlib
import http.server
import threading
from pathlib import Path


class ObjectStore:
    """A server of some files, {"bucket/key": path}, while the block runs; `variables` are the playbook's way to it."""

    def __init__(self, objects: dict[str, str]) -> None:
        self._objects = {name: Path(path).read_bytes() for name, path in objects.items()}
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, body: bool) -> None:
                path = self.path.partition("?")[0].strip("/")
                content = store._objects.get(path, b"")
                # A path without a key is the bucket, which is asked for first.
                self.send_response(200 if content or "/" not in path else 404)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')  # noqa: S324 - what S3 uses
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.variables = {
            "aws_endpoint_url": f"http://127.0.0.1:{self._server.server_port}",
            "aws_region": "us-east-1",
            "aws_access_key": "test",
            "aws_secret_key": "test",
        }

    def __enter__(self) -> "ObjectStore":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_arguments: object) -> None:
        self._server.shutdown()
        self._server.server_close()
