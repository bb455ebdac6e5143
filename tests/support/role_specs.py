"""The argument specs of all roles, and values that do not fit them."""

import yaml
from ansible_process import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
SPECS = {
    role: yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]
    for role in ROLES
}
ENTRIES = [(role, entry) for role in ROLES for entry in SPECS[role]]
# Of no form that a type has, but of its neighbour's.
WRONG = {
    "str": [["a"], {"a": 1}, True, None],
    "path": [["/a"], {"a": "/b"}, 5, None],
    "int": ["five", 1.5, [1], True, None, ""],
    "bool": ["maybe", 2, [True], None, ""],
    "list": ["a,b", 5, {"a": 1}, None],
    "dict": ["a=b", ["a"], 5, None],
}


def is_hidden(spec):
    return bool(spec.get("no_log")) or any(is_hidden(nested) for nested in spec.get("options", {}).values())
