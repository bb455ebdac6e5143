"""What a bake made and did not remove."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Leftover:
    """One thing that a bake made.

    :param kind: such as ``instance`` or ``key pair``.
    :param run: the bake's id.
    :param serves: whether an image that serves needs it; then it is none.
    """

    kind: str
    id: str
    run: str
    serves: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
