"""Connection logs of Application Load Balancers: 12 columns, a line a connection.

Source of the format: AWS, "User Guide for Application Load Balancers", "Connection log entries".
"""

from . import ecs
from .columns import Column, Derived, Format, integer, latency, port, text_or_none, timestamp

# fmt: off
FORMAT = Format("connection", (
    Column("timestamp", timestamp, "EventReceivedTime", "@timestamp=event.end", "time", unique=True),
    Column("client_ip", text_or_none, "PublicIp", "source.ip=client.ip", "client_ip", unique=True),
    Column("client_port", port, "PublicPort", "source.port=client.port", "client_port", unique=True),
    Column("listener_port", integer, "ListenerPort", "destination.port", "listener_port"),
    Column("tls_protocol", text_or_none, "SslProtocol", "aws.elb.ssl_protocol", "tls_protocol"),
    Column("tls_cipher", text_or_none, "SslCipher", "tls.cipher=aws.elb.ssl_cipher", "tls_cipher"),
    Column("tls_handshake_latency", latency, "TlsHandshakeTime _", "_ aws.elb.tls_handshake_latency",
           "_ tls_handshake_latency", unique=True),
    Column("leaf_client_cert_subject", text_or_none, "ClientCertificateSubject",
           "tls.client.subject=aws.elb.leaf_client_cert_subject", "leaf_client_cert_subject", quoted=None),
    # NotBefore=...;NotAfter=...
    Column("leaf_client_cert_validity", text_or_none, "ClientCertificateValidity", "_",
           "leaf_client_cert_validity"),
    Column("leaf_client_cert_serial_number", text_or_none, "ClientCertificateSerial",
           "tls.client.x509.serial_number=aws.elb.leaf_client_cert_serial_number", "leaf_client_cert_serial_number"),
    Column("tls_verify_status", text_or_none, "TlsVerifyStatus", "_", "tls_verify_status"),
    Column("conn_trace_id", text_or_none, "ConnectionTraceId", "aws.elb.conn_trace_id", "conn_trace_id", unique=True),
), time=0, shorter=(11,), expected="11 and more", kind="connection", derived=(
    Derived(("client_ip",), ecs.text, "source.address=client.address"),
    Derived(("listener_port",), ecs.text, "aws.elb.listener"),
    Derived(("tls_protocol",), ecs.tls, "tls.version tls.version_protocol=network.protocol"),
    Derived(("leaf_client_cert_validity",), ecs.validity,
            "tls.client.not_before=aws.elb.leaf_client_cert_not_before "
            "tls.client.not_after=aws.elb.leaf_client_cert_not_after"),
    Derived(("tls_verify_status",), ecs.verification, "aws.elb.tls_verify_status aws.elb.tls_error_code event.outcome"),
), ecs=(
    ("event.category", ("network",)),
    ("event.type", ("connection", "start")),
    ("network.transport", "tcp"),
    ("aws.elb.protocol", "tcp"),
))
