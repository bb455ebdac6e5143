"""The artifact bucket and what is in it, against recorded answers of S3, for the states that the emulator lacks."""

import base64
import hashlib
import io
import json
import stat

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import RetryingBotoClientWrapper
from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import CLASS_TAG
from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request, allows
from ansible_collections.elk.deploy.plugins.modules import artifact_bucket, artifact_object
from botocore.response import StreamingBody
from botocore.stub import Stubber

OWN, STRANGER, BUCKET, KEY = "111111111111", "222222222222", "artifacts", "packages/x.zip"
CONTENT = b"PK package"
SALT = "0123456789abcdef" * 4
NOTHING_PUBLIC = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def sha256(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


class Aws:
    """Stubs of the services, and what they were asked."""

    def __init__(self, patch):
        self.asked, self.clients, self.stubs = [], {}, {}
        for service in ("s3", "sts"):
            client = boto3.client(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
            self.clients[service], self.stubs[service] = client, Stubber(client)
            self.stubs[service].activate()
        self.clients["s3"].meta.events.register("before-parameter-build.s3", self._note)
        patch.setattr(AnsibleAWSModule, "client", self.client)

    def client(self, service, retry_decorator=None, **_):
        client = self.clients[service]
        return RetryingBotoClientWrapper(client, retry_decorator) if retry_decorator else client

    def _note(self, params, model, **_):
        self.asked.append((model.name, dict(params)))

    def answers(self, operation, service="s3", **answer):
        self.stubs[service].add_response(operation, answer)

    def refuses(self, operation, code, status=400, service="s3"):
        self.stubs[service].add_client_error(operation, code, "", status)

    def caller(self):
        self.answers("get_caller_identity", "sts", Account=OWN, Arn=f"arn:aws:iam::{OWN}:root")

    def done(self, operation):
        """The options that S3 was called with."""
        return [params for name, params in self.asked if name == operation]

    def asked_all(self):
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def aws(monkeypatch):
    aws = Aws(monkeypatch)
    yield aws
    # Whatever was asked: S3 refuses it where the bucket is another account's.
    for name, params in aws.asked:
        assert params.get("ExpectedBucketOwner") == OWN or name == "CreateBucket", name


@pytest.fixture
def bring(run_module, tmp_path):
    def run(check=False, **options):
        given = {
            "name": BUCKET,
            "environment_class": "production",
            "salt_key": "salt",
            "salt_path": str(tmp_path / "salt"),
        }
        return run_module(artifact_bucket, check, region="eu-west-1", **given | options)

    return run


@pytest.fixture
def keep(run_module, tmp_path):
    def run(check=False, **options):
        (tmp_path / "package.zip").write_bytes(CONTENT)
        given = {"bucket": BUCKET, "account": OWN, "key": KEY, "src": str(tmp_path / "package.zip")}
        return run_module(artifact_object, check, region="eu-west-1", **given | options)

    return run


def wanted_policy(account=OWN):
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    everything["Resource"] = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    other = {
        "StringNotEquals": {"aws:PrincipalAccount": account},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    return [
        {"Sid": "EncryptedTransportOnly", **everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "OwnAccountOnly", **everything, "Condition": other},
    ]


def looked_at(aws, tags=None, policy=None, bare=False):
    """A bucket of this account, as it is looked at; ``bare`` is one that somebody made in a hurry."""
    aws.caller()
    aws.answers("head_bucket")
    if tags is None:
        aws.refuses("get_bucket_tagging", "NoSuchTagSet", 404)
    else:
        aws.answers("get_bucket_tagging", TagSet=[{"Key": key, "Value": value} for key, value in tags.items()])
    if bare:
        aws.answers("get_bucket_versioning")
        aws.refuses("get_public_access_block", "NoSuchPublicAccessBlockConfiguration", 404)
        aws.refuses("get_bucket_ownership_controls", "OwnershipControlsNotFoundError", 404)
        aws.refuses("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError", 404)
    else:
        aws.answers("get_bucket_versioning", Status="Enabled")
        aws.answers("get_public_access_block", PublicAccessBlockConfiguration=NOTHING_PUBLIC)
        controls = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        aws.answers("get_bucket_ownership_controls", OwnershipControls=controls)
        rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        aws.answers("get_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": rules})
    if policy is None:
        aws.refuses("get_bucket_policy", "NoSuchBucketPolicy", 404)
    else:
        aws.answers("get_bucket_policy", Policy=json.dumps(policy))


def salted(aws, content=None):
    content = SALT.encode() if content is None else content
    aws.answers("get_object", Body=StreamingBody(io.BytesIO(content), len(content)))


def mended(aws):
    for operation in (
        "put_bucket_tagging",
        "put_bucket_versioning",
        "put_public_access_block",
        "put_bucket_ownership_controls",
        "put_bucket_encryption",
        "put_bucket_policy",
    ):
        aws.answers(operation)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("403", f"bucket artifacts is not account {OWN}'s, or may not be looked at"),
        ("301", "bucket artifacts is in another region than eu-west-1"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_bucket_of_another_account_or_region_is_not_touched(aws, bring, code, words, check):
    aws.caller()
    aws.refuses("head_bucket", code, int(code))
    result = bring(check)
    assert result["failed"]
    assert words in result["msg"]
    assert [name for name, _ in aws.asked] == ["HeadBucket"]


def test_a_bucket_that_another_account_makes_meanwhile_is_not_used(aws, bring):
    aws.caller()
    aws.refuses("head_bucket", "404", 404)
    aws.refuses("create_bucket", "BucketAlreadyExists", 409)
    assert "bucket artifacts is another account's. Choose another name" in bring()["msg"]


def test_a_bucket_that_somebody_made_is_brought_to_the_wanted_state(aws, bring, tmp_path):
    statement = {"Sid": "Mine", "Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "s3:*", "Resource": "*"}
    looked_at(aws, tags={"Team": "platform"}, policy={"Version": "2012-10-17", "Statement": statement}, bare=True)
    mended(aws)
    aws.refuses("get_object", "NoSuchKey", 404)
    aws.answers("put_object")
    result = bring()
    assert not result["failed"], result
    aws.asked_all()
    (tags,), (policy,) = aws.done("PutBucketTagging"), aws.done("PutBucketPolicy")
    assert tags["Tagging"]["TagSet"] == [
        {"Key": "Team", "Value": "platform"},
        {"Key": CLASS_TAG, "Value": "production"},
    ]
    written = json.loads(policy["Policy"])
    assert written["Statement"] == [*wanted_policy(), statement]
    for account, secure, may in ((STRANGER, "true", False), (STRANGER, "false", False)):
        context = {"aws:SecureTransport": secure, "aws:PrincipalAccount": account}
        assert allows(written, Request(("AWS", account), "s3:PutObject", f"arn:aws:s3:::{BUCKET}/x", context)) == may
    assert aws.done("PutBucketVersioning")[0]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert aws.done("PutPublicAccessBlock")[0]["PublicAccessBlockConfiguration"] == NOTHING_PUBLIC
    (salt,) = aws.done("PutObject")
    assert salt["IfNoneMatch"] == "*"
    assert (tmp_path / "salt").read_bytes() == salt["Body"].getvalue()
    assert stat.S_IMODE((tmp_path / "salt").stat().st_mode) == 0o600
    assert salt["Body"].getvalue().decode() not in json.dumps(result)


def test_check_mode_says_what_would_change_and_changes_nothing(aws, bring):
    looked_at(aws, bare=True)
    aws.refuses("get_object", "NoSuchKey", 404)
    result = bring(check=True)
    assert result["changes"] == [
        "tag of the environment class",
        "versions",
        "block of public access",
        "owner of objects",
        "encryption",
        "policy",
        "salt",
    ]
    assert not [name for name, _ in aws.asked if name.startswith(("Put", "Create"))]


def test_a_bucket_as_it_has_to_be_is_left_alone(aws, bring, tmp_path):
    policy = {"Version": "2012-10-17", "Statement": wanted_policy()}
    looked_at(aws, tags={CLASS_TAG: "production"}, policy=policy)
    salted(aws)
    result = bring()
    assert (result["changed"], result["account"], result["exists"]) == (False, OWN, True)
    assert (tmp_path / "salt").read_text() == SALT


def test_a_statement_that_was_weakened_is_put_back(aws, bring):
    weak = wanted_policy(account=STRANGER)
    looked_at(aws, tags={CLASS_TAG: "production"}, policy={"Version": "2012-10-17", "Statement": weak})
    aws.answers("put_bucket_policy")
    salted(aws)
    assert bring()["changes"] == ["policy"]
    assert json.loads(aws.done("PutBucketPolicy")[0]["Policy"])["Statement"] == wanted_policy()


def test_a_bucket_of_other_environments_is_refused(aws, bring):
    aws.caller()
    aws.answers("head_bucket")
    aws.answers("get_bucket_tagging", TagSet=[{"Key": CLASS_TAG, "Value": "non-production"}])
    assert "bucket artifacts belongs to environments of class 'non-production'" in bring()["msg"]
    assert not [name for name, _ in aws.asked if name.startswith("Put")]


@pytest.mark.parametrize("content", [b"", b"../../x", b"0" * 65, SALT.upper().encode()])
def test_a_salt_that_is_none_is_refused(aws, bring, content):
    looked_at(aws, tags={CLASS_TAG: "production"}, policy={"Version": "2012-10-17", "Statement": wanted_policy()})
    salted(aws, content)
    assert "s3://artifacts/salt is not a salt" in bring()["msg"]


def test_two_first_runs_at_once_have_one_salt(aws, bring, tmp_path):
    looked_at(aws, tags={CLASS_TAG: "production"}, policy={"Version": "2012-10-17", "Statement": wanted_policy()})
    aws.refuses("get_object", "NoSuchKey", 404)
    aws.refuses("put_object", "PreconditionFailed", 412)
    salted(aws)
    assert not bring()["failed"]
    assert (tmp_path / "salt").read_text() == SALT


def test_the_salt_is_written_through_no_link(aws, bring, tmp_path):
    (tmp_path / "target").write_text("before")
    (tmp_path / "salt").symlink_to("target")
    looked_at(aws, tags={CLASS_TAG: "production"}, policy={"Version": "2012-10-17", "Statement": wanted_policy()})
    salted(aws)
    with pytest.raises(OSError, match="symbolic links"):
        bring()
    assert (tmp_path / "target").read_text() == "before"


# -- the package


def test_an_object_with_the_packages_hash_is_used_by_its_version(aws, keep):
    aws.answers("head_object", VersionId="v1", ChecksumSHA256=sha256(CONTENT), ChecksumType="FULL_OBJECT")
    result = keep()
    assert (result["changed"], result["version"], result["sha256"]) == (False, "v1", sha256(CONTENT))


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    "told",
    [
        {"ChecksumSHA256": sha256(b"PK evil"), "ChecksumType": "FULL_OBJECT"},
        {"ChecksumSHA256": sha256(CONTENT), "ChecksumType": "COMPOSITE"},  # of the parts' checksums
        {},
    ],
)
def test_an_object_with_other_content_is_neither_used_nor_replaced(aws, keep, told, check):
    aws.answers("head_object", VersionId="v2", **told)
    if told.get("ChecksumType") != "FULL_OBJECT":
        aws.answers("get_object", Body=StreamingBody(io.BytesIO(b"PK evil"), 7))
    result = keep(check)
    assert result["failed"]
    assert "s3://artifacts/packages/x.zip (version v2) is not the package that was built" in result["msg"]
    assert aws.done("PutObject") == []
    assert all(one["VersionId"] == "v2" for one in aws.done("GetObject")), "what was read is what is meant"


def test_an_object_without_a_checksum_is_read(aws, keep):
    aws.answers("head_object", VersionId="v1")
    aws.answers("get_object", Body=StreamingBody(io.BytesIO(CONTENT), len(CONTENT)))
    result = keep()
    assert (result["changed"], result["version"]) == (False, "v1")


@pytest.mark.parametrize("version", [{}, {"VersionId": "null"}])
def test_an_object_from_before_the_bucket_had_versions_gets_one(aws, keep, version):
    """Its content could be exchanged under the same version."""
    for _ in range(2):
        aws.answers("head_object", ChecksumSHA256=sha256(CONTENT), **version)
    aws.answers("put_object", VersionId="v1")
    result = keep()
    assert (result["changed"], result["version"]) == (True, "v1")
    assert aws.done("PutObject")[0]["ChecksumSHA256"] == sha256(CONTENT)


@pytest.mark.parametrize("version", [{}, {"VersionId": "null"}])
def test_a_bucket_that_keeps_no_versions_is_refused(aws, keep, version):
    for _ in range(2):
        aws.refuses("head_object", "404", 404)
    aws.answers("put_object", **version)
    assert "bucket artifacts keeps no versions" in keep()["msg"]


def test_check_mode_uploads_nothing(aws, keep):
    aws.refuses("head_object", "404", 404)
    result = keep(check=True)
    assert (result["changed"], result["version"]) == (True, "unknown")
    assert keep(check=True, exists=False)["version"] == "unknown"
    assert [name for name, _ in aws.asked] == ["HeadObject"]


def test_a_bucket_that_became_another_accounts_is_told(aws, keep):
    aws.refuses("head_object", "403", 403)
    result = keep()
    assert result["failed"]
    assert f"Keeping s3://{BUCKET}/{KEY} of account {OWN} failed" in result["msg"]


# -- the function
