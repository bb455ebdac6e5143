"""Starts LocalStack in the foreground, adapted in six places. Run by emulator.py with the emulator's Python.

Everything else is set by environment variables that LocalStack documents. The adaptations are held by tests, so that
another version of LocalStack can't undo them unseen.
"""

import functools
import json
import os
import sys
import types

from localstack.runtime.main import main
from localstack.runtime.server import twisted
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent
from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm import CloudWatchAlarmProvider
from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_compositealarm import (
    CloudWatchCompositeAlarmProvider,
)
from localstack.services.lambda_.invocation import docker_runtime_executor, event_manager
from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider
from localstack.services.s3.resource_providers.aws_s3_bucketpolicy import S3BucketPolicyProvider


def enter_images_as_present() -> None:
    """Keep LocalStack from pulling the image of a function's runtime before it makes a container of it.

    The image was built on this machine: a pull could only fail, or bring something else of the same name. With
    LAMBDA_IGNORE_ARCHITECTURE the platform is not part of the image's identity.
    """
    for image in json.loads(os.environ["LAMBDA_RUNTIME_IMAGE_MAPPING"]).values():
        docker_runtime_executor.PULLED_IMAGES.add((image, None))


def listen_only_where_told() -> None:
    """Make the server bind the addresses of GATEWAY_LISTEN: it takes their ports only, and listens on every address."""
    register = twisted.TwistedRuntimeServer.register
    endpoints = twisted.endpoints

    def register_each(self, gateway, listen, ssl_creds=None):
        for address in listen:
            twisted.endpoints = types.SimpleNamespace(
                TCP4ServerEndpoint=functools.partial(endpoints.TCP4ServerEndpoint, interface=address.host)
            )
            register(self, gateway, [address], ssl_creds)

    twisted.TwistedRuntimeServer.register = register_each


def let_bucket_policies_change() -> None:
    """Let a stack's update bring a bucket's new policy: LocalStack leaves the bucket with the old one, or with none.

    It can't change one. Where it makes a new one instead, it deletes the old one by the bucket's name, and so the new.
    """
    delete_any = S3BucketPolicyProvider.delete

    def update(self, request):
        event = self.create(request)
        event.resource_model["Id"] = request.previous_state["Id"]  # another id would count as another resource
        return event

    def delete(self, request):
        s3, state = request.aws_client_factory.s3, request.desired_state
        try:
            in_place = json.loads(s3.get_bucket_policy(Bucket=state["Bucket"])["Policy"])
        except s3.exceptions.ClientError:
            in_place = None
        if in_place == state.get("PolicyDocument"):
            return delete_any(self, request)
        return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=state)

    S3BucketPolicyProvider.update = update
    S3BucketPolicyProvider.delete = delete


def let_bucket_notifications_change() -> None:
    """Let a stack's update bring a bucket's new notification: LocalStack changes nothing about a bucket."""

    def update(self, request):
        state = request.desired_state
        none = {"Bucket": state["BucketName"], "NotificationConfiguration": {}}
        configuration = self._get_s3_bucket_notification_config(state) or none
        request.aws_client_factory.s3.put_bucket_notification_configuration(**configuration)
        return ProgressEvent(
            status=OperationStatus.SUCCESS, resource_model={**request.previous_state, **request.desired_state}
        )

    S3BucketProvider.update = update


def let_alarms_change() -> None:
    """Let a stack's update bring an alarm's new values: LocalStack keeps the old ones, and says that it has updated."""

    def update(self, request):
        event = self.create(request)  # CloudWatch overwrites an alarm of the same name
        event.resource_model = {**request.previous_state, **event.resource_model}
        return event

    for provider in (CloudWatchAlarmProvider, CloudWatchCompositeAlarmProvider):
        provider.update = update


def let_aliases_have_retries() -> None:
    """Let an invocation through an alias fail as the alias' configuration says: LocalStack looks for the version's."""
    handle = event_manager.Poller.handle_message

    def handle_message(self, message):
        manager = self.version_manager
        configurations = manager.function.event_invoke_configs
        invoked = event_manager.SQSInvocation.decode(message["Body"]).invocation.invoked_arn.rpartition(":")[2]
        if invoked in configurations:
            configurations[manager.function_version.id.qualifier] = configurations[invoked]
        handle(self, message)

    event_manager.Poller.handle_message = handle_message


if __name__ == "__main__":
    enter_images_as_present()
    listen_only_where_told()
    let_bucket_policies_change()
    let_bucket_notifications_change()
    let_alarms_change()
    let_aliases_have_retries()
    sys.exit(main())
