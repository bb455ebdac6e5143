"""Entries of a list of alarms, right as they are, for tests that change one key."""

from typing import Any

WORDS = {"what_broke": "Something broke.", "what_to_do": "Mend it.", "runbook": "docs/operate.md#broken"}


def entry(name: str = "broker-errors", **keys: Any) -> dict[str, Any]:
    """An alarm over one metric; a key with ``None`` is left out."""
    return _with(
        {
            "name": name,
            **WORDS,
            "namespace": "AWS/ELB",
            "metric": "BackendConnectionErrors",
            "dimensions": {"LoadBalancerName": "brokers"},
            "statistic": "Sum",
            "period": 60,
            "comparison_operator": "GreaterThanThreshold",
            "threshold": 100,
            "evaluation_periods": 5,
            "treat_missing_data": "notBreaching",
        },
        keys,
    )


def share(name: str = "lines-unparsed", **keys: Any) -> dict[str, Any]:
    """An alarm over an expression."""
    lines = {"namespace": "ElbLogShipper", "dimensions": {"FunctionName": "shipper"}, "statistic": "Sum"}
    return _with(
        {
            "name": name,
            **WORDS,
            "expression": "100 * unparsed / lines",
            "metrics": {"unparsed": {**lines, "metric": "UnparsedLines"}, "lines": {**lines, "metric": "Lines"}},
            "period": 300,
            "comparison_operator": "GreaterThanThreshold",
            "threshold": 1,
            "evaluation_periods": 3,
            "treat_missing_data": "notBreaching",
        },
        keys,
    )


def composite(name: str = "broker-trouble", rule: str = "ALARM(broker-errors)", **keys: Any) -> dict[str, Any]:
    """A composite alarm."""
    return _with({"name": name, **WORDS, "rule": rule}, keys)


def _with(whole: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**whole, **keys}.items() if value is not None}
