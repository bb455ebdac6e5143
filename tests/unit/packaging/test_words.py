"""Names follow the rules in CONTRIBUTING.md: tasks, and the classes of errors."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
VERB_RULE = re.compile(r"begins with one of these verbs: ([\w,\s]+)\.")
VERBS = set(re.findall(r"\w+", VERB_RULE.search((ROOT / "CONTRIBUTING.md").read_text())[1]))
BLOCKS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks")
SOURCES = [
    path for folder in ("plugins", "lambda", "roles") for path in (ROOT / folder).rglob("*.py") if not path.is_symlink()
]


def names(tasks: list) -> list[str]:
    found = [task["name"] for task in tasks if "name" in task]
    for task in tasks:
        for part in BLOCKS:
            found += names(task.get(part) or [])
    return found


def names_in(folder: Path) -> list[str]:
    return [name for path in sorted(folder.rglob("*.yml")) for name in names(yaml.safe_load(path.read_text()) or [])]


@pytest.mark.parametrize("role", ROLES)
def test_a_task_name_is_unique_in_its_role(role):
    assert [name for name, number in Counter(names_in(ROOT / f"roles/{role}/tasks")).items() if number > 1] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_task_name_begins_with_a_verb(role):
    assert [name for name in names_in(ROOT / f"roles/{role}/tasks") if name.split()[0] not in VERBS] == []


def test_a_name_in_a_playbook_begins_with_a_verb():
    plays = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "playbooks").glob("*.yml"))]
    assert [name for play in plays for name in names(play) if name.split()[0] not in VERBS] == []


def test_classes_of_errors_have_distinct_names():
    trees = [ast.parse(path.read_text()) for path in SOURCES]
    found = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name, number in Counter(found).items() if number > 1 and name.endswith("Error")] == []
