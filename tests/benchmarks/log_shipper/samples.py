"""Access logs as a busy site writes them: many clients, a few user agents, times and sizes that rarely repeat."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

_AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{version}.0.0.0 Safari/537.36"
    for version in range(90, 140)
]
_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
_CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
UNANSWERED = 0.01
"""The share of requests that no target answered."""
IPV6 = 0.1
DISTINCT = 20_000
"""So many lines are different; longer logs repeat them."""


def _common(chance: random.Random, decimals: int) -> tuple[str, ...]:
    number = chance.randrange
    unit = 10**decimals
    short = [f"0.{number(20, 90) if decimals == 6 else 0:0{decimals}}" for _ in range(2)]
    answered = chance.random() > UNANSWERED
    client = f"198.51.{number(256)}.{number(256)}" if chance.random() > IPV6 else f"2001:db8:{number(65536):x}::1"
    times = f"{short[0]} 0.{number(unit // 2):0{decimals}} {short[1]}" if answered else "-1 -1 -1"
    statuses = f"{chance.choice((200, 200, 200, 304, 404))} 200" if answered else "503 -"
    return (
        f"2026-03-02T08:{number(60):02}:{number(60):02}.{number(10**6):06}Z",
        f"{client}:{number(1024, 65536)} {f'10.0.{number(4)}.{number(20)}:8080' if answered else '-'}",
        times,
        f"{statuses} {chance.choice((0, 0, 734))} {number(200, 50_000)}",
        f'"GET https://www.example.com:443/orders/{number(10**6)}?a=1 HTTP/1.1" "{chance.choice(_AGENTS)}"',
    )


def classic(chance: random.Random) -> str:
    time, ends, times, numbers, texts = _common(chance, 6)
    return f"{time} web-prod {ends} {times} {numbers} {texts} ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"


def alb(chance: random.Random) -> str:
    time, ends, times, numbers, texts = _common(chance, 3)
    return (
        f"https {time} app/web/50dc6c495c0c9188 {ends} {times} {numbers} {texts} ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
        f'{_GROUP} "Root=1-58337262-{chance.randrange(16**24):024x}" "www.example.com" "{_CERTIFICATE}" 1 {time} '
        f'"forward" "-" "-" "10.0.0.1:8080" "200" "-" "-" TID_{chance.randrange(16**32):032x}'
    )


MAKERS = {"classic": classic, "ALB": alb}


def lines(kind: str, size: int) -> Iterator[bytes]:
    """Blocks of lines, ``size`` bytes together or a little more."""
    chance = random.Random(1)  # noqa: S311 - nothing secret
    block = "".join(f"{MAKERS[kind](chance)}\n" for _ in range(DISTINCT)).encode()
    while size > 0:
        yield block if size >= len(block) else block[: block.find(b"\n", size - 1) + 1]
        size -= len(block)


def write(path: Path, kind: str, size: int) -> int:
    """A gzip file of such lines; returns their number."""
    count = 0
    with gzip.open(path, "wb", compresslevel=1) as file:
        for block in lines(kind, size):
            count += block.count(b"\n")
            file.write(block)
    return count
