"""The base of the collection's modules: nothing that one of them returns shows a secret."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from ansible.module_utils import basic

from ..messages import coded, codes
from .mask import Mask

# Given by the actions (plugin_utils/masked_action.py), which know what is secret for the host.
SECRETS = {"type": "list", "elements": "str", "default": [], "no_log": True}
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class AnsibleModule(basic.AnsibleModule):
    """Ansible's own, but that it masks what it returns: values of ``secrets`` and of every option that is ``no_log``.

    ``facts`` names the return values that later tasks work with, such as versions, hashes and paths. They stay as they
    are when the module succeeds: a password that is also the name of a pipeline must not change that name.
    """

    def __init__(self, argument_spec: Mapping[str, Any], facts: Collection[str] = (), **options: Any) -> None:
        # Before all else, since wrong arguments make it fail right there.
        self._facts = frozenset(facts)
        self._mask: Mask | None = None
        super().__init__({**argument_spec, "secrets": SECRETS}, **options)  # type: ignore[no-untyped-call]

    @property
    def mask(self) -> Mask:
        """Hides what is secret in texts."""
        if self._mask is None:
            self._mask = Mask(map(str, self.no_log_values))
        return self._mask

    def exit_json(self, **result: Any) -> NoReturn:
        """Ends the module."""
        super().exit_json(**self._masked(result, self._facts))

    def fail_json(self, msg: str, code: str = "", **result: Any) -> NoReturn:
        """Ends the module with a failure.

        :param code: of :data:`..messages.CODES`; empty where the lines of the message have their own, or none.
        """
        text = coded(code, str(msg)) if code else str(msg)
        if found := codes(text):
            result["codes"] = found
        if sys.exc_info()[0] and not isinstance(result.get("exception"), str):
            # Shown only where Ansible is asked for tracebacks.
            result["exception"] = traceback.format_exc()
        super().fail_json(self.mask.text(text), **self._masked(result))

    def warn(self, warning: str, **options: Any) -> None:
        """Adds a warning to the result."""
        super().warn(self.mask.text(warning), **options)

    def log(self, msg: Any, log_args: Any = None) -> None:
        """Writes to the host's journal, as Ansible does with the arguments of every module."""
        text = msg.decode("utf-8", "replace") if isinstance(msg, bytes) else str(msg)
        super().log(self.mask.text(text), self.mask.everything(log_args))  # type: ignore[no-untyped-call]

    def _masked(self, result: dict[str, Any], leave: Collection[str] = ()) -> dict[str, Any]:
        arguments = {
            name: HIDDEN if self.argument_spec.get(name, {}).get("no_log") and value else self.mask.everything(value)
            for name, value in self.params.items()
        }
        # Ansible's own mask would also cut short values out of what later tasks work with.
        self.no_log_values: set[str] = set()
        masked = self.mask.everything(result, leave)
        if "diff" in result:
            masked["diff"] = self.mask.difference(result["diff"])
        return {**masked, "invocation": {"module_args": arguments}}
