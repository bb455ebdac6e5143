"""Bundles in a bucket: what is uploaded, which one is current, and the way back."""

import base64
import hashlib
import io
import json
import tarfile

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import ArtifactError
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import Manifest
from ansible_collections.elk.deploy.plugins.modules import bundle
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

PREFIX = "bundles/staging/"


class Bucket:
    """One that is there and configured, in memory."""

    name = "artifacts"

    def __init__(self):
        self.objects = {}
        self.written = []

    def exists(self):
        return True

    def changes(self, _environment_class):
        return {}

    def read(self, key):
        return self.objects.get(key)

    def version(self, key, sha256):
        if key not in self.objects:
            return None
        if base64.b64encode(hashlib.sha256(self.objects[key]).digest()).decode() != sha256:
            raise ArtifactError(f"{key} is another one")
        return "1"

    def put(self, key, content):
        self.replace(key, content)

    def replace(self, key, content):
        self.written.append(key.removeprefix(PREFIX))
        self.objects[key] = content


@pytest.fixture
def bucket(monkeypatch):
    found = Bucket()
    monkeypatch.setattr(bundle, "ArtifactBucket", lambda *_: found)
    monkeypatch.setattr(bundle.AwsModule, "client", lambda *_, **__: Sts())
    return found


class Sts:
    def get_caller_identity(self):
        return {"Account": "111111111111"}


def write_key(path):
    key = ec.generate_private_key(ec.SECP256R1())
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.fixture
def keys(tmp_path):
    return {"signing_key": str(tmp_path / "key.pem"), "public_key": write_key(tmp_path / "key.pem")}


@pytest.fixture
def keep(run_module, bucket, keys, tmp_path):
    """keep(files) -> the module's result for a bundle of these files, as {name: text}."""

    def run(files=None, check=False, commit="c" * 40, version="9.5.2", **options):
        made = {}
        if files is not None:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz") as tar:
                for name, text in files.items():
                    entry = tarfile.TarInfo(name)
                    entry.size = len(text)
                    tar.addfile(entry, io.BytesIO(text.encode()))
            # A file of gzip has a time in it.
            content = packed.getvalue()[:4] + b"\0\0\0\0" + packed.getvalue()[8:]
            sha256 = hashlib.sha256(content).hexdigest()
            (tmp_path / "archive").write_bytes(content)
            manifest = Manifest("staging", sha256, len(content), "0.1.0", commit, "ab" * 32, {"brokers": version})
            made = {"src": str(tmp_path / "archive"), "manifest": manifest.text}
        given = {"environment": "staging", "bucket": "artifacts", "environment_class": "staging", **keys, **made}
        bucket.written.clear()
        return run_module(bundle, check, region="eu-west-1", **(given | options))

    return run


def test_a_bundle_is_uploaded_once(keep, bucket):
    first = keep({"a": "1"})
    assert bucket.written == [f"{first['bundle']}.tar.gz", f"{first['bundle']}.json", "current.json"]
    assert first["url"] == f"s3://artifacts/{PREFIX}{first['bundle']}.json"
    assert bucket.objects[f"{PREFIX}current.json"] == bucket.objects[f"{PREFIX}{first['bundle']}.json"]

    # Signatures differ each time, and a commit that changes no file of the bundle is none to deploy.
    again = keep({"a": "1"}, commit="d" * 40)

    assert (again["changed"], bucket.written) == (False, [])
    assert "is there already; it is the current one" in again["msg"]


def test_check_mode_says_so_and_writes_nothing(keep, bucket):
    result = keep({"a": "1"}, check=True)

    assert result["changed"]
    assert (bucket.written, bucket.objects) == ([], {})
    assert "would be uploaded; it would become the current one" in result["msg"]


def test_the_current_one_stays_where_that_is_asked_for(keep, bucket):
    first, second = keep({"a": "1"}), keep({"a": "2"}, current=False)

    assert bucket.written == [f"{second['bundle']}.tar.gz", f"{second['bundle']}.json"]
    assert second["before"] == first["bundle"]
    assert f"the current one is still {first['bundle']}" in second["msg"]
    # Now it is asked for, and nothing else is left to do.
    assert keep({"a": "2"})["changes"] == ["current.json"]


def test_it_says_what_changed_since_the_current_one(keep):
    keep({"same": "1", "other": "1", "gone": "1"})

    result = keep({"same": "1", "other": "2", "new": "1"}, version="9.5.3")

    assert result["differences"] == ["Logstash of brokers 9.5.2 -> 9.5.3", "- gone", "+ new", "~ other"]


def test_an_earlier_bundle_becomes_current_again_without_a_signing_key(keep, bucket):
    first = keep({"a": "1"})
    keep({"a": "2"})

    assert keep(check=True, bundle=first["bundle"], signing_key="")["changed"]
    back = keep(bundle=first["bundle"], signing_key="")

    assert bucket.written == ["current.json"]
    assert json.loads(json.loads(bucket.objects[f"{PREFIX}current.json"])["manifest"])["sha256"] == first["bundle"]
    assert back["differences"] == ["~ a"]
    assert not keep(bundle=first["bundle"])["changed"]


@pytest.mark.parametrize("name", ["", "0" * 64, "../x"])
def test_a_bundle_that_was_never_uploaded_does_not_become_current(keep, bucket, name):
    keep({"a": "1"})

    result = keep(bundle=name or "x")

    assert (result["failed"], result["codes"], bucket.written) == (True, ["bundle_missing"], [])


def test_an_archive_that_was_exchanged_does_not_become_current(keep, bucket):
    first = keep({"a": "1"})
    keep({"a": "2"})
    bucket.objects[f"{PREFIX}{first['bundle']}.tar.gz"] = b"other"

    back, again = keep(bundle=first["bundle"]), keep({"a": "1"})

    assert (back["failed"], back["codes"]) == (True, ["bundle_missing"])
    assert hashlib.sha256(b"other").hexdigest() in back["msg"]
    assert (again["failed"], again["codes"]) == (True, ["artifact_refused"])


def test_a_manifest_of_another_key_does_not_become_current(keep, bucket, tmp_path):
    first = keep({"a": "1"})
    other = {"signing_key": str(tmp_path / "other.pem"), "public_key": write_key(tmp_path / "other.pem")}

    result = keep(bundle=first["bundle"], **other)

    assert (result["failed"], result["codes"]) == (True, ["bundle_signature_invalid"])
    # With the new key the same bundle is signed again, and what the old one signed is replaced.
    assert keep({"a": "1"}, **other)["changes"] == [f"{first['bundle']}.json", "current.json"]


def test_a_manifest_of_another_environment_or_name_is_refused(keep, bucket):
    first, second = keep({"a": "1"}), keep({"a": "2"})
    bucket.objects[f"{PREFIX}{first['bundle']}.json"] = bucket.objects[f"{PREFIX}{second['bundle']}.json"]

    assert keep(bundle=first["bundle"])["codes"] == ["bundle_invalid"]


def test_a_key_that_images_do_not_have_is_refused_before_anything_is_uploaded(keep, bucket, tmp_path):
    result = keep({"a": "1"}, public_key=write_key(tmp_path / "other.pem"))

    assert (result["failed"], result["codes"], bucket.written) == (True, ["bundle_key_invalid"], [])
    # It shows what to set.
    assert "-----BEGIN PUBLIC KEY-----" in result["msg"]


def test_without_a_signing_key_it_says_what_to_do(keep, bucket):
    result = keep({"a": "1"}, signing_key="")

    assert (result["failed"], result["codes"], bucket.written) == (True, ["bundle_key_invalid"], [])
    assert "docs/bake.md" in result["msg"]
