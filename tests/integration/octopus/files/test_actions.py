"""octopus_directory, octopus_template and octopus_check on files, in real ansible-playbook runs.

Marks in the names of tests and rows: [T] the reference's own tests assert it, [S] read in its source, [I] inferred.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.action import octopus_check, octopus_directory, octopus_template
from ansible_process import run
from playbook_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(
        "variables.yml",
        """---
- {name: LogHost, value: logs.example.com}
- {name: Euro, value: "€"}
- {name: Russian, value: "\\u0416"}
- {name: Password, value: hunter22, sensitive: true}
- {name: Old, value: battery staple, sensitive: true}
- {name: Self, value: "#{Self}"}
- {name: Nothing, value: null}
""",
    )
    return project


def template(**arguments: object) -> dict:
    return {"elk.deploy.octopus_template": {"src": "app.conf", "dest": "{{ playbook_dir }}/out.conf", **arguments}}


def directory(**arguments: object) -> dict:
    return {"elk.deploy.octopus_directory": {"src": "app", "dest": "{{ playbook_dir }}/out", **arguments}}


def check(**arguments: object) -> dict:
    return {"elk.deploy.octopus_check": arguments}


def tasks_of(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What was shown for each task."""
    return result.stdout.split("TASK [")[1:]


def files_below(path: Path) -> dict[str, bytes]:
    return {str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()}


# -- directories ---------------------------------------------------------------------------------------------------


def fill(project: Project) -> None:
    project.write("templates/app/web.config", "host=#{LogHost}\r\n")
    project.write("templates/app/notes.txt", "#{NotLookedAt}")
    project.write("templates/app/deep/er/db.config", b"\xff\xfe" + "#{Euro}".encode("utf-16-le"))
    project.write("templates/app/deep/.hidden.config", "#{LogHost | ToUpper}")
    project.write("templates/app/binary.config", b"\0#{LogHost}")
    project.write("templates/app/gone.bak", "#{Gone}")
    project.write("templates/app/.git/config", "#{Gone}")
    (project.path / "templates/app/empty/inside").mkdir(parents=True)
    project.write("templates/app/bin/run.sh", "#!/bin/sh\n").chmod(0o755)
    (project.path / "templates/app/link.config").symlink_to("web.config")


def test_directory_is_copied_with_its_tokens_substituted(project: Project) -> None:
    fill(project)
    task = directory(files=["**/*.config", "web.*", "*.xml", "deep"], exclude=[".git", "**/*.bak"])
    done = "{{ done.substituted | join(' ') }} in {{ done.dest }}"
    out = project.path / "out"
    result = project.play(task | {"register": "done"}, {"ansible.builtin.debug": {"msg": f"looked at {done}"}})
    assert result.returncode == 0, result.stdout + result.stderr
    assert files_below(out) == {
        "binary.config": b"\0#{LogHost}",
        "bin/run.sh": b"#!/bin/sh\n",
        "deep/.hidden.config": b"LOGS.EXAMPLE.COM",
        "deep/er/db.config": b"\xff\xfe\xac\x20",
        "link.config": b"host=logs.example.com\r\n",
        "notes.txt": b"#{NotLookedAt}",
        "web.config": b"host=logs.example.com\r\n",
    }
    assert (out / "empty/inside").is_dir()
    assert (out / "bin/run.sh").stat().st_mode & 0o777 == 0o755
    assert not (out / "link.config").is_symlink()
    # [S] a glob without match is a warning each, also when it names a directory; never an error
    assert "templates/app: no file matches *.xml" in result.stderr
    assert "templates/app: no file matches deep" in result.stderr
    assert f"looked at deep/.hidden.config deep/er/db.config link.config web.config in {out}" in result.stdout
    assert not list((project.path / "local").iterdir())


def test_directory_is_honest_in_check_mode_and_has_copys_options(project: Project) -> None:
    project.write("templates/app/web.config", "host=#{LogHost}\n")
    project.write("templates/app/bin/run.sh", "#!/bin/sh\n").chmod(0o755)
    out = project.path / "out"
    checked = project.play(directory(), options=("--check", "--diff"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "changed=1" in checked.stdout
    assert "+host=logs.example.com" in checked.stdout
    assert "+++ after: templates/app/web.config" in checked.stdout
    assert not out.exists()

    project.write("out/extra", "")
    task = directory(files=["*.config", "none"], directory_mode="0750", warn_no_match=False)
    twice = project.play(task, task, options=("--diff",))
    assert "changed: [web1]" in tasks_of(twice)[0], twice.stdout + twice.stderr
    assert "+host=logs.example.com" in tasks_of(twice)[0]
    assert "ok: [web1]" in tasks_of(twice)[1]
    assert "no file matches" not in twice.stderr
    assert (out / "bin").stat().st_mode & 0o777 == 0o750
    assert (out / "bin/run.sh").stat().st_mode & 0o777 == 0o755
    assert (out / "extra").exists()  # what only the host has stays

    (out / "web.config").write_text("by hand")
    project.play(directory(mode="0600", force=False), directory(mode="0600", backup=True))
    assert (out / "web.config").read_text() == "host=logs.example.com\n"
    assert (out / "bin/run.sh").stat().st_mode & 0o777 == 0o600
    assert [path.read_text() for path in out.glob("web.config.*~")] == ["by hand"]


def test_directory_lists_all_problems_of_all_files_and_touches_nothing(project: Project) -> None:
    project.write("templates/app/a.conf", "#{Nope}\n #{dog")
    project.write("templates/app/deep/b.conf", "#{Neither}#{Self}")
    project.write("templates/app/c.conf", b"\xff\xfea")
    project.write("templates/app/unreadable", "$ANSIBLE_VAULT;1.1;AES256\n3133\n")
    (project.path / "templates/app/out").symlink_to("/etc")
    out = project.write("out/a.conf", "before")
    result = project.play(directory(files=["**/*.conf"]))
    assert result.returncode == 2
    for line in (
        "A vault password or secret must be specified to decrypt",
        "templates/app/out: this symbolic link leads to no file in the directory",
        "templates/app/c.conf: byte 3 is not valid utf-16-le",
        "4 tokens cannot be resolved for host web1, environment staging:",
        "templates/app/a.conf:1:1: #{Nope}: variable Nope is not defined",
        "templates/app/a.conf:2:2: #{dog: ",
        "templates/app/deep/b.conf:1:1: #{Neither}: variable Neither is not defined",
        "templates/app/deep/b.conf:1:11: #{Self}: a variable refers to itself",
    ):
        assert line in result.stdout, line
    assert out.read_text() == "before"
    assert not (project.path / "remote").exists()


@pytest.mark.parametrize("verbosity", [("-vvv", "--diff"), ("-vvv", "--diff", "--check")], ids=["run", "check mode"])
def test_secrets_are_never_shown(project: Project, verbosity: tuple[str, ...]) -> None:
    """Neither those that are written, nor those that a file on the host still holds."""
    project.write("templates/app/open.conf", "#{LogHost}\n")
    project.write("templates/app/secret.conf", "#{Password}\n")
    project.write("templates/app.conf", "#{LogHost} and no secret any more\n")
    project.write("templates/nothing.conf", "#{Nope}#{Password}#{LogHost | Bogus #{Password}}")
    project.write("out/secret.conf", "hunter22 was here\n")
    project.write("out/open.conf", "battery staple\n")
    project.write("out.conf", "battery staple\n")
    project.write("validate", "#!/bin/sh\ncat $1; echo and; cat $1 >&2; exit 1\n").chmod(0o755)
    validated = {"dest": "{{ playbook_dir }}/new", "validate": "{{ playbook_dir }}/validate %s"}
    project.write("templates/derived.conf", "#{Password | ToUpper}")
    failing = [
        template(src="nothing.conf"),
        template(src="app/secret.conf", **validated),
        template(src="derived.conf", dest="{{ playbook_dir }}/new", validate="false %s"),
    ]
    result = project.play(
        directory(), template(), *(task | {"ignore_errors": True} for task in failing), options=verbosity
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Not shown: templates/app/secret.conf uses sensitive values: Password" in result.stdout
    assert "-*****" in tasks_of(result)[0]
    assert "+logs.example.com" in tasks_of(result)[0]
    assert "-*****" in tasks_of(result)[1]
    assert not (project.path / "new").exists()
    for secret in ("hunter22", "HUNTER22", "battery staple"):
        assert secret not in result.stdout + result.stderr


def test_a_file_with_a_secret_is_closed_to_other_users_without_a_mode(project: Project) -> None:
    project.write("templates/app/open.conf", "#{LogHost}\n")
    project.write("templates/app/secret.sh", "#{Password}\n").chmod(0o755)
    project.write("templates/app.conf", "#{Password}\n")
    project.write("read.conf", "read by its group until now\n").chmod(0o664)
    modes = {"out.conf": 0o640, "read.conf": 0o660, "asked.conf": 0o644, "out/secret.sh": 0o750, "out/open.conf": 0o644}
    tasks = [
        directory(),
        template(),
        template(dest="{{ playbook_dir }}/read.conf"),
        template(dest="{{ playbook_dir }}/asked.conf", mode="0644"),
    ]
    for changed in (4, 0):
        result = project.play(*tasks)
        assert f"changed={changed}" in result.stdout, result.stdout + result.stderr
        assert {name: (project.path / name).stat().st_mode & 0o777 for name in modes} == modes


def test_encrypted_files_are_decrypted_and_not_shown(project: Project) -> None:
    project.write("vault", "open sesame\n")
    project.write("templates/app/tokens.conf", "vaulted: #{LogHost}\n")
    project.write("templates/app/plain.txt", "vaulted #{too}\n")
    project.write("templates/app/seeming.conf", "#{LogHost}")
    project.write("templates/app.conf", "vaulted: #{Nope}\n")
    encrypted = [f"templates/{name}" for name in ("app/tokens.conf", "app/plain.txt", "app.conf")]
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", "vault", *encrypted]
    subprocess.run(command, cwd=project.path, capture_output=True, check=True)
    password = ("--vault-password-file", "vault")
    # A result that looks like an encrypted file is written as it is.
    looks_encrypted = "$ANSIBLE_VAULT;1.1;AES256\n3133\n"
    result = project.play(
        directory(files=["*.conf"], variables={"LogHost": looks_encrypted}), template(unresolved="warn"),
        options=(*password, "--diff"),
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert files_below(project.path / "out") == {
        "plain.txt": b"vaulted #{too}\n",
        "seeming.conf": looks_encrypted.encode(),
        "tokens.conf": f"vaulted: {looks_encrypted}\n".encode(),
    }
    for name in ("app/plain.txt", "app/tokens.conf", "app.conf"):
        assert f"templates/{name} uses sensitive values: (the file itself is encrypted)" in result.stdout
    assert "vaulted" not in result.stdout
    assert "templates/app.conf:1:10: #{Nope}" in result.stderr
    assert not list((project.path / "local").iterdir())
    closed = project.play(directory(), template())
    assert "A vault password or secret must be specified to decrypt" in closed.stdout


# -- files ---------------------------------------------------------------------------------------------------------

ENCODED = [
    # rule, the file, options, what is written, a piece of a warning
    (
        "[T] an encoding and its mark stay",
        b"\xfe\xff" + "#{Euro}\r\n\r".encode("utf-16-be"),
        {},
        b"\xfe\xff\x20\xac\0\r\0\n\0\r",
        "",
    ),
    ("[T] not representable", b"\xe9#{Russian}", {}, "éЖ".encode(), "cannot be written in windows-1252"),
    (
        "[T] output_encoding utf-8 writes a mark",
        b"#{Euro}",
        {"output_encoding": "utf-8"},
        b"\xef\xbb\xbf\xe2\x82\xac",
        "",
    ),
    ("[I] an empty result is an empty file", b"#{Nothing}", {}, b"", ""),
]


def test_encodings(project: Project) -> None:
    tasks = []
    for number, (_, content, options, *_) in enumerate(ENCODED):
        project.write(f"templates/{number}.conf", content)
        tasks.append(template(src=f"{number}.conf", dest=f"{{{{ playbook_dir }}}}/out{number}", **options))
    result = project.play(*tasks)
    assert result.returncode == 0, result.stdout + result.stderr
    for number, (rule, _, _, written, warning) in enumerate(ENCODED):
        assert (project.path / f"out{number}").read_bytes() == written, rule
        warned = [line for line in result.stderr.splitlines() if f"templates/{number}.conf: " in line]
        assert len(warned) == bool(warning), rule
        assert warning in "".join(warned), rule


WAYS = [
    # rule, content, options, Ansible variables, what is written (None: failed), a piece of a warning
    ("unresolved tokens fail", "#{Nope}", {}, {}, None, ""),
    (
        "warn: tokens stay",
        "a #{Nope}\n#{X|Y}",
        {"unresolved": "warn"},
        {},
        "a #{Nope}\n#{X | Y}",
        "w.conf:2:1: #{X | Y}",
    ),
    ("the Ansible variable is the default", "#{Nope}", {}, {"octopus_unresolved": "ignore"}, "#{Nope}", ""),
    ("[T] a cycle always fails", "#{Self}", {"unresolved": "ignore", "syntax_errors": "ignore"}, {}, None, ""),
    ("[S] a filter that raises always fails", "#{LogHost | FromBase64}", {"unresolved": "ignore"}, {}, None, ""),
    ("syntax errors are another matter", "#{dog", {"unresolved": "ignore"}, {}, None, ""),
    ("[T] an unclosed #{dog is left", "#{dog", {"syntax_errors": "ignore"}, {}, "#{dog", ""),
    ("what an Ansible variable may be", "#{dog", {}, {"octopus_syntax_errors": "perhaps"}, None, ""),
]


def test_what_is_done_about_problems(project: Project) -> None:
    """A failed item leaves nothing on the host, and the next ones are written."""
    tasks = []
    for number, (_, content, options, variables, *_) in enumerate(WAYS):
        project.write(f"templates/{number}w.conf", content)
        task = template(src=f"{number}w.conf", dest=f"{{{{ playbook_dir }}}}/out{number}", **options)
        tasks.append(task | {"vars": variables, "ignore_errors": True})
    result = project.play(*tasks)
    assert "unreachable=0" in result.stdout, result.stdout + result.stderr
    for number, (rule, _, _, _, written, warning) in enumerate(WAYS):
        out = project.path / f"out{number}"
        assert (out.read_text() if out.exists() else None) == written, rule
        warned = [line for line in result.stderr.splitlines() if f"{number}w.conf:" in line]
        assert bool(warned) == bool(warning), rule
        assert warning in "".join(warned), rule
    assert "octopus_syntax_errors is 'perhaps', expected one of fail, warn, ignore" in tasks_of(result)[-1]
    assert "(Self -> Self)" in result.stdout


WRONG = [
    # task, message
    (template(src="/proc/self/mem"), "an error occurred while trying to read the file '/proc/self/mem'"),
    (template(src="app"), "is a directory, expected a file; octopus_directory takes directories"),
    (template(src="none.conf"), "Could not find or access 'none.conf'"),
    (template(output_encoding="klingon"), "there is no encoding 'klingon'; expected a name such as utf-8"),
    (directory(output_encoding="klingon"), "there is no encoding 'klingon'; expected a name such as utf-8"),
    (directory(src="app.conf"), "is a file, expected a directory; octopus_template takes files"),
    (directory(src="none"), "Could not find or access 'none'"),
    (directory(files=["../*.conf"]), "the glob '../*.conf' is empty or leads out of the directory"),
    (directory(exclude=["/etc/**"]), "the glob '/etc/**' is empty or leads out of the directory"),
    (directory(colour="red"), "octopus_directory: wrong options: colour. Supported parameters include: "),
    (
        {"elk.deploy.octopus_directory": {"unresolved": "perhaps"}},
        "missing required arguments: dest, src; value of unresolved must be one of: fail, warn, ignore, got: perhaps",
    ),
    (check(src="app", exclude=[".."]), "the glob '..' is empty or leads out of the directory"),
    (check(text=["a"]), "octopus_check: wrong options: argument 'text' is of type"),
    (check(src="app.conf", unresolved="perhaps"), "unresolved must be one of: fail, warn, ignore, got: perhaps"),
]


def test_wrong_inputs_are_explained(project: Project) -> None:
    project.write("templates/app.conf", "a")
    project.write("templates/app/a.conf", "a")
    result = project.play(*(task | {"ignore_errors": True} for task, _ in WRONG))
    shown = tasks_of(result)
    for part, (_, message) in zip(shown, WRONG, strict=True):
        assert message in part
    assert not (project.path / "out.conf").exists()
    assert not (project.path / "remote").exists()


# -- checking ------------------------------------------------------------------------------------------------------


def test_check_looks_into_directories(project: Project) -> None:
    fill(project)
    project.write("templates/bad/a.conf", "#{Nope}")
    project.write("templates/bad/deep/b.conf", "#{Self}")
    project.write("templates/bad/b.txt", "#{NotLookedAt}")
    (project.path / "templates/bad/up").symlink_to("..")
    fine = check(src=["app"], files=["**/*.config", "none"], exclude=["**/*.bak"]) | {"register": "seen"}
    show = {"ansible.builtin.debug": {"msg": "looked at {{ seen.checked | map('basename') | join(' ') }}"}}
    bad = check(src=["app/web.config", "bad", "app/binary.config"], files=["**/*.conf"], text={"label": "#{Neither}"})
    lenient = check(src=["bad/a.conf", "bad/deep/b.conf"], required=["Nope"], unresolved="warn")
    elsewhere = {"ansible_connection": "ssh", "ansible_host": "192.0.2.1"}
    result = project.play(fine, show, bad | {"ignore_errors": True}, lenient, **elsewhere)
    assert "looked at .hidden.config db.config link.config web.config" in result.stdout, result.stdout
    assert "templates/app: no file matches none" in result.stderr
    _, _, all_at_once, after = tasks_of(result)
    for line in (
        "templates/bad/up: this symbolic link leads to no file in the directory",
        "templates/app/binary.config: byte 1 is zero, so this is not a text file",
        "3 tokens cannot be resolved",
        "templates/bad/a.conf:1:1: #{Nope}",
        "templates/bad/deep/b.conf:1:1: #{Self}",
        "label:1:1: #{Neither}",
    ):
        assert line in all_at_once, line
    assert "NotLookedAt" not in all_at_once
    assert "required variable Nope is not defined" in after
    assert "1 token cannot be resolved" in after
    assert "templates/bad/a.conf:1:1: #{Nope}" in result.stderr


# -- filter and documentation --------------------------------------------------------------------------------------


def test_filter_can_leave_tokens(project: Project) -> None:
    message = (
        "{{ 'a #{Nope}' | elk.deploy.octopus_substitute(unresolved='warn') }}"
        "{{ '#{dog' | elk.deploy.octopus_substitute(syntax_errors='ignore') }}"
        "{{ '#{Neither}' | elk.deploy.octopus_substitute }}"
    )
    cycle = "{{ '#{Self}' | elk.deploy.octopus_substitute }}"
    result = project.play(
        {"ansible.builtin.debug": {"msg": message}},
        {"ansible.builtin.debug": {"msg": cycle}, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": "{{ 'x' | elk.deploy.octopus_substitute(unresolved='no') }}"}},
        octopus_unresolved="ignore",
    )
    assert '"msg": "a #{Nope}#{dog#{Neither}"' in result.stdout
    assert "the text:1:3: #{Nope}: variable Nope is not defined" in result.stderr
    assert "Neither" not in result.stderr
    assert "(Self -> Self)" in tasks_of(result)[1]
    assert "unresolved is 'no', expected one of fail, warn, ignore" in tasks_of(result)[2]


def test_every_option_is_documented() -> None:
    """What the actions take and what ansible-doc shows are the same, with the same choices and defaults."""
    actions = {
        f"elk.deploy.{module.__name__.rpartition('.')[2]}": module
        for module in (octopus_check, octopus_directory, octopus_template)
    }
    shown = run("ansible-doc", "--json", "-t", "module", *actions)
    for name, documented in json.loads(shown.stdout).items():
        options = documented["doc"]["options"]
        assert options.keys() == actions[name].OPTIONS.keys()
        for option, expected in actions[name].OPTIONS.items():
            assert options[option].get("choices") == expected.get("choices"), option
            assert bool(options[option].get("required")) == bool(expected.get("required")), option
            if "default" in expected:
                assert options[option]["default"] == expected["default"], option
