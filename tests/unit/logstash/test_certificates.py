"""Certificates and keys that could not work are refused before a host gets them."""

import datetime
import subprocess

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.certificates import faults, kinds_of_keys, warnings
from certificates.authority import Authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority):
    """pair(name, option...) -> its {file name: content}."""

    def made(name, **options):
        return {path.name: path.read_bytes() for path in authority.issue(name, **options)}

    return made


def test_pair_and_its_authority_are_taken(pair, authority):
    files = {**pair("broker"), "ca.crt": authority.path.read_bytes(), "trust.jks": b"\xfe\xed"}
    assert faults(files, NOW) == []
    assert warnings(files, NOW) == []


def test_certificate_that_has_ended_is_refused(pair):
    (line,) = faults(pair("ended", begin=-9 * DAY, end=-DAY), NOW)
    assert "logstash_tls_files: ended.crt: the certificate of CN=ended ended on " in line
    assert "Put a new one in its place" in line


def test_certificate_that_has_not_begun_is_refused(pair):
    (line,) = faults(pair("early", begin=DAY), NOW)
    assert "early.crt: the certificate of CN=early begins on " in line


def test_certificate_that_ends_soon_is_warned_of(pair):
    files = pair("soon", end=9 * DAY)
    assert faults(files, NOW) == []
    (line,) = warnings(files, NOW)
    assert "soon.crt: the certificate of CN=soon ends on " in line


def test_key_of_another_certificate_is_refused(pair):
    files = {"broker.crt": pair("broker")["broker.crt"], "broker.key": pair("other")["other.key"]}
    (line,) = faults(files, NOW)
    assert "broker.key is not the key of broker.crt; expected the pair" in line
    files["else.key"] = files.pop("broker.key")
    (line,) = faults(files, NOW)
    assert "else.key is the key of no certificate there (broker.crt)" in line
    assert "PRIVATE" not in line


def test_swapped_pairs_are_refused(pair):
    a, b = pair("a"), pair("b")
    files = {"a.crt": a["a.crt"], "b.crt": b["b.crt"], "a.key": b["b.key"], "b.key": a["a.key"]}
    assert len(faults(files, NOW)) == 2


@pytest.mark.parametrize("name", ["cut.crt", "cut.key"])
def test_file_that_was_cut_off_is_refused(pair, name):
    files = pair("cut")
    lines = files[name].splitlines(keepends=True)
    files[name] = b"".join([*lines[:5], *lines[-1:]])
    (line,) = faults(files, NOW)
    assert f"{name} has a " in line
    assert "cannot be read" in line


def test_form_and_algorithm_of_keys_are_told(pair, tmp_path):
    pkcs8 = pair("kinds")["kinds.key"]
    (tmp_path / "in").write_bytes(pkcs8)
    pkcs1 = subprocess.run(
        ["openssl", "rsa", "-traditional", "-in", tmp_path / "in"], capture_output=True, check=True
    ).stdout
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    found = kinds_of_keys({"a.key": pkcs8, "b.key": pkcs1, "c.key": curve, "d.crt": b"x"})
    assert found == {"a.key": (True, "RSA"), "b.key": (False, "RSA"), "c.key": (True, "other")}
