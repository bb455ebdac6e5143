"""Logstash's node API (https://www.elastic.co/docs/api/doc/logstash/)."""

from __future__ import annotations

import json
from typing import NamedTuple

from .config import Api
from .errors import NodeApiError, TransportError
from .transport import Request, Response, Transport, basic, exchange

# A healthy node answers in milliseconds; one in a long garbage collection takes seconds.
SECONDS = 5.0


class Answer(NamedTuple):
    """What ``_node/stats`` says, and the health report; None where this Logstash has none."""

    stats: object
    health: object


class NodeApi:
    """The API, with one deadline for each whole response.

    :param transport: sends requests; tests have their own.
    """

    def __init__(self, api: Api, transport: Transport = exchange, seconds: float = SECONDS) -> None:
        self._api, self._transport, self._seconds = api, transport, seconds
        self._without_health = ""

    def look(self) -> Answer:
        """Statistics and health report, as they are now.

        :raises NodeApiError: the API does not answer, or with something else.
        """
        stats = self.stats()
        return Answer(stats, self._health(stats))

    def stats(self, seconds: float | None = None) -> object:
        """``_node/stats``. Raises NodeApiError."""
        return self._json("/_node/stats", seconds)

    def raw_stats(self) -> bytes:
        """``_node/stats`` as it came. Raises NodeApiError."""
        return self._ok("/_node/stats?pretty=true", None).body

    def hot_threads(self) -> bytes:
        """What Logstash's threads do, for people. Raises NodeApiError."""
        return self._ok("/_node/hot_threads?human=true&threads=500&ignore_idle_threads=false", None).body

    def _health(self, stats: object) -> object:
        process = str(stats.get("ephemeral_id") or stats.get("version")) if isinstance(stats, dict) else ""
        if process == self._without_health:
            return None
        try:
            response = self._get("/_health_report", None)
        except NodeApiError:
            # Statistics alone are worth judging.
            return None
        if response.status == 404:
            # It was added with 8.16: the same process is not asked again.
            self._without_health = process
        try:
            return json.loads(response.body) if response.status == 200 else None
        except ValueError:
            return None

    def _json(self, path: str, seconds: float | None) -> object:
        body = self._ok(path, seconds).body
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError):
            raise NodeApiError(f"{self._api.url}{path} gives no JSON: is this Logstash's node API?") from None
        return found

    def _ok(self, path: str, seconds: float | None) -> Response:
        response = self._get(path, seconds)
        if response.status == 401:
            raise NodeApiError(f"{self._api.url} refuses user and password (401). Set those of api.auth.basic.")
        if response.status != 200:
            raise NodeApiError(f"{self._api.url}{path.partition('?')[0]}: status {response.status}, expected 200.")
        return response

    def _get(self, path: str, seconds: float | None) -> Response:
        request = Request(
            "GET", self._api.url + path, basic(self._api.user, self._api.password), context=self._api.context
        )
        try:
            return self._transport(request, self._seconds if seconds is None else min(seconds, self._seconds))
        except TransportError as error:
            raise NodeApiError(f"Logstash's node API does not answer: {error.message}.") from None
