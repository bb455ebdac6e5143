"""Connection logs of Application Load Balancers: 15 columns, 12 at first, a line a connection.

Source of the format: AWS, "User Guide for Application Load Balancers", "Connection log entries"; the last three columns
in the AWS CDK, CfnLoadBalancerAlbConnectionLogsRecordFields (2.275).
"""

from .columns import Column, Derived, Format, address, port, port_or_none, seconds, text_or_none, timestamp

# fmt: off
FORMAT = Format("connection", "a connection log of an Application Load Balancer", (
    Column("timestamp", timestamp, "EventReceivedTime", "@timestamp=event.end", "time"),
    Column("client_ip", address, "PublicIp", "source.address=source.ip=client.address=client.ip", "client_ip"),
    Column("client_port", port, "PublicPort", "source.port=client.port", "client_port"),
    Column("listener_port", port_or_none, "ListenerPort", "destination.port", "listener_port"),
    Column("tls_protocol", text_or_none, "SslProtocol", "aws.elb.ssl_protocol", "tls_protocol"),
    Column("tls_cipher", text_or_none, "SslCipher", "tls.cipher=aws.elb.ssl_cipher", "tls_cipher"),
    Column("tls_handshake_latency", seconds, "TlsHandshakeTime _", "_ aws.elb.tls_handshake_latency",
           "_ tls_handshake_latency"),
    Column("leaf_client_cert_subject", text_or_none, "ClientCertificateSubject",
           "tls.client.subject=aws.elb.leaf_client_cert_subject", "leaf_client_cert_subject", quoted=None),
    # NotBefore=...;NotAfter=...
    Column("leaf_client_cert_validity", text_or_none, "ClientCertificateValidity", "_",
           "leaf_client_cert_validity"),
    Column("leaf_client_cert_serial_number", text_or_none, "ClientCertificateSerial",
           "tls.client.x509.serial_number=aws.elb.leaf_client_cert_serial_number", "leaf_client_cert_serial_number"),
    Column("tls_verify_status", text_or_none, "TlsVerifyStatus", "_", "tls_verify_status"),
    Column("conn_trace_id", text_or_none, "ConnectionTraceId", "aws.elb.conn_trace_id", "conn_trace_id"),
    # The group that the keys were exchanged with, such as x25519.
    Column("tls_keyexchange", text_or_none, "TlsNamedGroup", "tls.curve=aws.elb.tls_named_group",
           "tls_keyexchange", quoted=None),
    Column("elb", text_or_none, "LoadBalancerName", "aws.elb.name", "elb", quoted=None),
    # Of the node of the balancer that wrote the line.
    Column("ip_address", address, "NodeIp", "aws.elb.node_ip", "ip_address", quoted=None),
), time=0, least=11, kind="connection", derived=(
    Derived(("listener_port",), "text", "aws.elb.listener"),
    Derived(("tls_protocol",), "tls", "tls.version tls.version_protocol=network.protocol"),
    Derived(("leaf_client_cert_validity",), "validity",
            "tls.client.not_before=aws.elb.leaf_client_cert_not_before "
            "tls.client.not_after=aws.elb.leaf_client_cert_not_after"),
    Derived(("tls_verify_status",), "verification", "aws.elb.tls_verify_status aws.elb.tls_error_code event.outcome"),
), ecs=(
    ("event.category", ("network",)),
    ("event.type", ("connection", "start")),
    ("network.transport", "tcp"),
    ("aws.elb.protocol", "tcp"),
))
