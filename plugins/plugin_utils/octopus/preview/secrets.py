"""Texts without secrets, for what is shown of many hosts at once."""

from __future__ import annotations

from collections.abc import Iterable

from ....module_utils.masking import MASK
from ....module_utils.masking.mask import Mask
from ..language.variables import VariableSet
from ..scoping.host import HostVariables


class Masker:
    """Hides the secrets of all hosts that are shown, wherever one of them appears.

    One host's secret may be another host's plain text, and a sensitive value that is shadowed is a secret as well.
    """

    def __init__(self, hosts: Iterable[HostVariables]) -> None:
        hosts = tuple(hosts)
        layers = (layer for host in hosts for layers in host.layers.values() for layer in layers)
        secrets = {layer.value for layer in layers if layer.sensitive and layer.value}
        for catalog in {id(host.catalog): host.catalog for host in hosts}.values():
            declared = (entry for name in catalog.names for entry in catalog.entries(name) if entry.sensitive)
            secrets.update(entry.value for entry in declared if entry.value and not entry.encrypted)
        self._mask = Mask(secrets)
        self._known: dict[str, str] = {}

    def text(self, text: str) -> str:
        """``text`` without any host's secrets."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._mask.text(text)
        return known


def without_secrets(variables: VariableSet) -> VariableSet:
    """The variables with a mask in place of every sensitive value.

    Evaluating with these, a filter cannot give a secret another form that is not recognised (``| ToBase64``).
    """
    sensitive = [name for name in variables if variables.is_sensitive(name)]
    masked = ((name, MASK if variables.is_sensitive(name) else variables[name]) for name in variables)
    return VariableSet(masked, sensitive=sensitive)
