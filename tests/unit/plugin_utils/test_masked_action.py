"""What a module or an action failed with, for an action that says more about it."""

import pytest
from ansible._internal._errors._error_factory import ControllerEventFactory
from ansible.module_utils._internal import _messages
from ansible_collections.elk.deploy.plugins.plugin_utils.masked_action import failure


def raised():
    """The result of a module that raised an error."""
    try:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise ValueError("Failed to replace it") from error
    except ValueError as error:
        event = ControllerEventFactory.from_exception(error, False)
    return {"failed": True, "exception": _messages.ErrorSummary(event=event)}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"failed": True, "msg": "no such user"}, "no such user"),
        ({"failed": True}, ""),
        ({"failed": True, "exception": "(traceback unavailable)"}, ""),
        (raised(), "Failed to replace it: [Errno 28] No space left on device"),
    ],
)
def test_failure_is_the_message_or_what_was_raised(result, expected):
    assert failure(result) == expected
