"""Filter masked: texts for a message, without what is secret for the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from ..module_utils.masking.mask import Mask
from ..plugin_utils.host_secrets import octopus_secrets, secrets_in
from ..plugin_utils.octopus_variables import read_host


@pass_context
def masked(context: Context, value: Any, secrets: Sequence[Any] = ()) -> Any:
    """``value`` with every text in it masked, in lists and dictionaries, too. ``secrets`` may be nested lists."""
    found = [*octopus_secrets(lambda: read_host(context.get)), *secrets_in(value), *secrets_in(secrets, is_secret=True)]
    return Mask(found).everything(value)


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"masked": masked}
