"""Action of logstash_drain: runs the module, told what it must not show."""

from ..plugin_utils.masked_action import ModuleAction as ActionModule

__all__ = ["ActionModule"]
