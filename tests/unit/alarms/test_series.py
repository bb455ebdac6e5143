"""The notation of series: what each form means, that it survives writing and reading, and that no sample is lost."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.series import GAP, NotationError, Slot, read, write
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.one_of(st.integers(-(10**9), 10**9).map(float), st.floats(allow_nan=False, allow_infinity=False))
SAMPLES = st.lists(st.tuples(NUMBERS, st.integers(1, 500)), min_size=1, max_size=3).map(tuple)
SLOTS = st.one_of(st.just(GAP), st.builds(Slot, SAMPLES, st.integers(0, 20)))
SERIES = st.lists(st.tuples(SLOTS, st.integers(1, 30)), max_size=12).map(
    lambda runs: [slot for slot, count in runs for _ in range(count)]
)


def one(value: float, late: int = 0) -> Slot:
    return Slot(((value, 1),), late)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("", []),
        ("5", [one(5)]),
        ("0x3 1", [one(0), one(0), one(0), one(1)]),
        ("_x2 7", [GAP, GAP, one(7)]),
        ("5+2x4", [one(5), one(7), one(9), one(11)]),
        ("5-2x3", [one(5), one(3), one(1)]),
        ("-1+0.5x3", [one(-1), one(-0.5), one(0)]),
        ("(1x300)", [Slot(((1, 300),))]),
        ("(1x299 7)x2", [Slot(((1, 299), (7, 1)))] * 2),
        ("5@+3", [one(5, 3)]),
        ("5x2@+3", [one(5, 3)] * 2),
        ("(1x300)x2@+1", [Slot(((1, 300),), 1)] * 2),
        ("1e3 1.5 .5", [one(1000), one(1.5), one(0.5)]),
        ("1\n  2", [one(1), one(2)]),
    ],
)
def test_a_form(text: str, slots: list[Slot]) -> None:
    assert read(text) == slots


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("1 2 three", "three", 5),
        ("0x10 5+2", "5+2", 6),
        ("1 (1x300", "(1x300", 3),
        ("()", "()", 1),
        ("(1x3 _)", "(1x3 _)", 1),
        ("_@+3", "_@+3", 1),
        ("5x", "5x", 1),
        ("5@3", "5@3", 1),
        ("1 2x9999999", "2x9999999", 3),
        ("1,2", "1,2", 1),
        ("nan", "nan", 1),
    ],
)
def test_bad_notation_is_reported_with_its_place_and_the_forms(text: str, part: str, place: int) -> None:
    with pytest.raises(NotationError) as error:
        read(text)
    assert repr(part) in str(error.value)
    assert f"character {place}:" in str(error.value)
    if "9999999" not in text:
        assert "(1x300)" in str(error.value)


@given(SERIES)
def test_written_and_read_a_series_is_the_same(slots: list[Slot]) -> None:
    assert read(write(slots)) == slots


@given(st.lists(SLOTS, max_size=8), st.lists(SLOTS, max_size=8))
def test_two_series_one_after_the_other_are_one(first: list[Slot], second: list[Slot]) -> None:
    assert read(f"{write(first)} {write(second)}") == first + second


@given(st.integers(-1000, 1000), st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 50))
def test_totals(value: int, samples: int, step: int, intervals: int) -> None:
    grouped = read(f"({value}x{samples})x{intervals}")
    assert sum(number * count for slot in grouped for number, count in slot.samples) == value * samples * intervals
    stepped = read(f"{value}+{step}x{intervals}")
    assert len(stepped) == intervals
    total = intervals * value + step * intervals * (intervals - 1) // 2
    assert sum(number for slot in stepped for number, _ in slot.samples) == total


def test_a_long_run_is_written_short() -> None:
    assert write(read("0 0 0 _ _ (1x300) (1x300) 2@+1")) == "0x3 _x2 (1x300)x2 2@+1"
