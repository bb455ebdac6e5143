"""Starts LocalStack in the foreground, adapted in two places. Run by emulator.py with the emulator's Python.

Everything else is set by environment variables that LocalStack documents. Both adaptations are held by tests, so that
another version of LocalStack can't undo them unseen.
"""

import functools
import json
import os
import sys
import types

from localstack.runtime.main import main
from localstack.runtime.server import twisted
from localstack.services.lambda_.invocation import docker_runtime_executor


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


if __name__ == "__main__":
    enter_images_as_present()
    listen_only_where_told()
    sys.exit(main())
