"""Packages of versions other than the one that a scenario is about."""

import hashlib
import json

import pytest
from fake_logstash.build import BUILDERS
from playbook_run import ROOT

CHOICE = json.loads((ROOT / "build/packages/choice.json").read_text())


def package(version: str, kind: str = "deb") -> dict[str, str]:
    """The role's variables for a version. Skips the test where a real package of it is not at hand."""
    if kind == "deb" and (version == CHOICE["logstash_version"] or not CHOICE["logstash_package_url"]):
        return {**{name: CHOICE[name] for name in CHOICE if name != "kind"}, "logstash_version": version}
    if CHOICE["kind"] == "real":
        pytest.skip(f"LOGSTASH_PACKAGE_URL names no package of {version}")
    file = BUILDERS[kind](version, ROOT / "build/packages")
    return {
        "logstash_version": version,
        "logstash_package_url": str(file),
        "logstash_package_checksum": f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}",
    }
