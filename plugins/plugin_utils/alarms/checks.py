"""Whether alarms can work: what CloudWatch refuses, and what it takes although the alarm would never ring, or always.

Sources, where :mod:`.metrics` has none: the references of PutMetricAlarm and PutCompositeAlarm
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html), "Configuring how CloudWatch
alarms treat missing data", "CloudWatch statistics definitions" and "Suppressing composite alarm actions" in the
CloudWatch user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from . import expressions, rules
from .definitions import TOPICS, Alarm, Composite, Definitions, Fault, Metric
from .metrics import Facts, facts, metrics_of, namespaces

# What follows from the table of facts, and not from CloudWatch's limits: who knows better can accept it, with a reason.
ACCEPTABLE = (
    "alarm_metric_unknown",
    "alarm_dimensions_unknown",
    "alarm_statistic_meaningless",
    "alarm_period_too_short",
    "alarm_threshold_unreachable",
    "alarm_missing_data_unsuitable",
)

_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_MAX_ACTIONS, _MAX_CHILDREN, _MAX_METRICS = 5, 100, 10

_SIMPLE = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
_PERCENT = r"(?:100(?:\.0{1,10})?|\d{1,2}(?:\.\d{1,10})?)"
_VALUE = r"\d+(?:\.\d+)?"
# p99, tm90; IQM; PR(100:2000); TM(10%:90%), TC(:0.5)
_DERIVED = re.compile(
    rf"(?P<kind>p|tm|tc|ts|wm){_PERCENT}|IQM|(?P<range>PR|TM|TC|TS|WM)"
    rf"\((?:(?:{_VALUE})?:{_VALUE}|{_VALUE}:|(?:{_PERCENT}%)?:{_PERCENT}%|{_PERCENT}%:)\)"
)

_ARN = re.compile(r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):[^:]*:.+")
_ANYWHERE = ("ssm-incidents",)  # its ARNs have no region
_COMPOSITE_SERVICES = ("sns", "lambda", "ssm", "ssm-incidents", "aiops")
_SERVICES = (*_COMPOSITE_SERVICES, "autoscaling")
_EC2_SERVICES = ("automate", "swf")  # stop, reboot ... an instance; not for an expression

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_WORD = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*(\()?")


def check(definitions: Definitions, region: str = "") -> list[Fault]:
    """What is wrong with the alarms, in their order; of forms, :func:`.definitions.read` tells.

    Without a ``region``, actions in any are taken.
    """
    alarms: list[Alarm | Composite] = [*definitions.alarms, *definitions.composites]
    notifying = _notifying(alarms)
    found: list[Fault] = []
    for alarm in definitions.alarms:
        about = [
            *(fault for metric in alarm.metrics for fault in _metric(alarm, metric)),
            *_evaluation(alarm),
            *_missing_data(alarm),
            *(_expression(alarm) if alarm.expression else _threshold(alarm)),
        ]
        accepted = {code for code in alarm.accepted if code in ACCEPTABLE}
        found += [_with_way_out(fault) for fault in about if fault.code not in accepted]
        found += _accepted(alarm)
        found += _actions(alarm, region, notifying)
    known = {one.name for one in alarms} | {fault.alarm for fault in definitions.faults}
    members = {one.name: set(one.members) for one in definitions.composites}
    below = {one.name: set(one.depends_on) for one in definitions.composites}
    for composite in definitions.composites:
        found += _rule(composite, known, members)
        found += _suppressor(composite, known, below)
        found += _actions(composite, region, notifying)
    return found


# One metric.


def _metric(alarm: Alarm, metric: Metric) -> Iterator[Fault]:
    where = f"metrics.{metric.id}." if metric.id else ""
    if metric.statistic not in _SIMPLE and not _DERIVED.fullmatch(metric.statistic):
        yield Fault(
            "alarm_invalid",
            alarm.name,
            f"{where}statistic",
            metric.statistic,
            f"one of {', '.join(_SIMPLE)}, or one such as p99, tm90 and PR(:300)",
            "Write it as CloudWatch does.",
        )
    for name, value in metric.dimensions.items():
        if not value.strip():
            yield Fault(
                *("alarm_invalid", alarm.name, f"{where}dimensions.{name}", value, "a value"),
                "Say which resource the alarm is about.",
            )
        if value.startswith("arn:"):
            yield Fault(
                *("alarm_invalid", alarm.name, f"{where}dimensions.{name}", value, "a name, as the metric has it"),
                "CloudWatch knows a load balancer by the end of its ARN, such as app/shop/50dc6c495c0c9188, and a "
                "target group by targetgroup/shop/73e2d6bc24d8a067; most others by their name.",
            )
    known = facts(metric.namespace, metric.metric)
    if known is None:
        yield from _unknown(alarm, metric, where)
        return
    yield from _dimensions(alarm, metric, known, where)
    if _group(metric.statistic) not in known.statistics:
        yield Fault(
            "alarm_statistic_meaningless",
            alarm.name,
            f"{where}statistic",
            metric.statistic,
            f"{_either(known.statistics)} for {metric.metric}",
            f"{known.why} ({known.source})",
        )
    if _is_period(metric.period) and metric.period < known.period:
        yield Fault(
            "alarm_period_too_short",
            alarm.name,
            f"{where}period" if metric.period != alarm.period else "period",
            metric.period,
            f"{known.period} seconds or more",
            f"{metric.namespace} has a data point of {metric.metric} every {known.period} seconds; in between there is "
            f"none. ({known.source})",
        )


def _unknown(alarm: Alarm, metric: Metric, where: str) -> Iterator[Fault]:
    names = metrics_of(metric.namespace)
    if names:
        near = get_close_matches(metric.metric, names, n=3)
        yield Fault(
            "alarm_metric_unknown",
            alarm.name,
            f"{where}metric",
            metric.metric,
            f"a metric of {metric.namespace}{f', such as {_either(near)}' if near else ''}",
            "Correct the name. The table of facts may also lack what AWS has added since.",
        )
        return
    # A namespace of one's own, or of a service that the table does not have, is not known; a slip in a name is.
    known = {name.casefold(): name for name in namespaces()}
    meant = get_close_matches(metric.namespace.casefold(), known, n=1, cutoff=0.9)
    if meant and known[meant[0]] != metric.namespace:
        yield Fault(
            *("alarm_metric_unknown", alarm.name, f"{where}namespace", metric.namespace, known[meant[0]]),
            "Correct it, or give a namespace of your own a name that is less like it.",
        )


def _dimensions(alarm: Alarm, metric: Metric, known: Facts, where: str) -> Iterator[Fault]:
    if known.dimensions is None or frozenset(metric.dimensions) in known.dimensions:
        return
    sets = "; ".join(", ".join(sorted(one)) or "none" for one in known.dimensions)
    unknown = sorted(set(metric.dimensions) - set().union(*known.dimensions))
    what = f"{metric.metric} has no dimension {_either(unknown)}" if unknown else "CloudWatch adds no dimensions up"
    yield Fault(
        "alarm_dimensions_unknown",
        alarm.name,
        f"{where}dimensions",
        sorted(metric.dimensions),
        f"one of the sets that are published: {sets}",
        f"{what}: there would never be a data point. ({known.source})",
    )


# Statistics.


def _group(statistic: str) -> str:
    """The statistic as the table of facts calls it."""
    return statistic if statistic in _SIMPLE else "percentiles"


def _range(statistic: str, known: Facts) -> tuple[float | None, float | None]:
    """The lowest and the highest value that a statistic of the metric can have, as far as that is known."""
    derived = _DERIVED.fullmatch(statistic)
    kind = str((derived["kind"] or derived["range"] or "") if derived else statistic).lower()
    if kind in ("samplecount", "tc"):
        return 0, None
    if kind == "pr":
        return 0, 100
    if kind in ("sum", "ts"):
        return (0, None) if known.lowest is not None and known.lowest >= 0 else (None, None)
    return known.lowest, known.highest


def _threshold(alarm: Alarm) -> Iterator[Fault]:
    """Of an alarm over one metric; what an expression can give is not known."""
    (metric,) = alarm.metrics
    known = facts(metric.namespace, metric.metric)
    if known is None or _group(metric.statistic) not in known.statistics:
        return
    low, high = _range(metric.statistic, known)
    when = {
        "GreaterThanThreshold": (_at_least(alarm.threshold, high), _below(alarm.threshold, low)),
        "GreaterThanOrEqualToThreshold": (_above(alarm.threshold, high), _at_most(alarm.threshold, low)),
        "LessThanThreshold": (_at_most(alarm.threshold, low), _above(alarm.threshold, high)),
        "LessThanOrEqualToThreshold": (_below(alarm.threshold, low), _at_least(alarm.threshold, high)),
    }
    never, always = when[alarm.comparison_operator]
    if never or always:
        limits = f"{'-' if low is None else f'{low:g}'} to {'-' if high is None else f'{high:g}'}"
        yield Fault(
            "alarm_threshold_unreachable",
            alarm.name,
            "threshold",
            int(alarm.threshold) if alarm.threshold.is_integer() else alarm.threshold,
            f"a threshold that {metric.statistic} of {metric.metric} can be on both sides of; its values are {limits}",
            f"With {alarm.comparison_operator}, every value {'is within' if never else 'breaches'} it.",
        )


def _at_least(value: float, limit: float | None) -> bool:
    return limit is not None and value >= limit


def _above(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def _at_most(value: float, limit: float | None) -> bool:
    return limit is not None and value <= limit


def _below(value: float, limit: float | None) -> bool:
    return limit is not None and value < limit


# The evaluation.


def _evaluation(alarm: Alarm) -> Iterator[Fault]:
    def fault(key: str, value: int, expected: str, hint: str) -> Fault:
        return Fault("alarm_evaluation_invalid", alarm.name, key, value, expected, hint)

    periods = sorted({metric.period for metric in alarm.metrics})
    if len(periods) > 1:
        yield Fault(
            *("alarm_expression_invalid", alarm.name, "metrics", periods, "the same period for all of them"),
            "CloudWatch evaluates an expression in steps of one length.",
        )
    for period in periods:
        if not _is_period(period):
            yield fault("period", period, "10, 20, 30, or a multiple of 60 seconds", "CloudWatch has no other.")
    longest, words = (_DAY, "a day") if alarm.period < _HOUR else (_WEEK, "seven days")
    if alarm.period * alarm.evaluation_periods > longest:
        yield fault(
            "evaluation_periods",
            alarm.evaluation_periods,
            f"at most {longest // alarm.period} periods of {alarm.period} seconds",
            f"CloudWatch looks back {words} at most; with periods of an hour or more, seven days.",
        )
    if alarm.datapoints_to_alarm > alarm.evaluation_periods:
        yield fault(
            "datapoints_to_alarm",
            alarm.datapoints_to_alarm,
            f"at most the {alarm.evaluation_periods} of evaluation_periods",
            "It is the M of M out of N.",
        )


def _is_period(period: int) -> bool:
    """Whether CloudWatch has alarms with periods of so many seconds."""
    return period in (10, 20, 30) or period % 60 == 0


# Missing data.


def _missing_data(alarm: Alarm) -> Iterator[Fault]:
    def fault(expected: str, hint: str, key: str = "treat_missing_data") -> Fault:
        return Fault("alarm_missing_data_unsuitable", alarm.name, key, getattr(alarm, key), expected, hint)

    choice, high = alarm.treat_missing_data, alarm.comparison_operator.startswith("Greater")
    if choice == "breaching" and alarm.evaluation_periods < 2:
        yield fault("2 or more", "Data can come late: a single gap would ring.", "evaluation_periods")
    known = [facts(metric.namespace, metric.metric) for metric in alarm.metrics]
    gaps = [one for one in known if one and one.sparse]
    if len(gaps) == len(known) and "FILL(" not in alarm.expression:
        when = ", ".join(dict.fromkeys(f"{one.metric} is reported {one.reported}" for one in gaps))
        if choice == "missing":
            yield fault(
                "notBreaching, breaching or ignore",
                f"{when}: without data the alarm would end in INSUFFICIENT_DATA, where nobody looks.",
            )
        if choice == "breaching" and high:
            yield fault("notBreaching", f"{when}: the alarm would ring when nothing happens, such as at night.")
    if len(known) == 1 and known[0] and not alarm.expression:
        if known[0].kind == "sign of life" and high:
            yield fault("LessThanThreshold", "A sign of life is there while all is well.", "comparison_operator")
        yield from (fault(expected, hint) for expected, hint in _unsuitable(known[0], choice, high=high))


def _unsuitable(known: Facts, choice: str, *, high: bool) -> Iterator[tuple[str, str]]:
    """-> what is expected for a metric, and why."""
    when = f"{known.metric} is reported {known.reported}"
    if known.kind == "sign of life":
        if choice != "breaching":
            yield "breaching", "What is gone sends nothing: only the missing sign tells of it."
    elif high and known.kind == "depth" and known.reported == "while active" and choice == "notBreaching":
        yield (
            "ignore",
            "SQS stops sending six hours after the last use of a queue: the alarm would become OK by itself while "
            "messages wait.",
        )
    elif high and known.reported == "when not zero" and choice == "ignore":
        yield "notBreaching", f"{when}: after the last one, the alarm would stay in ALARM for good."
    elif not high and known.kind in ("traffic", "level") and known.reported != "always" and choice != "breaching":
        yield "breaching", f"{when}: when there is none at all, there is no value below the threshold, only none."


# Expressions.


def _expression(alarm: Alarm) -> Iterator[Fault]:
    def fault(key: str, value: object, expected: str, hint: str) -> Fault:
        return Fault("alarm_expression_invalid", alarm.name, key, value, expected, hint)

    words = _WORD.findall(_QUOTED.sub(" ", alarm.expression))
    defined = [metric.id for metric in alarm.metrics]
    used = {word for word, call in words if not call and not word.isupper()}
    try:
        expressions.parse(alarm.expression, defined)
    except expressions.ExpressionError as error:
        yield fault("expression", alarm.expression, f"metric math over {', '.join(defined)}", f"{error}.")
    if not any(word == "METRICS" for word, _call in words):
        for name in (one for one in defined if one not in used):
            yield fault(f"metrics.{name}", name, "a metric that the expression uses", "Use it, or remove it.")
    if len(defined) > _MAX_METRICS:
        yield fault("metrics", len(defined), f"at most {_MAX_METRICS}", "CloudWatch takes no more for an alarm.")


# What is accepted.


def _with_way_out(fault: Fault) -> Fault:
    if fault.code not in ACCEPTABLE:
        return fault
    return replace(fault, hint=f"{fault.hint} If it is right all the same, say why: accepted: {{{fault.code}: ...}}.")


def _accepted(alarm: Alarm) -> Iterator[Fault]:
    for code in alarm.accepted:
        if code not in ACCEPTABLE:
            yield Fault(
                "alarm_invalid",
                alarm.name,
                "accepted",
                code,
                f"one of {', '.join(ACCEPTABLE)}",
                "What CloudWatch itself refuses cannot be accepted.",
            )


# Actions.


def _notifying(alarms: Iterable[Alarm | Composite]) -> set[str]:
    """The alarms that somebody hears of: by an action, or by that of a composite alarm above."""
    alarms = list(alarms)
    found = {one.name for one in alarms if one.alarm_actions}
    while True:
        heard = {name for one in alarms if isinstance(one, Composite) and one.name in found for name in one.members}
        if heard <= found:
            return found
        found |= heard


def _actions(alarm: Alarm | Composite, region: str, notifying: set[str]) -> Iterator[Fault]:
    def fault(key: str, value: object, expected: str, hint: str) -> Fault:
        return Fault("alarm_action_invalid", alarm.name, key, value, expected, hint)

    if alarm.name not in notifying:
        yield fault(
            "alarm_actions",
            list(alarm.alarm_actions),
            "an action, here or in a composite alarm with this one in its rule",
            f"Nobody would hear of it. Name a topic: {_either(TOPICS)}.",
        )
    for key, actions in (("alarm_actions", alarm.alarm_actions), ("ok_actions", alarm.ok_actions)):
        if len(actions) > _MAX_ACTIONS:
            yield fault(key, len(actions), f"at most {_MAX_ACTIONS}", "Subscribe more receivers to one topic instead.")
        for action in actions:
            yield from (fault(key, action, *wrong) for wrong in _action(alarm, action, region))


def _action(alarm: Alarm | Composite, action: str, region: str) -> Iterator[tuple[str, str]]:
    """-> what is expected of an action, and a hint."""
    if action in TOPICS:
        return
    arn = _ARN.fullmatch(action)
    if not arn:
        near = get_close_matches(action, TOPICS, n=1)
        yield (
            f"{_either(TOPICS)}, or an ARN",
            f"Did you mean {near[0]}?" if near else "Other topics are named by their ARN.",
        )
        return
    services: Sequence[str] = _SERVICES if isinstance(alarm, Alarm) else _COMPOSITE_SERVICES
    if isinstance(alarm, Alarm) and not alarm.expression:
        services = (*services, *_EC2_SERVICES)
    if arn["service"] not in services:
        yield f"an ARN of {_either(services)}", "CloudWatch can call no other from such an alarm."
    elif region and arn["region"] != region and arn["service"] not in _ANYWHERE:
        yield f"an action in {region}", "CloudWatch calls actions in the alarm's own region alone."


# Rules of composite alarms.


def _rule(composite: Composite, known: set[str], members: dict[str, set[str]]) -> Iterator[Fault]:
    def fault(expected: str, hint: str, value: object = composite.rule) -> Fault:
        return Fault("alarm_rule_invalid", composite.name, "rule", value, expected, hint)

    try:
        rules.parse(composite.rule)
    except rules.RuleError as error:
        yield fault(
            "ALARM(name), OK(name) or INSUFFICIENT_DATA(name), combined with AND, OR, NOT and parentheses", f"{error}."
        )
    for name in composite.members:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield fault("the name of an alarm in the list", f"Did you mean {near[0]}?" if near else "Add it.", name)
    if len(composite.members) > _MAX_CHILDREN:
        yield fault(f"at most {_MAX_CHILDREN} alarms", "Make composite alarms of some of them.", len(composite.members))
    if composite.name in _below_it(composite.name, members):
        yield fault("a rule that does not lead back to its own alarm", "CloudWatch would stop to evaluate it.")


def _suppressor(composite: Composite, known: set[str], below: dict[str, set[str]]) -> Iterator[Fault]:
    def fault(expected: str, hint: str) -> Fault:
        return Fault("alarm_suppressor_invalid", composite.name, "actions_suppressor", name, expected, hint)

    if not composite.suppression:
        return
    name = composite.suppression.alarm
    if name not in known:
        near = get_close_matches(name, known, n=1)
        yield fault("the name of an alarm in the list", f"Did you mean {near[0]}?" if near else "Add it.")
    elif name == composite.name:
        yield fault("another alarm", "It would hold back every message of its own.")
    elif composite.name in _below_it(name, below):
        yield fault(
            "an alarm that does not depend on this one",
            "CloudFormation could make neither of the two before the other.",
        )


def _below_it(name: str, members: dict[str, set[str]]) -> set[str]:
    """All alarms that an alarm depends on."""
    found: set[str] = set()
    ahead = set(members.get(name, ()))
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead |= members.get(one, set())
    return found


def _either(names: Iterable[str]) -> str:
    *first, last = [*names]
    return f"{', '.join(first)} or {last}" if first else last
