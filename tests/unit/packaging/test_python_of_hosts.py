"""What runs on hosts runs on Python 3.9, the oldest that they have: Debian 11, and the Red Hat family's release 9."""

import ast
import importlib
import re
import re._constants
import re._parser
from pathlib import Path

import pytest

OLDEST = (3, 9)
MODULE_UTILS = Path(__file__).parents[3] / "plugins/module_utils"
OF_HOSTS = sorted(MODULE_UTILS.rglob("*.py"))
# Of 3.11.
TOO_NEW = {re._constants.POSSESSIVE_REPEAT, re._constants.ATOMIC_GROUP}


@pytest.mark.parametrize("file", OF_HOSTS, ids=lambda file: str(file.relative_to(MODULE_UTILS)))
def test_python_of_hosts_reads_it(file):
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=OLDEST)
    name = ".".join(file.relative_to(MODULE_UTILS).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(f"ansible_collections.elk.deploy.plugins.module_utils.{name}")
    expressions = {key: found for key, found in vars(module).items() if isinstance(found, re.Pattern)}

    assert [key for key, found in expressions.items() if is_too_new(found)] == []
    assert [ast.unparse(call) for call in ast.walk(tree) if isinstance(call, ast.Call) and has_slots(call)] == []
    assert [ast.unparse(union) for union in unions_at_run_time(tree)] == []


def test_modules_import_nothing_that_only_the_control_node_has():
    modules = [*MODULE_UTILS.rglob("*.py"), *(MODULE_UTILS.parent / "modules").glob("*.py")]
    assert [file.name for file in modules if "plugins.plugin_utils" in file.read_text(encoding="utf-8")] == []


def is_too_new(expression):
    return any(op in TOO_NEW for op in operators(re._parser.parse(expression.pattern, expression.flags)))


def operators(parsed):
    """Those of a parsed expression and of all that is in it."""
    if isinstance(parsed, re._parser.SubPattern | list | tuple):
        for item in parsed:
            yield from operators(item)
    elif isinstance(parsed, re._constants._NamedIntConstant):
        yield parsed


def has_slots(call):
    """``dataclass(slots=True)``"""
    return ast.unparse(call.func) == "dataclass" and any(keyword.arg == "slots" for keyword in call.keywords)


def unions_at_run_time(tree):
    """``X | None`` and the like where it is evaluated: in no annotation."""
    places = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    annotations = {id(inner) for place in places if place for inner in ast.walk(place)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and id(node) not in annotations:
            sides = [ast.unparse(side) for side in (node.left, node.right)]
            if {"None", "str", "int", "bytes", "Path", "list", "dict", "tuple"} & set(sides):
                yield node
