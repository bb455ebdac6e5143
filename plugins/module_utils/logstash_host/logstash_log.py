"""What a log of Logstash says: its starts, pipelines that failed, plugins that restart, and the reasons.

Lines in, facts out; nothing is read or run here. Understood are the file and the console
(`[time][LEVEL][logger][pipeline] text`), the console without log4j2.properties (`[LEVEL] time [thread] logger - text`),
`log.format: json`, and what is printed as it is, such as the words of Java. The forms are those of 5.x to 9.x; a line
that was cut off is read as far as it goes. What strangers send may stand in a log, so the time grows with its length
alone: no expression looks from each of many places to a far end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

LEVELS = "TRACE|DEBUG|INFO|WARN|ERROR|FATAL"
FILE_FORM = re.compile(
    rf"\[(?P<time>[^\]]*)\]\[(?P<level>{LEVELS}) *\]\[(?P<logger>[^\]]*)\]"
    r"(?:\[(?P<pipeline>[^\]]*)\])?(?:\[(?P<plugin_id>[^\]]*)\])? ?(?P<text>.*)"
)
CONSOLE_FORM = re.compile(
    rf"\[(?P<level>{LEVELS}) *\] (?P<time>\S+ \S+) \[(?P<thread>.+?)\] (?P<logger>[\w.]+) - (?P<text>.*)"
)
# What is printed without a level, and says why the process ends.
PRINTED_ERROR = re.compile(
    r"ERROR\b|FATAL\b|Error\b|Exception in thread|Your settings are invalid|The given configuration is invalid|"
    r"Unrecognized (?:VM )?option|Invalid (?:maximum|initial) heap size|Invalid -Xlog option|Improperly specified VM|"
    r"Conflicting collector|Could not find agent library|encountered \[\d+\] error|java\.lang\.\w+Error"
)
# What is printed without a level, and belongs to nothing before it.
PRINTED_NEWS = re.compile(
    r"Using (?:bundled|system) |Sending Logstash|Could not find log4j2|Usage:|WARNING|OpenJDK|Java HotSpot|Picked up|"
    r"Configuration OK|Thread\.exclusive"
)
# How the codecs json_lines and rubydebug begin the lines of an event.
PRINTED_EVENT = re.compile(r'\{"|\s+"[^"]+" => ')
# Where the stack of a failed plugin begins.
BACKTRACE = re.compile(r':?"?backtrace"?=>')
LINE_STACK = re.compile(r"(?m)^[ \t]*Stack: ")
STACK = re.compile(r"\s*(?:at [\w.$/]+[(<]|\.\.\. \d+ more)|[^\s(]+\(\S+:\d+\)$|\S+\.rb:\d+:in ")
STARTED_OR_ENDED = re.compile(r'Pipeline (started|(?:has )?terminated)\b[^{]*\{.*?pipeline[._]id"?=>"([^"]+)"')
FAILED = re.compile(
    r"Pipeline error|Pipeline aborted due to error|Pipeline worker error|Exception in pipelineworker|"
    r"Error registering plugin|Logstash failed to create queue|Cannot create pipeline|fetched an invalid config|"
    r"Failed to execute action|Pipeline_?[Mm]anager error|An exception happened when converging configuration"
)
# Says that something failed, and not what.
SAYS_NOTHING = re.compile(
    r"Could not execute action|Something is wrong with your configuration|\(SystemExit\) exit|Don't know how to handle"
)
RESTARTS = "A plugin had an unrecoverable error. Will restart this plugin"
# What the tcp and http inputs say from their second attempt on, whatever the first failed for: their threads are gone.
FOLLOWS = "RejectedExecutionException"
STRING = r'"((?:[^"\\]|\\.)*)"?'
CRASHED = re.compile(r"Pipeline worker error|Exception in pipelineworker")
# Before 6.0 there is one pipeline, and the log does not name it.
UNNAMED = ""
KIND = {"inputs": "input", "filters": "filter", "outputs": "output", "codecs": "codec"}
PLUGIN_PLACES = (
    # A frame of the stack, the folder of its gem, its class, and the words of a plugin that is not there.
    re.compile(r"lib/logstash/(?P<kinds>inputs|filters|outputs|codecs)/(?P<name>[\w-]+)\.rb"),
    re.compile(r"logstash-(?P<kind>input|filter|output|codec)-(?P<name>[a-z][\w-]{0,60}?)-\d"),
    re.compile(r"LogStash::(?P<kinds>Inputs|Filters|Outputs|Codecs)::(?P<name>\w+)"),
    re.compile(r"Couldn't find any (?P<kind>\w+) plugin named '(?P<name>[\w-]+)'"),
)
PLUGIN_LOGGER = re.compile(r"logstash\.(inputs|filters|outputs|codecs)\.([\w-]+)$")
# The library of a plugin names its errors after itself: Grok::PatternError.
# A plugin describes itself with its codec, which has an id, too.
CODEC = re.compile(r'codec=><LogStash::Codecs::\w+ (?:\w+=>(?:"[^"]*"|[^,>"]+)(?:, )?)*>')
OWN_ERROR = re.compile(r":exception=>#<([A-Z]\w+)::(?!\w+::)\w+")
EVERYBODYS_ERRORS = {"LogStash", "Java", "Errno", "OpenSSL", "IO", "Gem", "Concurrent"}


@dataclass(frozen=True)
class Entry:
    """One entry of the log with the lines that continue it. What is printed without a level has none, or ERROR."""

    text: str
    level: str = ""
    logger: str = ""
    pipeline: str = ""
    plugin_id: str = ""
    time: datetime | None = None

    @property
    def is_error(self) -> bool:
        """Whether it reports that something failed."""
        return self.level in ("ERROR", "FATAL")

    @property
    def plugin(self) -> str:
        """The plugin that it comes from, as `filter grok`, or an empty text."""
        found = PLUGIN_LOGGER.search(self.logger)
        return f"{KIND[found[1]]} {found[2]}" if found else ""


@dataclass(frozen=True)
class Failure:
    """Why a pipeline does not run. `plugin` is empty where the log does not tell; `crashed`: it did run."""

    reason: str
    plugin: str = ""
    crashed: bool = False

    def __str__(self) -> str:
        return f"{self.plugin}: {self.reason}" if self.plugin else self.reason


@dataclass(frozen=True)
class Restarting:
    """A plugin that failed and was started again: how often, since when and until when, and its last reason.

    `quiet` is how many seconds the log went on after its last failure, `lasted` how many are between first and last.
    """

    pipeline: str
    plugin: str
    reason: str
    port: int | None
    count: int
    lasted: float
    quiet: float


# The entries of one start of the process.
Start = Sequence[Entry]


# Entries


def entries(lines: Iterable[str]) -> list[Entry]:
    """The entries of a log's lines, each joined with the lines that continue it."""
    found: list[tuple[Entry, list[str]]] = []
    for line in lines:
        entry = parse(line)
        if entry:
            found.append((entry, []))
        elif found and found[-1][0].level in ("WARN", "ERROR", "FATAL") and not PRINTED_NEWS.match(line):
            found[-1][1].append(line)
        elif line.strip():
            found.append((Entry(line), []))
    return [replace(entry, text="\n".join([entry.text, *more])) if more else entry for entry, more in found]


def parse(line: str) -> Entry | None:
    """The entry that begins with a line, or None for a line that continues another or has no form of its own."""
    match = FILE_FORM.match(line)
    if match:
        return Entry(
            match["text"],
            match["level"],
            match["logger"].rstrip(" "),
            match["pipeline"] or "",
            match["plugin_id"] or "",
            read_time(match["time"]),
        )
    match = CONSOLE_FORM.match(line)
    if match:
        return Entry(
            match["text"],
            match["level"],
            match["logger"],
            pipeline_of_thread(match["thread"]),
            "",
            read_time(match["time"]),
        )
    if line.startswith('{"level":'):
        return parse_json(line)
    return Entry(line, "ERROR") if PRINTED_ERROR.match(line) else None


def parse_json(line: str) -> Entry | None:
    """The entry of a line of `log.format: json`, its details as the plain format writes them; None for another."""
    try:
        found = json.loads(line, object_pairs_hook=with_both_messages)
        event = dict(found["logEvent"])
        time = datetime.fromtimestamp(found["timeMillis"] / 1000) if "timeMillis" in found else None
        level, logger, thread = found["level"], found.get("loggerName") or "", found.get("thread") or ""
        pipeline, plugin_id = found.get("pipeline.id") or "", found.get("plugin.id") or ""
        text = str(event.pop("message", ""))
        details = details_of(event)
        if details:
            text += " {" + ", ".join(f":{name}=>{json.dumps(value)}" for name, value in details.items()) + "}"
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None
    if not all(isinstance(part, str) for part in (level, logger, thread, pipeline, plugin_id)):
        return None
    return Entry(
        text,
        level,
        logger,
        # Before 9.3 only the thread tells.
        pipeline or pipeline_of_thread(thread),
        plugin_id,
        time,
    )


def with_both_messages(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which `message` may be twice: the entry's own, and a detail. Later releases call it `message_1`."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        found["message_1" if name == "message" and name in found else name] = value
    return found


def details_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The details of an entry; of an object of Ruby, which is written as `metaClass` in `metaClass`, what is in it."""
    found: dict[str, Any] = {}
    for name, value in event.items():
        inner = value
        while isinstance(inner, dict) and list(inner) == ["metaClass"]:
            inner = inner["metaClass"]
        if inner is not value and isinstance(inner, dict):
            found.update(details_of(inner))
        else:
            found["message" if name == "message_1" else name] = inner
    return found


def pipeline_of_thread(thread: str) -> str:
    """The pipeline that a thread works for, by its name: `[main]>worker0`, `Converge PipelineAction::Create<main>`."""
    match = re.match(r"\[([^\]]+)\]", thread) or re.search(r"PipelineAction::\w+<([^<>]+)>", thread)
    return match[1] if match else ""


def read_time(text: str) -> datetime | None:
    """The time of an entry, in the process's time zone; None where it is written in another form."""
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None


def starts(found: list[Entry], marked: bool = False, restarts: int = 0) -> list[list[Entry]]:
    """The entries of each start that counts, oldest first.

    `marked` says that the entries begin just before the service was last started on purpose: all of them count but for
    the end of the process before. Otherwise those of the last start do, and of as many `restarts` before it.
    """
    parts: list[list[Entry]] = [[]]
    for entry in found:
        if entry.text.startswith("Starting Logstash"):
            parts.append([])
        parts[-1].append(entry)
    if not marked:
        return parts[-1 - restarts :]
    if len(parts) > 1:
        return parts[1:]
    # Before 6.1, or with a log.level above INFO, no start is logged.
    ends = [at for at, entry in enumerate(found) if entry.text.startswith(("Logstash shut down", "SIGTERM received"))]
    return [found[ends[-1] + 1 :] if ends else found]


# What they say


def plugin_of(text: str) -> str:
    """The plugin that a text names as its own, as `filter grok`, or an empty text."""
    for place in PLUGIN_PLACES:
        match = place.search(text)
        if match:
            groups = match.groupdict()
            kind = groups.get("kind") or KIND[groups["kinds"].lower()]
            return f"{kind} {match['name'].lower()}"
    return ""


def field(text: str, name: str) -> str:
    """A detail of an entry: the text of a string, what a Ruby object says of itself, or an empty text."""
    match = re.search(rf':?"?\b{name}"?=>(?:{STRING}|(?P<object>#<)|(?P<word>:?[\w:.-]+))', text)
    if not match:
        return ""
    if match["object"]:
        rest = text[match.end() :]
        end = re.search(r'>(?=, (?::\w+|"[\w.]+")=>|\}\s*$|\s*$)', rest)
        return rest[: end.start()] if end else rest
    escaped = {"n": "\n", "r": "\r", "t": "\t"}
    return match["word"] or re.sub(r"\\(.)", lambda found: escaped.get(found[1], found[1]), match[1] or "")


def one_line(text: str) -> str:
    """A text without stack traces, in one line."""
    text = LINE_STACK.split(text, maxsplit=1)[0]
    if backtrace := BACKTRACE.search(text):
        text = text[: backtrace.start()].rstrip(", ")
    kept = [line.strip() for line in text.splitlines() if line.strip() and not STACK.match(line)]
    joined = " ".join(kept)
    return (
        joined + "}" if joined.count("{") == joined.count("}") + 1 and re.search(r"\{:?\"?\w+\"?=>", joined) else joined
    )


def reason_of(entry: Entry) -> str:
    """Why, as far as the entry tells; an empty text where it says no more than that something failed."""
    said = next(filter(None, (field(entry.text, name) for name in ("error", "message", "reason", "exception"))), "")
    said = said or entry.text
    return "" if SAYS_NOTHING.search(said) else one_line(said)


def pipeline_of(entry: Entry) -> str:
    """The pipeline that a failure is of."""
    match = re.search(
        r'pipeline_id:([^,}\s]+)|:id=>:?"?([^,"}]+)|pipeline_id"?=>:?"?([^",}]+)|PipelineAction::\w+<([^<>]+)>',
        entry.text,
    )
    found = next(filter(None, match.groups()), "") if match else ""
    return found or entry.pipeline or UNNAMED


def failures(some_starts: Iterable[Start]) -> dict[str, Failure]:
    """The pipelines that failed: {id, or UNNAMED: Failure}; of a later start where several tell."""
    found: dict[str, Failure] = {}
    for start in some_starts:
        found.update(failures_of_start(start))
    return found


def failures_of_start(start: Start) -> dict[str, Failure]:
    """The same for the entries of one start."""
    found: dict[str, Failure] = {}
    before: dict[str, Entry] = {}
    # The last failure that a plugin reported outside of a pipeline: while it is made, it has none yet.
    outside: Entry | None = None
    plugins = {entry.plugin.split()[1]: entry.plugin for entry in start if entry.plugin}
    for entry in start:
        began = STARTED_OR_ENDED.match(entry.text)
        if began and began[1] == "started":
            found.pop(began[2], None)
        if not FAILED.match(entry.text):
            if entry.is_error and entry.pipeline:
                before[entry.pipeline] = entry
            elif entry.is_error:
                outside = entry
            continue
        name = pipeline_of(entry)
        earlier = before.get(name) or outside
        reason, plugin = reason_of(entry), plugin_of(entry.text) or own_plugin(entry.text, plugins)
        known = found.get(name, Failure(""))
        if not reason and not known.reason and earlier:
            reason, plugin = one_line(earlier.text), plugin or plugin_of(earlier.text) or earlier.plugin
        # The first reason is the cause, what follows from it says less.
        crashed = known.crashed or bool(CRASHED.match(entry.text))
        found[name] = Failure(known.reason or reason, known.plugin or plugin, crashed)
        outside = None
    return {
        name: failure if failure.reason else replace(failure, reason="it could not be started")
        for name, failure in found.items()
    }


def own_plugin(text: str, plugins: Mapping[str, str]) -> str:
    """The plugin whose library an exception belongs to. `plugins` has those that logged in the same start, by name."""
    match = OWN_ERROR.search(text)
    if not match or match[1] in EVERYBODYS_ERRORS:
        return ""
    name = match[1].lower()
    return plugins.get(name, f"plugin {name}")


def ended(start: Start) -> dict[str, Failure]:
    """The pipelines that were started and have ended: {id: Failure}, its reason empty where none is logged."""
    last: dict[str, str] = {}
    reasons: dict[str, Failure] = {}
    for entry in start:
        match = STARTED_OR_ENDED.match(entry.text)
        if match:
            last[match[2]] = match[1]
        elif entry.is_error and entry.pipeline:
            plugin = plugin_of(entry.text) or entry.plugin
            reasons[entry.pipeline] = Failure(one_line(entry.text), plugin)
    return {name: reasons.get(name, Failure("")) for name, word in last.items() if word != "started"}


def restarting(start: Start, silence: float = 0.0) -> list[Restarting]:
    """The plugins that failed in a start and were started again; `silence`: for how many seconds nothing was logged."""
    found: dict[tuple[str, str], list[tuple[Entry, str, str, re.Match[str] | None]]] = {}
    times = [entry.time for entry in start if entry.time]
    for entry in start:
        if not entry.text.startswith(RESTARTS):
            continue
        match = re.search(r"Pipeline_id:(\S+)", entry.text)
        pipeline = match[1] if match else entry.pipeline or UNNAMED
        match = re.search(r"Plugin: (.*)", entry.text)
        described = CODEC.sub("", match[1]) if match else ""
        own_id = re.search(rf"[ ,]id=>{STRING}", described)
        port = re.search(r'\bport=>"?(\d+)', described)
        plugin = plugin_of(described) or described[:60] or "a plugin"
        key = pipeline, entry.plugin_id or (own_id[1] if own_id else plugin)
        found.setdefault(key, []).append((entry, pipeline, plugin, port))
    result = []
    for seen in found.values():
        entry, pipeline, plugin, port = seen[-1]
        first = seen[0][0].time
        quiet = (times[-1] - entry.time).total_seconds() if entry.time else 0.0
        result.append(
            Restarting(
                pipeline,
                plugin,
                telling_reason([failed.text for failed, *_rest in seen]),
                int(port[1]) if port else None,
                len(seen),
                (entry.time - first).total_seconds() if entry.time and first else 0.0,
                quiet + silence,
            )
        )
    return result


def telling_reason(texts: Iterable[str]) -> str:
    """The reason of the last of a plugin's failures that is not the mere consequence of an earlier one."""
    found = [restart_reason(text) for text in texts]
    return next((reason for reason in reversed(found) if FOLLOWS not in reason), found[-1])


def restart_reason(text: str) -> str:
    """Why a plugin failed, as `Address already in use (Java::JavaNet::BindException)`."""
    match = re.search(r"(?ms)^[ \t]*Error: (.*?)(?=^[ \t]*Exception: |^[ \t]*Stack: |\Z)", text)
    kind = re.search(r"(?m)^[ \t]*Exception: (\S+)", text)
    said = one_line(match[1]) if match else "the log does not say why"
    return f"{said} ({kind[1]})" if kind else said


def reasons(found: Iterable[Entry]) -> list[str]:
    """The reasons of the entries that report a failure, each once and whole, in their order."""
    said = [one_line(entry.text) for entry in found if entry.is_error]
    said = [text for text in said if text]
    # That the process ended is known, unless nothing else is.
    telling = [text for text in said if "(SystemExit) exit" not in text]
    return list(dict.fromkeys(telling or said))


def words(found: Iterable[Entry]) -> str:
    """What of the entries may be explained: failures, warnings, and what was printed without a level.

    Not so events, which hold what other programs logged: those that an output prints, and those that the warnings of
    plugins quote.
    """
    said = [
        entry
        for entry in found
        if entry.level in ("", "ERROR", "FATAL") or (entry.level == "WARN" and not entry.plugin)
    ]
    lines = [line for entry in said for line in entry.text.split("\n")]
    return "\n".join(line for line in lines if not PRINTED_EVENT.match(line))


def shortened(text: str, head: int = 20, tail: int = 20) -> str:
    """A text of many lines with its beginning, where the cause mostly stands, and its end."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if len(lines) <= head + tail:
        return "\n".join(lines)
    return "\n".join([*lines[:head], f"... {len(lines) - head - tail} lines ...", *lines[-tail:]])
