"""Variable files: values as they are written, and a message for each fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.octopus import VariableFileError, evaluate
from ansible_collections.elk.deploy.plugins.module_utils.octopus.host import Host, host_variables
from ansible_collections.elk.deploy.plugins.module_utils.octopus.loader import load_catalog, load_file, parse_entries

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0600", "0600"),
        ("8080", "8080"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("yes", "yes"),
        ("True", "True"),
        ("2026-01-02", "2026-01-02"),
        ("12:30:45", "12:30:45"),
        ('"quoted: #{X}"', "quoted: #{X}"),
        ("'null'", "null"),
        ("plain:#{X}", "plain:#{X}"),
        ("plain # comment", "plain"),
        ("'{{ not jinja }}'", "{{ not jinja }}"),
        ("null", None),
        ("~", None),
        ("", None),
        ('""', ""),
        ("|\n    two\n    lines", "two\nlines\n"),
    ],
)
def test_values_arrive_as_written(written: str, value: str | None) -> None:
    assert parse_entries(f"- name: V\n  value: {written}\n", "f.yml")[0].value == value


@pytest.mark.parametrize("text", ["", "---\n", "[]", "variables:\n", "variables: []"])
def test_empty_files_are_fine(text: str) -> None:
    assert parse_entries(text, "f.yml") == ()


def test_entry_with_everything() -> None:
    text = """---
variables:
  - name: Redis[cache].Host
    value: a
    scope: {environment: [staging, ci], machine: web1, role: web}
    sensitive: yes
    description: Where it is
"""
    (entry,) = parse_entries(text, "f.yml")
    assert (entry.name, entry.value, entry.sensitive, entry.description) == (
        "Redis[cache].Host",
        "a",
        True,
        "Where it is",
    )
    assert entry.scope.dimensions == {"environment": ("staging", "ci"), "machine": ("web1",), "role": ("web",)}
    assert entry.place == "f.yml:3"


FAULTS = [
    ("a: 1\nb: 2", "f.yml:1: the file has the unknown key `a`, expected `variables`"),
    ("text", "f.yml:1: found a text, expected a list of variables"),
    ("- A", "f.yml:1: a variable is a text, expected a mapping with `name`"),
    ("- {name: A, value: 1, nmae: x}", "f.yml:1: a variable has the unknown key `nmae`, expected `name`, `value`"),
    ("- {name: A, name: B, value: 1}", "f.yml:1: a variable has the key `name` twice"),
    ("-\n  value: 1", "f.yml:2: an entry has no `name`"),
    ("- {name: A}", "f.yml:1: variable A has no `value`"),
    ("- name: A\n  value: [1, 2]", "f.yml:2: variable A: value is a list, expected text or a number"),
    ("- name: A\n  value: {b: c}", "f.yml:2: variable A: value is a mapping, expected text or a number"),
    (
        "- name: A\n  value: !vault x",
        "f.yml:2: variable A: value is no ciphertext of Ansible Vault; expected `!vault |` and, on the lines below",
    ),
    ("- {name: A, value: 1, scope: staging}", "variable A: scope is a text, expected a mapping with `environment`"),
    ("- {name: A, value: 1, scope: {tenants: x}}", "variable A: scope has the unknown key `tenants`, expected `environment`"),
    ("- {name: A, value: 1, scope: {role: []}}", "variable A: scope role is empty, expected a name or a list of names"),
    (
        "- {name: A, value: 1, scope: {role: [{a: b}]}}",
        "variable A: scope role is a mapping, expected text or a number",
    ),
    ("- {name: A, value: 1, sensitive: maybe}", "variable A: sensitive is 'maybe', expected true or false"),
    (
        "- {name: A, value: 1, scope: {role: [x, y]}}\n- {name: a, value: 2, scope: {role: [Y, x]}}",
        "f.yml:2: variable a with role Y or x is already declared at f.yml:1; remove one",
    ),
    (
        "- name: A\n  value: x #{Y}",
        "f.yml:2: variable A: YAML takes the #{ of its value for a comment; quote the value",
    ),
    ("- name: A\n  value: #{Y}", "f.yml:2: variable A: YAML takes the #{ of its value for a comment"),
    ("- name: A\n  value: 'x", "f.yml:"),
    ("a: 1\n---\nb: 2", "f.yml:2: no valid YAML: but found another document"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_faults(text: str, message: str) -> None:
    with pytest.raises(VariableFileError) as raised:
        parse_entries(text, "f.yml")
    assert message in str(raised.value)


def test_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("- {name: A}\n- {value: 1}\n")
    (tmp_path / "b.yml").write_text("- {name: B, value: secret, valeu: 1}\n")
    with pytest.raises(VariableFileError) as raised:
        load_catalog([str(tmp_path / name) for name in ("a.yml", "b.yml", "none.yml")])
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0].rsplit("/", 1)[1] for line in lines] == ["a.yml", "a.yml", "b.yml", "none.yml"]
    assert lines[3].endswith("none.yml: cannot read this variable file: No such file or directory")
    assert "secret" not in str(raised.value)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("- {name: A, value: 1}\n")
    first = load_file(str(path))
    assert load_file(str(path)) is first
    path.write_text("- {name: A, value: changed}\n")
    assert load_file(str(path))[0].value == "changed"


@pytest.mark.parametrize("environment", ["local", "ci", "staging", "production", "scratch"])
@pytest.mark.parametrize("role", ["brokers", "indexers", "shippers"])
def test_the_toolkits_own_variables_resolve_everywhere(environment: str, role: str) -> None:
    catalog = load_catalog([str(ROOT / "variables" / "elk.yml")])
    inventory = {"LogHost": "broker-1"} if environment == "local" else {}
    host = host_variables(Host("h", environment, groups=(role,)), catalog, inventory)
    assert not host.warnings
    text = "".join(f"{name}=#{{{name}}}\n" for name in host.variables if "[" not in name)
    result = evaluate(text, host.variables)
    assert result.error is None
    local = environment == "local"
    assert f"LogHost={'broker-1' if local else f'logs.{environment}.example.com'}\n" in result.text
    assert ("EventsFile" in host.variables) == local
    assert {"LogPort", "LogHttpPort", "LogTransport", "Component", "Application"} <= set(host.variables)
