"""Decrypts what variable files hold, with the passwords that Ansible was started with."""

from __future__ import annotations

from functools import cache

from ansible.errors import AnsibleError
from ansible.parsing import vault

from .octopus.errors import VariableError


@cache  # a key is derived from the password for each ciphertext: some milliseconds
def decrypt(ciphertext: str) -> str:
    """
    :raises VariableError: with a message that can follow "cannot be decrypted: ".
    """
    if not hasattr(vault, "VaultSecretsContext"):
        raise VariableError("variable files with encrypted values need ansible-core 2.19 or later")
    context = vault.VaultSecretsContext.current(optional=True)
    if not context or not context.secrets:
        raise VariableError("no vault password was given; give one with --vault-password-file or --ask-vault-pass")
    try:
        return vault.VaultLib(context.secrets).decrypt(ciphertext.encode()).decode("utf-8")
    except AnsibleError:
        raise VariableError("no vault password that was given fits, or the ciphertext is damaged") from None
    except UnicodeDecodeError:
        raise VariableError("it is no UTF-8 text") from None
