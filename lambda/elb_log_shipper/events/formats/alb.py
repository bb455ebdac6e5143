"""Application Load Balancer access logs: 34 columns today; 18 in 2017, 25, 29, 30 and 33 later on.

Source of the format: AWS, "User Guide for Application Load Balancers", "Access log entries"; the last columns in the
AWS CDK, CfnLoadBalancerAlbAccessLogsRecordFields (2.275), which names 34 in this order. Lines with 36 have been seen;
nothing published says what the last two are, so they are kept as extra columns.
"""

from .columns import (
    REQUEST_PARTS,
    Column,
    Derived,
    Format,
    address,
    endpoint,
    integer,
    one_of,
    priority,
    request,
    seconds,
    target,
    text_or_none,
    timestamp,
    timestamp_or_none,
    verbatim,
)

TYPES = frozenset(["http", "https", "h2", "ws", "wss", "grpc", "grpcs"])
"""What the first column may say."""

# fmt: off
FORMAT = Format("alb", "an access log of an Application Load Balancer", (
    Column("type", one_of(TYPES), "RequestType", "aws.elb.type", "type"),
    # The time at which the response was sent.
    Column("time", timestamp, "EventReceivedTime", "@timestamp=event.end", "time"),
    Column("elb", verbatim, "LoadBalancerName", "aws.elb.name", "elb"),
    Column("client:port", endpoint,
           "PublicIpAndPort PublicIp PublicPort", "_ source.address=source.ip source.port",
           "_ client_ip client_port"),
    Column("target:port", target, "InternalIpAndPort InternalIp InternalPort",
           "_ destination.ip=aws.elb.backend.ip destination.port", "_ target_ip target_port"),
    Column("request_processing_time", seconds, "TimeToForwardRequest _", "_ aws.elb.request_processing_time.sec",
           "_ request_processing_time"),
    Column("target_processing_time", seconds, "TimeTaken _", "_ aws.elb.backend_processing_time.sec",
           "_ target_processing_time"),
    Column("response_processing_time", seconds, "TimeToForwardResponse _", "_ aws.elb.response_processing_time.sec",
           "_ response_processing_time"),
    Column("elb_status_code", integer, "Status", "http.response.status_code", "elb_status_code"),
    Column("target_status_code", integer, "BackendStatus", "aws.elb.backend.http.response.status_code",
           "target_status_code"),
    Column("received_bytes", integer, "BytesUploadedFromClient", "http.request.bytes", "received_bytes"),
    Column("sent_bytes", integer, "BytesDownloadedByClient", "http.response.bytes", "sent_bytes"),
    Column("request", request, "FullRequest RequestMethod RequestUrl RequestProtocol",
           "_ http.request.method url.original _",
           "_ request_verb request_url request_proto", quoted=True),
    Column("user_agent", text_or_none, "UserAgent", "user_agent.original", "user_agent", quoted=True),
    Column("ssl_cipher", text_or_none, "SslCipher", "tls.cipher=aws.elb.ssl_cipher", "ssl_cipher"),
    Column("ssl_protocol", text_or_none, "SslProtocol", "aws.elb.ssl_protocol", "ssl_protocol"),
    Column("target_group_arn", text_or_none, "TargetGroupArn", "aws.elb.target_group.arn", "target_group_arn"),
    Column("trace_id", text_or_none, "TraceId", "trace.id=aws.elb.trace_id", "trace_id", quoted=True),
    Column("domain_name", text_or_none, "DomainName", "destination.domain=tls.client.server_name", "domain_name",
           quoted=True),
    Column("chosen_cert_arn", text_or_none, "CertificateArn", "aws.elb.chosen_cert.arn", "chosen_cert_arn",
           quoted=True),
    Column("matched_rule_priority", priority, "RulePriority", "_", "matched_rule_priority"),
    Column("request_creation_time", timestamp_or_none, "RequestCreationTime", "event.start", "request_creation_time"),
    Column("actions_executed", text_or_none, "ActionsExecuted", "_", "actions_executed", quoted=True),
    Column("redirect_url", text_or_none, "RedirectUrl", "aws.elb.redirect_url", "redirect_url", quoted=True),
    Column("error_reason", text_or_none, "ErrorReason", "aws.elb.error.reason", "error_reason", quoted=True),
    Column("target:port_list", text_or_none, "TargetList", "_", "target_port_list", quoted=True),
    Column("target_status_code_list", text_or_none, "TargetStatusList", "_", "target_status_code_list",
           quoted=True),
    Column("classification", text_or_none, "Classification", "aws.elb.classification", "classification", quoted=True),
    Column("classification_reason", text_or_none, "ClassificationReason", "aws.elb.classification_reason",
           "classification_reason", quoted=True),
    Column("conn_trace_id", text_or_none, "ConnectionTraceId", "aws.elb.conn_trace_id", "conn_trace_id"),
    Column("transformed_host", text_or_none, "TransformedHost", "aws.elb.transformed_host", "transformed_host",
           quoted=True),
    Column("transformed_uri", text_or_none, "TransformedUri", "aws.elb.transformed_uri", "transformed_uri",
           quoted=True),
    Column("request_transform_status", text_or_none, "TransformStatus", "aws.elb.request_transform_status",
           "request_transform_status", quoted=True),
    # Of the node of the balancer that wrote the line.
    Column("ip_address", address, "NodeIp", "aws.elb.node_ip", "ip_address", quoted=None),
), time=1, least=18, kind="access", derived=(
    Derived(("target:port",), "endpoint_parts", "destination.address aws.elb.backend.port"),
    Derived(("request_creation_time", "time"), "duration", "event.duration"),
    Derived(("elb_status_code",), "outcome", "event.outcome"),
    Derived(("request",), "request_parts", REQUEST_PARTS),
    Derived(("ssl_protocol",), "tls", "tls.version tls.version_protocol"),
    Derived(("matched_rule_priority",), "text", "aws.elb.matched_rule_priority"),
    Derived(("actions_executed",), "commas", "aws.elb.action_executed"),
    Derived(("target:port_list",), "words", "aws.elb.target_port"),
    Derived(("target_status_code_list",), "words", "aws.elb.target_status_code"),
), ecs=(
    ("event.category", ("web",)),
    ("event.type", ("access",)),
    ("network.protocol", "http"),
    ("network.transport", "tcp"),
    ("aws.elb.protocol", "http"),
))
