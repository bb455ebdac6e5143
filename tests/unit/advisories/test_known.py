"""What is read from databases of advisories, and what is kept."""

import datetime
import json
import zipfile

import pytest
from advisories import known, osv

RECORD = {
    "id": "PYSEC-2031-7",
    "modified": "2031-05-06T10:00:00Z",
    "details": "A text that is not taken.",
    "aliases": ["CVE-2031-1", "GHSA-aaaa-bbbb-cccc", "SNYK-1"],
    "affected": [
        {
            "package": {"name": "Ruamel_YAML", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "f00"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]},
            ],
            "versions": ["1.0", "1.1", "1.5", "not-a-version"],
        },
        {"package": {"name": "ruamel-yaml", "ecosystem": "npm"}, "versions": ["9.9"]},
    ],
}
WANTED = {"ruamel-yaml"}
NOTHING = known.Known(datetime.date(2031, 1, 1), {})


def test_facts_of_a_record():
    """Names are compared as the index does; versions that no range holds are named; other indexes do not count."""
    assert osv.facts(RECORD, WANTED) == {
        "ruamel-yaml": {
            "id": "PYSEC-2031-7",
            "aliases": ["CVE-2031-1", "GHSA-aaaa-bbbb-cccc"],
            "affected": ["<1.2", "==1.5"],
        }
    }
    assert osv.facts(RECORD, {"rich"}) == {}


@pytest.fixture(params=["folder of yaml", "zip of json"])
def source(request, tmp_path):
    """Gives a function that makes a source of records."""

    def make(*records):
        if request.param == "folder of yaml":
            for record in records:
                folder = tmp_path / "vulns" / "package"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{record['id']}.yaml").write_text(json.dumps(record))  # which is YAML too
            return tmp_path / "vulns"
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for record in records:
                archive.writestr(f"{record['id']}.json", json.dumps(record))
        return tmp_path / "all.zip"

    return make


def test_source_is_read_and_its_newest_record_is_its_date(source):
    older = {**RECORD, "id": "PYSEC-2031-6", "modified": "2031-02-02T00:00:00Z", "affected": []}
    found = known.merged(NOTHING, source(RECORD, older), WANTED)
    assert found.complete_to == datetime.date(2031, 5, 6)
    assert [one.id for one in found.advisories["ruamel-yaml"]] == ["PYSEC-2031-7"]


def test_what_the_source_does_not_know_is_kept(source):
    entered = known.Advisory("GHSA-dddd-eeee-ffff", (), ("<9",))
    before = known.Known(datetime.date(2031, 1, 1), {"ruamel-yaml": [entered], "no-longer-pinned": [entered]})
    found = known.merged(before, source(RECORD), WANTED)
    assert set(found.advisories) == {"ruamel-yaml"}
    assert {one.id for one in found.advisories["ruamel-yaml"]} == {"PYSEC-2031-7", "GHSA-dddd-eeee-ffff"}


def test_source_decides_over_what_was_entered_for_the_same_fault(source):
    entered = known.Advisory("CVE-2031-1", (), ("*",))
    before = known.Known(datetime.date(2031, 1, 1), {"ruamel-yaml": [entered]})
    (only,) = known.merged(before, source(RECORD), WANTED).advisories["ruamel-yaml"]
    assert only.affected == ("<1.2", "==1.5")


def test_what_was_withdrawn_is_forgotten(source):
    before = known.merged(NOTHING, source(RECORD), WANTED)
    after = known.merged(before, source({**RECORD, "withdrawn": "2031-06-01T00:00:00Z"}), WANTED)
    assert after.advisories == {}


def test_older_source_does_not_make_the_facts_older(source):
    before = known.Known(datetime.date(2032, 1, 1), {})
    assert known.merged(before, source(RECORD), WANTED).complete_to == datetime.date(2032, 1, 1)


def test_source_without_records_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no records in the OSV format"):
        known.merged(NOTHING, tmp_path, WANTED)


def test_what_is_written_is_read_again(tmp_path):
    facts = known.Known(datetime.date(2031, 5, 6), {"rich": [known.Advisory("X-1", ("CVE-2031-2",), ("*", "<2,>=1"))]})
    known.write(facts, tmp_path / "known.yml")
    assert known.read(tmp_path / "known.yml") == facts


def test_committed_facts_are_as_they_are_written(tmp_path):
    """So that `make advisories` changes lines only where facts have changed."""
    known.write(known.read(), tmp_path / "known.yml")
    assert (tmp_path / "known.yml").read_text() == known.FILE.read_text()
