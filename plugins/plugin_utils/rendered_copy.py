"""What the actions share that make files on the controller and leave the rest to ansible.builtin.copy."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own convention
from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible.plugins.action import ActionBase

from .masked_action import failure, other_action
from .octopus_variables import shown_path

# copy checks their values.
COPY_OPTIONS: dict[str, dict[str, Any]] = {
    **FILE_COMMON_ARGUMENTS,
    **{name: {"type": "raw"} for name in ("backup", "force", "validate", "follow")},
}
COPY_TREE_OPTIONS: dict[str, dict[str, Any]] = COPY_OPTIONS | {"directory_mode": {"type": "raw"}}


def copy_rendered(
    action: ActionBase, source: str, content: bytes, sensitive: Sequence[str], task_vars: dict[str, Any]
) -> dict[str, Any]:
    """Run copy's action with ``content``, so that check mode, diff and idempotence are copy's.

    ``source`` is the file that the content was made from. The difference is not shown when ``sensitive`` names
    anything: the names of the variables with secret values that went into the content. Nor is it when that was so of
    what is on the host, which remembers it. A hash of something secret is not returned: guesses could be tried with it.
    Without the option ``mode`` a file with something secret is closed to others than its owner and group.
    """
    dest, name = action._task.args["dest"], os.path.basename(source)
    hidden = bool(sensitive) or _was_secret(action, [dest], name, task_vars) != []
    if sensitive:
        _remember(action, {dest: True}, name, task_vars)
    arguments = {}
    if action._task.args.get("mode") == "preserve":
        arguments["mode"] = f"0{stat.S_IMODE(os.stat(source).st_mode):o}"
    elif sensitive and not action._task.args.get("mode"):
        arguments["mode"] = "o="
    with temporary_directory() as directory:
        rendered = os.path.join(directory, os.path.basename(source))
        with open(rendered, "wb") as stream:
            stream.write(content)
        copy = _copy_action(action, COPY_OPTIONS, src=rendered, **arguments)
        if hidden:
            copy._task.diff = False
        result = _run(copy, action, task_vars)
    if hidden and action._task.diff and result.get("changed"):
        result["diff"] = _not_shown(shown_path(source), sensitive)
    if sensitive:
        for hash_name in ("checksum", "md5sum"):
            result.pop(hash_name, None)
    elif result.get("changed") and not result.get("failed") and (hidden or not action._task.diff):
        # Where the host has just said that it was none, there is nothing to forget.
        _remember(action, {dest: False}, name, task_vars)
    return result


def copy_tree(
    action: ActionBase, source: str, directory: str, sensitive: Mapping[str, Sequence[str]], task_vars: dict[str, Any]
) -> dict[str, Any]:
    """The same for everything in ``directory``, which was made from the directory ``source``.

    ``sensitive`` has the relative paths of the files whose differences are not shown. Without the option ``mode`` every
    file has the mode that it has in ``directory``; those in ``sensitive`` are closed to others than owner and group.
    """
    arguments = {}
    if not action._task.args.get("mode"):
        arguments["mode"] = "preserve"
        for path in sensitive:
            place = os.path.join(directory, path)
            os.chmod(place, stat.S_IMODE(os.stat(place).st_mode) & ~stat.S_IRWXO)
    paths = {
        os.path.relpath(os.path.join(folder, name), directory)
        for folder, _folders, names in os.walk(directory)
        for name in names
    }
    places = {os.path.join(action._task.args["dest"], path): path for path in sorted(paths)}
    free = [place for place, path in places.items() if path not in sensitive]
    was_secret = {places[place] for place in _was_secret(action, free, "", task_vars)}
    if sensitive:
        _remember(action, {place: True for place, path in places.items() if path in sensitive}, "", task_vars)
    copy = _copy_action(action, COPY_TREE_OPTIONS, src=os.path.join(directory, ""), **arguments)
    differences = []
    original = copy._get_diff_data

    def difference(destination: str, rendered: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        path = os.path.relpath(rendered, directory)
        label = shown_path(os.path.join(source, path))
        if path in sensitive:
            differences.append(_not_shown(label, sensitive[path]))
        elif path in was_secret:
            differences.append(_not_shown(label, ()))
        else:
            differences.append(original(destination, rendered, *arguments, **options) | {"after_header": label})
        return {}

    # copy itself does not return the differences when there is more than one file.
    copy._get_diff_data = difference
    result = _run(copy, action, task_vars) | {"diff": differences}
    if action._task.diff:
        free = [place for place in free if places[place] in was_secret]
    if free and result.get("changed") and not result.get("failed"):
        _remember(action, dict.fromkeys(free, False), "", task_vars)
    return result


@contextmanager
def temporary_directory() -> Iterator[str]:
    """A directory of the controller that only its user can read, gone afterwards."""
    directory = os.path.realpath(tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _copy_action(action: ActionBase, options: Mapping[str, dict[str, Any]], **arguments: object) -> ActionBase:
    """copy's action with those of the task's options that are copy's."""
    names = {*options, *(alias for option in options.values() for alias in option.get("aliases", ()))}
    given = {name: value for name, value in action._task.args.items() if name in names}
    # What is encrypted was decrypted before; a result that only looks like it must not be.
    given.update(arguments, dest=action._task.args["dest"], decrypt=False)
    # ansible.legacy lets a project's own copy stand in, as it does for ansible.builtin.template.
    return other_action(action, "ansible.legacy.copy", given)


def _run(copy: ActionBase, action: ActionBase, task_vars: dict[str, Any]) -> dict[str, Any]:
    try:
        return copy.run(task_vars=task_vars)
    finally:
        action._remove_tmp_path(action._connection._shell.tmpdir)


def _was_secret(action: ActionBase, paths: Sequence[str], name: str, task_vars: dict[str, Any]) -> list[str]:
    """Those of the paths on the host that a secret had been written to; asked only where a difference is shown."""
    if not action._task.diff or not paths:
        return []
    return _ask_host(action, dict.fromkeys(paths), name, task_vars)


def _remember(action: ActionBase, files: Mapping[str, bool], name: str, task_vars: dict[str, Any]) -> None:
    """Have the host remember which files a secret goes into; in check mode nothing is written."""
    if not action._task.check_mode:
        _ask_host(action, files, name, task_vars)


def _ask_host(action: ActionBase, files: Mapping[str, bool | None], name: str, task_vars: dict[str, Any]) -> list[str]:
    masked = action._masked_on_the_host
    try:
        answer = action._execute_module(
            module_name="elk.deploy.secret_files",
            module_args={"files": dict(files), "source_name": name},
            task_vars=task_vars,
        )
    finally:
        # This is not what the action returns.
        action._masked_on_the_host = masked
        action._remove_tmp_path(action._connection._shell.tmpdir)
    if answer.get("failed") or "secret" not in answer:
        raise AnsibleActionFail(failure(answer) or f"{', '.join(files)}: the host did not say what is secret there")
    return answer["secret"]


def _not_shown(label: str, sensitive: Sequence[str]) -> dict[str, str]:
    if not sensitive:
        return {"prepared": f"Not shown: {label}: what is there now has secrets\n"}
    return {"prepared": f"Not shown: {label} uses sensitive values: {', '.join(sensitive)}\n"}
