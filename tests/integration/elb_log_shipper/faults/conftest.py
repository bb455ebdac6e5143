"""Receivers that fail in every way."""

from shipper_faults import (
    certificates,
    receive,
    tools,
)

__all__ = ["certificates", "receive", "tools"]
