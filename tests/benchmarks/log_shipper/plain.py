"""The plain design in Python: ``python plain.py FILE.gz HOST PORT``, with the log shipper on the path.

A block is split once at its quotes, the columns are zipped, and each line is one formatted string with all fields
typed. Nothing is checked: a line of another form than the first one gives wrong events, or an error.
"""

import gzip
import socket
import sys
from collections.abc import Iterator

from elb_log_shipper.events.formats import columns, parse

_BLOCK = 128 * 1024
_NUMBERS = (columns.integer, columns.priority)


def _columns(block: str, quotes: int) -> Iterator[list[str]]:
    pieces = block.replace("\n", '"').split('"')
    for number in range(2 * quotes + 1):
        texts = pieces[number :: 2 * quotes + 1]
        yield from [texts] if number % 2 else map(list, zip(*map(str.split, texts), strict=True))


def _values(texts: list[str], convert: object) -> list[list[str]]:
    """JSON: a list for each of a column's values that has a name."""
    if convert in _NUMBERS:
        return [["null" if text == "-" else text for text in texts]]
    if convert is columns.seconds:
        return [["null" if text == "-1" else f"{text}e3" for text in texts]]
    strings = [f'"{text}"' if text not in ("-", "") else "null" for text in texts]
    if convert in (columns.endpoint, columns.target):
        ends = [text.rpartition(":") for text in texts]
        addresses = [f'"{address}"' if address else "null" for address, _, _ in ends]
        return [strings, addresses, ["null" if port == "-" else port for _, _, port in ends]]
    if convert is columns.request:
        parts = zip(*[(f"{text}  ".split(" "))[:3] for text in texts], strict=True)
        return [strings, *([f'"{part}"' if part not in ("-", "") else "null" for part in several] for several in parts)]
    return [strings]


def main(path: str, host: str, port: str) -> None:
    with socket.create_connection((host, int(port))) as connection, gzip.open(path, "rb") as log:
        record, rest = parse(log.readline().decode().rstrip("\n")), b""
        log.seek(0)
        table = record.format.columns[: len(record.values)]
        names = [name for column in table for several in column.names("original") for name in several]
        constants = '"Component":"web","SourceModuleName":"ELB","Environment":"prod","Application":"shop","Type":"logs"'
        event = "{" + "".join(f'"{name}":%s,' for name in names) + constants + "}\n"
        quotes = sum(token.quoted for token in record.tokens)
        while chunk := log.read(_BLOCK):
            whole, _, following = (rest + chunk).rpartition(b"\n")
            found = zip(_columns(whole.decode(), quotes), table, strict=False)
            values = [several for texts, column in found for several in _values(texts, column.convert)]
            connection.sendall("".join([event % line for line in zip(*values, strict=True)]).encode())
            rest = following


main(*sys.argv[1:])
