"""Pins are held against the facts; what stays has a reason that ends with the pin."""

import datetime
import subprocess
from pathlib import Path

import pytest
import yaml
from advisories import __main__ as command
from advisories import audit, known, pins
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[3]
HASH = " \\\n    --hash=sha256:" + "0" * 64 + " \\\n    --hash=sha256:" + "1" * 64 + "\n"
PIN = pins.Pin("requirements.txt", 3, "urllib3", Version("2.5.0"))
ADVISORY = known.Advisory("GHSA-1", ("CVE-1",), (">=1.22,<2.6.3",))


def facts(*advisories):
    return known.Known(datetime.date(2031, 1, 1), {"urllib3": list(advisories)})


def accepted(**changes):
    entry = {"file": "requirements.txt", "package": "urllib3", "version": "2.5.0", "ids": ["GHSA-1"], "reason": "Why."}
    return audit.Accepted(**{**entry, **changes, "ids": frozenset(changes.get("ids", entry["ids"]))})


# -- pins


def test_every_compiled_file_of_the_repository_is_read():
    found = {str(path.relative_to(ROOT)) for path in pins.requirement_files(ROOT)}
    # Git knows what belongs to the repository; a walk would meet what other parts of the tests make and remove.
    wanted = ["requirements*.in", "*/requirements*.in"]
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *wanted]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    compiled = {str(Path(name).with_suffix(".txt")) for name in listed.splitlines()}
    assert found == compiled
    assert {"requirements.txt", "requirements-dev.txt"} <= found
    assert len(found) > 4


def test_pins_of_a_file(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(
        "# a comment\nruamel.yaml==0.19.1"
        + HASH
        + "networkx==3.6.1 ; python_full_version < '3.12'"
        + HASH
        + "networkx==3.7 ; python_full_version >= '3.12'"
        + HASH
    )
    assert [(pin.line, pin.package, str(pin.version)) for pin in pins.read_pins(tmp_path, path)] == [
        (2, "ruamel-yaml", "0.19.1"),
        (5, "networkx", "3.6.1"),
        (8, "networkx", "3.7"),
    ]


@pytest.mark.parametrize(
    "line", ["urllib3>=2", "urllib3", "urllib3==2.*", "-r other.txt", "urllib3 @ https://example.com/x"]
)
def test_line_that_can_not_be_judged_is_named(tmp_path, line):
    path = tmp_path / "requirements.txt"
    path.write_text(f"rich==15.0.0\n{line}\n")
    with pytest.raises(ValueError, match=r"requirements\.txt:2: .* is no exact requirement"):
        pins.read_pins(tmp_path, path)


# -- findings


def test_finding_names_place_version_id_range_and_first_fixed_version():
    (found,) = audit.findings([PIN], facts(ADVISORY))
    assert str(found) == (
        "requirements.txt:3: urllib3 2.5.0 is affected by GHSA-1 (CVE-1), as are versions >=1.22,<2.6.3; "
        "2.6.3 is the first version without it."
    )


def test_finding_without_a_fix_says_so():
    (found,) = audit.findings([PIN], facts(known.Advisory("GHSA-1", (), ("*",))))
    assert str(found).endswith("no later version without it is known.")


def test_pin_outside_of_the_range_is_fine():
    assert audit.findings([pins.Pin("x", 1, "urllib3", Version("2.6.3"))], facts(ADVISORY)) == []
    assert audit.findings([pins.Pin("x", 1, "requests", Version("2.5.0"))], facts(ADVISORY)) == []


def test_fault_that_two_databases_know_is_told_once():
    again = known.Advisory("PYSEC-1", ("CVE-1",), ("<3",))
    assert [one.advisory.id for one in audit.findings([PIN], facts(ADVISORY, again))] == ["GHSA-1"]


# -- exceptions


@pytest.mark.parametrize("name", ["GHSA-1", "CVE-1"])
def test_accepted_finding_is_left_out(name):
    found = audit.findings([PIN], facts(ADVISORY))
    assert audit.judge(found, [accepted(ids=[name])]) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [{"file": "other/requirements.txt"}, {"package": "requests"}, {"version": "2.4.0"}, {"ids": ["GHSA-2"]}],
)
def test_exception_is_for_one_version_of_one_file_and_ends_with_it(changes):
    found = audit.findings([PIN], facts(ADVISORY))
    left, idle = audit.judge(found, [accepted(**changes)])
    assert left == found
    assert len(idle) == 1
    assert "Take the entry out" in idle[0]


@pytest.mark.parametrize("key", ["file", "package", "version", "ids", "reason"])
def test_exception_without_a_reason_or_without_what_it_is_for_is_refused(tmp_path, key):
    entry = {"file": "requirements.txt", "package": "urllib3", "version": "2.5.0", "ids": ["GHSA-1"], "reason": "Why."}
    (tmp_path / "accepted.yml").write_text(yaml.safe_dump([{**entry, key: None}]))
    with pytest.raises(ValueError, match=f"entry 1 has no {key}"):
        audit.read_accepted(tmp_path / "accepted.yml")


# -- the command


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with facts and exceptions of its own."""
    known.write(facts(ADVISORY), tmp_path / "known.yml")
    (tmp_path / "accepted.yml").write_text("[]\n")
    monkeypatch.setattr(known.read, "__defaults__", (tmp_path / "known.yml",))
    monkeypatch.setattr(audit.read_accepted, "__defaults__", (tmp_path / "accepted.yml",))
    return tmp_path


def test_affected_pin_fails(checkout, capsys):
    (checkout / "requirements.txt").write_text("urllib3==2.5.0" + HASH)
    assert command.check(checkout, datetime.date(2031, 1, 2)) == 1
    said = capsys.readouterr().err
    assert "requirements.txt:1: urllib3 2.5.0 is affected by GHSA-1" in said
    assert "make requirements" in said


def test_old_facts_are_told_and_fail_nothing(checkout, capsys):
    (checkout / "requirements.txt").write_text("urllib3==2.6.3" + HASH)
    assert command.check(checkout, datetime.date(2031, 1, 2)) == 0
    assert capsys.readouterr().err == ""
    assert command.check(checkout, datetime.date(2031, 12, 1)) == 0
    assert "as of 2031-01-01 (334 days ago)" in capsys.readouterr().err


def test_exception_that_is_no_longer_needed_fails(checkout, capsys):
    (checkout / "requirements.txt").write_text("urllib3==2.6.3" + HASH)
    entry = {"file": "requirements.txt", "package": "urllib3", "version": "2.5.0", "ids": ["GHSA-1"], "reason": "Why."}
    (checkout / "accepted.yml").write_text(yaml.safe_dump([entry]))
    assert command.check(checkout, datetime.date(2031, 1, 2)) == 1
    assert "Take the entry out" in capsys.readouterr().err


def test_pins_of_this_repository_are_affected_by_nothing_that_is_known():
    left, idle = audit.judge(audit.findings(pins.all_pins(ROOT), known.read()), audit.read_accepted())
    assert ([str(one) for one in left], idle) == ([], [])
