"""Every variable of every role is described, in its argument_specs and beside its default, and the two agree."""

import re
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def entries(role):
    return yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]


def default_files(role):
    return sorted((ROOT / f"roles/{role}/defaults").rglob("*.yml"))


def every_option(options, place=""):
    """(place, spec) of the options and of all that are nested in them."""
    for name, spec in options.items():
        yield f"{place}{name}", spec
        yield from every_option(spec.get("options", {}), f"{place}{name}.")


def blocks(path):
    """The parts of a file of defaults between empty lines, each with its defaults: (text, {name: value})."""
    for text in path.read_text().removeprefix("---\n").split("\n\n"):
        yield text, yaml.safe_load(text) or {}


def examples(role):
    """(variable, value) of what the comments of the defaults show as an example."""
    for path in default_files(role):
        for text, defaults in blocks(path):
            for name in defaults:
                for match in re.finditer(rf"(?m)^# {name}:.*(?:\n#  .*)*", text):
                    yield name, yaml.safe_load(re.sub(r"(?m)^# ", "", match[0]))[name]


@pytest.mark.parametrize("role", ROLES)
def test_specs_and_defaults_agree(role):
    defaults = {}
    for path in default_files(role):
        defaults |= yaml.safe_load(path.read_text()) or {}
    options = entries(role)["main"]["options"]
    assert {name: spec.get("default") for name, spec in options.items() if not spec.get("required")} == defaults


@pytest.mark.parametrize("role", ROLES)
def test_every_option_says_what_it_is(role):
    """Also those that are nested: what is in a list of pipelines is as much an interface as the list is."""
    wrong = []
    for entry, spec in entries(role).items():
        for name, option in every_option(spec.get("options", {})):
            lacks = [key for key in ("description", "type") if not option.get(key)]
            if option.get("type") == "list" and "elements" not in option:
                lacks.append("elements")
            wrong += [f"{entry}: {name} has no {key}" for key in lacks]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_default_has_a_comment_that_says_what_it_changes(role):
    wrong = [
        f"{path.name}: {name}"
        for path in default_files(role)
        for text, defaults in blocks(path)
        for name in defaults
        if not text.startswith("# ")
    ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_empty_default_has_an_example(role):
    shown = {name for name, _ in examples(role)}
    empty = {
        name
        for path in default_files(role)
        for name, value in (yaml.safe_load(path.read_text()) or {}).items()
        if value in ("", [], {}, None)
    }
    assert sorted(empty - shown) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_example_is_what_the_specs_accept(role):
    options = entries(role)["main"]["options"]
    wrong = []
    for name, value in examples(role):
        result = ArgumentSpecValidator({name: options.get(name, {})}).validate({name: value})
        wrong += [f"{name}: {message}" for message in result.error_messages]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_what_the_specs_accept(role):
    wrong = []
    for name, spec in entries(role)["main"]["options"].items():
        default = spec.get("default")
        if isinstance(default, str) and "{{" in default:
            continue
        result = ArgumentSpecValidator({name: spec}).validate({} if default is None else {name: default})
        wrong += [] if spec.get("required") else result.error_messages
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_role_has_a_readme_that_leads_to_its_variables(role):
    assert f"docs/reference/{role}.md" in (ROOT / f"roles/{role}/README.md").read_text()


# What is defined is used, and the other way round


def texts():
    """{path: text without comments} of everything in which variables of roles and playbooks are defined and used."""
    folders = [ROOT / "playbooks", *(ROOT / f"roles/{role}" for role in ROLES)]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".yml", ".j2")]
    # What a role brings for others to read, such as CloudFormation, has no variables of Ansible's.
    files = [path for path in files if path.parent.name != "files"]
    # These read the variables of the roles logstash and logstash_monitor themselves.
    files += [
        ROOT / "plugins" / name
        for name in (
            *("action/logstash_plan.py", "action/logstash_settings.py"),
            *("plugin_utils/logstash/inputs.py", "plugin_utils/logstash/plan.py"),
            "plugin_utils/monitor_settings.py",
        )
    ]
    return {
        path: re.sub(r"(?m)^ *#.*$", "", path.read_text())
        for path in files
        if path.name not in ("argument_specs.yml", "main.yml") or path.parent.name != "meta"
    }


def mappings(value, key):
    """The mappings that stand at a key anywhere in a document."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key and isinstance(item, dict):
                yield item
            yield from mappings(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from mappings(item, key)


def defined():
    """{variable: where} of defaults, vars, tasks' vars, registered results and facts."""
    found = {}
    for path, text in texts().items():
        if path.suffix != ".yml":
            continue
        document = yaml.safe_load(text) or []
        names = set(re.findall(r"(?m)^ *register: (\w+)", text))
        if isinstance(document, dict):
            names |= document.keys()
        for key in ("vars", "ansible.builtin.set_fact"):
            names |= {name for mapping in mappings(document, key) for name in mapping}
        found |= dict.fromkeys(names, path)
    return found


def uses(name, text):
    """How often a variable is read in a text."""
    return len(re.findall(rf"\b{name}\b", text)) - len(re.findall(rf"(?m)^ *register: {name}$|^[ -]*{name}:", text))


def test_every_variable_is_used():
    everything = "\n".join(texts().values())
    unused = {name: str(path.relative_to(ROOT)) for name, path in defined().items() if uses(name, everything) < 1}
    assert unused == {}
    options = set().union(*(spec.get("options", {}) for role in ROLES for spec in entries(role).values()))
    assert [name for name in options if uses(name, everything) < 1] == []


def test_every_internal_variable_that_is_used_is_set_somewhere():
    """A default for what nobody sets hides that it is gone."""
    everything = "\n".join(texts().values())
    names = set(re.findall(rf"\b__?(?:{'|'.join(ROLES)})_\w+", everything))
    assert sorted(names - defined().keys()) == []


def test_meta_of_the_roles_agrees_with_what_the_collection_needs_and_what_the_role_can_do():
    needed = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"]
    for role in ROLES:
        info = yaml.safe_load((ROOT / f"roles/{role}/meta/main.yml").read_text())["galaxy_info"]
        assert needed == f">={info['min_ansible_version']}.0", role
    managers = yaml.safe_load((ROOT / "roles/logstash/vars/main/install.yml").read_text())["_logstash_repositories"]
    platforms = yaml.safe_load((ROOT / "roles/logstash/meta/main.yml").read_text())["galaxy_info"]["platforms"]
    families = {"apt": {"Debian", "Ubuntu"}, "dnf": {"EL"}}
    assert {platform["name"] for platform in platforms} == set().union(*(families[name] for name in managers))
