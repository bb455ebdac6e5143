"""The calls of AWS that playbooks make: recorded by aws_calls/sitecustomize.py, compared with those that are known.

tests/unit/least_privilege/deployer_calls.jsonl has those of a whole deployment. The deployer's policy is held against
it.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KNOWN = ROOT / "tests/unit/least_privilege/deployer_calls.jsonl"
RECORDER = Path(__file__).parent / "aws_calls"

Call = dict[str, Any]


def environment(calls: Path) -> dict[str, str]:
    """What a process needs in its environment to have its calls recorded in a file."""
    before = os.environ.get("PYTHONPATH")
    return {"ELK_AWS_CALLS": str(calls), "PYTHONPATH": os.pathsep.join(filter(None, [str(RECORDER), before]))}


def read(path: Path) -> list[Call]:
    """The calls of a file, in their order; none if there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def operations(calls: Iterable[Mapping[str, Any]]) -> set[str]:
    """The operations of calls, as ``s3:HeadBucket``, by botocore's names."""
    return {f"{one['service']}:{one['operation']}" for one in calls}


# What is another one in each run.
_RANDOM = (
    (r"elk-deploy-[0-9a-f]{16}", "elk-deploy-ID"),
    (r"((?:changeSet|stack)/[^/]+)/.+", r"\1/ID"),
    (r"[0-9a-f]{64}", "SHA256"),
    (r"(cloudformation/[^/]+)/.+\.template", r"\1/SHA256.template"),
    (r"verify-[a-z0-9]{12}", "verify-ID"),
    (r"(:drill-.*|^drill-.*)-[0-9a-f]{6,}$", r"\1-ID"),
    (r"^https?://[^/]+/", "https://sqs/"),
)


def _without_ids(name: str, value: Any) -> Any:
    if name == "VersionId":
        return "ID"
    if isinstance(value, list):
        return [_without_ids(name, one) for one in value]
    for pattern, replacement in _RANDOM:
        value = re.sub(pattern, replacement, value)
    return value


def write_known(calls: Iterable[Call]) -> None:
    """Replaces the known calls by these, each once, without what is another one in each run."""
    lines = {json.dumps({name: _without_ids(name, one[name]) for name in sorted(one)}) for one in calls}
    KNOWN.write_text("".join(f"{line}\n" for line in sorted(lines)))
