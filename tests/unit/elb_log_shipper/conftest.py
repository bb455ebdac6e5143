"""Receivers, and the sample log with its events."""

from shipper_receivers import (
    context,
    context_fields,
    expected,
    free_port,
    http_receiver,
    no_open_sockets,
    reset_connection,
    sample,
    sample_path,
    tcp_receiver,
    without_ids,
)

__all__ = [
    "context",
    "context_fields",
    "expected",
    "free_port",
    "http_receiver",
    "no_open_sockets",
    "reset_connection",
    "sample",
    "sample_path",
    "tcp_receiver",
    "without_ids",
]
