"""What all unit tests share."""

from control_node_cache import cache_of_the_control_node
from module_runs import run_module

__all__ = ["cache_of_the_control_node", "run_module"]
