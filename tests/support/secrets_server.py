"""As much of AWS as making a bundle in check mode and looking up secrets need, on the loopback, for a test."""

import http.server
import json
import threading

ACCOUNT = "111111111111"
_IDENTITY = (
    "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
    f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:root</Arn><UserId>x</UserId>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class SecretsServer:
    """Serves secrets of Secrets Manager and parameters of Systems Manager while the block runs; there is no bucket.

    :ivar asked: the names of what was looked up, in their order.
    :ivar environment: the variables of the process that is to find the server.
    """

    def __init__(self, secrets: dict[str, str], parameters: dict[str, str]) -> None:
        self.asked: list[str] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(404, b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                target = self.headers.get("X-Amz-Target", "")
                if not target:
                    self._answer(200, _IDENTITY.encode(), "text/xml")
                elif target.endswith(".GetSecretValue"):
                    name = json.loads(body)["SecretId"]
                    self._found(name, secrets, "ResourceNotFoundException", lambda value: {"SecretString": value})
                else:
                    name = json.loads(body)["Name"]
                    self._found(name, parameters, "ParameterNotFound", lambda value: {"Parameter": {"Value": value}})

            def _found(self, name, values, code, form) -> None:
                server.asked.append(name)
                if name in values:
                    self._answer(200, json.dumps({"Name": name, **form(values[name])}).encode())
                else:
                    self._answer(400, json.dumps({"__type": code, "message": "not found"}).encode())

            def _answer(self, status: int, body: bytes, kind: str = "application/x-amz-json-1.1") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def __enter__(self) -> "SecretsServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_arguments: object) -> None:
        self._server.shutdown()
        self._server.server_close()
