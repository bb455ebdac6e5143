"""What events of the style ``ecs`` derive from columns, as the Elastic Common Schema defines its fields.

The functions take columns' texts as they are in the log, where ``-`` and nothing say that there is no value. They
return a tuple of values, which the formats' tables name, and ``None`` for what can't be derived.
"""

import re
from datetime import datetime, timedelta

from .columns import NOTHING, integer, request

_EPOCH = datetime(1970, 1, 1)
_BILLION = 1_000_000_000

Text = str | None
Texts = list[str] | None
Whole = int | None


def duration(start: str, end: str) -> tuple[Whole]:
    """Nanoseconds from one time to another."""
    first, last = _nanoseconds(start), _nanoseconds(end)
    return (last - first if first is not None and last is not None and last >= first else None,)


def end_and_duration(start: str, *steps: str) -> tuple[Text, Whole]:
    """When what began then was over, and how many nanoseconds it took.

    :param steps: the seconds of each step.
    """
    first, lengths = _nanoseconds(start), [_nanoseconds_of(step) for step in steps]
    known = [length for length in lengths if length is not None]
    if first is None or len(known) < len(steps):
        return None, None
    last = first + sum(known)
    return _time(last), last - first


def duration_of_milliseconds(text: str) -> tuple[Whole]:
    return (int(text) * 1_000_000 if text.isascii() and text.isdecimal() else None,)


def _nanoseconds(time: str) -> Whole:
    """Since 1970."""
    try:
        since = datetime.fromisoformat(time[:19]) - _EPOCH
        fraction = time[20:].rstrip("Z")
        return (since.days * 86400 + since.seconds) * _BILLION + int(fraction.ljust(9, "0"))
    except (ValueError, TypeError):
        return None


def _time(nanoseconds: int) -> Text:
    try:
        rounded = (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat(timespec="microseconds")
    except OverflowError:
        return None
    more = nanoseconds % 1000
    return f"{rounded}{more:03}Z" if more else f"{rounded}Z"


def _nanoseconds_of(seconds: str) -> Whole:
    """``-1`` and ``-``: there were none."""
    whole, _point, fraction = seconds.partition(".")
    if not (whole.isdecimal() and whole.isascii()):
        return None
    return int(whole) * _BILLION + int(fraction.ljust(9, "0"))


# These are compiled where they are needed first: only this style needs them.
_URL = (
    r"(?s:(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?)"
)
# Of a connection without a request the balancers write a hyphen behind the port: http://example.com:80-
_AUTHORITY = r"(?:[^@]*@)?(?P<domain>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]{1,5})-?)?"
_VERSION = r"HTTP/([^ ]+)"


def request_parts(text: str) -> tuple[Text, Text, Text, Text, Whole, Text, Text, Text, Text]:
    """Of a request: version of HTTP, or another protocol; the URL's scheme, domain, port, path, query, fragment, and
    the extension of its last name."""
    _text, _method, url, protocol = request(text)
    version = re.fullmatch(_VERSION, protocol or "")
    number, other = (version[1], None) if version else (None, protocol)
    found = re.fullmatch(_URL, url or "")
    if not url or not found:
        return number, other, None, None, None, None, None, None, None
    place = re.fullmatch(_AUTHORITY, found["authority"] or "")
    domain, port = (place["domain"] or None, place["port"]) if place else (found["authority"], None)
    _name, dot, extension = found["path"].rpartition("/")[2].rpartition(".")
    return (
        number,
        other,
        found["scheme"],
        domain,
        int(port) if port and int(port) <= 65535 else None,
        found["path"] or None,
        found["query"] or None,
        found["fragment"] or None,
        extension if dot and extension else None,
    )


def outcome(status: str) -> tuple[Text]:
    """Of a request, by the status that the client got."""
    (number,) = integer(status)
    return (None if number is None else "success" if number < 400 else "failure",)


def listener(status: str) -> tuple[list[str], list[str], str, Text]:
    """What kind of listener of a Classic balancer wrote a line: category and type of the event, the balancer's
    protocol, and the network's where it is known. TCP listeners know no status."""
    if integer(status)[0] is None:
        return ["network"], ["connection", "end"], "tcp", None
    return ["web"], ["access"], "http", "http"


def sizes(status: str, received: str, sent: str) -> tuple[Whole, Whole, Whole, Whole]:
    """Bytes of the bodies of request and answer, without headers, for HTTP; bytes of both directions for TCP."""
    both = integer(received)[0], integer(sent)[0]
    return (None, None, *both) if integer(status)[0] is None else (*both, None, None)


_TLS = r"(?i:(tls|ssl)v([0-9])\.?([0-9])?)"


def tls(protocol: str) -> tuple[Text, Text]:
    """Version and protocol: ``TLSv1.2``, ``tlsv12``."""
    found = re.fullmatch(_TLS, protocol)
    return (f"{found[2]}.{found[3] or 0}", found[1].lower()) if found else (None, None)


def verification(status: str) -> tuple[Text, Text, Text]:
    """Of a client's certificate: the result, the reason, and the outcome. ``Success``, or ``Failed:`` and a reason."""
    if status in NOTHING:
        return None, None, None
    result, _colon, reason = status.partition(":")
    return result, reason or None, {"Success": "success", "Failed": "failure"}.get(result)


def check(status: str) -> tuple[Text]:
    """The outcome of a health check."""
    return ({"PASS": "success", "FAIL": "failure"}.get(status),)


_VALIDITY = r"(?s:NotBefore=([^;]*);NotAfter=(.*))"


def validity(text: str) -> tuple[Text, Text]:
    """From when to when a certificate is valid."""
    found = re.fullmatch(_VALIDITY, text)
    if not found or _nanoseconds(found[1]) is None or _nanoseconds(found[2]) is None:
        return None, None
    return found[1], found[2]


def endpoint_parts(endpoint: str) -> tuple[Text, Text]:
    """Address of a target, or the name of one that has none, a function's ARN; the port as a text."""
    if endpoint in NOTHING:
        return None, None
    found, colon, port = endpoint.rpartition(":")
    if endpoint.startswith("arn:") or not colon:
        return endpoint, None
    return found.removeprefix("[").removesuffix("]"), port


def text(text: str) -> tuple[Text]:
    """A number as a text."""
    return (None if text in NOTHING else text,)


def commas(text: str) -> tuple[Texts]:
    return (None if text in NOTHING else text.split(","),)


def words(text: str) -> tuple[Texts]:
    return (None if text in NOTHING else text.split(),)
