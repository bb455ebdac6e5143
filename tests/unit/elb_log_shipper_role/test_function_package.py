"""The action that builds the function's package, wherever the collection lies."""

import hashlib
import json

from playbook_project import Project

SETTINGS = {"LogHost": "broker", "LogPort": "5000", "LogTransport": "tcp"}


def test_package_is_built_in_check_mode_and_a_fault_is_told(tmp_path):
    project = Project(tmp_path)
    build = {"settings": json.dumps(SETTINGS), "dest": str(tmp_path / "package.zip")}
    wrong = {"settings": '{"LogHost": "#{Left}"}', "dest": str(tmp_path / "wrong.zip")}
    ended = project.play(
        {"elk.deploy.function_package": build, "register": "built"},
        {"elk.deploy.function_package": build, "register": "again"},
        {"elk.deploy.function_package": wrong, "register": "refused", "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": "{{ [built.sha256, again.sha256, built.changed, refused.msg] | to_json }}"}},
        options=("--check",),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    digest = hashlib.sha256((tmp_path / "package.zip").read_bytes()).hexdigest()
    assert ended.stdout.count(digest) == 2
    assert "could not be built: settings: the token #{Left} was not substituted" in ended.stdout
    assert "changed=0" in ended.stdout
    assert not (tmp_path / "wrong.zip").exists()
