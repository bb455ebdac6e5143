"""The base of the collection's actions: nothing that one of them returns, or fails with, shows a secret."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, TypeVar

from ansible.errors import AnsibleAction, AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader

from ..module_utils.masking.mask import Mask
from ..module_utils.messages import coded, codes
from .evaluated import Evaluated
from .host_secrets import host_secrets, octopus_secrets
from .octopus.scoping.host import HostVariables
from .octopus_variables import chosen_once, read_host

_Action = TypeVar("_Action", bound=ActionBase)
COLLECTION = "elk.deploy."
# Ansible loads all filters, or tests, of a collection with the first one. So it does that here, and not once more in
# each process that it forks for a host.
for _loader, _names in (
    (filter_loader, ("default", f"{COLLECTION}masked")),
    (test_loader, ("defined", f"{COLLECTION}octopus_true")),
):
    for _name in _names:
        # Outside of Ansible, such as in tests, there may be no collection.
        with contextlib.suppress(KeyError):
            _loader.get(_name)
# Nor shall the garbage collector of each of these processes go through all that there is by now, such as the inventory:
# it writes to every object, so that the kernel copies the memory that the processes would otherwise share.
gc.collect()
gc.freeze()
# What later tasks work with stays as it is in a result of Ansible's own modules. The collection's declare theirs.
FACTS = frozenset(("path", "dest", "src", "owner", "group", "mode", "checksum", "md5sum", "backup_file"))


class MaskedAction(ActionBase):
    """Runs :meth:`work`, and masks what comes out of it.

    The host does not know what is secret; the variables on the control node do. So modules of the collection are told,
    and mask what they return before it leaves the host: with -vvv it is shown as it comes over the connection.
    """

    # The results that stay as they are, as FACTS, when the action succeeds.
    facts = FACTS
    # Of messages.CODES: what a failure of this action means whose message has no code of its own.
    code = ""
    _task_vars: Mapping[str, Any] | None = None
    _given: Any = None
    _masked_on_the_host = False
    _evaluated: Evaluated | None = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        with chosen_once():
            return self._run(super().run(tmp, task_vars), task_vars)

    def _run(self, result: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        variables = task_vars or {}
        self._task_vars, self._given = variables, self._task.args.get("variables")
        try:
            result = self.work(result, variables)
        except Exception as raised:
            error = self._with_code(raised)
            is_failure = isinstance(error, AnsibleActionFail) or not isinstance(error, AnsibleAction)
            if not is_failure or isinstance(error, AnsibleConnectionFailure) or self._shows_none(error):
                if isinstance(error, AnsibleActionFail) and codes(str(error)):
                    raise AnsibleActionFail(str(error), result=_coded(str(error))) from None
                raise
            said = str(error) if isinstance(error, AnsibleError) else f"{type(error).__name__}: {error}"
            # Without the chain of its causes, which say the same unmasked.
            raise AnsibleActionFail(self._mask.text(said), result=_coded(said)) from None
        if self._masked_on_the_host and not result.get("failed"):
            return result
        masked = self._mask.everything(result, () if result.get("failed") else self.facts)
        if "diff" in result:
            masked["diff"] = self._mask.difference(result["diff"])
        return masked

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        """What is secret for the host, looked for once something has to be masked. None within another action."""
        variables = self._task_vars
        if variables is None:
            return ()
        octopus = octopus_secrets(lambda: self.host_variables(variables, self._given))
        return host_secrets(variables, self._templar.template, octopus)

    @cached_property
    def _mask(self) -> Mask:
        return Mask(self._secrets)

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What the action does. ``result`` is what the result starts from."""
        raise NotImplementedError

    def host_variables(self, task_vars: Mapping[str, Any], given: Any = None) -> HostVariables:
        """The host's Octopus variables; ``given`` override them."""
        return read_host(self.evaluated(task_vars).get, given)

    def evaluated(self, task_vars: Mapping[str, Any]) -> Evaluated:
        """The variables that the action was given, as its parts share them."""
        if self._evaluated is None:
            self._evaluated = Evaluated(task_vars, self._templar)
        return self._evaluated

    def work_of(
        self, other: type[MaskedAction], name: str, arguments: dict[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """What another action of the collection returns, which works on the control node alone.

        :raises AnsibleError: with what it finds wrong.
        """
        action = other_action(self, COLLECTION + name, arguments, other)
        action._evaluated = self.evaluated(task_vars)
        return action.work({}, task_vars)

    def options(self, expected: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The task's options, checked and completed. Raises AnsibleActionFail with all that is wrong."""
        checked = ArgumentSpecValidator(expected).validate(self._task.args)
        if checked.error_messages:
            name = self._task.action.rpartition(".")[2]
            raise AnsibleActionFail(
                coded("options_invalid", f"{name}: wrong options: {'; '.join(checked.error_messages)}")
            )
        options: dict[str, Any] = checked.validated_parameters
        return options

    def _with_code(self, error: Exception) -> Exception:
        """A failure whose message begins with a code; other errors as they are."""
        if isinstance(error, AnsibleActionFail) and self.code and not codes(str(error)):
            coded_error = AnsibleActionFail(coded(self.code, str(error)))
            coded_error.__cause__ = error.__cause__ or error.__context__
            return coded_error
        return error

    def _shows_none(self, error: BaseException) -> bool:
        """Whether an error with all that Ansible shows of it, its causes and the lines it comes from, has no secret."""
        seen: BaseException | None = error
        while seen is not None:
            for text in (
                str(seen),
                getattr(seen, "_formatted_source_context", None),
                getattr(seen, "_help_text", None),
            ):
                if isinstance(text, str) and self._mask.text(text) != text:
                    return False
            seen = seen.__cause__ or seen.__context__
        return True

    def _execute_module(self, module_name: Any = None, module_args: Any = None, *args: Any, **options: Any) -> Any:
        name = module_name or self._task.action
        given: Mapping[str, Any] = self._task.args if module_args is None else module_args
        if not str(name).startswith(COLLECTION):
            return super()._execute_module(module_name, module_args, *args, **options)
        self._masked_on_the_host = True
        secrets = list(dict.fromkeys([*map(str, given.get("secrets") or ()), *self._secrets]))
        return super()._execute_module(module_name, {**given, "secrets": secrets}, *args, **options)


def other_action(
    action: ActionBase, name: str, arguments: Mapping[str, Any], kind: Callable[..., _Action] | None = None
) -> _Action:
    """Another action, on the same host, with arguments of its own; ``kind`` is its class, where that is known."""
    task = action._task.copy()
    task.action, task.args = name, dict(arguments)
    make: Callable[..., _Action] = kind or partial(action._shared_loader_obj.action_loader.get, name)
    return make(
        task=task,
        connection=action._connection,
        play_context=action._play_context,
        loader=action._loader,
        templar=action._templar,
        shared_loader_obj=action._shared_loader_obj,
    )


def _coded(text: str) -> dict[str, list[str]]:
    """What a failed result has beside its message: the codes in it, if there are any."""
    return {"codes": found} if (found := codes(text)) else {}


def failure(result: Mapping[str, Any]) -> str:
    """What a module or an action failed with. Of one that raised an error, Ansible has the message elsewhere."""
    if result.get("msg"):
        return str(result["msg"])
    found, event = [], getattr(result.get("exception"), "event", None)
    while event is not None:
        found.append(str(event.msg))
        event = getattr(event.chain, "event", None)
    return ": ".join(found)


class ModuleAction(MaskedAction):
    """Of a module that needs nothing on the control node: what Ansible does for it, without a secret in its result."""

    _supports_check_mode = True
    _supports_async = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wrapped = self._task.async_val and not self._connection.has_native_async
        result |= self._execute_module(task_vars=task_vars, wrap_async=wrapped)
        if not wrapped:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
