"""Filter masked: texts for a message, without what is secret for the host."""

from __future__ import annotations

from typing import Any

from ansible.template import Templar
from jinja2 import pass_context
from jinja2.runtime import Context

from ..module_utils.masking.mask import Mask
from ..plugin_utils.host_secrets import host_secrets


@pass_context
def masked(context: Context, value: Any) -> Any:
    """``value`` with every text in it masked, in lists and dictionaries, too."""
    # The variables as they are written: evaluated are only those that matter.
    variables = dict(context.parent)
    return Mask(host_secrets(variables, Templar(variables=variables).template)).everything(value)


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"masked": masked}
