"""A manifest is what was signed with the key, to the byte; and a key is what it has to be."""

import base64
import dataclasses
import json
import subprocess

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.bundle import manifest as documents
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import BundleError, Manifest
from ansible_collections.elk.deploy.plugins.module_utils.bundle.signing import KmsSigner, PemSigner, PublicKey, is_arn
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from hypothesis import given
from hypothesis import strategies as st

MANIFEST = Manifest("staging", "ab" * 32, 5, "0.1.0", "c" * 40, "cd" * 32, {"brokers": "9.5.2"})
KEY = ec.generate_private_key(ec.SECP256R1())
ARN = "arn:aws:kms:eu-west-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def pem(key=KEY, **options):
    form = {"encryption_algorithm": serialization.NoEncryption(), **options}
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, **form)


def public(key=KEY):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def signer(tmp_path):
    path = tmp_path / "key.pem"
    path.touch(0o600)
    path.write_bytes(pem())
    return PemSigner(str(path))


def verified(document, key=KEY):
    return documents.verify(document, PublicKey.from_pem(public(key).decode()).verify, "s3://b/k")


def test_what_is_signed_is_what_is_read(signer):
    document = documents.sign(MANIFEST, signer.sign)

    assert verified(document) == MANIFEST
    assert json.loads(json.loads(document)["manifest"]) == {
        "format": 1,
        "environment": "staging",
        "sha256": "ab" * 32,
        "key": f"{'ab' * 32}.tar.gz",
        "size": 5,
        "toolkit_version": "0.1.0",
        "commit": "c" * 40,
        "requirements": "cd" * 32,
        "logstash_versions": {"brokers": "9.5.2"},
    }


def test_openssl_verifies_it_too(signer, tmp_path):
    """Another program, with the files as an instance has them."""
    given = json.loads(documents.sign(MANIFEST, signer.sign))
    (tmp_path / "text").write_text(given["manifest"])
    (tmp_path / "pub").write_bytes(public())
    (tmp_path / "signature").write_bytes(base64.b64decode(given["signature"]))
    command = ["openssl", "dgst", "-sha256", "-verify", "pub", "-signature", "signature", "text"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.stdout == "Verified OK\n"


@given(st.data())
def test_a_changed_byte_is_refused(data):
    document = documents.sign(MANIFEST, lambda content: KEY.sign(content, ec.ECDSA(hashes.SHA256())))
    text = json.loads(document)
    place = data.draw(st.integers(0, len(text["manifest"]) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda one: one != text["manifest"][place]))
    text["manifest"] = text["manifest"][:place] + other + text["manifest"][place + 1 :]

    with pytest.raises(BundleError) as error:
        verified(json.dumps(text).encode())

    assert error.value.code == "bundle_signature_invalid"


def test_another_key_is_refused(signer):
    with pytest.raises(BundleError, match="not by the key"):
        verified(documents.sign(MANIFEST, signer.sign), ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"manifest": "{}"}',
        b'{"manifest": "{}", "signature": "?"}',
        b'{"manifest": 1, "signature": ""}',
        b"\xff",
    ],
)
def test_what_is_no_signed_manifest_is_refused(document):
    with pytest.raises(BundleError, match="no signed manifest"):
        verified(document)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format 2; expected 1"),
        ({"sha256": "../x"}, "sha256"),
        ({"size": "5"}, "size"),
        ({"key": "other.tar.gz"}, "other.tar.gz"),
        ({"logstash_versions": None}, "logstash_versions"),
    ],
)
def test_a_manifest_of_another_form_is_refused(change, said):
    with pytest.raises(BundleError, match=said):
        documents.read(json.dumps(json.loads(MANIFEST.text) | change))


def test_another_commit_with_the_same_files_is_the_same_bundle():
    assert MANIFEST.is_same_bundle(dataclasses.replace(MANIFEST, commit="other"))
    assert not MANIFEST.is_same_bundle(dataclasses.replace(MANIFEST, size=6))


def test_it_says_what_changed():
    after = dataclasses.replace(
        MANIFEST, toolkit_version="0.2.0", logstash_versions={"brokers": "9.5.3", "indexers": "9.5.2"}
    )

    assert after.changes_from(MANIFEST) == [
        "toolkit version 0.1.0 -> 0.2.0",
        "Logstash of brokers 9.5.2 -> 9.5.3",
        "Logstash of indexers none -> 9.5.2",
    ]


@pytest.mark.parametrize("environment", ["", "a/b", "..", "a b"])
def test_an_environment_that_can_be_no_part_of_a_key_is_refused(environment):
    with pytest.raises(BundleError):
        documents.prefix_of(environment)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0o600, "cannot be read"),
        (pem(), 0o640, "mode 0640"),
        (b"no key", 0o600, "P-256"),
        (public(), 0o600, "P-256"),
        (pem(ec.generate_private_key(ec.SECP384R1())), 0o600, "P-256"),
        (pem(rsa.generate_private_key(65537, 2048)), 0o600, "P-256"),
        (pem(encryption_algorithm=serialization.BestAvailableEncryption(b"x")), 0o600, "encrypted"),
    ],
)
def test_a_signing_key_of_another_kind_is_refused(tmp_path, content, mode, said):
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)

    with pytest.raises(BundleError, match=said) as error:
        PemSigner(str(path))

    assert error.value.code == "bundle_key_invalid"
    assert content is None or content.decode().split("\n")[min(1, content.count(b"\n"))] not in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "no key", public(ec.generate_private_key(ec.SECP384R1())).decode(), pem().decode()]
)
def test_a_public_key_of_another_kind_is_refused(text):
    with pytest.raises(BundleError, match="bundle_public_key"):
        PublicKey.from_pem(text)


class Kms:
    """As much of KMS as there is to a key: it signs digests only."""

    def __init__(self, spec="ECC_NIST_P256", algorithms=("ECDSA_SHA_256",)):
        self._found = {"KeySpec": spec, "SigningAlgorithms": list(algorithms)}

    def get_public_key(self, KeyId):  # noqa: N803 - boto3's name
        der = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return {"KeyId": KeyId, "PublicKey": der, **self._found}

    def sign(self, KeyId, Message, MessageType, SigningAlgorithm):  # noqa: N803 - boto3's names
        assert (KeyId, MessageType, SigningAlgorithm) == (ARN, "DIGEST", "ECDSA_SHA_256")
        return {"Signature": KEY.sign(Message, ec.ECDSA(utils.Prehashed(hashes.SHA256())))}


def test_kms_signs_the_digest(signer):
    kms = KmsSigner(Kms(), ARN)

    assert kms.public_key.pem == signer.public_key.pem == public().decode()
    assert verified(documents.sign(MANIFEST, kms.sign)) == MANIFEST


@pytest.mark.parametrize("kms", [Kms("RSA_2048"), Kms(algorithms=())])
def test_a_key_of_kms_of_another_kind_is_refused(kms):
    with pytest.raises(BundleError, match="expected ECC_NIST_P256"):
        KmsSigner(kms, ARN)


def test_an_arn_is_told_from_a_path():
    assert is_arn(ARN)
    assert is_arn("arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/bundles")
    assert not is_arn("keys/arn:aws:kms.pem")
