"""The S3 module against a small server: AWS_ENDPOINT_URL is honoured, bodies are streamed, boto3 is imported late."""

import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from elb_log_shipper import s3


@pytest.fixture
def bucket(monkeypatch):
    """Objects by path, at an endpoint that the environment names."""
    objects: dict[str, tuple[bytes, int]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.partition("?")[0] not in objects:
                self.send_error(404)
                return
            body, announced = objects[self.path.partition("?")[0]]
            self.send_response(200)
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        s3._client.cache_clear()
        yield objects
        s3._client.cache_clear()
        server.shutdown()


def read_all(key: str) -> bytes:
    data = b""
    with s3.open_object("logs", key) as read:
        while chunk := read(1000):
            data += chunk
    return data


def test_object_is_streamed(bucket):
    bucket["/logs/a%20b%2Bc.log"] = (b"x" * 2500, 2500)
    assert read_all("a b+c.log") == b"x" * 2500


def test_short_body_is_an_error(bucket):
    bucket["/logs/a.log"] = (b"x" * 2500, 9999)
    with pytest.raises(Exception, match=r"9999|[Ii]ncomplete|broken"):
        read_all("a.log")


def test_missing_object_is_an_error(bucket):
    with pytest.raises(Exception, match="404"):
        read_all("a.log")


def test_boto3_is_not_imported_before_the_first_object():
    code = "import sys, elb_log_shipper.handler, elb_log_shipper.cli; sys.exit('boto3' in sys.modules)"
    path = Path(s3.__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=path, check=False).returncode == 0
