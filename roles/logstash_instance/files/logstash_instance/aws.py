"""The calls of AWS that an instance makes, with the rights of its role. One line of a message is one failed call.

botocore reads credentials, AWS_ENDPOINT_URL and AWS_EC2_METADATA_SERVICE_ENDPOINT from the environment by itself, and
tries a failed request again a few times. What takes longer to pass is said by the error's ``retry_seconds``.
"""

import os
import re
from collections.abc import Callable
from typing import IO, Any, BinaryIO, NamedTuple, TypeVar

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError, ParamValidationError

from .errors import AS_LONG_AS_THERE_IS_TIME, AccessDeniedError, AwsError, ObjectMissingError

CONNECT_SECONDS = 5
READ_SECONDS = 20
TRIES = 5
# How long a new role, or a right that it has just been given, may take until all of AWS knows it.
RIGHTS_SECONDS = 60.0

# S3 takes 10 000 parts, so that an object may have 160 GiB. Four parts at a time are in memory.
_IN_PARTS = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=16 << 20, max_concurrency=4)

CONTINUE = "CONTINUE"
ABANDON = "ABANDON"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"

# Codes of errors that pass: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html, and those of
# credentials that a new instance does not have everywhere yet.
_PASSING = set(
    """
    Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException SlowDown
    RequestLimitExceeded TooManyRequestsException BandwidthLimitExceeded ProvisionedThroughputExceededException
    LimitExceededException PriorRequestNotComplete TransactionInProgressException
    RequestTimeout RequestTimeoutException RequestTimeTooSkewed InternalError InternalFailure ServiceUnavailable
    ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId UnrecognizedClientException
    """.split()  # noqa: SIM905 - as a list it takes 25 lines
)
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden", "AuthorizationError"}
_MISSING = {"NoSuchKey", "NoSuchBucket", "404", "NotFound"}


T = TypeVar("T")


class S3Address(NamedTuple):
    """``s3://bucket/key``"""

    bucket: str
    key: str

    @classmethod
    def of(cls, address: str) -> "S3Address":
        bucket, _, key = address.removeprefix("s3://").partition("/")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Aws:
    """The services in one region.

    :param region: empty for AWS_REGION.
    :param client: makes a client of boto3 for the name of a service; tests give their own.
    """

    def __init__(self, region: str, client: Callable[[str], Any] | None = None) -> None:
        self.region = region or os.environ.get("AWS_REGION", "")
        self._make = client or _clients(self.region)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    # -- S3

    def read(self, address: str, most: int = 1 << 20) -> bytes:
        """A small object as a whole.

        :raises AwsError: it cannot be had, or has more than ``most`` bytes.
        """
        chunks: list[bytes] = []
        size = 0

        def take(chunk: bytes) -> None:
            nonlocal size
            size += len(chunk)
            if size > most:
                raise AwsError(f"{address} has more than {most} bytes, which this is not read with.")
            chunks.append(chunk)

        self.stream(address, take)
        return b"".join(chunks)

    def stream(self, address: str, take: Callable[[bytes], None], chunk: int = 1 << 20) -> None:
        """Gives ``take`` an object in parts. What it raises ends the transfer.

        :raises ObjectMissingError: there is no such object.
        :raises AccessDeniedError: it may not be read.
        :raises AwsError: S3 cannot be reached, or the body broke off.
        """
        bucket, key = S3Address.of(address)

        def fetch() -> None:
            body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
            try:
                for part in body.iter_chunks(chunk):
                    take(part)
            finally:
                body.close()

        _call(f"{address} cannot be read", "s3:GetObject", fetch)

    def write(self, address: str, content: bytes | BinaryIO, content_type: str = "application/json") -> None:
        """Makes an object of up to 5 GiB, encrypted as its bucket says.

        :raises AwsError: it could not be made.
        """
        bucket, key = S3Address.of(address)
        _call(
            f"{address} cannot be written",
            "s3:PutObject",
            lambda: self.client("s3").put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type),
        )

    def upload(self, address: str, stream: IO[bytes]) -> None:
        """Makes an object of any size of a stream, in parts. S3 compares each part with its SHA-256.

        :raises AwsError: it could not be made; nothing of it is left.
        """
        bucket, key = S3Address.of(address)
        _call(
            f"{address} cannot be written",
            "s3:PutObject and s3:AbortMultipartUpload",
            lambda: self.client("s3").upload_fileobj(
                stream, bucket, key, ExtraArgs={"ChecksumAlgorithm": "SHA256"}, Config=_IN_PARTS
            ),
        )

    # -- the group and its stack

    def complete_hook(self, group: str, hook: str, instance: str, result: str) -> bool:
        """Ends a hook's wait with :data:`CONTINUE` or :data:`ABANDON`.

        Returns whether the hook was waiting: it has been completed before, or its time is over, if not.

        :raises AwsError: it could not be completed.
        """
        return self._act_on_hook("complete_lifecycle_action", group, hook, instance, LifecycleActionResult=result)

    def extend_hook(self, group: str, hook: str, instance: str) -> bool:
        """A heartbeat: the hook's time begins again. Returns whether the hook was waiting.

        :raises AwsError: it could not be extended.
        """
        return self._act_on_hook("record_lifecycle_action_heartbeat", group, hook, instance)

    def _act_on_hook(self, operation: str, group: str, hook: str, instance: str, **more: str) -> bool:
        action = "".join(word.title() for word in operation.split("_"))

        def act() -> bool:
            try:
                call = getattr(self.client("autoscaling"), operation)
                call(AutoScalingGroupName=group, LifecycleHookName=hook, InstanceId=instance, **more)
            except ClientError as error:
                if _code(error) == "ValidationError" and "No active Lifecycle Action" in str(error):
                    return False
                raise
            return True

        return _call(f"Hook {hook} of group {group}", f"autoscaling:{action}", act)

    def signal(self, stack: str, resource: str, instance: str, status: str) -> bool:
        """Tells CloudFormation :data:`SUCCESS` or :data:`FAILURE`, once.

        Returns whether it was waiting for signals. It refuses them when no update goes on, which is how it is when
        the group replaces an instance by itself.

        :raises AwsError: it could not be told.
        """

        def act() -> bool:
            try:
                self.client("cloudformation").signal_resource(
                    StackName=stack, LogicalResourceId=resource, UniqueId=instance, Status=status
                )
            except ClientError as error:
                if _code(error) == "ValidationError":
                    return False
                raise
            return True

        return _call(f"Signal to {resource} of stack {stack}", "cloudformation:SignalResource", act)

    def publish(self, topic: str, subject: str, text: str) -> None:
        """Sends a message to a topic of SNS; of the subject at most 99 printable characters.

        :raises AwsError: it could not be sent.
        """
        subject = re.sub(r"[^\x20-\x7e]", "?", subject)[:99]
        _call(
            f"Message to {topic}",
            "sns:Publish",
            lambda: self.client("sns").publish(TopicArn=topic, Subject=subject, Message=text),
        )


def _clients(region: str) -> Callable[[str], Any]:
    session = botocore.session.Session()
    # A new instance may have its role's credentials some seconds later than its address.
    session.set_config_variable("metadata_service_num_attempts", 3)
    session.set_config_variable("metadata_service_timeout", 2)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        # What is fetched is compared with the signed manifest.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    maker = boto3.Session(botocore_session=session, region_name=region or None)
    return lambda service: maker.client(service, config=config)


def _call(what: str, permission: str, act: Callable[[], T]) -> T:
    try:
        return act()
    except ClientError as error:
        code = _code(error)
        said = f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}".rstrip(": ").rstrip(".")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _PASSING or status >= 500:
            raise AwsError(f"{said}.", retry_seconds=AS_LONG_AS_THERE_IS_TIME) from None
        if code in _DENIED:
            raise AccessDeniedError(
                f"{said}. Allow the instance's role {permission}, and the use of the key that encrypts it; S3 says the "
                "same of an object that does not exist to who may not list the bucket.",
                retry_seconds=RIGHTS_SECONDS,
            ) from None
        if code in _MISSING:
            raise ObjectMissingError(f"{said}. Check the address in the user data; `make bundle` makes it.") from None
        raise AwsError(f"{said}.") from None
    except (NoRegionError, ParamValidationError) as error:
        raise AwsError(f"{what}: {_one_line(error)}. Check the user data, and AWS_REGION.") from None
    except BotoCoreError as error:
        # No credentials yet, no route, a time-out, a body that broke off.
        raise AwsError(
            f"{what}: {_one_line(error)}. Check the route to the service (an endpoint of the VPC, or the "
            "internet) and the instance's role.",
            retry_seconds=AS_LONG_AS_THERE_IS_TIME,
        ) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
