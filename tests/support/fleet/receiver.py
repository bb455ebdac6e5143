"""What the indexers send to: answers like Elasticsearch, keeps the ids of its events, and misbehaves on command.

Run in a container: `receiver.py PORT`. `PUT /behaviour` with `{"mode": MODE, "seconds": S}`:

    fine      takes every document
    slow      does so after S seconds
    hang      takes the request, and never answers
    refuse    answers 429 for every document, as an overloaded cluster does
    reject    answers 400 for every document, as for a field of the wrong type

`GET /received?since=N` -> `{"ids": [...], "next": M}`: the value of EventId of each document, in the order of their
arrival, from number N on.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROOT = {
    "name": "receiver",
    "version": {"number": "8.0.0", "build_flavor": "default"},
    "tagline": "You Know, for Search",
}
LICENCE = {"license": {"status": "active", "type": "basic"}}
STATUS = {"refuse": 429, "reject": 400}

received: list[str] = []
behaviour = {"mode": "fine", "seconds": 0}
changed = threading.Condition()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/received":
            first = int(parse_qs(url.query).get("since", ["0"])[0])
            found = received[first:]
            self._answer({"ids": found, "next": first + len(found)})
        else:
            self._answer(LICENCE if "license" in url.path else ROOT)

    do_HEAD = do_GET  # noqa: N815

    def do_PUT(self):
        with changed:
            behaviour.update(json.loads(self._body()))
            changed.notify_all()
        self._answer({"acknowledged": True})

    def do_POST(self):
        lines = self._body().splitlines()
        mode = behaviour["mode"]
        if mode == "hang":
            with changed:
                while behaviour["mode"] == "hang":
                    changed.wait()
            # What was asked meanwhile gets no answer: the sender has to ask again.
            self.close_connection = True
            return
        if mode == "slow":
            time.sleep(behaviour["seconds"])
        status = STATUS.get(mode, 201)
        if status == 201:
            received.extend(json.loads(line).get("EventId", "") for line in lines[1::2])
        item = {"status": status}
        if status != 201:
            item["error"] = {"type": mode, "reason": "on command"}
        self._answer({"errors": status != 201, "items": [{"index": item}] * (len(lines) // 2)})

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
