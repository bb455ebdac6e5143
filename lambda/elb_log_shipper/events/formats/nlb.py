"""Network Load Balancer access logs, which only TLS listeners write: 22 columns, 21 until 2023, 18 in version 1.0.

Source of the format: AWS, "User Guide for Network Load Balancers", "Access log entries"; the same columns in the AWS
CDK, CfnLoadBalancerNlbAccessLogsRecordFields (2.275), where tls_named_group is called tls_keyexchange. The list of ALPN
protocols may be one column of several quoted texts, ``"h2","http/1.1"``.
"""

from .columns import (
    Column,
    Derived,
    Format,
    endpoint,
    integer,
    list_or_none,
    milliseconds,
    one_of,
    text_or_none,
    timestamp_without_zone,
    timestamp_without_zone_or_none,
    verbatim,
)

TYPES = frozenset(["tls"])

# fmt: off
FORMAT = Format("nlb", "a log of a Network Load Balancer", (
    Column("type", one_of(TYPES), "RequestType", "aws.elb.type", "type"),
    Column("version", verbatim, "LogVersion", "aws.elb.version", "version"),
    # The time at which the connection ended.
    Column("time", timestamp_without_zone, "EventReceivedTime", "@timestamp=event.end", "time"),
    Column("elb", verbatim, "LoadBalancerName", "aws.elb.name", "elb"),
    Column("listener", text_or_none, "ListenerId", "aws.elb.listener", "listener_id"),
    Column("client:port", endpoint,
           "PublicIpAndPort PublicIp PublicPort", "_ source.address=source.ip source.port",
           "_ client_ip client_port"),
    Column("destination:port", endpoint, "InternalIpAndPort InternalIp InternalPort",
           "_ destination.ip=aws.elb.backend.ip destination.port", "_ target_ip target_port"),
    Column("connection_time", milliseconds, "TimeTaken _", "_ aws.elb.connection_time.ms",
           "_ tcp_connection_time_ms"),
    Column("tls_handshake_time", milliseconds, "TlsHandshakeTime _", "_ aws.elb.tls_handshake_time.ms",
           "_ tls_handshake_time_ms"),
    Column("received_bytes", integer, "BytesUploadedFromClient", "source.bytes", "received_bytes"),
    Column("sent_bytes", integer, "BytesDownloadedByClient", "destination.bytes", "sent_bytes"),
    Column("incoming_tls_alert", integer, "IncomingTlsAlert", "aws.elb.incoming_tls_alert",
           "incoming_tls_alert"),
    Column("chosen_cert_arn", text_or_none, "CertificateArn", "aws.elb.chosen_cert.arn", "cert_arn"),
    Column("chosen_cert_serial", text_or_none, "CertificateSerial", "aws.elb.chosen_cert.serial",
           "certificate_serial"),
    Column("tls_cipher", text_or_none, "SslCipher", "tls.cipher=aws.elb.ssl_cipher", "tls_cipher_suite"),
    Column("tls_protocol_version", text_or_none, "SslProtocol", "aws.elb.ssl_protocol", "tls_protocol_version"),
    Column("tls_named_group", text_or_none, "TlsNamedGroup", "tls.curve=aws.elb.tls_named_group", "tls_named_group"),
    Column("domain_name", text_or_none, "DomainName", "destination.domain=tls.client.server_name", "domain_name"),
    Column("alpn_fe_protocol", text_or_none, "AlpnFrontEnd", "tls.next_protocol=aws.elb.alpn_fe_protocol",
           "alpn_fe_protocol"),
    Column("alpn_be_protocol", text_or_none, "AlpnBackEnd", "aws.elb.alpn_be_protocol", "alpn_be_protocol"),
    Column("alpn_client_preference_list", list_or_none, "AlpnClientPreferences",
           "aws.elb.alpn_client_preference_list", "alpn_client_preference_list", quoted=None),
    Column("tls_connection_creation_time", timestamp_without_zone_or_none, "RequestCreationTime",
           "event.start=aws.elb.tls_connection_creation_time", "tls_connection_creation_time"),
), time=2, least=18, kind="access", derived=(
    Derived(("destination:port",), "endpoint_parts", "destination.address aws.elb.backend.port"),
    Derived(("connection_time",), "duration_of_milliseconds", "event.duration"),
    Derived(("tls_protocol_version",), "tls", "tls.version tls.version_protocol"),
), ecs=(
    ("event.category", ("network",)),
    ("event.type", ("connection", "end")),
    ("network.protocol", "tls"),
    ("network.transport", "tcp"),
    ("aws.elb.protocol", "tcp"),
))
