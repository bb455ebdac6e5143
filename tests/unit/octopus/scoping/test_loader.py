"""Variable files: values as they are written, and a message for each fault."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import (
    VariableError,
    VariableFileError,
    evaluate,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping import loader
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.entries import parse_entries
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import (
    Host,
    Secrets,
    host_variables,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.loader import load_catalog, load_file
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Entry, Prompt, Scope
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[4]


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
    scope:
      environment: [staging, ci]
      machine: web1
      role: web
      step: Configure
      channel: Stable
      tenant: Acme
      tenant_tag: [Tier/Gold]
      process: [deployment, Reindex]
    sensitive: yes
    prompt: {label: Which, description: "Ask the #{Team}", required: on}
    description: Where it is
"""
    (entry,) = parse_entries(text, "f.yml")
    assert entry == Entry(
        name="Redis[cache].Host",
        value="a",
        scope=Scope(
            {
                "environment": ("staging", "ci"),
                "machine": ("web1",),
                "role": ("web",),
                "step": ("Configure",),
                "channel": ("Stable",),
                "tenant": ("Acme",),
                "tenant_tag": ("Tier/Gold",),
                "process": ("deployment", "Reindex"),
            }
        ),
        sensitive=True,
        description="Where it is",
        file="f.yml",
        line=3,
        prompt=Prompt("Which", "Ask the #{Team}", required=True),
    )
    assert entry.place == "f.yml:3"


@pytest.mark.parametrize(
    ("written", "prompt"),
    [("true", Prompt()), ("{}", Prompt()), ("{required: true}", Prompt(required=True)), ("false", None), ("", None)],
)
def test_prompt(written: str, prompt: Prompt | None) -> None:
    assert parse_entries(f"- name: A\n  value: 1\n  prompt: {written}\n", "f.yml")[0].prompt == prompt


SOURCES = {
    # what is written, value, Ansible variable, encrypted, sensitive
    "text": ("value: a", "a", "", False, False),
    "ciphertext": (
        "value: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    6162\n",
        "$ANSIBLE_VAULT;1.1;AES256\n6162",
        "",
        True,
        True,
    ),
    "ciphertext that is not secret": (
        "value: !vault $ANSIBLE_VAULT;x\n  sensitive: false",
        "$ANSIBLE_VAULT;x",
        "",
        True,
        False,
    ),
    "an Ansible variable": ("value: !ansible a_1", "a_1", "a_1", False, True),
    "an Ansible variable in quotes": ("value: !ansible 'a_1'", "a_1", "a_1", False, True),
    "an Ansible variable that is not secret": ("value: !ansible a\n  sensitive: no", "a", "a", False, False),
}


@pytest.mark.parametrize(("written", "value", "variable", "encrypted", "sensitive"), SOURCES.values(), ids=SOURCES)
def test_where_a_value_comes_from(written: str, value: str, variable: str, encrypted: bool, sensitive: bool) -> None:
    (entry,) = parse_entries(f"- name: A\n  {written}\n", "f.yml")
    assert (entry.ansible_variable, entry.encrypted, entry.sensitive) == (variable, encrypted, sensitive)
    assert entry.value == (None if variable else value)
    assert value not in repr(entry)


def test_entries_of_a_file_of_secrets_are_sensitive_unless_they_say_otherwise() -> None:
    text = "- {name: A, value: 1}\n- {name: B, value: 1, sensitive: false}"
    assert [entry.sensitive for entry in parse_entries(text, "f.yml", sensitive=True)] == [True, False]


def test_entries_know_their_library_set() -> None:
    assert [entry.library for entry in parse_entries("- {name: A, value: 1}", "f.yml", "base")] == ["base"]


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
        "f.yml:2: variable A: value is not ciphertext of Ansible Vault; expected `!vault |` and, on the lines below",
    ),
    ("- {name: A, value: 1, scope: staging}", "variable A: scope is a text, expected a mapping with `environment`"),
    (
        "- {name: A, value: 1, scope: {tenants: x}}",
        "variable A: scope has the unknown key `tenants`, expected `environment`",
    ),
    ("- {name: A, value: 1, scope: {role: []}}", "variable A: scope role is empty, expected a name or a list of names"),
    (
        "- {name: A, value: 1, scope: {role: [{a: b}]}}",
        "variable A: scope role is a mapping, expected text or a number",
    ),
    ("- {name: A, value: 1, sensitive: maybe}", "variable A: sensitive is 'maybe', expected true or false"),
    ("- name: A\n  value: !vault [x]", "f.yml:2: variable A: value is a list, expected text or a number"),
    (
        "- name: A\n  value: !unsafe x",
        "value has the tag !unsafe; expected text, `!vault |` with ciphertext, or `!ansible`",
    ),
    ("- name: A\n  value: !ansible a-b", "f.yml:2: variable A: !ansible is followed by no name of an Ansible variable"),
    ("- name: A\n  value: !ansible", "f.yml:2: variable A: !ansible is followed by no name of an Ansible variable"),
    ("- name: A\n  value: !ansible '{{ x }}'", "f.yml:2: variable A: !ansible is followed by no name"),
    (
        "- {name: A, prompt: maybe}",
        "prompt is 'maybe', expected true or false or a mapping with `label`, `description`, `required`",
    ),
    ("- {name: A, prompt: [x]}", "variable A: prompt is a list, expected text or a number"),
    ("- {name: A, prompt: {lable: x}}", "variable A: prompt has the unknown key `lable`, expected `label`"),
    ("- {name: A, prompt: {required: maybe}}", "variable A: prompt: required is 'maybe', expected true or false"),
    ("- {name: A, prompt: false}", "f.yml:1: variable A has no `value`"),
    (
        "- name: A\n  value: 1\n  scope: {tenant_tag: Gold}",
        "f.yml:3: variable A: scope tenant_tag is 'Gold', expected Set/Tag, such as Region/EU",
    ),
    ("- {name: A, value: 1, scope: {tenant_tag: a/b/c}}", "scope tenant_tag is 'a/b/c', expected Set/Tag"),
    ("- {name: A, value: 1, scope: {tenant_tag: /b}}", "scope tenant_tag is '/b', expected Set/Tag"),
    (
        "- name: A\n  value: 1\n  scope: {channel: x, process: [a, b]}",
        "f.yml:3: variable A: scope channel together with process a or b never matches: a runbook's run has no channel",
    ),
    ("[" * 100_000, "f.yml:1: lists and mappings are nested more than 20 deep"),
    ("- {name: A, value: 1, scope: " + "{a: " * 50_000, "f.yml:1: lists and mappings are nested more than 20 deep"),
    ("- {name: A, value: 1, scope: {role: &role [*role]}}", "scope role is a list, expected text or a number"),
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
    ("- name: é\n  value: a\x01", "f.yml:2: not valid YAML: it holds the character U+0001; in double quotes it can be"),
    ("a: 1\n---\nb: 2", "f.yml:2: not valid YAML: but found another document"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_faults(text: str, message: str) -> None:
    with pytest.raises(VariableFileError) as raised:
        parse_entries(text, "f.yml")
    assert message in str(raised.value)


@pytest.mark.parametrize("scope", ["channel: Stable", "step: Configure"])
def test_a_library_set_knows_no_steps_and_channels(scope: str) -> None:
    """D6.1"""
    text = f"- name: A\n  value: 1\n  scope: {{{scope}}}"
    assert len(parse_entries(text, "f.yml")) == 1
    with pytest.raises(VariableFileError, match=r"f.yml:3: variable A: scope (channel|step) in a library set"):
        parse_entries(text, "f.yml", "base")


@pytest.mark.parametrize("process", ["deployment", "[Reindex, Deployment]"])
def test_a_channel_goes_with_a_deployment(process: str) -> None:
    assert len(parse_entries(f"- {{name: A, value: 1, scope: {{channel: x, process: {process}}}}}", "f.yml")) == 1


@given(st.text(st.sampled_from("-{}[]:,#&*!|>'\" \n\tavnme%@`?~0") | st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read_or_explained(text: str) -> None:
    for candidate in (text, f"- name: {text}", f"- {{name: A, value: {text}}}", f"- {{name: A, value: 1, {text}}}"):
        try:
            parse_entries(candidate, "f.yml")
        except VariableFileError as error:
            assert str(error).startswith("f.yml:")  # noqa: PT017 - some are valid


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_quoted_text_is_the_value(text: str) -> None:
    quoted = json.dumps(text, ensure_ascii=False)
    assert parse_entries(f"- name: A\n  value: {quoted}\n", "f.yml")[0].value == text


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


EVERYTHING = """
- {name: A, value: 1, scope: {role: [web, db]}}
- {name: B, value: null, scope: {role: [web, db], tenant_tag: Tier/Gold}, description: Ü}
- {name: C, prompt: {label: x, required: true}}
- {name: D, value: !ansible d}
- {name: E, value: !vault $ANSIBLE_VAULT;x, sensitive: false}
"""


def test_a_cache_gives_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = tmp_path / "base.yml", tmp_path / "cache"
    path.write_text(EVERYTHING)
    cache.mkdir()
    for libraries in (True, False):
        paths = ([], [str(path)]) if libraries else ([str(path)], [])
        plain = load_catalog(*paths)
        first = load_catalog(*paths, cache=str(cache))
        forget(monkeypatch)
        second = load_catalog(*paths, cache=str(cache))
        monkeypatch.undo()
        for name in "ABCDE":
            assert plain.entries(name) == first.entries(name) == second.entries(name)
        assert plain.entries("A")[0].library == ("base" if libraries else "")
    assert {file.stat().st_mode & 0o777 for file in cache.iterdir()} == {0o600}


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be like a process that has not read anything, and cannot parse."""
    loader._load_version.cache_clear()
    monkeypatch.setattr(loader, "parse_entries", lambda *_: pytest.fail("parsed again"))


def test_a_cache_keeps_faults_and_notices_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yml"
    path.write_text("- {name: A}\n")
    with pytest.raises(VariableFileError) as raised:
        load_file(str(path), cache=str(tmp_path))
    forget(monkeypatch)
    with pytest.raises(VariableFileError, match="has no `value`") as again:
        load_file(str(path), cache=str(tmp_path))
    assert str(again.value) == str(raised.value)
    monkeypatch.undo()
    path.write_text("- {name: A, value: changed}\n")
    assert load_file(str(path), cache=str(tmp_path))[0].value == "changed"


def test_without_a_place_for_the_cache_the_file_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("- {name: A, value: 1}\n")
    assert load_file(str(path), cache=str(tmp_path / "none"))[0].value == "1"


def test_processes_that_start_together_parse_once(tmp_path: Path) -> None:
    path, made = tmp_path / "a.yml", tmp_path / "made"
    path.write_text("- {name: A, value: 1}\n")

    def slowly(*arguments: object) -> tuple[Entry, ...]:
        with made.open("a") as stream:
            stream.write("x")
        time.sleep(0.2)
        return parse_entries(*arguments)

    def load() -> None:
        loader.parse_entries = slowly
        sys.exit(load_file(str(path), cache=str(tmp_path))[0].value != "1")

    processes = [multiprocessing.get_context("fork").Process(target=load) for _ in range(5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 5
    assert made.read_text() == "x"


def test_a_file_that_is_encrypted_as_a_whole_is_never_cached_on_disk(tmp_path: Path) -> None:
    path, cache = tmp_path / "a.yml", tmp_path / "cache"
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    cache.mkdir()
    decrypted = {path.read_text(): "- {name: A, value: secret}\n- {name: B}\n"}
    with pytest.raises(VariableFileError, match=r"a.yml:2: variable B has no `value`"):
        load_file(str(path), cache=str(cache), decrypt=decrypted.__getitem__)
    decrypted[path.read_text()] = "- {name: A, value: secret}\n"
    (entry,) = load_file(str(path), cache=str(cache), decrypt=decrypted.__getitem__)
    assert (entry.value, entry.sensitive, entry.place) == ("secret", True, f"{path}:1")
    assert not list(cache.iterdir())


def test_a_file_that_cannot_be_decrypted_is_named(tmp_path: Path) -> None:
    def decrypt(_: str) -> str:
        raise VariableError("nothing fits")

    path = tmp_path / "a.yml"
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    with pytest.raises(VariableFileError, match=r"a.yml: cannot be decrypted: nothing fits"):
        load_file(str(path), decrypt=decrypt)
    with pytest.raises(VariableFileError, match=r"a.yml: cannot be decrypted: there is no Ansible Vault here"):
        load_file(str(path))


@pytest.mark.parametrize("environment", ["local", "ci", "staging", "production", "scratch"])
@pytest.mark.parametrize("role", ["brokers", "indexers", "shippers"])
def test_the_toolkits_own_variables_resolve_everywhere(environment: str, role: str) -> None:
    catalog = load_catalog([str(ROOT / "variables" / "elk.yml")])
    inventory = {"LogHost": "broker-1"} if environment == "local" else {}
    ansible = {"log_transport": "http"}
    secrets = Secrets(decrypt=str, ansible=lambda name: ansible.get(name, f"the {name}"))
    host = host_variables(Host("h", environment, groups=(role,)), catalog, inventory, secrets=secrets)
    assert not host.warnings
    text = "".join(f"{name}=#{{{name}}}\n" for name in host.variables if "[" not in name)
    result = evaluate(text, host.variables)
    assert result.error is None
    local = environment == "local"
    assert f"LogHost={'broker-1' if local else f'logs.{environment}.example.com'}\n" in result.text
    assert "LogTransport=http\nLogPort=8080\n" in result.text
    assert ("EventsFile" in host.variables) == local
    assert {"LogPort", "LogHttpPort", "LogTransport", "Component", "Application"} <= set(host.variables)
