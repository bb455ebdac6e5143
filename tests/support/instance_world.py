"""What an instance of EC2 has around it, for tests of its own program: time, the metadata service, AWS, and a bundle.

Time passes only where somebody sleeps, so that a test of fifteen minutes takes milliseconds.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from logstash_instance.retrying import Clock

INSTANCE = "i-0123456789abcdef0"
HOSTNAME = "ip-10-0-0-5.eu-west-1.compute.internal"
REGION = "eu-west-1"
EPOCH = 1_700_000_000.0


class SimulatedTime:
    """Seconds since the beginning of the test. A wait is as long as it can be."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda _low, high: high)

    def since_1970(self) -> float:
        return EPOCH + self.seconds


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """The error that boto3 raises for an answer of AWS."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation"
    )


NO_HOOK = "No active Lifecycle Action found with instance ID " + INSTANCE


class FakeAws:
    """The clients of boto3 that an instance uses, as far as it does.

    ``faults`` has for each operation what its next calls raise, or do: ``None`` for a call as it should be.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.hook_waits = True
        self.update_waits = True
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, list[Exception | None]] = defaultdict(list)

    def client(self, _service: str) -> Any:
        return self

    def _called(self, operation: str, arguments: dict[str, Any]) -> None:
        self.calls.append((operation, arguments))
        fault = self.faults[operation].pop(0) if self.faults[operation] else None
        if fault:
            raise fault

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.calls if name == operation]

    def get_object(self, **arguments: str) -> dict[str, Any]:
        self._called("get_object", arguments)
        address = f"s3://{arguments['Bucket']}/{arguments['Key']}"
        if address not in self.objects:
            raise refusal("NoSuchKey", "The specified key does not exist.", 404)
        content = self.objects[address]
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def put_object(self, **arguments: Any) -> None:
        self._called("put_object", arguments)
        self.objects[f"s3://{arguments['Bucket']}/{arguments['Key']}"] = arguments["Body"]

    def complete_lifecycle_action(self, **arguments: str) -> None:
        self._called("complete_lifecycle_action", arguments)
        self._need_hook()
        self.hook_waits = False

    def record_lifecycle_action_heartbeat(self, **arguments: str) -> None:
        self._called("record_lifecycle_action_heartbeat", arguments)
        self._need_hook()

    def _need_hook(self) -> None:
        if not self.hook_waits:
            raise refusal("ValidationError", NO_HOOK)

    def signal_resource(self, **arguments: str) -> None:
        self._called("signal_resource", arguments)
        if not self.update_waits:
            raise refusal("ValidationError", "Stack is in CREATE_COMPLETE state and cannot be signaled")

    def publish(self, **arguments: str) -> None:
        self._called("publish", arguments)


# -- the metadata service


class MetadataService:
    """EC2's, version 2, on a port of loopback. ``answers`` are by path below ``latest/``."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.statuses: dict[str, list[int]] = defaultdict(list)
        self.requests: list[tuple[str, str]] = []
        self.tokens = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                service.tokens += 1
                self._answer("PUT", f"token-{service.tokens}")

            def do_GET(self) -> None:
                if self.headers.get("X-aws-ec2-metadata-token") != f"token-{service.tokens}":
                    self._send(401, "")
                else:
                    self._answer("GET", service.answers.get(self.path.removeprefix("/latest/")))

            def _answer(self, method: str, text: str | None) -> None:
                path = self.path.removeprefix("/latest/")
                service.requests.append((method, path))
                status = service.statuses[path].pop(0) if service.statuses[path] else 404 if text is None else 200
                self._send(status, text or "")

            def _send(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def describe(self, user_data: str | None, tags: dict[str, str]) -> None:
        """Answers as for an instance with this user data and these tags."""
        self.answers = {
            "meta-data/instance-id": INSTANCE,
            "meta-data/local-hostname": HOSTNAME,
            "meta-data/placement/region": REGION,
            **({"user-data": user_data} if user_data is not None else {}),
            **({"meta-data/tags/instance": "\n".join(tags)} if tags else {}),
            **{f"meta-data/tags/instance/{name}": value for name, value in tags.items()},
        }

    @contextmanager
    def running(self) -> Iterator[MetadataService]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


# -- the bundle


class Bundles:
    """Makes bundles as `make bundle` does, signed with a key of its own, and puts them into S3."""

    def __init__(self, aws: FakeAws, environment: str = "staging") -> None:
        self.aws = aws
        self.environment = environment
        self.folder = f"s3://artifacts/bundles/{environment}"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, text: str) -> bytes:
        signature = self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        return json.dumps({"manifest": text, "signature": base64.b64encode(signature).decode()}).encode()

    def upload(self, content: bytes, **changes: Any) -> str:
        """Uploads a bundle, with ``changes`` in its manifest; returns the manifest's address."""
        digest = hashlib.sha256(content).hexdigest()
        manifest = {
            "format": 1,
            "environment": self.environment,
            "sha256": digest,
            "key": f"{digest}.tar.gz",
            "size": len(content),
            "toolkit_version": "0.1.0",
            "commit": "0" * 40,
            "requirements": hashlib.sha256(REQUIREMENTS).hexdigest(),
            "logstash_versions": {"brokers": "9.5.2"},
            **changes,
        }
        document = self.sign(json.dumps(manifest))
        self.aws.objects[f"{self.folder}/{digest}.tar.gz"] = content
        self.aws.objects[f"{self.folder}/{manifest['sha256']}.json"] = document
        self.aws.objects[f"{self.folder}/current.json"] = document
        return f"{self.folder}/{manifest['sha256']}.json"


REQUIREMENTS = b"ansible-core==2.19.14\n"


def packed(*members: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    """A tar.gz of files, and of members as they are."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for member in members or ((("requirements-instance.txt", REQUIREMENTS)), ("toolkit/ansible.cfg", b"")):
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                name, content = member
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A member that is a link."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info
