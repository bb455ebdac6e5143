"""Hides texts that are known to be secret, in every form that a log, a diff or a message may give them."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from html import escape
from urllib.parse import quote, quote_plus

from . import MASK

# Shorter texts are not hidden by their value: they would blank out half of a message (Octopus does the same).
LEAST = 4
# A line of a secret of several lines, such as a key. A shorter one may be any word.
LEAST_LINE = 8
# Shorter ones have no part of Base64 that is the same wherever they stand in what is encoded.
LEAST_ENCODED = 6
# Words of every message and path. As a secret they protect nothing, and hiding them would hide what went wrong.
COMMON = frozenset(("true", "false", "null", "none", "logstash", "elastic", "elasticsearch", "localhost", "127.0.0.1"))


def is_maskable(secret: str) -> bool:
    """Whether a secret is hidden by its value."""
    return len(secret.strip()) >= LEAST and secret.strip().lower() not in COMMON


def forms(secret: str) -> set[str]:
    """The forms in which a secret may appear: itself, its lines, and each of them escaped as programs do."""
    lines = [line.strip() for line in secret.splitlines() if len(line.strip()) >= LEAST_LINE and "-----" not in line]
    plain = [secret, secret.strip(), *(lines if len(secret.splitlines()) > 1 else ())]
    found: set[str] = set()
    for text in plain:
        found.add(text)
        for escaped in _ESCAPES:
            once = escaped(text)
            found.add(once)
            # What is in a text is escaped with that text once more.
            found.add(_json(once))
        found.update(_encoded(text))
    return {text for text in found if is_maskable(text)}


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _ascii(text: str) -> str:
    return json.dumps(text)[1:-1]


def _ruby(text: str) -> str:
    """As Ruby's inspect writes it."""
    return re.sub(r"#(?=[{$@])", r"\\#", _json(text))


def _percent(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _lower_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), _percent(text))


_ESCAPES: tuple[Callable[[str], str], ...] = (
    _json,
    _ascii,
    _ruby,
    _percent,
    _lower_percent,
    lambda text: quote(text, errors="surrogatepass"),
    lambda text: quote_plus(text, errors="surrogatepass"),
    lambda text: shlex.quote(text)[1:-1] if shlex.quote(text) != text else text,
    # YAML, SQL and PowerShell between single quotes; a shell's with a backslash; repr and Ruby between single quotes.
    lambda text: text.replace("'", "''"),
    lambda text: text.replace("'", "'\\''"),
    lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    # Between double quotes of a shell or of systemd.
    lambda text: re.sub(r'(["\\`$])', r"\\\1", text),
    lambda text: escape(text, quote=False),
    escape,
    lambda text: escape(text).replace("&#x27;", "&apos;"),
)  # fmt: skip


def _encoded(text: str) -> Iterator[str]:
    """The characters of Base64 that are the same wherever the text stands in what is encoded."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) < LEAST_ENCODED:
        return
    for before in range(3):
        part = bytes(before) + raw
        code = base64.b64encode(part).decode().rstrip("=")
        # A character that holds bits of a neighbour differs with it.
        code = code[-(-before * 8 // 6) : len(part) * 8 // 6]
        yield code
        yield code.replace("+", "-").replace("/", "_")


class KnownSecrets:
    """Hides a set of secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form for secret in set(secrets) if is_maskable(secret) for form in forms(secret)}
        # The longest first, so that one look at the text does for most.
        self._forms = tuple(sorted(found, key=lambda form: (-len(form), form)))

    def hide(self, text: str) -> str:
        """``text`` with a mask in place of each secret; where two overlap, one mask for both."""
        places = sorted(self._places(text))
        if not places:
            return text
        parts, end = [], 0
        start, stop = places[0]
        for left, right in [*places[1:], (len(text) + 1, len(text) + 1)]:
            if left < stop:
                stop = max(stop, right)
                continue
            parts += [text[end:start], MASK]
            end, start, stop = stop, left, right
        return "".join([*parts, text[end:]])

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        for form in self._forms:
            start = text.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = text.find(form, start + 1)
