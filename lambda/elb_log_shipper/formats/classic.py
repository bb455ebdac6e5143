"""Classic Load Balancer access logs: 15 columns, or 12 in lines of 2014 and early 2015.

Source of the format: AWS, "User Guide for Classic Load Balancers", "Access log entries". Later columns may be appended
there at any time; they are kept in ``Extra``.
"""

from .columns import (
    Column,
    ParseError,
    Value,
    convert,
    endpoint,
    integer,
    milliseconds,
    text_or_none,
    timestamp,
    tokenize,
    verbatim,
)

COLUMNS = (
    Column("timestamp", "EventReceivedTime", timestamp),  # when the balancer received the request
    Column("elb", "LoadBalancerName", verbatim),
    Column("client:port", "PublicIpAndPort", endpoint),
    Column("backend:port", "InternalIpAndPort", endpoint),
    Column("request_processing_time", "TimeToForwardRequest", milliseconds),
    Column("backend_processing_time", "TimeTaken", milliseconds),
    Column("response_processing_time", "TimeToForwardResponse", milliseconds),
    Column("elb_status_code", "Status", integer),  # none for TCP and SSL listeners
    Column("backend_status_code", "BackendStatus", integer),
    Column("received_bytes", "BytesUploadedFromClient", integer),
    Column("sent_bytes", "BytesDownloadedByClient", integer),
    Column("request", "FullRequest", verbatim, quoted=True),  # "- - - " for TCP and SSL, with its trailing space
    Column("user_agent", "UserAgent", text_or_none, quoted=True),
    Column("ssl_cipher", "SslCipher", text_or_none),
    Column("ssl_protocol", "SslProtocol", text_or_none),
)
SHORT = 12
"""How many of the columns the lines of 2014 have."""


def parse(line: str) -> dict[str, Value]:
    """The fields of one line, in the order of ``COLUMNS``; then ``Extra``, where the line has more columns.

    :raises ParseError: the line has not this shape.
    """
    tokens = tokenize(line)
    count = len(tokens)
    if count != SHORT and count < len(COLUMNS):
        raise ParseError(f"{count} columns: expected {SHORT}, or {len(COLUMNS)} and more")
    fields = convert(COLUMNS[:count], tokens)
    if count > len(COLUMNS):
        fields["Extra"] = [token.text for token in tokens[len(COLUMNS) :]]
    return fields
