"""Runs a module of the collection in this process, the way Ansible would on a host."""

import json

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args


@pytest.fixture
def run_module(capsys, monkeypatch):
    """run_module(module, check=False, **arguments) -> the module's result; ``failed`` says whether it failed."""

    # A process that has loaded the controller's code counts as the controller, where warnings go to the display.
    monkeypatch.setattr(_internal, "is_controller", False)
    # A process keeps the warnings of all the modules that it has run.
    monkeypatch.setattr(warnings, "_global_warnings", {})

    def run(module, check=False, diff=False, **arguments):
        with (
            patch_module_args({**arguments, "_ansible_check_mode": check, "_ansible_diff": diff}),
            pytest.raises(SystemExit) as end,
        ):
            module.main()
        result = json.loads(capsys.readouterr().out)
        result.setdefault("failed", end.value.code != 0)
        return result

    return run
