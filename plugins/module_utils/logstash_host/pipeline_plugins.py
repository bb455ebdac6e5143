"""Which plugins the files of a pipeline name, also below conditions, and what they need of the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .input_ports import LISTENERS, TOKEN, Token, literal, settings_of, skip_block

# Inputs that listen with UDP, and their port without the setting. Those with TCP are in input_ports.
UDP_LISTENERS = {"gelf": 12201, "ganglia": 8649, "snmptrap": 1062, "syslog": 514, "udp": None}
# Plugins that ask the metadata of the instance for keys when they are given none, and the settings that are keys.
OF_CLOUDS = {
    "input": ("cloudwatch", "cloudwatch_logs", "dynamodb", "kinesis", "s3", "s3snssqs", "sqs"),
    "output": ("amazon_es", "cloudwatch", "dynamodb", "firehose", "kinesis", "s3", "sns", "sqs"),
}
OF_EITHER = ("google_bigquery", "google_cloud_storage", "google_pubsub")
KEYS = {
    *("access_key_id", "aws_access_key_id", "aws_credentials_file", "profile"),
    *("json_key_file", "json_key_file_content", "json_secret"),
}
# A setting's value in place of a name: plugins with several ways to log in.
OF_ROLES = "aws_iam"
# The same for a whole process.
KEY_VARIABLES = (
    *("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "GOOGLE_APPLICATION_CREDENTIALS"),
)
METADATA = re.compile(r"169\.254\.169\.254|fd00:ec2::254|metadata\.google\.internal", re.IGNORECASE)


@dataclass(frozen=True)
class Plugin:
    """A plugin of a pipeline: its literal settings, None for what is not literal, and every word in its block."""

    section: str
    name: str
    settings: dict[str | None, str | None]
    words: frozenset[str]


def find(text: str) -> Iterator[Plugin]:
    """Every plugin of a pipeline's text, in the order of the text. What is no configuration has none."""
    for section, name, block in blocks(text):
        words = frozenset(word for word in map(literal, block) if word)
        yield Plugin(section, name, settings_of(block), words)


def blocks(text: str) -> Iterator[tuple[str, str, Sequence[Token]]]:
    """(section, name, what stands between its braces) of every plugin, also below conditions."""
    tokens = [
        (match.lastgroup, match.group().strip())
        for match in TOKEN.finditer(text)
        if match.lastgroup not in ("comment", "regexp")
    ]
    at = 0
    while at < len(tokens):
        if tokens[at][0] == "word" and tokens[at + 1 : at + 2] == [("open", "{")]:
            end = skip_block(tokens, at + 1)
            yield from _of_section(tokens[at][1], tokens[at + 2 : end - 1])
            at = end
        else:
            at += 1


def _of_section(section: str, tokens: Sequence[Token]) -> Iterator[tuple[str, str, Sequence[Token]]]:
    at = 0
    while at < len(tokens):
        kind, word = tokens[at]
        if kind == "word" and word in ("if", "else"):
            # Into its block, behind the condition.
            while at < len(tokens) and tokens[at] != ("open", "{"):
                at = skip_block(tokens, at) if tokens[at][0] == "open" else at + 1
            at += 1
        elif tokens[at + 1 : at + 2] == [("open", "{")]:
            end = skip_block(tokens, at + 1)
            yield section, literal(tokens[at]) or "", tokens[at + 2 : end - 1]
            at = end
        else:
            at += 1


def port_of(plugin: Plugin) -> int | None:
    """The port that an input surely listens on, with TCP or UDP; None where it has none that is literal."""
    if plugin.section != "input":
        return None
    default, mode = LISTENERS.get(plugin.name, (UDP_LISTENERS.get(plugin.name), None))
    known = plugin.name in LISTENERS or plugin.name in UDP_LISTENERS
    if not known or (mode and plugin.settings.get("mode", mode) != mode):
        return None
    port = plugin.settings.get("port", str(default or "")) or ""
    return int(port) if re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536 else None


def asks_for_keys(plugin: Plugin) -> bool:
    """Whether a plugin gets its keys from the metadata of the instance, since its own settings have none."""
    of_cloud = plugin.name in OF_CLOUDS.get(plugin.section, ()) or plugin.name in OF_EITHER
    return (of_cloud or OF_ROLES in plugin.words) and not KEYS & plugin.words
