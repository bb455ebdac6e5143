"""Which versions a range of an advisory means."""

import pytest
from advisories import ranges
from packaging.version import Version


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("<2.6.3", ["0.1", "2.6.2", "2.6.3rc1", "2.6.2.post1"], ["2.6.3", "10.0"]),
        (">=1.22,<2.6.3", ["1.22", "1.22.0", "2.0"], ["1.21.1", "2.6.3"]),
        ("<=1.4", ["1.4", "1.4.0"], ["1.4.1", "1.4.post1"]),
        ("==1.4.1", ["1.4.1"], ["1.4", "1.4.2"]),
        (">=3", ["3.0", "99"], ["2.9"]),
        ("*", ["0.0.1", "99"], []),
    ],
)
def test_versions_of_a_range(text, inside, outside):
    assert [version for version in inside if not ranges.holds(text, Version(version))] == []
    assert [version for version in outside if ranges.holds(text, Version(version))] == []


@pytest.mark.parametrize("text", ["", "2.6.3", "~=2.6", ">2", "<x.y", ">=1,"])
def test_what_is_no_range_is_named(text):
    with pytest.raises(ValueError, match="is no range of versions"):
        ranges.holds(text, Version("1"))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([{"introduced": "0"}, {"fixed": "2.11.3"}], ["<2.11.3"]),
        ([{"introduced": "1.22"}, {"fixed": "2.6.3"}], [">=1.22,<2.6.3"]),
        ([{"introduced": "0"}, {"last_affected": "1.4"}], ["<=1.4"]),
        ([{"introduced": "0"}], ["*"]),
        ([{"introduced": "2"}], [">=2"]),
        (
            [{"introduced": "0"}, {"fixed": "1.26.5"}, {"introduced": "2"}, {"fixed": "2.0.7"}],
            ["<1.26.5", ">=2,<2.0.7"],
        ),
        # Any order, versions compared as versions.
        ([{"fixed": "10.0"}, {"introduced": "9.0"}, {"fixed": "1.1"}, {"introduced": "0"}], ["<1.1", ">=9.0,<10.0"]),
        ([{"introduced": "0"}, {"fixed": "2"}, {"limit": "*"}], ["<2"]),
    ],
)
def test_ranges_of_events(events, expected):
    assert ranges.from_events(events) == expected


@pytest.mark.parametrize(
    ("affected", "version", "expected"),
    [
        (["<2.6.3"], "2.5.0", "2.6.3"),
        (["<1.26.5", ">=2,<2.0.7"], "2.0.1", "2.0.7"),
        (["<1.26.5", ">=2,<2.0.7"], "1.0", "1.26.5"),
        # The end of one range that lies in another fixes nothing.
        (["<2.0", ">=1.5,<2.3"], "1.0", "2.3"),
        (["<=1.4"], "1.0", None),
        (["*"], "1.0", None),
    ],
)
def test_first_fixed_version(affected, version, expected):
    fixed = ranges.first_fixed(affected, Version(version))
    assert (fixed and str(fixed)) == expected
