"""The function's own metrics, in CloudWatch's embedded metric format: lines on standard output that CloudWatch Logs
turns into metrics. No call and no permission is needed for it.

Format: "Specification: Embedded metric format", CloudWatch user guide.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

NAMESPACE = "ElbLogShipper"

UNITS = {
    "Objects": "Count",  # shipped to their end
    "Lines": "Count",
    "Bytes": "Bytes",  # of the logs, inflated
    "UnparsedLines": "Count",
    "Retries": "Count",  # of requests, of bodies that broke off, and of messages that came again
    "Failures": "Count",  # objects and messages that were not shipped
    "Refused": "Count",  # lines that the receiver rejects as too large, handed on alone
    "Continued": "Count",  # objects that the time was too short for, handed on
    "Skipped": "Count",  # by name, for they are no logs
    "Lag": "Seconds",  # from the time of an object's last line to its delivery, a value an object
    "Duration": "Milliseconds",
}

_MAX_VALUES = 100  # of one metric in one line, says the specification


class Dimensions(NamedTuple):
    """The dimensions of the metrics."""

    function: str
    environment: str
    component: str


def lines(values: Mapping[str, int | float | list[float]], dimensions: Dimensions) -> list[dict[str, object]]:
    """The metrics as lines to be logged; one, as long as no list has more values than one line may hold."""
    first = {name: value[:_MAX_VALUES] if isinstance(value, list) else value for name, value in values.items()}
    found = [_line(first, dimensions)]
    for name, value in values.items():
        if isinstance(value, list):
            for start in range(_MAX_VALUES, len(value), _MAX_VALUES):
                found.append(_line({name: value[start : start + _MAX_VALUES]}, dimensions))  # noqa: PERF401
    return found


def _line(values: Mapping[str, int | float | list[float]], dimensions: Dimensions) -> dict[str, object]:
    values = {name: value for name, value in values.items() if value != []}
    return {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["FunctionName"], ["Environment", "Component"]],
                    "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
                }
            ],
        },
        "FunctionName": dimensions.function,
        "Environment": dimensions.environment,
        "Component": dimensions.component,
        **values,
    }


def lag(last_time: object) -> float | None:
    """Seconds since a time in the logs' format, or ``None`` if it is not a time."""
    if not isinstance(last_time, str):
        return None
    from datetime import UTC, datetime  # noqa: PLC0415 - not needed for a start

    try:
        logged = datetime.fromisoformat(last_time)
    except ValueError:
        return None
    return round((datetime.now(UTC) - logged.replace(tzinfo=logged.tzinfo or UTC)).total_seconds(), 3)
