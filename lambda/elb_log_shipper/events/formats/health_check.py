"""Health-check logs of Application Load Balancers: 8 columns, a line a check. Written since November 2025.

Source of the format: AWS, "User Guide for Application Load Balancers", "Health check logs".
"""

from . import ecs
from .columns import Column, Derived, Format, integer, latency, one_of, target, text_or_none, timestamp

TYPES = frozenset(["http", "https", "h2", "grpc", "grpcs"])

# fmt: off
FORMAT = Format("health_check", (
    Column("type", one_of(TYPES), "RequestType", "aws.elb.type", "type"),
    Column("time", timestamp, "EventReceivedTime", "@timestamp=event.start", "time", unique=True),
    Column("latency", latency, "TimeTaken _", "_ aws.elb.health_check.latency.sec", "_ latency", unique=True),
    Column("target_addr", target, "InternalIpAndPort InternalIp InternalPort",
           "_ destination.ip=aws.elb.backend.ip destination.port", "target_addr target_ip target_port"),
    Column("target_group_id", text_or_none, "TargetGroupId", "aws.elb.target_group.id", "target_group_id"),
    Column("status", text_or_none, "CheckStatus", "aws.elb.health_check.status", "status"),
    Column("status_code", integer, "BackendStatus", "aws.elb.backend.http.response.status_code", "status_code"),
    Column("reason_code", text_or_none, "ReasonCode", "event.reason=aws.elb.health_check.reason", "reason_code"),
), time=1, shorter=(), expected="8 and more", kind="health_check", derived=(
    Derived(("target_addr",), ecs.endpoint_parts, "destination.address aws.elb.backend.port"),
    Derived(("time", "latency"), ecs.end_and_duration, "event.end event.duration"),
    Derived(("status",), ecs.check, "event.outcome"),
), ecs=(
    ("event.category", ("network",)),
    ("event.type", ("info",)),
    ("network.transport", "tcp"),
    ("aws.elb.protocol", "http"),
))
