"""Answers what an elasticsearch output asks for, and takes every event. Run inside the container."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

ROOT = {"version": {"number": "8.0.0", "build_flavor": "default"}, "tagline": "You Know, for Search"}
LICENCE = {"license": {"status": "active", "type": "basic"}}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def _answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self._answer(LICENCE if "license" in self.path else ROOT)

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({"errors": False, "items": [{"index": {"status": 201}}] * (body.count(b"\n") // 2)})


HTTPServer(("127.0.0.1", 9200), Handler).serve_forever()
