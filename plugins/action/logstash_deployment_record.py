"""Action of logstash_deployment_record: runs the module, told what it must not show, and who runs it."""

from ..plugin_utils.journal_action import JournalAction as ActionModule

__all__ = ["ActionModule"]
