"""A wrong value of any variable of any role, by any entry point, ends with its name, its value and what is expected."""

import json
import re

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.plugin_utils.role_arguments import expected, faults
from ansible_process import ROOT
from role_specs import ENTRIES, ROLES, SPECS, WRONG, is_hidden


def never(_value):
    return False


def told(options, values):
    return list(faults(options, values, never))


def wrapped(path, value):
    """A value at a place of nested options, with what is required beside it."""
    name, *rest = path
    return {name: wrapped(rest, value) if rest else value}


def every_option(options, place=()):
    """(place, spec, whether something is hidden there) of the options and of all that are nested in them."""
    for name, spec in options.items():
        yield (*place, name), spec
        yield from every_option(spec.get("options", {}), (*place, name))


def value_at(options, place, value):
    """The variable with the value at that place, and what the message calls it."""
    spec, name = options[place[0]], place[0]
    if len(place) == 1:
        return value, name
    inner, shown = value_at(spec["options"], place[1:], value)
    filled = {key: good(option) for key, option in spec["options"].items() if option.get("required")}
    entry = {**filled, place[1]: inner}
    return ([entry], f"{name}[0].{shown}") if spec["type"] == "list" else (entry, f"{name}.{shown}")


def good(spec):
    return (
        spec["choices"][0]
        if "choices" in spec
        else {"str": "a", "path": "/a", "int": 1, "list": [], "dict": {}}[spec["type"]]
    )


def cases(options):
    """(variable, its whole value, the place, the wrong value, its spec) of everything that can be wrong."""
    for place, spec in every_option(options):
        # Of a raw one, the checks that a spec cannot express say what is wrong.
        wrong = list(WRONG.get(spec["type"], ()))
        if None in wrong and len(place) > 1 and not spec.get("required") and spec.get("default") is None:
            wrong.remove(None)
        if "choices" in spec:
            wrong = [*wrong, "mvoe" if spec["type"] == "str" else 987654]
        for value in wrong:
            whole, shown = value_at(options, place, value)
            yield place[0], whole, shown, value, spec
        if spec["type"] == "list":
            element = {**spec, "type": spec["elements"]}
            whole, shown = value_at(options, place, [WRONG[spec["elements"]][0]])
            yield place[0], whole, f"{shown}[0]", WRONG[spec["elements"]][0], element
        if "options" in spec:
            whole, shown = value_at(options, place, [{"misspelt": 1}] if spec["type"] == "list" else {"misspelt": 1})
            yield place[0], whole, f"{shown}[0]" if spec["type"] == "list" else shown, "misspelt", None


@pytest.mark.parametrize(("role", "entry"), ENTRIES)
def test_every_wrong_value_of_every_variable_is_told(role, entry):
    options = SPECS[role][entry]["options"]
    count = 0
    for name, whole, shown, value, spec in cases(options):
        found = told({name: options[name]}, {name: whole})
        assert found, f"{name}: {whole} passes"
        if spec is None:
            assert any(text.startswith(f"{shown} has 'misspelt'; expected only ") for text in found), found
            continue
        seen = "null" if value is None else "(not shown)" if is_hidden(spec) else json.dumps(value)
        assert any(text.startswith(f"{shown} is {seen}; expected {expected(spec)}. Correct it") for text in found), (
            found
        )
        count += 1
    assert count >= 3 * len([spec for spec in options.values() if spec["type"] in WRONG])


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_what_the_command_line_makes_of_values_pass(role):
    for name, spec in SPECS[role]["main"]["options"].items():
        values = [spec["default"]] if "default" in spec and "{{" not in str(spec["default"]) else []
        values += {"int": ["12"], "bool": ["false", "yes", True], "str": [4, 1.5, "x"]}.get(spec["type"], [])
        if "choices" in spec:
            values = [*spec["choices"], *map(str, spec["choices"])]
        assert [text for value in values for text in told({name: spec}, {name: value})] == []


def test_secrets_are_not_shown_and_long_values_are_cut():
    options = {"a": {"type": "int"}, "b": {"type": "list", "elements": "dict", "options": {"c": {"no_log": True}}}}
    assert "hunter2" not in "".join(
        faults(options, {"a": ["hunter2"], "b": "hunter2"}, lambda value: value == "hunter2")
    )
    assert "hunter2" not in "".join(told(options, {"a": 1, "b": ["hunter2"]}))
    assert "hunter2" not in "".join(told(options, {"a": 1, "b": [{"c": ["hunter2"]}]}))
    assert len(told(options, {"a": "x" * 5000})[0]) < 400


def test_a_text_for_a_list_says_how_the_command_line_takes_one():
    assert "write -e '{\"a\": ...}'" in told({"a": {"type": "list", "elements": "str"}}, {"a": "x"})[0]


def included_roles(tasks):
    """The arguments of each task of include_role and import_role, also in blocks."""
    for task in tasks:
        for kind in ("include_role", "import_role"):
            if f"ansible.builtin.{kind}" in task:
                yield task[f"ansible.builtin.{kind}"]
        for part in ("block", "rescue", "always"):
            yield from included_roles(task.get(part, []))


def test_what_playbooks_enter_and_what_is_documented_has_specs():
    used = {("logstash", "main")}
    for path in (ROOT / "playbooks").glob("*.yml"):
        for play in yaml.safe_load(path.read_text()):
            assert "roles" not in play, f"{path.name}: use import_role, which can leave the check to the role"
            for part in ("pre_tasks", "tasks", "post_tasks"):
                used |= {
                    (role["name"].removeprefix("elk.deploy."), role.get("tasks_from", "main"))
                    for role in included_roles(play.get(part, []))
                }
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md")):
        used |= {
            ("logstash" if (ROOT / f"roles/logstash/tasks/{name}.yml").exists() else path.stem, name)
            for name in re.findall(r"tasks_from: (\w+)", path.read_text())
        }
    assert used <= set(ENTRIES)


@pytest.mark.parametrize(("role", "entry"), ENTRIES)
def test_every_entry_point_begins_with_the_check_of_its_specs(role, entry):
    tasks = yaml.safe_load((ROOT / f"roles/{role}/tasks/{entry}.yml").read_text())
    if "elk.deploy.logstash_platform" in tasks[0]:  # in place of gathering facts, which comes before a role as well
        del tasks[0]
    file = tasks[0].get("ansible.builtin.import_tasks") or tasks[0].get("ansible.builtin.include_tasks", {}).get("file")
    if file:
        entry = file.removesuffix(".yml")
        assert SPECS[role][entry]["options"] == SPECS[role]["main"]["options"]
        assert "always" in tasks[0]["tags"]
        tasks = yaml.safe_load((ROOT / f"roles/{role}/tasks/{entry}.yml").read_text())
    # The plan, and the rendering of the settings, begin with the same check.
    checks = ("logstash_plan", "logstash_settings", "logstash_monitor_settings", "role_arguments")
    [arguments] = [tasks[0][f"elk.deploy.{name}"] for name in checks if f"elk.deploy.{name}" in tasks[0]]
    assert (arguments["role_path"], arguments["entry"]) == ("{{ role_path }}", entry)


ATTACKS = ['"', "'", "\n", "\r", "\0", "\t", "\\", "\x85", "\u2028"]


def places(options, above=()):
    """Each text of a role with its place, as a path through lists and mappings, and its spec."""
    for name, spec in options.items():
        here = (*above, name)
        kind = spec.get("elements") if spec.get("type") == "list" else spec.get("type", "str")
        if kind in ("str", "path") and not spec.get("choices"):
            yield here, spec
        yield from places(spec.get("options") or {}, here)


def around(options, place, value):
    """``value`` at a place, in the lists and mappings around it."""
    name, *rest = place
    spec = options[name]
    inner = around(spec["options"], rest, value) if rest else value
    return {name: [inner] if spec.get("type") == "list" else inner}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("role", ROLES)
def test_no_text_has_control_characters_and_no_path_or_address_quotes(role, attack):
    """What is written into a unit or a repository file must not begin another line there, nor end a quoted text."""
    options = SPECS[role]["main"]["options"]
    for place, spec in places(options):
        is_path = "path" in (spec.get("type"), spec.get("elements"))
        is_address = re.search(r"_(repository_url|key_url|host|endpoint_url)$", place[-1])
        if spec.get("no_log") or (attack in "\"'\\" and not is_path and not is_address):
            continue
        found = told(options, around(options, place, f"/srv/a{attack}b"))
        assert any(place[-1] in text and " in it; expected " in text for text in found), place


@pytest.mark.parametrize("literal", ["%n", "$X", " "])
def test_what_is_escaped_where_it_is_written_passes(literal):
    options = SPECS["logstash"]["main"]["options"]
    assert told(options, {"logstash_path_data": f"/srv/a{literal}b", "logstash_write_paths": [f"/srv/{literal}"]}) == []
