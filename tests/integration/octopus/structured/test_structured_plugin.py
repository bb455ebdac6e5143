"""The action octopus_structured in real ansible-playbook runs on the local connection."""

from __future__ import annotations

from pathlib import Path

import java_properties
import pytest
from playbook_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(
        "variables.yml",
        """---
- {name: "Logging:Level", value: "#{Level}"}
- {name: Level, value: Warn}
- {name: Port, value: 8080}
- {name: "Jinja", value: "{{ 1 + 1 }}"}
- {name: "Db:Password", value: "hunter22", sensitive: true}
- {name: "Broken", value: "#{Nope}"}
- {name: "Circle", value: "#{Circle}"}
- {name: "Leaking", value: "hun#{ter}", sensitive: true}
- {name: "/a/@b", value: "é€"}
""",
    )
    return project


def structured(src: str, **arguments: object) -> dict:
    return {
        "elk.deploy.octopus_structured": {"src": src, "dest": f"{{{{ playbook_dir }}}}/out/{src}", **arguments},
        "register": "outcome",
    }


SHOW = {"ansible.builtin.debug": {"msg": "{{ outcome.replaced }} {{ outcome.format }} {{ outcome.msg | default('') }}"}}


def test_it_writes_once_and_is_honest_in_check_mode(project: Project) -> None:
    project.write("templates/a.json", '{"Logging": {"Level": "Info"},\n "port": 80, // c\n "Jinja": ""}\n')
    project.write("templates/none.yml", "a:   1 # c\n")
    out = project.path / "out"
    out.mkdir()
    tasks = (structured("a.json", mode="0640"), SHOW, structured("none.yml"), SHOW)
    checked = project.play(*tasks, options=("--check", "--diff"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "changed=2" in checked.stdout
    assert '+{"Logging": {"Level": "Warn"},' in checked.stdout
    assert not list(out.iterdir())
    written = project.play(*tasks)
    assert "changed=2" in written.stdout
    assert (
        out / "a.json"
    ).read_text() == '{"Logging": {"Level": "Warn"},\n "port": 8080, // c\n "Jinja": "{{ 1 + 1 }}"}\n'
    assert (out / "a.json").stat().st_mode & 0o777 == 0o640
    assert "'variable': 'Logging:Level', 'line': 1, 'column': 23" in written.stdout
    assert "[] yaml templates/none.yml: no variable is named after anything in this file" in written.stdout
    assert (out / "none.yml").read_text() == "a:   1 # c\n"
    again = project.play(*tasks, options=("--diff",))
    assert "changed=0" in again.stdout
    assert "failed=0" in again.stdout


def test_a_file_in_which_nothing_is_replaced_is_told_once_without_v(project: Project) -> None:
    project.write("templates/none.json", '{"Prot": 80}')
    project.write("templates/some.json", '{"Port": 80}')
    (project.path / "out").mkdir()
    result = project.play(structured("none.json"), structured("some.json"))
    assert result.returncode == 0, result.stdout + result.stderr
    shown = result.stdout + result.stderr
    told = (
        "templates/none.json: no variable is named after anything in this file, so nothing in it was replaced; a name "
        "is a path such as Logging:Level"
    )
    assert shown.count(told) == 1
    assert "some.json: no variable" not in shown


def test_java_reads_the_bytes_of_a_properties_file_as_they_were_meant(project: Project) -> None:
    """An ASCII file used to get UTF-8, which Java takes for Latin-1."""
    project.write("templates/a.properties", "host 1\nname=2\n")
    project.write("templates/b.properties", "host 1\nname=2 # \xe9\n".encode("latin-1"))
    (project.path / "out").mkdir()
    given = {"variables": {"host": ":ü", "name": "é€"}}
    octopus = structured("a.properties", properties_escape="octopus", **given)
    octopus["elk.deploy.octopus_structured"]["dest"] += ".octopus"
    result = project.play(structured("a.properties", **given), structured("b.properties", **given), octopus)
    assert result.returncode == 0, result.stdout + result.stderr
    written = {path.name: path.read_bytes() for path in (project.path / "out").iterdir()}
    java = b"host \\:\\u00fc\nname=\\u00e9\\u20ac\n"
    assert written == {
        "a.properties": java,
        "b.properties": java,
        "a.properties.octopus": "host :ü\nname=é\\u20ac\n".encode(),
    }
    assert java_properties.load(java) == {"host": ":ü", "name": "é€"}


def test_secrets_are_hidden_and_encodings_kept(project: Project) -> None:
    project.write("templates/a.yml", "Db:\n  Password: x\nPort: 1\n".encode("utf-16"))
    project.write("templates/b.xml", b"<?xml version='1.0' encoding='iso-8859-15'?>\r\n<a b='\xa4'/>\r\n")
    (project.path / "out").mkdir()
    tasks = (structured("a.yml"), SHOW, structured("b.xml"))
    result = project.play(*tasks, options=("--diff", "-vvv"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "templates/a.yml uses sensitive values: Db:Password" in result.stdout
    assert "hunter22" not in result.stdout + result.stderr
    assert (project.path / "out/a.yml").read_bytes() == "Db:\n  Password: hunter22\nPort: 8080\n".encode("utf-16")
    assert (project.path / "out/b.xml").read_bytes() == (
        b"<?xml version='1.0' encoding='iso-8859-15'?>\r\n<a b='\xe9\xa4'/>\r\n"
    )


def test_unresolved_values_touch_nothing_unless_that_is_asked_for(project: Project) -> None:
    project.write("templates/a.json", '{"Broken": 1,\n "Leaking": 2, "Circle": 3, "Port": {}}')
    project.write("templates/b.json", '{"Broken": 1, "Port": [1]}')
    (project.path / "out").mkdir()
    ignored = {"ignore_errors": True}
    result = project.play(
        structured("a.json") | ignored,
        structured("a.json", unresolved="ignore") | ignored,
        structured("b.json", unresolved="warn"),
        structured("b.json") | {"vars": {"octopus_unresolved": "ignore"}},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ignored=2" in result.stdout
    first, second, third, _ = result.stdout.split("TASK [")[1:]
    for line in (
        "3 tokens cannot be resolved for host web1, environment staging:",
        "templates/a.json:1:12: #{Nope}: variable Nope is not defined (in the value of Broken)",
        "templates/a.json:2:13: a token in a sensitive value: cannot be resolved",
        "templates/a.json:2:26: #{Circle}: a variable refers to itself (Circle -> Circle)",
    ):
        assert line in first, line
    assert "1 token cannot be resolved" in second
    assert "templates/b.json:1:12: #{Nope}: variable Nope is not defined" in third + result.stderr
    assert "templates/b.json:1:23: the value of Port is no JSON" not in third + result.stderr
    assert "#{ter}" not in result.stdout + result.stderr
    assert not (project.path / "out/a.json").exists()
    assert (project.path / "out/b.json").read_text() == '{"Broken": "#{Nope}", "Port": 8080}'


WRONG_INPUTS = [
    # arguments, message
    ({"src": "bad.json"}, "templates/bad.json:2:1: not valid JSON: found ']', expected a value"),
    (
        {"src": "bad.json", "format": "yaml"},
        "templates/bad.json:2:1: not valid YAML: did not find expected node content",
    ),
    ({"src": "{{ playbook_dir }}/templates"}, "is a directory, expected a file; use a loop for several"),
    ({"src": "none.json"}, "Could not find or access 'none.json'"),
    (
        {"src": "bad.json", "format": "toml"},
        "value of format must be one of: auto, json, xml, yaml, properties, got: toml",
    ),
    ({"src": "bad.json", "colour": "red"}, "colour. Supported parameters include: "),
    ({"src": "good.json", "output_encoding": "rot13"}, "output_encoding: there is no encoding 'rot13'"),
    ({"src": "zero.json"}, "templates/zero.json: byte 2 is zero, so this is not a text file"),
]


def test_wrong_inputs_are_explained(project: Project) -> None:
    project.write("templates/bad.json", '{"a":\n]')
    project.write("templates/good.json", "{}")
    project.write("templates/zero.json", b"{\0}")
    tasks = [structured(**arguments) | {"ignore_errors": True} for arguments, _ in WRONG_INPUTS]
    for task in tasks:
        task["elk.deploy.octopus_structured"]["dest"] = "{{ playbook_dir }}/out.json"
    result = project.play(*tasks)
    assert f"ignored={len(tasks)}" in result.stdout, result.stdout + result.stderr
    for part, (_, message) in zip(result.stdout.split("TASK [")[1:], WRONG_INPUTS, strict=True):
        assert message in part
    assert not (project.path / "out.json").exists()
