"""Action of logstash_soak: looks at the host again and again, and judges on the control node."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.logstash import soak
from ..plugin_utils.masked_action import FACTS, MaskedAction

# The program that judges on hosts judges here where a host has none.
MONITOR = Path(__file__).resolve().parents[2] / "roles/logstash_monitor/files"
OWN_OPTIONS: dict[str, dict[str, Any]] = {
    "seconds": {"type": "int", "default": 0},
    "ready_seconds": {"type": "int", "default": 120},
    "interval": {"type": "int", "default": 10},
    "bad_verdicts": {"type": "list", "elements": "str", "default": list(soak.BAD_VERDICTS)},
}
OF_THE_MODULE: dict[str, dict[str, Any]] = {
    "monitor": {"type": "str", "default": ""},
    "record": {"type": "path"},
    "passed": {"type": "path"},
    "api_user": {"type": "str"},
    "api_password": {"type": "str"},
    "api_ca": {"type": "path"},
}
NOTHING: Mapping[str, Any] = {
    "changed": False,
    "needed": False,
    "bad": "",
    "rollback_to": "",
    "deployed": "",
    "target": "",
    "verdicts": {},
}


def judge_answers(
    looks: Sequence[tuple[float, Mapping[str, Any] | None, str]], pipelines: Collection[str]
) -> list[tuple[str, str, str]]:
    """What the monitor's program says of answers of the node API."""
    if str(MONITOR) not in sys.path:
        sys.path.append(str(MONITOR))
    samples, judge = import_module("logstash_monitor.samples"), import_module("logstash_monitor.judge")
    taken = [
        samples.unreachable(moment, problem) if answer is None else samples.read(answer, moment)
        for moment, answer, problem in looks
    ]
    return [(one.pipeline, one.verdict, one.reason) for one in judge.judge(taken, pipelines)]


class ActionModule(MaskedAction):
    """A connection for each look: none has to stay open for minutes."""

    code = "soak_not_recorded"
    facts = FACTS | {"rollback_to", "deployed", "target", "verdicts"}
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OWN_OPTIONS | OF_THE_MODULE)
        if self._task.check_mode:
            return {**result, **NOTHING, "msg": "A check run has no soak."}
        given = {name: options[name] for name in OF_THE_MODULE if options[name] is not None}
        first = self._look({**given, "look": False}, task_vars)
        record = first["record"]
        if not record or soak.identity(record) == first["passed"]:
            return {**result, **NOTHING, "deployed": soak.named(record), "msg": "What runs has passed its soak before."}
        rollback_to = soak.target_of(record, first["earlier"], first["passed"])
        back = [one for one in first["earlier"] if rollback_to in ("previous", one["release"])]
        result |= {
            "changed": False,
            "needed": True,
            "rollback_to": rollback_to,
            "deployed": soak.named(record),
            "target": soak.named(back[0]) if back else "",
        }
        judgement, watched = self._watch(options, given, record, task_vars)
        result |= {"bad": judgement.bad, "verdicts": dict(judgement.verdicts)}
        if judgement.bad:
            return result | {"msg": f"Bad after {watched} s: {judgement.bad}"}
        self._look({**given, "look": False, "has_passed": soak.identity(record)}, task_vars)
        return result | {"msg": f"{soak.named(record)} was fine for {watched} s."}

    def _watch(
        self, options: Mapping[str, Any], given: dict[str, Any], record: Mapping[str, Any], task_vars: dict[str, Any]
    ) -> tuple[soak.Judgement, int]:
        """How the soak ended, and for how many seconds the host was looked at."""
        pipelines = record["health"]["pipelines"]
        looks: list[soak.Look] = []
        while True:
            found = self._look(given, task_vars)
            looks.append(soak.Look(found["time"], found["answer"], found["problem"]))
            judgement = (
                soak.judge_monitored(looks, options["bad_verdicts"])
                if options["monitor"]
                else soak.judge_unmonitored(looks, pipelines, judge_answers, options["bad_verdicts"])
            )
            watched = looks[-1].time - looks[0].time
            ended = soak.end(judgement, looks[-1].time, watched, options["seconds"], options["ready_seconds"])
            if ended:
                return ended, round(watched)
            time.sleep(options["interval"])

    def _look(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if found.get("failed"):
            raise AnsibleActionFail(str(found.get("msg", found)))
        return found
