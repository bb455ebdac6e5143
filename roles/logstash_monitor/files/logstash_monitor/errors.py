"""What can go wrong in the monitor. Each message says what failed, where, the value seen, and what to do.

``code`` is in brackets before a message. It stays the same when the message is reworded.
"""

from __future__ import annotations


class MonitorError(Exception):
    """The monitor failed in a way that no other code describes."""

    code = "monitor_failed"

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"

    @property
    def message(self) -> str:
        """The message without its code."""
        return super().__str__()


class MonitorConfigError(MonitorError):
    """The monitor's configuration lacks something, or has values of another form."""

    code = "monitor_config_invalid"


class TransportError(MonitorError):
    """A request got no response in time, or none that can be read.

    ``sent`` says whether the other side may have had the request.
    """

    code = "request_failed"

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class NodeApiError(MonitorError):
    """Logstash's node API does not answer, or not with what it should."""

    code = "node_api_unavailable"


class MetricsError(MonitorError):
    """CloudWatch refused metrics, or could not be reached.

    ``again`` says whether another try may help, ``sent`` whether CloudWatch may have taken them, and ``unusable`` that
    it never will.
    """

    code = "metrics_not_sent"

    def __init__(self, message: str, *, again: bool = False, sent: bool = False, unusable: bool = False) -> None:
        super().__init__(message)
        self.again, self.sent, self.unusable = again, sent, unusable


class CredentialsError(MetricsError):
    """There are no credentials of AWS on this host."""

    code = "credentials_missing"


class RestartRefusedError(MonitorError):
    """A restart of Logstash was asked for that may not be, or need not be."""

    code = "restart_refused"


class SampleError(MonitorError):
    """The samples cannot be judged: not from the node API, of two hosts, or out of order."""

    code = "samples_invalid"
