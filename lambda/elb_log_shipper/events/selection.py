"""Which events are kept: filters by field, and sampling by status."""

import re
import zlib
from collections.abc import Mapping, Sequence
from fnmatch import translate

from .formats import Value

STATUS = {"original": "Status", "ecs": "http.response.status_code", "aws": "elb_status_code"}
"""What each naming calls the status that the client got."""


class Selection:
    """Filters and sampling of one deployment.

    :param include: field -> patterns with ``*`` and ``?``: one of each field has to match.
    :param exclude: the same: none may match.
    :param sampling: a status (``404``) or a class of them (``2xx``) -> the share that is kept, 0 to 1.
    :param status: the name of the field that sampling looks at. Events without a status are kept.
    """

    def __init__(
        self,
        include: Mapping[str, Sequence[str]],
        exclude: Mapping[str, Sequence[str]],
        sampling: Mapping[str, float],
        status: str,
    ) -> None:
        self._include = {field: _pattern(patterns) for field, patterns in include.items()}
        self._exclude = {field: _pattern(patterns) for field, patterns in exclude.items()}
        self._sampling = sampling
        self._status = status
        self.fields = frozenset({*include, *exclude, *([status] if sampling else [])})
        """The names of the fields that it looks at."""

    def keeps(self, fields: Mapping[str, Value], event_id: str) -> bool:
        """The same answer for the same event, however often it is asked: a retry sends what the first try sent."""
        for field, pattern in self._include.items():
            if not pattern.fullmatch(_text(fields.get(field))):
                return False
        for field, pattern in self._exclude.items():
            if field in fields and pattern.fullmatch(_text(fields[field])):
                return False
        status = fields.get(self._status)
        if not self._sampling or status is None:
            return True
        share = self._sampling.get(str(status))
        if share is None:
            share = self._sampling.get(f"{str(status)[0]}xx", 1.0)
        return zlib.crc32(event_id.encode()) < share * 2**32


def _pattern(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.replace("[", "[[]")) for pattern in patterns))


def _text(value: Value) -> str:
    """A value as people write it in a pattern; of ``None`` it is the ``-`` of the log."""
    if value is None:
        return "-"
    return ",".join(value) if isinstance(value, list) else str(value)
