"""What differs between releases of Logstash is in tables, and nowhere in a condition."""

import ast
import re
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.filter.logstash_facts import logstash_facts
from ansible_collections.elk.deploy.plugins.module_utils.logstash.versions import NEWEST, parse, parse_or_newest

ROOT = Path(__file__).resolve().parents[3]
# {file: why a version is compared with a number there}
EXCEPTIONS = {"plugins/module_utils/logstash/versions.py": "the table"}
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
NUMBER = re.compile(r"\d+(\.\d+)+")
# Jinja's test for versions, as `x is version('7.10', '>=')`.
TEST = re.compile(r"\bversion(_compare)?\(\s*['\"]?\d|is\s+(not\s+)?version\b")


def numbers_in_conditions(source):
    """The lines of a text of Python that compare something with the numbers of a version."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and any(isinstance(kind, ORDER) for kind in node.ops)
        for side in (node.left, *node.comparators)
        if is_version(constants.get(side.id) if isinstance(side, ast.Name) else side)
    ]


def is_version(node):
    """Whether an expression is a version: two or more whole numbers, or their text."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("parse", "Version") and node.args:
        node = node.args[0]
    if isinstance(node, ast.Tuple):
        return len(node.elts) > 1 and all(
            isinstance(item, ast.Constant) and isinstance(item.value, int) for item in node.elts
        )
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(NUMBER.fullmatch(node.value))


def test_no_condition_has_the_number_of_a_version():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "plugins").rglob("*.py"))
        if str(path.relative_to(ROOT)) not in EXCEPTIONS
        for line in numbers_in_conditions(path.read_text())
    ]
    found += [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("roles", "inventories", "playbooks", "templates")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if TEST.search(line)
    ]
    assert not found, (
        "These compare a version with a number. Add a row to plugins/module_utils/logstash/versions.py, settings.csv "
        "or plugin_settings.csv, and ask for that:\n" + "\n".join(found)
    )


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("version >= (8, 0, 0)", True),
        ("release(version) < (6, 2)", True),
        ("(7, 0, 0) <= version < X", True),
        ("version >= parse('8.0.0')", True),
        ("version >= '8.0'", True),
        ("FIRST = (8, 18)\nversion < FIRST", True),
        ("version >= PIPELINES_YML", False),
        ("code in (8, 12)", False),
        ("length > 40", False),
        ("name == '8.0'", False),
    ],
)
def test_what_counts_as_the_number_of_a_version(line, is_found):
    assert bool(numbers_in_conditions(line)) == is_found


@pytest.mark.parametrize("line", ["when: x is version('7.10', '>=')", "{{ x is not version(y) }}"])
def test_jinjas_test_counts(line):
    assert TEST.search(line)


def test_no_version_has_the_facts_of_the_newest_release_where_that_is_asked_for():
    assert logstash_facts("", or_newest=True) == logstash_facts("9.5.2")
    assert parse_or_newest("latest") == NEWEST > parse("99.9.9")
    assert parse_or_newest("5.6.16-1") == (5, 6, 16)


@pytest.mark.parametrize(("version", "has"), [("7.9.3", False), ("7.10.0", True), ("9.5.2", True)])
def test_facts_have_the_settings_of_the_release(version, has):
    assert ("pipeline.ecs_compatibility" in logstash_facts(version)["settings"]) is has
