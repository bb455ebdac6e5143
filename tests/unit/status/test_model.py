"""What is made of what hosts and alarms say: nothing of it is trusted to have its form."""

from __future__ import annotations

import pytest
import status_answers
from ansible_collections.elk.deploy.plugins.plugin_utils.status import model, page, table
from ansible_collections.elk.deploy.plugins.plugin_utils.status.model import Level
from status_answers import ALARMS, NOW, deployed, found, healthy, history, iso, troubled, verdict


def overview(hosts, alarms=None, output="redis", **options):
    options = {"monitored": True, **options}
    made = [model.host(name, layer, one, **options) for name, (layer, one) in hosts.items()]
    return model.overview("staging", NOW, made, alarms or {}, output)


def host(result, monitored=True):
    return model.host("broker-1", "brokers", result, monitored=monitored)


def test_environment_in_which_all_is_well_has_no_problem():
    shown = overview(healthy(), {"alarms": ALARMS["alarms"][:1]})
    assert shown.problems == []
    assert shown.level is Level.GOOD
    assert shown.slowest is None
    assert [one.state for one in shown.hosts] == ["ready"] * 3


def test_everything_that_is_wrong_is_a_problem_with_its_host_and_reason():
    shown = overview(troubled(), ALARMS)
    assert shown.level is Level.BAD
    assert [(where.partition(".")[0], what.partition(":")[0]) for where, what in shown.problems] == [
        ("", "Alarm staging-broker-trouble rings"),
        ("", "Alarm staging-pipeline-stalled rings"),
        ("broker-2", "pipeline broker is stalled"),
        ("shipper-1", "The host can't be reached"),
        ("shipper-2", "The monitor at http"),
    ]
    states = {one.name.partition(".")[0]: one.state for one in shown.hosts}
    assert states["broker-3"] == "drained"
    assert (states["shipper-1"], states["shipper-2"]) == ("not reached", "no monitor")


@pytest.mark.parametrize(
    ("word", "level"),
    [
        *((word, Level.GOOD) for word in ("fine", "idle")),
        *((word, Level.DOUBTFUL) for word in ("catching_up", "struggling", "restarted", "a new word")),
        *((word, Level.BAD) for word in ("stalled", "losing", "crashed", "gone", "old_configuration")),
    ],
)
def test_each_verdict_has_its_level(word, level):
    one = host(found("broker-1", "brokers", [verdict("a"), verdict("b", word)]))
    assert one.level is level


def test_host_that_is_drained_is_no_problem_and_one_that_is_not_ready_is():
    drained = {"broker-1": ("brokers", found("broker-1", "brokers", [verdict("a")], ready=False, drained=True))}
    assert overview(drained).problems == []
    silent = {"broker-1": ("brokers", found("broker-1", "brokers", [verdict("a")], ready=False, reasons=["starting"]))}
    assert overview(silent).problems == [("broker-1", "not ready: starting")]


def test_host_without_a_monitor_is_a_problem_where_hosts_are_monitored_alone():
    result = {"now": NOW, "status": {}, "monitor_problem": "refused", "deployments": [deployed()]}
    hosts = {"broker-1": ("brokers", result)}
    assert overview(hosts).problems == [("broker-1", "refused")]
    shown = overview(hosts, monitored=False)
    assert shown.problems == []
    assert (shown.hosts[0].version, shown.hosts[0].release) == ("9.5.2", "0a1b2c3d4e5f6789")


def test_host_that_cannot_be_reached_is_always_a_problem():
    hosts = {"broker-1": ("brokers", {"unreachable": True, "msg": "no route\nmore"})}
    assert overview(hosts, monitored=False).problems == [("broker-1", "The host can't be reached: no route")]


def test_monitor_that_has_stopped_looking_is_a_problem():
    assert host(found("broker-1", "brokers", [verdict("a")], time=iso(NOW - 85))).problem == ""
    stopped = host(found("broker-1", "brokers", [verdict("a")], time=iso(NOW - 400)))
    assert "has not looked for 7 min" in stopped.problem
    assert (stopped.level, stopped.state) == (Level.BAD, "silent")
    slow = found("broker-1", "brokers", [verdict("a")], time=iso(NOW - 400), interval=120)
    assert host(slow).problem == ""


def test_release_after_a_restored_run_is_the_one_from_before():
    line = deployed(
        result="restored", version="9.6.0", release="ffff", previous={"version": "9.5.2", "release": "aaaa"}
    )
    assert host(found("broker-1", "brokers", deployments=[line])).release == "aaaa"
    assert host(found("broker-1", "brokers", deployments=[deployed(release="bbbb")])).release == "bbbb"


def test_alarms_that_cannot_be_read_are_a_problem():
    shown = overview(healthy(), {"failed": True, "msg": "no credentials"})
    assert shown.problems == [("", "The alarms are not known. no credentials")]


def test_alarms_that_ring_come_first_the_latest_at_the_top():
    assert [alarm.name for alarm in overview({}, ALARMS).alarms] == [
        "staging-broker-trouble",
        "staging-pipeline-stalled",
        "staging-disk-filling",
    ]


def test_slowest_part_is_where_an_event_waits_longest():
    hosts = {
        "broker-1": ("brokers", found("b", "brokers", [verdict("a", queue_events=4000, out_per_second=100.0)])),
        "indexer-1": ("indexers", found("i", "indexers", [verdict("a", queue_events=90_000, out_per_second=1000.0)])),
    }
    slowest = overview(hosts).slowest
    assert (slowest.name, slowest.wait, slowest.what) == ("indexers", 90.0, "an event waits 2 min")
    hosts["broker-2"] = (
        "brokers",
        found("b", "brokers", [verdict("a", "stalled", queue_events=7, out_per_second=0.0)]),
    )
    slowest = overview(hosts).slowest
    assert (slowest.name, slowest.what) == ("brokers", "7 events wait, none leaves")
    pausing = found("b", "brokers", [verdict("a", "struggling", queue_events=7, out_per_second=0.0)])
    hosts["broker-2"] = ("brokers", pausing)
    assert overview(hosts).slowest.name == "indexers"


def test_host_whose_monitor_is_silent_does_not_count_as_the_slowest():
    old = found("b", "brokers", [verdict("a", "stalled", queue_events=7, out_per_second=0.0)], time=iso(NOW - 9999))
    assert overview({"broker-1": ("brokers", old)}).slowest is None


@pytest.mark.parametrize(
    ("output", "end"),
    [("redis", ["Redis", "indexers", "Elasticsearch"]), ("elasticsearch", ["Elasticsearch"]), ("file", ["file"])],
)
def test_way_of_a_line_follows_the_brokers_output(output, end):
    names = [part.name for part in overview(healthy(), output=output).parts]
    assert names == ["load balancer", "S3", "function", "brokers", *end]


def test_alarms_are_at_the_part_that_they_watch():
    def alarm(name, namespace=""):
        return {"name": f"staging-{name}", "state": "ALARM", "namespace": namespace}

    states = {
        "alarms": [
            alarm("oldest-object-waiting", "AWS/SQS"),
            alarm("elasticsearch-unhealthy", "AWS/ELB"),
            alarm("brokers-unhealthy", "AWS/ELB"),
            alarm("delivery-trouble"),
        ]
    }
    rings = {part.name: part.alarms for part in overview({}, states).parts if part.alarms}
    assert rings == {
        "function": ("staging-delivery-trouble", "staging-oldest-object-waiting"),
        "brokers": ("staging-brokers-unhealthy",),
        "Elasticsearch": ("staging-elasticsearch-unhealthy",),
    }


def test_layers_that_run_different_versions_or_releases_are_noted():
    other = found("b", "brokers", deployments=[deployed(release="other")], logstash={"version": "9.4.0"})
    hosts = {**healthy(), "broker-9": ("brokers", other)}
    assert overview(hosts).notes == (
        "brokers run 2 versions: 9.4.0, 9.5.2",
        "brokers run 2 releases: 0a1b2c3d4e5f6789, other",
    )


def test_hosts_are_in_the_order_of_their_layers_and_numbers():
    hosts = {name: (layer, {}) for name, layer in
             (("s-1", "shippers"), ("b-10", "brokers"), ("b-2", "brokers"), ("i-1", "indexers"))}  # fmt: skip
    assert [one.name for one in overview(hosts).hosts] == ["b-2", "b-10", "i-1", "s-1"]


def test_of_many_pipelines_those_that_are_well_are_counted():
    many = [verdict(f"p{number}", "fine") for number in range(6)]
    one = host(found("broker-1", "brokers", [*many, verdict("quiet", "idle"), verdict("slow", "catching_up")]))
    assert [pipeline.name for pipeline in one.told] == ["slow"]
    assert one.others == "6 fine, 1 idle"
    few = host(found("broker-1", "brokers", many[:3]))
    assert ([pipeline.name for pipeline in few.told], few.others) == (["p0", "p1", "p2"], "")
    assert "6 fine, 1 idle" in table.table(
        overview({"b": ("brokers", found("b", "brokers", [*many, verdict("quiet", "idle")]))}), width=160, colour=False
    )


def test_history_adds_up_the_pipelines_of_a_minute():
    two = {"in": 1.5, "out": 2, "queue_events": 3, "verdict": "fine"}
    points = [
        {"time": iso(120), "pipelines": {"a": two, "b": {**two, "out": None, "verdict": "stalled"}}},
        {"time": iso(60), "pipelines": {}},
    ]
    first, second = model.points({"interval": 60, "points": points})
    assert (first.time, first.events_in, first.level) == (60, None, Level.GOOD)
    assert (second.events_in, second.events_out, second.queue_events) == (3.0, 2.0, 6.0)
    assert second.level is Level.BAD


JUNK = [None, True, -1, 1e400, float("nan"), "x", "9" * 400, [], [1, "a", None], {}, {"a": 1}, 10**30]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: str(junk)[:12])
def test_answers_of_any_form_are_shown_and_never_raise(junk):
    """Each field of an answer, one after another, is something else than it should be."""

    def spoiled(value):
        if isinstance(value, dict):
            for name in value:
                yield {**value, name: junk}
                yield from ({**value, name: one} for one in spoiled(value[name]))
        elif isinstance(value, list):
            for number, one in enumerate(value[:1]):
                yield [*value[:number], junk, *value[number + 1 :]]
                yield from ([*value[:number], other, *value[number + 1 :]] for other in spoiled(one))

    answer = found("b", "brokers", [verdict("a")], history("a", hours=0.05))
    for number, one in enumerate(spoiled(answer)):
        shown = overview({"broker-1": ("brokers", one)}, {"alarms": junk})
        assert shown.hosts[0].name == "broker-1"
        table.as_json(shown)
        if number % 40 == 0:
            page.page(shown)


def test_nothing_at_all_is_shown():
    shown = overview({})
    assert shown.problems == []
    assert shown.time == status_answers.NOW
