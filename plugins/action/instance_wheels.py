"""Action of instance_wheels: fetches the Python packages of instances. On the control node only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.bundle.manifest import BundleError
from ..module_utils.messages import coded
from ..plugin_utils.bundle import wheels
from ..plugin_utils.masked_action import MaskedAction

OPTIONS = {
    "requirements": {"type": "path", "required": True},
    "python": {"type": "str", "default": "3.11"},
    "architecture": {"type": "str", "choices": list(wheels.ARCHITECTURES), "required": True},
    "cache": {"type": "path", "required": True},
}


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "wheels_not_fetched"

    _requires_connection = False
    _supports_check_mode = True
    # Nothing of it is secret, and to look for secrets would evaluate them.
    _secrets = ()

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        requirements = Path(options["requirements"])
        try:
            folder, _is_new = wheels.fetch(
                requirements, options["python"], options["architecture"], Path(options["cache"]).absolute()
            )
        except BundleError as error:
            raise AnsibleActionFail(coded(error.code, f"{error}.")) from None
        except OSError as error:
            raise AnsibleActionFail(f"The wheels could not be fetched: {error}.") from None
        return result | {
            # Like a package that is built: a cache on this machine, and nothing of an environment.
            "changed": False,
            "path": str(folder),
            "requirements_id": wheels.requirements_id(requirements),
            "wheels": sorted(wheels.names([folder])),
        }
