"""The bucket that keeps the function's packages, and the objects in it: neither is trusted because of its name.

Every call names the account that has to own the bucket; S3 refuses it elsewhere. What lies under a package's key is
compared with what was built, and goes by its version from then on.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

CLASS_TAG = "elk-deploy:environment-class"
"""Its value is the environments that a bucket belongs to."""

SALT_LENGTH = 64
"""Hex digits."""

_SALT = re.compile(rb"[0-9a-f]{64}")
_REFUSED = ("403", "AccessDenied")
_MEGABYTE = 1 << 20
_NO_VERSION = (None, "", "null")  # "null" is of an object from before the bucket had versions, and can be overwritten


class ArtifactError(Exception):
    """The bucket or what is in it cannot be used; the message says why, and a hint."""


def checksum(content: bytes) -> str:
    """SHA-256 in Base64, as S3 and Lambda give it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def code_of(error: Exception) -> str:
    """The code in an answer of AWS, such as ``NoSuchBucketPolicy``; the status where there was no body."""
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))


class ArtifactBucket:
    """A bucket of this account.

    :param s3: boto3's client.
    :param account: the number of the account that has to own it.
    """

    def __init__(self, s3: Any, name: str, account: str) -> None:
        self.name = name
        self._s3 = s3
        self._account = account
        self._partition = s3.meta.partition
        self._here = {"Bucket": name, "ExpectedBucketOwner": account}

    # -- the bucket

    def exists(self) -> bool:
        """Whether it is there.

        :raises ArtifactError: there is one of that name that is not this account's, or may not be looked at.
        """
        try:
            self._s3.head_bucket(**self._here)
        except self._s3.exceptions.ClientError as error:
            code = code_of(error)
            if code in ("404", "NoSuchBucket"):
                return False
            if code in _REFUSED:
                raise self._foreign("s3:ListBucket") from None
            if code in ("301", "PermanentRedirect"):
                raise ArtifactError(
                    f"bucket {self.name} is in another region than {self._s3.meta.region_name}; a function takes its "
                    "package from its own. Choose another name"
                ) from None
            raise
        return True

    def create(self) -> None:
        """Makes it, with ACLs turned off."""
        region = self._s3.meta.region_name
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self._s3.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **where)
        except self._s3.exceptions.ClientError as error:
            if code_of(error) != "BucketAlreadyExists":
                raise
            raise ArtifactError(f"bucket {self.name} is another account's. Choose another name") from None

    def changes(self, environment_class: str) -> dict[str, Callable[[], Any]]:
        """What is not as it has to be: in words, and what mends it. Reads only.

        :raises ArtifactError: it belongs to environments of another class.
        """
        tags = {one["Key"]: one["Value"] for one in self._get("get_bucket_tagging", "TagSet", "NoSuchTagSet") or []}
        owner = tags.get(CLASS_TAG, environment_class)
        if owner != environment_class:
            raise ArtifactError(
                f"bucket {self.name} belongs to environments of class {owner!r} (its tag {CLASS_TAG}), and this one is "
                f"of class {environment_class!r}: who may write for the one could change what the other runs. Choose "
                "another bucket, or give both environments the same class if they trust each other"
            )
        found: dict[str, Callable[[], Any]] = {}
        if CLASS_TAG not in tags:
            wanted = [{"Key": key, "Value": value} for key, value in (tags | {CLASS_TAG: environment_class}).items()]
            found["tag of the environment class"] = lambda: self._s3.put_bucket_tagging(
                **self._here, Tagging={"TagSet": wanted}
            )
        if self._get("get_bucket_versioning", "Status") != "Enabled":
            found["versions"] = lambda: self._s3.put_bucket_versioning(
                **self._here, VersioningConfiguration={"Status": "Enabled"}
            )
        blocked = self._get(
            "get_public_access_block", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"
        )
        nothing_public = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        if blocked != nothing_public:
            found["block of public access"] = lambda: self._s3.put_public_access_block(
                **self._here, PublicAccessBlockConfiguration=nothing_public
            )
        rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        controls = self._get("get_bucket_ownership_controls", "OwnershipControls", "OwnershipControlsNotFoundError")
        if controls != rules:
            found["owner of objects"] = lambda: self._s3.put_bucket_ownership_controls(
                **self._here, OwnershipControls=rules
            )
        missing = "ServerSideEncryptionConfigurationNotFoundError"
        if not self._get("get_bucket_encryption", "ServerSideEncryptionConfiguration", missing):
            aes = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
            found["encryption"] = lambda: self._s3.put_bucket_encryption(
                **self._here, ServerSideEncryptionConfiguration=aes
            )
        policy = json.loads(self._get("get_bucket_policy", "Policy", "NoSuchBucketPolicy") or "{}")
        wanted_policy = self._policy(policy)
        if policy != wanted_policy:
            found["policy"] = lambda: self._s3.put_bucket_policy(**self._here, Policy=json.dumps(wanted_policy))
        return found

    def _policy(self, before: dict[str, Any]) -> dict[str, Any]:
        """A policy with what keeps others out. Statements of other names stay; what they allow, these deny."""
        arn = f"arn:{self._partition}:s3:::{self.name}"
        everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
        own = [
            {"Sid": "EncryptedTransportOnly", **everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {
                "Sid": "OwnAccountOnly",
                **everything,
                "Condition": {
                    "StringNotEquals": {"aws:PrincipalAccount": self._account},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                },
            },
        ]
        given = before.get("Statement") or []
        listed = given if isinstance(given, list) else [given]
        if all(one in listed for one in own):
            return before
        names = {one["Sid"] for one in own}
        kept = [one for one in listed if one.get("Sid") not in names]
        return {**before, "Version": before.get("Version", "2012-10-17"), "Statement": [*own, *kept]}

    def _get(self, operation: str, key: str, code_of_none: str = "") -> Any:
        try:
            return getattr(self._s3, operation)(**self._here).get(key)
        except self._s3.exceptions.ClientError as error:
            if code_of_none and code_of(error) == code_of_none:
                return None
            if code_of(error) in _REFUSED:
                raise self._foreign(operation) from None
            raise

    def _foreign(self, refused: str) -> ArtifactError:
        return ArtifactError(
            f"bucket {self.name} is not account {self._account}'s, or may not be looked at ({refused} was refused). "
            "Nothing was put into it or taken out of it. Names are unique in all of S3: choose another one; if the "
            "bucket is yours, allow this"
        )

    # -- the objects

    def salt(self, key: str) -> str | None:
        """The secret that goes into each package, so that nobody can try guesses at its content against its hash.

        :raises ArtifactError: what lies there is none.
        """
        try:
            content = self._s3.get_object(**self._here, Key=key)["Body"].read(SALT_LENGTH + 1)
        except self._s3.exceptions.ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise
        if not _SALT.fullmatch(content):
            raise ArtifactError(
                f"s3://{self.name}/{key} is not a salt; expected {SALT_LENGTH} hex digits. Delete it, and the next run "
                "makes a new one"
            )
        salt: str = content.decode()
        return salt

    def make_salt(self, key: str) -> str:
        """The salt, a new one where there is none yet."""
        salt = new_salt()
        try:
            self._s3.put_object(
                **self._here, Key=key, Body=salt.encode(), ChecksumSHA256=checksum(salt.encode()), IfNoneMatch="*"
            )
        except self._s3.exceptions.ClientError as error:
            if code_of(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise
            return self.salt(key) or salt  # another run was faster
        return salt

    def version(self, key: str, sha256: str) -> str | None:
        """The version of an object that has this checksum. None: there is none, or one without a version.

        :raises ArtifactError: the object has other content.
        """
        try:
            head = self._s3.head_object(**self._here, Key=key, ChecksumMode="ENABLED")
        except self._s3.exceptions.ClientError as error:
            if code_of(error) in ("404", "NoSuchKey"):
                return None
            raise
        version = head.get("VersionId")
        pinned = {} if version in _NO_VERSION else {"VersionId": version}
        found = head.get("ChecksumSHA256") if head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" else None
        if found is None:
            # Uploaded without one, or in parts, whose checksum is not the content's.
            total = hashlib.sha256()
            body = self._s3.get_object(**self._here, Key=key, **pinned)["Body"]
            for block in iter(lambda: body.read(_MEGABYTE), b""):
                total.update(block)
            found = base64.b64encode(total.digest()).decode()
        if found != sha256:
            raise ArtifactError(
                f"s3://{self.name}/{key} (version {version or 'none'}) is not the package that was built: its SHA-256 "
                f"is {found}, expected {sha256}. Somebody has put something else there, and it was not deployed. Find "
                "out who may write to the bucket, delete the object, and run again"
            )
        return version if pinned else None

    def put(self, key: str, content: bytes) -> str:
        """Puts an object there, unless the same one is there with a version. Returns its version.

        :raises ArtifactError: the object has other content.
        """
        sha256 = checksum(content)
        found = self.version(key, sha256)
        if found:
            return found
        answer = self._s3.put_object(**self._here, Key=key, Body=content, ChecksumSHA256=sha256)
        if answer.get("VersionId") in _NO_VERSION:
            raise ArtifactError(f"bucket {self.name} keeps no versions. Configure the bucket first")
        version: str = answer["VersionId"]
        return version

    def read(self, key: str) -> bytes | None:
        """The content of an object; None where there is none. What is to be trusted about it, the caller verifies."""
        try:
            content: bytes = self._s3.get_object(**self._here, Key=key)["Body"].read()
        except self._s3.exceptions.ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise
        return content

    def replace(self, key: str, content: bytes) -> None:
        """Puts an object there, whatever was there before."""
        self._s3.put_object(**self._here, Key=key, Body=content, ChecksumSHA256=checksum(content))


def configure(bucket: ArtifactBucket, environment_class: str, *, check_mode: bool) -> tuple[bool, list[str]]:
    """Makes the bucket and its configuration what they have to be, or says what that would take.

    :returns: whether there is a bucket now, and what was changed, in words.
    :raises ArtifactError: it is another account's, or of another class of environments.
    """
    exists, made = bucket.exists(), []
    if not exists:
        made.append("bucket")
        if check_mode:
            return False, made
        bucket.create()
    for words, mend in bucket.changes(environment_class).items():
        made.append(words)
        if not check_mode:
            mend()
    return True, made


def new_salt() -> str:
    return secrets.token_hex(SALT_LENGTH // 2)
