"""Codecs: bytes to events and back. One that is not written here passes its text through as `plain` does."""

import json
import uuid

from . import event as events
from .event import Event

# What an input that reads a stream makes of a codec that is not line based.
STREAM_CODECS = {"plain": "line", "json": "json_lines"}


class Codec:
    """One codec of one plugin, with the counters that the node API shows."""

    def __init__(self, name: str, parameters: dict, *, ecs: bool) -> None:
        self.name = name
        self.id = parameters.get("id") or f"{name}_{uuid.uuid4()}"
        self.parameters = parameters
        self._ecs = ecs
        self.decoded = {"writes_in": 0, "out": 0}
        self.encoded = {"writes_in": 0}

    def decode(self, text: str) -> list[Event]:
        """The events of one message, already cut at line ends where the codec is line based."""
        self.decoded["writes_in"] += 1
        found = self._json(text) if self.name in ("json", "json_lines") else [self._plain(text)]
        self.decoded["out"] += len(found)
        return found

    def _plain(self, text: str) -> Event:
        data: dict = {"message": text}
        if self._ecs:
            data["event"] = {"original": text}
        return Event(data)

    def _json(self, text: str) -> list[Event]:
        try:
            parsed = json.loads(text)
        except ValueError:
            failed = self._plain(text)
            failed.tag("_jsonparsefailure")
            return [failed]
        items = parsed if isinstance(parsed, list) else [parsed]
        if not all(isinstance(item, dict) for item in items):
            failed = self._plain(text)
            failed.tag("_jsonparsefailure")
            return [failed]
        target = self.parameters.get("target")
        made = []
        for item in items:
            event = Event({}) if target else Event(item)
            if target:
                event.set(target, item)
            # json_lines does not keep the original, json does.
            if self._ecs and self.name == "json" and event.get("[event][original]") is None:
                event.set("[event][original]", text)
            made.append(event)
        return made

    def encode(self, event: Event) -> str:
        """The event as this codec writes it, with its line end where it has one."""
        self.encoded["writes_in"] += 1
        if self.name == "json":
            return event.to_json()
        if self.name == "json_lines":
            return event.to_json() + "\n"
        if self.name == "rubydebug":
            return rubydebug(event) + "\n"
        if self.name == "dots":
            return "."
        template = self.parameters.get("format")
        if template:
            text = event.sprintf(template)
        else:
            text = f"{event.get('@timestamp')} {event.get('[host][name]') or '%{host}'} {event.get('message') or ''}"
        return text + "\n" if self.name == "line" else text

    def stats(self) -> dict:
        """The codec's part of the node API."""
        return {
            "id": self.id,
            "name": self.name,
            "encode": {**self.encoded, "duration_in_millis": 0},
            "decode": {**self.decoded, "duration_in_millis": 0},
        }


def rubydebug(event: Event) -> str:
    """An event for reading: its fields in a column."""
    return _pretty(dict(sorted(event.to_hash().items())), 0)


def _pretty(value, indent: int) -> str:
    pad = " " * indent
    if isinstance(value, dict):
        width = max((len(json.dumps(key)) for key in value), default=0)
        lines = [
            f"{pad}    {json.dumps(key, ensure_ascii=False):>{width}} => {_pretty(item, indent + 4)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{pad}}}"
    if isinstance(value, list):
        lines = [f"{pad}    [{at}] {_pretty(item, indent + 4)}" for at, item in enumerate(value)]
        return "[\n" + ",\n".join(lines) + f"\n{pad}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else events.text(value)
