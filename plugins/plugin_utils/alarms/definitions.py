"""The alarms of an environment, as its inventory lists them.

The keys are those of CloudWatch's API, in Ansible's spelling (``evaluation_periods`` for ``EvaluationPeriods``). An
entry has one metric (``namespace``, ``metric``, ``dimensions``, ``statistic``, ``period``), or an ``expression`` over
several ``metrics``, or a ``rule`` over other alarms, which makes it a composite alarm, with or without
``actions_suppressor``. Every entry says what broke, what to do, and where the runbook is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

COMPARISONS = (
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
MISSING_DATA = ("breaching", "notBreaching", "ignore", "missing")
# The topics of the stack notifications; an action is one of these names, or an ARN.
TOPICS = ("alarms", "notifications")

_DAY = 86_400
_NAME = re.compile(r"[a-z][a-z0-9-]{0,99}")
# What CloudWatch takes as an alarm's description.
_MAX_DESCRIPTION = 1024
# The resources that CloudFormation takes in a template.
_MAX_ALARMS = 500
# ``result`` is the expression itself.
_ID = re.compile(r"(?!result$)[a-z][A-Za-z0-9_]*")
_RULE_NAMES = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*\"?([^\")\s]+)\"?\s*\)")

_EVERY = ("name", "what_broke", "what_to_do", "runbook")
_OPTIONAL = ("enabled", "alarm_actions", "ok_actions")
_METRIC = ("namespace", "metric", "dimensions", "statistic", "period")
_THRESHOLD = (
    *("comparison_operator", "threshold", "evaluation_periods", "datapoints_to_alarm", "treat_missing_data"),
    "accepted",
)
# Of a composite alarm: all three, or none.
_SUPPRESSION = ("actions_suppressor", "actions_suppressor_wait_period", "actions_suppressor_extension_period")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an alarm's key: the value seen, the form expected, and a hint."""

    code: str
    alarm: str
    key: str
    value: Any
    expected: str
    hint: str

    def __str__(self) -> str:
        seen = f"{self.key} is {self.value!r}" if self.key else f"it is {self.value!r}"
        # Without an alarm's name, it is about the list.
        return f"{f'alarm {self.alarm}: ' if self.alarm else ''}{seen}; expected {self.expected}. {self.hint}"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its dimensions, statistic and period (seconds), as an alarm reads it.

    ``id`` is its name in the alarm's expression; empty in an alarm that has none.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int
    id: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm over one metric or, with an ``expression``, over several.

    ``accepted`` has the codes of faults that are none here, each with the reason.
    """

    name: str
    what_broke: str
    what_to_do: str
    runbook: str
    metrics: tuple[Metric, ...]
    expression: str
    comparison_operator: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: str
    alarm_actions: tuple[str, ...]
    ok_actions: tuple[str, ...]
    accepted: Mapping[str, str] = field(default_factory=dict)

    @property
    def period(self) -> int:
        """Seconds of one period; that of an expression is its metrics' (they have the same one)."""
        return self.metrics[0].period

    @property
    def is_sign_of_life(self) -> bool:
        """Whether it rings when its metric stops."""
        return self.treat_missing_data == "breaching"


@dataclass(frozen=True, slots=True)
class Suppression:
    """The alarm that holds a composite alarm's actions back while it is in ALARM.

    ``wait_period`` is for how many seconds the actions wait for it to go there, ``extension_period`` for how many they
    are held back after it has left.
    """

    alarm: str
    wait_period: int
    extension_period: int


@dataclass(frozen=True, slots=True)
class Composite:
    """An alarm over the states of others, so that one cause notifies once."""

    name: str
    what_broke: str
    what_to_do: str
    runbook: str
    rule: str
    alarm_actions: tuple[str, ...]
    ok_actions: tuple[str, ...]
    suppression: Suppression | None = None

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the alarms in its rule."""
        return named_in(self.rule)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The names of the alarms in its rule, and of its suppressor."""
        return tuple(dict.fromkeys((*self.members, *([self.suppression.alarm] if self.suppression else []))))


def named_in(rule: str) -> tuple[str, ...]:
    """The alarms that a rule names, each once."""
    return tuple(dict.fromkeys(_RULE_NAMES.findall(rule)))


@dataclass
class Definitions:
    """What was read: the enabled alarms in their order, and everything that is wrong with the list.

    ``left_out`` names the alarms that the environment does not have, since they are not enabled.
    """

    alarms: list[Alarm] = field(default_factory=list)
    composites: list[Composite] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(entries: Sequence[Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]] | None = None) -> Definitions:
    """The alarms of a list, with an environment's changes by the alarm's name: ``{broker-silent: {threshold: 5}}``.

    Reads forms only; whether an alarm can work is for :mod:`.checks`. An entry with a fault is left out.
    """
    found = Definitions()
    if not isinstance(changes or {}, Mapping):
        hint = "Write it as broker-silent: {threshold: 5}."
        found.faults.append(
            Fault("alarm_invalid", "", "alarm_changes", changes, "a mapping of alarms' names to their keys", hint)
        )
        changes = None
    changes = dict(changes or {})
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping):
            found.faults.append(
                Fault(
                    "alarm_invalid", f"number {number}", "", entry, "a mapping with name, what_broke ...", "Correct it."
                )
            )
            continue
        name = str(entry.get("name") or "")
        change = changes.pop(name, {})
        if not isinstance(change, Mapping):
            found.faults.append(
                Fault("alarm_invalid", name, "alarm_changes", change, "keys of the alarm and values", "Correct it.")
            )
            change = {}
        merged = {**entry, **change}
        if merged.get("enabled", True) is False:
            seen.add(_without_hyphens(name))
            found.left_out.append(name)
            continue
        faults = list(_faults(merged, name or f"number {number}", seen))
        seen.add(_without_hyphens(name))
        found.faults += faults
        if not faults:
            if "rule" in merged:
                found.composites.append(_composite(merged))
            else:
                found.alarms.append(_alarm(merged))
    found.faults += [
        Fault("alarm_invalid", name, "alarm_changes", name, "the name of an alarm", "Correct the name, or remove it.")
        for name in changes
    ]
    count = len(found.alarms) + len(found.composites)
    if count > _MAX_ALARMS:
        hint = "Watch hosts together, by the dimensions of their environment or layer, or set enabled to false."
        found.faults.append(
            Fault("alarm_invalid", "", "the number of alarms", count, f"up to {_MAX_ALARMS}, as a stack may have", hint)
        )
    return without(found, found.left_out)


def _without_hyphens(name: str) -> str:
    """What the logical ids of a template tell names apart by."""
    return name.replace("-", "")


def description(what_broke: str, what_to_do: str, runbook: str) -> str:
    """What an alarm's message says."""
    return f"{what_broke} What to do: {what_to_do} Runbook: {runbook}"


def deployed_name(name: str, environment: str) -> str:
    """The alarm's name in CloudWatch, where environments may share an account."""
    return f"{environment}-{name}"


def without(definitions: Definitions, names: Iterable[str]) -> Definitions:
    """The definitions without these alarms: in the rules of composite alarms they are ``FALSE``, and suppress nothing.

    A composite alarm of which nothing is left is left out as well, and named in ``left_out``.
    """
    gone = set(names)
    composites = definitions.composites
    while True:
        composites = [_without(one, gone) for one in composites if one.name not in gone]
        empty = {one.name for one in composites if not one.members}
        if not empty:
            break
        gone |= empty
    return Definitions(
        [one for one in definitions.alarms if one.name not in gone],
        composites,
        list(dict.fromkeys([*definitions.left_out, *sorted(gone)])),
        definitions.faults,
    )


def _without(composite: Composite, names: set[str]) -> Composite:
    rule = _RULE_NAMES.sub(lambda match: "FALSE" if match[1] in names else match[0], composite.rule)
    suppression = composite.suppression if composite.suppression and composite.suppression.alarm not in names else None
    return replace(composite, rule=rule, suppression=suppression)


def _faults(entry: Mapping[str, Any], name: str, seen: set[str]) -> Iterator[Fault]:
    def fault(key: str, expected: str, hint: str) -> Fault:
        return Fault("alarm_invalid", name, key, entry.get(key), expected, hint)

    yield from _text_faults(entry, name, seen)
    kinds = [key for key in ("metric", "expression", "rule") if key in entry]
    if len(kinds) != 1:
        yield fault("metric", "one of metric, expression and rule", "Keep the one that this alarm is about.")
        return
    own = {"metric": (*_METRIC, *_THRESHOLD), "expression": ("expression", "metrics", "period", *_THRESHOLD)}
    keys = (*_EVERY, *own.get(kinds[0], ("rule", *_SUPPRESSION)))
    for key in entry:
        if key not in keys and key not in _OPTIONAL:
            yield fault(str(key), f"one of {', '.join((*keys, *_OPTIONAL))}", "Correct the key, or remove it.")
    optional = ("name", "dimensions", "datapoints_to_alarm", "accepted", *_SUPPRESSION)
    needed = [key for key in keys if key not in optional]
    for key in needed:
        if entry.get(key) in (None, ""):
            yield fault(key, "a value", "Every alarm needs one; see the ones that the toolkit brings.")
    for key in ("alarm_actions", "ok_actions"):
        if not isinstance(entry.get(key) or [], (list, tuple)):
            yield fault(key, "a list of actions", "Put it into brackets, as in [alarms].")
    if kinds[0] == "rule":
        # Without a name, the alarm would be taken for one whose members the environment does not have.
        if not _RULE_NAMES.search(str(entry["rule"])):
            yield fault("rule", "a rule with the name of an alarm, such as ALARM(broker-silent)", "Name its alarms.")
        yield from _suppression_faults(entry, name)
    else:
        yield from _threshold_faults(entry, name)
        yield from _metric_faults(entry, name)


def _text_faults(entry: Mapping[str, Any], name: str, seen: set[str]) -> Iterator[Fault]:
    def fault(key: str, expected: str, hint: str) -> Fault:
        return Fault("alarm_invalid", name, key, entry.get(key), expected, hint)

    if not _NAME.fullmatch(str(entry.get("name", ""))):
        yield fault("name", "lower-case letters, digits and hyphens, up to 100", "The environment goes before it.")
    if _without_hyphens(str(entry.get("name") or "")) in seen:
        yield fault("name", "a name that no other alarm has, hyphens aside", "Rename or remove one of the two.")
    if entry.get("enabled", True) is not True:
        yield fault("enabled", "true or false", "Write it without quotes; a variable may need the filter bool.")
    length = len(description(*(str(entry.get(key) or "") for key in _EVERY[1:])))
    if length > _MAX_DESCRIPTION:
        yield fault(
            "what_to_do",
            f"up to {_MAX_DESCRIPTION} characters together with what_broke and runbook, which are {length}",
            "Shorten it: the rest belongs into the runbook.",
        )


def _suppression_faults(entry: Mapping[str, Any], name: str) -> Iterator[Fault]:
    def fault(key: str, expected: str, hint: str) -> Fault:
        return Fault("alarm_invalid", name, key, entry.get(key), expected, hint)

    if all(entry.get(key) in (None, "") for key in _SUPPRESSION):
        return
    suppressor, *periods = _SUPPRESSION
    together = f"{', '.join(_SUPPRESSION)} go together: CloudWatch needs all three."
    if not isinstance(entry.get(suppressor), str) or not entry[suppressor]:
        yield fault(suppressor, "the name of an alarm", together)
    for key in periods:
        value = entry.get(key)
        # CloudWatch takes any whole number; more than a day of silence is a slip, such as milliseconds.
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _DAY:
            yield fault(key, f"a whole number of seconds, 0 to {_DAY}", together)


def _threshold_faults(entry: Mapping[str, Any], name: str) -> Iterator[Fault]:
    def fault(key: str, expected: str) -> Fault:
        return Fault("alarm_invalid", name, key, entry.get(key), expected, "Correct it.")

    if entry.get("comparison_operator") not in (None, *COMPARISONS):
        yield fault("comparison_operator", f"one of {', '.join(COMPARISONS)}")
    if entry.get("treat_missing_data") not in (None, *MISSING_DATA):
        yield fault("treat_missing_data", f"one of {', '.join(MISSING_DATA)}")
    if not _is_number(entry.get("threshold", 0)):
        yield fault("threshold", "a number")
    for key in ("evaluation_periods", "datapoints_to_alarm", "period"):
        if not _is_count(entry.get(key, 1)):
            yield fault(key, "a whole number above 0")
    accepted = entry.get("accepted") or {}
    if not isinstance(accepted, Mapping) or not all(isinstance(one, str) and one.strip() for one in accepted.values()):
        yield fault("accepted", "the code of a fault with the reason why it is none here")


def _metric_faults(entry: Mapping[str, Any], name: str) -> Iterator[Fault]:
    metrics = entry.get("metrics", {}) if "expression" in entry else {"": entry}
    if not isinstance(metrics, Mapping) or not metrics:
        yield Fault("alarm_invalid", name, "metrics", metrics, "metrics by their names in the expression", "Name them.")
        return
    for id_, one in metrics.items():
        where = f"metrics.{id_}" if id_ else "metric"
        if id_ and not _ID.fullmatch(str(id_)):
            yield Fault("alarm_invalid", name, where, id_, "a lower-case letter, then letters and digits", "Rename it.")
        if not isinstance(one, Mapping):
            yield Fault("alarm_invalid", name, where, one, "namespace, metric, dimensions, statistic", "Correct it.")
            continue
        missing = [key for key in ("namespace", "metric", "statistic") if not one.get(key)] if id_ else []
        unknown = [key for key in one if key not in _METRIC] if id_ else []
        if id_ and not _is_count(one.get("period", 1)):
            yield Fault(
                "alarm_invalid", name, f"{where}.period", one["period"], "a whole number above 0", "Correct it."
            )
        for key in missing:
            yield Fault("alarm_invalid", name, f"{where}.{key}", None, "a value", "Every metric needs one.")
        for key in unknown:
            yield Fault("alarm_invalid", name, f"{where}.{key}", one[key], f"one of {', '.join(_METRIC)}", "Remove it.")
        if not isinstance(one.get("dimensions", {}), Mapping):
            yield Fault(
                "alarm_invalid", name, f"{where}.dimensions", one["dimensions"], "names and values", "Correct it."
            )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    # CloudWatch has values up to 2 to the power of 360, says the reference of PutMetricData.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 2.0**360


def _actions(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(map(str, entry.get(key, ["alarms"]) or ()))


def _words(entry: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return str(entry["name"]), str(entry["what_broke"]), str(entry["what_to_do"]), str(entry["runbook"])


def _metric(one: Mapping[str, Any], id_: str, period: int) -> Metric:
    dimensions = {str(key): str(value) for key, value in (one.get("dimensions") or {}).items()}
    return Metric(str(one["namespace"]), str(one["metric"]), dimensions, str(one["statistic"]), period, id_)


def _alarm(entry: Mapping[str, Any]) -> Alarm:
    metrics = entry["metrics"].items() if "expression" in entry else [("", entry)]
    return Alarm(
        *_words(entry),
        metrics=tuple(_metric(one, str(id_), one.get("period", entry["period"])) for id_, one in metrics),
        expression=str(entry.get("expression", "")),
        comparison_operator=entry["comparison_operator"],
        threshold=float(entry["threshold"]),
        evaluation_periods=entry["evaluation_periods"],
        datapoints_to_alarm=entry.get("datapoints_to_alarm", entry["evaluation_periods"]),
        treat_missing_data=entry["treat_missing_data"],
        alarm_actions=_actions(entry, "alarm_actions"),
        ok_actions=_actions(entry, "ok_actions"),
        accepted=dict(entry.get("accepted") or {}),
    )


def _composite(entry: Mapping[str, Any]) -> Composite:
    suppressor, wait_period, extension_period = (entry.get(key) for key in _SUPPRESSION)
    return Composite(
        *_words(entry),
        rule=str(entry["rule"]),
        alarm_actions=_actions(entry, "alarm_actions"),
        ok_actions=_actions(entry, "ok_actions"),
        suppression=Suppression(suppressor, wait_period or 0, extension_period or 0) if suppressor else None,
    )
