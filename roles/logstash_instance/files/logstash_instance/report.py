"""What is told of a first boot or of a termination: to the journal, in a file, in the history in S3, and to a topic.

None of it has a secret: results are made of settings, names and messages that are masked where they come from.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .aws import Aws
from .errors import InstanceError
from .retrying import Deadline
from .settings import InstanceSettings

# Levels of syslog, which the journal reads from the beginning of a line; see sd-daemon(3).
_LEVELS = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
# The history and the topic are worth no more than that, each.
TOLD_WITHIN_SECONDS = 20.0

_log = logging.getLogger(__name__)


class JournalFormatter(logging.Formatter):
    """Each line of a message with its level."""

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        level = _LEVELS.get(record.levelno, 6)
        return "\n".join(f"<{level}>{line}" for line in lines)


def log_to_journal() -> None:
    """Messages go to the unit's output; with their levels where that is the journal."""
    handler = logging.StreamHandler(sys.stdout)
    if "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(JournalFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("boto3", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, such as 2026-11-28T17:20:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def read(path: Path) -> dict[str, Any]:
    """A result or state written before; empty if there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save(path: Path, document: Mapping[str, Any], mode: int = 0o644) -> None:
    """Writes JSON: as a whole or not at all, whenever the instance is stopped. Raises OSError."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        file.write(json.dumps(document, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def history_address(history: str, kind: str, document: Mapping[str, Any]) -> str:
    """Where a result is kept: ``<history>/<began>-<instance>-<kind>.json``."""
    return f"{history.rstrip('/')}/{document['began']}-{document['instance']}-{kind}.json"


class Audience(NamedTuple):
    """Who hears of a result beyond the instance: the history and the topic of the settings, until the deadline."""

    aws: Aws
    settings: InstanceSettings
    deadline: Deadline


def upload(audience: Audience, kind: str, document: Mapping[str, Any]) -> bool:
    """Adds a result to the history. Whether it is there; a failure is only said in the journal."""
    aws, settings, deadline = audience
    address = history_address(settings.history, kind, document)
    content = (json.dumps(document, indent=2) + "\n").encode()
    try:
        deadline.within(TOLD_WITHIN_SECONDS).retry(lambda: aws.write(address, content))
    except InstanceError as error:
        _log.warning("[%s] The result is not in the history: %s", error.code, error)
        return False
    return True


def notify(audience: Audience, kind: str, document: Mapping[str, Any]) -> bool:
    """Sends a result to the topic. Whether it was told; a failure is only said in the journal."""
    aws, settings, deadline = audience
    subject = f"{kind} of {document['instance']}: {document['result']} ({settings.environment}, {settings.layer})"
    text = json.dumps(document, indent=2)
    try:
        deadline.within(TOLD_WITHIN_SECONDS).retry(lambda: aws.publish(settings.notifications_topic, subject, text))
    except InstanceError as error:
        _log.warning("[%s] The topic was not told: %s", error.code, error)
        return False
    return True


def tell(kind: str, document: Mapping[str, Any], path: Path, failed: bool, audience: Audience | None) -> None:
    """Tells a result everywhere; the file first, which needs nothing but the disk. Raises OSError.

    :param kind: ``first-boot`` or ``termination``.
    :param document: at least ``result``, ``began`` and ``instance``.
    :param failed: whether the topic hears of it.
    :param audience: none if the settings could not be read.
    """
    save(path, document)
    for name, value in document.items():
        _log.log(logging.ERROR if failed else logging.INFO, "%s: %s", name, value)
    if audience and audience.settings.history:
        upload(audience, kind, document)
    if audience and audience.settings.notifications_topic and failed:
        notify(audience, kind, document)
