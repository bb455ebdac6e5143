"""What a changed path.data, path.queue or path.dead_letter_queue would leave behind, and how it is moved."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import data_move, environment, settings_lines, stored_data, untrusted_paths

KINDS = ("queue", "dead_letter_queue", "data")
WITH_HOME = (*KINDS, "home")
NAMES = {"home": "the service's HOME"}
SHOWN = 10
# What path.data holds wherever a Logstash has run.
MADE_AT_START = ("uuid", ".lock")


def read_paths(settings: str, paths: Mapping[str, str] | None, user: str) -> dict[str, str]:
    """The paths, from a settings file or as they are given; none when the file is missing or names none."""
    found = paths or {
        **default_data(settings, user),
        **settings_lines.read_paths(settings),
        **read_home(settings, user),
    }
    return {kind: os.path.normpath(found[kind]) for kind in WITH_HOME if kind in found}


def default_data(settings: str, user: str) -> dict[str, str]:
    """The paths of settings that name none: below the program, in the user's home, where there is such data."""
    try:
        data = os.path.join(pwd.getpwnam(user).pw_dir, "data")
    except KeyError:
        return {}
    if not os.path.exists(settings) or not is_data(data):
        return {}
    if "data" in settings_lines.read_paths(settings):
        return {}
    return {"data": data, **{kind: os.path.join(data, kind) for kind in ("queue", "dead_letter_queue")}}


def is_data(path: str) -> bool:
    """Whether a Logstash has run with a directory as its path.data."""
    try:
        with untrusted_paths.open_directory(path) as folder:
            return any(folder.find(name) for name in MADE_AT_START)
    except FileNotFoundError:
        return False


def read_home(settings: str, user: str) -> dict[str, str]:
    """{home: path} of a service with these settings; nothing where there are none, or no such user."""
    if not os.path.exists(settings):
        return {}
    own = environment.read([os.path.join(os.path.dirname(settings), "environment")]).get("HOME")
    try:
        return {"home": own or pwd.getpwnam(user).pw_dir}
    except KeyError:
        return {}


def changed_kinds(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The parts whose path changed, seen through links. A HOME in path.data changes with that."""
    both = [kind for kind in WITH_HOME if kind in old and kind in new]
    real = {kind: (os.path.realpath(old[kind]), os.path.realpath(new[kind])) for kind in both}
    kinds = [kind for kind, (before, after) in real.items() if before != after]
    if "home" in kinds and "data" in kinds and real["home"][0] == real["data"][0]:
        kinds.remove("home")
    return kinds


def left_queues(settings: str, queues: Iterable[str], moved: str) -> list[str]:
    """Warnings of unread events in queues of ``settings`` that are none of ``queues``, which are read from now on.

    Those below ``moved`` are looked after.
    """
    wanted = {os.path.realpath(queue) for queue in queues}
    found = []
    for queue in settings_lines.read_queues(settings):
        if os.path.realpath(queue) in wanted or os.path.dirname(queue) == moved:
            continue
        stored = stored_data.read_queue(queue)
        if stored and stored.unread_events != 0:
            found.append(
                f"No pipeline reads {stored} any more. It stays where it is. Restore the pipeline, with its id, its "
                "path.queue and queue.type persisted, until they are read; or remove the directory."
            )
    return found


@dataclass(frozen=True)
class Look:
    """What a change of paths would leave behind.

    ``old`` and ``new`` are paths by kind, ``kinds`` those that change, ``stored`` what is found at the old ones.
    """

    old: dict[str, str]
    new: dict[str, str]
    kinds: list[str]
    stored: list[stored_data.Stored]
    warnings: list[str]

    def where(self) -> str:
        """The changed paths."""
        return ", ".join(f"{NAMES.get(kind, kind)} from {self.old[kind]} to {self.new[kind]}" for kind in self.kinds)

    def what(self) -> str:
        """What is at the old ones, bounded."""
        more = f"; and {len(self.stored) - SHOWN} more" if len(self.stored) > SHOWN else ""
        return "; ".join(str(stored) for stored in self.stored[:SHOWN]) + more

    def fault(self) -> str:
        """What to say where nothing may be left behind."""
        return (
            f"A path changes ({self.where()}), and Logstash would no longer read: {self.what()}. Set "
            "logstash_old_data to move to move it while the service is stopped, or to leave if it is not needed."
        )

    def notice(self, handling: str) -> str:
        """What to say where it is left, or to be moved later."""
        if handling == "leave":
            where, what = self.where(), self.what()
            return f"A path changes ({where}); as logstash_old_data is leave, this stays where it is: {what}."
        moved = "this will be moved once the new settings have passed their test"
        return f"A path changes ({self.where()}); {moved}: {self.what()}."


def look(params: Mapping[str, Any]) -> Look:
    """What is to be said of ``params``, the options of the module logstash_old_data. Raises OSError."""
    old = read_paths(params["from_settings"] or "", params["from_paths"], params["user"])
    new = read_paths(params["to_settings"] or "", params["to_paths"], params["user"])
    kinds = changed_kinds(old, new)
    warnings = []
    if params["to_queues"] is not None:
        moved = old["queue"] if "queue" in kinds else ""
        warnings = left_queues(params["from_settings"] or "", params["to_queues"], moved)
    return Look(old, new, kinds, stored_data.find_stored(old, kinds), warnings)


def find_names(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """What of one part moves, as paths below it: all of a directory, or of a HOME the positions."""
    if kind == "home":
        return [found.name for found in stored_data.find_positions(old["home"])]
    everywhere = {paths[other] for paths in (old, new) for other in KINDS if other in paths}
    return data_move.find_names(old[kind], everywhere - {old[kind]})


def move_all(old: Mapping[str, str], new: Mapping[str, str], kinds: Iterable[str], user: str = "logstash") -> None:
    """Moves the parts. Raises MoveError and OSError."""
    with contextlib.ExitStack() as held:
        moves: list[data_move.Move] = []
        for kind in kinds:
            names = find_names(kind, old, new)
            if not names:
                continue
            owner = None
            if kind == "home":
                # Whoever ran Logstash before: a position that cannot be written to is read from for ever.
                account = pwd.getpwnam(user)
                owner = account.pw_uid, account.pw_gid
            moves.append(data_move.Move(old[kind], new[kind], names, owner))
            held.callback(moves[-1].close)
        data_move.check(moves)
        for move in moves:
            move.carry_out()
