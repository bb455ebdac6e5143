"""The page in a real browser: all that it has to show is there, on a phone too, and the browser has nothing to say."""

from __future__ import annotations

import browser
import pytest
import status_answers
from ansible_collections.elk.deploy.plugins.plugin_utils.status import model, page

pytestmark = pytest.mark.skipif(not browser.PROGRAM, reason="needs Chromium (on Debian: apt-get install chromium)")

WIDTHS = (360, 1280)
HOSTILE = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">" + "x" * 300


@pytest.fixture(scope="module")
def chromium():
    with browser.browser() as started:
        yield started


@pytest.fixture
def show(chromium, tmp_path):
    """show(hosts, alarms, width) -> evaluates expressions in the page."""

    def shown(hosts, alarms, width, dark=False):
        found = [model.host(name, layer, one, monitored=True) for name, (layer, one) in hosts.items()]
        path = tmp_path / "page.html"
        path.write_bytes(page.page(model.overview("staging", status_answers.NOW, found, alarms, "redis")))
        chromium.show(path.as_uri(), width, dark=dark)
        return chromium.evaluate

    return shown


def is_seen(element):
    """Whether an element has a place on the page."""
    return f"(box => box.width * box.height > 0)(document.querySelector({element!r}).getBoundingClientRect())"


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_charts_and_marks_are_there_and_nothing_is_wider_than_the_screen(show, chromium, width):
    look = show(status_answers.troubled(), status_answers.ALARMS, width)
    assert look("innerWidth") == width
    assert look("document.documentElement.scrollWidth") <= width
    right = look("Math.max(...[...document.body.querySelectorAll('*')].map(one => one.getBoundingClientRect().right))")
    assert right <= width + 0.5
    # Room to read in: on a phone, one part or cell below the other.
    widths = "[...document.querySelectorAll('.part, tr.host td.state')].map(one => one.getBoundingClientRect().width)"
    assert look(f"Math.min(...{widths})") > (250 if width == 360 else 120)
    assert look("document.querySelectorAll('tr.host').length") == 6
    assert look("document.querySelectorAll('td.chart path.in').length") == 4
    assert look("document.querySelectorAll('td.chart path.out').length") == 4
    assert look("document.querySelectorAll('rect.bad').length") == 1
    assert look("[...document.querySelectorAll('svg')].every(one => one.getBoundingClientRect().height > 20)")
    assert look("document.querySelector('.part.slowest .part-name').innerText") == "Brokers"
    assert look("document.querySelectorAll('.part').length") == 7
    assert look("document.querySelector('main').firstElementChild.className") == "alarms"
    assert look("[...document.querySelectorAll('.alarm h2 bdi')].map(one => one.innerText)") == [
        "staging-broker-trouble",
        "staging-pipeline-stalled",
    ]
    assert look(is_seen(".part.slowest .tag"))
    assert look(is_seen("tr.host td.state .mark"))
    assert chromium.complaints == []


def test_where_all_is_well_no_part_is_marked(show):
    look = show(status_answers.healthy(), {}, 1280)
    assert look("document.querySelector('h1 .mark').className") == "mark good"
    assert look("document.querySelector('.alarms, .slowest, .host.bad')") is None
    assert look("document.querySelectorAll('tr.host.good').length") == 3


def test_dark_is_dark_and_can_be_read(show):
    def brightness(expression):
        return f"{expression}.match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3"

    for dark in (False, True):
        look = show(status_answers.healthy(), {}, 1280, dark=dark)
        back = look(brightness("getComputedStyle(document.body).backgroundColor"))
        text = look(brightness("getComputedStyle(document.body).color"))
        assert (back < 60 and text > 180) if dark else (back > 200 and text < 80)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_hosts_say_is_text_and_fits(show, chromium, width):
    found = status_answers.found(
        HOSTILE, "brokers", [status_answers.verdict(HOSTILE, HOSTILE, HOSTILE)], status_answers.history(HOSTILE),
        [status_answers.deployed(by=HOSTILE, result=HOSTILE, reason=HOSTILE, release=HOSTILE, toolkit=HOSTILE)],
        ready=False, reasons=[HOSTILE],
    )  # fmt: skip
    alarm = {**status_answers.QUEUE_ALARM, "name": HOSTILE, "description": HOSTILE, "reason": HOSTILE}
    look = show({HOSTILE: ("brokers", found)}, {"alarms": [alarm]}, width)
    assert look("document.title") == "staging: Something is wrong"
    assert look("document.querySelectorAll('script, img').length") == 0
    assert look("document.documentElement.scrollWidth") <= width
    assert look("document.querySelector('.alarm h2 bdi').textContent") == HOSTILE
    assert chromium.complaints == []
