"""The plugins in real ansible-playbook runs on the local connection."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_process import run
from playbook_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(
        "variables.yml",
        """---
- {name: LogHost, value: logs.example.com}
- {name: LogHost, value: logs.staging.example.com, scope: {environment: staging}}
- {name: Mode, value: 0600}
- {name: Jinja, value: "{{ 1 + 1 }}"}
- {name: Url, value: "http://#{LogHost}"}
- {name: Password, value: hunter22, sensitive: true}
- {name: Leaking, value: "hun#{ter}", sensitive: true}
- {name: OnlyProduction, value: x, scope: {environment: production}}
""",
    )
    return project


def template(**arguments: str) -> dict:
    return {"elk.deploy.octopus_template": {"src": "app.conf", "dest": "{{ playbook_dir }}/out.conf", **arguments}}


def test_template_writes_once_and_is_honest_in_check_mode(project: Project) -> None:
    project.write("templates/app.conf", "host=#{LogHost}\n")
    out = project.path / "out.conf"
    checked = project.play(template(mode="0640"), options=("--check", "--diff"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "changed=1" in checked.stdout
    assert "+host=logs.staging.example.com" in checked.stdout
    assert not out.exists()
    assert "changed=1" in project.play(template(mode="0640")).stdout
    assert out.read_text() == "host=logs.staging.example.com\n"
    assert out.stat().st_mode & 0o777 == 0o640
    again = project.play(template(mode="0640"), options=("--diff",))
    assert "changed=0" in again.stdout
    assert "failed=0" in again.stdout
    assert not list((project.path / "local").iterdir())


def test_template_keeps_mark_and_line_ends_and_never_runs_jinja(project: Project) -> None:
    """Ansible templates the inventory's values first; files, values of variable files and outcomes never."""
    project.write(
        "templates/app.conf",
        b"\xef\xbb\xbf#{Mode}\r\n{{ 1 + 1 }} {% if %}\r\n#{Jinja}|#{Own}|#{Extra}\n##{Mode} \xc3\xa9",
    )
    result = project.play(
        template(variables={"Extra": "{{ [1, 2] | sum }}#{Num}"}),
        octopus_variables={"Own": "{{ base }}!", "Num": 5},
        base="from {{ inventory_hostname }}",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    expected = b"\xef\xbb\xbf0600\r\n{{ 1 + 1 }} {% if %}\r\n{{ 1 + 1 }}|from web1!|35\n#{Mode} \xc3\xa9"
    assert (project.path / "out.conf").read_bytes() == expected


def test_template_lists_all_problems_and_touches_nothing(project: Project) -> None:
    project.write("templates/app.conf", "ok\n  #{LogHots} #{OnlyProduction}\n#{Mode\n#{LogHost | Bogus}#{Leaking}\n")
    out = project.write("out.conf", "before")
    result = project.play(template(), template(src="other.conf"))
    shown = result.stdout + result.stderr
    assert result.returncode == 2
    for line in (
        "5 tokens cannot be resolved for host web1, environment staging:",
        "templates/app.conf:2:3: #{LogHots}: variable LogHots is not defined",
        "templates/app.conf:2:14: #{OnlyProduction}: variable OnlyProduction is not defined; it has values for: "
        "environment production (variables.yml:9)",
        "templates/app.conf:3:1: #{Mode: expected }",
        "templates/app.conf:4:1: #{LogHost | Bogus}: there is no filter Bogus",
        "templates/app.conf:4:19: a token in a sensitive value: cannot be resolved",
        "Define missing variables for environment staging in variables.yml or the inventory's octopus_variables.",
        "Write ##{ where #{ is meant literally.",
    ):
        assert line in shown, line
    assert "#{ter}" not in shown
    assert out.read_text() == "before"
    assert not (project.path / "remote").exists()


def test_fifty_mistakes_are_fifty_lines_of_the_message(project: Project) -> None:
    project.write("templates/app.conf", "\n".join(f"#{{Missing{number}}}" for number in range(50)))
    shown = project.play(template()).stdout
    for number in range(50):
        assert (
            f"templates/app.conf:{number + 1}:1: #{{Missing{number}}}: variable Missing{number} is not defined" in shown
        )


def test_template_can_leave_what_is_no_token(project: Project) -> None:
    project.write("templates/app.conf", 'ruby "#{event.get("x")}" #{LogHost}')
    result = project.play(template(syntax_errors="warn"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "templates/app.conf:1:7: #{event.get(" in result.stdout + result.stderr
    assert (project.path / "out.conf").read_text() == 'ruby "#{event.get("x")}" logs.staging.example.com'


def test_template_hides_the_difference_of_sensitive_values(project: Project) -> None:
    project.write("templates/app.conf", "#{Password}")
    result = project.play(template(), options=("--diff", "-vvv"))
    assert "templates/app.conf uses sensitive values: Password" in result.stdout
    assert "changed=1" in result.stdout
    assert "hunter22" not in result.stdout + result.stderr


WRONG_INPUTS = [
    # arguments, variables, message
    ({}, {"octopus_environment": ""}, "octopus_environment is missing or empty for host web1"),
    ({}, {"octopus_environment": ["a"]}, "octopus_environment is a list, expected text"),
    ({}, {"octopus_variable_files": ["none.yml"]}, "none.yml: cannot read this variable file"),
    ({}, {"octopus_variable_files": [1]}, "octopus_variable_files is [1], expected a list of paths"),
    ({}, {"octopus_variable_files": ["bad.yml"]}, "bad.yml:1: variable A has no `value`"),
    ({}, {"octopus_variables": ["a"]}, "octopus_variables is a list, expected a dictionary"),
    ({}, {"octopus_variables": {"A": ["a"]}}, "octopus_variables: A is a list, expected text or a number"),
    ({"variables": "a"}, {}, "variables is a text, expected a dictionary"),
    ({"src": "none.conf"}, {}, "Could not find or access 'none.conf'"),
    ({"src": ""}, {}, "src is empty, expected a path"),
    ({"src": "{{ playbook_dir }}/templates"}, {}, "is a directory, expected a file"),
    ({"src": "binary.conf"}, {}, "templates/binary.conf: byte 2 is zero, so this is not a text file"),
    ({"colour": "red"}, {}, "octopus_template: wrong options: colour. Supported parameters include: "),
    ({"syntax_errors": "maybe"}, {}, "syntax_errors must be one of: fail, warn, ignore, got: maybe"),
]


def test_wrong_inputs_are_explained(project: Project) -> None:
    project.write("templates/app.conf", "#{LogHost}")
    project.write("templates/binary.conf", b"a\0")
    project.write("bad.yml", "- {name: A}")
    tasks = [
        template(**arguments) | {"vars": variables, "ignore_errors": True} for arguments, variables, _ in WRONG_INPUTS
    ]
    result = project.play(*tasks)
    assert f"ok={len(tasks)}" in result.stdout, result.stdout + result.stderr
    assert f"ignored={len(tasks)}" in result.stdout
    parts = result.stdout.split("TASK [")[1:]
    for part, (_, _, message) in zip(parts, WRONG_INPUTS, strict=True):
        assert message in part


def check(**arguments: object) -> dict:
    return {"elk.deploy.octopus_check": arguments, "register": "checked"}


def test_check_passes_on_the_controller_alone(project: Project) -> None:
    project.write("templates/app.conf", "#{LogHost}")
    show = {"ansible.builtin.debug": {"msg": "looked at {{ checked.checked | join(' and ') }}"}}
    task = check(src=["app.conf"], text={"label": "#{Url}"}, required=["LogHost", "Url"])
    result = project.play(task, show, options=("--check",), ansible_connection="ssh", ansible_host="192.0.2.1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "looked at templates/app.conf and label" in result.stdout
    assert "changed=0" in result.stdout


def test_check_reports_everything_at_once(project: Project) -> None:
    project.write("templates/app.conf", "#{LogHost}\n#{Nope}")
    project.write("templates/two.conf", "#{Neither}")
    task = check(
        src=["app.conf", "two.conf", "gone.conf"],
        text={"settings": "a\n #{Url}#{Gone}"},
        required=["LogHost", "OnlyProduction", "Blank", "Leaking"],
    )
    result = project.play(task, octopus_variables={"Blank": " "}, ansible_connection="ssh", ansible_host="192.0.2.1")
    assert result.returncode == 2
    for line in (
        "gone.conf",
        "required variable OnlyProduction is not defined for host web1; it has values for: environment production",
        "required variable Blank is empty for host web1",
        "required variable Leaking is not resolvable for host web1",
        "3 tokens cannot be resolved for host web1, environment staging:",
        "templates/app.conf:2:1: #{Nope}",
        "templates/two.conf:1:1: #{Neither}",
        "settings:2:8: #{Gone}",
    ):
        assert line in result.stdout, line


def test_filter_in_variables_loops_and_structures(project: Project) -> None:
    project.write("templates/any.j2", "{{ '#{LogHost}' | elk.deploy.octopus_substitute }}")
    tasks = [
        {"ansible.builtin.assert": {"that": [condition]}}
        for condition in (
            "address == 'logs.staging.example.com:5000'",
            "(nested | elk.deploy.octopus_substitute) == "
            "{'#{LogHost}': ['http://logs.staging.example.com', 1, true, none], 'plain': 'as it is'}",
            "('#{Octopus.Machine.Name} #{Octopus.Machine.Roles}' | elk.deploy.octopus_substitute) == 'web1 eu,web'",
            "('#{Octopus.Environment.MachinesInRole[web]}' | elk.deploy.octopus_substitute) == 'web1'",
            "('#{LogHost}' | elk.deploy.octopus_substitute({'LogHost': 'here'})) == 'here'",
            "('#{Jinja}' | elk.deploy.octopus_substitute) == open ~ ' 1 + 1 ' ~ close",
            "lookup('ansible.builtin.template', 'any.j2') == 'logs.staging.example.com'",
            "(['#{LogHost}'] | map('elk.deploy.octopus_substitute') | first) == 'logs.staging.example.com'",
        )
    ]
    result = project.play(
        *tasks,
        address="{{ '#{LogHost}:#{Port}' | elk.deploy.octopus_substitute }}",
        octopus_variables={"Port": "{{ port }}"},
        port=5000,
        nested={"#{LogHost}": ["#{Url}", 1, True, None], "plain": "{{ 'as it is' }}"},
        open="{{ '{' ~ '{' }}",
        close="{{ '}' ~ '}' }}",
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_filter_names_every_token_and_its_place(project: Project) -> None:
    message = "{{ {'a': ['#{Nope}'], 'b': 'x #{Neither}'} | elk.deploy.octopus_substitute }}"
    result = project.play({"ansible.builtin.debug": {"msg": message}})
    assert result.returncode == 2
    assert "a[0]:1:1: #{Nope}: variable Nope is not defined" in result.stdout + result.stderr
    assert "b:1:3: #{Neither}: variable Neither is not defined" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("kind", "names"),
    [("module", ["octopus_template", "octopus_directory", "octopus_check"]), ("filter", ["octopus_substitute"])],
)
def test_documentation_is_shown(kind: str, names: list[str]) -> None:
    result = run("ansible-doc", "-t", kind, *(f"elk.deploy.{name}" for name in names))
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("EXAMPLES") == len(names)


@pytest.mark.parametrize("way", ["filter", "test", "action"])
def test_equally_specific_values_are_warned_of_once_whoever_reads_them(project: Project, way: str) -> None:
    """web1 is in both groups, and every read of a variable chooses anew."""
    project.write(
        "tie.yml", "- {name: Tied, value: a, scope: {role: web}}\n- {name: Tied, value: b, scope: {role: eu}}\n"
    )
    text = "'#{LogHost}'"
    task = {
        "filter": {"ansible.builtin.debug": {"msg": f"{{{{ {text} | elk.deploy.octopus_substitute }}}}"}},
        "test": {"ansible.builtin.debug": {"msg": "ran"}, "when": f"{text} is elk.deploy.octopus_true"},
        "action": {"elk.deploy.octopus_check": {"text": {"a": "#{LogHost}"}}},
    }[way]
    result = project.play(task, task, octopus_variable_files=["variables.yml", "tie.yml"])
    assert result.returncode == 0, result.stdout + result.stderr
    shown = result.stdout + result.stderr
    assert shown.count("variable Tied: tie.yml:2 (role eu) is as specific as tie.yml:1 (role web)") == 1, shown


def test_run_conditions_are_a_test_of_ansible(project: Project) -> None:
    """What cannot be resolved makes a condition false; a variable that leads back to itself stops the play."""
    conditions = {"#{LogHost}": "True", "#{No}": "False", "#{Nope}": "False", "#{unless Nope}yes#{/unless}": "True"}
    shown = " ".join(f"{{{{ '{text}' is elk.deploy.octopus_true({{'No': 'false'}}) }}}}" for text in conditions)
    result = project.play(
        {"ansible.builtin.debug": {"msg": f"conditions: {shown}."}},
        {
            "ansible.builtin.debug": {"msg": "ran"},
            "when": "'#{Round}' is elk.deploy.octopus_true({'Round': '#{Round}'})",
        },
    )
    assert f"conditions: {' '.join(conditions.values())}." in result.stdout
    assert result.returncode != 0
    assert "octopus_true: #{Round}: a variable refers to itself (Round -> Round)" in result.stdout
    assert "the condition '#{Nope}' counts as false: line 1, column 1: #{Nope}: variable Nope is not defined" in (
        result.stdout + result.stderr
    )


def test_a_run_condition_that_does_not_parse_stops_the_play_and_is_named(project: Project) -> None:
    project.write(
        "more.yml",
        "- {name: Half, value: '#{unless Mode}true'}\n- {name: Ask, value: '#{if A == \"1\"}true'}\n"
        "- {name: Key, value: 'x#{y z', sensitive: true}\n",
    )
    conditions = [
        ('#{if LogHost == "x"}true', "the condition '#{if LogHost == \"x\"}true' does not parse: line 1, column 1: "),
        ("#{LogHost", "line 1, column 1: #{LogHost: expected }, found the end of the text"),
        (
            "#{if LogHost}true",
            "#{if LogHost}: variable if LogHost is not defined; it is not a block either, since it has no #{/if}",
        ),
        ("#{LogHost}#{else}", "#{else}: variable else is not defined; it is in no #{if …} that has its #{/if}"),
        ("#{Half}", "(in the value of Half); it is not a block either, since it has no #{/unless}"),
        ("#{Ask}", "the value of Ask (more.yml:2), line 1, column 1: "),
        ("#{if Key}true#{/if}", "the value of Key (more.yml:3), line 1, column 2: a token in a sensitive value"),
    ]
    tasks = [
        {
            "ansible.builtin.debug": {"msg": "this step ran"},
            "when": "text is elk.deploy.octopus_true",
            "vars": {"text": text},
            "ignore_errors": True,
        }
        for text, _ in conditions
    ]
    result = project.play(*tasks, octopus_variable_files=["variables.yml", "more.yml"])
    assert f"ignored={len(tasks)}" in result.stdout, result.stdout
    for part, (_, message) in zip(result.stdout.split("TASK [")[1:], conditions, strict=True):
        assert message in part, part
    assert "this step ran" not in result.stdout
    assert "y z" not in result.stdout + result.stderr
