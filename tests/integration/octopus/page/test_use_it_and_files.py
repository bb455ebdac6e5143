"""docs/octopus.md, Use it and Files, in real runs; tests/unit/octopus/files tries more of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from octopus_page import says
from playbook_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(
        "variables.yml", "- {name: Host, value: a.example.com}\n- {name: Key, value: hunter22, sensitive: true}\n"
    )
    (tmp_path / "out").mkdir()
    return project


def action(name: str, **options: object) -> dict:
    return {f"elk.deploy.octopus_{name}": options, "ignore_errors": True}


def holds(*conditions: str, **variables: object) -> dict:
    return {"ansible.builtin.assert": {"that": list(conditions)}, "vars": variables, "ignore_errors": True}


def outcomes(result: object) -> list[str]:
    """What is shown of each task."""
    return result.stdout.split("TASK [")[1:]


SETTINGS = [
    # what the page says, the settings of a host, whether a check of them succeeds, what is shown
    (
        "required: what `environment` in a scope is compared with",
        {"octopus_environment": ""},
        "octopus_environment is missing or empty",
    ),
    ("relative ones start from the playbook's directory", {}, ""),
    (
        "variable files that several projects share (library sets); the project's own win over them",
        {"octopus_library_files": ["variables.yml"]},
        "",
    ),
    (
        "the groups it targets (only together with a step)",
        {"octopus_step_roles": ["web"]},
        "octopus_step_roles is set without octopus_step, the step that targets these roles",
    ),
    ("the groups it targets (only together with a step)", {"octopus_step": "a", "octopus_step_roles": ["web"]}, ""),
    (
        "what else scopes can name; tags only together with a tenant",
        {"octopus_tenant_tags": ["Region/EU"]},
        "octopus_tenant_tags is set without octopus_tenant",
    ),
    ("`fail` (default), `warn` or `ignore`", {"octopus_unresolved": "never"}, "expected one of fail, warn, ignore"),
    (
        "text (name, number, name), or a dictionary",
        {"octopus_release": {"numbr": "1"}},
        "unknown field numbr, expected number, id, notes",
    ),
    (
        "which win over all files: `{LogHost:",
        {"octopus_variables": {"Host": {"value": "{{ 'b' }}", "sensitive": True}}},
        "",
    ),
]


def test_settings(project: Project) -> None:
    tasks = [action("check", required=["Host"]) | {"vars": settings} for _, settings, _ in SETTINGS]
    for shown, (quote, _, message) in zip(outcomes(project.play(*tasks)), SETTINGS, strict=True):
        says(quote)
        assert ("fatal: " in shown) == bool(message), shown
        assert message in shown


CONDITIONS = [
    ("A run condition holds if it has a result without any error that is not false", "#{Host}", "ran"),
    ("A run condition holds if it has a result without any error that is not false", "#{if Host}0#{/if}", "skipping"),
    (
        "A missing name makes it false, with a warning;",
        "#{Hots}",
        "counts as false: line 1, column 1: #{Hots}: variable Hots",
    ),
    ("`#{if Name}true#{/if}` tests without one", "#{if Hosts}true#{/if}", "skipping"),
    (
        "A condition that does not parse is an error, and so is one that reads a value which does not parse.",
        "#{if Host}true",
        "does not parse",
    ),
]


def test_run_conditions(project: Project) -> None:
    tasks = [
        {
            "ansible.builtin.debug": {"msg": "it ran"},
            "when": "text is elk.deploy.octopus_true",
            "vars": {"text": text},
            "ignore_errors": True,
        }
        for _, text, _ in CONDITIONS
    ]
    result = project.play(*tasks)
    for shown, (quote, text, message) in zip(outcomes(result), CONDITIONS, strict=True):
        says(quote)
        assert message in shown + (result.stderr if "counts" in message else ""), (text, shown)
    assert result.stderr.count("counts as") + result.stdout.count("counts as") == 1


@says(
    "substitutes in a text, or in every text of a list or dictionary (values, not keys)",
    "Nothing here is evaluated as Jinja2: not the files, not the values of variable files, not the outcome. Only the "
    "inventory's `octopus_variables`, being Ansible variables, are templated by Ansible first.",
)
def test_nothing_is_evaluated_as_jinja2(project: Project) -> None:
    project.write("more.yml", "- {name: Braces, value: '{{ 1 + 1 }}'}\n")
    result = project.play(
        holds(
            "({'#{Host}': ['#{Host}', 1]} | elk.deploy.octopus_substitute) == {'#{Host}': ['a.example.com', 1]}",
            "('#{Braces}#{Sum}' | elk.deploy.octopus_substitute) == open ~ ' 1 + 1 ' ~ close ~ '2'",
            open="{{ '{' ~ '{' }}", close="{{ '}' ~ '}' }}",
        ),
        octopus_variable_files=["variables.yml", "more.yml"], octopus_variables={"Sum": "{{ 1 + 1 }}"},
    )  # fmt: skip
    assert "fatal" not in result.stdout, result.stdout


@says(
    "write `##{` for a literal `#{`",
    "`fail` stops with all problems in all files at once; `warn` and `ignore` leave the text in the file.",
    "A cycle, a filter that cannot work at all and a value that grows too large always fail.",
    "A byte order mark determines a file's encoding (UTF-8, UTF-16, UTF-32). Without one it is UTF-8, "
    "or windows-1252 if it is not valid UTF-8. A file keeps its encoding, with or without a mark, and its line "
    "endings.",
    "`output_encoding` forces another encoding by its .NET name; `utf-8` then writes a mark.",
    "A result with characters that the encoding lacks is written as UTF-8 without a mark, with a warning.",
    "The difference of a file is not shown if it uses a secret or is encrypted with Ansible Vault; in all other "
    "differences, secrets are masked.",
    "files that no glob matches are copied unchanged",
    "An unknown `output_encoding` is an error.",
    (
        "A file with a zero byte and no UTF-16 or UTF-32 mark is not text: an error if it is named, "
        "copied unchanged in a directory."
    ),
    "A file that several globs match is processed once.",
    "A glob that is absolute or contains `..` is an error.",
    "`mode` is `preserve` by default. Files that exist only on the host stay.",
)
def test_files(project: Project) -> None:
    write, out = project.write, project.path / "out"
    write("templates/literal", "##{Host} #{Host}\r\n")
    write("templates/bad", '#{Nope}\n#{event.get("x")}\n')
    write("templates/circle", "#{Round}")
    write("templates/utf16", "é #{Host}".encode("utf-16"))
    write("templates/latin", b"\xe9 #{Euro}")
    write("templates/latin2", b"\xe9 #{Cyrillic}")
    write("templates/secret", "#{Key}")
    write("templates/zero", b"\0#{Host}")
    write("templates/tree/a.conf", "#{Host}").chmod(0o640)
    write("templates/tree/b.txt", "#{Host}")
    write("templates/tree/c.bin", b"\0#{Host}")
    write("out/tree/own", "stays")
    dest = {"dest": "{{ playbook_dir }}/out/"}
    tasks = [
        action("template", src="literal", **dest),
        action("template", src="bad", **dest),
        action("template", src="bad", unresolved="ignore", syntax_errors="ignore", **dest),
        action("template", src="circle", unresolved="ignore", syntax_errors="ignore", **dest),
        action("template", src="utf16", **dest),
        action("template", src="latin", **dest),
        action("template", src="latin2", **dest),
        action("template", src="literal", dest=f"{out}/marked", output_encoding="utf-8"),
        action("template", src="literal", output_encoding="rot13", **dest),
        action("template", src="secret", **dest),
        action("template", src="zero", **dest),
        action("directory", src="tree", dest=f"{out}/tree", files=["**/*.conf", "a.*", "*.bin"])
        | {"register": "copied"},
        holds("copied.substituted == ['a.conf']"),
        action("directory", src="tree", dest=f"{out}/tree", files=["../*"]),
        action("directory", src="tree", dest=f"{out}/tree", files=["/etc/*"]),
    ]
    result = project.play(
        *tasks, options=("--diff",),
        octopus_variables={"Round": "#{Round}", "Euro": "€", "Cyrillic": "Ж"},
    )  # fmt: skip
    shown = outcomes(result)
    failed = [number for number, text in enumerate(shown) if "fatal: " in text]
    assert failed == [1, 3, 8, 10, 13, 14], result.stdout
    assert "2 tokens cannot be resolved" in shown[1]
    assert "hunter22" not in result.stdout + result.stderr
    assert (
        "templates/latin2: a character of line 1 of the result cannot be written in windows-1252"
        in result.stdout + result.stderr
    )
    written = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert written == {
        "literal": b"#{Host} a.example.com\r\n", "bad": b'#{Nope}\n#{event.get("x")}\n', "secret": b"hunter22",
        "utf16": "é a.example.com".encode("utf-16"), "latin": b"\xe9 \x80", "latin2": "é Ж".encode(),
        "marked": b"\xef\xbb\xbf#{Host} a.example.com\r\n",
    }  # fmt: skip
    tree = {path.name: path.read_bytes() for path in (out / "tree").iterdir()}
    assert tree == {"a.conf": b"a.example.com", "b.txt": b"#{Host}", "c.bin": b"\0#{Host}", "own": b"stays"}
    assert (out / "tree/a.conf").stat().st_mode & 0o777 == 0o640
