"""SECURITY.md names where each statement is enforced: what it names is there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "SECURITY.md").read_text()
LINKS = sorted(set(re.findall(r"\]\(([^)#\s]+)\)", TEXT)))


@pytest.mark.parametrize("path", LINKS)
def test_what_it_links_to_is_there(path):
    assert (ROOT / path).is_file()


def test_headings_that_it_links_to_are_there():
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) - headings == set()


def test_every_statement_names_where_it_is_enforced_and_what_attacks_it():
    rows = re.findall(r"^\| (?!they can't|---)(.*) \|$", TEXT, re.MULTILINE)
    assert len(rows) > 20
    bare = []
    for row in rows:
        statement, mechanism, test = row.split(" | ")
        if not re.search(r"\]\((?:tests|molecule)/", test):
            bare.append(statement)
        # A mechanism of the row above needs no second link.
        if "](" not in mechanism and not mechanism.startswith("the same "):
            bare.append(statement)
    assert bare == []


def test_variables_that_it_names_exist():
    names = set(re.findall(r"`((?:logstash|elb_log_shipper)_[a-z_]+)", TEXT))
    known = {
        name
        for role in ("logstash", "elb_log_shipper")
        for name in yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"][
            "main"
        ]["options"]
    }
    assert names
    assert names - known == set()


def test_readme_leads_to_it():
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text()
