"""Names that files and Ansible variables can have, made from names that people gave."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import count

from ..scoping.scopes import Scope

_LONGEST = 80


def slug(text: str, joint: str) -> str:
    """Lower-case ASCII letters and digits, with ``joint`` for all between them. May be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", joint, plain).strip(joint)[:_LONGEST].strip(joint)


def file_stems(names: Sequence[tuple[str, str]]) -> list[str]:
    """A stem for each ``(name, owner)``: the name's, with the owner's behind it where another one has it.

    No separator, dot or drive letter is ever part of it, so that it stays in its folder.
    """
    used: set[str] = set()
    stems = []
    for name, owner in names:
        stem = slug(name, "-") or slug(owner, "-") or "variables"
        if stem in used:
            stem = f"{stem}-{slug(owner, '-')}".strip("-")
        numbered = (f"{stem}-{number}" for number in count(2))
        while stem in used:
            stem = next(numbered)
        used.add(stem)
        stems.append(stem)
    return stems


def vault_names(secrets: Sequence[tuple[str, str, Scope]]) -> list[str]:
    """An Ansible variable for each secret ``(set, variable, scope)``, unique and the same at every import.

    Where several would have the same name, each of them carries a digest of what it is for: a number would move to
    another secret as soon as one is added.
    """
    plain = [_vault_name(name, scope) for _unused, name, scope in secrets]
    times = Counter(plain)
    return [
        f"{short}_{_digest(secret)}" if times[short] > 1 else short
        for short, secret in zip(plain, secrets, strict=True)
    ]


def _vault_name(name: str, scope: Scope) -> str:
    where = [part for values in scope.dimensions.values() for part in values]
    return "vault_" + (slug(" ".join([name, *where]), "_") or "secret")


def _digest(secret: tuple[str, str, Scope]) -> str:
    owner, name, scope = secret
    where = sorted((dimension, sorted(values)) for dimension, values in scope.key)
    return hashlib.sha256(repr((owner, name.lower(), where)).encode()).hexdigest()[:8]
