"""Classic Load Balancer access logs: 15 columns, or 12 in lines of 2014 and early 2015.

Source of the format: AWS, "User Guide for Classic Load Balancers", "Access log entries".
"""

from .columns import (
    REQUEST_PARTS,
    Column,
    Derived,
    Format,
    endpoint,
    integer,
    request,
    seconds,
    text_or_none,
    timestamp,
    verbatim,
)

# fmt: off
FORMAT = Format("classic", "a log of a Classic Load Balancer", (
    # The time at which the balancer received the request.
    Column("timestamp", timestamp, "EventReceivedTime", "@timestamp=event.start", "time"),
    Column("elb", verbatim, "LoadBalancerName", "aws.elb.name", "elb"),
    Column("client:port", endpoint,
           "PublicIpAndPort PublicIp PublicPort", "_ source.address=source.ip source.port",
           "_ client_ip client_port"),
    Column("backend:port", endpoint, "InternalIpAndPort InternalIp InternalPort",
           "_ destination.ip=aws.elb.backend.ip destination.port", "_ backend_ip backend_port"),
    Column("request_processing_time", seconds, "TimeToForwardRequest _", "_ aws.elb.request_processing_time.sec",
           "_ request_processing_time"),
    Column("backend_processing_time", seconds, "TimeTaken _", "_ aws.elb.backend_processing_time.sec",
           "_ backend_processing_time"),
    Column("response_processing_time", seconds, "TimeToForwardResponse _", "_ aws.elb.response_processing_time.sec",
           "_ response_processing_time"),
    # No status for TCP and SSL listeners.
    Column("elb_status_code", integer, "Status", "http.response.status_code", "elb_status_code"),
    Column("backend_status_code", integer, "BackendStatus", "aws.elb.backend.http.response.status_code",
           "backend_status_code"),
    Column("received_bytes", integer, "BytesUploadedFromClient", "_", "received_bytes"),
    Column("sent_bytes", integer, "BytesDownloadedByClient", "_", "sent_bytes"),
    # "- - - " for TCP and SSL, with its trailing space.
    Column("request", request, "FullRequest RequestMethod RequestUrl RequestProtocol",
           "_ http.request.method url.original _",
           "_ request_verb request_url request_proto", quoted=True),
    Column("user_agent", text_or_none, "UserAgent", "user_agent.original", "user_agent", quoted=True),
    Column("ssl_cipher", text_or_none, "SslCipher", "tls.cipher=aws.elb.ssl_cipher", "ssl_cipher"),
    Column("ssl_protocol", text_or_none, "SslProtocol", "aws.elb.ssl_protocol", "ssl_protocol"),
), time=0, least=12, kind="access", derived=(
    Derived(("backend:port",), "endpoint_parts", "destination.address aws.elb.backend.port"),
    Derived(("timestamp", "request_processing_time", "backend_processing_time", "response_processing_time"),
            "end_and_duration", "event.end event.duration"),
    Derived(("elb_status_code",), "outcome", "event.outcome"),
    Derived(("elb_status_code",), "listener", "event.category event.type aws.elb.protocol network.protocol"),
    Derived(("elb_status_code", "received_bytes", "sent_bytes"), "sizes",
            "http.request.body.bytes http.response.body.bytes source.bytes destination.bytes"),
    Derived(("request",), "request_parts", REQUEST_PARTS),
    Derived(("ssl_protocol",), "tls", "tls.version tls.version_protocol"),
), ecs=(
    ("network.transport", "tcp"),
))
