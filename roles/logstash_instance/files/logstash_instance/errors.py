"""What can go wrong on an instance. Each message says what failed, where, the value seen, and what to do.

``code`` is in the results, in the journal and in brackets before a message. It stays the same when the message is
reworded; docs/reference/messages.md lists all codes with the docstrings from here.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import InstanceSettings

AS_LONG_AS_THERE_IS_TIME = math.inf


class InstanceError(Exception):
    """The instance's own program failed in a way that no other code describes.

    :param retry_seconds: for how long another try may help: 0 when the same would happen again.
    """

    code = "instance_failed"

    def __init__(self, message: str, *, retry_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class MetadataError(InstanceError):
    """The instance metadata service does not answer, or refuses."""

    code = "metadata_unavailable"


class InstanceSettingsError(InstanceError):
    """The instance's user data or its tags lack something, or have values of another form."""

    code = "instance_settings_invalid"

    def __init__(self, message: str, usable: "InstanceSettings | None" = None) -> None:
        super().__init__(message)
        # What is right nevertheless, such as the hook that is to hear of this.
        self.usable = usable


class AwsError(InstanceError):
    """AWS refused a request, or could not be reached."""

    code = "aws_request_failed"


class ObjectMissingError(AwsError):
    """There is no such object in S3."""

    code = "object_missing"


class AccessDeniedError(AwsError):
    """The instance's role may not do this."""

    code = "access_denied"


class BadBundleError(InstanceError):
    """The bundle, or its manifest, is not of the form that this image reads."""

    code = "bundle_invalid"


class SignatureError(BadBundleError):
    """The bundle's manifest was not signed with the key that the image trusts."""

    code = "bundle_signature_invalid"


class ChecksumError(BadBundleError):
    """What was fetched is not what the signed manifest describes."""

    code = "bundle_checksum_wrong"


class OtherEnvironmentError(BadBundleError):
    """The bundle was made for another environment, or has nothing for this layer."""

    code = "bundle_of_other_environment"


class PythonError(InstanceError):
    """The virtual environment that the bundle needs could not be made from its wheels."""

    code = "instance_python_failed"


class DeploymentError(InstanceError):
    """The playbook failed on the instance, and none of its messages has a code of its own."""

    code = "instance_deployment_failed"

    def __init__(self, message: str, code: str = code, *, retry_seconds: float = 0.0) -> None:
        super().__init__(message, retry_seconds=retry_seconds)
        # That of the message with which the playbook failed.
        self.code = code


class DeadlineError(InstanceError):
    """The launch hook's time was over before the instance was deployed."""

    code = "launch_timeout_reached"


class HookError(InstanceError):
    """The deployment succeeded, and the launch hook could not be completed, so that the group ends the instance."""

    code = "hook_not_completed"


class ServiceError(InstanceError):
    """Logstash's service, or its settings, are not as the instance's program needs them."""

    code = "logstash_service_failed"


class QueueError(InstanceError):
    """Files of a queue cannot be read, or are not what Logstash writes."""

    code = "queue_unreadable"


class QueueArchiveError(InstanceError):
    """An archive of queues is not what was saved, or cannot be unpacked."""

    code = "queue_archive_invalid"


class QueueDeliveryError(InstanceError):
    """A saved queue cannot be delivered on this instance now."""

    code = "queue_not_delivered"
