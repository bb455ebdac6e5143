"""A bundle in the emulator's S3, signed with a key of its KMS. The tests build on one another, in this order."""

import base64
import hashlib
import json
import os
import re
import sys

import ansible_process
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BUCKET = "test-bundles-artifacts"
FOLDER = "bundles/staging"


class Bundles:
    """Runs `make bundle` for staging, with a bucket of its own."""

    def __init__(self, emulator, folder):
        kms = emulator.client("kms")
        arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        self.public_key = serialization.load_der_public_key(kms.get_public_key(KeyId=arn)["PublicKey"])
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.s3 = emulator.client("s3")
        self.variables = {
            "aws_endpoint_url": emulator.endpoint,
            "aws_access_key": "emulator",
            "aws_secret_key": "emulator",
            "bundle_bucket": BUCKET,
            "bundle_signing_key": arn,
            "bundle_public_key": self.public_key.public_bytes(serialization.Encoding.PEM, form).decode(),
            "bundle_architectures": [os.uname().machine],
            "bundle_python_versions": [f"{sys.version_info.major}.{sys.version_info.minor}"],
            "bundle_dest": str(folder),
        }

    def make(self, *words, **variables):
        given = json.dumps(self.variables | variables)
        command = ("ansible-playbook", "-i", "inventories/staging", "playbooks/bundle.yml", "-e", given, *words)
        ended = ansible_process.run(*command)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def read(self, name):
        return self.s3.get_object(Bucket=BUCKET, Key=f"{FOLDER}/{name}")["Body"].read()

    def manifest(self, name="current.json"):
        """What an instance does: verifies the signature, then reads."""
        document = json.loads(self.read(name))
        text = document["manifest"].encode()
        self.public_key.verify(base64.b64decode(document["signature"]), text, ec.ECDSA(hashes.SHA256()))
        return json.loads(text)


@pytest.fixture(scope="module")
def bundles(emulator, tmp_path_factory):
    return Bundles(emulator, tmp_path_factory.mktemp("bundles"))


def test_check_mode_makes_no_bucket(bundles):
    assert "would be uploaded; it would become the current one" in bundles.make("--check")
    assert BUCKET not in [one["Name"] for one in bundles.s3.list_buckets()["Buckets"]]


def test_a_bundle_is_uploaded_and_can_be_verified(bundles):
    output = bundles.make()

    manifest = bundles.manifest()
    archive = bundles.read(manifest["key"])
    assert hashlib.sha256(archive).hexdigest() == manifest["sha256"]
    assert len(archive) == manifest["size"] < 40_000_000
    assert manifest["environment"] == "staging"
    assert manifest["logstash_versions"].keys() == {"brokers", "indexers", "shippers"}
    assert bundles.read("current.json") == bundles.read(f"{manifest['sha256']}.json")
    assert f"s3://{BUCKET}/{FOLDER}/{manifest['sha256']}.json" in output
    assert "uploaded; it is the current one now" in output
    assert bundles.s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert all(bundles.s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())


def test_the_same_bundle_changes_nothing(bundles):
    before = bundles.s3.list_object_versions(Bucket=BUCKET)["Versions"]

    output = bundles.make()

    assert "is there already; it is the current one" in output
    assert re.search(r"localhost .* changed=0 .* failed=0", output)
    assert bundles.s3.list_object_versions(Bucket=BUCKET)["Versions"] == before


def test_another_one_can_be_uploaded_before_it_is_made_current_and_there_is_a_way_back(bundles):
    first = bundles.manifest()
    upgrade = {"bundle_extra_vars": {"logstash_version": "9.9.9"}}

    output = bundles.make(bundle_current=False, **upgrade)
    assert bundles.manifest() == first
    second = re.search(r"Bundle ([0-9a-f]{64}) of staging", output)[1]
    assert bundles.manifest(f"{second}.json")["logstash_versions"]["brokers"] == "9.9.9"
    assert "Logstash of brokers" in output
    assert "~ extra_vars.json" in output

    bundles.make(**upgrade)
    assert bundles.manifest()["sha256"] == second

    back = bundles.make(bundle=first["sha256"], bundle_signing_key="")
    assert bundles.manifest() == first
    assert f"it is the current one now, after {second}" in " ".join(back.split())
