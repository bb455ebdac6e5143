"""What the actions share that make a file's content on the controller and leave the rest to ansible.builtin.copy."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own convention
from ansible.plugins.action import ActionBase

from .octopus import shown_path

COPY_OPTIONS = (
    "owner", "group", "mode", "backup", "force", "validate", "follow", "unsafe_writes", "attributes",
    "seuser", "serole", "setype", "selevel",
)  # fmt: skip


def copy_rendered(
    action: ActionBase, source: str, content: bytes, sensitive: Sequence[str], task_vars: dict[str, Any]
) -> dict[str, Any]:
    """Run copy's action with ``content``, so that check mode, diff and idempotence are copy's.

    ``source`` is the file that the content was made from. The difference is not shown when ``sensitive`` names
    anything: the names of the variables with secret values that went into the content.
    """
    task = action._task.copy()
    task.args = {name: value for name, value in action._task.args.items() if name in COPY_OPTIONS}
    if task.args.get("mode") == "preserve":
        task.args["mode"] = f"0{stat.S_IMODE(os.stat(source).st_mode):o}"
    show_diff = bool(action._task.diff)
    if sensitive:
        task.diff = False
    directory = tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)
    try:
        rendered = os.path.join(directory, os.path.basename(source))
        with open(rendered, "wb") as stream:
            stream.write(content)
        task.args.update(src=rendered, dest=action._task.args["dest"])
        # ansible.legacy lets a project's own copy stand in, as it does for ansible.builtin.template.
        copy = action._shared_loader_obj.action_loader.get(
            "ansible.legacy.copy",
            task=task,
            connection=action._connection,
            play_context=action._play_context,
            loader=action._loader,
            templar=action._templar,
            shared_loader_obj=action._shared_loader_obj,
        )
        result = copy.run(task_vars=task_vars)
    finally:
        shutil.rmtree(directory)
        action._remove_tmp_path(action._connection._shell.tmpdir)
    if sensitive and show_diff and result.get("changed"):
        result["diff"] = {
            "prepared": f"Not shown: {shown_path(source)} uses sensitive values: {', '.join(sensitive)}\n"
        }
    return result
