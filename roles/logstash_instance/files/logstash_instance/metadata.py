"""The instance metadata service (IMDSv2): who this instance is, and what it was told.

Paths: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html. A token is asked for
first; a service without tokens (IMDSv1) is not used. AWS_EC2_METADATA_SERVICE_ENDPOINT names another address, as for
AWS's own tools.
"""

import http.client
import os
import urllib.error
import urllib.request

from .errors import AS_LONG_AS_THERE_IS_TIME, MetadataError
from .retrying import Deadline

ENDPOINT = "http://169.254.169.254"
TOKEN_SECONDS = 21600
# One answer takes milliseconds. A service that takes a connection and says nothing is asked again.
REQUEST_SECONDS = 2.0
MOST_BYTES = 1 << 20

_UNTIL_IT_ANSWERS = (408, 429, 500, 502, 503, 504)


class Metadata:
    """The service, asked again until it answers or the deadline is reached.

    :param deadline: of each request, with all its tries.
    :param endpoint: address without a path; by default the one in the environment, or AWS's.
    :param request_seconds: how long one try waits.
    """

    def __init__(self, deadline: Deadline, endpoint: str = "", request_seconds: float = REQUEST_SECONDS) -> None:
        self.deadline = deadline
        self._endpoint = (endpoint or os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or ENDPOINT).rstrip("/")
        self._seconds = request_seconds
        self._token = ""
        # The service is on the instance itself: never through a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def instance_id(self) -> str:
        return self.get("meta-data/instance-id")

    def local_hostname(self) -> str:
        return self.get("meta-data/local-hostname")

    def region(self) -> str:
        return self.get("meta-data/placement/region")

    def user_data(self) -> str:
        """Empty if there is none."""
        return self.find("user-data") or ""

    def tags(self) -> dict[str, str]:
        """The instance's tags; none where its launch template does not show them in the metadata."""
        names = (self.find("meta-data/tags/instance") or "").splitlines()
        return {name: self.get(f"meta-data/tags/instance/{name}") for name in names if name}

    def get(self, path: str) -> str:
        """What is at a path below ``latest/``.

        :raises MetadataError: nothing is, or the service does not answer.
        """
        found = self.find(path)
        if found is None:
            raise MetadataError(
                f"{self._endpoint}/latest/{path}: not there (404). Is this an instance of EC2, and the service its own?"
            )
        return found

    def find(self, path: str) -> str | None:
        """What is at a path below ``latest/``, or ``None``.

        :raises MetadataError: the service does not answer.
        """
        return self.deadline.retry(lambda: self._find(path))

    def _find(self, path: str) -> str | None:
        if not self._token:
            self._token = self._fetch("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)})
        try:
            return self._fetch("GET", path, {"X-aws-ec2-metadata-token": self._token})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            self._token = ""  # 401: it is used up
            raise MetadataError(
                f"{self._endpoint}/latest/{path}: status {error.code}.", retry_seconds=AS_LONG_AS_THERE_IS_TIME
            ) from None

    def _fetch(self, method: str, path: str, headers: dict[str, str]) -> str:
        address = f"{self._endpoint}/latest/{path}"
        request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310 - the endpoint is configured
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                text: str = answer.read(MOST_BYTES).decode("utf-8", "replace")
                return text
        except urllib.error.HTTPError as error:
            if method == "GET":
                raise
            passes = error.code in _UNTIL_IT_ANSWERS
            raise MetadataError(
                f"{address}: status {error.code}, expected a token. Turn the metadata service on for the instance "
                "(HttpEndpoint: enabled), with a hop limit that reaches it.",
                retry_seconds=AS_LONG_AS_THERE_IS_TIME if passes else 0,
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise MetadataError(
                f"{address} does not answer: {error or type(error).__name__}. Turn the metadata service on for the "
                "instance (HttpEndpoint: enabled); AWS_EC2_METADATA_SERVICE_ENDPOINT names another address.",
                retry_seconds=AS_LONG_AS_THERE_IS_TIME,
            ) from None
