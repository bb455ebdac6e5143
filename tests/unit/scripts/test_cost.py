"""docs/aws.md has the tables that scripts/cost.py makes, and they add up."""

import importlib.util
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("cost", ROOT / "scripts/cost.py")
cost = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(cost)
PAGE = (ROOT / "docs/aws.md").read_text()


def rows(name):
    """The cells of a table of the page, without its head."""
    text = PAGE.partition(f"<!-- {name}: ")[2].partition(f"<!-- end of {name}")[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines()[3:]]


def amounts(row):
    return [Decimal(cell.strip("*").rpartition("$")[2]) for cell in row[-3:]]


def test_what_is_committed_is_what_make_reference_writes():
    assert cost.filled(PAGE) == PAGE, "run `make reference` and commit what it writes"


@pytest.mark.parametrize("name", ["costs", "in-a-vpc", "group"])
def test_the_amounts_that_are_shown_add_up(name):
    *items, last = rows(name)
    assert len(items) >= 2
    assert [sum(column) for column in zip(*map(amounts, items), strict=True)] == amounts(last)


@pytest.mark.parametrize("name", ["costs", "in-a-vpc", "group"])
def test_quantity_times_price_is_the_amount(name):
    for row in rows(name)[:-1]:
        usd, per = re.fullmatch(r"([\d.]+) for (an?|[\d,]+) .*", row[2]).groups()
        price = Decimal(usd) / (1 if per.startswith("a") else int(per.replace(",", "")))
        for cell in row[-3:]:
            quantity, amount = cell.split(" = $")
            # Both are rounded.
            assert abs(Decimal(quantity.replace(",", "")) * price - Decimal(amount)) <= Decimal("0.011"), row


def test_an_expression_is_charged_for_each_of_its_metrics(monkeypatch):
    before = cost.alarm_metrics(high_resolution=False)
    found = cost.definitions()
    (unparsed,) = [alarm for alarm in found.alarms if alarm.name == "lines-unparsed"]
    found.alarms = [alarm for alarm in found.alarms if alarm is not unparsed]
    monkeypatch.setattr(cost, "definitions", lambda: found)
    assert cost.alarm_metrics(high_resolution=False) == before - 2


def test_a_period_under_a_minute_is_charged_as_one_of_high_resolution(monkeypatch):
    found = cost.definitions()
    alarm = found.alarms[0]
    found.alarms = [replace(alarm, metrics=(replace(alarm.metrics[0], period=10),))]
    monkeypatch.setattr(cost, "definitions", lambda: found)
    assert [cost.alarm_metrics(high_resolution=high) for high in (True, False)] == [1, 0]


def test_a_metric_counts_once_for_each_set_of_dimensions():
    assert cost.function_metrics() == 2 * len(cost.metrics.UNITS)


def test_the_request_metrics_of_a_bucket_are_all_that_have_a_filter():
    assert cost.s3_request_metrics() == 16


def test_the_speed_is_the_readmes_for_the_functions_share_of_a_processor():
    assert cost.BENCHMARK >= 50_000
    assert 1000 < cost.LINES_A_SECOND < cost.BENCHMARK * 256 / 1769


def test_every_price_is_used_and_has_a_source():
    used = {item.price for item in (*cost.ITEMS, *cost.IN_A_VPC, *cost.GROUP)}
    assert used == cost.prices().keys()
    assert all(row["source"].startswith("https://") for row in cost.prices().values())


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match=r"aws\.md: .*in-a-vpc"):
        cost.filled(PAGE.replace("<!-- end of in-a-vpc -->", ""))
