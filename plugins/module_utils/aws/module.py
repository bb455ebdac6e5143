"""The base of the modules that ask AWS: amazon.aws's own, but that its failures have codes."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule  # type: ignore[import-untyped]

from ..messages import coded, codes

REQUEST_FAILED = "aws_request_failed"


class AwsModule(AnsibleAWSModule):  # type: ignore[misc]
    """A module with a client for AWS's services."""

    def fail_json(self, msg: str, code: str = "", **result: Any) -> None:
        """Ends the module with a failure.

        :param code: of messages.CODES; empty where the lines of the message have their own, or none as amazon.aws's.
        """
        text = coded(code, msg) if code else msg
        super().fail_json(msg=text, **{**result, "codes": codes(text)})

    def fail_json_aws(self, exception: Exception, msg: str = "", **result: Any) -> None:
        """Ends the module with what AWS answered, behind ``msg``."""
        super().fail_json_aws(exception, msg=coded(REQUEST_FAILED, msg), **result)
