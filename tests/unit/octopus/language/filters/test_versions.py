"""Filters that give a part of a version: a row is a version with all its parts."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import FilterError
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters

PARTS = ["Major", "Minor", "Patch", "Revision", "PreRelease", "PreReleasePrefix", "PreReleaseCounter", "Metadata"]

VERSIONS = [
    # mark, version, the parts in the order of PARTS
    ("[T]", "1", "1 0 0 0 - - - -"),
    ("[T]", "1.2", "1 2 0 0 - - - -"),
    ("[T]", "1.2.3", "1 2 3 0 - - - -"),
    ("[T]", "1.2.3.4", "1 2 3 4 - - - -"),
    ("[T]", "1.2.3.4-branch.1", "1 2 3 4 branch.1 branch 1 -"),
    ("[T]", "1.2.3.4-branch.1+meta", "1 2 3 4 branch.1 branch 1 meta"),
    ("[T]", "v1.2.3.4-branch.1+meta", "1 2 3 4 branch.1 branch 1 meta"),
    ("[T]", "V1.2.3.4-branch.hithere+meta", "1 2 3 4 branch.hithere branch hithere meta"),
    ("[T]", "V1.2.3.4-branch-hithere+meta", "1 2 3 4 branch-hithere branch hithere meta"),
    ("[T]", "V1.2.3.4-branch_hithere+meta", "1 2 3 4 branch_hithere branch hithere meta"),
    ("[T]", "19.0.0.Final", "19 0 0 0 Final Final - -"),
    ("[T]", "284.0.0-debian_component_based", "284 0 0 0 debian_component_based debian component_based -"),
    ("[T]", "latest", "0 0 0 0 latest latest - -"),
    ("[T]", "v1", "1 0 0 0 - - - -"),
    ("[S]", "1.2.3\\beta\\2", "1 2 3 0 beta\\2 beta 2 -"),
    ("[S]", "1.2_beta", "1 2 0 0 beta beta - -"),
    ("[S]", "1.2.3rc", "1 2 0 0 3rc 3rc - -"),
    ("[S]", "3rc", "0 0 0 0 3rc 3rc - -"),
    ("[S]", "1.2.3.4.5", "1 2 3 4 5 5 - -"),
    ("[S]", "1+a.b+c", "1 0 0 0 - - - a.b+c"),
    ("[S]", " 1.02 ", "1 2 0 0 - - - -"),
    ("[S]", "version", "0 0 0 0 version version - -"),
]


@pytest.mark.parametrize(("mark", "version", "parts"), VERSIONS, ids=[f"{row[0]} {row[1]}" for row in VERSIONS])
def test_parts(mark: str, version: str, parts: str) -> None:
    expected = ["" if part == "-" else part for part in parts.split(" ")]
    assert [filters.apply(f"Version{part}", version, ()) for part in PARTS] == expected


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "version", ["", "  ", "1 2", "1.2.3-a b", "1/2", "1.2.3-ä", "1.2.3+é", "2147483648", "9" * 5000]
)
def test_what_is_no_version_ends_the_evaluation(version: str, part: str) -> None:
    """[T]"""
    with pytest.raises(FilterError, match="the value is no version: "):
        filters.apply(f"Version{part}", version, ())


def test_arguments_are_ignored() -> None:
    """[S]"""
    assert filters.apply("VersionMinor", "1.2", ("x", "y")) == "2"
