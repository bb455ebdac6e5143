"""Access logs as a busy site writes them.

``varied`` is what production looks like: nearly each line has another client, URL, agent, size and trace. ``repeated``
has few agents and one host name, and its lines come again. Unusual lines are mixed in on request.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
_CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "iPhone; CPU iPhone OS 17_4 like Mac OS X",
    "Linux; Android 14; Pixel 8",
)
_WORDS = [
    *[
        "api",
        "v1",
        "v2",
        "orders",
        "users",
        "search",
        "static",
        "img",
        "cart",
        "checkout",
        "login",
        "items",
        "reviews",
        "assets",
        "feed",
    ]
]
_KEYS = ["q", "page", "sort", "ref", "token", "id", "lang", "session", "filter", "utm_source"]
_CIPHERS = ("ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2", "TLS_AES_128_GCM_SHA256 TLSv1.3")
TCP, UNANSWERED, MALFORMED, IPV6 = 0.02, 0.03, 0.002, 0.1
"""Shares: of a Classic log's lines of a TCP listener; of requests that no target answered, of malformed ones, and of
clients with IPv6."""

_DISTINCT = {"varied": 100_000, "repeated": 20_000}
"""So many lines are different; longer logs repeat them."""


class _Pool(NamedTuple):
    """What the lines are drawn from."""

    clients: list[str]
    paths: list[str]
    agents: list[str]


def _varied(chance: random.Random) -> _Pool:
    number = chance.randrange
    fourth = [f"{number(1, 224)}.{number(256)}.{number(256)}.{number(1, 255)}" for _ in range(20_000)]
    sixth = [f"2001:db8:{number(65536):x}:{number(65536):x}::{number(65536):x}" for _ in range(2_000)]
    paths = []
    for _ in range(50_000):
        path = "".join(f"/{chance.choice(_WORDS)}" for _ in range(number(1, 5))) + f"/{number(10**7)}" * number(2)
        query = "&".join(f"{chance.choice(_KEYS)}={number(36**6):x}" for _ in range(number(5)))
        paths.append(f"{path}?{query}" if query else path)
    agents = [
        f"Mozilla/5.0 ({chance.choice(_SYSTEMS)}) AppleWebKit/{number(500, 620)}.{number(40)} (KHTML, like Gecko) "
        f"Chrome/{number(80, 140)}.0.{number(7000)}.{number(200)} Safari/537.36"
        for _ in range(5_000)
    ]
    return _Pool([chance.choice(sixth if chance.random() < IPV6 else fourth) for _ in range(20_000)], paths, agents)


def _repeated(chance: random.Random) -> _Pool:
    number = chance.randrange
    clients = [
        f"198.51.{number(256)}.{number(256)}" if chance.random() > IPV6 else f"2001:db8:{number(65536):x}::1"
        for _ in range(20_000)
    ]
    agents = [
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{version}.0.0.0 Safari/537.36"
        for version in range(90, 140)
    ]
    return _Pool(clients, [f"/orders/{number(10**6)}?a=1" for _ in range(20_000)], agents)


_POOLS = {"varied": _varied, "repeated": _repeated}


class _Request(NamedTuple):
    time: str
    client: str
    target: str
    durations: str
    statuses: str
    sizes: str
    request: str
    agent: str
    cipher: str


def _request(pool: _Pool, chance: random.Random, decimals: int, second: float) -> _Request:
    number = chance.randrange
    answered = chance.random() > UNANSWERED
    short = [f"0.{number(20, 90) if decimals == 6 else 0:0{decimals}}" for _ in range(2)]
    status = chance.choice((200, 200, 200, 201, 204, 301, 304, 404, 500))
    method = chance.choice(("GET", "GET", "GET", "POST", "PUT"))
    request = f"{method} https://www.example.com:443{chance.choice(pool.paths)} HTTP/{chance.choice(('1.1', '2.0'))}"
    return _Request(
        time=f"2026-03-02T08:{int(second) // 60 % 60:02}:{int(second) % 60:02}.{number(10**6):06}Z",
        client=f"{chance.choice(pool.clients)}:{number(1024, 65536)}",
        target=f"10.0.{number(4)}.{number(20, 30)}:8080" if answered else "-",
        durations=f"{short[0]} {chance.expovariate(8):.{decimals}f} {short[1]}" if answered else "-1 -1 -1",
        statuses=f"{status} {status}" if answered else "503 -",
        sizes=f"{chance.choice((0, 0, number(20_000)))} {number(200, 500_000)}",
        request=request if chance.random() > MALFORMED else "- http://www.example.com:80- ",
        agent=chance.choice(pool.agents),
        cipher=chance.choice(_CIPHERS),
    )


def classic(pool: _Pool, chance: random.Random, second: float) -> str:
    line = _request(pool, chance, 6, second)
    if chance.random() < TCP:
        target = f"10.0.1.{chance.randrange(20, 30)}:8080"
        line = line._replace(target=target, durations="0.000057 0.000006 0.000018", statuses="- -")
        line = line._replace(request="- - - ", agent="-", cipher="- -")
    return (
        f"{line.time} web-prod {line.client} {line.target} {line.durations} {line.statuses} {line.sizes} "
        f'"{line.request}" "{line.agent}" {line.cipher}'
    )


def alb(pool: _Pool, chance: random.Random, second: float) -> str:
    line = _request(pool, chance, 3, second)
    status = line.statuses.partition(" ")[2]
    created = f"{line.time[:20]}{chance.randrange(10**6):06}Z"
    return (
        f"https {line.time} app/web/50dc6c495c0c9188 {line.client} {line.target} {line.durations} {line.statuses} "
        f'{line.sizes} "{line.request}" "{line.agent}" {line.cipher} {_GROUP} '
        f'"Root=1-58337262-{chance.randrange(16**24):024x}" "www.example.com" "{_CERTIFICATE}" {chance.randrange(20)} '
        f'{created} "forward" "-" "-" "{line.target}" "{status}" "-" "-" TID_{chance.randrange(16**32):032x}'
    )


MAKERS: dict[str, Callable[[_Pool, random.Random, float], str]] = {"Classic": classic, "ALB": alb}

UNUSUAL: dict[str, Callable[[str], str]] = {
    "extra columns": lambda line: f'{line} - "-" 7',
    "another age": lambda line: line.rpartition(' "')[0],
    "a character outside of ASCII": lambda line: line.replace("Mozilla", "Mözilla", 1),
    "a quote": lambda line: line.replace("Mozilla", 'Mo"zilla', 1),
    "a raw line": lambda line: line[: len(line) // 2],
}
"""By what is unusual: what makes such a line of another."""


def lines(kind: str, size: int, variety: str = "varied", unusual: str = "", share: float = 0.01) -> Iterator[bytes]:
    """Blocks of lines, ``size`` bytes together or a little more.

    :param unusual: one of :data:`UNUSUAL`, which so large a share of the lines is.
    """
    chance = random.Random(1)  # noqa: S311 - nothing secret
    pool = _POOLS[variety](chance)
    made = []
    for number in range(_DISTINCT[variety]):
        line = MAKERS[kind](pool, chance, number / 400)
        made.append(UNUSUAL[unusual](line) if unusual and chance.random() < share else line)
    block = "".join(f"{line}\n" for line in made).encode()
    while size > 0:
        yield block if size >= len(block) else block[: block.find(b"\n", size - 1) + 1]
        size -= len(block)


def write(path: Path, kind: str, size: int, *arguments: object) -> int:
    """A gzip file of such lines; returns their number."""
    count = 0
    with gzip.open(path, "wb", compresslevel=1) as file:
        for block in lines(kind, size, *arguments):
            count += block.count(b"\n")
            file.write(block)
    return count
