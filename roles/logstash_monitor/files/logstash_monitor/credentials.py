"""Credentials of AWS: those of the environment, else those of the instance's role (IMDSv2), renewed in time."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping

from .clock import Clock
from .errors import CredentialsError, TransportError
from .signing import Credentials
from .transport import Request, Response, Transport, exchange

ENDPOINT = "http://169.254.169.254"
TOKEN_SECONDS = 21600
REQUEST_SECONDS = 2.0
# New ones are there well before the old ones end; AWS's own programs ask a quarter of an hour before.
RENEW_SECONDS = 900.0
# As long as old credentials are still good, a service that fails is asked again only after so long.
PAUSE_SECONDS = 60.0
_ROLE = "meta-data/iam/security-credentials/"


class CredentialSource:
    """Gives credentials that are good now. AWS_EC2_METADATA_SERVICE_ENDPOINT names another metadata service.

    :param environment: the process's own by default.
    """

    def __init__(
        self, clock: Clock, transport: Transport = exchange, environment: Mapping[str, str] | None = None
    ) -> None:
        self._clock, self._transport = clock, transport
        self._environment = os.environ if environment is None else environment
        endpoint = self._environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or ENDPOINT
        self._address = f"{endpoint.rstrip('/')}/latest/"
        self._found: Credentials | None = None
        self._asked = float("-inf")

    def get(self) -> Credentials:
        """Credentials.

        :raises CredentialsError: there are none.
        """
        given = self._environment
        if given.get("AWS_ACCESS_KEY_ID") and given.get("AWS_SECRET_ACCESS_KEY"):
            return Credentials(
                given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given.get("AWS_SESSION_TOKEN", "")
            )
        found = self._found
        left = (found.expires or 0) - self._clock.wall() if found else 0
        if found and (left > RENEW_SECONDS or (left > 0 and self._clock.monotonic() - self._asked < PAUSE_SECONDS)):
            return found
        self._asked = self._clock.monotonic()
        try:
            self._found = self._of_the_instance()
        except CredentialsError:
            if found and left > 0:
                return found
            raise
        return self._found

    def forget(self) -> None:
        """AWS says that they have expired: the next ones are new."""
        self._found = None

    def _of_the_instance(self) -> Credentials:
        token = self._ask("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)})
        header = {"X-aws-ec2-metadata-token": token}
        role = self._ask("GET", _ROLE, header).strip().partition("\n")[0]
        try:
            found = json.loads(self._ask("GET", _ROLE + role, header))
            expires = datetime.datetime.fromisoformat(found["Expiration"].replace("Z", "+00:00")).timestamp()
            return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], expires)
        except (ValueError, KeyError, TypeError, AttributeError):
            # What it answered has a secret in it.
            raise CredentialsError(f"{self._address}{_ROLE}{role} gives no credentials.", again=True) from None

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        try:
            response: Response = self._transport(Request(method, self._address + path, headers), REQUEST_SECONDS)
        except TransportError as error:
            raise CredentialsError(
                f"No credentials of AWS: {error.message}. Give the instance a role that may cloudwatch:PutMetricData "
                "and a metadata service, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                again=True,
            ) from None
        if response.status == 404 and path.startswith(_ROLE):
            raise CredentialsError("The instance has no role. Give it one that may cloudwatch:PutMetricData.")
        if response.status != 200:
            raise CredentialsError(f"{self._address}{path}: status {response.status}.", again=True)
        return response.body.decode("utf-8", "replace")
