"""Secrets against a service on loopback: fetched once, refreshed, and never in a message."""

import http.server
import json
import threading

import pytest
from elb_log_shipper.aws import secrets
from elb_log_shipper.errors import DeliveryError

VALUES = {
    "plain": {"SecretString": "pa55word"},
    "several": {"SecretString": json.dumps({"password": "pa55word", "port": 5})},
    "binary": {"SecretBinary": "cGE1NXdvcmQ="},
}


@pytest.fixture
def service(monkeypatch):
    """What was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(request)
            if "GetParameter" in self.headers["X-Amz-Target"]:
                found = {"Parameter": {"Value": "pa55word"}} if request["Name"] == "/elb/password" else None
            else:
                found = VALUES.get(request["SecretId"])
            body = json.dumps(found or {"__type": "ResourceNotFoundException", "Message": "no such thing"}).encode()
            self.send_response(200 if found else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        secrets.forget()
        yield asked
        secrets.forget()
        server.shutdown()


@pytest.mark.parametrize(
    "reference", ["secretsmanager:plain", "secretsmanager:several#password", "ssm:/elb/password", "pa55word"]
)
def test_values(service, reference):
    assert secrets.text(reference) == "pa55word"


def test_parameter_is_decrypted(service):
    secrets.resolve("ssm:/elb/password")
    assert service == [{"Name": "/elb/password", "WithDecryption": True}]


def test_kept_for_five_minutes_or_until_it_is_refused(service, monkeypatch):
    for _ in range(3):
        secrets.resolve("secretsmanager:plain")
    assert len(service) == 1
    secrets.forget()
    secrets.resolve("secretsmanager:plain")
    assert len(service) == 2
    now = secrets.time.monotonic()
    monkeypatch.setattr(secrets.time, "monotonic", lambda: now + 301)
    secrets.resolve("secretsmanager:plain")
    assert len(service) == 3


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("secretsmanager:none", r"can't be fetched: .*allow this function secretsmanager:GetSecretValue"),
        ("ssm:none", r"can't be fetched: .*allow this function ssm:GetParameter"),
        ("secretsmanager:binary", "a binary secret"),
        ("secretsmanager:plain#password", "expected a JSON object with the text 'password'"),
        ("secretsmanager:several#passwort", "with the text 'passwort'"),
        ("secretsmanager:several#port", "with the text 'port'"),
    ],
)
def test_failures_name_the_reference_and_no_value(service, reference, expected):
    with pytest.raises(DeliveryError, match=f"{reference}: .*{expected}") as raised:
        secrets.resolve(reference)
    assert "pa55word" not in str(raised.value)
