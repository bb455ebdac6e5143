"""Action of logstash_inputs: whether a host can be deployed with its variables, on the controller only."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import EncryptedString

from ..module_utils.logstash import inputs, keystore_entries
from ..module_utils.logstash.inputs import Reader
from ..module_utils.messages import coded
from ..plugin_utils.masked_action import COLLECTION, MaskedAction

OPTIONS = {"without_value": {"type": "list", "elements": "str", "default": []}}


class ActionModule(MaskedAction):
    """Reads the role's variables itself, one by one: one that has no value yet does not hide what else is wrong."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        checked = ArgumentSpecValidator(OPTIONS).validate(self._task.args)
        if checked.error_messages:
            raise AnsibleActionFail(f"logstash_inputs: wrong options: {'; '.join(checked.error_messages)}")
        read = self._reader(task_vars)
        told = _Told()
        wrong: set[str] = set()
        for check in inputs.CHECKS:
            with told.failures():
                for fault in check(read):
                    told.add(self._message(fault))
                    wrong.update(fault.variable.split(", "))
        if not wrong & {"logstash_package_url", "logstash_package_checksum"}:
            with told.failures():
                told.add(*_package_file(read))
        warnings: list[str] = []
        if "logstash_version" not in wrong:
            with told.failures():
                warnings += self._run("logstash_check", _of_version(read), task_vars)
            with told.failures():
                told.add(*_keystore(read))
        with told.failures():
            if read("logstash_plugins"):
                self._run("logstash_plugins", _of_plugins(read), task_vars)
        before = len(told.messages)
        with told.failures():
            self._run("octopus_check", _of_tokens(read), task_vars)
        # After the templates, whose tokens are reported with their lines; mostly it is the same that is missing.
        if len(told.messages) == before:
            with told.failures():
                told.add(*(checked.validated_parameters["without_value"] or inputs.port_faults(read)))
        if told.messages or told.unread:
            raise AnsibleActionFail("\n".join(told.messages or told.unread))
        return result | {"changed": False, "warnings": warnings}

    def _reader(self, task_vars: dict[str, Any]) -> Reader:
        """What gives the value of a variable. Raises NoValueYetError and AnsibleError."""
        known: dict[str, Any] = {}

        def read(name: str) -> Any:
            if name not in known:
                try:
                    known[name] = _plain(self._templar.template(task_vars[name]))
                except AnsibleError as error:
                    if "octopus_substitute" in str(error):
                        raise NoValueYetError(f"{name} has no value: {error}") from None
                    raise
            return known[name]

        return read

    def _message(self, fault: inputs.Fault) -> str:
        # Masked before: as JSON, a secret may look otherwise.
        value = json.dumps(self._mask.everything(fault.value))
        return coded(fault.code, f"{fault.variable} is {value}; expected {fault.expected}. {fault.way_out}")

    def _run(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> list[str]:
        """What another action of the collection warns of. Raises AnsibleError with what it finds wrong."""
        task = self._task.copy()
        task.action = COLLECTION + name
        task.args = arguments
        action = self._shared_loader_obj.action_loader.get(
            task.action,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return action.work({}, task_vars).get("warnings", [])


class NoValueYetError(Exception):
    """A variable is made from a token without a value, which is said with the tokens."""


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


def _of_version(read: Reader) -> dict[str, Any]:
    return {
        "version": read("logstash_version"),
        "settings": read("logstash_settings"),
        "pipelines": read("logstash_pipelines"),
        "unchecked": read("logstash_settings_unchecked"),
        "reserved": read("_logstash_reserved_settings"),
        "heap_size": read("logstash_heap_size"),
        "jvm_options": read("logstash_jvm_options"),
        "environment": read("logstash_environment"),
        "reserved_environment": read("_logstash_reserved_environment"),
        "tls_files": read("logstash_tls_files"),
    }


def _of_plugins(read: Reader) -> dict[str, Any]:
    return {
        "plugins": read("logstash_plugins"),
        "require_checksums": read("logstash_require_checksums"),
        "trusted_mirrors": read("logstash_trusted_mirrors"),
        "check_only": True,
    }


def _of_tokens(read: Reader) -> dict[str, Any]:
    return {
        "pipelines": list(dict.fromkeys(file["src"] for file in read("_logstash_pipeline_files"))),
        "src": read("_logstash_token_files"),
        "text": read("_logstash_token_texts"),
        "required": read("logstash_required_variables"),
    }


def _keystore(read: Reader) -> list[str]:
    if not read("logstash_keystore"):
        return []
    entries = {name: keystore_entries.as_text(value) for name, value in read("logstash_keystore").items()}
    password = keystore_entries.as_text(read("logstash_keystore_password"))
    fault = keystore_entries.fault(entries, password, read("logstash_version"))
    return [coded("keystore_input_invalid", fault)] if fault else []


def _package_file(read: Reader) -> Iterator[str]:
    """What is wrong with a package file on this machine; nothing where it comes from elsewhere."""
    if not read("_logstash_local_package"):
        return
    path, shown = Path(read("_logstash_package_path")), json.dumps(read("logstash_package_url"))
    algorithm, _, wanted = read("logstash_package_checksum").partition(":")
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


def _plain(value: Any) -> Any:
    """A value with all that Ansible evaluates or decrypts only when it is read."""
    if isinstance(value, EncryptedString):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
