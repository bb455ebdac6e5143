"""The names and addresses of the machine that bakes, as they might stand in a file.

Read from the kernel alone: a base image may have neither `ip` nor `hostname`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# A name without a digit or a dot, such as `debian`, is a word that stands in files anyway.
DISTINCT = re.compile(r"[0-9.]")
COMMON = frozenset(("localhost", "localhost.localdomain"))
_LOCAL = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")
_GLOBAL_SCOPE = "00"


@dataclass(frozen=True)
class Machine:
    """What the machine is called; ``names`` and ``addresses`` are texts, without those that every machine has.

    They are found in lower case and in upper case.
    """

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    _literals: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        either = [
            *(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in self.names),
            # A port may follow an address of IPv4 only.
            *(
                rf"(?<![\w:]){re.escape(text)}(?![\w:])" if ":" in text else rf"(?<![\w.]){re.escape(text)}(?!\w|\.\d)"
                for text in self.addresses
            ),
        ]
        called = [*self.names, *self.addresses]
        literals = {case.encode() for text in called for case in (text.lower(), text.upper())}
        object.__setattr__(self, "_literals", tuple(sorted(literals)))
        object.__setattr__(self, "_pattern", re.compile("|".join(either).encode(), re.IGNORECASE))

    def find_in(self, text: bytes) -> re.Match[bytes] | None:
        """Where the first name or address of it stands in a text."""
        # Most texts have none, and a search for literals takes a tenth of the time.
        return self._pattern.search(text) if any(literal in text for literal in self._literals) else None

    def is_named_in(self, text: bytes) -> bool:
        """Whether a name or an address of it stands in a text."""
        return self.find_in(text) is not None


def read(root: Path = Path("/")) -> Machine:
    """What the kernel below ``root`` says of the machine that it runs on."""
    name = _text(root / "proc/sys/kernel/hostname").strip()
    names = {found for found in (name, name.partition(".")[0]) if DISTINCT.search(found) and found not in COMMON}
    addresses = {*_of_ipv4(root), *_of_ipv6(root), *_of_links(root)}
    return Machine(tuple(sorted(names)), tuple(sorted(addresses)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _of_ipv4(root: Path) -> Iterator[str]:
    for address in _LOCAL.findall(_text(root / "proc/net/fib_trie")):
        if not address.startswith("127."):
            yield address


def _of_ipv6(root: Path) -> Iterator[str]:
    for line in _text(root / "proc/net/if_inet6").splitlines():
        digits, _index, _length, scope = line.split()[:4]
        if scope == _GLOBAL_SCOPE:
            yield str(ipaddress.IPv6Address(int(digits, 16)))


def _of_links(root: Path) -> Iterator[str]:
    for path in sorted(root.glob("sys/class/net/*/address")):
        address = _text(path).strip()
        if address.strip("0:"):
            yield address
