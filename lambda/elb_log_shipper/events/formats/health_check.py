"""Health-check logs of Application Load Balancers: 10 columns, 8 at first, a line a check. Written since 2025.

Source of the format: AWS, "User Guide for Application Load Balancers", "Health check logs"; the last two columns in the
AWS CDK, CfnLoadBalancerAlbHealthCheckLogsRecordFields (2.275).
"""

from .columns import Column, Derived, Format, address, integer, one_of, seconds, target, text_or_none, timestamp

TYPES = frozenset(["http", "https", "h2", "grpc", "grpcs"])

# fmt: off
FORMAT = Format("health_check", "a health-check log of an Application Load Balancer", (
    Column("type", one_of(TYPES), "RequestType", "aws.elb.type", "type"),
    Column("time", timestamp, "EventReceivedTime", "@timestamp=event.start", "time"),
    Column("latency", seconds, "TimeTaken _", "_ aws.elb.health_check.latency.sec", "_ latency"),
    Column("target_addr", target, "InternalIpAndPort InternalIp InternalPort",
           "_ destination.ip=aws.elb.backend.ip destination.port", "target_addr target_ip target_port"),
    Column("target_group_id", text_or_none, "TargetGroupId", "aws.elb.target_group.id", "target_group_id"),
    Column("status", text_or_none, "CheckStatus", "aws.elb.health_check.status", "status"),
    Column("status_code", integer, "BackendStatus", "aws.elb.backend.http.response.status_code", "status_code"),
    Column("reason_code", text_or_none, "ReasonCode", "event.reason=aws.elb.health_check.reason", "reason_code"),
    Column("elb", text_or_none, "LoadBalancerName", "aws.elb.name", "elb", quoted=None),
    # Of the node of the balancer that wrote the line.
    Column("ip_address", address, "NodeIp", "aws.elb.node_ip", "ip_address", quoted=None),
), time=1, least=8, kind="health_check", derived=(
    Derived(("target_addr",), "endpoint_parts", "destination.address aws.elb.backend.port"),
    Derived(("time", "latency"), "end_and_duration", "event.end event.duration"),
    Derived(("status",), "check", "event.outcome"),
), ecs=(
    ("event.category", ("network",)),
    ("event.type", ("info",)),
    ("network.transport", "tcp"),
    ("aws.elb.protocol", "http"),
))
