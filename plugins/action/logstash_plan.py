"""Action of logstash_plan: whether a host can be deployed with its variables, and what it then should have."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..module_utils.logstash import keystore_entries
from ..module_utils.messages import coded
from ..plugin_utils.logstash import inputs, plan
from ..plugin_utils.logstash.plan import Variables
from ..plugin_utils.masked_action import MaskedAction
from ..plugin_utils.role_variables import NoValueYetError, RoleVariables
from . import logstash_check, logstash_plugins, octopus_check, role_arguments

# Imported here, before Ansible forks for each host: actions looked up by name are imported in each fork.
CHECKS = {
    check.__name__.rpartition(".")[2]: check.ActionModule
    for check in (logstash_check, logstash_plugins, octopus_check, role_arguments)
}

OPTIONS = {
    "role_path": {"type": "path", "required": True},
    "entry": {"type": "str", "required": True},
    "check": {"type": "bool", "default": True},
    "needs_all": {"type": "bool", "default": True},
    "image": {"type": "bool", "default": False},
}


class ActionModule(MaskedAction):
    """Reads the role's variables itself, one by one: one that has no value yet does not hide what else is wrong."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wanted = self.options(OPTIONS)
        read = RoleVariables(self.evaluated(task_vars))
        tokens = "return" if wanted["check"] else "fail"
        arguments = {"role_path": wanted["role_path"], "entry": wanted["entry"], "tokens": tokens}
        without_value = self._check_by("role_arguments", arguments, task_vars).get("without_value", [])
        warnings = []
        if wanted["check"]:
            warnings = self._check(read, without_value, task_vars, is_image=wanted["image"])
        # Nothing in it is secret, and none of it may be masked: tasks work with it.
        self._masked_on_the_host = True
        warnings = [self._mask.text(text) for text in warnings]
        parts = plan.IMAGE_PARTS if wanted["image"] else plan.PARTS
        planned = self._parts(parts, read, needs_all=wanted["needs_all"])
        return result | planned | {"changed": False, "warnings": warnings}

    def _parts(
        self, parts: Mapping[str, Callable[[Variables], Any]], read: Variables, *, needs_all: bool
    ) -> dict[str, Any]:
        """The plan. If a host only restores its former state, a missing variable is an error only once it is used."""
        found = {}
        for name, make in parts.items():
            try:
                found[name] = make(read)
            except (NoValueYetError, AnsibleError, ValueError, KeyError) as error:
                if needs_all:
                    raise AnsibleActionFail(str(error)) from None
        return found

    def _check(
        self, read: Variables, without_value: list[str], task_vars: dict[str, Any], *, is_image: bool
    ) -> list[str]:
        """Fails with all that is wrong; returns what there is to warn of."""
        told = _Told()
        wrong: set[str] = set()
        for check in inputs.IMAGE_CHECKS if is_image else inputs.CHECKS:
            with told.failures():
                for fault in check(read):
                    told.add(self._message(fault))
                    wrong.update(fault.variable.split(", "))
        if not wrong & {"logstash_package_url", "logstash_package_checksum"}:
            with told.failures():
                told.add(*_package_file(read))
        with told.failures():
            if read("logstash_plugins"):
                self._check_by("logstash_plugins", _of_plugins(read), task_vars)
        warnings = [] if is_image else self._check_settings(read, told, wrong, without_value, task_vars)
        if told.messages or told.unread:
            raise AnsibleActionFail("\n".join(told.messages or told.unread))
        return warnings

    def _check_settings(
        self, read: Variables, told: _Told, wrong: set[str], without_value: list[str], task_vars: dict[str, Any]
    ) -> list[str]:
        """Adds what is wrong with the settings, the keystore and the tokens; returns what there is to warn of."""
        warnings: list[str] = []
        if "logstash_version" not in wrong:
            with told.failures():
                warnings += self._check_by("logstash_check", _of_version(read), task_vars).get("warnings", [])
            with told.failures():
                told.add(*_keystore(read))
        before = len(told.messages)
        with told.failures():
            self._check_by("octopus_check", _of_tokens(read), task_vars)
        # After the templates, whose tokens are reported with their lines; mostly it is the same that is missing.
        if len(told.messages) == before:
            with told.failures():
                told.add(*(without_value or inputs.port_faults(read)))
        return warnings

    def _message(self, fault: inputs.Fault) -> str:
        # Masked before: as JSON, a secret may look otherwise.
        value = json.dumps(self._mask.everything(fault.value))
        return coded(fault.code, f"{fault.variable} is {value}; expected {fault.expected}. {fault.hint}")

    def _check_by(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return self.work_of(CHECKS[name], name, arguments, task_vars)


class _Told:
    """What is wrong, and which variables could not be read for want of a token."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.unread: list[str] = []

    def add(self, *messages: str) -> None:
        self.messages += messages

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Takes what fails in it for a further message."""
        try:
            yield
        except NoValueYetError as error:
            self.unread.append(str(error))
        except AnsibleError as error:
            self.messages.append(str(error))


def _of_version(read: Variables) -> dict[str, Any]:
    return {
        "version": read("logstash_version"),
        "settings": read("logstash_settings"),
        "pipelines": read("logstash_pipelines"),
        "unchecked": read("logstash_settings_unchecked"),
        "reserved": plan.RESERVED_SETTINGS,
        "heap_size": read("logstash_heap_size"),
        "jvm_options": read("logstash_jvm_options"),
        "environment": read("logstash_environment"),
        "reserved_environment": plan.RESERVED_ENVIRONMENT,
        "tls_files": read("logstash_tls_files"),
    }


def _of_plugins(read: Variables) -> dict[str, Any]:
    return {
        "plugins": read("logstash_plugins"),
        "require_checksums": read("logstash_require_checksums"),
        "trusted_mirrors": read("logstash_trusted_mirrors"),
        "check_only": True,
    }


def _of_tokens(read: Variables) -> dict[str, Any]:
    return {
        "pipelines": list(dict.fromkeys(file["src"] for file in plan.pipeline_files(read))),
        "src": plan.token_files(read),
        "text": plan.token_texts(read),
        "required": read("logstash_required_variables"),
    }


def _keystore(read: Variables) -> list[str]:
    if not read("logstash_keystore"):
        return []
    entries = {name: keystore_entries.as_text(value) for name, value in read("logstash_keystore").items()}
    password = keystore_entries.as_text(read("logstash_keystore_password"))
    fault = keystore_entries.fault(entries, password, read("logstash_version"))
    return [coded("keystore_input_invalid", fault)] if fault else []


def _package_file(read: Variables) -> Iterator[str]:
    """What is wrong with a package file on this machine; nothing where it comes from elsewhere."""
    if not plan.is_local_package(read):
        return
    path, shown = Path(plan.package_path(read)), json.dumps(read("logstash_package_url"))
    algorithm, _separator, wanted = read("logstash_package_checksum").partition(":")
    if not path.exists():
        yield coded(
            "package_file_unusable",
            f"logstash_package_url is {shown}: there is no such file on the control node. Correct the path, or leave "
            "it empty to install from logstash_repository_url.",
        )
        return
    if not path.is_file() or not os.access(path, os.R_OK):
        user = os.environ.get("USER") or "running the playbook"
        yield coded(
            "package_file_unusable",
            f"logstash_package_url is {shown}: it is not a file that user {user} can read. Change its mode, or name "
            "another file.",
        )
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != wanted:
        yield coded(
            "package_file_unusable",
            f"logstash_package_checksum is {json.dumps(f'{algorithm}:{wanted}')}, but {path} has {algorithm}:{found}. "
            "Fetch the package again, or correct the checksum once you know that the file is the right one.",
        )
