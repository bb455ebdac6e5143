"""Whether a secret goes into a text, for places that keep none."""

from __future__ import annotations

from collections.abc import Iterable

from ...module_utils.masking.known import KnownSecrets
from .language.evaluation import render
from .scoping.host import HostVariables

# A shorter one may stand in a text by chance; as the whole text it is no chance.
LEAST = 8


def secrets_in_text(text: str, host: HostVariables, known: Iterable[str] = ()) -> list[str]:
    """What makes a text with tokens secret: names of sensitive variables, and words for the rest; nothing if it is not.

    :param known: texts that are secret for the host for other reasons, such as values from Ansible Vault.
    """
    evaluation = render(text, host.variables)
    found = sorted(f"variable {name}" for name in evaluation.used if host.variables.is_sensitive(name))
    if found:
        return found
    written = evaluation.text or ""
    likely = [secret for secret in known if len(secret) >= LEAST or secret == written]
    if KnownSecrets(likely).hide(written) != written:
        return ["a secret of the inventory"]
    return []
