"""The S3 module against a small server: AWS_ENDPOINT_URL is honoured, bodies are streamed, boto3 is imported late."""

import http.server
import threading

import pytest
from elb_log_shipper.aws import s3
from elb_log_shipper.errors import InputError


@pytest.fixture
def bucket(monkeypatch):
    """Objects by path, at an endpoint that the environment names."""
    objects: dict[str, tuple[bytes, int]] = {}
    monkeypatch.setattr(s3, "_PAUSE_SECONDS", 0)

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
    with s3.open_object("logs", key) as opened:
        while chunk := opened.read(1000):
            data += chunk
    return data


def test_object_is_streamed(bucket):
    bucket["/logs/a%20b%2Bc.log"] = (b"x" * 2500, 2500)
    assert read_all("a b+c.log") == b"x" * 2500


def test_short_body_is_an_error(bucket):
    bucket["/logs/a.log"] = (b"x" * 2500, 9999)
    with pytest.raises(Exception, match=r"got others|9999"):
        read_all("a.log")


def test_missing_object_is_an_error(bucket):
    with pytest.raises(Exception, match="404"):
        read_all("a.log")


LISTING = """<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>"""


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("a", ["a"]), ("", ["a", "a/b", "ab"]), ("a/", ["a/b"])],
    ids=["an object of that name is the only one", "whole bucket", "below"],
)
def test_objects_below_a_prefix(bucket, prefix, found):
    keys = [key for key in ["a", "a/", "a/b", "ab"] if key.startswith(prefix)]
    text = LISTING.format("".join(f"<Contents><Key>{key}</Key><Size>5</Size></Contents>" for key in keys)).encode()
    bucket["/logs"] = (text, len(text))
    assert list(s3.list_objects("logs", prefix)) == [(key, 5) for key in found]


def test_a_bucket_that_is_not_there(bucket):
    with pytest.raises(InputError, match="s3://logs/a: not there"):
        list(s3.list_objects("logs", "a"))
