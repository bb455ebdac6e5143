"""What ends a bake."""

from __future__ import annotations

from ...module_utils.messages import coded


class ImageError(Exception):
    """An image cannot be made or looked for; the message says why, and a hint.

    :param code: of messages.CODES.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(coded(code, text))
