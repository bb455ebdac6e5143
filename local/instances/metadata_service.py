"""A stand-in of EC2's instance metadata service, version 2 only, that knows who asks by the address it asks from.

It answers from what the emulator of EC2 says of the instance with that private address. Built from the documentation of
Amazon EC2 (docs.aws.amazon.com/AWSEC2/latest/UserGuide/): "Use IMDSv2" (tokens), "Instance metadata categories"
(paths), "View tags for your EC2 instances using instance metadata", "Spot Instance interruption notices", "EC2 instance
rebalance recommendations", "Retrieve security credentials from instance metadata", "Instance identity documents"; and
of EC2 Auto Scaling: "Retrieve the target lifecycle state through instance metadata".

What EC2 itself would decide, such as a spot notice, is told over loopback:

    PUT /stand-in/i-0123   {"silent": true}                        no answer at all: connections stay open
    PUT /stand-in/i-0123   {"spot": {"action": "terminate", "time": "2026-11-28T17:02:00Z"}}
    PUT /stand-in/i-0123   {"rebalance": {"noticeTime": "2026-11-28T17:00:00Z"}}

It is a stand-in, and not the service: no IPv6, no hop limit, no session that ends with a stop of the instance.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

LONGEST_TOKEN_SECONDS = 21600
CREDENTIALS_HOURS = 6
SILENT_SECONDS = 600
TTL_HEADER, TOKEN_HEADER = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"
# Values of the control interface; each is set for one instance.
CONTROLS = ("silent", "spot", "rebalance")


class Source(Protocol):
    """Where the service knows instances from."""

    def by_address(self, address: str) -> dict[str, Any] | None:
        """The instance with this private address: its facts by the names of `Facts`; None if there is none."""


class Answers:
    """What the service answers: no sockets, so that each answer can be tested by itself."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self.source, self.clock = source, clock
        self.tokens: dict[str, tuple[str, float]] = {}
        self.controls: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()

    def token(self, address: str, headers: dict[str, str]) -> tuple[int, str]:
        """PUT /latest/api/token: the status and the token."""
        if "x-forwarded-for" in headers:
            return HTTPStatus.FORBIDDEN, "Forbidden"
        seconds = headers.get(TTL_HEADER.lower(), "")
        if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_TOKEN_SECONDS:
            return HTTPStatus.BAD_REQUEST, "Bad Request"
        token = secrets.token_urlsafe(40)
        with self.lock:
            self.tokens[token] = (address, self.clock() + int(seconds))
        return HTTPStatus.OK, token

    def get(self, address: str, headers: dict[str, str], path: str) -> tuple[int, str]:
        """GET of a path: the status and the text."""
        with self.lock:
            of, until = self.tokens.get(headers.get(TOKEN_HEADER.lower(), ""), ("", 0.0))
        if of != address or self.clock() > until:
            return HTTPStatus.UNAUTHORIZED, "Unauthorized"
        instance = self.source.by_address(address)
        if instance is None:
            return HTTPStatus.NOT_FOUND, "Not Found"
        value = look_up(tree(instance, self.controls.get(instance["id"], {})), path)
        return (HTTPStatus.NOT_FOUND, "Not Found") if value is None else (HTTPStatus.OK, value)

    def silent(self, address: str) -> bool:
        """Whether this caller gets no answer."""
        if not any(control.get("silent") for control in self.controls.values()):
            return False
        instance = self.source.by_address(address)
        return bool(instance and self.controls.get(instance["id"], {}).get("silent"))

    def control(self, path: str, body: bytes) -> tuple[int, str]:
        """PUT /stand-in/INSTANCE: sets what is given; null takes it back."""
        instance = path.removeprefix("/stand-in/")
        try:
            given = json.loads(body)
            unknown = set(given) - set(CONTROLS)
        except (ValueError, TypeError):
            return HTTPStatus.BAD_REQUEST, "The body is not a JSON object."
        if unknown or not instance.startswith("i-"):
            return HTTPStatus.BAD_REQUEST, f"PUT /stand-in/i-..., a JSON object with any of: {', '.join(CONTROLS)}"
        merged = {**self.controls.get(instance, {}), **given}
        self.controls[instance] = {name: value for name, value in merged.items() if value is not None}
        return HTTPStatus.OK, json.dumps(self.controls[instance])


def tree(instance: dict[str, Any], control: dict[str, Any]) -> dict[str, Any]:
    """The paths as nested dictionaries; a leaf is text, or None where the service has no such path now."""
    expires = datetime.now(UTC) + timedelta(hours=CREDENTIALS_HOURS)
    now = stamp(datetime.now(UTC))
    data: dict[str, Any] = {
        "ami-id": instance["image"],
        "hostname": instance["name"],
        "instance-id": instance["id"],
        "instance-type": instance["type"],
        "local-hostname": instance["name"],
        "local-ipv4": instance["address"],
        "placement": {"availability-zone": instance["zone"], "region": instance["region"]},
        "tags": {"instance": instance["tags"]} if instance["tags"] is not None else None,
    }
    if instance["target_state"]:
        data["autoscaling"] = {"target-lifecycle-state": instance["target_state"]}
    if "spot" in control:
        data["spot"] = {"instance-action": json.dumps(control["spot"])}
    if "rebalance" in control:
        data["events"] = {"recommendations": {"rebalance": json.dumps(control["rebalance"])}}
    if instance["profile"]:
        credentials = {
            "Code": "Success",
            "LastUpdated": now,
            "Type": "AWS-HMAC",
            "AccessKeyId": "ASIAEMULATEDINSTANCE",  # pragma: allowlist secret - the emulator takes any
            "SecretAccessKey": "emulator",
            "Token": "emulator",
            "Expiration": stamp(expires),
        }
        data["iam"] = {
            "info": json.dumps({"Code": "Success", "LastUpdated": now, "InstanceProfileArn": instance["profile_arn"]}),
            "security-credentials": {instance["profile"]: json.dumps(credentials)},
        }
    document = {
        "accountId": instance["account"],
        "architecture": instance["architecture"],
        "availabilityZone": instance["zone"],
        "imageId": instance["image"],
        "instanceId": instance["id"],
        "instanceType": instance["type"],
        "privateIp": instance["address"],
        "region": instance["region"],
        "version": "2017-09-30",
    }
    return {
        "meta-data": {name: value for name, value in data.items() if value is not None},
        "user-data": instance["user_data"] or None,
        "dynamic": {"instance-identity": {"document": json.dumps(document, indent=2)}},
    }


def stamp(moment: datetime) -> str:
    """A moment as the service writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def look_up(answers: dict[str, Any], path: str) -> str | None:
    """The text of a path below /latest: a leaf, or the names below it. None where there is nothing."""
    first, *names = path.strip("/").split("/")
    value: Any = answers if first == "latest" else None
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict):
        there = {name: below for name, below in sorted(value.items()) if below is not None}
        return "\n".join(f"{name}/" if isinstance(below, dict) else name for name, below in there.items())
    return value


class Handler(BaseHTTPRequestHandler):
    """The HTTP around it."""

    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout = 60

    @property
    def answers(self) -> Answers:
        return self.server.answers  # type: ignore[attr-defined]

    def do_PUT(self) -> None:
        address, path = self.client_address[0], self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith("/stand-in/") and address == "127.0.0.1":
            self.reply(*self.answers.control(path, body))
        elif self.wait_if_silent():
            return
        elif path == "/latest/api/token":
            status, text = self.answers.token(address, self.lower_headers())
            self.reply(status, text, {TTL_HEADER: self.headers.get(TTL_HEADER, "")})
        else:
            self.reply(HTTPStatus.NOT_FOUND, "Not Found")

    def do_GET(self) -> None:
        if self.path == "/health" and self.client_address[0] == "127.0.0.1":
            self.reply(HTTPStatus.OK, "ok")
        elif not self.wait_if_silent():
            self.reply(*self.answers.get(self.client_address[0], self.lower_headers(), self.path.partition("?")[0]))

    def lower_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def wait_if_silent(self) -> bool:
        """Holds a connection without a word for as long as the caller may ever wait."""
        if not self.answers.silent(self.client_address[0]):
            return False
        time.sleep(SILENT_SECONDS)
        self.close_connection = True
        return True

    def reply(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form: str, *arguments: Any) -> None:
        print(f"metadata: {self.client_address[0]} {form % arguments}", flush=True)


class Server(ThreadingHTTPServer):
    """One address of the service."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], answers: Answers) -> None:
        self.answers = answers
        super().__init__(address, Handler)
