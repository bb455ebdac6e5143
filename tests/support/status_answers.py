"""What hosts of an environment say of themselves, as host_status returns it: made up, in the monitor's own shapes."""

import math
import time

NOW = 1_795_899_600.0  # 2026-11-28T21:00:00Z
MINUTE = 60


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def verdict(pipeline, word="fine", reason="", **numbers):
    """A pipeline of /status; ``numbers`` over those of one that is well."""
    known = {
        "in_per_second": 412.6,
        "out_per_second": 411.9,
        "queue_events": 84,
        "queue_bytes": 181_248,
        "queue_share": 0.02,
        "seconds_left": None,
        "lost": 0,
        "dead_letters": None,
    }
    return {
        "pipeline": pipeline,
        "verdict": word,
        "reason": reason or "Events come and go.",
        "numbers": {**known, **numbers},
        "since": iso(NOW - 7200),
        "events": {"in": 8_412_000, "out": 8_411_916},
    }


def history(pipeline, hours=6.0, level=400.0, stalled_for=0):
    """/history of a host with one pipeline: a calm curve, and a stall at the end of so many minutes."""
    points, queue = [], 0.0
    count = int(hours * 60)
    for number in range(count):
        rate = level * (1 + 0.35 * math.sin(number / 55) + 0.08 * math.sin(number * 1.7))
        stalled = number >= count - stalled_for
        queue = queue + rate * MINUTE if stalled else 60 + 40 * math.sin(number / 9) ** 2
        points.append(
            {
                "time": iso(NOW - (count - number) * MINUTE),
                "pipelines": {
                    pipeline: {
                        "in": round(rate, 1),
                        "out": 0.0 if stalled else round(rate * 0.99, 1),
                        "queue_events": int(queue),
                        "queue_bytes": int(queue * 1100),
                        "verdict": "stalled" if stalled else "fine",
                    }
                },
            }
        )
    return {"interval": MINUTE, "points": points}


def deployed(ago=3 * 86_400.0, **line):
    """A line of the journal."""
    return {
        "time": iso(NOW - ago),
        "seconds": 83.2,
        "by": "ann@control-1",
        "action": "deploy",
        "result": "deployed",
        "version": "9.5.2",
        "release": "0a1b2c3d4e5f6789",
        "previous": {"version": "9.4.0", "release": "99aabbccddeeff00"},
        "plugins": ["logstash-output-http 6.0.2"],
        "toolkit": "edb2a01c9c0ffee0000000000000000000000000",
        "reason": "",
        **line,
    }


def found(name, layer, pipelines=(), history=None, deployments=None, **status):
    """The result of host_status of a monitored host."""
    lines = [deployed()] if deployments is None else deployments
    return {
        "changed": False,
        "now": NOW,
        "status": {
            "host": name,
            "environment": "staging",
            "layer": layer,
            "time": iso(NOW - 6),
            "interval": 15,
            "monitor_version": "0.1.0",
            "logstash": {"version": "9.5.2", "reachable": True, "reason": "", "ephemeral_id": "e1"},
            "ready": True,
            "reasons": [],
            "pipelines": list(pipelines),
            "inputs": [
                {"name": "broker_tcp", "kind": "tcp", "port": 5000, "canary_age": 4.2, "reason": ""},
                {"name": "broker_http", "kind": "http", "port": 8080, "canary_age": 9.8, "reason": ""},
            ],
            "heap_share": 38.0,
            "deployment": lines[-1] if lines else None,
            "drained": False,
            "cloudwatch": {"sent": iso(NOW - 30), "error": ""},
            **status,
        },
        "history": history or {"interval": MINUTE, "points": []},
        "monitor_problem": "",
        "deployments": lines,
        "journal_problem": "",
    }


def healthy():
    """{host: (layer, result)} of an environment in which all is well."""
    return {
        name: (layer, found(name, layer, [verdict(layer[:-1])], history(layer[:-1], level=level)))
        for name, layer, level in (
            ("broker-1.staging.example.com", "brokers", 420.0),
            ("broker-2.staging.example.com", "brokers", 380.0),
            ("indexer-1.staging.example.com", "indexers", 790.0),
        )
    }


STALL = "48,120 events wait in the queue, and none has left for 4 min; output to_redis takes no more."
QUEUE_ALARM = {
    "name": "staging-pipeline-stalled",
    "state": "ALARM",
    "reason": "Threshold Crossed: 2 out of the last 2 datapoints [1.0, 1.0] were greater than the threshold (0.0).",
    "since": iso(NOW - 190),
    "description": "A pipeline has stalled. What to do: docs/operate.md#pipeline-stalled",
    "namespace": "Logstash",
    "metric": "PipelineStalled",
}
BROKER_ALARM = {
    **QUEUE_ALARM,
    "name": "staging-broker-trouble",
    "reason": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:staging-brokers-unhealthy transitioned to ALARM",
    "since": iso(NOW - 60),
    "description": "Brokers lose or refuse events. What to do: docs/operate.md#broker-trouble",
    "namespace": "",
    "metric": "",
}
ALARMS = {
    "alarms": [
        {**QUEUE_ALARM, "name": "staging-disk-filling", "state": "OK", "reason": "", "since": iso(NOW - 86_400)},
        QUEUE_ALARM,
        BROKER_ALARM,
    ]
}


def troubled():
    """{host: (layer, result)} of one in which a broker stalls, a host is gone, and one has no monitor."""
    stalled = verdict(
        "broker", "stalled", STALL, out_per_second=0.0, queue_events=48_120, queue_bytes=52_932_000, queue_share=7.4,
        seconds_left=3120,
    )  # fmt: skip
    late = verdict(
        "indexer", "catching_up", "12,400 events wait and get fewer; the queue is empty in 3 min.",
        in_per_second=610.0, out_per_second=680.0, queue_events=12_400, queue_share=1.9, seconds_left=177,
    )  # fmt: skip
    failed = deployed(
        1900, result="restored", version="9.6.0", release="5566778899aabbcc", by="bob@control-1", seconds=214.0,
        previous={"version": "9.5.2", "release": "0a1b2c3d4e5f6789"},
        reason="Wait until every pipeline runs: [health_failed] Logstash is not healthy after 180.0 s: pipeline "
        "indexer does not run: the health report has it as FINISHED",
    )  # fmt: skip
    no_monitor = {
        **found("shipper-2", "shippers", deployments=[deployed(9 * 86_400, action="first_boot")]),
        "status": {},
        "history": {},
        "monitor_problem": "The monitor at http://127.0.0.1:9601 does not answer: [Errno 111] Connection refused",
    }
    return {
        "broker-1.staging.example.com": (
            "brokers",
            found("broker-1", "brokers", [verdict("broker")], history("broker", level=420.0)),
        ),
        "broker-2.staging.example.com": (
            "brokers",
            found(
                "broker-2", "brokers", [stalled], history("broker", level=380.0, stalled_for=5),
                reasons=["pipeline broker is stalled"],
            ),
        ),
        "broker-3.staging.example.com": (
            "brokers",
            found("broker-3", "brokers", [verdict("broker")], history("broker", level=405.0, hours=2.5), drained=True,
                  ready=False, reasons=["drained"]),
        ),
        "indexer-1.staging.example.com": (
            "indexers",
            found("indexer-1", "indexers", [late], history("indexer", level=640.0), deployments=[failed]),
        ),
        "shipper-1.staging.example.com": (
            "shippers",
            {
                "unreachable": True,
                "msg": "Failed to connect to the host via ssh: connect to host 198.51.100.12 port 22: timed out"
                "\nmore",
            },
        ),
        "shipper-2.staging.example.com": ("shippers", no_monitor),
    }  # fmt: skip
