"""The page needs nothing else, runs nothing, and whatever hosts say is text there."""

from __future__ import annotations

import base64
import hashlib
import re

import lxml.html
import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.status import charts, model, page
from ansible_collections.elk.deploy.plugins.plugin_utils.status.model import Level, Point
from status_answers import ALARMS, NOW, QUEUE_ALARM, deployed, found, healthy, history, troubled, verdict

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)' x=`",
    "style": "</style></title><template></table>",
    "jinja": "{{ 7 * 7 }}",
    "terminal": "\x1b]0;title\x07\x1b[2J",
    "reversed": "\u202egnp.exe",
    "surrogate": "\ud83d",
}


def rendered(hosts, alarms=None):
    made = [model.host(name, layer, one, monitored=True) for name, (layer, one) in hosts.items()]
    return page.page(model.overview("staging", NOW, made, alarms or {}, "redis"))


def parsed(content):
    return lxml.html.fromstring(content.decode())


def test_each_host_has_a_row_with_its_numbers_charts_and_last_deployment():
    document = parsed(rendered(healthy()))
    rows = document.xpath("//tr[contains(@class, 'host')]")
    assert [row.xpath("string(th/bdi)") for row in rows] == sorted(healthy())
    text = " ".join(rows[0].text_content().split())
    for shown in ("Logstash 9.5.2", "0a1b2c3d4e5f", "ready", "broker fine", "413 in 412 out", "84", "10 s",
                  "3 days ago deployed", "ann@control-1, 83 s"):  # fmt: skip
        assert shown in text
    assert len(rows[0].xpath(".//path[@class='in']")) == 1
    assert len(rows[0].xpath(".//path[@class='queued']")) == 1


def test_what_is_wrong_is_marked_and_alarms_come_first():
    document = parsed(rendered(troubled(), ALARMS))
    assert document.xpath("string(//h1/span)") == "Something is wrong"
    assert document.xpath("//main/*")[0].get("class") == "alarms"
    assert document.xpath("//li[contains(@class, 'slowest')]/span[@class='part-name']/text()") == ["Brokers"]
    levels = [row.get("class").split()[1] for row in document.xpath("//tr[contains(@class, 'host')]")]
    assert levels == ["good", "bad", "doubtful", "doubtful", "bad", "bad"]
    assert len(document.xpath("//rect[@class='bad']")) == 1


def test_nothing_is_loaded_and_nothing_runs():
    content = rendered(troubled(), ALARMS).decode()
    document = parsed(content.encode())
    assert not document.xpath(
        "//script | //link | //img | //iframe | //@src | //@style | //@*[starts-with(name(), 'on')]"
    )
    assert "url(" not in content and "@import" not in content  # noqa: PT018 - one thing
    (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    style = document.xpath("string(//style)")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_hosts_and_alarms_say_is_text(kind):
    text = HOSTILE[kind]
    answer = found(
        text, "brokers", [verdict(text, text, text)], history(text),
        [deployed(by=text, result=text, reason=text, release=text, toolkit=text, action=text)],
        ready=False, reasons=[text], logstash={"version": text},
    )  # fmt: skip
    answer["journal_problem"] = text
    alarm = {**QUEUE_ALARM, "name": text, "description": text, "reason": text}
    content = rendered({text: (text, answer)}, {"alarms": [alarm]})
    document = parsed(content)
    assert not document.xpath("//script | //template | //@onmouseover")
    assert "\x1b" not in content.decode() and "\u202e" not in content.decode()  # noqa: PT018 - one thing
    assert len(document.xpath("//tr[contains(@class, 'host')]")) == 1
    if kind in ("script", "attribute", "style", "jinja"):
        assert document.xpath("string(//*[@class='alarm bad']/h2/bdi)") == text


def test_same_overview_makes_the_same_page():
    assert rendered(troubled(), ALARMS) == rendered(troubled(), ALARMS)


def test_environment_without_hosts_has_a_page():
    assert "no host of brokers, indexers or shippers" in rendered({}).decode()


def point(minute, value, level=Level.GOOD):
    return Point(NOW - 3600 + 60 * minute, value, value, None, level)


def drawn(points, top=10.0):
    return charts.line(points, lambda one: one.events_in, charts.window(NOW, points), top)


def coordinates(path):
    return [tuple(map(float, one.split())) for one in re.findall(r"[\d.]+ [\d.]+", path)]


def test_line_goes_from_left_to_right_and_from_0_to_the_top():
    found_ = coordinates(drawn([point(minute, minute / 6) for minute in range(61)]))
    xs, ys = zip(*found_, strict=True)
    assert list(xs) == sorted(xs)
    assert (xs[0], xs[-1]) == (0, charts.WIDTH)
    assert list(ys) == sorted(ys, reverse=True)
    assert (ys[0], ys[-1]) == (charts.HEIGHT - 1, 1)


def test_time_without_a_value_is_a_gap_and_not_a_line_through_it():
    def with_gap(missing):
        return drawn([point(minute, None if minute in missing else 5) for minute in range(60)])

    assert with_gap(range(20, 40)).count("M") == 2
    assert with_gap(range(20, 21)).count("M") == 1


def test_area_is_closed_at_the_bottom():
    points = [point(0, 5), point(1, 5)]
    path = charts.line(points, lambda one: one.events_in, charts.window(NOW, points), 10, closed=True)
    assert path.endswith(f"L{charts.window(NOW, points).x(points[1].time):g} 40L0 40Z")


def test_nothing_but_zeros_is_a_line_at_the_bottom_and_no_point_is_no_line():
    assert {y for _, y in coordinates(drawn([point(minute, 0) for minute in range(9)], top=0))} == {charts.HEIGHT - 1}
    assert drawn([]) == ""
    assert drawn([point(5, 1)]).startswith("M")


def test_window_is_an_hour_at_least_and_a_day_at_most():
    assert charts.window(NOW, []).start == NOW - 3600
    assert charts.window(NOW, [point(59, 1)]).start == NOW - 3600
    assert charts.window(NOW, [point(-120, 1)]).start == NOW - 10_800
    assert charts.window(NOW, [point(-9999, 1)]).start == NOW - 86_400
    # A host whose clock is ahead.
    assert charts.window(NOW, [point(999, 1)]).start == NOW - 3600


def test_stretches_of_bad_minutes_are_marked_where_they_were():
    points = [point(minute, 1, Level.BAD if minute in (6, 7, 8, 30) else Level.GOOD) for minute in range(60)]
    shown = charts.window(NOW, points)
    assert charts.marks(points, Level.BAD, shown) == [(20.0, 6.7), (100.0, 1.5)]
    assert charts.marks(points, Level.DOUBTFUL, shown) == []
