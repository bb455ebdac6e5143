"""Runs the module alarm_states with the connection of the group amazon.aws.aws."""

from __future__ import annotations

from ..plugin_utils.aws_action import AwsAction


class ActionModule(AwsAction):
    """See the module's documentation."""
