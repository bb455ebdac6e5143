"""What a verification of an environment has found: the checks of each host, as a table and as a JUnit file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

RESULTS = ("passed", "failed", "skipped")
# What XML 1.0 has no character for.
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Longer details are cut in the table; the JUnit file has them whole.
SHOWN = 300


@dataclass(frozen=True)
class Check:
    """One check: its name, one of RESULTS, and a sentence."""

    name: str
    result: str
    detail: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Check:
        """From what a module returns. Raises ValueError for a result that is none."""
        if found.get("result") not in RESULTS:
            raise ValueError(f"a check's result is {found.get('result')!r}; expected {', '.join(RESULTS)}")
        return cls(str(found.get("check", "")), found["result"], str(found.get("detail", "")))


@dataclass(frozen=True)
class Suite:
    """The checks of a host, or of what belongs to no host, and how many seconds they took."""

    name: str
    checks: Sequence[Check] = field(default_factory=tuple)
    seconds: float = 0.0

    def count(self, result: str) -> int:
        """How many checks have a result."""
        return sum(check.result == result for check in self.checks)


def failures(suites: Iterable[Suite]) -> list[str]:
    """Each failed check as `host: check: detail`."""
    return [
        f"{suite.name}: {check.name}: {_shortened(check.detail)}"
        for suite in suites
        for check in suite.checks
        if check.result == "failed"
    ]


def table(suites: Iterable[Suite], width: int = 120, *, colour: bool = False) -> str:
    """A table for each suite: check, result, detail. A detail that is wider than the terminal goes on below."""
    return "\n".join(line for suite in suites for line in _table(suite, width, colour))


def _table(suite: Suite, width: int, colour: bool) -> Iterable[str]:
    names = max([len("CHECK"), *(len(check.name) for check in suite.checks)])
    room = max(width - names - 11, 30)
    yield ""
    yield f"{suite.name}  {', '.join(f'{suite.count(result)} {result}' for result in RESULTS if suite.count(result))}"
    yield f"{'CHECK':{names}}  {'RESULT':7}  DETAIL"
    for check in suite.checks:
        lines = textwrap.wrap(_shortened(check.detail), room, break_long_words=False, break_on_hyphens=False) or [""]
        yield f"{check.name:{names}}  {_coloured(check.result, colour)}  {lines[0]}".rstrip()
        yield from (f"{'':{names}}  {'':7}  {line}" for line in lines[1:])


def _coloured(result: str, colour: bool) -> str:
    text = f"{result:7}"
    return f"\x1b[{ {'passed': 32, 'failed': 31, 'skipped': 33}[result] }m{text}\x1b[0m" if colour else text


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def junit(suites: Sequence[Suite], name: str, time: str) -> bytes:
    """A JUnit file, as Jenkins, GitLab and others read it. ``time`` is ISO without an offset, in UTC."""
    totals = {"tests": sum(len(suite.checks) for suite in suites), **_counts(suites)}
    # The common schema has it for suites only.
    del totals["skipped"]
    root = ElementTree.Element("testsuites", _attributes({"name": name, **totals, "time": _seconds(suites)}))
    for suite in suites:
        own = {"name": suite.name, "tests": len(suite.checks), **_counts([suite])}
        own |= {"time": f"{suite.seconds:.3f}", "timestamp": time, "hostname": suite.name}
        element = ElementTree.SubElement(root, "testsuite", _attributes(own))
        for check in suite.checks:
            # Only the whole host was timed.
            case = {"name": check.name, "classname": f"{name}.{suite.name}", "time": "0.000"}
            of_check = ElementTree.SubElement(element, "testcase", _attributes(case))
            detail = NOT_IN_XML.sub("?", check.detail)
            if check.result == "failed":
                failure = {"message": _shortened(detail), "type": "verification"}
                ElementTree.SubElement(of_check, "failure", _attributes(failure)).text = detail
            elif check.result == "skipped":
                ElementTree.SubElement(of_check, "skipped", _attributes({"message": _shortened(detail)}))
            elif detail:
                ElementTree.SubElement(of_check, "system-out").text = detail
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _counts(suites: Iterable[Suite]) -> dict[str, int]:
    found = list(suites)
    return {
        "failures": sum(suite.count("failed") for suite in found),
        "errors": 0,
        "skipped": sum(suite.count("skipped") for suite in found),
    }


def _seconds(suites: Iterable[Suite]) -> str:
    return f"{sum(suite.seconds for suite in suites):.3f}"


def _attributes(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: NOT_IN_XML.sub("?", str(value)) for name, value in values.items()}


# What a host has, held against what it should have


def check_version(running: str, installed: str, deployed: str, wanted: str) -> Check:
    """Whether one version runs, is installed, has passed the health gate, and is in the inventory."""
    found = {"runs": running, "is installed": installed, "has passed the health gate": deployed}
    wrong = [f"{version or 'none'} {what}" for what, version in found.items() if version != wanted]
    if wrong:
        return Check("version", "failed", f"The inventory has {wanted}, but {', '.join(wrong)}. Deploy again.")
    return Check(
        "version", "passed", f"{wanted} runs, is installed, has passed the health gate, and is in the inventory"
    )


def check_plugins(changes: Sequence[Mapping[str, Any]], wanted: int, interrupted: str) -> Check:
    """Whether the plugins of the inventory are there; ``changes`` as find_changes() returns them."""
    if interrupted:
        return Check(
            "plugins", "failed", "A change of plugins was cut off. Deploy again, which completes or undoes it."
        )
    if changes:
        said = ", ".join(f"{change['name']} {change['why']}" for change in changes)
        return Check("plugins", "failed", f"{said}. Deploy again.")
    said = f"{wanted} of the inventory are installed" if wanted else "the inventory has none beside the bundled ones"
    return Check("plugins", "passed", said)


def check_pipelines(problem: str, pipelines: Sequence[str]) -> Check:
    """Whether all pipelines run and all inputs listen; ``problem`` is what the health check says."""
    if problem:
        return Check("pipelines", "failed", problem)
    return Check("pipelines", "passed", f"{', '.join(pipelines)}: running, and all inputs listen")


def check_alarms(
    expected: Mapping[str, bool], deployed: Iterable[Mapping[str, Any]], waiting: Sequence[str]
) -> list[Check]:
    """Whether each alarm is deployed, enabled, and calls somebody if it is to.

    ``expected`` is {deployed name: whether it has actions}; ``deployed`` as CloudWatch describes them, with the keys of
    its API or of Ansible; ``waiting`` for their metric are not deployed yet.
    """
    there = {_key(alarm, "AlarmName"): alarm for alarm in deployed}
    return [
        *(_check_alarm(name, there.get(name), messenger=messenger) for name, messenger in sorted(expected.items())),
        *(
            Check(f"alarm {name}", "skipped", "its metric has not begun; the next deployment makes it")
            for name in waiting
        ),
    ]


def _check_alarm(name: str, alarm: Mapping[str, Any] | None, *, messenger: bool) -> Check:
    check = f"alarm {name}"
    if alarm is None:
        return Check(check, "failed", "It is not deployed. Deploy again.")
    state, actions = _key(alarm, "StateValue"), _key(alarm, "AlarmActions") or []
    if _key(alarm, "ActionsEnabled") is False:
        return Check(
            check, "failed", "Its actions are disabled, so that nobody hears of it. Enable them, or deploy again."
        )
    if messenger and not actions:
        return Check(check, "failed", "It has no actions, so that nobody hears of it. Deploy again.")
    calls = f"calls {len(actions)}" if messenger else "is part of a composite alarm"
    return Check(check, "passed", f"enabled, {calls}; its state is {state}")


def _key(found: Mapping[str, Any], name: str) -> Any:
    return found.get(name, found.get(re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()))
